package lambda

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/google/uuid"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// States of an event source mapping. The pollers lead from those that end in -ing to the others.
//
//	Creating, Enabling, Updating ─▶ Enabled        Disabling ─▶ Disabled        Deleting ─▶ (gone)
const (
	sourceCreating  = "Creating"
	sourceEnabling  = "Enabling"
	sourceEnabled   = "Enabled"
	sourceUpdating  = "Updating"
	sourceDisabling = "Disabling"
	sourceDisabled  = "Disabled"
	sourceDeleting  = "Deleting"
)

// eventSource is a mapping as it is stored.
type eventSource struct {
	account, region string
	config          types.EventSourceMappingConfiguration
	tags            map[string]string
}

func (m eventSource) id() string    { return aws.ToString(m.config.UUID) }
func (m eventSource) state() string { return aws.ToString(m.config.State) }

// polls tells whether messages are fetched.
func (m eventSource) polls() bool {
	switch m.state() {
	case sourceCreating, sourceEnabling, sourceEnabled, sourceUpdating:
		return true
	}
	return false
}

// CreateEventSourceMapping has a function invoked with the messages of a queue. Other sources than queues are refused.
func (s *Service) CreateEventSourceMapping(ctx context.Context, in *lambda.CreateEventSourceMappingInput, _ ...func(*lambda.Options)) (*lambda.CreateEventSourceMappingOutput, error) {
	t, err := parseTarget(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	source, err := arn.Parse(aws.ToString(in.EventSourceArn))
	switch {
	case in.SelfManagedEventSource != nil:
		return nil, invalid("Self-managed event sources are not supported by Headgate: only Amazon SQS queues are.")
	case err != nil:
		return nil, invalid("Unrecognized event source.")
	case source.Service != "sqs":
		return nil, invalid("Event sources of the service %s are not supported by Headgate: only Amazon SQS queues are.", source.Service)
	case in.StartingPosition != "":
		return nil, invalid("StartingPosition is not valid for SQS event sources.")
	case in.ProvisionedPollerConfig != nil:
		return nil, invalid("Provisioned pollers (ProvisionedPollerConfig) are not supported by Headgate.")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	c, now := caller.From(ctx), s.Clock.Now().UTC()
	m := eventSource{account: c.Account, region: c.Region, tags: in.Tags}
	copyFields(&m.config, in)
	id := uuid.NewString()
	m.config.UUID, m.config.EventSourceMappingArn = &id, aws.String(arn.For(c, "lambda", "event-source-mapping:"+id))
	m.config.FunctionArn, m.config.LastModified = aws.String(t.arn()), &now
	if in.FilterCriteria != nil && len(in.FilterCriteria.Filters) == 0 {
		m.config.FilterCriteria = nil
	}
	m.config.State, m.config.StateTransitionReason = aws.String(sourceCreating), aws.String("USER_INITIATED")
	if in.Enabled != nil && !*in.Enabled {
		m.config.State = aws.String(sourceDisabled)
	}
	if m.config.BatchSize == nil {
		m.config.BatchSize = aws.Int32(10)
	}
	if m.config.MaximumBatchingWindowInSeconds == nil {
		m.config.MaximumBatchingWindowInSeconds = aws.Int32(0)
	}
	if err := s.checkSource(ctx, t, m.config); err != nil {
		return nil, err
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		all, err := db.All(tx, scanSource, selectSource+` WHERE account = $1 AND region = $2 AND source = $3 AND function = $4`, m.account, m.region, *in.EventSourceArn, t.arn())
		if err != nil {
			return wrap(err, "read event source mappings")
		}
		if len(all) > 0 {
			return conflict("An event source mapping with SQS arn (\" %s \") and function (\" %s \") already exists. Please update or delete the existing mapping with UUID %s",
				*in.EventSourceArn, t.name, all[0].id())
		}
		return writeSource(tx, m)
	})
	if err != nil {
		return nil, err
	}
	out := &lambda.CreateEventSourceMappingOutput{}
	copyFields(out, m.config)
	return out, nil
}

// checkSource refuses settings that cannot work, as AWS does when it tries them out.
func (s *Service) checkSource(ctx context.Context, t target, c types.EventSourceMappingConfiguration) error {
	size, window := aws.ToInt32(c.BatchSize), aws.ToInt32(c.MaximumBatchingWindowInSeconds)
	switch {
	case size < 1 || size > 10_000:
		return invalid("Batch size must be between 1 and 10000 for SQS event sources.")
	case size > 10 && window < 1:
		return invalid("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10")
	case window < 0 || window > 300:
		return validation(aws.ToString(c.UUID), "maximumBatchingWindowInSeconds", "Member must have value between 0 and 300")
	case c.ScalingConfig != nil && c.ScalingConfig.MaximumConcurrency != nil && (*c.ScalingConfig.MaximumConcurrency < 2 || *c.ScalingConfig.MaximumConcurrency > 1000):
		return invalid("MaximumConcurrency must be between 2 and 1000.")
	case s.SQS == nil:
		return invalid("This platform has no queues.")
	}
	if _, err := readFilters(c.FilterCriteria); err != nil {
		return err
	}
	_, v, err := s.directory.resolve(ctx, t)
	if err != nil {
		return err
	}
	url, err := s.queueURL(ctx, aws.ToString(c.EventSourceArn))
	if err != nil {
		return refusedSource("GetQueueUrl", err)
	}
	q, err := s.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameVisibilityTimeout}})
	if err != nil {
		return refusedSource("GetQueueAttributes", err)
	}
	hidden, err := time.ParseDuration(q.Attributes["VisibilityTimeout"] + "s")
	if err == nil && v.serves != nil && hidden < v.timeout() {
		return invalid("Queue visibility timeout: %d seconds is less than Function timeout: %d seconds", int(hidden.Seconds()), int(v.timeout().Seconds()))
	}
	return nil
}

