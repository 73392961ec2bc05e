package resource

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
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

// Update has tags alone to change, which nothing reads.
func (h *deployApplication) Update(_ context.Context, r Request) (Result, error) {
	return Result{PhysicalID: r.PhysicalID}, nil
}

func (h *deployApplication) Delete(ctx context.Context, r Request) (Result, error) {
	_, err := h.deploy.DeleteApplication(ctx, &codedeploy.DeleteApplicationInput{ApplicationName: &r.PhysicalID})
	return Result{}, unless(err, "ApplicationDoesNotExistException")
}
