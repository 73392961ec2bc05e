package logs

import (
	"context"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// TagResource adds tags to a group.
func (s *Service) TagResource(ctx context.Context, in *cloudwatchlogs.TagResourceInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.TagResourceOutput, error) {
	return &cloudwatchlogs.TagResourceOutput{}, s.retagResource(ctx, in.ResourceArn, in.Tags, nil)
}

// UntagResource removes tags from a group.
func (s *Service) UntagResource(ctx context.Context, in *cloudwatchlogs.UntagResourceInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.UntagResourceOutput, error) {
	return &cloudwatchlogs.UntagResourceOutput{}, s.retagResource(ctx, in.ResourceArn, nil, in.TagKeys)
}

// ListTagsForResource lists a group's tags.
func (s *Service) ListTagsForResource(ctx context.Context, in *cloudwatchlogs.ListTagsForResourceInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.ListTagsForResourceOutput, error) {
	k, err := taggedGroup(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	tags, err := s.tags(ctx, k)
	return &cloudwatchlogs.ListTagsForResourceOutput{Tags: tags}, err
}

// TagLogGroup is the older form of TagResource.
func (s *Service) TagLogGroup(ctx context.Context, in *cloudwatchlogs.TagLogGroupInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.TagLogGroupOutput, error) {
	return &cloudwatchlogs.TagLogGroupOutput{}, s.retag(ctx, keyOf(caller.From(ctx), aws.ToString(in.LogGroupName)), in.Tags, nil)
}

// UntagLogGroup is the older form of UntagResource.
func (s *Service) UntagLogGroup(ctx context.Context, in *cloudwatchlogs.UntagLogGroupInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.UntagLogGroupOutput, error) {
	return &cloudwatchlogs.UntagLogGroupOutput{}, s.retag(ctx, keyOf(caller.From(ctx), aws.ToString(in.LogGroupName)), nil, in.Tags)
}

// ListTagsLogGroup is the older form of ListTagsForResource.
func (s *Service) ListTagsLogGroup(ctx context.Context, in *cloudwatchlogs.ListTagsLogGroupInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.ListTagsLogGroupOutput, error) {
	tags, err := s.tags(ctx, keyOf(caller.From(ctx), aws.ToString(in.LogGroupName)))
	return &cloudwatchlogs.ListTagsLogGroupOutput{Tags: tags}, err
}

func taggedGroup(ctx context.Context, name *string) (groupKey, error) {
	c := caller.From(ctx)
	a, err := arn.Parse(aws.ToString(name))
	group, ok := strings.CutPrefix(a.Resource, "log-group:")
	if err != nil || a.Service != "logs" || !ok {
		return groupKey{}, invalid("The ARN %q is not that of a log group.", aws.ToString(name))
	}
	if a.Account != c.Account || a.Region != c.Region {
		return groupKey{}, noGroup()
	}
	return keyOf(c, strings.TrimSuffix(group, ":*")), nil
}

func (s *Service) tags(ctx context.Context, k groupKey) (map[string]string, error) {
	var g group
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		g, err = readGroup(tx, k)
		return err
	})
	if g.tags == nil {
		g.tags = map[string]string{}
	}
	return g.tags, err
}

func (s *Service) retagResource(ctx context.Context, name *string, add map[string]string, remove []string) error {
	k, err := taggedGroup(ctx, name)
	if err != nil {
		return err
	}
	return s.retag(ctx, k, add, remove)
}

func (s *Service) retag(ctx context.Context, k groupKey, add map[string]string, remove []string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		g, err := readGroup(tx, k)
		if err != nil {
			return err
		}
		tags := map[string]string{}
		maps.Copy(tags, g.tags)
		maps.Copy(tags, add)
		for _, t := range remove {
			delete(tags, t)
		}
		if len(tags) > 50 {
			return &types.TooManyTagsException{Message: aws.String("A resource has at most 50 tags.")}
		}
		_, err = tx.Exec(`UPDATE logs_group SET tags = $1 WHERE account = $2 AND region = $3 AND name = $4`, tagText(tags), k.account, k.region, k.name)
		return err
	})
}
