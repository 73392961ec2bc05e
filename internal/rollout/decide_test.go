package rollout

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// run drives a deployment by hand: each call is one decision.
type run struct {
	t       *testing.T
	s       State
	now     time.Time
	wake    time.Time
	actions []Action // of the last decision
}

func spec() Spec {
	return Spec{
		DeploymentID: "d-AAAAAAAAA", RollbackDeploymentID: "d-BBBBBBBBB",
		FunctionName: "fn", Alias: "live", CurrentVersion: "1", TargetVersion: "2",
		Traffic: TrafficConfig{TimeBasedCanary, 10, 10},
		Hooks:   map[LifecycleName]string{BeforeAllowTraffic: "CodeDeployHook_pre", AfterAllowTraffic: "CodeDeployHook_post"},
		Alarms:  []string{"errors", "latency"}, AlarmsEnabled: true,
		RollbackOn: []RollbackEvent{OnFailure, OnStopOnAlarm, OnStopOnRequest},
	}
}

func start(t *testing.T, sp Spec) *run {
	return &run{t: t, s: New(sp, epoch), now: epoch}
}

// on decides e and checks that the actions are of the kinds given.
func (r *run) on(e Event, kinds ...ActionKind) *run {
	r.t.Helper()
	before, _ := json.Marshal(r.s)
	old := r.s
	r.s, r.actions, r.wake = Decide(r.s, e, r.now)
	if after, _ := json.Marshal(old); string(after) != string(before) {
		r.t.Fatalf("%s changed the state that it was given", e.Kind)
	}
	var got []ActionKind
	for _, a := range r.actions {
		got = append(got, a.Kind)
	}
	if !slices.Equal(got, kinds) {
		r.t.Fatalf("%s: actions %v, want %v", e.Kind, got, kinds)
	}
	return r
}

func (r *run) after(d time.Duration) *run { r.now = r.now.Add(d); return r }

func (r *run) inspected() *run {
	return r.on(Inspected(inspectID(&r.s), AliasSeen{Version: "1"}, nil), InvokeHook)
}

// ready brings a deployment to the point where the first shift is done.
func (r *run) ready() *run {
	r.t.Helper()
	r.on(Started(), Inspect).inspected()
	r.on(HookInvoked(r.actions[0].ID)).on(HookCallback(BeforeAllowTraffic, true), SetAlias)
	return r.on(AliasUpdated(r.actions[0].ID))
}

func (r *run) lifecycle() string {
	var out []string
	for _, e := range r.s.Lifecycle {
		out = append(out, string(e.Status))
	}
	return strings.Join(out, " ")
}

func (r *run) ended(status Status, code, lifecycle string) *run {
	r.t.Helper()
	got := ""
	if r.s.Failure != nil {
		got = r.s.Failure.Code
	}
	if r.s.Status != status || got != code || r.lifecycle() != lifecycle {
		r.t.Fatalf("%s %q [%s], want %s %q [%s]", r.s.Status, got, r.lifecycle(), status, code, lifecycle)
	}
	if r.s.CompletedAt.IsZero() || !r.wake.IsZero() {
		r.t.Fatalf("completed %v, wakes %v", r.s.CompletedAt, r.wake)
	}
	return r
}

func TestCanarySucceeds(t *testing.T) {
	r := start(t, spec()).ready()
	if r.s.Weight != 10 || !r.wake.Equal(epoch.Add(10*time.Minute)) {
		t.Fatalf("weight %d, wakes %v", r.s.Weight, r.wake)
	}
	r.after(10*time.Minute).on(Woken(), SetAlias)
	if want := (AliasUpdate{ID: "d-AAAAAAAAA/alias/2", Primary: "2", Percent: 100}); *r.actions[0].Alias != want {
		t.Fatalf("%+v, want %+v", *r.actions[0].Alias, want)
	}
	r.on(AliasUpdated(r.actions[0].ID), InvokeHook)
	r.on(HookCallback(AfterAllowTraffic, true), Finish).ended(Succeeded, "", "Succeeded Succeeded Succeeded")
	if !r.s.Settled() {
		t.Error("not settled")
	}
}

