package resource

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
)

// logGroup is AWS::Logs::LogGroup.
type logGroup struct{ logs Logs }

func (*logGroup) Schema() *Schema {
	return schema("AWS::Logs::LogGroup", `
		LogGroupName*
		RetentionInDays int
		KmsKeyId*
		LogGroupClass*
		Tags[].Key!
		Tags[].Value!
	`).with(func(s *Schema) {
		s.Attributes = []string{"Arn"}
		s.Name = NameRule{Property: "LogGroupName", Max: 512}
	})
}

func (h *logGroup) Exists(ctx context.Context, r Request) (bool, error) {
	out, err := h.logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &r.Name})
	if err != nil {
		return false, err
	}
	for _, g := range out.LogGroups { // the shortest name with the prefix comes first
		if aws.ToString(g.LogGroupName) == r.Name {
			return true, nil
		}
	}
	return false, nil
}

func (h *logGroup) Create(ctx context.Context, r Request) (Result, error) {
	in := &cloudwatchlogs.CreateLogGroupInput{}
	if err := Decode(r.Properties.without("Tags"), in); err != nil {
		return Result{}, err
	}
	in.LogGroupName, in.Tags = &r.Name, tags(r)
	_, err := h.logs.CreateLogGroup(ctx, in)
	if unless(err, "ResourceAlreadyExistsException") != nil {
		return Result{}, err
	}
	return h.retain(ctx, r, r.Name)
}

func (h *logGroup) Update(ctx context.Context, r Request) (Result, error) {
	res, err := h.retain(ctx, r, r.PhysicalID)
	api, ok := h.logs.(LogsTags)
	if err != nil || !ok {
		return res, err
	}
	name := arn.For(caller.From(ctx), "logs", "log-group:"+r.PhysicalID)
	return res, retag(r, func(all map[string]string) error {
		_, err := api.TagResource(ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: &name, Tags: all})
		return err
	}, func(keys []string) error {
		_, err := api.UntagResource(ctx, &cloudwatchlogs.UntagResourceInput{ResourceArn: &name, TagKeys: keys})
		return err
	})
}

func (h *logGroup) retain(ctx context.Context, r Request, name string) (Result, error) {
	in := &cloudwatchlogs.PutRetentionPolicyInput{}
	if err := Decode(Properties{"RetentionInDays": r.Properties["RetentionInDays"]}, in); err != nil {
		return Result{}, err
	}
	in.LogGroupName = &name
	var err error
	switch {
	case in.RetentionInDays != nil:
		_, err = h.logs.PutRetentionPolicy(ctx, in)
	case r.Previous["RetentionInDays"] != nil:
		_, err = h.logs.DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: &name})
	}
	return Result{PhysicalID: name, Attributes: map[string]any{
		"Arn": arn.For(caller.From(ctx), "logs", "log-group:"+name+":*")}}, err
}

func (h *logGroup) Delete(ctx context.Context, r Request) (Result, error) {
	_, err := h.logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &r.PhysicalID})
	return Result{}, unless(err, "ResourceNotFoundException")
}
