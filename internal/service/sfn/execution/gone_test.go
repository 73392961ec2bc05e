package execution_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

// named starts an execution by name.
func (w *world) named(machine, name, input string) (string, error) {
	out, err := w.StartExecution(ctx(), &sfn.StartExecutionInput{StateMachineArn: &machine, Name: &name, Input: &input})
	if err != nil {
		return "", err
	}
	return *out.ExecutionArn, nil
}

func (w *world) listed(machine string) (names []string) {
	w.t.Helper()
	out, err := w.ListExecutions(ctx(), &sfn.ListExecutionsInput{StateMachineArn: &machine})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, x := range out.Executions {
		names = append(names, *x.Name)
	}
	return names
}

func TestExecutionsGoWithTheirStateMachine(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, realTime(), "a")
		defer w.close()
		make := func() string {
			return w.machine(distributed("STANDARD", ""), func(in *sfn.CreateStateMachineInput) { in.Name = aws.String("same") })
		}
		machine := make()
		for _, name := range []string{"one", "two"} {
			arn, err := w.named(machine, name, `[1, 2, 3]`)
			if err != nil {
				t.Fatal(err)
			}
			w.ended(arn)
		}
		two := strings.Replace(machine, ":stateMachine:", ":execution:", 1) + ":two"
		run := w.mapRun(two).MapRunArn
		// A history longer than a portion of the sweep.
		if err := d.Update(ctx(), func(tx *db.Tx) error {
			for i := range 1300 {
				if _, err := tx.Exec(`INSERT INTO sfn_history (execution, first, last, events) SELECT id, $1, $1, '[]' FROM sfn_execution WHERE arn = $2`,
					int64(i+10_000), two); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.DeleteStateMachine(ctx(), &sfn.DeleteStateMachineInput{StateMachineArn: &machine}); err != nil {
			t.Fatal(err)
		}
		make()
		arn, err := w.named(machine, "one", `[4]`)
		if err != nil {
			t.Fatal("the name is taken: ", err)
		}
		if x := w.ended(arn); *x.Output != `[4]` {
			t.Error(jsonOf(x))
		}
		if names := w.listed(machine); len(names) != 1 || names[0] != "one" {
			t.Error("the namesake has ", names)
		}
		w.mapRun(arn) // one only
		w.history(arn)
		for call, err := range map[string]error{
			"DescribeExecution":   second(w.DescribeExecution(ctx(), &sfn.DescribeExecutionInput{ExecutionArn: &two})),
			"GetExecutionHistory": second(w.GetExecutionHistory(ctx(), &sfn.GetExecutionHistoryInput{ExecutionArn: &two})),
			"ListMapRuns":         second(w.ListMapRuns(ctx(), &sfn.ListMapRunsInput{ExecutionArn: &two})),
			"RedriveExecution":    second(w.RedriveExecution(ctx(), &sfn.RedriveExecutionInput{ExecutionArn: &two})),
			"StopExecution":       second(w.StopExecution(ctx(), &sfn.StopExecutionInput{ExecutionArn: &two})),
		} {
			if code(err) != "ExecutionDoesNotExist" {
				t.Errorf("%s: %v", call, err)
			}
		}
		if _, err := w.DescribeMapRun(ctx(), &sfn.DescribeMapRunInput{MapRunArn: run}); code(err) != "ResourceNotFound" {
			t.Error(err)
		}
		w.eventually("the sweep", func() bool {
			return count(t, d, `SELECT COUNT(*) FROM sfn_execution`) == 2 && count(t, d, `SELECT COUNT(*) FROM sfn_gone`) == 0
		})
		if n := count(t, d, `SELECT COUNT(*) FROM sfn_map_run`) + count(t, d, `SELECT COUNT(*) FROM sfn_revision`); n != 2 {
			t.Error(n, " map runs and revisions")
		}
		if n := count(t, d, `SELECT COUNT(*) FROM sfn_history WHERE execution NOT IN (SELECT id FROM sfn_execution)`); n != 0 {
			t.Error(n, " parts of histories left")
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestExecutionsAreKeptFor90DaysAfterTheirEnd(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		fake := clock.NewFake(time.Unix(1e9, 0))
		w := newWorld(t, d, fake, "a")
		defer w.close()
		machine := w.machine(one(`{"Type": "Fail", "Error": "E"}`))
		old := w.start(machine, `{}`)
		definition := passes
		if _, err := w.UpdateStateMachine(ctx(), &sfn.UpdateStateMachineInput{StateMachineArn: &machine, Definition: &definition}); err != nil {
			t.Fatal(err)
		}
		fake.Advance(20 * 24 * time.Hour)
		young := w.start(machine, `{}`)
		w.ended(young)
		w.eventually("no redrive is possible", func() bool {
			fake.Advance(time.Hour)
			return count(t, d, `SELECT COUNT(*) FROM sfn_redrive`) == 0
		})
		fake.Advance(69 * 24 * time.Hour)
		w.history(old)
		w.eventually("the old one goes", func() bool {
			fake.Advance(4 * time.Hour)
			return count(t, d, `SELECT COUNT(*) FROM sfn_execution`) == 1
		})
		if _, err := w.DescribeExecution(ctx(), &sfn.DescribeExecutionInput{ExecutionArn: &old}); code(err) != "ExecutionDoesNotExist" {
			t.Error(err)
		}
		w.history(young)
		if n := count(t, d, `SELECT COUNT(*) FROM sfn_revision`); n != 1 {
			t.Error("revisions: ", n)
		}
		if n := count(t, d, `SELECT COUNT(*) FROM sfn_history WHERE execution NOT IN (SELECT id FROM sfn_execution)`); n != 0 {
			t.Error(n, " parts of histories left")
		}
	})
}
