package resource

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
)

// SQS is what AWS::SQS::Queue needs.
type SQS interface {
	CreateQueue(context.Context, *sqs.CreateQueueInput, ...func(*sqs.Options)) (*sqs.CreateQueueOutput, error)
	GetQueueUrl(context.Context, *sqs.GetQueueUrlInput, ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error)
	SetQueueAttributes(context.Context, *sqs.SetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.SetQueueAttributesOutput, error)
	TagQueue(context.Context, *sqs.TagQueueInput, ...func(*sqs.Options)) (*sqs.TagQueueOutput, error)
	UntagQueue(context.Context, *sqs.UntagQueueInput, ...func(*sqs.Options)) (*sqs.UntagQueueOutput, error)
	DeleteQueue(context.Context, *sqs.DeleteQueueInput, ...func(*sqs.Options)) (*sqs.DeleteQueueOutput, error)
}

var _ SQS = (*sqs.Client)(nil)

// queue is AWS::SQS::Queue. Its physical id is its URL.
type queue struct{ sqs SQS }

func (*queue) Schema() *Schema {
	return schema("AWS::SQS::Queue", `
		QueueName*
		DelaySeconds int
		FifoQueue* bool
		KmsDataKeyReusePeriodSeconds int
		KmsMasterKeyId
		MaximumMessageSize int
		MessageRetentionPeriod int
		ReceiveMessageWaitTimeSeconds int
		RedriveAllowPolicy json
		RedrivePolicy json
		SqsManagedSseEnabled bool
		VisibilityTimeout int
		Tags[].Key!
		Tags[].Value!
	`).with(func(s *Schema) {
		s.Attributes = []string{"Arn", "QueueName", "QueueUrl"}
		s.Name = NameRule{Property: "QueueName", Max: 80}
	})
}

// attributes are the properties as SQS takes them: all as text.
func (*queue) attributes(p Properties) (map[string]string, error) {
	out := map[string]string{}
	for name, v := range p.without("QueueName", "Tags") {
		switch v := v.(type) {
		case map[string]any:
			b, err := json.Marshal(v)
			if err != nil {
				return nil, err
			}
			out[name] = string(b)
		default:
			out[name] = fmt.Sprint(v)
		}
	}
	return out, nil
}

func (h *queue) Exists(ctx context.Context, r Request) (bool, error) {
	_, err := h.sqs.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &r.Name})
	return exists(err, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")
}

func (h *queue) Create(ctx context.Context, r Request) (Result, error) {
	all, err := h.attributes(r.Properties)
	if err != nil {
		return Result{}, err
	}
	out, err := h.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &r.Name, Attributes: all, Tags: tags(r)}) // repeated, it answers the same
	if err != nil {
		return Result{}, err
	}
	return h.result(ctx, aws.ToString(out.QueueUrl)), nil
}

func (*queue) result(ctx context.Context, url string) Result {
	name := url[strings.LastIndex(url, "/")+1:]
	return Result{PhysicalID: url, Attributes: map[string]any{"Arn": arn.For(caller.From(ctx), "sqs", name), "QueueName": name, "QueueUrl": url}}
}

func (h *queue) Update(ctx context.Context, r Request) (Result, error) {
	all, err := h.attributes(r.Properties)
	if err != nil {
		return Result{}, err
	}
	delete(all, "FifoQueue")
	for name := range r.Previous.without("QueueName", "Tags", "FifoQueue") {
		if _, kept := all[name]; !kept {
			all[name] = "" // back to the default
		}
	}
	if len(all) > 0 {
		if _, err := h.sqs.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &r.PhysicalID, Attributes: all}); err != nil {
			return Result{}, err
		}
	}
	return h.result(ctx, r.PhysicalID), retag(r, func(all map[string]string) error {
		_, err := h.sqs.TagQueue(ctx, &sqs.TagQueueInput{QueueUrl: &r.PhysicalID, Tags: all})
		return err
	}, func(keys []string) error {
		_, err := h.sqs.UntagQueue(ctx, &sqs.UntagQueueInput{QueueUrl: &r.PhysicalID, TagKeys: keys})
		return err
	})
}

func (h *queue) Delete(ctx context.Context, r Request) (Result, error) {
	_, err := h.sqs.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &r.PhysicalID})
	return Result{}, unless(err, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")
}
