package asl

import (
	"slices"
	"testing"
	"time"

	"github.com/headgate/headgate/asl/jsonvalue"
)

func TestAnIterationsEndDoesNotChangeTheFrameAroundIt(t *testing.T) {
	m, err := Parse([]byte(`{"StartAt": "M", "States": {"M": {"Type": "Map", "MaxConcurrency": 2, "End": true, "ItemProcessor": {"StartAt": "T", "States": {
		"T": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sfn:startExecution.waitForTaskToken", "Parameters": {"x.$": "$$.Task.Token"}, "End": true}}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1e9, 0)
	x := New(Info{ARN: "arn:aws:states:us-east-1:000000000000:execution:m:1", Region: "us-east-1", Account: "000000000000"}, jsonvalue.FromValue([]any{1.0, 2.0, 3.0}))
	m.Step(x, Start{}, now)
	tasks := x.PendingTasks()
	if len(tasks) != 2 {
		t.Fatal(tasks)
	}
	if r, submitted, ok := m.Pending(x, tasks[0]); !ok || submitted || r.Pattern != WaitForTaskToken {
		t.Error(r, submitted, ok)
	}
	m.Step(x, TaskSubmitted{TaskID: tasks[0]}, now)
	if _, submitted, _ := m.Pending(x, tasks[0]); !submitted {
		t.Error("not submitted")
	}
	out := m.Step(x, TaskSucceeded{TaskID: tasks[0], Output: jsonvalue.FromValue("done")}, now)
	if _, _, ok := m.Pending(x, tasks[0]); ok {
		t.Error("still pending")
	}
	if slices.Contains(out.Changed, 1) || len(out.Changed) != 2 { // the iteration that ended, and the one that began
		t.Errorf("changed: %v", out.Changed)
	}
}
