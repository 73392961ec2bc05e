package lambda

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	queues "github.com/headgate/headgate/internal/service/sqs"
)

// withQueues gives a platform the real queues, in its own store.
func withQueues(d *Deps) {
	d.SQS = queues.New(d.DB, d.Clock, func() string { return "http://127.0.0.1:1" })
}

func queueARN(name string) string { return "arn:aws:sqs:us-east-1:000000000000:" + name }

func (p *platform) sqs() *queues.Service { return p.SQS.(*queues.Service) }

// queue makes a queue and returns its ARN.
func (p *platform) queue(t testing.TB, name string, attributes map[string]string) string {
	t.Helper()
	must(p.sqs().CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes}))(t)
	return queueARN(name)
}

// received waits for a queue's next message.
func (p *platform) received(t testing.TB, name string) (m sqstypes.Message) {
	t.Helper()
	eventually(t, func() bool {
		out := must(p.sqs().ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &name, MessageAttributeNames: []string{"All"}}))(t)
		if len(out.Messages) > 0 {
			m = out.Messages[0]
		}
		return len(out.Messages) > 0
	})
	return m
}

func TestRecordsGoToQueues(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		j := (&journal{fails: 1}).attach(p)
		p.create(t, newInput("f", "one"))
		must(p.PutFunctionEventInvokeConfig(t.Context(), &lambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("f"), MaximumRetryAttempts: aws.Int32(0),
			DestinationConfig: &types.DestinationConfig{OnSuccess: &types.OnSuccess{Destination: aws.String(p.queue(t, "good", nil))},
				OnFailure: &types.OnFailure{Destination: aws.String(p.queue(t, "bad", nil))}}}))(t)
		for i, want := range []struct{ queue, condition, failure, response string }{
			{"bad", "RetriesExhausted", "Unhandled", `{"errorMessage":"no","errorType":"Error"}`}, {"good", "Success", "", `"done"`}} {
			p.send(t, "f", number(i))
			r := decode[record](t, []byte(*p.received(t, want.queue).Body))
			if r.RequestContext.Condition != want.condition || string(r.RequestPayload) != number(i) || r.ResponseContext.FunctionError != want.failure ||
				string(r.ResponsePayload) != want.response || !j.ids[r.RequestContext.RequestID] {
				t.Errorf("%s got %+v", want.queue, r)
			}
		}
		eventually(t, func() bool { return p.rest(t) == 0 })
	}, withQueues)
}

func TestDeadLetters(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		ctx := t.Context()
		j := (&journal{fails: 2}).attach(p)
		in := newInput("f", "one")
		in.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: aws.String(queueARN("dead"))}
		_, err := p.CreateFunction(ctx, in)
		refused(t, err, "InvalidParameterValueException", "AWS.SimpleQueueService.NonExistentQueue")
		p.queue(t, "dead", nil)
		p.queue(t, "bad", nil)
		p.create(t, in)
		if c := p.settled(t, "f"); aws.ToString(c.DeadLetterConfig.TargetArn) != queueARN("dead") {
			t.Errorf("%+v", c.DeadLetterConfig)
		}
		// the destination for failures gets its record as well
		must(p.PutFunctionEventInvokeConfig(ctx, &lambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("f"), MaximumRetryAttempts: aws.Int32(0),
			DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String(queueARN("bad"))}}}))(t)
		p.send(t, "f", `{"n":1}`)
		m := p.received(t, "dead")
		if *m.Body != `{"n":1}` {
			t.Errorf("the body is %s", *m.Body)
		}
		for name, want := range map[string][2]string{"ErrorCode": {"Number", "200"}, "ErrorMessage": {"String", "no"}, "RequestID": {"String", keyOf(j.ids)}} {
			if a := m.MessageAttributes[name]; aws.ToString(a.DataType) != want[0] || aws.ToString(a.StringValue) != want[1] {
				t.Errorf("%s is %s %s, want %v", name, aws.ToString(a.DataType), aws.ToString(a.StringValue), want)
			}
		}
		p.received(t, "bad")
		eventually(t, func() bool { return p.rest(t) == 0 })

		// a queue that has gone since holds nothing up
		must(p.sqs().DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: aws.String("dead")}))(t)
		p.send(t, "f", `{"n":2}`)
		p.received(t, "bad")
		eventually(t, func() bool { return p.rest(t) == 0 && j.count("f") == 2 })

		must(p.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), DeadLetterConfig: &types.DeadLetterConfig{TargetArn: aws.String("")}}))(t)
		if c := p.settled(t, "f"); c.DeadLetterConfig != nil {
			t.Errorf("still %+v", c.DeadLetterConfig)
		}
		_, err = p.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), DeadLetterConfig: &types.DeadLetterConfig{TargetArn: aws.String("dead")}})
		refused(t, err, "InvalidParameterValueException", "ARNs must start with 'arn:'")
	}, withQueues)
}

func keyOf(m map[string]bool) string {
	for k := range m {
		return k
	}
	return ""
}

func TestQueuesThatAreNotThereAreRefusedAsDestinations(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		p.create(t, newInput("f", "one"))
		p.queue(t, "there", nil)
		for destination, message := range map[string]string{queueARN("none"): "The destination ARN " + queueARN("none") + " is invalid.",
			strings.Replace(queueARN("there"), "us-east-1", "eu-west-1", 1): "not in the function's account and region"} {
			_, err := p.PutFunctionEventInvokeConfig(t.Context(), &lambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("f"),
				DestinationConfig: &types.DestinationConfig{OnSuccess: &types.OnSuccess{Destination: &destination}}})
			refused(t, err, "InvalidParameterValueException", message)
		}
	}, withQueues)
}

func TestWhatADeadLetterTells(t *testing.T) {
	for name, c := range map[string]struct {
		r       attempt
		status  int
		message string
	}{
		"an error":         {attempt{FunctionError: "Unhandled", Payload: json.RawMessage(`{"errorMessage":"no","errorType":"E"}`)}, 200, "no"},
		"another document": {attempt{FunctionError: "Unhandled", Payload: json.RawMessage(`[1]`)}, 200, "[1]"},
		"a throttle":       {attempt{Refused: true, Throttled: true, Error: "Rate Exceeded."}, 429, "Rate Exceeded."},
		"trouble":          {attempt{Refused: true, Error: "no room"}, 500, "no room"},
		"a long message":   {attempt{Payload: json.RawMessage(`{"errorMessage":"` + strings.Repeat("é", 600) + `"}`)}, 200, strings.Repeat("é", 512)},
		"no such letters":  {attempt{Payload: json.RawMessage(`{"errorMessage":"a\u0000b\ufffe\nc"}`)}, 200, "ab\nc"},
	} {
		t.Run(name, func(t *testing.T) {
			if status, message := c.r.problem(); status != c.status || message != c.message {
				t.Errorf("%d %q", status, message)
			}
		})
	}
}
