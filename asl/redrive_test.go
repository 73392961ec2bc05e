package asl

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

const lambdaTask = `{"Type":"Task","Resource":"arn:aws:lambda:eu-west-1:1:function:f","End":true}`

// script answers tasks in the order in which they are scheduled: "ok" with the input, "no" with an error; "stop" stops
// the execution instead. What was scheduled is noted by its input.
func (r *run) script(answers ...string) (scheduled []string) {
	r.t.Helper()
	var waiting []ScheduleTask
	take := func() {
		for _, c := range r.last.Commands {
			switch c := c.(type) {
			case ScheduleTask:
				waiting = append(waiting, c)
				scheduled = append(scheduled, c.Parameters.String())
			case CancelTask:
				waiting = slices.DeleteFunc(waiting, func(t ScheduleTask) bool { return t.TaskID == c.TaskID })
			}
		}
	}
	take()
	for _, a := range answers {
		if len(waiting) == 0 {
			r.t.Fatalf("no task for %q\n%s", a, r.types())
		}
		c := waiting[0]
		waiting = waiting[1:]
		switch a {
		case "ok":
			r.step(TaskSucceeded{c.TaskID, c.Parameters})
		case "no":
			r.step(TaskFailed{TaskID: c.TaskID, Error: "E"})
		case "stop":
			r.step(Stop{})
		}
		take()
	}
	return scheduled
}

func TestARedriveRunsOnlyWhatDidNotSucceed(t *testing.T) {
	parallel := `{"Type":"Parallel","End":true,"Branches":[{"StartAt":"A","States":{"A":` + strings.Replace(lambdaTask, `}`, `,"Parameters":"a"}`, 1) + `}},
		{"StartAt":"B","States":{"B":` + strings.Replace(lambdaTask, `}`, `,"Parameters":"b"}`, 1) + `}},
		{"StartAt":"C","States":{"C":{"Type":"Pass","Result":"c0","Next":"C2"},"C2":` + strings.Replace(lambdaTask, `}`, `,"Parameters":"c"}`, 1) + `}}]`
	inline := `{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"T","States":{"T":` + lambdaTask + `}}`
	for name, c := range map[string]struct {
		state, input string
		first        []string // answers before the redrive
		scheduled    string   // by the redrive
		second       []string
		status       Status
		output       string
		present      string // events
	}{
		"the failed and aborted branches": {parallel + `}`, `{}`, []string{"ok", "no"}, `"b" "c"`, []string{"ok", "ok"}, Succeeded, `["a","b","c"]`,
			"ExecutionFailed ExecutionRedriven LambdaFunctionScheduled"},
		"branches of an execution that was stopped": {parallel + `}`, `{}`, []string{"ok", "stop"}, `"b" "c"`, []string{"ok", "ok"}, Succeeded, `["a","b","c"]`, "ExecutionAborted"},
		"branches that fail again":                  {parallel + `}`, `{}`, []string{"ok", "no"}, `"b" "c"`, []string{"no"}, Failed, ``, ""},
		"but not what was caught": {parallel + `,"Catch":[{"ErrorEquals":["E"],"Next":"L"}]}`, `{}`, []string{"ok", "no", "no"}, `{"Error":"E","Cause":""}`, []string{"ok"}, Succeeded,
			`{"Error":"E","Cause":""}`, "ParallelStateExited"},
		"the failed and aborted iterations": {inline + `}`, `[1,2,3]`, []string{"ok", "no"}, `2 3`, []string{"ok", "ok"}, Succeeded, `[1,2,3]`, "MapIterationAborted"},
		"iterations that had not begun":     {inline + `,"MaxConcurrency":1}`, `[1,2,3]`, []string{"ok", "no"}, `2 3`, []string{"ok", "ok"}, Succeeded, `[1,2,3]`, ""},
		"iterations that had not begun, at once as many as may": {inline + `,"MaxConcurrency":2}`, `[1,2,3,4,5]`, []string{"no"}, `1 2 3 4 5`,
			[]string{"ok", "ok", "ok", "ok", "ok"}, Succeeded, `[1,2,3,4,5]`, ""},
		"states around that failed when all were done": {inline + `,"ResultSelector":{"x.$":"States.ArrayGetItem($, 7)"}}`, `[1,2]`, []string{"ok", "ok"}, `1 2`,
			[]string{"ok", "ok"}, Failed, ``, ""},
		"iterations in iterations": {`{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"T","States":{"T":` +
			lambdaTask + `}}}}}}`, `[[1,2],[3,4]]`, []string{"ok", "ok", "ok", "no"}, `4`, []string{"ok"}, Succeeded, `[[1,2],[3,4]]`, "MapIterationFailed"},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(c.state, `"Next":"L"`) {
				c.state += `,"L":` + lambdaTask
			}
			r := begin(t, `{"StartAt":"S","States":{"S":`+c.state+`}}`, c.input)
			r.script(c.first...)
			before := len(r.history)
			r.stored().step(Redrive{}).want(Running, "")
			scheduled := strings.Join(r.script(c.second...), " ")
			r.want(c.status, "")
			if c.output != "" && r.x.Output.String() != c.output {
				t.Errorf("output %s, want %s", r.x.Output.String(), c.output)
			}
			if scheduled != c.scheduled {
				t.Errorf("scheduled %s, want %s", scheduled, c.scheduled)
			}
			if c.present != "" && !strings.Contains(r.types(), c.present) {
				t.Error(r.types())
			}
			for i, e := range r.history {
				if e.ID != int64(i+1) || e.PreviousEventID >= e.ID {
					t.Errorf("event %d has id %d after %d", i+1, e.ID, e.PreviousEventID)
				}
			}
			if r.history[before].Type != "ExecutionRedriven" || *r.history[before].RedriveCount != 1 {
				t.Errorf("%+v", r.history[before])
			}
		})
	}
}

