package integration

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
)

// attempts is how often a call is tried that fails for a reason of the platform's own (a store that is away, say) before the
// task fails as it does where AWS answers 500; the pauses between, of real time, begin with pause and double.
const (
	attempts = 5
	pause    = 50 * time.Millisecond
)

// Run makes a call. The error is that of ctx: the call may be repeated, with the same Key. Whatever a service answers is an
// Answer.
func (s *Set) Run(ctx context.Context, c Call) (Answer, error) {
	switch {
	case c.Resource.Kind == asl.LambdaFunction:
		return s.runFunction(ctx, c)
	case c.Resource.Service == "lambda" && c.Resource.Action == "invoke":
		return s.runInvoke(ctx, c)
	case c.Resource.Service == "http" && c.Resource.Action == "invoke":
		return s.runHTTP(ctx, c)
	}
	if name, ok := strings.CutPrefix(c.Resource.Service, sdkPrefix); ok {
		return s.runSDK(ctx, c, name)
	}
	if _, ok := optimised[c.Resource.Service][c.Resource.Action]; ok && s.service(c.Resource.Service) != nil {
		return s.runOptimised(ctx, c)
	}
	return refused(s.unknown(c.Resource)), nil
}

// refused is the failure of a task that was never started.
func refused(err error) Answer {
	return Answer{Failed: true, Refused: true, Error: asl.ErrRuntime, Cause: err.Error()}
}

// runSDK calls any operation of any service.
func (s *Set) runSDK(ctx context.Context, c Call, name string) (Answer, error) {
	o, err := s.operation(name, c.Resource)
	if err != nil {
		return refused(err), nil
	}
	result, pinned, err := s.callOperation(ctx, c, o)
	if err != nil {
		return c.failure(err, o.service.api.failed)
	}
	return Answer{Output: jsonvalue.FromValue(result), Pinned: pinned}, nil
}

// runOptimised calls an operation as an optimised integration does: the result tells of the call as well.
func (s *Set) runOptimised(ctx context.Context, c Call) (Answer, error) {
	o, err := s.operation(c.Resource.Service, c.Resource)
	if err != nil {
		return refused(err), nil
	}
	result, pinned, err := s.callOperation(ctx, c, o)
	if err != nil {
		return c.failure(err, o.service.api.failedLegacy)
	}
	return Answer{Output: jsonvalue.FromValue(s.withMetadata(result, c.requestID())), Pinned: pinned}, nil
}

// callOperation calls an operation with a task's parameters.
func (s *Set) callOperation(ctx context.Context, c Call, o *operation) (result any, pinned Pins, err error) {
	out, err := s.invoke(ctx, c, o, func(in reflect.Value) error {
		if err := s.codec.decode(c.Parameters.Value(), in.Elem()); err != nil {
			return err
		}
		switch in := in.Interface().(type) {
		case *lambda.InvokeInput:
			if pinned, err = s.pinInput(ctx, c, in); err != nil {
				return err
			}
		case *s3.PutObjectInput:
			completePut(in, c.Parameters)
		}
		setTokens(in.Elem(), c.requestID())
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if o.service.name == "s3" {
		out = completeS3(out, c.Parameters)
	}
	result, err = s.codec.encode(reflect.ValueOf(out))
	return result, pinned, err
}

// failure makes an Answer of an error of invoke.
func (c Call) failure(err error, word func(smithy.APIError, string) Answer) (Answer, error) {
	if bad := (*parameterError)(nil); errors.As(err, &bad) {
		return invalidParameters(c.Parameters, bad), nil
	}
	if answered := smithy.APIError(nil); errors.As(err, &answered) {
		return word(answered, c.requestID()), nil
	}
	return Answer{}, err
}

// invoke calls an operation, more than once if the platform itself is in trouble. The input is filled for each try: streams are
// read but once. The error is a parameterError, what the service answered, or ctx's.
func (s *Set) invoke(ctx context.Context, c Call, o *operation, fill func(reflect.Value) error) (any, error) {
	for try := 1; ; try++ {
		in := reflect.New(o.in)
		err := fill(in)
		if err == nil {
			if text := o.rules.Check(in.Elem()); text != "" {
				return nil, &smithy.GenericAPIError{Code: "ValidationException", Message: text, Fault: smithy.FaultClient}
			}
			var out any
			if out, err = o.call(c.with(ctx), in); err == nil {
				return out, nil
			}
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		bad, answered := (*parameterError)(nil), smithy.APIError(nil)
		if errors.As(err, &bad) || errors.As(err, &answered) {
			return nil, err
		}
		s.Logger.Warn("call of an execution failed", "execution", c.Execution, "resource", c.Resource.ARN, "try", try, "error", err)
		if try == attempts || errors.Is(err, errPanic) {
			return nil, &smithy.GenericAPIError{Code: "InternalFailure", Fault: smithy.FaultServer,
				Message: "The request processing has failed because of an unknown error, exception or failure."}
		}
		select {
		case <-time.After(pause << (try - 1)):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// tokens are the members that make a request idempotent.
var tokens = []string{"ClientToken", "ClientRequestToken", "IdempotencyToken"}

// setTokens gives a request that has a token, and none yet, one of its own; and an execution a name, which is one too.
func setTokens(in reflect.Value, token string) {
	names := tokens
	if in.Type().Name() == "StartExecutionInput" {
		names = []string{"Name"}
	}
	for i := range in.NumField() {
		f := in.Field(i)
		if slices.Contains(names, in.Type().Field(i).Name) && f.Type() == reflect.TypeFor[*string]() && f.IsNil() {
			f.Set(reflect.ValueOf(&token))
		}
	}
}

// operation finds what a resource calls, or says what there is instead.
func (s *Set) operation(name string, r asl.Resource) (*operation, error) {
	svc := s.service(name)
	if svc == nil {
		return nil, s.unknown(r)
	}
	if o := svc.operations[r.Action]; o != nil {
		return o, nil
	}
	return nil, svc.unknownAction(r)
}
