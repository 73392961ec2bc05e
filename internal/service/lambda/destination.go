package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/durable"
)

// record is what a destination gets (FACTS §4).
type record struct {
	Version         string          `json:"version"`
	Timestamp       string          `json:"timestamp"`
	RequestContext  requestContext  `json:"requestContext"`
	RequestPayload  json.RawMessage `json:"requestPayload"`
	ResponseContext *responded      `json:"responseContext,omitempty"` // absent if the function never ran
	ResponsePayload json.RawMessage `json:"responsePayload,omitempty"`
}

type requestContext struct {
	RequestID              string `json:"requestId"`
	FunctionARN            string `json:"functionArn"`
	Condition              string `json:"condition"`
	ApproximateInvokeCount int    `json:"approximateInvokeCount"`
}

type responded struct {
	StatusCode      int    `json:"statusCode"`
	ExecutedVersion string `json:"executedVersion"`
	FunctionError   string `json:"functionError,omitempty"`
}

// toDestination is the effect that sends the record: another function, asynchronously. A
// destination that is gone is given up, as AWS does; other trouble passes.
func (s *Service) toDestination(ctx context.Context, call durable.Call) (any, error) {
	var d delivery
	if err := json.Unmarshal(call.Args, &d); err != nil {
		return nil, err
	}
	payload, err := s.event(ctx, d.State.ID)
	if err != nil {
		return nil, durable.Retry(err, time.Second)
	}
	t := d.State.target()
	if t.qualifier == "" {
		t.qualifier = latest
	}
	r := record{Version: "1.0", Timestamp: s.Clock.Now().Format("2006-01-02T15:04:05.000Z"), RequestPayload: payload,
		RequestContext:  requestContext{d.State.ID, t.arn(), d.Condition, d.State.Attempts},
		ResponsePayload: d.Result.Payload}
	if d.State.Attempts > 0 && !d.Result.Refused {
		r.ResponseContext = &responded{200, d.Result.ExecutedVersion, d.Result.FunctionError}
	}
	_, err = s.Invoke(caller.With(ctx, d.State.Caller), &lambda.InvokeInput{FunctionName: aws.String(d.Destination),
		InvocationType: types.InvocationTypeEvent, Payload: []byte(plainJSON(r))})
	var gone *types.ResourceNotFoundException
	var large *types.RequestTooLargeException
	if errors.As(err, &gone) || errors.As(err, &large) {
		s.log.Warn("a record was not delivered to its destination", "function", t.arn(), "destination", d.Destination, "request", d.State.ID, "error", err)
		return nil, nil
	}
	if err != nil {
		return nil, durable.Retry(err, time.Second)
	}
	return nil, nil
}
