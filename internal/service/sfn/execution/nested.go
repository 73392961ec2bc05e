package execution

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

// childID is the instance of the execution that a task starts, the same each time.
func childID(execution, task string) string {
	sum := sha256.Sum256([]byte(kind + "/" + execution + "/" + task))
	return hex.EncodeToString(sum[:12])
}

// runChild starts a nested execution (states:startExecution in all its patterns).
func (s *Service) runChild(ctx context.Context, c durable.Call) (any, error) {
	call, err := callOf(c)
	if err != nil {
		return nil, err
	}
	in, refused := startInput(call.Parameters)
	if refused != "" {
		return integration.Answer{Failed: true, Refused: true, Error: asl.ErrRuntime, Cause: refused}, nil
	}
	link := &link{id: childID(c.Instance, c.EffectID), exact: call.Exact, pins: call.Pins, parent: parent{Kind: kind, Instance: c.Instance, Task: c.EffectID, Pattern: call.Resource.Pattern}}
	requestID := uuidOf(link.id)
	if in.Name == nil {
		in.Name = &requestID
	}
	ctx = context.WithValue(caller.With(ctx, call.Caller), linkKey{}, link)
	out, err := s.StartExecution(ctx, in)
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		return failedCall(api, requestID), nil
	case err != nil:
		return nil, durable.Retry(err, time.Second)
	}
	return integration.Answer{Output: startedOutput(out, requestID)}, nil
}

// startInput makes a request of a task's parameters, or tells why they cannot be used. The input may be any JSON, not
// only its text.
func startInput(parameters asl.Text) (in *sfn.StartExecutionInput, refused string) {
	unusable := func(format string, args ...any) (*sfn.StartExecutionInput, string) {
		return nil, fmt.Sprintf("The Parameters '%s' could not be used to start the Task: [%s]", parameters.String(), fmt.Sprintf(format, args...))
	}
	o, ok := parameters.Value().(*jsonvalue.Object)
	if !ok {
		return unusable("The request is not an object")
	}
	in = &sfn.StartExecutionInput{}
	for name, v := range o.All() {
		text, isText := v.(string)
		switch name {
		case "StateMachineArn":
			in.StateMachineArn = aws.String(text)
		case "Name":
			if v != nil {
				in.Name = aws.String(text)
			}
		case "TraceHeader":
			in.TraceHeader = aws.String(text)
		case "Input":
			if !isText && v != nil {
				text = jsonvalue.Encode(v)
			}
			if v != nil {
				in.Input = aws.String(text)
			}
		default:
			return unusable("The field %q is not supported by Step Functions", name)
		}
	}
	if in.StateMachineArn == nil {
		return unusable("The required field %q is missing", "StateMachineArn")
	}
	return in, ""
}

// startedOutput is the answer as the optimised integration gives it: with the metadata of the SDK that it calls by.
func startedOutput(out *sfn.StartExecutionOutput, requestID string) asl.Text {
	started := *out.StartDate
	body := fmt.Sprintf(`{"executionArn":%q,"startDate":%s}`, *out.ExecutionArn, strconv.FormatFloat(float64(started.UnixMilli())/1000, 'f', 3, 64))
	headers := jsonvalue.Of("connection", "keep-alive", "Content-Length", strconv.Itoa(len(body)), "Content-Type", "application/x-amz-json-1.0",
		"Date", started.UTC().Format(http.TimeFormat), "x-amzn-RequestId", requestID)
	all := jsonvalue.NewObject(headers.Len())
	for name, v := range headers.All() {
		all.Set(name, []any{v})
	}
	return jsonvalue.FromValue(jsonvalue.Of("ExecutionArn", *out.ExecutionArn,
		"SdkHttpMetadata", jsonvalue.Of("AllHttpHeaders", all, "HttpHeaders", headers, "HttpStatusCode", int64(200)),
		"SdkResponseMetadata", jsonvalue.Of("RequestId", requestID), "StartDate", started.UnixMilli()))
}

// failedCall words an error as the optimised integration does.
func failedCall(err smithy.APIError, requestID string) integration.Answer {
	return integration.Answer{Failed: true, Error: "StepFunctions." + err.ErrorCode() + "Exception",
		Cause: fmt.Sprintf("%s (Service: AWSStepFunctions; Status Code: 400; Error Code: %s; Request ID: %s; Proxy: null)", err.ErrorMessage(), err.ErrorCode(), requestID)}
}

// uuidOf writes the digits of a hexadecimal text as a UUID.
func uuidOf(hexText string) string {
	sum := sha256.Sum256([]byte(hexText))
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:32]
}

// childResult is what a nested execution's end means to the task that waits for it (.sync, .sync:2): what
// DescribeExecution would answer, with JSON as text or, by .sync:2, parsed.
func childResult(p *process, to parent) (event string, data any) {
	x := p.x
	parsed := to.Pattern == asl.Sync2
	o := jsonvalue.NewObject(16)
	if x.Status != asl.Succeeded && x.Cause != "" {
		o.Set("Cause", x.Cause)
	}
	code := x.Error
	if x.Status == asl.TimedOut && code == "" {
		code = asl.ErrTimeout
	}
	if x.Status != asl.Succeeded && code != "" {
		o.Set("Error", code)
	}
	asJSON := func(t *asl.Text) any {
		if parsed && x.Status == asl.Succeeded {
			return t.Value()
		}
		return t.String()
	}
	included := jsonvalue.Of("Included", true)
	o.Set("ExecutionArn", x.ARN)
	o.Set("Input", asJSON(&x.Input))
	o.Set("InputDetails", included)
	o.Set("Name", x.Name)
	if x.Status == asl.Succeeded {
		o.Set("Output", asJSON(&x.Output))
		o.Set("OutputDetails", included)
	}
	o.Set("StartDate", x.StartedAt.UnixMilli())
	if x.AliasARN != "" {
		o.Set("StateMachineAliasArn", x.AliasARN)
	}
	o.Set("StateMachineArn", x.MachineARN)
	if x.VersionARN != "" {
		o.Set("StateMachineVersionArn", x.VersionARN)
	}
	o.Set("Status", string(x.Status))
	o.Set("StopDate", x.StoppedAt.UnixMilli())
	if x.Status == asl.Succeeded {
		return eventSucceeded, asl.TaskSucceeded{TaskID: to.Task, Output: jsonvalue.FromValue(o)}
	}
	return eventFailed, asl.TaskFailed{TaskID: to.Task, Error: asl.ErrTaskFailed, Cause: jsonvalue.Encode(o)}
}
