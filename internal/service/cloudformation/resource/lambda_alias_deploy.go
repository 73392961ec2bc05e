package resource

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

// deploymentTopic tells of every change of a deployment.
const deploymentTopic = "codedeploy.deployment"

type aliasProgress struct{ Deployment string }

// startDeployment has CodeDeploy shift the alias to its new version. CreateDeployment has no token:
// the description carries ours, and a repeat looks for it before it creates another one.
func (h *lambdaAlias) startDeployment(ctx context.Context, r Request, policy Properties) (Result, error) {
	if h.deploy == nil {
		return Result{}, failf("UpdatePolicy CodeDeployLambdaAliasUpdate: there is no CodeDeploy")
	}
	mark := fmt.Sprintf("Alias %s of stack %s, token %s", r.Properties.text("Name"), r.StackName, r.Token)
	application, group := policy.text("ApplicationName"), policy.text("DeploymentGroupName")
	id, err := h.started(ctx, application, group, mark)
	if err != nil {
		return Result{}, err
	}
	if id == "" {
		content, err := appSpec(r, policy)
		if err != nil {
			return Result{}, err
		}
		out, err := h.deploy.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{
			ApplicationName: &application, DeploymentGroupName: &group, Description: &mark,
			Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeString,
				String_: &types.RawString{Content: &content}},
		})
		if is(err, "DeploymentLimitExceededException") {
			return Result{}, failf("A conflicting deployment is in progress: %s", err) // FACTS §5
		}
		if err != nil {
			return Result{}, err
		}
		id = aws.ToString(out.DeploymentId)
	}
	return h.waitFor(r, id)
}

func (h *lambdaAlias) waitFor(r Request, id string) (Result, error) {
	return pending(r.PhysicalID, nil, aliasProgress{id}, Pending{Topic: deploymentTopic})
}

// started finds the deployment that an earlier call of this step has made, or "". It would be the
// group's last one, or the one that the last one rolls back.
func (h *lambdaAlias) started(ctx context.Context, application, group, mark string) (string, error) {
	out, err := h.deploy.GetDeploymentGroup(ctx, &codedeploy.GetDeploymentGroupInput{ApplicationName: &application, DeploymentGroupName: &group})
	if err != nil {
		return "", err
	}
	if out.DeploymentGroupInfo == nil || out.DeploymentGroupInfo.LastAttemptedDeployment == nil {
		return "", nil
	}
	id := aws.ToString(out.DeploymentGroupInfo.LastAttemptedDeployment.DeploymentId)
	for range 2 {
		d, err := h.deployment(ctx, id)
		if err != nil {
			return "", err
		}
		if d.Creator != types.DeploymentCreatorCodeDeployRollback && aws.ToString(d.Description) == mark {
			return id, nil
		}
		if d.RollbackInfo == nil || aws.ToString(d.RollbackInfo.RollbackTriggeringDeploymentId) == "" {
			return "", nil
		}
		id = *d.RollbackInfo.RollbackTriggeringDeploymentId
	}
	return "", nil
}

func (h *lambdaAlias) deployment(ctx context.Context, id string) (*types.DeploymentInfo, error) {
	out, err := h.deploy.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: &id})
	if err != nil {
		return nil, err
	}
	if out.DeploymentInfo == nil {
		return nil, fmt.Errorf("deployment %s: no description of it", id)
	}
	return out.DeploymentInfo, nil
}

// Check waits for the deployment, and for the one that rolls it back: only then is the alias what
// it will be.
func (h *lambdaAlias) Check(ctx context.Context, r Request) (Result, error) {
	var p aliasProgress
	if err := progress(r, &p); err != nil {
		return Result{}, err
	}
	d, err := h.deployment(ctx, p.Deployment)
	if err != nil {
		return Result{}, err
	}
	switch d.Status {
	case types.DeploymentStatusSucceeded:
		if err := h.set(ctx, r); err != nil { // description, weights
			return Result{}, err
		}
		return h.finish(ctx, r)
	case types.DeploymentStatusFailed, types.DeploymentStatusStopped:
	default:
		return h.waitFor(r, p.Deployment)
	}
	if d.RollbackInfo != nil && aws.ToString(d.RollbackInfo.RollbackDeploymentId) != "" {
		back, err := h.deployment(ctx, *d.RollbackInfo.RollbackDeploymentId)
		if err != nil {
			return Result{}, err
		}
		if !over(back.Status) {
			return h.waitFor(r, p.Deployment)
		}
	}
	why := ""
	if d.ErrorInformation != nil {
		why = aws.ToString(d.ErrorInformation.Message)
	}
	return Result{}, failf("%s failed. %s", p.Deployment, why)
}

func over(s types.DeploymentStatus) bool {
	return s == types.DeploymentStatusSucceeded || s == types.DeploymentStatusFailed || s == types.DeploymentStatusStopped
}

// Cancel stops the deployment and has CodeDeploy put the alias back.
func (h *lambdaAlias) Cancel(ctx context.Context, r Request) error {
	var p aliasProgress
	if err := progress(r, &p); err != nil {
		return err
	}
	_, err := h.deploy.StopDeployment(ctx, &codedeploy.StopDeploymentInput{DeploymentId: &p.Deployment, AutoRollbackEnabled: aws.Bool(true)})
	return unless(err, "DeploymentAlreadyCompletedException")
}

// appSpec is the revision: from the version that the stack last set, to the new one.
func appSpec(r Request, policy Properties) (string, error) {
	var hooks []map[string]string
	for _, h := range []struct{ event, property string }{
		{"BeforeAllowTraffic", "BeforeAllowTrafficHook"}, {"AfterAllowTraffic", "AfterAllowTrafficHook"},
	} {
		if f := policy.text(h.property); f != "" {
			hooks = append(hooks, map[string]string{h.event: f})
		}
	}
	name := functionName(r.Properties.text("FunctionName"))
	spec := map[string]any{
		"version": 0.0,
		"Resources": []any{map[string]any{name: map[string]any{
			"Type": "AWS::Lambda::Function",
			"Properties": map[string]string{
				"Name": name, "Alias": r.Properties.text("Name"),
				"CurrentVersion": r.Previous.text("FunctionVersion"), "TargetVersion": r.Properties.text("FunctionVersion"),
			},
		}}},
	}
	if hooks != nil {
		spec["Hooks"] = hooks
	}
	raw, err := json.Marshal(spec)
	return string(raw), err
}
