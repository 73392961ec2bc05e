package asl

import "time"

// Command is what an execution wants done. Each has an id that is stable over repeats, so that it can be done
// once. Exactly one of the types below.
type Command interface {
	// Key is unique in the execution.
	Key() string
}

type (
	// ScheduleTask wants a task done; its end comes back as TaskSucceeded or TaskFailed with the same TaskID.
	ScheduleTask struct {
		TaskID      string    `json:"taskId"`
		State       string    `json:"state"`
		Resource    Resource  `json:"resource"`
		Parameters  Text      `json:"parameters"`            // the effective input
		Token       string    `json:"token,omitempty"`       // of activities and .waitForTaskToken
		Credentials string    `json:"credentials,omitempty"` // the role to assume, an ARN
		TimeoutAt   time.Time `json:"timeoutAt,omitzero"`
		Heartbeat   int64     `json:"heartbeatSeconds,omitempty"`
	}
	// CancelTask says that nobody waits for a task any more.
	CancelTask struct {
		TaskID   string   `json:"taskId"`
		Resource Resource `json:"resource"`
	}
	// StartMapRun wants a distributed Map state's children run; see MapRun, which decides what follows.
	StartMapRun struct {
		Run MapRunSpec `json:"run"`
	}
	// RedriveMapRun wants a run that failed or was stopped to go on: see RedriveRun.
	RedriveMapRun struct {
		MapRunARN string `json:"mapRunArn"`
	}
	// StopMapRun says that nobody waits for a map run any more.
	StopMapRun struct {
		MapRunARN string `json:"mapRunArn"`
	}
)

// Key is the task's id.
func (c ScheduleTask) Key() string { return c.TaskID }

// Key is made of the task's id.
func (c CancelTask) Key() string { return "cancel-" + c.TaskID }

// Key is the map run's ARN.
func (c StartMapRun) Key() string { return c.Run.ARN }

// Key is made of the map run's ARN.
func (c RedriveMapRun) Key() string { return "redrive-" + c.MapRunARN }

// Key is made of the map run's ARN.
func (c StopMapRun) Key() string { return "stop-" + c.MapRunARN }
