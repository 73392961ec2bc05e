package sqs

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// CreateQueue makes a queue. The same again answers the queue that there is, unless it has other attributes.
func (s *Service) CreateQueue(ctx context.Context, in *sqs.CreateQueueInput, _ ...func(*sqs.Options)) (*sqs.CreateQueueOutput, error) {
	name := aws.ToString(in.QueueName)
	if name == "" {
		return nil, missing("QueueName")
	}
	if strings.HasSuffix(name, ".fifo") || in.Attributes["FifoQueue"] == "true" {
		return nil, &types.UnsupportedOperation{Message: aws.String("FIFO queues are not supported by Headgate.")}
	}
	if !queueName.MatchString(name) {
		return nil, invalid("QueueName", name, "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	if err := checkAttributes(in.Attributes); err != nil {
		return nil, err
	}
	c, now := caller.From(ctx), s.now()
	q := queue{place: place{c.Account, c.Region, name}, attributes: given(in.Attributes), tags: in.Tags, created: now, modified: now}
	if q.tags == nil {
		q.tags = map[string]string{}
	}
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		old, err := readQueue(tx, q.place)
		if err == nil {
			for k, v := range q.attributes {
				if valueOf(old.attributes, k) != v {
					return &types.QueueNameExists{Message: aws.String("A queue already exists with the same name and a different value for attribute " + k)}
				}
			}
			return nil
		}
		_, err = tx.Exec(`INSERT INTO sqs_queue (account, region, name, attributes, tags, created, modified) VALUES ($1, $2, $3, $4, $5, $6, $6)`,
			q.account, q.region, q.name, mustJSON(q.attributes), mustJSON(q.tags), now)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &sqs.CreateQueueOutput{QueueUrl: aws.String(s.url(q.place))}, nil
}

// DeleteQueue removes a queue with its messages.
func (s *Service) DeleteQueue(ctx context.Context, in *sqs.DeleteQueueInput, _ ...func(*sqs.Options)) (*sqs.DeleteQueueOutput, error) {
	return &sqs.DeleteQueueOutput{}, s.change(ctx, in.QueueUrl, func(tx *db.Tx, q *queue) error {
		if err := purge(tx, q.place); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM sqs_queue WHERE account = $1 AND region = $2 AND name = $3`, q.account, q.region, q.name)
		return err
	})
}

// PurgeQueue removes a queue's messages.
func (s *Service) PurgeQueue(ctx context.Context, in *sqs.PurgeQueueInput, _ ...func(*sqs.Options)) (*sqs.PurgeQueueOutput, error) {
	return &sqs.PurgeQueueOutput{}, s.change(ctx, in.QueueUrl, func(tx *db.Tx, q *queue) error { return purge(tx, q.place) })
}

func purge(tx *db.Tx, p place) error {
	_, err := tx.Exec(`DELETE FROM sqs_message WHERE account = $1 AND region = $2 AND queue = $3`, p.account, p.region, p.name)
	return err
}

// change reads a queue, lets f act on it and writes it back.
func (s *Service) change(ctx context.Context, url *string, f func(tx *db.Tx, q *queue) error) error {
	p, err := byURL(ctx, url)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		q, err := readQueue(tx, p)
		if err == nil {
			err = f(tx, &q)
		}
		if err != nil {
			return err
		}
		return writeQueue(tx, q)
	})
}

// GetQueueUrl answers the URL of a queue.
func (s *Service) GetQueueUrl(ctx context.Context, in *sqs.GetQueueUrlInput, _ ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error) {
	c := caller.From(ctx)
	if aws.ToString(in.QueueName) == "" {
		return nil, missing("QueueName")
	}
	p := place{c.Account, c.Region, *in.QueueName}
	if owner := aws.ToString(in.QueueOwnerAWSAccountId); owner != "" {
		p.account = owner
	}
	err := s.db.View(ctx, func(tx *db.Tx) error { _, err := readQueue(tx, p); return err })
	if err != nil {
		return nil, err
	}
	return &sqs.GetQueueUrlOutput{QueueUrl: aws.String(s.url(p))}, nil
}

// ListQueues lists the URLs of the queues whose names begin with a prefix.
func (s *Service) ListQueues(ctx context.Context, in *sqs.ListQueuesInput, _ ...func(*sqs.Options)) (*sqs.ListQueuesOutput, error) {
	c, most := caller.From(ctx), int(aws.ToInt32(in.MaxResults))
	if most < 0 || most > 1000 {
		return nil, invalid("MaxResults", most, "MaxResults must be an integer between 1 and 1000")
	}
	paged := most > 0
	if !paged {
		most = 1000
	}
	out := &sqs.ListQueuesOutput{}
	return out, s.db.View(ctx, func(tx *db.Tx) error {
		all, err := db.All(tx, scanQueue, selectQueue+` WHERE account = $1 AND region = $2 AND name > $3 ORDER BY name`, c.Account, c.Region, aws.ToString(in.NextToken))
		for _, q := range all {
			if !strings.HasPrefix(q.name, aws.ToString(in.QueueNamePrefix)) {
				continue
			}
			if len(out.QueueUrls) == most {
				if paged {
					last := out.QueueUrls[most-1]
					out.NextToken = aws.String(last[strings.LastIndex(last, "/")+1:])
				}
				break
			}
			out.QueueUrls = append(out.QueueUrls, s.url(q.place))
		}
		return err
	})
}

// ListDeadLetterSourceQueues lists the queues whose dead letters come to this one.
func (s *Service) ListDeadLetterSourceQueues(ctx context.Context, in *sqs.ListDeadLetterSourceQueuesInput, _ ...func(*sqs.Options)) (*sqs.ListDeadLetterSourceQueuesOutput, error) {
	p, err := byURL(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	out := &sqs.ListDeadLetterSourceQueuesOutput{QueueUrls: []string{}}
	return out, s.db.View(ctx, func(tx *db.Tx) error {
		if _, err := readQueue(tx, p); err != nil {
			return err
		}
		all, err := db.All(tx, scanQueue, selectQueue+` WHERE account = $1 AND region = $2 ORDER BY name`, p.account, p.region)
		for _, q := range all {
			if r, ok := redriveOf(q.attributes); ok && r.target == p.arn() {
				out.QueueUrls = append(out.QueueUrls, s.url(q.place))
			}
		}
		return err
	})
}

// GetQueueAttributes answers what is set, and how many messages there are.
func (s *Service) GetQueueAttributes(ctx context.Context, in *sqs.GetQueueAttributesInput, _ ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	p, err := byURL(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	for _, n := range in.AttributeNames {
		if !slices.Contains(types.QueueAttributeName("").Values(), n) {
			return nil, &types.InvalidAttributeName{Message: aws.String("Unknown Attribute " + string(n) + ".")}
		}
	}
	out := &sqs.GetQueueAttributesOutput{}
	return out, s.db.View(ctx, func(tx *db.Tx) error {
		q, err := readQueue(tx, p)
		if err != nil {
			return err
		}
		all := maps.Clone(defaults)
		maps.Copy(all, q.attributes)
		all["QueueArn"], all["SqsManagedSseEnabled"] = p.arn(), "true"
		all["CreatedTimestamp"], all["LastModifiedTimestamp"] = seconds(q.created), seconds(q.modified)
		if err := s.count(tx, p, all); err != nil {
			return err
		}
		for k, v := range all {
			if slices.Contains(in.AttributeNames, types.QueueAttributeNameAll) || slices.Contains(in.AttributeNames, types.QueueAttributeName(k)) {
				if out.Attributes == nil {
					out.Attributes = map[string]string{}
				}
				out.Attributes[k] = v
			}
		}
		return nil
	})
}

// count fills in how many messages are visible, in flight and delayed.
func (s *Service) count(tx *db.Tx, p place, into map[string]string) error {
	now := s.now()
	for name, where := range map[string]string{
		"ApproximateNumberOfMessages": "visible <= $4", "ApproximateNumberOfMessagesNotVisible": "visible > $4 AND received > 0",
		"ApproximateNumberOfMessagesDelayed": "visible > $4 AND received = 0",
	} {
		n, err := db.One(tx, db.Value[int64], `SELECT COUNT(*) FROM sqs_message WHERE account = $1 AND region = $2 AND queue = $3 AND expires > $4 AND `+where,
			p.account, p.region, p.name, now)
		if err != nil {
			return err
		}
		into[name] = strconv.FormatInt(n, 10)
	}
	return nil
}

func seconds(ms int64) string { return strconv.FormatInt(ms/1000, 10) }

// SetQueueAttributes changes what is set; an empty text takes it back to the default.
func (s *Service) SetQueueAttributes(ctx context.Context, in *sqs.SetQueueAttributesInput, _ ...func(*sqs.Options)) (*sqs.SetQueueAttributesOutput, error) {
	if err := checkAttributes(in.Attributes); err != nil {
		return nil, err
	}
	return &sqs.SetQueueAttributesOutput{}, s.change(ctx, in.QueueUrl, func(_ *db.Tx, q *queue) error {
		for k, v := range in.Attributes {
			if v == "" {
				delete(q.attributes, k)
			} else {
				q.attributes[k] = v
			}
		}
		q.modified = s.now()
		return nil
	})
}

// TagQueue adds tags.
func (s *Service) TagQueue(ctx context.Context, in *sqs.TagQueueInput, _ ...func(*sqs.Options)) (*sqs.TagQueueOutput, error) {
	return &sqs.TagQueueOutput{}, s.change(ctx, in.QueueUrl, func(_ *db.Tx, q *queue) error {
		maps.Copy(q.tags, in.Tags)
		if len(q.tags) > 50 {
			return invalid("Tags", len(q.tags), "Too many tags added for queue "+q.name+". Maximum number of tags allowed: 50.")
		}
		return nil
	})
}

// UntagQueue removes tags.
func (s *Service) UntagQueue(ctx context.Context, in *sqs.UntagQueueInput, _ ...func(*sqs.Options)) (*sqs.UntagQueueOutput, error) {
	return &sqs.UntagQueueOutput{}, s.change(ctx, in.QueueUrl, func(_ *db.Tx, q *queue) error {
		for _, k := range in.TagKeys {
			delete(q.tags, k)
		}
		return nil
	})
}

// ListQueueTags answers a queue's tags.
func (s *Service) ListQueueTags(ctx context.Context, in *sqs.ListQueueTagsInput, _ ...func(*sqs.Options)) (*sqs.ListQueueTagsOutput, error) {
	p, err := byURL(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	out := &sqs.ListQueueTagsOutput{}
	return out, s.db.View(ctx, func(tx *db.Tx) error {
		q, err := readQueue(tx, p)
		out.Tags = q.tags
		return err
	})
}
