package asl

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// drawScope makes up a set of states that always ends: each state goes to the next, or catches to the last.
func drawScope(t *rapid.T, prefix string, depth int) string {
	n := rapid.IntRange(1, 3).Draw(t, prefix+"states")
	var states []string
	for i := range n {
		name := fmt.Sprintf("%sS%d", prefix, i)
		next := `"End":true`
		if i+1 < n {
			next = fmt.Sprintf(`"Next":"%sS%d"`, prefix, i+1)
		}
		states = append(states, fmt.Sprintf("%q:%s", name, drawState(t, name, next, depth)))
	}
	return fmt.Sprintf(`"StartAt":"%sS0","States":{%s}`, prefix, strings.Join(states, ","))
}

func drawState(t *rapid.T, name, next string, depth int) string {
	retry := rapid.SampledFrom([]string{``, `,"Retry":[{"ErrorEquals":["E"],"MaxAttempts":1}]`, `,"Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":2,"JitterStrategy":"FULL"}]`}).Draw(t, name+"retry")
	kinds := []string{"pass", "assign", "wait", "lambda", "service", "activity"}
	if depth > 0 {
		kinds = append(kinds, "parallel", "map", "map")
	}
	switch rapid.SampledFrom(kinds).Draw(t, name) {
	case "assign":
		return `{"Type":"Pass","QueryLanguage":"JSONata","Assign":{"v":"{% $random() %}","id":"{% $uuid() %}"},"Output":"{% [$states.input] %}",` + next + `}`
	case "wait":
		return fmt.Sprintf(`{"Type":"Wait","Seconds":%d,%s}`, rapid.IntRange(0, 5).Draw(t, name+"seconds"), next)
	case "lambda":
		return `{"Type":"Task","Resource":"arn:aws:lambda:eu-west-1:1:function:f","TimeoutSeconds":20,` + next + retry + `}`
	case "service":
		return `{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken","Parameters":{"t.$":"$$.Task.Token"},"HeartbeatSeconds":10,` + next + retry + `}`
	case "activity":
		return `{"Type":"Task","Resource":"arn:aws:states:eu-west-1:1:activity:a","TimeoutSeconds":30,` + next + retry + `}`
	case "parallel":
		var branches []string
		for i := range rapid.IntRange(1, 3).Draw(t, name+"branches") {
			branches = append(branches, "{"+drawScope(t, fmt.Sprintf("%sb%d", name, i), depth-1)+"}")
		}
		return `{"Type":"Parallel","Branches":[` + strings.Join(branches, ",") + `],` + next + retry + `}`
	case "map":
		return fmt.Sprintf(`{"Type":"Map","QueryLanguage":"JSONata","Items":"{%% [1..%d] %%}","MaxConcurrency":%d,"ItemProcessor":{%s},%s%s}`,
			rapid.IntRange(0, 4).Draw(t, name+"items"), rapid.IntRange(0, 2).Draw(t, name+"limit"), drawScope(t, name+"i", depth-1), next, retry)
	}
	return `{"Type":"Pass",` + next + `}`
}

// drive plays one execution with drawn events; between any two steps, again writes and reads it if told to.
type drive struct {
	m       *StateMachine
	x       *Execution
	now     time.Time
	history []HistoryEvent
	rewrite bool
	parts   map[int64]string // frames as a store that follows Changed and Removed has them
}

func (d *drive) step(t *rapid.T, ev Event) {
	if d.rewrite {
		data, err := json.Marshal(d.x)
		if err != nil {
			t.Fatal(err)
		}
		d.x = &Execution{}
		if err := json.Unmarshal(data, d.x); err != nil {
			t.Fatal(err)
		}
	}
	ended := d.x.Status != Running
	_, redrive := ev.(Redrive)
	out := d.m.Step(d.x, ev, d.now)
	if ended && !redrive && len(out.History)+len(out.Commands)+len(out.Changed) > 0 {
		t.Fatalf("%T after the end made %v", ev, out)
	}
	d.history = append(d.history, out.History...)
	if d.parts == nil {
		d.parts = map[int64]string{}
	}
	for _, id := range out.Removed {
		delete(d.parts, id)
	}
	for _, id := range out.Changed {
		d.parts[id] = frameJSON(t, d.x.Frames[id].Apart())
	}
	for id, f := range d.x.Frames {
		if want := frameJSON(t, f.Apart()); d.parts[id] != want {
			t.Fatalf("%T changed frame %d without telling:\n%s\n%s", ev, id, d.parts[id], want)
		}
	}
	d.join(t)
	if len(d.parts) != len(d.x.Frames) {
		t.Fatalf("%T removed frames without telling: %d, %d are left", ev, len(d.parts), len(d.x.Frames))
	}
}

