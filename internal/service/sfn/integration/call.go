package integration

import (
	"time"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/caller"
)

// Call is what a Task state, an ItemReader or a ResultWriter asks for, and on whose behalf.
type Call struct {
	Caller    caller.Caller
	Role      string // the execution's role, an ARN
	Execution string // ARN
	State     string // by name

	Resource    asl.Resource
	Parameters  asl.Text
	Token       string // of .waitForTaskToken; Parameters hold it already where the definition wants it
	Credentials string // the role to assume instead of Role, an ARN

	// Key is unique to the effect and stable over its repeats: what a service takes as an idempotency token is made of it.
	Key string

	// Exact says that the execution's functions are pinned. A function that Pins does not tell is then pinned by
	// this call, and Answer.Pinned names it.
	Exact bool
	Pins  Pins
}

// Pins are the versions that an execution calls: qualified version ARN by the ARN that the definition means,
// in full (arn:aws:lambda:eu-west-1:123456789012:function:hello, or …:hello:live).
type Pins map[string]string

// Answer is how a call went. RequestResponse: the task's result. WaitForTaskToken: what TaskSubmitted carries.
type Answer struct {
	Output asl.Text

	Failed bool
	Error  string
	Cause  string
	// Refused tells that the call was never made: its parameters cannot be used.
	Refused bool

	// Pinned are pins made by this call, because nothing at the execution's start told them. Keep them with the
	// execution's others: what its next calls get.
	Pinned Pins
}

// Child is one child execution of a map run, as WriteResults puts it on record.
type Child struct {
	ARN, Name            string
	Status               asl.Status
	Input, Output        asl.Text
	Error, Cause         string
	StartedAt, StoppedAt time.Time // zero: it never started, or has not ended
}

// MapRun is what WriteResults records of a run.
type MapRun struct {
	ARN, MachineARN string
	Children        []Child // by index
}
