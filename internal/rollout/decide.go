package rollout

import (
	"slices"
	"time"
)

// Decide is the whole of a deployment's behaviour: what e changes at now, what is to be done, and
// when to come back with Woken if nothing else happens (zero: never). Events that do not fit the
// state change nothing, so delivering one twice is safe.
func Decide(s State, e Event, now time.Time) (State, []Action, time.Time) {
	d := &decision{s: s, now: now}
	d.apply(e)
	d.passTime()
	return d.s, d.actions, d.wake()
}

// decision is one call of Decide. Pointers in s may be shared with the caller's state: they are
// replaced, never written through.
type decision struct {
	s       State
	now     time.Time
	actions []Action
}

func (d *decision) do(a Action) { d.actions = append(d.actions, a) }

func (d *decision) apply(e Event) {
	s := &d.s
	switch {
	case s.Finished():
		if e.Kind == KindRollbackFinished && !s.Settled() {
			s.RollbackStatus = e.Status
		}
	case s.Status == Created:
		d.applyCreated(e)
	case e.Kind == KindAliasUpdated || e.Kind == KindAliasUpdateFailed:
		d.aliasAnswered(e)
	case s.Ending != nil:
		// Only the answer above can move a deployment that is about to end.
	default:
		d.applyRunning(e)
	}
}

func (d *decision) applyCreated(e Event) {
	switch e.Kind {
	case KindStarted:
		d.s.Status, d.s.StartedAt = InProgress, d.now
		if d.s.Spec.RollbackOf != "" {
			// The alias is weighted and alarms may still be in ALARM: neither holds a rollback up.
			d.begin(0)
			return
		}
		d.s.Inspecting = true
		d.do(Action{ID: inspectID(&d.s), Kind: Inspect})
	case KindStopRequested:
		d.end(Stopped, Failure{ManualStop, manualStop}, false)
	}
}

func (d *decision) applyRunning(e Event) {
	switch e.Kind {
	case KindInspected, KindInspectFailed:
		if d.s.Inspecting && e.Action == inspectID(&d.s) {
			d.inspected(e)
		}
	case KindHookInvoked:
		if l, ok := d.runningHook(); ok && e.Action == hookID(&d.s, l) {
			d.s.HookInvoked = true
		}
	case KindHookInvokeFailed:
		if l, ok := d.runningHook(); ok && e.Action == hookID(&d.s, l) {
			d.hookFailed(l, "it could not be invoked: "+e.Failure.Message)
		}
	case KindHookCallback:
		d.hookAnswered(e)
	case KindAlarmsFired:
		if names := d.watched(e.Alarms); len(names) > 0 {
			d.stopOnAlarm(names, alarmFailure(names))
		}
	case KindAlarmsUnreadable:
		if names := d.watched(e.Alarms); len(names) > 0 && !d.s.Spec.IgnorePollAlarmFailure {
			f := alarmFailure(names)
			f.Message = alarmsUnreadable + f.Message[len(alarmsActive):]
			d.stopOnAlarm(names, f)
		}
	case KindStopRequested:
		rollback := slices.Contains(d.s.Spec.RollbackOn, OnStopOnRequest)
		if e.AutoRollback != nil {
			rollback = *e.AutoRollback
		}
		d.end(Stopped, Failure{ManualStop, manualStop}, rollback)
	}
}

// inspected decides whether the deployment may begin. A deployment that finds the alias elsewhere
// has changed nothing and would overwrite somebody else's choice: it is not rolled back.
func (d *decision) inspected(e Event) {
	d.s.Inspecting = false
	if d.s.Spec.CurrentVersion == "" && e.Alias != nil {
		d.s.Spec.CurrentVersion = e.Alias.Version
	}
	switch {
	case e.Kind == KindInspectFailed:
		d.end(Failed, *e.Failure, false)
	case e.Alias.Version != d.s.Spec.CurrentVersion || len(e.Alias.Weights) > 0:
		d.end(Failed, Failure{InvalidLambdaConfiguration, aliasMismatch}, false)
	default:
		// An alarm that is in ALARM before anything has begun stops the deployment too.
		if names := d.watched(e.Alarms); len(names) > 0 {
			d.stopOnAlarm(names, alarmFailure(names))
			return
		}
		d.begin(0)
	}
}

// begin enters lifecycle event i, and every later one that has nothing to wait for.
func (d *decision) begin(i int) {
	s := &d.s
	if i == len(s.Lifecycle) {
		s.Status, s.CompletedAt = Succeeded, d.now
		d.do(Action{ID: finishID(s), Kind: Finish, Final: &Final{Status: Succeeded}})
		return
	}
	now, ev := d.now, &s.Lifecycle[i]
	ev.Status, ev.StartTime = EventInProgress, &now
	s.HookInvoked = false
	if ev.Name == AllowTraffic {
		s.TrafficStart = now
		d.shift()
		return
	}
	if hook := s.Spec.hook(ev.Name); hook != "" {
		d.do(Action{ID: hookID(s, ev.Name), Kind: InvokeHook, Lifecycle: ev.Name, Hook: hook})
		return
	}
	d.complete(i)
}

// complete ends lifecycle event i well and enters the next.
func (d *decision) complete(i int) {
	now := d.now
	d.s.Lifecycle[i].Status, d.s.Lifecycle[i].EndTime = EventSucceeded, &now
	d.begin(i + 1)
}

func (d *decision) hookAnswered(e Event) {
	l, ok := d.runningHook()
	switch {
	case !ok || l != e.Lifecycle:
	case e.Failure != nil:
		d.hookFailed(l, e.Failure.Message)
	case !e.Succeeded:
		d.hookFailed(l, "it reported Failed.")
	default:
		d.complete(d.running())
	}
}

// running is the index of the lifecycle event in progress, or -1.
func (d *decision) running() int {
	return slices.IndexFunc(d.s.Lifecycle[:], func(e LifecycleEvent) bool { return e.Status == EventInProgress })
}

// runningHook names the lifecycle event in progress if a hook's answer is awaited.
func (d *decision) runningHook() (LifecycleName, bool) {
	if i := d.running(); i >= 0 {
		l := d.s.Lifecycle[i].Name
		return l, d.s.Spec.hook(l) != ""
	}
	return "", false
}

// watched returns those of names that the deployment watches, in the spec's order.
func (d *decision) watched(names []string) []string {
	var hit []string
	if d.s.Spec.watches() {
		for _, a := range d.s.Spec.Alarms {
			if slices.Contains(names, a) {
				hit = append(hit, a)
			}
		}
	}
	return hit
}