// join makes frames of the parts again and compares them with those in memory.
func (d *drive) join(t *rapid.T) {
	x := &Execution{Frames: map[int64]*Frame{}}
	for id, part := range d.parts {
		f := &Frame{}
		if err := json.Unmarshal([]byte(part), f); err != nil {
			t.Fatal(err)
		}
		x.Frames[id] = f
	}
	x.Join()
	for id, f := range d.x.Frames {
		if got, want := frameJSON(t, x.Frames[id]), frameJSON(t, f); got != want {
			t.Fatalf("joined as\n%s\nwant\n%s", got, want)
		}
	}
}

func frameJSON(t *rapid.T, f *Frame) string {
	data, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func (d *drive) draw(t *rapid.T) Event {
	tasks := d.x.PendingTasks()
	kinds := []string{"wake", "wake"}
	if len(tasks) > 0 {
		kinds = append(kinds, "ok", "ok", "ok", "fail", "beat", "started", "submitted", "stale")
	}
	if d.x.Status != Running {
		kinds = []string{"ok", "wake", "redrive", "stop"}
	}
	kind := rapid.SampledFrom(kinds).Draw(t, "event")
	task := "9-9"
	if len(tasks) > 0 && kind != "stale" {
		task = rapid.SampledFrom(tasks).Draw(t, "task")
	}
	switch kind {
	case "ok", "stale":
		return TaskSucceeded{task, jsonvalue.FromValue(jsonvalue.Of("r", "x"))}
	case "fail":
		return TaskFailed{TaskID: task, Error: rapid.SampledFrom([]string{"E", "F", ""}).Draw(t, "error"), Cause: "c"}
	case "beat":
		return TaskHeartbeat{task}
	case "started":
		return TaskStarted{task, "w"}
	case "submitted":
		return TaskSubmitted{task, jsonvalue.FromValue(1.5)}
	case "redrive":
		return Redrive{}
	case "stop":
		return Stop{}
	}
	if wake := d.x.NextWake(); wake.After(d.now) {
		d.now = wake
	}
	return Wake{}
}

// TestAnyExecutionKeepsItsPromises: ids follow on one another, each event follows an earlier one, nothing happens
// after the end, no frame is left behind, an execution that is written and read between steps goes the same way,
// and whatever runs has something to wait for.
func TestAnyExecutionKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		definition := "{" + drawScope(t, "", 2) + "}"
		m, err := Parse([]byte(definition))
		if err != nil {
			t.Fatalf("%v\n%s", err, definition)
		}
		info := Info{ARN: "arn:aws:states:eu-west-1:1:execution:m:x", Region: "eu-west-1", EventLimit: 500}
		a := &drive{m: m, now: start, x: New(info, jsonvalue.FromValue(jsonvalue.Of("n", 1)))}
		b := &drive{m: m, now: start, x: New(info, jsonvalue.FromValue(jsonvalue.Of("n", 1))), rewrite: true}
		a.step(t, Start{})
		b.step(t, Start{})
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			ev := a.draw(t)
			b.now = a.now
			a.step(t, ev)
			b.step(t, ev)
			if a.x.Status == Running && a.x.NextWake().IsZero() && len(a.x.PendingTasks()) == 0 {
				t.Fatalf("nothing to wait for\n%s", definition)
			}
		}
		if diff := cmp.Diff(a.history, b.history); diff != "" {
			t.Fatalf("written and read, it goes another way:\n%s", diff)
		}
		for i, e := range a.history {
			if e.ID != int64(i+1) || e.PreviousEventID < 0 || e.PreviousEventID >= e.ID {
				t.Fatalf("event %d: id %d follows %d", i+1, e.ID, e.PreviousEventID)
			}
		}
		if a.x.Status == Succeeded && len(a.x.Frames) > 0 {
			t.Fatalf("%d frames are left", len(a.x.Frames))
		}
	})
}
