package runtimeapi

import (
	"fmt"
	"io"
	"time"
)

// Invocation is one event on its way to the runtime.
type Invocation struct {
	RequestID          string
	Deadline           time.Time // real time; handed over in milliseconds
	InvokedFunctionARN string
	TraceID            string // X-Amzn-Trace-Id, may be empty
	ClientContext      string // JSON, may be empty
	CognitoIdentity    string // JSON, may be empty
	Payload            []byte // not changed, not kept after the invocation

	// Stream, when set, receives the parts of a streamed response as the runtime sends them;
	// Result.Payload is then empty. Responses that are not streamed never go there.
	Stream io.Writer
}

// Result is the runtime's answer to an invocation.
type Result struct {
	Payload       []byte // the caller's to keep
	FunctionError string // "" or "Unhandled", the value of X-Amz-Function-Error
	ErrorType     string // e.g. "Error", "Runtime.ExitError"; set with FunctionError
	ContentType   string // of a streamed response
	Streamed      bool   // the runtime chose the streaming response mode
}

// Failure is an error that the runtime or an extension reported outside an invocation.
type Failure struct {
	Type    string // Lambda-Runtime-Function-Error-Type, e.g. "Runtime.ImportModuleError"
	Payload []byte // the error document {errorType, errorMessage, …} as it came
}

func (f *Failure) Error() string { return fmt.Sprintf("%s: %s", f.Type, f.Payload) }

// state is where the runtime stands; see the drawing in doc.go.
type state uint8

const (
	starting state = iota
	initFailed
	ready
	running
	responded
)

func (s state) String() string {
	return [...]string{"Starting", "InitFailed", "Ready", "Running", "Responded"}[s]
}

// MaxPayload is the largest response in bytes: six megabytes and Lambda's own allowance for the
// envelope. A streamed response may reach MaxStream.
const (
	MaxPayload = 6<<20 + 100
	MaxStream  = 200 << 20
)

// TooLarge is the result of an invocation whose response exceeded MaxPayload.
func TooLarge() Result {
	return Result{
		FunctionError: "Unhandled", ErrorType: "Function.ResponseSizeTooLarge",
		Payload: fmt.Appendf(nil, `{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (%d bytes)."}`, MaxPayload),
	}
}