// stored writes and reads the execution, as a driver does between its end and a redrive.
func (r *run) stored() *run {
	r.t.Helper()
	data, err := json.Marshal(r.x)
	if err != nil {
		r.t.Fatal(err)
	}
	r.x = &Execution{}
	if err := json.Unmarshal(data, r.x); err != nil {
		r.t.Fatal(err)
	}
	return r
}

func TestARedriveResetsRetries(t *testing.T) {
	r := begin(t, `{"StartAt":"S","States":{"S":`+strings.Replace(lambdaTask, `}`, `,"Retry":[{"ErrorEquals":["E"],"MaxAttempts":1}]}`, 1)+`}}`, `1`)
	for range 2 {
		r.fail("E").want(Running, "")
		r.after(time.Second)
		r.fail("E").want(Failed, "")
		r.stored().step(Redrive{}).want(Running, "")
	}
	r.succeed(`2`).want(Succeeded, `2`)
	if n := strings.Count(r.types(), "LambdaFunctionScheduled"); n != 5 || r.x.RedriveCount != 2 {
		t.Errorf("%d tasks, %d redrives", n, r.x.RedriveCount)
	}
}

func TestTheInputOfAnIterationIsSelectedAnew(t *testing.T) {
	r := begin(t, `{"StartAt":"S","States":{"S":{"Type":"Map","End":true,"MaxConcurrency":1,"ItemSelector":{"v.$":"States.ArrayGetItem($$.Map.Item.Value, 1)"},
		"ItemProcessor":{"StartAt":"T","States":{"T":`+lambdaTask+`}}}}}`, `[[1,2],[3]]`)
	r.script("ok")
	r.want(Failed, "")
	r.stored().step(Redrive{}).want(Failed, "") // again, for the same reason
	if n := strings.Count(r.types(), "LambdaFunctionScheduled"); n != 1 {
		t.Error(r.types())
	}
}

// childrenOf answers the children that commands start: by their input, a status; and counts the redriven ones.
func childrenOf(r *run, run *MapRun, commands []Command, answers map[string]Status) (started, redriven []string) {
	for len(commands) > 0 {
		c, ok := commands[0].(StartChild)
		commands = commands[1:]
		if !ok {
			continue
		}
		started = append(started, c.Input.String())
		if c.Redrive {
			redriven = append(redriven, c.Input.String())
		}
		status, final := Succeeded, false
		if s, ok := answers[c.Input.String()]; ok {
			status = s
		}
		if status == "FINAL" {
			status, final = Failed, true
		}
		commands = append(commands, r.m.StepMapRun(run, ChildEnded{Index: c.Index, Status: status, Output: c.Input, Error: "E", Final: final, Round: run.Redrives}, r.now)...)
	}
	return started, redriven
}