func TestFirstShiftWeighsTheNewVersion(t *testing.T) {
	r := start(t, spec()).on(Started(), Inspect).inspected().on(HookCallback(BeforeAllowTraffic, true), SetAlias)
	want := AliasUpdate{ID: "d-AAAAAAAAA/alias/1", Primary: "1", AdditionalVersion: "2", AdditionalWeight: 0.1, Percent: 10}
	if *r.actions[0].Alias != want {
		t.Fatalf("%+v, want %+v", *r.actions[0].Alias, want)
	}
}

func TestNoHooksNoAlarmsAllAtOnce(t *testing.T) {
	sp := spec()
	sp.Hooks, sp.Alarms, sp.AlarmsEnabled, sp.Traffic = nil, nil, false, TrafficConfig{Type: AllAtOnce}
	r := start(t, sp).on(Started(), Inspect).on(Inspected("d-AAAAAAAAA/inspect", AliasSeen{Version: "1"}, nil), SetAlias)
	r.on(AliasUpdated(r.actions[0].ID), Finish).ended(Succeeded, "", "Succeeded Succeeded Succeeded")
}

func TestAlarmStopsAndRollsBack(t *testing.T) {
	r := start(t, spec()).ready().after(3*time.Minute).on(AlarmsFired("latency", "other", "errors"), StartRollback, Finish)
	r.ended(Stopped, AlarmActive, "Succeeded Failed Skipped")
	want := "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected deployments have been stopped. Activated alarms: errors latency"
	if r.s.Failure.Message != want {
		t.Errorf("message %q", r.s.Failure.Message)
	}
	if r.s.Rollback.RollbackMessage != "Deployment d-AAAAAAAAA terminated. Automatic rollback is triggered with a DeploymentId d-BBBBBBBBB." {
		t.Errorf("%+v", r.s.Rollback)
	}
	if r.s.Settled() {
		t.Error("settled before its rollback ended")
	}
	if r.on(RollbackFinished(Succeeded)); !r.s.Settled() || r.s.RollbackStatus != Succeeded {
		t.Error("not settled after its rollback ended")
	}
}

func TestAlarmThatNobodyWatchesChangesNothing(t *testing.T) {
	r := start(t, spec()).ready()
	before := r.s
	if r.on(AlarmsFired("other")); !reflect.DeepEqual(before, r.s) {
		t.Error("the state changed")
	}
	sp := spec()
	sp.AlarmsEnabled = false
	start(t, sp).ready().on(AlarmsFired("errors"))
}

func TestAlarmAlreadyInAlarmStopsAtOnce(t *testing.T) {
	r := start(t, spec()).on(Started(), Inspect)
	r.on(Inspected(r.actions[0].ID, AliasSeen{Version: "1"}, []string{"errors"}), StartRollback, Finish)
	r.ended(Stopped, AlarmActive, "Skipped Skipped Skipped")
}

func TestAlarmDuringHooks(t *testing.T) {
	start(t, spec()).on(Started(), Inspect).inspected().on(AlarmsFired("errors"), StartRollback, Finish).
		ended(Stopped, AlarmActive, "Failed Skipped Skipped").
		on(HookCallback(BeforeAllowTraffic, true)) // too late: nothing follows
	r := start(t, spec()).ready().after(10*time.Minute).on(Woken(), SetAlias)
	r.on(AliasUpdated(r.actions[0].ID), InvokeHook).on(AlarmsFired("errors"), StartRollback, Finish).
		ended(Stopped, AlarmActive, "Succeeded Succeeded Failed")
}

func TestAlarmWaitsForAnUnansweredShift(t *testing.T) {
	r := start(t, spec()).ready().after(10*time.Minute).on(Woken(), SetAlias)
	shift := r.actions[0].ID
	r.on(AlarmsFired("errors"))
	if r.s.Finished() || r.s.Ending == nil {
		t.Fatal("ended while the alias was being written")
	}
	r.on(AliasUpdated("d-AAAAAAAAA/alias/1")) // an old answer, delivered again
	r.on(AliasUpdated(shift), StartRollback, Finish).ended(Stopped, AlarmActive, "Succeeded Failed Skipped")
	if r.s.Weight != 100 {
		t.Errorf("weight %d: the last shift was done", r.s.Weight)
	}
}

func TestUnreadableAlarms(t *testing.T) {
	start(t, spec()).ready().on(AlarmsUnreadable("errors"), StartRollback, Finish).ended(Stopped, AlarmActive, "Succeeded Failed Skipped")
	sp := spec()
	sp.IgnorePollAlarmFailure = true
	start(t, sp).ready().on(AlarmsUnreadable("errors"))
}

