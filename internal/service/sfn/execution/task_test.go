package execution_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

func (w *world) activity() string {
	w.t.Helper()
	out, err := w.CreateActivity(ctx(), &sfn.CreateActivityInput{Name: aws.String("work")})
	if err != nil {
		w.t.Fatal(err)
	}
	return *out.ActivityArn
}

func TestAnActivitysWorkerGetsTheTaskAndItsAnswerEndsIt(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, realTime(), "a")
		defer w.close()
		activity := w.activity()
		got := make(chan *sfn.GetActivityTaskOutput, 1)
		go func() { // asks before there is anything to do
			out, err := w.GetActivityTask(ctx(), &sfn.GetActivityTaskInput{ActivityArn: &activity, WorkerName: aws.String("me")})
			if err != nil {
				t.Error(err)
			}
			got <- out
		}()
		arn := w.start(w.machine(one(`{"Type": "Task", "Resource": "`+activity+`", "HeartbeatSeconds": 60, "End": true}`)), `{"n": 1}`)
		task := <-got
		if task == nil || task.TaskToken == nil || *task.Input != `{"n": 1}` {
			t.Fatal(jsonOf(task))
		}
		if _, err := w.SendTaskHeartbeat(ctx(), &sfn.SendTaskHeartbeatInput{TaskToken: task.TaskToken}); err != nil {
			t.Error(err)
		}
		success := &sfn.SendTaskSuccessInput{TaskToken: task.TaskToken, Output: aws.String(`{"done": true}`)}
		if _, err := w.SendTaskSuccess(ctx(), &sfn.SendTaskSuccessInput{TaskToken: task.TaskToken, Output: aws.String(`{`)}); code(err) != "InvalidOutput" {
			t.Error(err)
		}
		if _, err := w.SendTaskSuccess(ctx(), success); err != nil {
			t.Fatal(err)
		}
		for what, f := range map[string]func() error{
			"success again": func() error { _, err := w.SendTaskSuccess(ctx(), success); return err },
			"failure": func() error {
				_, err := w.SendTaskFailure(ctx(), &sfn.SendTaskFailureInput{TaskToken: task.TaskToken})
				return err
			},
			"heartbeat": func() error {
				_, err := w.SendTaskHeartbeat(ctx(), &sfn.SendTaskHeartbeatInput{TaskToken: task.TaskToken})
				return err
			},
		} {
			if err := f(); code(err) != "TaskTimedOut" {
				t.Errorf("%s after the end: %v", what, err)
			}
		}
		if _, err := w.SendTaskSuccess(ctx(), &sfn.SendTaskSuccessInput{TaskToken: aws.String("none"), Output: aws.String(`1`)}); code(err) != "InvalidToken" {
			t.Error(err)
		}
		if x := w.ended(arn); x.Status != types.ExecutionStatusSucceeded || *x.Output != `{"done": true}` {
			t.Error(jsonOf(x))
		}
		want := "ExecutionStarted TaskStateEntered ActivityScheduled ActivityStarted ActivitySucceeded TaskStateExited ExecutionSucceeded"
		if k := strings.Join(w.kinds(arn), " "); k != want {
			t.Errorf("got  %s\nwant %s", k, want)
		}
	})
}

func TestAWorkerWaitsAMinuteAndATaskNobodyBeatsForTimesOut(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	fake := clock.NewFake(time.Unix(1e9, 0))
	w := newWorld(t, d, fake, "a")
	defer w.close()
	activity := w.activity()
	got := make(chan *sfn.GetActivityTaskOutput, 1)
	go func() {
		out, err := w.GetActivityTask(ctx(), &sfn.GetActivityTaskInput{ActivityArn: &activity})
		if err != nil {
			t.Error(err)
		}
		got <- out
	}()
	w.eventually("an empty answer", func() bool {
		fake.Advance(10 * time.Second)
		select {
		case out := <-got:
			return out.TaskToken == nil || *out.TaskToken == ""
		default:
			return false
		}
	})
	arn := w.start(w.machine(one(`{"Type": "Task", "Resource": "`+activity+`", "HeartbeatSeconds": 5, "End": true}`)), `{}`)
	w.eventually("the time-out", func() bool { fake.Advance(time.Second); return w.describe(arn).Status == types.ExecutionStatusFailed })
	if x := w.describe(arn); *x.Error != "States.HeartbeatTimeout" && *x.Error != "States.Timeout" {
		t.Error(jsonOf(x))
	}
	if n := count(t, d, `SELECT COUNT(*) FROM sfn_activity_task`); n != 0 {
		t.Error("a worker could still get the task")
	}
}

