package resource

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
)

// deployApplication is AWS::CodeDeploy::Application.
type deployApplication struct{ deploy CodeDeploy }

func (*deployApplication) Schema() *Schema {
	return schema("AWS::CodeDeploy::Application", `
		ApplicationName*
		ComputePlatform*
		Tags[].Key!
		Tags[].Value!
	`).with(func(s *Schema) { s.Name = NameRule{Property: "ApplicationName", Max: 100} })
}

func (h *deployApplication) Exists(ctx context.Context, r Request) (bool, error) {
	_, err := h.deploy.GetApplication(ctx, &codedeploy.GetApplicationInput{ApplicationName: &r.Name})
	return exists(err, "ApplicationDoesNotExistException")
}

func (h *deployApplication) Create(ctx context.Context, r Request) (Result, error) {
	in := &codedeploy.CreateApplicationInput{}
	if err := Decode(r.Properties.without("Tags"), in); err != nil {
		return Result{}, err
	}
	in.ApplicationName = &r.Name
	in.Tags = tagList(r, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })
	_, err := h.deploy.CreateApplication(ctx, in)
	return Result{PhysicalID: r.Name}, unless(err, "ApplicationAlreadyExistsException")
}

// Update has tags alone to change: every other property requires replacement.
func (h *deployApplication) Update(ctx context.Context, r Request) (Result, error) {
	name := arn.For(caller.From(ctx), "codedeploy", "application:"+r.PhysicalID)
	return Result{PhysicalID: r.PhysicalID}, retagDeploy(ctx, h.deploy, r, name)
}

// retagDeploy sets the tags of what CodeDeploy keeps under the ARN given.
func retagDeploy(ctx context.Context, peer CodeDeploy, r Request, name string) error {
	api, ok := peer.(CodeDeployTags)
	if !ok {
		return nil
	}
	return retag(r, func(map[string]string) error {
		_, err := api.TagResource(ctx, &codedeploy.TagResourceInput{ResourceArn: &name, Tags: tagList(r, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })})
		return err
	}, func(keys []string) error {
		_, err := api.UntagResource(ctx, &codedeploy.UntagResourceInput{ResourceArn: &name, TagKeys: keys})
		return err
	})
}

func (h *deployApplication) Delete(ctx context.Context, r Request) (Result, error) {
	_, err := h.deploy.DeleteApplication(ctx, &codedeploy.DeleteApplicationInput{ApplicationName: &r.PhysicalID})
	return Result{}, unless(err, "ApplicationDoesNotExistException")
}
