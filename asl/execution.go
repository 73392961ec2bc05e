package asl

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Status of an execution.
type Status string

// Statuses, as DescribeExecution answers them.
const (
	Running   Status = "RUNNING"
	Succeeded Status = "SUCCEEDED"
	Failed    Status = "FAILED"
	TimedOut  Status = "TIMED_OUT"
	Aborted   Status = "ABORTED"
)

// Execution is one run of a state machine, as data: it may be written as JSON between any two steps and read
// back. The definition is not part of it.
type Execution struct {
	Info
	Status       Status    `json:"status"`
	Input        Text      `json:"input"`
	Output       Text      `json:"output,omitzero"` // when it succeeded
	Error        string    `json:"error,omitempty"`
	Cause        string    `json:"cause,omitempty"`
	StartedAt    time.Time `json:"startedAt"`
	StoppedAt    time.Time `json:"stoppedAt,omitzero"`
	TimeoutAt    time.Time `json:"timeoutAt,omitzero"`
	RedriveCount int       `json:"redriveCount,omitempty"`
	// Refuse, if set, is asked before a task is scheduled: an activity that does not exist ends the execution.
	Refuse     func(Resource) *Failure `json:"-"`
	LastEvent  int64                   `json:"lastEvent"` // id of the newest history event
	LastFrame  int64                   `json:"lastFrame"`
	Randomness uint64                  `json:"randomness,omitempty"` // how many random numbers were drawn
	Frames     map[int64]*Frame        `json:"frames"`
}

// Info is what the service knows of an execution when it starts it.
type Info struct {
	ARN          string `json:"arn"`
	Name         string `json:"name"`
	RoleARN      string `json:"roleArn,omitempty"`
	MachineARN   string `json:"machineArn"`
	MachineName  string `json:"machineName"`
	VersionARN   string `json:"versionArn,omitempty"`
	AliasARN     string `json:"aliasArn,omitempty"`
	Partition    string `json:"partition,omitempty"` // aws unless set
	Region       string `json:"region"`
	Account      string `json:"account"`
	Express      bool   `json:"express,omitempty"`
	MapRunARN    string `json:"mapRunArn,omitempty"` // of a child of a distributed map
	ItemIndex    int    `json:"itemIndex,omitempty"`
	Item         Text   `json:"item,omitzero"`          // $$.Map.Item.Value of such a child
	EventLimit   int64  `json:"eventLimit,omitempty"`   // 25,000 unless set; negative: none
	PayloadLimit int    `json:"payloadLimit,omitempty"` // bytes, 256 KiB unless set
}

// Phase is what a frame waits for.
type Phase string

// Phases of a frame.
const (
	PhaseReady    Phase = "ready"    // about to enter its state; only within a step
	PhaseWaiting  Phase = "waiting"  // a Wait state, until WakeAt
	PhaseTask     Phase = "task"     // a Task state, for its task's result
	PhaseRetrying Phase = "retrying" // for WakeAt, then the state runs again
	PhaseChildren Phase = "children" // a Parallel or inline Map state, for its branches or iterations
	PhaseMapRun   Phase = "mapRun"   // a distributed Map state, for its run
	PhaseDone     Phase = "done"     // a branch or iteration that waits for its siblings
	PhaseFailed   Phase = "failed"   // where the execution failed: a redrive goes on here, or in the frames of the group
)