func TestHooksFailClosed(t *testing.T) {
	before := func() *run { return start(t, spec()).on(Started(), Inspect).inspected() }
	for name, r := range map[string]*run{
		"reported":    before().on(HookCallback(BeforeAllowTraffic, false), StartRollback, Finish),
		"not invoked": before().on(HookInvokeFailed("d-AAAAAAAAA/hook/BeforeAllowTraffic", "Function not found"), StartRollback, Finish),
		"crashed":     before().on(HookFunctionFailed(BeforeAllowTraffic, "exit status 1"), StartRollback, Finish),
		"silent":      before().after(HookTimeout).on(Woken(), StartRollback, Finish),
	} {
		r.ended(Failed, HookExecutionFailure, "Failed Skipped Skipped")
		if r.s.Lifecycle[0].Message == "" || r.s.Failure.Message == "" {
			t.Errorf("%s: no message", name)
		}
	}
	r := start(t, spec()).ready().after(10*time.Minute).on(Woken(), SetAlias)
	r.on(AliasUpdated(r.actions[0].ID), InvokeHook)
	r.on(HookCallback(BeforeAllowTraffic, false)) // the other event's hook
	r.on(HookCallback(AfterAllowTraffic, false), StartRollback, Finish).ended(Failed, HookExecutionFailure, "Succeeded Succeeded Failed")
}

func TestHookHasOneHour(t *testing.T) {
	r := start(t, spec()).on(Started(), Inspect).inspected()
	if !r.wake.Equal(epoch.Add(time.Hour)) {
		t.Fatalf("wakes %v", r.wake)
	}
	r.after(HookTimeout-1).on(Woken()).on(HookCallback(BeforeAllowTraffic, true), SetAlias)
}

func TestCallbackIsAccepted(t *testing.T) {
	r := start(t, spec()).on(Started(), Inspect)
	if err := r.s.CheckCallback(BeforeAllowTraffic); err != ErrLifecycleNotRunning {
		t.Errorf("before it runs: %v", err)
	}
	r.inspected()
	if err := r.s.CheckCallback(BeforeAllowTraffic); err != nil {
		t.Errorf("while it runs: %v", err)
	}
	if err := r.s.CheckCallback(AllowTraffic); err != ErrLifecycleNotRunning {
		t.Errorf("AllowTraffic has no hook: %v", err)
	}
	r.on(HookCallback(BeforeAllowTraffic, true), SetAlias)
	if err := r.s.CheckCallback(BeforeAllowTraffic); err != ErrLifecycleCompleted {
		t.Errorf("twice: %v", err)
	}
	r.on(AliasUpdated(r.actions[0].ID)).on(AlarmsFired("errors"), StartRollback, Finish)
	if err := r.s.CheckCallback(AfterAllowTraffic); err != ErrLifecycleCompleted {
		t.Errorf("after the end: %v", err)
	}
}

func TestStop(t *testing.T) {
	yes, no := true, false
	for _, c := range []struct {
		name     string
		ask      *bool
		group    []RollbackEvent
		rollback bool
	}{
		{"asked to roll back", &yes, nil, true},
		{"asked not to", &no, []RollbackEvent{OnStopOnRequest}, false},
		{"the group rolls back on request", nil, []RollbackEvent{OnStopOnRequest}, true},
		{"the group rolls back on failure only", nil, []RollbackEvent{OnFailure}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			sp := spec()
			sp.RollbackOn = c.group
			kinds := []ActionKind{Finish}
			if c.rollback {
				kinds = []ActionKind{StartRollback, Finish}
			}
			r := start(t, sp).ready().on(StopRequested(c.ask), kinds...).ended(Stopped, ManualStop, "Succeeded Failed Skipped")
			if r.s.Weight != 10 {
				t.Errorf("weight %d: a stop leaves the alias as it is", r.s.Weight)
			}
		})
	}
	start(t, spec()).on(StopRequested(&yes), Finish).ended(Stopped, ManualStop, "Skipped Skipped Skipped").on(Started())
}

