package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
)

// Result is what the check saw of one function.
type Result struct {
	Function        string  `json:"function"`
	Qualifier       string  `json:"qualifier,omitempty"`
	Source          string  `json:"source"`
	Healthy         bool    `json:"healthy"`
	ExecutedVersion string  `json:"executedVersion,omitempty"`
	StatusCode      float64 `json:"statusCode,omitempty"` // of the function's response
	DurationMs      int64   `json:"durationMs"`
	ErrorType       string  `json:"errorType,omitempty"`
	Error           string  `json:"error,omitempty"`
	Payload         string  `json:"payload,omitempty"` // the beginning of an unhealthy answer
}

// maxPayload is how much of an unhealthy answer is reported, in bytes.
const maxPayload = 512

// pendingPause is the wait before a version that is still Pending is asked again.
const pendingPause = 250 * time.Millisecond

func (t target) result() Result {
	return Result{Function: t.function, Qualifier: t.qualifier, Source: t.source}
}

func (r Result) name() string {
	switch {
	case r.Function == "":
		return r.Source
	case r.Qualifier == "":
		return r.Function
	}
	return r.Function + ":" + r.Qualifier
}

func (r Result) failed(errorType, format string, args ...any) Result {
	r.Healthy, r.ErrorType, r.Error = false, errorType, fmt.Sprintf(format, args...)
	return r
}

// event is the request as a load balancer's target group sends it (FACTS §0.18): what a website
// behind an ALB understands, and near enough to API Gateway's for most frameworks.
func (s settings) event() ([]byte, error) {
	return json.Marshal(map[string]any{
		"httpMethod":        s.Method,
		"path":              s.Path,
		"headers":           map[string]string{"Host": s.Host},
		"multiValueHeaders": map[string][]string{"Host": {s.Host}},
		"requestContext":    map[string]any{"elb": map[string]string{"targetGroupArn": ""}},
		"isBase64Encoded":   false,
		"body":              "",
	})
}

// invoke asks one function for its health. It never panics and never returns an error: whatever
// happens is the function's result.
func (c *checker) invoke(ctx context.Context, t target) (r Result) {
	r = t.result()
	if t.err != nil {
		errorType := "InvalidAppSpec"
		var named interface{ ErrorType() string }
		if errors.As(t.err, &named) {
			errorType = named.ErrorType()
		}
		return r.failed(errorType, "%s", strings.TrimPrefix(t.err.Error(), errorType+": "))
	}
	start := time.Now()
	defer func() {
		if p := recover(); p != nil {
			c.log.Error("a check panicked", "function", r.name(), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			r = t.result().failed("Panic", "%v", p)
		}
		r.DurationMs = time.Since(start).Milliseconds()
	}()
	payload, err := c.settings.event()
	if err != nil {
		return r.failed("BadConfiguration", "%v", err)
	}
	in := &lambda.InvokeInput{FunctionName: &t.function, InvocationType: types.InvocationTypeRequestResponse, Payload: payload}
	if t.qualifier != "" {
		in.Qualifier = &t.qualifier
	}
	out, err := c.ask(ctx, in)
	if err != nil {
		return r.refused(ctx, err)
	}
	return r.judge(out)
}

// ask invokes; a version that was published a moment ago may still be Pending (409), and is
// asked again while there is time.
func (c *checker) ask(ctx context.Context, in *lambda.InvokeInput) (*lambda.InvokeOutput, error) {
	for {
		out, err := c.functions.Invoke(ctx, in)
		var pending *types.ResourceConflictException
		if !errors.As(err, &pending) {
			return out, err
		}
		select {
		case <-time.After(pendingPause):
		case <-ctx.Done():
			return nil, err
		}
	}
}

func (r Result) refused(ctx context.Context, err error) Result {
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		return r.failed(api.ErrorCode(), "%s", api.ErrorMessage())
	case ctx.Err() != nil:
		return r.failed("TimedOut", "no answer within the time for the check")
	}
	return r.failed("InvokeFailed", "%v", err)
}

// judge applies the rule of success (FACTS §2): no function error, API status 200, a response
// with 200 ≤ statusCode ≤ 399.
func (r Result) judge(out *lambda.InvokeOutput) Result {
	r.ExecutedVersion = aws.ToString(out.ExecutedVersion)
	var response struct {
		StatusCode *float64 `json:"statusCode"`
	}
	parseErr := json.Unmarshal(out.Payload, &response)
	switch {
	case out.FunctionError != nil:
		r = r.failed("FunctionError", "%s: %s", *out.FunctionError, thrown(out.Payload))
	case out.StatusCode != 200:
		r = r.failed("UnexpectedInvokeStatus", "Invoke answered %d, not 200", out.StatusCode)
	case parseErr != nil:
		r = r.failed("InvalidResponse", "the response is not an HTTP response: %v", parseErr)
	case response.StatusCode == nil:
		r = r.failed("InvalidResponse", "the response has no statusCode")
	case *response.StatusCode < 200 || *response.StatusCode > 399:
		r.StatusCode = *response.StatusCode
		r = r.failed("UnhealthyStatus", "the function answered %v", *response.StatusCode)
	default:
		r.StatusCode, r.Healthy = *response.StatusCode, true
		return r
	}
	r.Payload = string(out.Payload[:min(len(out.Payload), maxPayload)])
	return r
}

// thrown is what a function error's payload says, as "type: message".
func thrown(payload []byte) string {
	var e struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal(payload, &e) != nil {
		return "no reason given"
	}
	if e.Type == "" { // the process ended without a word of its own
		return e.Message
	}
	return e.Type + ": " + e.Message
}