func TestARedrivenMapRunRunsItsUnsuccessfulChildren(t *testing.T) {
	for name, c := range map[string]struct {
		more              string
		express           bool
		answers           map[string]Status
		wait              time.Duration
		started, redriven string // by the redrive
		status            Status
		counts            MapRunCount // before the redrive's children end
	}{
		"failed ones are redriven, those not begun start": {`"MaxConcurrency":1,`, false, map[string]Status{"2": Failed}, 0, `2 3 4`, `2`, Succeeded,
			MapRunCount{Running: 1, Succeeded: 1, Pending: 2, Total: 4}},
		"aborted and timed out ones, too": {`"ToleratedFailureCount":1,`, false, map[string]Status{"1": TimedOut, "2": Failed}, 0, `1 2 3 4`, `1 2 3 4`, Succeeded,
			MapRunCount{Running: 4, Total: 4}},
		"at once as many as may": {`"MaxConcurrency":3,`, false, map[string]Status{"1": Failed}, 0, `1 2 3 4`, `1 2 3`, Succeeded,
			MapRunCount{Running: 3, Pending: 1, Total: 4}},
		"Express ones start anew": {`"MaxConcurrency":1,`, true, map[string]Status{"2": Failed}, 0, `2 3 4`, ``, Succeeded,
			MapRunCount{Running: 1, Succeeded: 1, Pending: 2, Total: 4}},
		"with a history that is full they stay failed": {`"MaxConcurrency":1,`, false, map[string]Status{"2": "FINAL"}, 0, `3 4`, ``, Failed,
			MapRunCount{Running: 1, Succeeded: 1, Pending: 1, Failed: 1, FailuresNotRedrivable: 1, Total: 4}},
		"after two weeks, too": {`"MaxConcurrency":1,`, false, map[string]Status{"2": Failed}, 15 * 24 * time.Hour, `3 4`, ``, Failed,
			MapRunCount{Running: 1, Succeeded: 1, Pending: 1, Failed: 1, FailuresNotRedrivable: 1, Total: 4}},
		"what waits for its turn is pending": {`"MaxConcurrency":1,"ToleratedFailureCount":1,`, false, map[string]Status{"1": Failed, "3": Failed}, 0, `1 3 4`, `1 3`, Succeeded,
			MapRunCount{Running: 1, Succeeded: 1, Pending: 1, PendingRedrive: 1, Total: 4}},
	} {
		t.Run(name, func(t *testing.T) {
			r, run := distributed(t, c.more, `[1,2,3,4]`)
			if c.express {
				run.Spec.ExecutionType = "EXPRESS"
			}
			childrenOf(r, run, r.m.StepMapRun(run, Begin{}, r.now), c.answers)
			r.step(*run.Result).want(Failed, "")
			r.now = r.now.Add(c.wait)
			r.stored().step(Redrive{}).want(Running, "")
			if got, ok := r.last.Commands[0].(RedriveMapRun); !ok || got.MapRunARN != run.Spec.ARN {
				t.Fatalf("%v", r.last.Commands)
			}
			run = stored(t, run)
			commands := r.m.StepMapRun(run, RedriveRun{}, r.now)
			if got := run.Counts().Executions; got != c.counts {
				t.Errorf("counts %+v, want %+v", got, c.counts)
			}
			started, redriven := childrenOf(r, run, commands, nil)
			if strings.Join(started, " ") != c.started || strings.Join(redriven, " ") != c.redriven {
				t.Errorf("started %v, of these redriven %v; want %s and %s", started, redriven, c.started, c.redriven)
			}
			r.step(*run.Result).want(c.status, "")
			if !strings.Contains(r.types(), "MapRunFailed MapStateFailed ExecutionFailed ExecutionRedriven MapRunRedriven MapRun") || run.Redrives != 1 {
				t.Error(r.types())
			}
		})
	}
}

func TestAMapRunThatReadNothingIsBegunAnew(t *testing.T) {
	const reader = `"ItemReader":{"Resource":"arn:aws:states:::s3:getObject","Parameters":{"Bucket":"b","Key":"k"}},`
	r, run := distributed(t, reader, `{}`)
	r.m.StepMapRun(run, Begin{}, r.now)
	r.m.StepMapRun(run, ItemsRead{Failed: true, Cause: "denied"}, r.now)
	r.step(*run.Result).want(Failed, "")
	r.step(Redrive{}).want(Running, "")
	if c, ok := r.last.Commands[0].(StartMapRun); !ok || c.Run.ARN == run.Spec.ARN {
		t.Errorf("%v", r.last.Commands)
	}
	r, run = distributed(t, reader, `{}`)
	r.m.StepMapRun(run, Begin{}, r.now)
	r.step(Stop{})
	r.m.StepMapRun(run, StopRun{}, r.now)
	r.step(Redrive{})
	if _, ok := r.m.StepMapRun(run, RedriveRun{}, r.now)[0].(ReadItems); !ok || r.x.Status != Running {
		t.Error("a run that was stopped while it read does not read again")
	}
}
