package asl

import "fmt"

// Error names that the language reserves.
const (
	ErrAll            = "States.ALL"
	ErrTaskFailed     = "States.TaskFailed"
	ErrTimeout        = "States.Timeout"
	ErrHeartbeat      = "States.HeartbeatTimeout"
	ErrRuntime        = "States.Runtime"
	ErrQuery          = "States.QueryEvaluationError"
	ErrIntrinsic      = "States.IntrinsicFailure"
	ErrNoChoice       = "States.NoChoiceMatched"
	ErrDataLimit      = "States.DataLimitExceeded"
	ErrItemReader     = "States.ItemReaderFailed"
	ErrResultWriter   = "States.ResultWriterFailed"
	ErrTolerated      = "States.ExceedToleratedFailureThreshold"
	ErrPermissions    = "States.Permissions"
	ErrBranchFailed   = "States.BranchFailed"
	ErrResultPath     = "States.ResultPathMatchFailure"
	ErrParameterPath  = "States.ParameterPathFailure"
	maxPayload        = 256 << 10 // bytes of a state's input, output or result
	maxSeconds        = 99_999_999
	maxWait           = 1<<31 - 1 // seconds, a bit more than 24,855 days
	defaultEventLimit = 25_000
)

// Failure is a state's failure: an error name and an optional cause.
type Failure struct {
	Code  string
	Cause string
	// Location is the field whose expression failed; only of States.QueryEvaluationError.
	Location string

	evaluation bool // worded without the state's name yet: see located
	placed     bool // the cause names the state already
}

func (f *Failure) Error() string {
	if f.Cause == "" {
		return f.Code
	}
	return f.Code + ": " + f.Cause
}

// fatal failures end the execution: nothing retries or catches them.
func (f *Failure) fatal() bool { return f.Code == ErrRuntime }

// runtimeFailure is a failure of the definition on its data. The state's name and event are put before
// it by located.
func runtimeFailure(format string, args ...any) *Failure {
	return &Failure{Code: ErrRuntime, Cause: fmt.Sprintf(format, args...)}
}

// queryFailure is a failure of a JSONata field that is not the expression's own.
func queryFailure(location, format string, args ...any) *Failure {
	return &Failure{Code: ErrQuery, Location: location, evaluation: true, Cause: fmt.Sprintf(format, args...)}
}

// dataLimit tells that a state or task made more than a payload may hold.
func dataLimit(name string) *Failure {
	return &Failure{Code: ErrDataLimit,
		Cause: fmt.Sprintf("The state/task '%s' returned a result with a size exceeding the maximum number of bytes service limit.", name)}
}

// located puts the state before the causes that Step Functions words so.
func (f *Failure) located(state string, entered int64) *Failure {
	if f.placed {
		return f
	}
	out := *f
	out.placed = true
	switch f.Code {
	case ErrRuntime, ErrQuery, ErrIntrinsic, ErrNoChoice, ErrResultPath:
		out.Cause = fmt.Sprintf("An error occurred while executing the state '%s' (entered at the event id #%d). %s", state, entered, f.Cause)
	}
	return &out
}
