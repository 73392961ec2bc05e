package rollout

import "strconv"

// ActionKind says what the caller has to do.
type ActionKind string

// The kinds of action.
const (
	// Inspect reads the alias and the states of the alarms; answer Inspected or InspectFailed.
	Inspect ActionKind = "Inspect"
	// InvokeHook invokes Hook asynchronously for Lifecycle; answer HookInvoked or HookInvokeFailed.
	// The hook itself answers later, with HookCallback.
	InvokeHook ActionKind = "InvokeHook"
	// SetAlias writes Alias; answer AliasUpdated or AliasUpdateFailed, always.
	SetAlias ActionKind = "SetAlias"
	// StartRollback creates and starts the deployment RollbackSpec(state), unless it exists.
	StartRollback ActionKind = "StartRollback"
	// Finish publishes the final status. It comes once, and nothing comes after it.
	Finish ActionKind = "Finish"
)

// Action is one effect. Its ID is the same in every replay, so that an effect that runs twice can
// be recognised; every action is also safe to repeat as long as it is the deployment's last.
type Action struct {
	ID        string        `json:"id"`
	Kind      ActionKind    `json:"kind"`
	Lifecycle LifecycleName `json:"lifecycle,omitempty"`
	Hook      string        `json:"hook,omitempty"`
	Alias     *AliasUpdate  `json:"alias,omitempty"`
	Rollback  *RollbackInfo `json:"rollback,omitempty"`
	Final     *Final        `json:"final,omitempty"`
}

// AliasUpdate is what an alias must say: all of its traffic to Primary but for AdditionalWeight
// (a fraction of 1) to AdditionalVersion. An empty AdditionalVersion clears the weights.
type AliasUpdate struct {
	ID                string  `json:"id"`
	Primary           string  `json:"primary"`
	AdditionalVersion string  `json:"additionalVersion,omitempty"`
	AdditionalWeight  float64 `json:"additionalWeight,omitempty"`
	Percent           int     `json:"percent"` // of the target version, once done
}

// Final is a deployment's outcome; Code and Message are empty when it succeeded.
type Final struct {
	Status  Status `json:"status"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

func inspectID(s *State) string               { return s.Spec.DeploymentID + "/inspect" }
func hookID(s *State, l LifecycleName) string { return s.Spec.DeploymentID + "/hook/" + string(l) }
func shiftID(s *State) string                 { return s.Spec.DeploymentID + "/alias/" + strconv.Itoa(s.Shifts) }
func rollbackID(s *State) string              { return s.Spec.DeploymentID + "/rollback" }
func finishID(s *State) string                { return s.Spec.DeploymentID + "/finish" }
