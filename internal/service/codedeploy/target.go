package codedeploy

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/rollout"
)

// functionName is the name within a name or an ARN.
func functionName(s string) string {
	if a, err := arn.Parse(s); err == nil {
		s = strings.TrimPrefix(a.Resource, "function:")
	}
	name, _, _ := strings.Cut(s, ":")
	return name
}

// target is the deployment's one target, or nil while its revision has not been read. A target's id
// is the function's name (CDS, BatchGetDeploymentTargets).
func (d deploymentRow) target(c caller.Caller) *types.DeploymentTarget {
	run := d.Progress
	name := functionName(run.Spec.FunctionName)
	if name == "" {
		return nil
	}
	t := &types.LambdaTarget{DeploymentId: d.Info.DeploymentId, TargetId: &name, TargetArn: aws.String(arn.Function(c, name, "")),
		Status: targetStatus(run), LastUpdatedAt: aws.Time(lastChange(run)),
		LambdaFunctionInfo: &types.LambdaFunctionInfo{FunctionName: &name, FunctionAlias: aws.String(run.Spec.Alias),
			CurrentVersion: optional(run.Spec.CurrentVersion), TargetVersion: aws.String(run.Spec.TargetVersion),
			// A fraction, though documented as a percentage (FACTS trap 11, LAB).
			TargetVersionWeight: float64(run.Weight) / 100}}
	for _, l := range run.Lifecycle {
		e := types.LifecycleEvent{LifecycleEventName: aws.String(string(l.Name)), Status: types.LifecycleEventStatus(l.Status),
			StartTime: l.StartTime, EndTime: l.EndTime}
		if hook := run.Spec.Hooks[l.Name]; hook != "" || l.Message != "" {
			e.Diagnostics = diagnostics(run, l, hook)
		}
		t.LifecycleEvents = append(t.LifecycleEvents, e)
	}
	return &types.DeploymentTarget{DeploymentTargetType: types.DeploymentTargetTypeLambdaTarget, LambdaTarget: t}
}

// diagnostics tells how a hook went, in the terms of the scripts that CodeDeploy runs on servers.
// Events that are not over have none.
func diagnostics(run progress, l rollout.LifecycleEvent, hook string) *types.Diagnostics {
	d := &types.Diagnostics{ScriptName: optional(hook), LogTail: optional(run.Logs[l.Name]), Message: optional(l.Message)}
	switch {
	case l.Status == rollout.EventSucceeded:
		d.ErrorCode = types.LifecycleErrorCodeSuccess
	case l.Status != rollout.EventFailed:
		return nil
	case run.Failure == nil || run.Failure.Code != rollout.HookExecutionFailure:
		d.ErrorCode = types.LifecycleErrorCodeUnknownError
	case l.StartTime != nil && l.EndTime != nil && l.EndTime.Sub(*l.StartTime) >= rollout.HookTimeout:
		d.ErrorCode = types.LifecycleErrorCodeScriptTimedOut
	default:
		d.ErrorCode = types.LifecycleErrorCodeScriptFailed
	}
	return d
}

// targetStatus is the target's status: Stopped is none of its values, so a stopped deployment's
// target has failed, or was skipped if nothing was begun.
func targetStatus(run progress) types.TargetStatus {
	switch run.Status {
	case rollout.Created:
		return types.TargetStatusPending
	case rollout.InProgress:
		return types.TargetStatusInProgress
	case rollout.Succeeded:
		return types.TargetStatusSucceeded
	}
	for _, l := range run.Lifecycle {
		if l.Status != rollout.EventSkipped {
			return types.TargetStatusFailed
		}
	}
	return types.TargetStatusSkipped
}

// lastChange is the newest time that the progress mentions.
func lastChange(run progress) time.Time {
	t := run.CreatedAt
	for _, l := range run.Lifecycle {
		for _, at := range []*time.Time{l.StartTime, l.EndTime} {
			if at != nil && at.After(t) {
				t = *at
			}
		}
	}
	if run.CompletedAt.After(t) {
		t = run.CompletedAt
	}
	return t
}

