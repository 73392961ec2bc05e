package integration

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"
)

// s3Modelled are the errors that S3's model has; the others are S3Exceptions.
var s3Modelled = []smithy.APIError{
	&s3types.AccessDenied{}, &s3types.BucketAlreadyExists{}, &s3types.BucketAlreadyOwnedByYou{}, &s3types.EncryptionTypeMismatch{},
	&s3types.InvalidObjectState{}, &s3types.InvalidRequest{}, &s3types.InvalidWriteOffset{}, &s3types.NoSuchBucket{}, &s3types.NoSuchKey{},
	&s3types.NoSuchUpload{}, &s3types.NotFound{}, &s3types.ObjectAlreadyInActiveTierError{}, &s3types.ObjectNotInActiveTierError{}, &s3types.TooManyParts{},
}

// failed words an error that a service answered, as the SDK in which Step Functions calls it does:
//
//	S3.NoSuchKeyException: The specified key does not exist. (Service: S3, Status Code: 404, Request ID: …)
func (a api) failed(err smithy.APIError, requestID string) Answer {
	cause := fmt.Sprintf("%s (Service: %s, Status Code: %d, Request ID: %s", err.ErrorMessage(), a.sdk, a.status(err), requestID)
	if a.sdk == "S3" {
		cause += ", Extended Request ID: " + extendedID(requestID)
	}
	cause += ")"
	if a.attempts {
		cause += " (SDK Attempt Count: 1)"
	}
	return Answer{Failed: true, Error: a.sdk + "." + a.exception(err), Cause: cause}
}

// failedLegacy words it for an optimised integration, which calls through the first SDK.
func (a api) failedLegacy(err smithy.APIError, requestID string) Answer {
	name, code := a.legacy, errorCode(err)
	if modelled(err) {
		name = code
	}
	if x, ok := smithy.SchemaTrait[*traits.AWSQueryError](schemaOf(err)); ok { // the first SDK speaks the query protocol
		code = x.ErrorCode
	}
	return Answer{Failed: true, Error: a.prefix + "." + exceptionName(name), Cause: fmt.Sprintf(
		"%s (Service: %s; Status Code: %d; Error Code: %s; Request ID: %s; Proxy: null)", err.ErrorMessage(), a.legacy, a.status(err), code, requestID)}
}

// exception is the error's class in the SDK: its own, if the model has one, else the service's.
func (a api) exception(err smithy.APIError) string {
	if modelled(err) {
		return exceptionName(errorCode(err))
	}
	if a.sdk == "S3" {
		for _, e := range s3Modelled {
			if e.ErrorCode() == err.ErrorCode() {
				return exceptionName(e.ErrorCode())
			}
		}
	}
	return a.sdk + "Exception"
}

// exceptionName is the class of a code: NoSuchKeyException for NoSuchKey, InvalidTokenException for InvalidToken.
func exceptionName(code string) string {
	if strings.HasSuffix(code, "Exception") {
		return code
	}
	return strings.TrimSuffix(code, "Error") + "Exception"
}

// errorCode is the code without a namespace; of an error that the SDK has a struct for, the struct's name.
func errorCode(err smithy.APIError) string {
	if modelled(err) {
		return reflect.TypeOf(err).Elem().Name()
	}
	code := err.ErrorCode()
	return code[strings.LastIndexByte(code, '#')+1:]
}

// modelled tells an error of the service's model from a generic one: the SDK has a struct for it.
func modelled(err smithy.APIError) bool {
	t := reflect.TypeOf(err)
	return t.Kind() == reflect.Pointer && strings.HasSuffix(t.Elem().PkgPath(), "/types")
}

// status is the HTTP status that an error travels with.
func (a api) status(err smithy.APIError) int {
	if x, ok := smithy.SchemaTrait[*traits.HTTPError](schemaOf(err)); ok {
		return x.Code
	}
	if code, ok := a.statuses[err.ErrorCode()]; ok {
		return code
	}
	switch code := err.ErrorCode(); {
	case err.ErrorFault() == smithy.FaultServer:
		return http.StatusInternalServerError
	case a.sdk == "S3" && (strings.HasPrefix(code, "NoSuch") || code == "NotFound"):
		return http.StatusNotFound
	case a.sdk == "S3" && (strings.HasPrefix(code, "Bucket") || code == "OperationAborted"):
		return http.StatusConflict
	case code == "PreconditionFailed":
		return http.StatusPreconditionFailed
	case strings.HasPrefix(code, "AccessDenied"):
		return http.StatusForbidden
	}
	return http.StatusBadRequest
}

// schemaOf is the schema of an SDK's error, or nil if the SDK ships none: what the struct announces itself with.
func schemaOf(err error) (s *smithy.Schema) {
	z, ok := err.(smithy.Serializable)
	if !ok {
		return nil
	}
	p := &schemaProbe{}
	defer func() {
		if r := recover(); r != nil && p.found == nil {
			panic(r)
		}
		s = p.found
	}()
	z.Serialize(p)
	return p.found
}

type schemaProbe struct {
	smithy.ShapeSerializer
	found *smithy.Schema
}

// WriteStruct notes the schema and stops: the members that follow are of no interest.
func (p *schemaProbe) WriteStruct(s *smithy.Schema) {
	p.found = s
	panic(s)
}

// apiError finds what a service answered in err.
func apiError(err error) (answered smithy.APIError, ok bool) {
	ok = errors.As(err, &answered)
	return answered, ok
}