// Frame is one flow of control: the main flow, a branch of a Parallel state or an iteration of a Map state.
type Frame struct {
	ID     int64 `json:"id"`
	Parent int64 `json:"parent,omitempty"` // 0: the main flow
	Index  int   `json:"index,omitempty"`  // of the branch or iteration

	State      string          `json:"state"` // by name, in the frame's scope
	Phase      Phase           `json:"phase"`
	Input      Text            `json:"input"`               // the state's input, before InputPath
	Variables  map[string]Text `json:"variables,omitempty"` // assigned in this frame; outer ones are in the parents
	Previous   int64           `json:"previous,omitempty"`  // the event that the next one follows
	Before     int64           `json:"before,omitempty"`    // the event that the state's entry followed
	Entered    int64           `json:"entered,omitempty"`   // the state's …StateEntered event
	EnteredAt  time.Time       `json:"enteredAt,omitzero"`
	RetryCount int             `json:"retryCount,omitempty"`
	Retries    map[int]int     `json:"retries,omitempty"` // by retrier
	WakeAt     time.Time       `json:"wakeAt,omitzero"`

	Task   *PendingTask `json:"task,omitempty"`
	Group  *Group       `json:"group,omitempty"`
	MapRun string       `json:"mapRun,omitempty"` // ARN; of a frame that failed: the run that a redrive goes on with
	// MapRunRedrives counts the redrives of MapRun.
	MapRunRedrives int  `json:"mapRunRedrives,omitempty"`
	Output         Text `json:"output,omitzero"` // of a frame that is done
}

// PendingTask is a task that was scheduled and has not ended.
type PendingTask struct {
	ID               string    `json:"id"` // stable, unique in the execution
	Token            string    `json:"token,omitempty"`
	TimeoutAt        time.Time `json:"timeoutAt,omitzero"`
	HeartbeatAt      time.Time `json:"heartbeatAt,omitzero"`
	HeartbeatSeconds int64     `json:"heartbeatSeconds,omitempty"`
	Started          bool      `json:"started,omitempty"`
	Submitted        bool      `json:"submitted,omitempty"`
	Credentials      string    `json:"credentials,omitempty"`
}

// Group is the progress of a Parallel or inline Map state.
type Group struct {
	Children []int64 `json:"children"`        // frames, by index; 0: finished, the output was taken
	Items    Text    `json:"items,omitzero"`  // of a Map state
	Length   int     `json:"length"`          // branches or iterations
	Next     int     `json:"next"`            // the first that has not begun
	Done     int     `json:"done"`            // how many succeeded
	Limit    int     `json:"limit,omitempty"` // at once; 0: no limit
}

// NextWake returns the earliest time at which something is due: a wait, a retry, a time-out. Zero: never.
func (x *Execution) NextWake() time.Time {
	if x.Status != Running {
		return time.Time{}
	}
	wake := x.TimeoutAt
	sooner := func(t time.Time) {
		if !t.IsZero() && (wake.IsZero() || t.Before(wake)) {
			wake = t
		}
	}
	for _, f := range x.Frames {
		sooner(f.WakeAt)
		if f.Task != nil {
			sooner(f.Task.TimeoutAt)
			sooner(f.Task.HeartbeatAt)
		}
	}
	return wake
}

// PendingTasks lists the ids of the tasks under way.
func (x *Execution) PendingTasks() []string {
	var out []string
	for _, f := range x.sortedFrames() {
		if f.Task != nil && f.Phase == PhaseTask {
			out = append(out, f.Task.ID)
		}
	}
	return out
}

func (x *Execution) sortedFrames() []*Frame {
	out := make([]*Frame, 0, len(x.Frames))
	for _, f := range x.Frames {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b *Frame) int { return int(a.ID - b.ID) })
	return out
}

func (x *Execution) frameOfTask(id string) *Frame {
	frame, _, _ := strings.Cut(id, "-") // see frameKey
	n, err := strconv.ParseInt(frame, 10, 64)
	f := x.Frames[n]
	if err != nil || f == nil || f.Task == nil || f.Task.ID != id || f.Phase != PhaseTask {
		return nil
	}
	return f
}

func (x *Execution) partition() string {
	if x.Partition == "" {
		return "aws"
	}
	return x.Partition
}

func (x *Execution) payloadLimit() int {
	if x.PayloadLimit > 0 {
		return x.PayloadLimit
	}
	return maxPayload
}
