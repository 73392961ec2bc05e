package lambda

import (
	"context"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/headgate/headgate/internal/db"
)

func checkTags(tags map[string]string) error {
	if len(tags) > 50 {
		return invalid("Number of tags exceeds function tag limit.")
	}
	for k, v := range tags {
		if len(k) == 0 || len(k) > 128 || len(v) > 256 {
			return invalid("The tag key and value must be at most 128 and 256 characters long.")
		}
		if strings.HasPrefix(strings.ToLower(k), "aws:") && !strings.HasPrefix(k, "aws:cloudformation:") { // CloudFormation sets its own
			return invalid("Tag keys starting with 'aws:' are reserved for system use.")
		}
	}
	return nil
}

// editTags changes the tags of the function that resource names, by its unqualified ARN.
func (s *Service) editTags(ctx context.Context, resource *string, edit func(map[string]string) error) error {
	t, err := parseTarget(ctx, resource, nil)
	if err != nil {
		return err
	}
	if t.qualifier != "" {
		return invalid("Tagging operations are permitted on Lambda functions only. Tags on aliases and versions are not supported. Please specify either a function name or a function ARN.")
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		fn, err := readFunction(tx, t.key, functionNotFound(t.arn()))
		if err != nil {
			return err
		}
		tags := maps.Clone(fn.tags)
		if tags == nil {
			tags = map[string]string{}
		}
		if err := edit(tags); err != nil {
			return err
		}
		fn.tags = tags
		return updateFunction(tx, fn)
	})
}

// TagResource adds or replaces tags.
func (s *Service) TagResource(ctx context.Context, in *lambda.TagResourceInput, _ ...func(*lambda.Options)) (*lambda.TagResourceOutput, error) {
	if len(in.Tags) == 0 {
		return nil, invalid("An error occurred and the request cannot be processed.")
	}
	err := s.editTags(ctx, in.Resource, func(tags map[string]string) error {
		maps.Copy(tags, in.Tags)
		return checkTags(tags)
	})
	if err != nil {
		return nil, err
	}
	return &lambda.TagResourceOutput{}, nil
}

// UntagResource removes tags; keys that are not there are no error.
func (s *Service) UntagResource(ctx context.Context, in *lambda.UntagResourceInput, _ ...func(*lambda.Options)) (*lambda.UntagResourceOutput, error) {
	if in.TagKeys == nil {
		return nil, validationNull("tagKeys")
	}
	err := s.editTags(ctx, in.Resource, func(tags map[string]string) error {
		for _, k := range in.TagKeys {
			delete(tags, k)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &lambda.UntagResourceOutput{}, nil
}

// ListTags answers a function's tags.
func (s *Service) ListTags(ctx context.Context, in *lambda.ListTagsInput, _ ...func(*lambda.Options)) (*lambda.ListTagsOutput, error) {
	k, err := parseName(ctx, in.Resource)
	if err != nil {
		return nil, err
	}
	out := &lambda.ListTagsOutput{Tags: map[string]string{}}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		fn, err := readFunction(tx, k, functionNotFound(k.arn("")))
		maps.Copy(out.Tags, fn.tags)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ptr32 is a stored number as the API has it.
func ptr32(n *int64) *int32 {
	if n == nil {
		return nil
	}
	return aws.Int32(int32(*n))
}
