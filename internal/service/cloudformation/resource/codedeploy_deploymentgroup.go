package resource

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
)

// deployGroup is AWS::CodeDeploy::DeploymentGroup, of the Lambda platform.
type deployGroup struct{ deploy CodeDeploy }

func (*deployGroup) Schema() *Schema {
	return schema("AWS::CodeDeploy::DeploymentGroup", `
		ApplicationName!*
		DeploymentGroupName*
		ServiceRoleArn!
		DeploymentConfigName
		AlarmConfiguration.Alarms[].Name
		AlarmConfiguration.Enabled bool
		AlarmConfiguration.IgnorePollAlarmFailure bool
		AutoRollbackConfiguration.Enabled bool
		AutoRollbackConfiguration.Events[]
		DeploymentStyle.DeploymentOption
		DeploymentStyle.DeploymentType
		TriggerConfigurations[].TriggerEvents[]
		TriggerConfigurations[].TriggerName
		TriggerConfigurations[].TriggerTargetArn
		OutdatedInstancesStrategy
		TerminationHookEnabled bool
		Tags[].Key!
		Tags[].Value!
	`).with(func(s *Schema) { s.Name = NameRule{Property: "DeploymentGroupName", Max: 100} })
}

func (h *deployGroup) Exists(ctx context.Context, r Request) (bool, error) {
	_, err := h.deploy.GetDeploymentGroup(ctx, &codedeploy.GetDeploymentGroupInput{
		ApplicationName: aws.String(r.Properties.text("ApplicationName")), DeploymentGroupName: &r.Name})
	return exists(err, "DeploymentGroupDoesNotExistException", "ApplicationDoesNotExistException")
}

func (h *deployGroup) Create(ctx context.Context, r Request) (Result, error) {
	in := &codedeploy.CreateDeploymentGroupInput{}
	if err := Decode(r.Properties.without("Tags"), in); err != nil {
		return Result{}, err
	}
	in.DeploymentGroupName = &r.Name
	in.Tags = tagList(r, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })
	_, err := h.deploy.CreateDeploymentGroup(ctx, in)
	return Result{PhysicalID: r.Name}, unless(err, "DeploymentGroupAlreadyExistsException")
}

func (h *deployGroup) Update(ctx context.Context, r Request) (Result, error) {
	in := &codedeploy.UpdateDeploymentGroupInput{}
	// What the template says no more is set to nothing; a member left out would stay as it is.
	if r.Previous["AlarmConfiguration"] != nil {
		in.AlarmConfiguration = &types.AlarmConfiguration{}
	}
	if r.Previous["AutoRollbackConfiguration"] != nil {
		in.AutoRollbackConfiguration = &types.AutoRollbackConfiguration{}
	}
	if r.Previous["TriggerConfigurations"] != nil {
		in.TriggerConfigurations = []types.TriggerConfig{}
	}
	if err := Decode(r.Properties.without("Tags", "DeploymentGroupName"), in); err != nil {
		return Result{}, err
	}
	in.CurrentDeploymentGroupName = &r.PhysicalID
	if _, err := h.deploy.UpdateDeploymentGroup(ctx, in); err != nil {
		return Result{}, err
	}
	name := arn.For(caller.From(ctx), "codedeploy", "deploymentgroup:"+r.Properties.text("ApplicationName")+"/"+r.PhysicalID)
	return Result{PhysicalID: r.PhysicalID}, retagDeploy(ctx, h.deploy, r, name)
}

func (h *deployGroup) Delete(ctx context.Context, r Request) (Result, error) {
	_, err := h.deploy.DeleteDeploymentGroup(ctx, &codedeploy.DeleteDeploymentGroupInput{
		ApplicationName: aws.String(r.Properties.text("ApplicationName")), DeploymentGroupName: &r.PhysicalID})
	return Result{}, unless(err, "ApplicationDoesNotExistException", "DeploymentGroupDoesNotExistException")
}
