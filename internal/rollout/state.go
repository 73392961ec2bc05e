package rollout

import (
	"errors"
	"time"
)

// Status of a deployment. Of CodeDeploy's eight, a Lambda deployment takes these.
type Status string

// The statuses.
const (
	Created    Status = "Created"
	InProgress Status = "InProgress"
	Succeeded  Status = "Succeeded"
	Failed     Status = "Failed"
	Stopped    Status = "Stopped"
)

// LifecycleName names one of the three lifecycle events of a Lambda deployment.
type LifecycleName string

// The lifecycle events, in their order.
const (
	BeforeAllowTraffic LifecycleName = "BeforeAllowTraffic"
	AllowTraffic       LifecycleName = "AllowTraffic"
	AfterAllowTraffic  LifecycleName = "AfterAllowTraffic"
)

// LifecycleStatus is the status of one lifecycle event.
type LifecycleStatus string

// The statuses that occur here; Unknown never does.
const (
	EventPending    LifecycleStatus = "Pending"
	EventInProgress LifecycleStatus = "InProgress"
	EventSucceeded  LifecycleStatus = "Succeeded"
	EventFailed     LifecycleStatus = "Failed"
	EventSkipped    LifecycleStatus = "Skipped"
)

// RollbackEvent is an ending on which a deployment group rolls back by itself.
type RollbackEvent string

// The endings.
const (
	OnFailure       RollbackEvent = "DEPLOYMENT_FAILURE"
	OnStopOnAlarm   RollbackEvent = "DEPLOYMENT_STOP_ON_ALARM"
	OnStopOnRequest RollbackEvent = "DEPLOYMENT_STOP_ON_REQUEST"
)

// Time limits (FACTS §3).
const (
	HookTimeout       = 3600 * time.Second // of a lifecycle event whose hook does not call back
	DeploymentTimeout = 50 * time.Hour     // of a Lambda deployment in all
)

// Spec is what a deployment is to do. It is fixed when the deployment is created (but for a
// CurrentVersion left open): changes of the group or of the deployment configuration do not reach a
// running deployment.
type Spec struct {
	DeploymentID string `json:"deploymentId"`
	// RollbackDeploymentID is drawn when the deployment is created and used only if a rollback
	// starts: so Decide needs no randomness, and a replay starts the same rollback, not a second.
	RollbackDeploymentID string `json:"rollbackDeploymentId,omitempty"`

	FunctionName string `json:"functionName"`
	Alias        string `json:"alias"`
	// CurrentVersion is where the alias must point at the start. An AppSpec may leave it out (FACTS
	// trap 13): then it is what Inspect finds.
	CurrentVersion string `json:"currentVersion"`
	TargetVersion  string `json:"targetVersion"`

	Traffic TrafficConfig `json:"traffic"`
	// Hooks maps BeforeAllowTraffic and AfterAllowTraffic to a function's name or ARN.
	Hooks map[LifecycleName]string `json:"hooks,omitempty"`

	AlarmsEnabled          bool            `json:"alarmsEnabled,omitempty"`
	Alarms                 []string        `json:"alarms,omitempty"`
	IgnorePollAlarmFailure bool            `json:"ignorePollAlarmFailure,omitempty"`
	RollbackOn             []RollbackEvent `json:"rollbackOn,omitempty"` // empty: no automatic rollback

	// RollbackOf is the deployment that this one rolls back, else empty.
	RollbackOf string `json:"rollbackOf,omitempty"`
}

// LifecycleEvent is the progress of one lifecycle event. All three are always listed.
type LifecycleEvent struct {
	Name      LifecycleName   `json:"name"`
	Status    LifecycleStatus `json:"status"`
	StartTime *time.Time      `json:"startTime,omitempty"`
	EndTime   *time.Time      `json:"endTime,omitempty"`
	Message   string          `json:"message,omitempty"` // why it failed
}

// Failure is why a deployment ended: errorInformation, and how an effect reports its own failure.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// RollbackInfo is CodeDeploy's rollbackInfo, on either side of a rollback.
type RollbackInfo struct {
	RollbackDeploymentID           string `json:"rollbackDeploymentId,omitempty"`
	RollbackTriggeringDeploymentID string `json:"rollbackTriggeringDeploymentId,omitempty"`
	RollbackMessage                string `json:"rollbackMessage,omitempty"`
}

