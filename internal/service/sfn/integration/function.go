package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
	"github.com/headgate/headgate/internal/caller"
)

// unknownFunctionError is the error of a function that failed without saying of what type its error is.
const unknownFunctionError = "Lambda.Unknown"

// runFunction invokes the function whose ARN is the task's resource: the input is the event, the result the task's.
func (s *Set) runFunction(ctx context.Context, c Call) (Answer, error) {
	out, pinned, err := s.invokeFunction(ctx, c, func() (*lambda.InvokeInput, error) {
		return &lambda.InvokeInput{FunctionName: aws.String(c.Resource.ARN), Payload: []byte(c.Parameters.String())}, nil
	})
	if err != nil {
		return c.failure(err, apis["lambda"].failedLegacy)
	}
	if out.FunctionError != nil {
		return functionFailed(out, pinned), nil
	}
	return Answer{Output: payload(out.Payload), Pinned: pinned}, nil
}

// runInvoke is lambda:invoke: the result tells of the call as well.
func (s *Set) runInvoke(ctx context.Context, c Call) (Answer, error) {
	out, pinned, err := s.invokeFunction(ctx, c, func() (*lambda.InvokeInput, error) {
		in := &lambda.InvokeInput{}
		if err := s.codec.decode(c.Parameters.Value(), reflect.ValueOf(in).Elem()); err != nil {
			return nil, err
		}
		if aws.ToString(in.FunctionName) == "" {
			return nil, parameterErrorf("The required parameter 'FunctionName' is missing")
		}
		in.Payload = event(c.Parameters)
		return in, nil
	})
	if err != nil {
		return c.failure(err, apis["lambda"].failedLegacy)
	}
	if out.FunctionError != nil {
		a := functionFailed(out, pinned)
		a.Cause = compact(a.Cause) // as AWS has it here, but not where the resource is the function itself
		return a, nil
	}
	return Answer{Output: jsonvalue.FromValue(s.invokeResult(c, out)), Pinned: pinned}, nil
}

func (s *Set) invokeFunction(ctx context.Context, c Call, input func() (*lambda.InvokeInput, error)) (*lambda.InvokeOutput, Pins, error) {
	o, err := s.operation("lambda", asl.Resource{ARN: c.Resource.ARN, Service: "lambda", Action: "invoke"})
	if err != nil {
		return nil, nil, parameterErrorf("%s", err.Error())
	}
	var pinned Pins
	out, err := s.invoke(ctx, c, o, func(v reflect.Value) error {
		in, err := input()
		if err != nil {
			return err
		}
		if pinned, err = s.pinInput(ctx, c, in); err != nil {
			return err
		}
		v.Elem().Set(reflect.ValueOf(in).Elem())
		return nil
	})
	if err != nil {
		return nil, pinned, err
	}
	return out.(*lambda.InvokeOutput), pinned, nil
}

// event is what lambda:invoke sends: the Payload, {} without one. A text that is JSON is sent as that, not as a text.
func event(parameters asl.Text) []byte {
	o, _ := parameters.Value().(*asl.Object)
	if o == nil {
		return []byte("{}")
	}
	v, ok := o.Get("Payload")
	if !ok || v == nil {
		return []byte("{}")
	}
	if s, ok := v.(string); ok && json.Valid([]byte(s)) {
		return []byte(s)
	}
	return []byte(jsonvalue.Encode(v))
}

// payload is what a function returned; custom runtimes may return what is no JSON.
func payload(b []byte) asl.Text {
	if len(b) == 0 {
		return jsonvalue.FromValue("")
	}
	t, err := jsonvalue.FromText(string(b))
	if err != nil {
		return jsonvalue.FromValue(content(b))
	}
	return t
}

// functionFailed is the failure of a function: the error's name is the type that it says.
func functionFailed(out *lambda.InvokeOutput, pinned Pins) Answer {
	a := Answer{Failed: true, Error: unknownFunctionError, Cause: string(out.Payload), Pinned: pinned}
	var said struct {
		ErrorType string `json:"errorType"`
	}
	if json.Unmarshal(out.Payload, &said) == nil && said.ErrorType != "" {
		a.Error = said.ErrorType
	} else {
		a.Cause = fmt.Sprintf("The cause could not be determined because Lambda did not return an error type. Returned payload: %s", out.Payload)
	}
	return a
}

// compact is JSON without white space; anything else stays.
func compact(text string) string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(text)) != nil {
		return text
	}
	return b.String()
}

// pinInput makes an invocation go to the version that its function is pinned to. What is pinned for the first time is returned.
func (s *Set) pinInput(ctx context.Context, c Call, in *lambda.InvokeInput) (Pins, error) {
	if len(c.Pins) == 0 && !c.Exact || in.InvocationType == types.InvocationTypeDryRun {
		return nil, nil
	}
	who := caller.From(c.with(ctx))
	f, ok := parseFunction(who, aws.ToString(in.FunctionName), aws.ToString(in.Qualifier))
	if !ok || f.pinned() {
		return nil, nil
	}
	version, known := c.Pins[f.arn()]
	var pinned Pins
	if !known {
		if !c.Exact {
			return nil, nil
		}
		var err error
		if version, err = s.pin(c.with(ctx), c.Execution, f); err != nil || version == "" {
			return nil, err
		}
		pinned = Pins{f.arn(): version}
	}
	in.FunctionName, in.Qualifier = &version, nil
	return pinned, nil
}
