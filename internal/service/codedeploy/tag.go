package codedeploy

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// tagMap adds tags to old, which it does not change.
func tagMap(old map[string]string, add []types.Tag) (map[string]string, error) {
	all := maps.Clone(old)
	if all == nil {
		all = map[string]string{}
	}
	for _, t := range add {
		key, value := aws.ToString(t.Key), aws.ToString(t.Value)
		if key == "" || len(key) > 128 || len(value) > 256 || strings.HasPrefix(key, "aws:") {
			return nil, &types.InvalidTagsToAddException{Message: text("The tag %q is not valid: keys have 1 to 128 characters and do not begin with \"aws:\", values at most 256.", key)}
		}
		all[key] = value
	}
	if len(all) > 50 {
		return nil, &types.TagLimitExceededException{Message: text("A resource may have at most 50 tags, not %d.", len(all))}
	}
	return all, nil
}

// tagged finds the application or the deployment group that an ARN names, gives its tags to change,
// and writes what that returns.
func tagged(tx *db.Tx, c caller.Caller, resource *string, change func(map[string]string) (map[string]string, error)) error {
	if aws.ToString(resource) == "" {
		return &types.ResourceArnRequiredException{Message: text("The ARN of a resource is required.")}
	}
	at, err := arn.Parse(*resource)
	if err != nil || at.Service != "codedeploy" {
		return &types.InvalidArnException{Message: text("%q is not the ARN of a CodeDeploy resource.", *resource)}
	}
	what, name, _ := strings.Cut(at.Resource, ":")
	p := place{c.Account, at.Region}
	if at.Account != c.Account || what != "application" && what != "deploymentgroup" {
		return &types.ArnNotSupportedException{Message: text("The ARN %s is not that of an application or deployment group of this account.", *resource)}
	}
	application, group, ofGroup := strings.Cut(name, "/")
	a, err := applicationTx(tx, p, &application)
	if err != nil {
		return err
	}
	if what == "application" && !ofGroup {
		tags, err := change(a.Tags)
		if err != nil || tags == nil {
			return err
		}
		_, err = tx.Exec(`UPDATE codedeploy_application SET tags = $1 WHERE id = $2`, encode(tags), a.ID)
		return err
	}
	g, err := groupTx(tx, p, a, &group)
	if err != nil {
		return err
	}
	if g.Tags, err = change(g.Tags); err != nil || g.Tags == nil {
		return err
	}
	return updateGroup(tx, g)
}

// TagResource implements the operation.
func (s *Service) TagResource(ctx context.Context, in *codedeploy.TagResourceInput, _ ...func(*codedeploy.Options)) (*codedeploy.TagResourceOutput, error) {
	if len(in.Tags) == 0 {
		return nil, &types.TagRequiredException{Message: text("At least one tag is required.")}
	}
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		return tagged(tx, caller.From(ctx), in.ResourceArn, func(old map[string]string) (map[string]string, error) { return tagMap(old, in.Tags) })
	})
	if err != nil {
		return nil, err
	}
	return &codedeploy.TagResourceOutput{}, nil
}

// UntagResource implements the operation.
func (s *Service) UntagResource(ctx context.Context, in *codedeploy.UntagResourceInput, _ ...func(*codedeploy.Options)) (*codedeploy.UntagResourceOutput, error) {
	if len(in.TagKeys) == 0 {
		return nil, &types.TagRequiredException{Message: text("At least one tag key is required.")}
	}
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		return tagged(tx, caller.From(ctx), in.ResourceArn, func(old map[string]string) (map[string]string, error) {
			left := map[string]string{}
			maps.Copy(left, old)
			maps.DeleteFunc(left, func(k, _ string) bool { return slices.Contains(in.TagKeys, k) })
			return left, nil
		})
	})
	if err != nil {
		return nil, err
	}
	return &codedeploy.UntagResourceOutput{}, nil
}

// ListTagsForResource answers all tags at once: there are at most 50.
func (s *Service) ListTagsForResource(ctx context.Context, in *codedeploy.ListTagsForResourceInput, _ ...func(*codedeploy.Options)) (*codedeploy.ListTagsForResourceOutput, error) {
	if _, err := after(in.NextToken); err != nil {
		return nil, err
	}
	out := &codedeploy.ListTagsForResourceOutput{Tags: []types.Tag{}}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tagged(tx, caller.From(ctx), in.ResourceArn, func(tags map[string]string) (map[string]string, error) {
			for _, k := range slices.Sorted(maps.Keys(tags)) {
				out.Tags = append(out.Tags, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
			}
			return nil, nil // nothing to write
		})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
