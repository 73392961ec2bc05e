package codedeploy

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/rollout"
)

// process is the state of a durable instance: a deployment, and its rollback once there is one.
type process struct {
	Caller        caller.Caller                    `json:"caller"` // effects act in this name
	ApplicationID string                           `json:"applicationId"`
	GroupID       string                           `json:"groupId"`
	Info          types.DeploymentInfo             `json:"info"`     // the deployment as it was created
	Resource      string                           `json:"resource"` // the AppSpec entry's name
	HookIDs       map[rollout.LifecycleName]string `json:"hookIds"`  // what each hook calls back with
	Triggers      []types.TriggerConfig            `json:"triggers,omitempty"`

	Main     progress  `json:"main"`
	Rollback *progress `json:"rollback,omitempty"`

	Fired      []string `json:"fired,omitempty"`      // alarms that fired while the alias was inspected
	Announcing []string `json:"announcing,omitempty"` // announce effects under way, by id
}

// progress is what has become of one deployment; as JSON it is the row's progress column.
type progress struct {
	rollout.State
	Logs map[rollout.LifecycleName]string `json:"logs,omitempty"` // tail of each hook's log
}

// Names of the events that operations and notices send.
const (
	signalCallback = "callback"
	signalStop     = "stop"
	signalAlarm    = "alarm"
	signalRecheck  = "recheck" // notices of alarms may have been lost
)

// callback is signalCallback's data: what a hook reported.
type callback struct {
	Lifecycle rollout.LifecycleName `json:"lifecycle"`
	Succeeded bool                  `json:"succeeded"`
}

// stop is signalStop's data. A nil AutoRollback leaves the choice to the group's configuration.
type stop struct {
	DeploymentID string `json:"deploymentId"`
	AutoRollback *bool  `json:"autoRollback,omitempty"`
}

// decide is the machine's Decide: it hands ev to rollout and writes down what that leads to. It is
// pure: ids that a rollback needs were drawn at creation, and what must be logged is an effect.
func decide(p process, ev durable.Event, now time.Time) durable.Decision[process] {
	d := &deciding{p: p, now: now}
	before := [2]string{encode(p.Main), ""}
	if p.Rollback != nil {
		before[1] = encode(*p.Rollback)
	}
	d.apply(ev)
	d.settle()
	d.record(before)
	return durable.Decision[process]{State: d.p, Rows: d.rows, Notices: d.notices, Effects: d.effects,
		WakeAt: d.wake, Done: d.p.Main.Settled() && len(d.p.Announcing) == 0}
}

// deciding is one run of decide. The state came fresh out of its JSON, so it may be changed.
type deciding struct {
	p       process
	now     time.Time // of the decision: every time in rows and states comes from it
	rows    []db.Stmt
	notices []db.Notice
	effects []durable.Effect
	wake    time.Time // of the deployment that runs; zero: only events wake the instance
}

// apply translates what happened into rollout's events. Data that cannot be read is dropped: an
// instance that cannot decide would stand still for ever.
func (d *deciding) apply(ev durable.Event) {
	main := &d.p.Main
	switch ev.Name {
	case durable.Started:
		d.tell(main, rollout.Started())
		d.trigger(types.TriggerEventTypeDeploymentStart, main)
	case effectInspect:
		d.inspected(ev)
	case effectHook:
		d.hookReturned(ev)
	case effectAlias:
		d.aliasAnswered(ev)
	case effectWatch, effectCheck:
		var seen alarmsSeen
		if ev.Failure != nil || ev.Decode(&seen) != nil { // a watch that is no more sees nothing
			seen.Unreadable = main.Spec.Alarms
		}
		d.alarms(seen)
	case effectAnnounce:
		d.p.Announcing = without(d.p.Announcing, ev.EffectID)
	case signalCallback:
		var c callback
		if ev.Decode(&c) == nil {
			d.tell(main, rollout.HookCallback(c.Lifecycle, c.Succeeded))
		}
	case signalStop:
		var s stop
		if ev.Decode(&s) == nil {
			d.stopRequested(s)
		}
	case signalAlarm:
		var names []string
		if ev.Decode(&names) == nil {
			d.alarms(alarmsSeen{InAlarm: names})
		}
	case signalRecheck:
		if !main.Finished() {
			d.effects = append(d.effects, d.alarmEffect("/recheck", effectCheck))
		}
	}
}

