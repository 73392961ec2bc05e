package resource

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
)

// deployConfig is AWS::CodeDeploy::DeploymentConfig.
type deployConfig struct{ deploy CodeDeploy }

func (*deployConfig) Schema() *Schema {
	return schema("AWS::CodeDeploy::DeploymentConfig", `
		DeploymentConfigName*
		ComputePlatform*
		TrafficRoutingConfig*.Type!
		TrafficRoutingConfig*.TimeBasedCanary.CanaryInterval! int
		TrafficRoutingConfig*.TimeBasedCanary.CanaryPercentage! int
		TrafficRoutingConfig*.TimeBasedLinear.LinearInterval! int
		TrafficRoutingConfig*.TimeBasedLinear.LinearPercentage! int
		MinimumHealthyHosts* json
		ZonalConfig* json
	`).with(func(s *Schema) { s.Name = NameRule{Property: "DeploymentConfigName", Max: 100} })
}

func (h *deployConfig) Exists(ctx context.Context, r Request) (bool, error) {
	_, err := h.deploy.GetDeploymentConfig(ctx, &codedeploy.GetDeploymentConfigInput{DeploymentConfigName: &r.Name})
	return exists(err, "DeploymentConfigDoesNotExistException")
}

func (h *deployConfig) Create(ctx context.Context, r Request) (Result, error) {
	in := &codedeploy.CreateDeploymentConfigInput{}
	if err := Decode(r.Properties, in); err != nil {
		return Result{}, err
	}
	in.DeploymentConfigName = &r.Name
	_, err := h.deploy.CreateDeploymentConfig(ctx, in)
	return Result{PhysicalID: r.Name}, unless(err, "DeploymentConfigAlreadyExistsException")
}

func (h *deployConfig) Update(_ context.Context, r Request) (Result, error) {
	return Result{PhysicalID: r.PhysicalID}, nil // every property requires replacement
}

func (h *deployConfig) Delete(ctx context.Context, r Request) (Result, error) {
	_, err := h.deploy.DeleteDeploymentConfig(ctx, &codedeploy.DeleteDeploymentConfigInput{DeploymentConfigName: &r.PhysicalID})
	return Result{}, unless(err, "DeploymentConfigDoesNotExistException")
}
