package cloudwatch

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// TagResource adds tags to an alarm.
func (s *Service) TagResource(ctx context.Context, in *cloudwatch.TagResourceInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.TagResourceOutput, error) {
	return &cloudwatch.TagResourceOutput{}, s.retag(ctx, in.ResourceARN, func(tags map[string]string) (map[string]string, error) {
		return addTags(tags, in.Tags)
	})
}

// UntagResource removes tags from an alarm.
func (s *Service) UntagResource(ctx context.Context, in *cloudwatch.UntagResourceInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.UntagResourceOutput, error) {
	return &cloudwatch.UntagResourceOutput{}, s.retag(ctx, in.ResourceARN, func(tags map[string]string) (map[string]string, error) {
		for _, k := range in.TagKeys {
			delete(tags, k)
		}
		return tags, nil
	})
}

// ListTagsForResource lists an alarm's tags.
func (s *Service) ListTagsForResource(ctx context.Context, in *cloudwatch.ListTagsForResourceInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.ListTagsForResourceOutput, error) {
	out := &cloudwatch.ListTagsForResourceOutput{Tags: []types.Tag{}}
	return out, s.db.View(ctx, func(tx *db.Tx) error {
		st, err := s.tagged(tx, caller.From(ctx), in.ResourceARN)
		for _, k := range slices.Sorted(maps.Keys(st.tags)) {
			out.Tags = append(out.Tags, types.Tag{Key: aws.String(k), Value: aws.String(st.tags[k])})
		}
		return err
	})
}

func (s *Service) retag(ctx context.Context, name *string, f func(map[string]string) (map[string]string, error)) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		st, err := s.tagged(tx, caller.From(ctx), name)
		if err != nil {
			return err
		}
		if st.tags, err = f(st.tags); err != nil {
			return err
		}
		return st.write(tx)
	})
}

// tagged reads the alarm that an ARN names.
func (s *Service) tagged(tx *db.Tx, c caller.Caller, name *string) (storedAlarm, error) {
	if name == nil {
		return storedAlarm{}, missing("ResourceARN")
	}
	a, err := arn.Parse(*name)
	alarm, ok := strings.CutPrefix(a.Resource, "alarm:")
	if err != nil || a.Service != "cloudwatch" || !ok {
		return storedAlarm{}, invalid("The value %s for parameter ResourceARN is invalid: it is not the ARN of an alarm.", *name)
	}
	st, err := readAlarm(tx, key{c.Account, c.Region, alarm})
	if errors.Is(err, db.ErrNotFound) || err == nil && (a.Account != c.Account || a.Region != c.Region) {
		return st, &types.ResourceNotFoundException{Message: aws.String("Unable to find resource " + *name)}
	}
	return st, err
}

func addTags(tags map[string]string, more []types.Tag) (map[string]string, error) {
	out := map[string]string{}
	maps.Copy(out, tags)
	for _, t := range more {
		switch k := aws.ToString(t.Key); {
		case k == "" || len(k) > 128 || strings.HasPrefix(k, "aws:"):
			return nil, invalid("The tag key %q is invalid: 1 to 128 characters, not beginning with aws:.", k)
		default:
			out[k] = aws.ToString(t.Value)
		}
	}
	if len(out) > 50 {
		return nil, invalid("A resource has at most 50 tags.")
	}
	return out, nil
}
