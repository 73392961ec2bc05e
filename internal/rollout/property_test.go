package rollout

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// anySpec draws a deployment.
func anySpec(t *rapid.T) Spec {
	s := spec()
	s.Traffic = anyTraffic(t)
	s.Hooks = map[LifecycleName]string{}
	for _, l := range []LifecycleName{BeforeAllowTraffic, AfterAllowTraffic} {
		if rapid.Bool().Draw(t, "hook "+string(l)) {
			s.Hooks[l] = "hook"
		}
	}
	s.AlarmsEnabled = rapid.Bool().Draw(t, "alarms")
	s.RollbackOn = rapid.SliceOfDistinct(rapid.SampledFrom([]RollbackEvent{OnFailure, OnStopOnAlarm, OnStopOnRequest}), rapid.ID).Draw(t, "rollback")
	if rapid.IntRange(0, 4).Draw(t, "is rollback") == 0 {
		s = RollbackSpec(New(s, epoch))
	}
	return s
}

// anyEvent draws an event: an answer to one of the actions so far, or something from outside, in
// any order, late, twice, or never asked for.
func anyEvent(t *rapid.T, done []Action) Event {
	kinds := []string{"woken", "callback", "alarm", "stop", "unreadable", "rollback", "started"}
	if len(done) > 0 {
		kinds = append(kinds, "answer", "answer", "answer", "answer", "fail")
	}
	l := rapid.SampledFrom([]LifecycleName{BeforeAllowTraffic, AllowTraffic, AfterAllowTraffic})
	f := Failure{"INTERNAL_ERROR", "x"}
	switch kind := rapid.SampledFrom(kinds).Draw(t, "event"); kind {
	case "callback":
		return HookCallback(l.Draw(t, "of"), rapid.IntRange(0, 5).Draw(t, "ok") > 0)
	case "alarm":
		return AlarmsFired(rapid.SampledFrom([]string{"errors", "other", "other"}).Draw(t, "alarm"))
	case "unreadable":
		return AlarmsUnreadable("latency")
	case "stop":
		return StopRequested(nil)
	case "rollback":
		return RollbackFinished(Succeeded)
	case "started":
		return Started()
	case "answer", "fail":
		a := rapid.SampledFrom(done).Draw(t, "action")
		bad := kind == "fail"
		switch {
		case a.Kind == Inspect && bad:
			return InspectFailed(a.ID, f)
		case a.Kind == Inspect:
			return Inspected(a.ID, AliasSeen{Version: "1"}, nil)
		case a.Kind == InvokeHook && bad:
			return HookInvokeFailed(a.ID, "x")
		case a.Kind == InvokeHook:
			return HookInvoked(a.ID)
		case a.Kind == SetAlias && bad:
			return AliasUpdateFailed(a.ID, f)
		case a.Kind == SetAlias:
			return AliasUpdated(a.ID)
		}
	}
	return Woken()
}

// Whatever happens in whatever order, a deployment keeps its promises.
func TestAnyInterleaving(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, now := New(anySpec(t), epoch), epoch
		var done []Action
		finished, percent := 0, 0
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(20*time.Minute)).Draw(t, "pass")))
			e := anyEvent(t, done)
			if len(done) == 0 && s.Status == Created && rapid.Bool().Draw(t, "begin") {
				e = Started()
			}
			next, actions, wake := Decide(s, e, now)
			again, same, wake2 := Decide(s, e, now)
			if !reflect.DeepEqual(next, again) || !reflect.DeepEqual(actions, same) || !wake.Equal(wake2) {
				t.Fatal("the same decision came out differently")
			}
			stored, err := json.Marshal(next)
			if err != nil {
				t.Fatal(err)
			}
			var read State
			if err := json.Unmarshal(stored, &read); err != nil {
				t.Fatal(err)
			}
			if restored, _ := json.Marshal(read); string(restored) != string(stored) {
				t.Fatalf("not stored faithfully:\n%s\n%s", stored, restored)
			}
			if s.Finished() && len(actions) > 0 {
				t.Fatalf("%s after the end: %v", e.Kind, actions)
			}
			for _, a := range actions {
				if slices.ContainsFunc(done, func(d Action) bool { return d.ID == a.ID }) {
					t.Fatalf("action %s is asked for twice", a.ID)
				}
				if a.Kind == SetAlias {
					answered := s.Shift == nil || e.Action == s.Shift.ID
					if a.Alias.Percent <= percent || !answered {
						t.Fatalf("shift to %d %% after %d %%, unanswered: %v", a.Alias.Percent, percent, s.Shift)
					}
					percent = a.Alias.Percent
				}
				if a.Kind == Finish {
					finished++
				}
				if a.Kind == StartRollback && next.Shift != nil {
					t.Fatal("a rollback starts while the alias is being written")
				}
			}
			if next.Weight < s.Weight {
				t.Fatalf("weight went from %d to %d", s.Weight, next.Weight)
			}
			if !wake.IsZero() && !wake.After(now) {
				t.Fatalf("wakes in the past: %v at %v", wake, now)
			}
			done, s = append(done, actions...), next
			if s.Finished() != (finished == 1) {
				t.Fatalf("status %s with %d Finish actions", s.Status, finished)
			}
			if s.Finished() {
				checkEnd(t, s)
			}
		}
	})
}

func checkEnd(t *rapid.T, s State) {
	for _, e := range s.Lifecycle {
		if e.Status == EventPending || e.Status == EventInProgress {
			t.Fatalf("%s is %s at the end", e.Name, e.Status)
		}
	}
	if (s.Status == Succeeded) != (s.Failure == nil) {
		t.Fatalf("%s with failure %v", s.Status, s.Failure)
	}
	if s.Status == Succeeded && s.Weight != 100 {
		t.Fatalf("succeeded with weight %d", s.Weight)
	}
	if s.Spec.RollbackOf != "" && s.Rollback.RollbackDeploymentID != "" {
		t.Fatal("a rollback is rolled back")
	}
	if s.CompletedAt.IsZero() || s.Ending != nil || s.Shift != nil {
		t.Fatalf("left over: %+v", s)
	}
}

// A deployment whose actions all succeed ends well, however long each of them takes, and never
// sends a second hook or shift.
func TestUndisturbedDeploymentSucceeds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, now := New(anySpec(t), epoch), epoch
		queue := []Event{Started()}
		var wake time.Time
		for steps := 0; !s.Finished(); steps++ {
			if steps > 500 {
				t.Fatalf("does not end: %+v", s)
			}
			if len(queue) == 0 {
				now = wake
				queue = append(queue, Woken())
			}
			var actions []Action
			s, actions, wake = Decide(s, queue[0], now)
			queue = queue[1:]
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "takes")))
			for _, a := range actions {
				switch a.Kind {
				case Inspect:
					queue = append(queue, Inspected(a.ID, AliasSeen{Version: "1"}, nil))
				case InvokeHook:
					queue = append(queue, HookInvoked(a.ID), HookCallback(a.Lifecycle, true), HookCallback(a.Lifecycle, true))
				case SetAlias:
					queue = append(queue, AliasUpdated(a.ID), AliasUpdated(a.ID))
				}
			}
		}
		if s.Status != Succeeded {
			t.Fatalf("%s: %+v", s.Status, s.Failure)
		}
	})
}
