package wire

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/aws/smithy-go"
)

// Error is an AWS error that no service models, with the status it travels with: a bad
// signature, a body too large, an operation that is not there.
type Error struct {
	Code, Message string
	Status        int
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// ErrorCode implements smithy.APIError.
func (e *Error) ErrorCode() string { return e.Code }

// ErrorMessage implements smithy.APIError.
func (e *Error) ErrorMessage() string { return e.Message }

// ErrorFault tells by the status whose fault it was.
func (e *Error) ErrorFault() smithy.ErrorFault {
	if e.Status >= 500 {
		return smithy.FaultServer
	}
	return smithy.FaultClient
}

// BadInput is a request that cannot be decoded. It is answered as SerializationException (query:
// MalformedInput).
type BadInput struct {
	Path   string // of the member, empty for the body as a whole
	Reason string
}

func (e *BadInput) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Path + ": " + e.Reason
}

func badInput(format string, args ...any) error {
	return &BadInput{Reason: fmt.Sprintf(format, args...)}
}

// within says where err occurred: in the member name, or in an element written as [3]. Paths are
// put together on the way out, so that requests without a mistake do not pay for them.
func within(name string, err error) error {
	var bad *BadInput
	if !errors.As(err, &bad) {
		return err
	}
	if bad.Path != "" && bad.Path[0] != '[' {
		name += "."
	}
	return &BadInput{Path: name + bad.Path, Reason: bad.Reason}
}

func index(i int) string { return "[" + strconv.Itoa(i) + "]" }

func tooLarge(limit int64) error {
	return &Error{Code: "RequestEntityTooLargeException", Status: http.StatusRequestEntityTooLarge,
		Message: "Request must be smaller than " + strconv.FormatInt(limit, 10) + " bytes"}
}

// unsupported says that AWS has the operation and Headgate has not. 501 is a status that the
// SDKs do not retry.
func unsupported(service, operation string) error {
	return &Error{Code: "UnsupportedOperation", Status: http.StatusNotImplemented,
		Message: "Headgate does not implement " + service + ":" + operation + " yet"}
}

var _ smithy.APIError = (*Error)(nil)