// inspected takes in what the revision says, if it was read only now, and begins.
func (d *deciding) inspected(ev durable.Event) {
	main := &d.p.Main
	var in inspection
	if ev.Failure != nil {
		in.Failure = internalError(ev.Failure)
	} else if err := ev.Decode(&in); err != nil {
		in.Failure = internalError(err)
	}
	if in.AppSpec != nil && main.Inspecting {
		d.p.Resource = in.AppSpec.Resource
		in.AppSpec.into(&main.Spec)
	}
	if main.Spec.CurrentVersion == "" {
		main.Spec.CurrentVersion = in.Alias.Version
	}
	inAlarm := append(in.Alarms.InAlarm, d.p.Fired...)
	d.p.Fired = nil
	untouched := in.Alias.Version == main.Spec.CurrentVersion && len(in.Alias.Weights) == 0
	switch {
	case in.Failure != nil:
		d.tell(main, rollout.InspectFailed(ev.EffectID, *in.Failure))
	case untouched && len(inAlarm) == 0 && len(in.Alarms.Unreadable) > 0 && !main.Spec.IgnorePollAlarmFailure:
		d.tell(main, rollout.AlarmsUnreadable(in.Alarms.Unreadable...))
	default:
		d.tell(main, rollout.Inspected(ev.EffectID, in.Alias, inAlarm))
	}
	if main.Status == rollout.InProgress && main.Ending == nil && len(main.Spec.Alarms) > 0 && main.Spec.AlarmsEnabled {
		d.effects = append(d.effects, d.alarmEffect("/watch", effectWatch))
	}
}

// hookReturned takes in how the hook's function ended. That it ended well means nothing yet: it may
// have passed the check on to something slower that calls back later.
func (d *deciding) hookReturned(ev durable.Event) {
	main := &d.p.Main
	var h hookResult
	if ev.Failure != nil {
		d.tell(main, rollout.HookInvokeFailed(ev.EffectID, ev.Failure.Message))
		return
	}
	if ev.Decode(&h) != nil {
		return
	}
	if h.LogTail != "" {
		if main.Logs == nil {
			main.Logs = map[rollout.LifecycleName]string{}
		}
		main.Logs[h.Lifecycle] = h.LogTail
	}
	switch {
	case h.NotInvoked != "":
		d.tell(main, rollout.HookInvokeFailed(ev.EffectID, h.NotInvoked))
	case h.FunctionError != "":
		d.tell(main, rollout.HookFunctionFailed(h.Lifecycle, h.FunctionError))
	default:
		d.tell(main, rollout.HookInvoked(ev.EffectID))
	}
}

// aliasAnswered finds out by the effect's id, which begins with the deployment's, whether the main
// deployment or its rollback had asked for the update.
func (d *deciding) aliasAnswered(ev durable.Event) {
	run := &d.p.Main
	if d.p.Rollback != nil && strings.HasPrefix(ev.EffectID, d.p.Rollback.Spec.DeploymentID+"/") {
		run = d.p.Rollback
	}
	var a aliasResult
	if ev.Failure != nil {
		a.Failure = internalError(ev.Failure)
	} else if err := ev.Decode(&a); err != nil {
		a.Failure = internalError(err)
	}
	if a.Failure != nil {
		d.tell(run, rollout.AliasUpdateFailed(ev.EffectID, *a.Failure))
		return
	}
	d.tell(run, rollout.AliasUpdated(ev.EffectID))
}

// alarms is told what some of the watched alarms say. While the alias is still being inspected
// nothing is known of it, so nothing may be rolled back: the news waits for the inspection.
func (d *deciding) alarms(seen alarmsSeen) {
	main := &d.p.Main
	if main.Inspecting {
		d.p.Fired = append(d.p.Fired, seen.InAlarm...)
		return
	}
	if len(seen.InAlarm) > 0 {
		d.tell(main, rollout.AlarmsFired(seen.InAlarm...))
	}
	if len(seen.Unreadable) > 0 {
		d.tell(main, rollout.AlarmsUnreadable(seen.Unreadable...))
	}
}

// stopRequested stops either deployment. A rollback that is stopped is not rolled back in turn.
func (d *deciding) stopRequested(s stop) {
	run := &d.p.Main
	if d.p.Rollback != nil && s.DeploymentID == d.p.Rollback.Spec.DeploymentID {
		run = d.p.Rollback
	}
	if no := false; run.Inspecting {
		s.AutoRollback = &no // nothing was changed, and nothing is known of the alias
	}
	d.tell(run, rollout.StopRequested(s.AutoRollback))
}

// settle lets time pass for the deployment that runs, and tells the deployment that was rolled
// back how that went.
func (d *deciding) settle() {
	run := &d.p.Main
	if d.p.Rollback != nil {
		run = d.p.Rollback
	}
	d.tell(run, rollout.Woken())
	if r := d.p.Rollback; r != nil {
		if run != r { // it began just now
			d.tell(r, rollout.Woken())
		}
		if r.Finished() {
			d.tell(&d.p.Main, rollout.RollbackFinished(r.Status))
		}
	}
}

