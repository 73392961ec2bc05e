package execution_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
	"github.com/headgate/headgate/internal/service/sfn/execution"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

const passes = `{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Result": {"x": 1}, "End": true}}}`

func TestAnExecutionThatNeedsNothingEndsInItsStartsCommit(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, realTime(), "a")
		defer w.close()
		arn := w.start(w.machine(passes), `{"in": 1}`)
		got := w.describe(arn) // at once
		if got.Status != types.ExecutionStatusSucceeded || *got.Output != `{"x":1}` || *got.Input != `{"in": 1}` || got.StopDate == nil {
			t.Errorf("got %s", jsonOf(got))
		}
		want := "ExecutionStarted PassStateEntered PassStateExited PassStateEntered PassStateExited ExecutionSucceeded"
		if kinds := strings.Join(w.kinds(arn), " "); kinds != want {
			t.Errorf("got  %s\nwant %s", kinds, want)
		}
		if n := count(t, d, `SELECT COUNT(*) FROM durable_instance`); n != 0 {
			t.Errorf("%d instances are left", n)
		}
	})
}

func count(t testing.TB, d *db.DB, query string, args ...any) (n int64) {
	t.Helper()
	if err := d.View(t.Context(), func(tx *db.Tx) (err error) {
		n, err = db.One(tx, db.Value[int64], query, args...)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return fmt.Sprint(err)
}

func TestStartsAreRefusedAndRepeatedAsOnAWS(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	w := newWorld(t, d, realTime(), "a")
	defer w.close()
	machine := w.machine(one(`{"Type": "Wait", "Seconds": 1000, "End": true}`))
	start := func(name, input string) (*sfn.StartExecutionOutput, error) {
		return w.StartExecution(ctx(), &sfn.StartExecutionInput{StateMachineArn: &machine, Name: &name, Input: &input})
	}
	first, err := start("n", `{"a": 1}`)
	if err != nil {
		t.Fatal(err)
	}
	again, err := start("n", `{"a": 1}`)
	if err != nil || !again.StartDate.Equal(*first.StartDate) {
		t.Errorf("the same start again: %v %v", again, err)
	}
	for name, c := range map[string]struct{ name, input, want string }{
		"another input":   {"n", `{"a": 2}`, "ExecutionAlreadyExists"},
		"a bad name":      {"a b", `{}`, "InvalidName"},
		"not JSON":        {"o", `{`, "InvalidExecutionInput"},
		"too long a name": {strings.Repeat("n", 81), `{}`, "InvalidName"},
		"too big":         {"o", `"` + strings.Repeat("x", 262144) + `"`, "InvalidExecutionInput"},
	} {
		if _, err := start(c.name, c.input); code(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	none := machine + "x"
	if _, err := w.StartExecution(ctx(), &sfn.StartExecutionInput{StateMachineArn: &none}); code(err) != "StateMachineDoesNotExist" {
		t.Error(err)
	}
	stopped, err := w.StopExecution(ctx(), &sfn.StopExecutionInput{ExecutionArn: first.ExecutionArn, Error: aws.String("E"), Cause: aws.String("C")})
	if err != nil || stopped.StopDate == nil {
		t.Fatal(err)
	}
	if x := w.describe(*first.ExecutionArn); x.Status != types.ExecutionStatusAborted || *x.Error != "E" || *x.Cause != "C" {
		t.Error(jsonOf(x))
	}
	if _, err := start("n", `{"a": 1}`); code(err) != "ExecutionAlreadyExists" {
		t.Errorf("after the end: %v", err)
	}
}

// A branch, a retry, a wait and an inline map with tasks, in one definition.
const busy = `{"StartAt": "P", "States": {
	"P": {"Type": "Parallel", "Next": "M", "ResultPath": "$.p", "Branches": [
		{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "T"},
			"T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", "End": true}}},
		{"StartAt": "R", "States": {"R": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:flaky",
			"Retry": [{"ErrorEquals": ["Flaky"], "IntervalSeconds": 1, "MaxAttempts": 5}], "End": true}}}]},
	"M": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 3, "ResultPath": "$.m", "End": true, "ItemProcessor": {"StartAt": "I", "States": {
		"I": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", "Next": "J"}, "J": {"Type": "Pass", "End": true}}}}}}`

func flaky() func(ctx context.Context, c integration.Call) (integration.Answer, error) {
	var mu sync.Mutex
	tries := map[string]int{}
	return func(ctx context.Context, c integration.Call) (integration.Answer, error) {
		select {
		case <-time.After(time.Duration(rand.IntN(5)) * time.Millisecond):
		case <-ctx.Done():
			return integration.Answer{}, ctx.Err()
		}
		mu.Lock()
		defer mu.Unlock()
		if strings.HasSuffix(c.Resource.ARN, ":flaky") {
			if tries[c.Execution]++; tries[c.Execution]%3 != 0 {
				return integration.Answer{Failed: true, Error: "Flaky", Cause: "once more"}, nil
			}
		}
		return integration.Answer{Output: c.Parameters}, nil
	}
}

func TestKilledEnginesLoseNothingAndRunNoRecordedTaskTwice(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		const n = 100
		fast := clock.New(clock.Anchor{Wall: time.Now(), Platform: time.Now(), Rate: 20})
		w := newWorld(t, d, fast, "a")
		w.calls.answer = flaky()
		machine := w.machine(busy)
		var arns []string
		for i := range n {
			arns = append(arns, w.start(machine, fmt.Sprintf(`{"items": [1, 2, 3, 4, 5], "n": %d}`, i)))
			if i%20 == 10 {
				w = w.killed(d, fast)
			}
		}
		for range 5 {
			time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
			w = w.killed(d, fast)
		}
		defer w.close()
		for _, arn := range arns {
			x := w.ended(arn)
			if x.Status != types.ExecutionStatusSucceeded || !strings.Contains(*x.Output, `"m":[1,2,3,4,5]`) {
				t.Fatalf("%s: %s", arn, jsonOf(x))
			}
			seen := map[types.HistoryEventType]int{}
			for _, e := range w.history(arn) {
				seen[e.Type]++
			}
			if s := seen["LambdaFunctionScheduled"]; s != seen["LambdaFunctionSucceeded"]+seen["LambdaFunctionFailed"] || seen["MapIterationSucceeded"] != 5 {
				t.Errorf("%s: %v", arn, seen)
			}
		}
		for _, table := range []string{"durable_instance", "durable_event", "durable_effect", "durable_part"} {
			if n := count(t, d, `SELECT COUNT(*) FROM `+table); n != 0 {
				t.Errorf("%d rows are left in %s", n, table)
			}
		}
	})
}

// killed gives up what is under way, and opens the store anew.
func (w *world) killed(d *db.DB, c clock.Clock) *world {
	w.engine.Stop()
	out := newWorld(w.t, d, c, "a", func(deps *execution.Deps) { deps.Calls = w.calls })
	out.calls = w.calls
	return out
}

func TestAWaitOfAMonthIsARow(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		fake := clock.NewFake(time.Unix(1e9, 0))
		w := newWorld(t, d, fake, "a")
		arn := w.start(w.machine(one(`{"Type": "Wait", "Seconds": 2592000, "End": true}`)), `{}`)
		w.close()
		w = newWorld(t, d, fake, "a")
		defer w.close()
		for range 31 {
			if x := w.describe(arn); x.Status != types.ExecutionStatusRunning {
				t.Fatal(jsonOf(x))
			}
			fake.Advance(23 * time.Hour)
		}
		w.eventually("the end", func() bool { fake.Advance(time.Hour); return w.describe(arn).Status == types.ExecutionStatusSucceeded })
		if k := w.kinds(arn); !slices.Equal(k, []string{"ExecutionStarted", "WaitStateEntered", "WaitStateExited", "ExecutionSucceeded"}) {
			t.Error(k)
		}
	})
}

