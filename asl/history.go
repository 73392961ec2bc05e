package asl

import "time"

// HistoryEvent is one event of an execution's history. It is flat, for storage: SDK gives AWS's form.
// Which fields are set depends on Type.
type HistoryEvent struct {
	ID              int64     `json:"id"`
	PreviousEventID int64     `json:"previousEventId"`
	Timestamp       time.Time `json:"timestamp"`
	Type            string    `json:"type"`

	Name                   string            `json:"name,omitempty"`
	Input                  *string           `json:"input,omitempty"`
	Output                 *string           `json:"output,omitempty"`
	Parameters             *string           `json:"parameters,omitempty"`
	AssignedVariables      map[string]string `json:"assignedVariables,omitempty"`
	Error                  string            `json:"error,omitempty"`
	Cause                  string            `json:"cause,omitempty"`
	State                  string            `json:"state,omitempty"`
	Location               string            `json:"location,omitempty"`
	Resource               string            `json:"resource,omitempty"`
	ResourceType           string            `json:"resourceType,omitempty"`
	Region                 string            `json:"region,omitempty"`
	TaskRoleARN            string            `json:"taskRoleArn,omitempty"`
	TimeoutInSeconds       *int64            `json:"timeoutInSeconds,omitempty"`
	HeartbeatInSeconds     *int64            `json:"heartbeatInSeconds,omitempty"`
	WorkerName             string            `json:"workerName,omitempty"`
	Index                  *int              `json:"index,omitempty"`
	Length                 *int              `json:"length,omitempty"`
	MapRunARN              string            `json:"mapRunArn,omitempty"`
	RedriveCount           *int64            `json:"redriveCount,omitempty"`
	RoleARN                string            `json:"roleArn,omitempty"`
	StateMachineVersionARN string            `json:"stateMachineVersionArn,omitempty"`
	StateMachineAliasARN   string            `json:"stateMachineAliasArn,omitempty"`
}