func (s *Service) targetOf(ctx context.Context, deployment *string) (*types.DeploymentTarget, error) {
	if err := needDeploymentID(deployment); err != nil {
		return nil, err
	}
	c := caller.From(ctx)
	d, err := s.readDeployment(ctx, placeOf(c), *deployment)
	if err != nil {
		return nil, err
	}
	return d.target(c), nil
}

// GetDeploymentTarget implements the operation.
func (s *Service) GetDeploymentTarget(ctx context.Context, in *codedeploy.GetDeploymentTargetInput, _ ...func(*codedeploy.Options)) (*codedeploy.GetDeploymentTargetOutput, error) {
	t, err := s.targetOf(ctx, in.DeploymentId)
	if err != nil {
		return nil, err
	}
	if err := isTarget(t, in.DeploymentId, aws.ToString(in.TargetId)); err != nil {
		return nil, err
	}
	return &codedeploy.GetDeploymentTargetOutput{DeploymentTarget: t}, nil
}

// isTarget checks that id names the deployment's target.
func isTarget(t *types.DeploymentTarget, deployment *string, id string) error {
	if id == "" {
		return &types.DeploymentTargetIdRequiredException{Message: text("The deployment target ID is required.")}
	}
	if t == nil || id != *t.LambdaTarget.TargetId {
		return &types.DeploymentTargetDoesNotExistException{Message: text("The deployment target %s does not belong to deployment %s", id, *deployment)}
	}
	return nil
}

// ListDeploymentTargets implements the operation.
func (s *Service) ListDeploymentTargets(ctx context.Context, in *codedeploy.ListDeploymentTargetsInput, _ ...func(*codedeploy.Options)) (*codedeploy.ListDeploymentTargetsOutput, error) {
	if _, err := after(in.NextToken); err != nil {
		return nil, err
	}
	t, err := s.targetOf(ctx, in.DeploymentId)
	if err != nil {
		return nil, err
	}
	out := &codedeploy.ListDeploymentTargetsOutput{TargetIds: []string{}}
	for name, values := range in.TargetFilters {
		switch types.TargetFilterName(name) {
		case types.TargetFilterNameTargetStatus:
			if t != nil && !slices.Contains(values, string(t.LambdaTarget.Status)) {
				t = nil
			}
		case types.TargetFilterNameServerInstanceLabel: // says nothing about a function
		default:
			return nil, &types.InvalidTargetFilterNameException{Message: text("%q is not a target filter: use TargetStatus.", name)}
		}
	}
	if t != nil {
		out.TargetIds = append(out.TargetIds, *t.LambdaTarget.TargetId)
	}
	return out, nil
}

// BatchGetDeploymentTargets implements the operation.
func (s *Service) BatchGetDeploymentTargets(ctx context.Context, in *codedeploy.BatchGetDeploymentTargetsInput, _ ...func(*codedeploy.Options)) (*codedeploy.BatchGetDeploymentTargetsOutput, error) {
	t, err := s.targetOf(ctx, in.DeploymentId)
	if err != nil {
		return nil, err
	}
	switch n := len(in.TargetIds); {
	case n == 0:
		return nil, &types.DeploymentTargetIdRequiredException{Message: text("At least one deployment target ID is required.")}
	case n > 1: // a Lambda deployment has exactly one
		return nil, &types.DeploymentTargetListSizeExceededException{Message: text("A Lambda deployment has one target: %d target IDs were given.", n)}
	}
	if err := isTarget(t, in.DeploymentId, in.TargetIds[0]); err != nil {
		return nil, err
	}
	return &codedeploy.BatchGetDeploymentTargetsOutput{DeploymentTargets: []types.DeploymentTarget{*t}}, nil
}