// refusedSource words a queue's refusal.
func refusedSource(call string, err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) || hasCode(err, "InvalidParameterValueException") { // not the queue's
		return err
	}
	code := api.ErrorCode()
	if code == "QueueDoesNotExist" {
		code = "AWS.SimpleQueueService.NonExistentQueue"
	}
	return invalid("Error occurred while %s. SQS Error Code: %s. SQS Error Message: %s", call, code, api.ErrorMessage())
}

// queueURL asks for the URL of the queue that an ARN names.
func (s *Service) queueURL(ctx context.Context, queue string) (string, error) {
	a, err := arn.Parse(queue)
	if err != nil {
		return "", err
	}
	if here := caller.From(ctx); a.Region != here.Region || a.Account != here.Account {
		return "", invalid("The queue %s is not in the function's account and region, %s in %s.", queue, here.Account, here.Region)
	}
	out, err := s.SQS.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &a.Resource, QueueOwnerAWSAccountId: &a.Account})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.QueueUrl), nil
}

// GetEventSourceMapping answers one mapping.
func (s *Service) GetEventSourceMapping(ctx context.Context, in *lambda.GetEventSourceMappingInput, _ ...func(*lambda.Options)) (*lambda.GetEventSourceMappingOutput, error) {
	out := &lambda.GetEventSourceMappingOutput{}
	return out, s.DB.View(ctx, func(tx *db.Tx) error {
		m, err := readSource(tx, caller.From(ctx), in.UUID)
		copyFields(out, m.config)
		return err
	})
}

// ListEventSourceMappings lists mappings, all or those of a function or a source.
func (s *Service) ListEventSourceMappings(ctx context.Context, in *lambda.ListEventSourceMappingsInput, _ ...func(*lambda.Options)) (*lambda.ListEventSourceMappingsOutput, error) {
	var function string
	if in.FunctionName != nil {
		t, err := parseTarget(ctx, in.FunctionName, nil)
		if err != nil {
			return nil, err
		}
		function = t.arn()
	}
	var after string
	if err := decodeMarker(in.Marker, &after); err != nil {
		return nil, err
	}
	size, c := 100, caller.From(ctx)
	if n := aws.ToInt32(in.MaxItems); n > 0 && n < 100 {
		size = int(n)
	}
	out := &lambda.ListEventSourceMappingsOutput{EventSourceMappings: []types.EventSourceMappingConfiguration{}}
	return out, s.DB.View(ctx, func(tx *db.Tx) error {
		all, err := db.All(tx, scanSource, selectSource+` WHERE account = $1 AND region = $2 AND id > $3 AND ($4 = '' OR function = $4) AND ($5 = '' OR source = $5) ORDER BY id LIMIT $6`,
			c.Account, c.Region, after, function, aws.ToString(in.EventSourceArn), size+1)
		for i, m := range all {
			if i == size {
				out.NextMarker = encodeMarker(all[i-1].id())
				break
			}
			out.EventSourceMappings = append(out.EventSourceMappings, m.config)
		}
		return wrap(err, "list event source mappings")
	})
}

