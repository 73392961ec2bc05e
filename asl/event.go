package asl

// Event is what happens to an execution from outside. Exactly one of the types below.
type Event interface{ event() }

type (
	// Start begins the execution.
	Start struct{}
	// Wake tells that NextWake's time has come. Waking too early or twice does no harm.
	Wake struct{}
	// TaskStarted tells that a worker has taken an activity's task.
	TaskStarted struct {
		TaskID string `json:"taskId"`
		Worker string `json:"worker,omitempty"`
	}
	// TaskSubmitted tells what a service answered to a call whose end is yet to come (.sync, .waitForTaskToken).
	TaskSubmitted struct {
		TaskID string `json:"taskId"`
		Output Text   `json:"output"`
	}
	// TaskSucceeded ends a task with a result.
	TaskSucceeded struct {
		TaskID string `json:"taskId"`
		Output Text   `json:"output"`
	}
	// TaskFailed ends a task with an error.
	TaskFailed struct {
		TaskID string `json:"taskId"`
		Error  string `json:"error,omitempty"`
		Cause  string `json:"cause,omitempty"`
		// Refused tells that the task could not even be started: …StartFailed, …ScheduleFailed, TaskSubmitFailed.
		Refused bool `json:"refused,omitempty"`
	}
	// TaskHeartbeat tells that a task's worker is alive.
	TaskHeartbeat struct {
		TaskID string `json:"taskId"`
	}
	// MapRunEnded ends a distributed Map state's run: Output, or Error and Cause.
	MapRunEnded struct {
		MapRunARN string `json:"mapRunArn"`
		Output    Text   `json:"output,omitzero"`
		Error     string `json:"error,omitempty"`
		Cause     string `json:"cause,omitempty"`
		Failed    bool   `json:"failed,omitempty"`
		// Unread tells that it failed before it had its items, so that nothing of it can be redriven.
		Unread bool `json:"unread,omitempty"`
	}
	// Stop aborts the execution.
	Stop struct {
		Error string `json:"error,omitempty"`
		Cause string `json:"cause,omitempty"`
	}
	// Redrive goes on with an execution that failed, timed out or was aborted, where it stopped.
	Redrive struct{}
)

func (Start) event()         {}
func (Wake) event()          {}
func (TaskStarted) event()   {}
func (TaskSubmitted) event() {}
func (TaskSucceeded) event() {}
func (TaskFailed) event()    {}
func (TaskHeartbeat) event() {}
func (MapRunEnded) event()   {}
func (Stop) event()          {}
func (Redrive) event()       {}
