package execution_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
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

// worker answers tasks with their input, but for the inputs that it fails, and those that wait until they are let go.
type worker struct {
	mu    sync.Mutex
	bad   []string
	slow  map[string]chan struct{}
	calls map[string]int // by input
}

func (k *worker) answer(ctx context.Context, c integration.Call) (integration.Answer, error) {
	in := c.Parameters.String()
	k.mu.Lock()
	if k.calls == nil {
		k.calls = map[string]int{}
	}
	k.calls[in]++
	bad, wait := slices.Contains(k.bad, in), k.slow[in]
	k.mu.Unlock()
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return integration.Answer{}, ctx.Err()
		}
	}
	if bad {
		return integration.Answer{Failed: true, Error: "Bad"}, nil
	}
	return integration.Answer{Output: c.Parameters}, nil
}

// set changes what fails and what waits.
func (k *worker) set(slow map[string]chan struct{}, bad ...string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.bad, k.slow = bad, slow
}

func (k *worker) called() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return fmt.Sprint(k.calls)
}

func (w *world) redrive(arn string) {
	w.t.Helper()
	if _, err := w.RedriveExecution(ctx(), &sfn.RedriveExecutionInput{ExecutionArn: &arn}); err != nil {
		w.t.Fatal(err)
	}
}

// children lists a map run's children by status; "" for all.
func (w *world) children(run *string, status types.ExecutionStatus, filter types.ExecutionRedriveFilter) []types.ExecutionListItem {
	w.t.Helper()
	out, err := w.ListExecutions(ctx(), &sfn.ListExecutionsInput{MapRunArn: run, StatusFilter: status, RedriveFilter: filter})
	if err != nil {
		w.t.Fatal(err)
	}
	return out.Executions
}

func TestARedriveKeepsWhatSucceeded(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, realTime(), "a")
		defer w.close()
		k := &worker{}
		w.calls.answer = k.answer
		go1 := make(chan struct{})
		k.set(map[string]chan struct{}{"3": go1}, "3")
		arn := w.start(w.machine(one(`{"Type": "Map", "End": true, "MaxConcurrency": 3, "ItemProcessor": {"StartAt": "T", "States": {"T": `+task(`"End": true`)+`}}}`)), `[1, 2, 3, 4]`)
		w.eventually("the others", func() bool { return strings.Count(strings.Join(w.kinds(arn), " "), "MapIterationSucceeded") == 3 })
		close(go1)
		if x := w.ended(arn); x.Status != types.ExecutionStatusFailed {
			t.Fatal(jsonOf(x))
		}
		k.set(nil)
		w.redrive(arn)
		if x := w.ended(arn); x.Status != types.ExecutionStatusSucceeded || *x.Output != `[1,2,3,4]` || *x.RedriveCount != 1 {
			t.Fatal(jsonOf(x))
		}
		if got := k.called(); got != "map[1:1 2:1 3:2 4:1]" {
			t.Error(got)
		}
		w.history(arn)
	})
}

