package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/arn"
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

// toDestination is the effect that sends the record: to a queue, or to another function, asynchronously.
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
	ctx = caller.With(ctx, d.State.Caller)
	if isQueue(d.Destination) {
		err = s.toQueue(within(ctx, d.State.target().key), d.Destination, plainJSON(r), nil)
	} else {
		_, err = s.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(d.Destination),
			InvocationType: types.InvocationTypeEvent, Payload: []byte(plainJSON(r))})
	}
	return nil, s.delivered(d, d.Destination, err)
}

// toDeadLetters is the effect that sends the event alone to the queue of DeadLetterConfig. What went wrong stands in the message's
// attributes.
func (s *Service) toDeadLetters(ctx context.Context, call durable.Call) (any, error) {
	var d delivery
	if err := json.Unmarshal(call.Args, &d); err != nil {
		return nil, err
	}
	payload, err := s.event(ctx, d.State.ID)
	if err != nil {
		return nil, durable.Retry(err, time.Second)
	}
	status, message := d.Result.problem()
	err = s.toQueue(within(caller.With(ctx, d.State.Caller), d.State.target().key), d.Result.DeadLetters, string(payload), map[string]string{
		"RequestID": d.State.ID, "ErrorCode": strconv.Itoa(status), "ErrorMessage": message})
	return nil, s.delivered(d, d.Result.DeadLetters, err)
}

// maxErrorMessage is how many bytes of a function's error message go along with a dead letter.
const maxErrorMessage = 1024

// problem is what a dead letter tells: the status that Invoke would have answered, and the beginning of the error's message.
func (r attempt) problem() (status int, message string) {
	status = 200
	var thrown struct{ ErrorMessage string }
	switch {
	case r.Throttled:
		status, message = 429, r.Error
	case r.Refused:
		status, message = 500, r.Error
	case json.Unmarshal(r.Payload, &thrown) == nil && thrown.ErrorMessage != "":
		message = thrown.ErrorMessage
	default:
		message = string(r.Payload)
	}
	message = strings.Map(func(c rune) rune {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0xFFFE || c == 0xFFFF || c == utf8.RuneError {
			return -1 // a queue takes none of them
		}
		return c
	}, message)
	for len(message) > maxErrorMessage {
		_, n := utf8.DecodeLastRuneInString(message)
		message = message[:len(message)-n]
	}
	return status, message
}

// delivered tells how a delivery ended. What a destination refuses, or would if it were there, is given up, as on AWS; other
// trouble passes.
func (s *Service) delivered(d delivery, destination string, err error) error {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorFault() == smithy.FaultClient && !hasCode(err, "TooManyRequestsException") {
		s.log.Warn("a record was not delivered to its destination", "function", d.State.target().arn(), "destination", destination, "request", d.State.ID, "error", err)
		return nil
	}
	if err != nil {
		return durable.Retry(err, time.Second)
	}
	return nil
}

// within acts in a function's account and region, where its queues are, whoever invokes it.
func within(ctx context.Context, k key) context.Context {
	c := caller.From(ctx)
	c.Account, c.Region = k.account, k.region
	return caller.With(ctx, c)
}

func isQueue(destination string) bool {
	a, err := arn.Parse(destination)
	return err == nil && a.Service == "sqs"
}

// toQueue sends a message. ErrorCode is a number; attributes without a value are left out, as a queue refuses them.
func (s *Service) toQueue(ctx context.Context, queue, body string, attributes map[string]string) error {
	url, err := s.queueURL(ctx, queue)
	if err != nil {
		return err
	}
	in := &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body, MessageAttributes: map[string]sqstypes.MessageAttributeValue{}}
	for name, v := range attributes {
		kind := "String"
		if name == "ErrorCode" {
			kind = "Number"
		}
		if v != "" {
			in.MessageAttributes[name] = sqstypes.MessageAttributeValue{DataType: &kind, StringValue: &v}
		}
	}
	_, err = s.SQS.SendMessage(ctx, in)
	return err
}

// checkDeadLetters refuses a target that cannot take a function's dead letters; nil and an empty ARN set none. It asks the queue, and so must
// not be called in a transaction.
func (s *Service) checkDeadLetters(ctx context.Context, k key, d *types.DeadLetterConfig) error {
	if d == nil || aws.ToString(d.TargetArn) == "" {
		return nil
	}
	a, err := arn.Parse(*d.TargetArn)
	switch {
	case !strings.HasPrefix(*d.TargetArn, "arn:"):
		return invalid("Invalid dead letter ARN: ARNs must start with 'arn:': %s", *d.TargetArn)
	case err == nil && a.Service == "sns":
		return invalid("The dead letter target %s needs Amazon SNS, which this platform does not have. Dead letter targets can be Amazon SQS queues.", *d.TargetArn)
	case err != nil || a.Service != "sqs":
		return invalid("The dead letter target %s is neither an Amazon SQS queue nor an Amazon SNS topic.", *d.TargetArn)
	}
	if err := s.reachable(within(ctx, k), a); err != nil {
		return refusedSource("SendMessage", err)
	}
	return nil
}

// checkQueues refuses destinations that are queues which are not there. It must not be called in a transaction.
func (s *Service) checkQueues(ctx context.Context, k key, d *types.DestinationConfig) error {
	for _, destination := range []string{onSuccess(d), onFailure(d)} {
		if !isQueue(destination) {
			continue
		}
		a, err := arn.Parse(destination)
		if err == nil {
			err = s.reachable(within(ctx, k), a)
		}
		var api smithy.APIError
		if errors.As(err, &api) && api.ErrorFault() == smithy.FaultClient && !hasCode(err, "InvalidParameterValueException") {
			return invalid("The destination ARN %s is invalid.", destination)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// reachable asks for a queue.
func (s *Service) reachable(ctx context.Context, a arn.ARN) error {
	if s.SQS == nil {
		return invalid("This platform has no queues.")
	}
	_, err := s.queueURL(ctx, a.String())
	return err
}