// UpdateEventSourceMapping changes a mapping; the pollers take the change up.
func (s *Service) UpdateEventSourceMapping(ctx context.Context, in *lambda.UpdateEventSourceMappingInput, _ ...func(*lambda.Options)) (*lambda.UpdateEventSourceMappingOutput, error) {
	if in.ProvisionedPollerConfig != nil {
		return nil, invalid("Provisioned pollers (ProvisionedPollerConfig) are not supported by Headgate.")
	}
	change := func(m *eventSource) error {
		if m.state() == sourceDeleting {
			return inUse("Cannot update the event source mapping because it is being deleted.")
		}
		if in.FunctionName != nil {
			t, err := parseTarget(ctx, in.FunctionName, nil)
			if err != nil {
				return err
			}
			m.config.FunctionArn = aws.String(t.arn())
		}
		if in.BatchSize != nil {
			m.config.BatchSize = in.BatchSize
		}
		if in.MaximumBatchingWindowInSeconds != nil {
			m.config.MaximumBatchingWindowInSeconds = in.MaximumBatchingWindowInSeconds
		}
		if in.FunctionResponseTypes != nil {
			m.config.FunctionResponseTypes = in.FunctionResponseTypes
		}
		if in.ScalingConfig != nil {
			m.config.ScalingConfig = in.ScalingConfig
		}
		if in.FilterCriteria != nil {
			if m.config.FilterCriteria = in.FilterCriteria; len(in.FilterCriteria.Filters) == 0 {
				m.config.FilterCriteria = nil
			}
		}
		switch was := m.polls(); {
		case in.Enabled == nil && !was:
		case in.Enabled == nil || *in.Enabled && was:
			m.config.State = aws.String(sourceUpdating)
		case *in.Enabled:
			m.config.State = aws.String(sourceEnabling)
		case was:
			m.config.State = aws.String(sourceDisabling)
		}
		now := s.Clock.Now().UTC()
		m.config.LastModified = &now
		return nil
	}
	var planned eventSource
	err := s.DB.View(ctx, func(tx *db.Tx) (err error) {
		if planned, err = readSource(tx, caller.From(ctx), in.UUID); err == nil {
			err = change(&planned)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	t, err := parseTarget(ctx, planned.config.FunctionArn, nil)
	if err == nil {
		err = s.checkSource(ctx, t, planned.config)
	}
	if err != nil {
		return nil, err
	}
	out := &lambda.UpdateEventSourceMappingOutput{}
	return out, s.changeSource(ctx, in.UUID, func(m *eventSource) error {
		err := change(m)
		copyFields(out, m.config)
		return err
	})
}

func inUse(message string) error {
	return &types.ResourceInUseException{Message: &message, Type: aws.String("User")}
}

// DeleteEventSourceMapping ends a mapping; it goes once the batches under way have been handled.
func (s *Service) DeleteEventSourceMapping(ctx context.Context, in *lambda.DeleteEventSourceMappingInput, _ ...func(*lambda.Options)) (*lambda.DeleteEventSourceMappingOutput, error) {
	out := &lambda.DeleteEventSourceMappingOutput{}
	return out, s.changeSource(ctx, in.UUID, func(m *eventSource) error {
		if m.state() == sourceDeleting {
			return inUse("Cannot delete the event source mapping because it is in use.")
		}
		m.config.State = aws.String(sourceDeleting)
		copyFields(out, m.config)
		return nil
	})
}

func (s *Service) changeSource(ctx context.Context, id *string, change func(m *eventSource) error) error {
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		m, err := readSource(tx, caller.From(ctx), id)
		if err == nil {
			err = change(&m)
		}
		if err != nil {
			return err
		}
		return writeSource(tx, m)
	})
}

const selectSource = `SELECT account, region, config, tags FROM lambda_event_source`

func scanSource(r db.Row) (m eventSource, err error) {
	var config, tags string
	if err := r.Scan(&m.account, &m.region, &config, &tags); err != nil {
		return m, err
	}
	if m.config, err = parseJSON[types.EventSourceMappingConfiguration](config); err == nil {
		m.tags, err = parseJSON[map[string]string](tags)
	}
	return m, err
}

func readSource(tx *db.Tx, c caller.Caller, id *string) (eventSource, error) {
	m, err := db.One(tx, scanSource, selectSource+` WHERE account = $1 AND region = $2 AND id = $3`, c.Account, c.Region, strings.ToLower(aws.ToString(id)))
	if errors.Is(err, db.ErrNotFound) {
		return m, notFound("The resource you requested does not exist.")
	}
	return m, wrap(err, "read event source mapping")
}

// writeSource stores a mapping and tells the pollers.
func writeSource(tx *db.Tx, m eventSource) error {
	_, err := tx.Exec(`INSERT INTO lambda_event_source (account, region, id, function, source, config, tags) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (account, region, id) DO UPDATE SET function = excluded.function, config = excluded.config, tags = excluded.tags`,
		m.account, m.region, m.id(), aws.ToString(m.config.FunctionArn), aws.ToString(m.config.EventSourceArn), document(m.config), document(m.tags))
	tx.Notify(topicSource, m.id())
	return wrap(err, "store event source mapping")
}