func TestARedrivenMapRunGoesOnWithItsUnsuccessfulChildren(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, realTime(), "a")
		defer func() { w.close() }()
		k := &worker{}
		w.calls.answer = k.answer
		for _, kind := range []string{"STANDARD", "EXPRESS"} {
			k.calls = nil
			k.set(nil, "2", "3", "5")
			definition := strings.Replace(distributed(kind, `, "ToleratedFailureCount": 2`), `"MaxConcurrency": 4`, `"MaxConcurrency": 1`, 1)
			arn := w.start(w.machine(definition), `[1, 2, 3, 4, 5, 6]`)
			if x := w.ended(arn); x.Status != types.ExecutionStatusFailed || *x.Error != "States.ExceedToleratedFailureThreshold" {
				t.Fatal(jsonOf(x))
			}
			before := w.mapRun(arn)
			if before.Status != types.MapRunStatusFailed || before.ExecutionCounts.Failed != 3 || before.ExecutionCounts.Pending != 1 || *before.RedriveCount != 0 || before.RedriveDate != nil {
				t.Error(jsonOf(before))
			}
			hold := make(chan struct{})
			k.set(map[string]chan struct{}{"2": hold})
			w.redrive(arn)
			w.eventually("the first child again", func() bool { return strings.Contains(k.called(), "2:2") })
			run := w.mapRun(arn)
			c := run.ExecutionCounts
			if *run.MapRunArn != *before.MapRunArn || run.Status != types.MapRunStatusRunning || *run.RedriveCount != 1 || run.RedriveDate == nil ||
				c.Running != 1 || *c.PendingRedrive != 2 || c.Pending != 1 || c.Succeeded != 2 || c.Failed != 0 {
				t.Error(jsonOf(run))
			}
			if kind == "STANDARD" {
				pending := w.children(run.MapRunArn, types.ExecutionStatusPendingRedrive, "")
				if len(pending) != 2 || pending[0].Status != types.ExecutionStatusPendingRedrive {
					t.Error(jsonOf(pending))
				} else if x := w.describe(*pending[0].ExecutionArn); x.Status != types.ExecutionStatusPendingRedrive {
					t.Error(jsonOf(x))
				}
				if failed := w.children(run.MapRunArn, types.ExecutionStatusFailed, ""); len(failed) != 0 {
					t.Error(jsonOf(failed))
				}
			}
			close(hold)
			if x := w.ended(arn); x.Status != types.ExecutionStatusSucceeded || *x.Output != `[1,2,3,4,5,6]` {
				t.Fatal(jsonOf(x))
			}
			if got := k.called(); got != "map[1:1 2:2 3:2 4:1 5:2 6:1]" {
				t.Error(got)
			}
			events := strings.Join(w.kinds(arn), " ")
			if !strings.Contains(events, "ExecutionFailed ExecutionRedriven MapRunRedriven MapRunSucceeded") {
				t.Error(events)
			}
			run = w.mapRun(arn)
			if run.Status != types.MapRunStatusSucceeded || run.ExecutionCounts.Succeeded != 6 || *run.ExecutionCounts.PendingRedrive != 0 {
				t.Error(jsonOf(run))
			}
			if kind == "EXPRESS" {
				continue
			}
			again := w.children(run.MapRunArn, "", types.ExecutionRedriveFilterRedriven)
			if len(again) != 3 || len(w.children(run.MapRunArn, "", types.ExecutionRedriveFilterNotRedriven)) != 3 {
				t.Error(jsonOf(again))
			}
			for _, x := range again {
				if events := strings.Join(w.kinds(*x.ExecutionArn), " "); !strings.Contains(events, "ExecutionFailed ExecutionRedriven LambdaFunctionScheduled") || *x.RedriveCount != 1 {
					t.Error(events)
				}
			}
		}
	})
}

func TestAStoppedMapRunIsRedrivenUnderFire(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		fast := clock.New(clock.Anchor{Wall: time.Now(), Platform: time.Now(), Rate: 20})
		w := newWorld(t, d, fast, "a")
		arn := w.start(w.machine(one(`{"Type": "Map", "MaxConcurrency": 10, "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
			"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "End": true}}}}`)), items(60))
		for range 3 {
			w.eventually("some children", func() bool {
				return count(t, d, `SELECT COUNT(*) FROM sfn_execution WHERE status = 'RUNNING'`) > 3
			})
			if _, err := w.StopExecution(ctx(), &sfn.StopExecutionInput{ExecutionArn: &arn}); err != nil {
				t.Fatal(err)
			}
			w = w.killed(d, fast)
			w.redrive(arn)
			time.Sleep(30 * time.Millisecond)
			w = w.killed(d, fast)
		}
		defer w.close()
		if x := w.ended(arn); x.Status != types.ExecutionStatusSucceeded || *x.Output != strings.ReplaceAll(items(60), " ", "") || *x.RedriveCount != 3 {
			t.Fatal(jsonOf(x))
		}
		w.history(arn)
		run := w.mapRun(arn)
		if run.ExecutionCounts.Succeeded != 60 || *run.RedriveCount != 3 {
			t.Error(jsonOf(run))
		}
		in := &sfn.ListExecutionsInput{MapRunArn: run.MapRunArn, MaxResults: 100, StatusFilter: types.ExecutionStatusSucceeded}
		out, err := w.ListExecutions(ctx(), in)
		if err != nil || len(out.Executions) != 60 {
			t.Error(len(out.Executions), " children succeeded ", err)
		}
		for _, x := range out.Executions {
			w.history(aws.ToString(x.ExecutionArn))
		}
	})
}