func TestHistoriesArePagedBothWays(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	w := newWorld(t, d, realTime(), "a")
	defer w.close()
	arn := w.start(w.machine(`{"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {"I": `+task(`"End": true`)+`}}}}}`),
		`[1,2,3,4,5,6,7,8,9,10]`)
	w.ended(arn)
	forward := w.history(arn)
	var backward []types.HistoryEvent
	in := &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, MaxResults: 9, ReverseOrder: true, IncludeExecutionData: aws.Bool(false)}
	for {
		page, err := w.GetExecutionHistory(ctx(), in)
		if err != nil {
			t.Fatal(err)
		}
		backward = append(backward, page.Events...)
		if in.NextToken = page.NextToken; in.NextToken == nil {
			break
		}
	}
	if len(backward) != len(forward) {
		t.Fatalf("%d events backward, %d forward", len(backward), len(forward))
	}
	for i, e := range backward {
		if e.Id != int64(len(forward)-i) {
			t.Fatalf("event %d backward has id %d", i, e.Id)
		}
		if e.StateEnteredEventDetails != nil && e.StateEnteredEventDetails.Input != nil {
			t.Error("data although it was not asked for")
		}
	}
}

func TestAMachineBeingDeletedGoesWithItsLastExecution(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, realTime(), "a")
		defer w.close()
		machine := w.machine(one(`{"Type": "Wait", "Seconds": 1000, "End": true}`))
		arn := w.start(machine, `{}`)
		if _, err := w.DeleteStateMachine(ctx(), &sfn.DeleteStateMachineInput{StateMachineArn: &machine}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.StartExecution(ctx(), &sfn.StartExecutionInput{StateMachineArn: &machine}); code(err) != "StateMachineDeleting" {
			t.Error(err)
		}
		if out, err := w.StopExecution(ctx(), &sfn.StopExecutionInput{ExecutionArn: &arn}); err != nil || time.Since(*out.StopDate) > time.Minute {
			t.Fatal(out, err)
		}
		if _, err := w.DescribeStateMachine(ctx(), &sfn.DescribeStateMachineInput{StateMachineArn: &machine}); code(err) != "StateMachineDoesNotExist" {
			t.Error(err)
		}
		if _, err := w.StartExecution(ctx(), &sfn.StartExecutionInput{StateMachineArn: &machine}); code(err) != "StateMachineDoesNotExist" {
			t.Error(err)
		}
		if _, err := w.DescribeStateMachineForExecution(ctx(), &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: &arn}); code(err) != "ExecutionDoesNotExist" {
			t.Error(err)
		}
	})
}

func TestAnUpdateCountsForTheNextStartAndNotForTheLast(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	fake := clock.NewFake(time.Unix(1e9, 0))
	w := newWorld(t, d, fake, "a")
	defer w.close()
	wait := func(result string) string {
		return `{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 300, "Next": "P"}, "P": {"Type": "Pass", "Result": ` + result + `, "End": true}}}`
	}
	machine := w.machine(wait("1"))
	first := w.start(machine, `{}`)
	changed := wait("2")
	if _, err := w.UpdateStateMachine(ctx(), &sfn.UpdateStateMachineInput{StateMachineArn: &machine, Definition: &changed}); err != nil {
		t.Fatal(err)
	}
	second := w.start(machine, `{}`)
	w.eventually("both ends", func() bool {
		fake.Advance(time.Minute)
		return w.describe(first).StopDate != nil && w.describe(second).StopDate != nil
	})
	if a, b := *w.describe(first).Output, *w.describe(second).Output; a != "1" || b != "2" {
		t.Errorf("%s and %s", a, b)
	}
}
