package sqs_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
	service "github.com/headgate/headgate/internal/service/sqs"
)

type fixture struct {
	*service.Service
	t     *testing.T
	clock *clock.Fake
	url   *string
}

// each runs a test on both stores, with a queue.
func each(t *testing.T, attributes map[string]string, test func(f *fixture)) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := clock.NewFake(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
		f := &fixture{service.New(d, c, func() string { return "http://127.0.0.1:4566" }), t, c, nil}
		f.url = f.create("jobs", attributes)
		test(f)
	})
}

func (f *fixture) create(name string, attributes map[string]string) *string {
	f.t.Helper()
	out, err := f.CreateQueue(f.t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		f.t.Fatal(err)
	}
	return out.QueueUrl
}

func (f *fixture) send(body string) {
	f.t.Helper()
	if _, err := f.SendMessage(f.t.Context(), &sqs.SendMessageInput{QueueUrl: f.url, MessageBody: &body}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) receive(url *string) []types.Message {
	f.t.Helper()
	out, err := f.ReceiveMessage(f.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 10, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}})
	if err != nil {
		f.t.Fatal(err)
	}
	return out.Messages
}

func bodies(all []types.Message) (out []string) {
	for _, m := range all {
		out = append(out, *m.Body)
	}
	return out
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, expected %v", got, want)
	}
}

func TestAMessageIsOutOfSightUntilItIsDeletedOrItsTimeIsUp(t *testing.T) {
	each(t, nil, func(f *fixture) {
		f.send("a")
		f.send("b")
		first := f.receive(f.url)
		same(t, bodies(first), []string{"a", "b"})
		same(t, len(f.receive(f.url)), 0)
		if _, err := f.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: f.url, ReceiptHandle: first[0].ReceiptHandle}); err != nil {
			t.Fatal(err)
		}
		f.clock.Advance(29 * time.Second)
		same(t, len(f.receive(f.url)), 0)
		f.clock.Advance(time.Second)
		again := f.receive(f.url)
		same(t, bodies(again), []string{"b"})
		same(t, again[0].Attributes["ApproximateReceiveCount"], "2")
		// at once, when its receiver gives it back
		if _, err := f.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: f.url, ReceiptHandle: again[0].ReceiptHandle}); err != nil {
			t.Fatal(err)
		}
		same(t, bodies(f.receive(f.url)), []string{"b"})
		// the old receipt has lost its power over the message
		var notInFlight *types.MessageNotInflight
		if _, err := f.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: f.url, ReceiptHandle: again[0].ReceiptHandle}); !errors.As(err, &notInFlight) {
			t.Errorf("%v", err)
		}
	})
}

func TestMessagesReceivedTooOftenAreDeadLetters(t *testing.T) {
	each(t, nil, func(f *fixture) {
		dead := f.create("dead", nil)
		_, err := f.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: f.url, Attributes: map[string]string{
			"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":"2"}`, "VisibilityTimeout": "5"}})
		if err != nil {
			t.Fatal(err)
		}
		f.send("poison")
		for range 2 {
			same(t, bodies(f.receive(f.url)), []string{"poison"})
			f.clock.Advance(5 * time.Second)
		}
		same(t, len(f.receive(f.url)), 0)
		same(t, bodies(f.receive(dead)), []string{"poison"})
		out, err := f.ListDeadLetterSourceQueues(t.Context(), &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: dead})
		if err != nil {
			t.Fatal(err)
		}
		same(t, out.QueueUrls, []string{*f.url})
	})
}

func TestALongPollEndsWithTheFirstMessageOrInVain(t *testing.T) {
	each(t, nil, func(f *fixture) {
		poll := func() chan []string {
			got := make(chan []string, 1)
			go func() {
				out, err := f.ReceiveMessage(context.WithoutCancel(t.Context()), &sqs.ReceiveMessageInput{QueueUrl: f.url, WaitTimeSeconds: 20})
				if err != nil {
					t.Error(err)
				}
				got <- bodies(out.Messages)
			}()
			for f.clock.Waiting() == 0 {
				time.Sleep(time.Millisecond)
			}
			return got
		}
		got := poll()
		f.send("late")
		same(t, <-got, []string{"late"})
		got = poll()
		f.clock.Advance(20 * time.Second)
		same(t, <-got, []string(nil))
	})
}

func TestDelayedAndExpiredMessages(t *testing.T) {
	each(t, map[string]string{"DelaySeconds": "10", "MessageRetentionPeriod": "60"}, func(f *fixture) {
		f.send("a")
		same(t, len(f.receive(f.url)), 0)
		f.clock.Advance(10 * time.Second)
		same(t, bodies(f.receive(f.url)), []string{"a"})
		f.clock.Advance(time.Minute)
		same(t, len(f.receive(f.url)), 0)
	})
}

func TestABatchFailsEntryByEntry(t *testing.T) {
	each(t, nil, func(f *fixture) {
		out, err := f.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: f.url, Entries: []types.SendMessageBatchRequestEntry{
			{Id: aws.String("good"), MessageBody: aws.String("a"), MessageAttributes: map[string]types.MessageAttributeValue{"n": {DataType: aws.String("Number"), StringValue: aws.String("1")}}},
			{Id: aws.String("bad"), MessageBody: aws.String("\x01")}}})
		if err != nil {
			t.Fatal(err)
		}
		same(t, len(out.Successful), 1)
		same(t, *out.Failed[0].Id+" "+*out.Failed[0].Code, "bad InvalidMessageContents")
		var twice *types.BatchEntryIdsNotDistinct
		_, err = f.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: f.url, Entries: []types.SendMessageBatchRequestEntry{
			{Id: aws.String("x"), MessageBody: aws.String("a")}, {Id: aws.String("x"), MessageBody: aws.String("b")}}})
		if !errors.As(err, &twice) {
			t.Errorf("%v", err)
		}
	})
}

func TestWrongRequestsAreRefused(t *testing.T) {
	each(t, nil, func(f *fixture) {
		for want, call := range map[string]func() error{
			"QueueDoesNotExist": func() error {
				_, err := f.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String("http://x/000000000000/none"), MessageBody: aws.String("a")})
				return err
			},
			"UnsupportedOperation": func() error {
				_, err := f.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("a.fifo"), Attributes: map[string]string{"FifoQueue": "true"}})
				return err
			},
			"QueueNameExists": func() error {
				_, err := f.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("jobs"), Attributes: map[string]string{"DelaySeconds": "3"}})
				return err
			},
			"InvalidAttributeValue": func() error {
				_, err := f.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: f.url, Attributes: map[string]string{"VisibilityTimeout": "-1"}})
				return err
			},
			"InvalidAttributeName": func() error {
				_, err := f.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: f.url, Attributes: map[string]string{"Color": "red"}})
				return err
			},
			"ReceiptHandleIsInvalid": func() error {
				_, err := f.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: f.url, ReceiptHandle: aws.String("x")})
				return err
			},
			"MissingParameter": func() error { _, err := f.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: f.url}); return err },
			"AccessDenied": func() error {
				_, err := f.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String("http://x/111111111111/jobs")})
				return err
			},
		} {
			var api smithy.APIError
			if err := call(); !errors.As(err, &api) || api.ErrorCode() != want {
				t.Errorf("%v, expected %s", err, want)
			}
		}
	})
}