const waitForChild = `{"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.%s", "End": true,
	"Parameters": {"StateMachineArn.$": "$.machine", "Input": {"hello": "child"}}}`

func TestANestedExecutionsEndIsItsParentsResult(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, realTime(), "a")
		defer w.close()
		in := jsonOf(map[string]string{"machine": w.machine(one(`{"Type": "Wait", "Seconds": 1, "End": true}`))})
		quick := jsonOf(map[string]string{"machine": w.machine(passes)})
		for name, c := range map[string]struct{ pattern, in, want string }{
			"text":                  {"sync", in, `"Output":"{\"hello\":\"child\"}"`},
			"parsed":                {"sync:2", in, `"Output":{"hello":"child"}`},
			"a child that is quick": {"sync:2", quick, `"Output":{"x":1}`},
		} {
			arn := w.start(w.machine(one(strings.Replace(waitForChild, "%s", c.pattern, 1))), c.in)
			x := w.ended(arn)
			if x.Status != types.ExecutionStatusSucceeded || !strings.Contains(*x.Output, c.want) {
				t.Errorf("%s: %s", name, jsonOf(x))
			}
			want := "ExecutionStarted TaskStateEntered TaskScheduled TaskStarted TaskSubmitted TaskSucceeded TaskStateExited ExecutionSucceeded"
			if k := strings.Join(w.kinds(arn), " "); k != want {
				t.Errorf("%s:\ngot  %s\nwant %s", name, k, want)
			}
		}
	})
}

func TestStoppingAParentStopsTheChildThatItWaitsFor(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	w := newWorld(t, d, realTime(), "a")
	defer w.close()
	child := w.machine(one(`{"Type": "Wait", "Seconds": 10000, "End": true}`))
	arn := w.start(w.machine(one(strings.Replace(waitForChild, "%s", "sync", 1))), jsonOf(map[string]string{"machine": child}))
	list := func(status types.ExecutionStatus) int {
		out, err := w.ListExecutions(ctx(), &sfn.ListExecutionsInput{StateMachineArn: &child, StatusFilter: status})
		if err != nil {
			t.Fatal(err)
		}
		return len(out.Executions)
	}
	w.eventually("the child's start", func() bool { return list(types.ExecutionStatusRunning) == 1 })
	if _, err := w.StopExecution(ctx(), &sfn.StopExecutionInput{ExecutionArn: &arn}); err != nil {
		t.Fatal(err)
	}
	w.eventually("the child's end", func() bool { return list(types.ExecutionStatusAborted) == 1 })
}

func TestANestedStartWithBadParametersIsRefused(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	w := newWorld(t, d, realTime(), "a")
	defer w.close()
	machine := w.machine(one(`{"Type": "Task", "QueryLanguage": "JSONata", "Resource": "arn:aws:states:::states:startExecution",
		"Arguments": "{% $states.input %}", "End": true}`))
	for in, want := range map[string]string{
		`[]`: "not an object", `{"StateMachineArn": "x", "Nme": "n"}`: `"Nme" is not supported`, `{"Name": "n"}`: `"StateMachineArn" is missing`,
	} {
		arn := w.start(machine, in)
		if x := w.ended(arn); x.Status != types.ExecutionStatusFailed || !strings.Contains(aws.ToString(x.Cause), want) {
			t.Errorf("%s: %s", in, jsonOf(x))
		}
	}
}
