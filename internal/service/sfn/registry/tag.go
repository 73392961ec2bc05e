package registry

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/db"
)

// tagQuota is how many tags a resource may have.
const tagQuota = 50

// TagResource adds tags to a state machine or an activity, or changes their values.
func (r *Registry) TagResource(ctx context.Context, in *sfn.TagResourceInput, _ ...func(*sfn.Options)) (*sfn.TagResourceOutput, error) {
	asked := aws.ToString(in.ResourceArn)
	err := r.retag(ctx, asked, func(tags map[string]string) (map[string]string, error) { return addTags(tags, in.Tags, asked) })
	if err != nil {
		return nil, err
	}
	return &sfn.TagResourceOutput{}, nil
}

// UntagResource removes tags from a state machine or an activity.
func (r *Registry) UntagResource(ctx context.Context, in *sfn.UntagResourceInput, _ ...func(*sfn.Options)) (*sfn.UntagResourceOutput, error) {
	err := r.retag(ctx, aws.ToString(in.ResourceArn), func(tags map[string]string) (map[string]string, error) {
		// Keys that the resource does not have are no error.
		for _, k := range in.TagKeys {
			delete(tags, k)
		}
		return tags, nil
	})
	if err != nil {
		return nil, err
	}
	return &sfn.UntagResourceOutput{}, nil
}

// ListTagsForResource answers the tags of a state machine or an activity, by key.
func (r *Registry) ListTagsForResource(ctx context.Context, in *sfn.ListTagsForResourceInput, _ ...func(*sfn.Options)) (*sfn.ListTagsForResourceOutput, error) {
	// AWS gives no order; by key, answers are the same each time.
	out := &sfn.ListTagsForResourceOutput{Tags: []types.Tag{}}
	err := r.db.View(ctx, func(tx *db.Tx) error {
		t, err := taggedTx(tx, aws.ToString(in.ResourceArn))
		for _, k := range slices.Sorted(maps.Keys(t.tags)) {
			out.Tags = append(out.Tags, types.Tag{Key: aws.String(k), Value: aws.String(t.tags[k])})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// retag changes a resource's tags.
func (r *Registry) retag(ctx context.Context, resource string, change func(map[string]string) (map[string]string, error)) error {
	return r.db.Update(ctx, func(tx *db.Tx) error {
		t, err := taggedTx(tx, resource)
		if err != nil {
			return err
		}
		tags, err := change(t.tags)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`UPDATE `+t.table+` SET tags = $1 WHERE account = $2 AND region = $3 AND arn = $4`, encode(tags), t.Account, t.Region, resource)
		return err
	})
}

// tagged is a resource with tags.
type tagged struct {
	arn.ARN
	table string
	tags  map[string]string
}

// taggedTx finds a resource that can have tags: versions and aliases cannot.
func taggedTx(tx *db.Tx, resource string) (tagged, error) {
	a, err := arn.Parse(resource)
	if err != nil {
		return tagged{}, invalidARN("Invalid ARN prefix: %s", resource)
	}
	// AWS answers ResourceNotFound for versions and aliases, as if they did not exist.
	notFound := &types.ResourceNotFound{Message: text("Resource not found: '%s'", resource), ResourceName: &resource}
	if strings.HasPrefix(a.Resource, "activity:") {
		row, err := activityTx(tx, resource)
		var none *types.ActivityDoesNotExist
		if errors.As(err, &none) {
			err = notFound
		}
		return tagged{a, "sfn_activity", row.Tags}, err
	}
	q, err := parseMachineARN(resource)
	if err != nil {
		return tagged{}, err
	}
	if q.qualified() {
		return tagged{}, notFound
	}
	row, err := machineTx(tx, q)
	if errors.Is(err, db.ErrNotFound) {
		err = notFound
	}
	return tagged{a, "sfn_machine", row.Tags}, err
}

// addTags merges tags into those that a resource has.
func addTags(have map[string]string, add []types.Tag, resource string) (map[string]string, error) {
	tags := map[string]string{}
	maps.Copy(tags, have)
	for _, t := range add {
		// A key given twice has the value given last.
		key := aws.ToString(t.Key)
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			return nil, &types.ValidationException{Message: text("Tag keys that begin with 'aws:' are reserved: '%s'", key)}
		}
		tags[key] = aws.ToString(t.Value)
	}
	// The quota is on what the resource would have, not on what the request adds.
	if len(tags) > tagQuota {
		return nil, &types.TooManyTags{Message: text("Too many tags: '%s'", resource), ResourceName: &resource}
	}
	return tags, nil
}