// State is a deployment in the middle of its life; as JSON it is all that must be stored. It is a
// value: Decide returns a new one and leaves the old one as it was.
type State struct {
	Spec         Spec              `json:"spec"`
	Status       Status            `json:"status"`
	Lifecycle    [3]LifecycleEvent `json:"lifecycle"`
	Weight       int               `json:"weight"` // percent that the alias is known to send to TargetVersion
	Failure      *Failure          `json:"failure,omitempty"`
	ActiveAlarms []string          `json:"activeAlarms,omitempty"` // those that ended the deployment
	Rollback     *RollbackInfo     `json:"rollback,omitempty"`

	CreatedAt      time.Time `json:"createdAt"`
	StartedAt      time.Time `json:"startedAt,omitzero"`
	TrafficStart   time.Time `json:"trafficStart,omitzero"` // of the first shift; the schedule counts from here
	CompletedAt    time.Time `json:"completedAt,omitzero"`
	RollbackStatus Status    `json:"rollbackStatus,omitempty"` // of the rollback deployment, once it has ended

	Inspecting  bool         `json:"inspecting,omitempty"`  // Inspect is unanswered
	HookInvoked bool         `json:"hookInvoked,omitempty"` // the running event's hook was accepted by Lambda
	Shift       *AliasUpdate `json:"shift,omitempty"`       // SetAlias is unanswered
	Shifts      int          `json:"shifts,omitempty"`      // SetAlias actions so far; makes their ids
	Ending      *Ending      `json:"ending,omitempty"`      // decided, but a SetAlias is unanswered
}

// Ending is how a deployment is going to end.
type Ending struct {
	Status   Status  `json:"status"`
	Failure  Failure `json:"failure"`
	Rollback bool    `json:"rollback"`
}

// New returns the state of a deployment that has just been created. The spec's traffic
// configuration must be valid; a rollback always shifts all at once.
func New(spec Spec, now time.Time) State {
	s := State{Spec: spec, Status: Created, CreatedAt: now}
	for i, name := range [...]LifecycleName{BeforeAllowTraffic, AllowTraffic, AfterAllowTraffic} {
		s.Lifecycle[i] = LifecycleEvent{Name: name, Status: EventPending}
	}
	if spec.RollbackOf != "" {
		s.Spec.Traffic = TrafficConfig{Type: AllAtOnce}
		s.Rollback = &RollbackInfo{
			RollbackTriggeringDeploymentID: spec.RollbackOf,
			RollbackMessage:                "Deployment " + spec.DeploymentID + " is triggered to roll back deployment " + spec.RollbackOf + ".",
		}
	}
	return s
}

// RollbackSpec describes the deployment that undoes s.
func RollbackSpec(s State) Spec {
	return Spec{
		DeploymentID:   s.Spec.RollbackDeploymentID,
		FunctionName:   s.Spec.FunctionName,
		Alias:          s.Spec.Alias,
		CurrentVersion: s.Spec.TargetVersion,
		TargetVersion:  s.Spec.CurrentVersion,
		Traffic:        TrafficConfig{Type: AllAtOnce},
		RollbackOf:     s.Spec.DeploymentID,
	}
}

// Finished tells whether the deployment has its final status.
func (s State) Finished() bool {
	return s.Status == Succeeded || s.Status == Failed || s.Status == Stopped
}

// Settled tells whether nothing more can happen: finished, and so is the rollback it started.
func (s State) Settled() bool {
	return s.Finished() && (s.Rollback == nil || s.Rollback.RollbackDeploymentID == "" || s.RollbackStatus != "")
}

// What CheckCallback answers for a callback that comes at the wrong time.
var (
	ErrLifecycleCompleted  = errors.New("the lifecycle event has already completed")
	ErrLifecycleNotRunning = errors.New("the lifecycle event has no hook that waits for an answer")
)

// CheckCallback tells whether a hook's answer for l is awaited. A second answer, or one that comes
// after the deployment ended, gets ErrLifecycleCompleted (LifecycleEventAlreadyCompletedException).
func (s State) CheckCallback(l LifecycleName) error {
	for _, e := range s.Lifecycle {
		switch {
		case e.Name != l:
		case s.Spec.hook(l) == "":
			return ErrLifecycleNotRunning
		case e.Status == EventInProgress:
			return nil
		case e.Status == EventPending:
			return ErrLifecycleNotRunning
		default:
			return ErrLifecycleCompleted
		}
	}
	return ErrLifecycleNotRunning
}

// hook is the function that validates l; a rollback runs none.
func (p Spec) hook(l LifecycleName) string {
	if p.RollbackOf != "" || l == AllowTraffic {
		return ""
	}
	return p.Hooks[l]
}

// watches tells whether alarms can stop the deployment; a rollback goes on through them.
func (p Spec) watches() bool {
	return p.AlarmsEnabled && len(p.Alarms) > 0 && p.RollbackOf == ""
}
