package resource

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
)

// LambdaEventSources is what AWS::Lambda::EventSourceMapping needs.
type LambdaEventSources interface {
	CreateEventSourceMapping(context.Context, *lambda.CreateEventSourceMappingInput, ...func(*lambda.Options)) (*lambda.CreateEventSourceMappingOutput, error)
	GetEventSourceMapping(context.Context, *lambda.GetEventSourceMappingInput, ...func(*lambda.Options)) (*lambda.GetEventSourceMappingOutput, error)
	ListEventSourceMappings(context.Context, *lambda.ListEventSourceMappingsInput, ...func(*lambda.Options)) (*lambda.ListEventSourceMappingsOutput, error)
	UpdateEventSourceMapping(context.Context, *lambda.UpdateEventSourceMappingInput, ...func(*lambda.Options)) (*lambda.UpdateEventSourceMappingOutput, error)
	DeleteEventSourceMapping(context.Context, *lambda.DeleteEventSourceMappingInput, ...func(*lambda.Options)) (*lambda.DeleteEventSourceMappingOutput, error)
}

var _ LambdaEventSources = (*lambda.Client)(nil)

// eventSource is AWS::Lambda::EventSourceMapping. Its physical id is its UUID.
type eventSource struct{ lambda LambdaEventSources }

func (*eventSource) Schema() *Schema {
	return schema("AWS::Lambda::EventSourceMapping", `
		BatchSize int
		Enabled bool
		EventSourceArn*
		FilterCriteria json
		FunctionName!
		FunctionResponseTypes[]
		MaximumBatchingWindowInSeconds int
		ScalingConfig.MaximumConcurrency int
		Tags[].Key!
		Tags[].Value!
	`).with(func(s *Schema) {
		s.Attributes = []string{"Id", "EventSourceMappingArn"}
		s.Name = NameRule{}
	})
}

func (h *eventSource) Create(ctx context.Context, r Request) (Result, error) {
	in := &lambda.CreateEventSourceMappingInput{}
	if err := Decode(r.Properties.without("Tags"), in); err != nil {
		return Result{}, err
	}
	in.Tags = tags(r)
	out, err := h.lambda.CreateEventSourceMapping(ctx, in)
	if err == nil {
		return h.settling(ctx, aws.ToString(out.UUID))
	}
	if !is(err, "ResourceConflictException") {
		return Result{}, err
	}
	// Made by an earlier call of this very step, or by somebody else, whose it then is.
	list, listing := h.lambda.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{FunctionName: in.FunctionName, EventSourceArn: in.EventSourceArn})
	if listing != nil || len(list.EventSourceMappings) != 1 {
		return Result{}, err
	}
	id := aws.ToString(list.EventSourceMappings[0].UUID)
	if held, holding := r.Held(ctx, id); holding != nil || held {
		return Result{}, err
	}
	return h.settling(ctx, id)
}

func (h *eventSource) settling(ctx context.Context, id string) (Result, error) {
	return pending(id, h.attributes(ctx, id), id, Pending{After: time.Second, Topic: "lambda.eventsource", Key: id})
}

func (*eventSource) attributes(ctx context.Context, id string) map[string]any {
	return map[string]any{"Id": id, "EventSourceMappingArn": arn.For(caller.From(ctx), "lambda", "event-source-mapping:"+id)}
}

// Check waits until the mapping is where it is to go, or is gone.
func (h *eventSource) Check(ctx context.Context, r Request) (Result, error) {
	var id string
	if err := progress(r, &id); err != nil {
		return Result{}, err
	}
	m, err := h.lambda.GetEventSourceMapping(ctx, &lambda.GetEventSourceMappingInput{UUID: &id})
	if is(err, "ResourceNotFoundException") {
		return Result{PhysicalID: id}, nil
	} else if err != nil {
		return Result{}, err
	}
	if state := aws.ToString(m.State); state == "Enabled" || state == "Disabled" {
		return Result{PhysicalID: id, Attributes: h.attributes(ctx, id)}, nil
	}
	return h.settling(ctx, id)
}

func (h *eventSource) Update(ctx context.Context, r Request) (Result, error) {
	in := &lambda.UpdateEventSourceMappingInput{}
	if err := Decode(r.Properties.without("Tags", "EventSourceArn"), in); err != nil {
		return Result{}, err
	}
	in.UUID = &r.PhysicalID
	if _, err := h.lambda.UpdateEventSourceMapping(ctx, in); err != nil {
		return Result{}, err
	}
	return h.settling(ctx, r.PhysicalID)
}

func (h *eventSource) Delete(ctx context.Context, r Request) (Result, error) {
	if r.PhysicalID == "" {
		return Result{}, nil
	}
	_, err := h.lambda.DeleteEventSourceMapping(ctx, &lambda.DeleteEventSourceMappingInput{UUID: &r.PhysicalID})
	if is(err, "ResourceNotFoundException") {
		return Result{}, nil
	}
	if unless(err, "ResourceInUseException") != nil { // it is being deleted
		return Result{}, err
	}
	return h.settling(ctx, r.PhysicalID)
}
