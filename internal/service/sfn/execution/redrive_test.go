package execution_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

func TestARedriveGoesOnWhereItStoppedWithTheDefinitionOfTheStart(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		fake := clock.NewFake(time.Unix(1e9, 0))
		w := newWorld(t, d, fake, "a")
		defer w.close()
		var broken atomic.Bool
		broken.Store(true)
		w.calls.answer = func(_ context.Context, c integration.Call) (integration.Answer, error) {
			if broken.Load() {
				return integration.Answer{Failed: true, Error: "Broken"}, nil
			}
			return integration.Answer{Output: c.Parameters}, nil
		}
		machine := w.machine(`{"StartAt": "P", "States": {"P": {"Type": "Pass", "Next": "T"}, "T": ` + task(`"End": true`) + `}}`)
		arn := w.start(machine, `{"a": 1}`)
		redrive := func() error {
			_, err := w.RedriveExecution(ctx(), &sfn.RedriveExecutionInput{ExecutionArn: &arn})
			return err
		}
		if x := w.ended(arn); x.Status != types.ExecutionStatusFailed || x.RedriveStatus != types.ExecutionRedriveStatusRedrivable {
			t.Fatal(jsonOf(x))
		}
		changed := passes
		if _, err := w.UpdateStateMachine(ctx(), &sfn.UpdateStateMachineInput{StateMachineArn: &machine, Definition: &changed}); err != nil {
			t.Fatal(err)
		}
		if err := redrive(); err != nil {
			t.Fatal(err)
		}
		w.ended(arn) // it fails again
		broken.Store(false)
		fake.Advance(13 * 24 * time.Hour)
		if err := redrive(); err != nil {
			t.Fatal(err)
		}
		x := w.ended(arn)
		if x.Status != types.ExecutionStatusSucceeded || *x.Output != `{"a": 1}` || *x.RedriveCount != 2 || x.RedriveStatus != types.ExecutionRedriveStatusNotRedrivable {
			t.Error(jsonOf(x))
		}
		k := strings.Join(w.kinds(arn), " ")
		if strings.Count(k, "ExecutionRedriven") != 2 || strings.Count(k, "PassStateEntered") != 1 || strings.Count(k, "LambdaFunctionScheduled") != 3 {
			t.Error(k)
		}
		if err := redrive(); code(err) != "ExecutionNotRedrivable" {
			t.Error(err)
		}
		list, err := w.ListExecutions(ctx(), &sfn.ListExecutionsInput{StateMachineArn: &machine, RedriveFilter: types.ExecutionRedriveFilterRedriven})
		if err != nil || len(list.Executions) != 1 {
			t.Error(jsonOf(list), err)
		}
	})
}

func TestAfterTwoWeeksNothingIsRedriven(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	fake := clock.NewFake(time.Unix(1e9, 0))
	w := newWorld(t, d, fake, "a")
	defer w.close()
	arn := w.start(w.machine(one(`{"Type": "Fail", "Error": "E"}`)), `{}`)
	fake.Advance(15 * 24 * time.Hour)
	if _, err := w.RedriveExecution(ctx(), &sfn.RedriveExecutionInput{ExecutionArn: &arn}); code(err) != "ExecutionNotRedrivable" {
		t.Error(err)
	}
	if x := w.describe(arn); x.RedriveStatus != types.ExecutionRedriveStatusNotRedrivable || !strings.Contains(aws.ToString(x.RedriveStatusReason), "period") {
		t.Error(jsonOf(x))
	}
}