func TestAliasElsewhereFailsWithoutTouchingIt(t *testing.T) {
	for _, seen := range []AliasSeen{{Version: "7"}, {Version: "1", Weights: map[string]float64{"3": 0.5}}} {
		r := start(t, spec()).on(Started(), Inspect)
		r.on(Inspected(r.actions[0].ID, seen, nil), Finish).ended(Failed, InvalidLambdaConfiguration, "Skipped Skipped Skipped")
		if r.s.Failure.Message != "The Lambda function alias version does not match the current version in AppSpec file." {
			t.Error(r.s.Failure.Message)
		}
	}
	start(t, spec()).on(Started(), Inspect).on(InspectFailed("d-AAAAAAAAA/inspect", Failure{InvalidLambdaFunction, "gone"}), Finish).
		ended(Failed, InvalidLambdaFunction, "Skipped Skipped Skipped")
}

func TestCurrentVersionLeftOpen(t *testing.T) {
	sp := spec()
	sp.CurrentVersion = ""
	r := start(t, sp).on(Started(), Inspect).on(Inspected("d-AAAAAAAAA/inspect", AliasSeen{Version: "7"}, nil), InvokeHook)
	r.on(HookCallback(BeforeAllowTraffic, true), SetAlias)
	if r.actions[0].Alias.Primary != "7" || RollbackSpec(r.s).TargetVersion != "7" {
		t.Errorf("%+v", r.actions[0].Alias)
	}
	sp.CurrentVersion = ""
	start(t, sp).on(Started(), Inspect).on(Inspected("d-AAAAAAAAA/inspect", AliasSeen{Version: "7", Weights: map[string]float64{"8": 0.1}}, nil), Finish).
		ended(Failed, InvalidLambdaConfiguration, "Skipped Skipped Skipped")
}

func TestAliasUpdateFailure(t *testing.T) {
	r := start(t, spec()).on(Started(), Inspect).inspected().on(HookCallback(BeforeAllowTraffic, true), SetAlias)
	r.on(AliasUpdateFailed(r.actions[0].ID, Failure{"IAM_ROLE_PERMISSIONS", "no"}), StartRollback, Finish).
		ended(Failed, "IAM_ROLE_PERMISSIONS", "Succeeded Failed Skipped")
	if r.s.Weight != 0 {
		t.Errorf("weight %d", r.s.Weight)
	}
}

func TestFiftyHours(t *testing.T) {
	sp := spec()
	sp.Traffic = TrafficConfig{TimeBasedLinear, 1, 29} // 47.85 hours
	r := start(t, sp).ready()
	r.after(DeploymentTimeout).on(Woken(), StartRollback, Finish).ended(Failed, Timeout, "Succeeded Failed Skipped")
}

func TestLongPauseSkipsIncrements(t *testing.T) {
	sp := spec()
	sp.Traffic = TrafficConfig{TimeBasedLinear, 10, 1}
	r := start(t, sp).ready().after(4*time.Minute+time.Second).on(Woken(), SetAlias)
	if r.actions[0].Alias.Percent != 50 {
		t.Errorf("%+v", r.actions[0].Alias)
	}
}

func TestRollbackDeployment(t *testing.T) {
	failed := start(t, spec()).ready().on(AlarmsFired("errors"), StartRollback, Finish)
	r := start(t, RollbackSpec(failed.s))
	if r.s.Rollback.RollbackMessage != "Deployment d-BBBBBBBBB is triggered to roll back deployment d-AAAAAAAAA." ||
		r.s.Rollback.RollbackTriggeringDeploymentID != "d-AAAAAAAAA" {
		t.Errorf("%+v", r.s.Rollback)
	}
	r.on(Started(), SetAlias)
	if want := (AliasUpdate{ID: "d-BBBBBBBBB/alias/1", Primary: "1", Percent: 100}); *r.actions[0].Alias != want {
		t.Errorf("%+v, want %+v", *r.actions[0].Alias, want)
	}
	shift := r.actions[0].ID
	r.on(AlarmsFired("errors")).on(AliasUpdated(shift), Finish).ended(Succeeded, "", "Succeeded Succeeded Succeeded")
	if !r.s.Settled() {
		t.Error("not settled")
	}
}

func TestFailedRollbackIsNotRolledBack(t *testing.T) {
	r := start(t, RollbackSpec(start(t, spec()).s)).on(Started(), SetAlias)
	r.on(AliasUpdateFailed(r.actions[0].ID, Failure{"INTERNAL_ERROR", "no"}), Finish).ended(Failed, "INTERNAL_ERROR", "Succeeded Failed Skipped")
}
