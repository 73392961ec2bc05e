package cloudformation

import (
	"encoding/json"

	"github.com/headgate/headgate/internal/caller"
)

// kind is that of a stack operation's instance.
const kind = "cloudformation.stack"

// Names of effects.
const (
	effectEvaluate = "evaluate"
	effectApply    = "apply"
	effectCheck    = "check"
	effectCancel   = "cancel"
	effectPublish  = "publish"
)

// Signals to an operation.
const (
	signalCancel = "cancel update"
	signalDelete = "delete stack"
)

// Goals of an operation.
const (
	goalCreate   = "CREATE"
	goalUpdate   = "UPDATE"
	goalDelete   = "DELETE"
	goalRollback = "ROLLBACK" // of an update that stopped half-way
)

// operation is the state of the instance that works on a stack.
type operation struct {
	ID                 string
	Caller             caller.Caller
	StackID, StackName string
	Goal               string
	Token              string `json:",omitempty"` // the client's, shown in events
	ChangeSetID        string `json:",omitempty"`

	Deadline             int64    `json:",omitempty"` // platform milliseconds; of a creation with a time limit
	OnFailure            string   `json:",omitempty"` // of a creation: ROLLBACK, DELETE, DO_NOTHING
	DisableRollback      bool     `json:",omitempty"` // of an update
	RetainExceptOnCreate bool     `json:",omitempty"`
	Retain               []string `json:",omitempty"` // DeleteStack's RetainResources
	Imports              []string `json:",omitempty"` // names that the new template imports
	OldImports           []string `json:",omitempty"`

	Phase     phase
	Steps     map[string]*step // by logical id
	Tasks     map[string]*task // of this phase, by logical id
	Seq       int64            // of the newest event
	Cancelled string           `json:",omitempty"` // why; then no new tasks start
	Deleting  bool             `json:",omitempty"` // DeleteStack came during the creation
	Effects   int              // effects decided so far: their ids
}

type phase string

const (
	phaseForward        phase = "forward"
	phasePublish        phase = "publish"
	phaseCleanup        phase = "cleanup"
	phaseUndo           phase = "undo"
	phaseRestore        phase = "restore"
	phaseRestoreCleanup phase = "restoreCleanup"
	phaseDelete         phase = "delete"
	phaseDeleteRest     phase = "deleteRest"
)

// step is one resource over the whole operation.
type step struct {
	Type        string
	Physical    string   `json:",omitempty"` // of slot current
	OldPhysical string   `json:",omitempty"` // of slot previous, once it was replaced
	New         bool     `json:",omitempty"` // in the new template
	Old         bool     `json:",omitempty"` // existed before
	Force       bool     `json:",omitempty"` // an earlier operation failed on it: unchanged properties do not say that it is as wanted
	Deps        []string `json:",omitempty"` // in the new template
	OldDeps     []string `json:",omitempty"`
	Restored    bool     `json:",omitempty"` // an earlier operation took the previous one back already
	Done        change   `json:",omitempty"` // what this operation has done to it, or may have

	Deletion, Replacement string // the policies for its deletion and for its replacement's loser
}

// change is what an operation did to a resource. It is set before the effect that does it runs.
type change string

const (
	unchanged change = ""
	created   change = "created"
	updated   change = "updated"
	replaced  change = "replaced"
)

// task is one resource in one phase.
type task struct {
	Kind   taskKind
	Slot   string `json:",omitempty"` // of a removal
	After  []string
	State  taskState `json:",omitempty"`
	Action string    `json:",omitempty"` // create, update, replace, restore, delete
	Effect string    `json:",omitempty"` // id of the effect under way
	Token  string    `json:",omitempty"`

	Progress  json.RawMessage `json:",omitempty"`
	Hurried   bool            `json:",omitempty"` // asked to end early
	Initiated bool            `json:",omitempty"`
}

type taskKind string

const (
	taskConverge taskKind = "converge" // make it what the new template says
	taskRestore  taskKind = "restore"  // make it what it was
	taskRemove   taskKind = "remove"
)

type taskState string

const (
	taskWaiting  taskState = ""
	taskEvaluate taskState = "evaluate"
	taskApply    taskState = "apply"
	taskCheck    taskState = "check"
	taskDone     taskState = "done"
	taskFailed   taskState = "failed"
	taskSkipped  taskState = "skipped" // never begun, because another one failed
)

func (t *task) active() bool {
	return t.State == taskEvaluate || t.State == taskApply || t.State == taskCheck
}

// effectArgs is what an effect is told; all else it reads from the committed rows.
type effectArgs struct {
	Caller             caller.Caller
	StackID, StackName string
	Logical            string          `json:",omitempty"`
	Type               string          `json:",omitempty"`
	Slot               string          `json:",omitempty"` // that the handler acts on
	Action             string          `json:",omitempty"`
	Physical           string          `json:",omitempty"`
	Token              string          `json:",omitempty"`
	Old                bool            `json:",omitempty"`
	Force              bool            `json:",omitempty"`
	Progress           json.RawMessage `json:",omitempty"`
}

// evaluation is the result of effect evaluate.
type evaluation struct {
	Action  string // none, create, update, replace
	Named   bool   // the physical id is Doc.Name, known before the resource is made
	Doc     document
	Changed []string `json:",omitempty"`
}

// application is the result of apply and check.
type application struct {
	Physical   string
	Attributes map[string]any
	Pending    bool
	Progress   json.RawMessage
}
