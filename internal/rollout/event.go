package rollout

// EventKind says what happened.
type EventKind string

// The kinds of event; see the constructors.
const (
	KindStarted           EventKind = "Started"
	KindWoken             EventKind = "Woken"
	KindInspected         EventKind = "Inspected"
	KindInspectFailed     EventKind = "InspectFailed"
	KindHookInvoked       EventKind = "HookInvoked"
	KindHookInvokeFailed  EventKind = "HookInvokeFailed"
	KindHookCallback      EventKind = "HookCallback"
	KindAliasUpdated      EventKind = "AliasUpdated"
	KindAliasUpdateFailed EventKind = "AliasUpdateFailed"
	KindAlarmsFired       EventKind = "AlarmsFired"
	KindAlarmsUnreadable  EventKind = "AlarmsUnreadable"
	KindStopRequested     EventKind = "StopRequested"
	KindRollbackFinished  EventKind = "RollbackFinished"
)

// Event is something that happened to a deployment. It is plain data, so that it can be stored
// and delivered again: an event that no longer fits the state is ignored.
type Event struct {
	Kind         EventKind     `json:"kind"`
	Action       string        `json:"action,omitempty"` // id of the action that this answers
	Lifecycle    LifecycleName `json:"lifecycle,omitempty"`
	Succeeded    bool          `json:"succeeded,omitempty"`
	Alias        *AliasSeen    `json:"alias,omitempty"`
	Alarms       []string      `json:"alarms,omitempty"`
	Failure      *Failure      `json:"failure,omitempty"`
	AutoRollback *bool         `json:"autoRollback,omitempty"`
	Status       Status        `json:"status,omitempty"`
}

// AliasSeen is an alias as Lambda shows it; Weights are fractions of 1 by version.
type AliasSeen struct {
	Version string             `json:"version"`
	Weights map[string]float64 `json:"weights,omitempty"`
}

// Started begins the deployment.
func Started() Event { return Event{Kind: KindStarted} }

// Woken says that the wake time of the last decision has come.
func Woken() Event { return Event{Kind: KindWoken} }

// Inspected answers Inspect: the alias, and the spec's alarms that are in ALARM now.
func Inspected(action string, alias AliasSeen, inAlarm []string) Event {
	return Event{Kind: KindInspected, Action: action, Alias: &alias, Alarms: inAlarm}
}

// InspectFailed answers Inspect when the alias cannot be read.
func InspectFailed(action string, f Failure) Event {
	return Event{Kind: KindInspectFailed, Action: action, Failure: &f}
}

// HookInvoked answers InvokeHook: Lambda accepted the invocation.
func HookInvoked(action string) Event { return Event{Kind: KindHookInvoked, Action: action} }

// HookInvokeFailed answers InvokeHook: no such function, no permission …
func HookInvokeFailed(action, message string) Event {
	return Event{Kind: KindHookInvokeFailed, Action: action, Failure: &Failure{HookExecutionFailure, message}}
}

// HookCallback is PutLifecycleEventHookExecutionStatus.
func HookCallback(l LifecycleName, succeeded bool) Event {
	return Event{Kind: KindHookCallback, Lifecycle: l, Succeeded: succeeded}
}

// HookFunctionFailed says that the hook's function ended with an error after Lambda had accepted
// it and all its retries are used up, so that no callback can come any more.
func HookFunctionFailed(l LifecycleName, message string) Event {
	return Event{Kind: KindHookCallback, Lifecycle: l, Failure: &Failure{HookExecutionFailure, message}}
}

// AliasUpdated answers SetAlias.
func AliasUpdated(action string) Event { return Event{Kind: KindAliasUpdated, Action: action} }

// AliasUpdateFailed answers SetAlias; the alias is as it was.
func AliasUpdateFailed(action string, f Failure) Event {
	return Event{Kind: KindAliasUpdateFailed, Action: action, Failure: &f}
}

// AlarmsFired says that alarms entered ALARM.
func AlarmsFired(names ...string) Event { return Event{Kind: KindAlarmsFired, Alarms: names} }

// AlarmsUnreadable says that the state of alarms cannot be had (deleted, say).
func AlarmsUnreadable(names ...string) Event { return Event{Kind: KindAlarmsUnreadable, Alarms: names} }

// StopRequested is StopDeployment; a nil autoRollback leaves the choice to the group.
func StopRequested(autoRollback *bool) Event {
	return Event{Kind: KindStopRequested, AutoRollback: autoRollback}
}

// RollbackFinished tells the deployment that was rolled back how its rollback ended.
func RollbackFinished(status Status) Event { return Event{Kind: KindRollbackFinished, Status: status} }
