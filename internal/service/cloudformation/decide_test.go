package cloudformation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/headgate/headgate/internal/durable"
)

// history follows what handlers were asked to do to each resource.
type history struct {
	op      operation
	running map[string]durable.Effect
	done    []string // "apply create A", in the order in which they ended
	ended   bool
	status  string
}

func (h *history) take(t *rapid.T, ev durable.Event) {
	before, _ := json.Marshal(h.op)
	var one, two operation
	for _, op := range []*operation{&one, &two} {
		if err := json.Unmarshal(before, op); err != nil {
			t.Fatal(err)
		}
	}
	now := time.UnixMilli(1000)
	d, again := decide(one, ev, now), decide(two, ev, now)
	if a, b := fmt.Sprint(d.Effects, d.Rows, d.Done), fmt.Sprint(again.Effects, again.Rows, again.Done); a != b {
		t.Fatalf("the same decision taken twice differs:\n%s\n%s", a, b)
	}
	h.op, h.ended = d.State, d.Done
	for _, r := range d.Rows {
		if strings.HasPrefix(r.SQL, "UPDATE cfn_stack SET status") {
			h.status = r.Args[0].(string)
		}
	}
	for _, e := range d.Effects {
		if _, twice := h.running[e.ID]; twice {
			t.Fatalf("effect %s decided twice", e.ID)
		}
		h.running[e.ID] = e
	}
}

// Whatever the graph, the order of results and the failures: dependencies come first, the operation
// ends, and after a rollback every change has its counterpart.
func TestEveryOperationEndsAndEveryChangeThatIsTakenBackHasItsCounterpart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		goal := rapid.SampledFrom([]string{goalCreate, goalUpdate, goalDelete}).Draw(t, "goal")
		h := &history{running: map[string]durable.Effect{}, op: operation{ID: "op", StackID: "stack", StackName: "s", Goal: goal, Steps: map[string]*step{}}}
		n := rapid.IntRange(1, 8).Draw(t, "resources")
		var ids []string
		for i := range n {
			id := string(rune('A' + i))
			s := &step{Type: "T", New: true}
			for _, d := range ids {
				if rapid.IntRange(0, 2).Draw(t, "edge") == 0 {
					s.Deps = append(s.Deps, d)
				}
			}
			s.OldDeps = s.Deps
			if goal == goalDelete || goal == goalUpdate && rapid.Bool().Draw(t, "old") {
				s.Old, s.Physical = true, "old-"+id
				s.New = goal != goalDelete && (len(s.Deps) == 0 || rapid.IntRange(0, 4).Draw(t, "kept") > 0)
			}
			h.op.Steps[id] = s
			ids = append(ids, id)
		}
		for _, id := range ids { // what the new template lacks, it cannot depend on
			h.op.Steps[id].Deps = slices.DeleteFunc(slices.Clone(h.op.Steps[id].Deps), func(d string) bool { return !h.op.Steps[d].New })
		}
		failures := rapid.IntRange(0, 2).Draw(t, "failures")
		h.take(t, durable.Event{Name: durable.Started})
		for steps := 0; !h.ended; steps++ {
			if len(h.running) == 0 || steps > 500 {
				t.Fatalf("stuck in phase %s with %d effects", h.op.Phase, len(h.running))
			}
			var open []string
			for id := range h.running {
				open = append(open, id)
			}
			slices.Sort(open)
			e := h.running[rapid.SampledFrom(open).Draw(t, "next")]
			delete(h.running, e.ID)
			h.take(t, h.result(t, e, &failures))
		}
		h.judge(t, goal)
	})
}

// result makes up how an effect ends.
func (h *history) result(t *rapid.T, e durable.Effect, failures *int) durable.Event {
	a := e.Args.(effectArgs)
	ev := durable.Event{Name: e.Name, EffectID: e.ID}
	forward := h.op.Phase == phaseForward || h.op.Phase == phasePublish
	if *failures > 0 && forward && e.Name != effectCancel && rapid.IntRange(0, 4).Draw(t, "fails") == 0 {
		*failures--
		ev.Failure = &durable.Failure{Message: "made up"}
		return ev
	}
	var out any
	switch e.Name {
	case effectEvaluate:
		for _, d := range h.op.Steps[a.Logical].Deps {
			if s := h.op.Tasks[d].State; s != taskDone {
				t.Fatalf("%s was begun while %s, on which it depends, is %q", a.Logical, d, s)
			}
		}
		x := evaluation{Action: "create", Named: true, Doc: document{Name: "new-" + a.Logical}}
		if a.Old {
			x.Action = rapid.SampledFrom([]string{"none", "update", "replace"}).Draw(t, "action")
		}
		out = x
	case effectApply, effectCheck:
		x := application{}
		if e.Name == effectApply && a.Action != "delete" && rapid.IntRange(0, 3).Draw(t, "waits") == 0 {
			x.Pending, x.Progress = true, json.RawMessage(`{}`)
		} else {
			h.done = append(h.done, a.Action+" "+a.Physical)
		}
		out = x
	}
	ev.Data, _ = json.Marshal(out)
	return ev
}

func (h *history) judge(t *rapid.T, goal string) {
	count := map[string]int{}
	for _, d := range h.done {
		count[d]++
	}
	for id, s := range h.op.Steps {
		made, gone := count["create new-"+id]+count["replace new-"+id], count["delete new-"+id]
		switch h.status {
		case "ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE":
			if made > 0 && gone != 1 {
				t.Fatalf("%s: new-%s was made and deleted %d times: %v", h.status, id, gone, h.done)
			}
			if count["delete old-"+id] > 0 {
				t.Fatalf("%s: old-%s was deleted: %v", h.status, id, h.done)
			}
			if u := count["update old-"+id]; u > 0 && count["restore old-"+id] != 1 {
				t.Fatalf("%s: old-%s was updated and not set back: %v", h.status, id, h.done)
			}
		case "CREATE_COMPLETE", "UPDATE_COMPLETE":
			if s.New && !s.Old && (made != 1 || gone != 0) {
				t.Fatalf("%s: new-%s made %d times, deleted %d times", h.status, id, made, gone)
			}
			if s.Old && !s.New && count["delete old-"+id] != 1 {
				t.Fatalf("%s: old-%s, which the template lacks, was not deleted: %v", h.status, id, h.done)
			}
			if count["replace new-"+id] > 0 && count["delete old-"+id] != 1 {
				t.Fatalf("%s: what new-%s replaces was not deleted: %v", h.status, id, h.done)
			}
		case "DELETE_COMPLETE":
			if count["delete old-"+id] != 1 {
				t.Fatalf("old-%s was not deleted", id)
			}
			for _, d := range s.OldDeps {
				if slices.Index(h.done, "delete old-"+id) > slices.Index(h.done, "delete old-"+d) {
					t.Fatalf("%s was deleted before %s, which depends on it", d, id)
				}
			}
		default:
			t.Fatalf("%s ended as %s", goal, h.status)
		}
	}
}
