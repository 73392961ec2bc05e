package execution_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

func distributed(kind, more string) string {
	return one(`{"Type": "Map", "Label": "Each", "MaxConcurrency": 4, "End": true` + more + `, "ItemProcessor": {
		"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "` + kind + `"}, "StartAt": "T", "States": {"T": ` + task(`"End": true`) + `}}}`)
}

func (w *world) mapRun(execution string) *sfn.DescribeMapRunOutput {
	w.t.Helper()
	runs, err := w.ListMapRuns(ctx(), &sfn.ListMapRunsInput{ExecutionArn: &execution})
	if err != nil || len(runs.MapRuns) != 1 {
		w.t.Fatal(jsonOf(runs), err)
	}
	out, err := w.DescribeMapRun(ctx(), &sfn.DescribeMapRunInput{MapRunArn: runs.MapRuns[0].MapRunArn})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func TestTheChildrenOfADistributedMapAreExecutions(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, realTime(), "a")
		defer w.close()
		for _, kind := range []string{"STANDARD", "EXPRESS"} {
			arn := w.start(w.machine(distributed(kind, "")), `[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]`)
			if x := w.ended(arn); x.Status != types.ExecutionStatusSucceeded || *x.Output != `[1,2,3,4,5,6,7,8,9,10]` {
				t.Fatal(jsonOf(x))
			}
			run := w.mapRun(arn)
			if run.Status != types.MapRunStatusSucceeded || run.ItemCounts.Succeeded != 10 || run.ExecutionCounts.Total != 10 || run.MaxConcurrency != 4 {
				t.Error(jsonOf(run))
			}
			in, listed := &sfn.ListExecutionsInput{MapRunArn: run.MapRunArn, MaxResults: 4}, 0
			for {
				out, err := w.ListExecutions(ctx(), in)
				if err != nil {
					t.Fatal(err)
				}
				for _, x := range out.Executions {
					listed++
					if !strings.Contains(*x.ExecutionArn, "/Each:") || !strings.HasSuffix(*x.StateMachineArn, "/Each") || *x.ItemCount != 1 {
						t.Error(jsonOf(x))
					}
					w.history(*x.ExecutionArn)
				}
				if in.NextToken = out.NextToken; in.NextToken == nil {
					break
				}
			}
			if want := map[string]int{"STANDARD": 10, "EXPRESS": 0}[kind]; listed != want {
				t.Errorf("%s: %d children listed", kind, listed)
			}
		}
	})
}

func TestAMapRunToleratesReadsAndWrites(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	w := newWorld(t, d, realTime(), "a")
	defer w.close()
	w.calls.items = asl.ItemsRead{Items: jsonvalue.FromValue([]any{"a", "bad", "c"})}
	w.calls.answer = func(_ context.Context, c integration.Call) (integration.Answer, error) {
		if c.Parameters.String() == `"bad"` {
			return integration.Answer{Failed: true, Error: "Bad"}, nil
		}
		return integration.Answer{Output: c.Parameters}, nil
	}
	rw := `, "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}},
		"ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}`
	arn := w.start(w.machine(distributed("STANDARD", rw+`, "ToleratedFailureCount": 1`)), `{}`)
	if x := w.ended(arn); x.Status != types.ExecutionStatusSucceeded || *x.Output != `"written"` {
		t.Fatal(jsonOf(x))
	}
	wrote := w.calls.wrote
	if len(wrote.Children) != 3 || wrote.Children[1].Status != asl.Failed || wrote.Children[0].StoppedAt.IsZero() {
		t.Error(jsonOf(wrote))
	}
	if run := w.mapRun(arn); run.ItemCounts.Failed != 1 || run.ItemCounts.ResultsWritten != 3 {
		t.Error(jsonOf(run))
	}
	arn = w.start(w.machine(distributed("STANDARD", rw)), `{}`)
	if x := w.ended(arn); x.Status != types.ExecutionStatusFailed || *x.Error != asl.ErrTolerated {
		t.Error(jsonOf(x))
	}
	if run := w.mapRun(arn); run.Status != types.MapRunStatusFailed {
		t.Error(jsonOf(run))
	}
}

func TestAMapRunSurvivesRestartsAndItsLimitsCanBeChanged(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		fast := clock.New(clock.Anchor{Wall: time.Now(), Platform: time.Now(), Rate: 20})
		w := newWorld(t, d, fast, "a")
		machine := w.machine(one(`{"Type": "Map", "MaxConcurrency": 1, "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
			"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "End": true}}}}`))
		arn := w.start(machine, items(60))
		for i := range 4 {
			time.Sleep(30 * time.Millisecond)
			w = w.killed(d, fast)
			if i == 2 {
				run := w.mapRun(arn)
				if _, err := w.UpdateMapRun(ctx(), &sfn.UpdateMapRunInput{MapRunArn: run.MapRunArn, MaxConcurrency: aws.Int32(30)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		defer w.close()
		if x := w.ended(arn); x.Status != types.ExecutionStatusSucceeded || *x.Output != strings.ReplaceAll(items(60), " ", "") {
			t.Fatal(jsonOf(x))
		}
		if run := w.mapRun(arn); run.MaxConcurrency != 30 || run.ExecutionCounts.Succeeded != 60 {
			t.Error(jsonOf(run))
		}
		if n := count(t, d, `SELECT COUNT(*) FROM sfn_execution`); n != 61 {
			t.Error(fmt.Sprint(n, " executions"))
		}
	})
}