// tell gives an event to a deployment and turns the actions that follow into effects and rows.
func (d *deciding) tell(run *progress, e rollout.Event) {
	var actions []rollout.Action
	var wake time.Time
	run.State, actions, wake = rollout.Decide(run.State, e, d.now)
	if !run.Finished() {
		d.wake = wake
	}
	for _, a := range actions {
		d.act(run, a)
	}
}

// act is rollout's actions, one by one. Their ids serve as the effects' ids: both are stable over
// repeats.
func (d *deciding) act(run *progress, a rollout.Action) {
	switch a.Kind {
	case rollout.Inspect:
		d.effects = append(d.effects, durable.Effect{ID: a.ID, Name: effectInspect, Args: d.inspectArgs()})
	case rollout.InvokeHook:
		d.effects = append(d.effects, durable.Effect{ID: a.ID, Name: effectHook, Args: hookArgs{
			Caller: d.p.Caller, DeploymentID: run.Spec.DeploymentID, Function: a.Hook,
			Lifecycle: a.Lifecycle, ExecutionID: d.p.HookIDs[a.Lifecycle]}})
	case rollout.SetAlias:
		d.effects = append(d.effects, durable.Effect{ID: a.ID, Name: effectAlias, Args: d.aliasArgs(run, a)})
	case rollout.StartRollback:
		// The group's lock goes over in this very transaction: no other deployment slips in between.
		d.p.Rollback = &progress{State: rollout.New(rollout.RollbackSpec(run.State), d.now)}
		d.rows = append(d.rows, db.Stmt{SQL: `UPDATE codedeploy_running SET deployment_id = $1 WHERE group_id = $2`,
			Args: []any{d.p.Rollback.Spec.DeploymentID, d.p.GroupID}})
		d.trigger(types.TriggerEventTypeDeploymentRollback, d.p.Rollback)
		d.tell(d.p.Rollback, rollout.Started())
	case rollout.Finish:
		d.finish(run, *a.Final)
	}
}

// finish gives back what the deployment held: its alarms, and the group unless a rollback goes on.
func (d *deciding) finish(run *progress, f rollout.Final) {
	d.wake = time.Time{}
	if run == &d.p.Main {
		d.rows = append(d.rows, db.Stmt{SQL: `DELETE FROM codedeploy_watch WHERE account = $1 AND region = $2 AND instance = $3`,
			Args: []any{d.p.Caller.Account, d.p.Caller.Region, run.Spec.DeploymentID}})
	}
	d.rows = append(d.rows, db.Stmt{SQL: `DELETE FROM codedeploy_running WHERE group_id = $1 AND deployment_id = $2`,
		Args: []any{d.p.GroupID, run.Spec.DeploymentID}})
	switch f.Status {
	case rollout.Succeeded:
		d.trigger(types.TriggerEventTypeDeploymentSuccess, run)
	case rollout.Failed:
		d.trigger(types.TriggerEventTypeDeploymentFailure, run)
	case rollout.Stopped:
		d.trigger(types.TriggerEventTypeDeploymentStop, run)
	}
}

// record writes the rows of the deployments that have changed, and says so.
func (d *deciding) record(before [2]string) {
	if now := encode(d.p.Main); now != before[0] {
		d.update(d.p.Main, now)
	}
	if d.p.Rollback == nil {
		return
	}
	switch now := encode(*d.p.Rollback); {
	case before[1] == "":
		d.insertRollback(now)
	case now != before[1]:
		d.update(*d.p.Rollback, now)
	}
}

// update writes the row and tells of it, so that CloudFormation and live views need not poll.
func (d *deciding) update(run progress, encoded string) {
	d.rows = append(d.rows, db.Stmt{
		SQL: `UPDATE codedeploy_deployment SET status = $1, completed_at = $2, progress = $3 WHERE account = $4 AND region = $5 AND id = $6`,
		Args: []any{string(run.Status), millis(run.CompletedAt), encoded,
			d.p.Caller.Account, d.p.Caller.Region, run.Spec.DeploymentID}})
	d.notices = append(d.notices, db.Notice{Topic: Topic, Payload: run.Spec.DeploymentID})
}

// encode writes v as JSON with sorted keys: equal values give equal text.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil { // plain data: cannot happen
		panic(err)
	}
	return string(b)
}

// internalError is a failure that is nobody's configuration's fault.
func internalError(err error) *rollout.Failure {
	return &rollout.Failure{Code: string(types.ErrorCodeInternalError), Message: err.Error()}
}

// without is list without s; list itself stays as it is.
func without(list []string, s string) []string {
	var out []string
	for _, v := range list {
		if v != s {
			out = append(out, v)
		}
	}
	return out
}
