package codedeploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/rollout"
)

// needDeploymentID tells a missing id and a malformed one from one that does not exist.
func needDeploymentID(id *string) error {
	if aws.ToString(id) == "" {
		return &types.DeploymentIdRequiredException{Message: text("The deployment ID is required.")}
	}
	if !strings.HasPrefix(*id, "d-") {
		return &types.InvalidDeploymentIdException{Message: text("The deployment ID %q is not valid: it begins with \"d-\".", *id)}
	}
	return nil
}

// GetDeployment implements the operation.
func (s *Service) GetDeployment(ctx context.Context, in *codedeploy.GetDeploymentInput, _ ...func(*codedeploy.Options)) (*codedeploy.GetDeploymentOutput, error) {
	if err := needDeploymentID(in.DeploymentId); err != nil {
		return nil, err
	}
	d, err := s.readDeployment(ctx, placeOf(caller.From(ctx)), *in.DeploymentId)
	if err != nil {
		return nil, err
	}
	info := d.info()
	return &codedeploy.GetDeploymentOutput{DeploymentInfo: &info}, nil
}

// BatchGetDeployments implements the operation; deployments that do not exist are left out.
func (s *Service) BatchGetDeployments(ctx context.Context, in *codedeploy.BatchGetDeploymentsInput, _ ...func(*codedeploy.Options)) (*codedeploy.BatchGetDeploymentsOutput, error) {
	if len(in.DeploymentIds) == 0 {
		return nil, &types.DeploymentIdRequiredException{Message: text("At least one deployment ID is required.")}
	}
	if err := batchLimit(len(in.DeploymentIds), 25); err != nil {
		return nil, err
	}
	out := &codedeploy.BatchGetDeploymentsOutput{DeploymentsInfo: []types.DeploymentInfo{}}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		for _, id := range in.DeploymentIds {
			if err := needDeploymentID(&id); err != nil {
				return err
			}
			d, err := deploymentTx(tx, placeOf(caller.From(ctx)), id)
			var missing *types.DeploymentDoesNotExistException
			if errors.As(err, &missing) {
				continue
			}
			if err != nil {
				return err
			}
			out.DeploymentsInfo = append(out.DeploymentsInfo, d.info())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListDeployments lists the newest first.
func (s *Service) ListDeployments(ctx context.Context, in *codedeploy.ListDeploymentsInput, _ ...func(*codedeploy.Options)) (*codedeploy.ListDeploymentsOutput, error) {
	q, err := deploymentQuery(placeOf(caller.From(ctx)), in)
	if err != nil {
		return nil, err
	}
	type item struct {
		id      string
		created int64
	}
	var items []item
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if in.ApplicationName != nil {
			a, err := applicationTx(tx, q.place, in.ApplicationName)
			if err != nil {
				return err
			}
			g, err := groupTx(tx, q.place, a, in.DeploymentGroupName)
			if err != nil {
				return err
			}
			q.where("group_id = ", g.ID)
		}
		items, err = db.All(tx, func(r db.Row) (i item, err error) { return i, r.Scan(&i.id, &i.created) },
			`SELECT id, created_at FROM codedeploy_deployment WHERE `+strings.Join(q.conditions, " AND ")+
				fmt.Sprintf(` ORDER BY created_at DESC, id DESC LIMIT %d`, pageSize+1), q.args...)
		return err
	})
	if err != nil {
		return nil, err
	}
	items, next := page(items, func(i item) string { return fmt.Sprintf("%d/%s", i.created, i.id) })
	out := &codedeploy.ListDeploymentsOutput{NextToken: next, Deployments: []string{}}
	for _, i := range items {
		out.Deployments = append(out.Deployments, i.id)
	}
	return out, nil
}

// query collects the conditions of a SELECT.
type query struct {
	place      place
	conditions []string
	args       []any
}

// where adds a condition, which ends where the value goes.
func (q *query) where(condition string, value any) {
	q.args = append(q.args, value)
	q.conditions = append(q.conditions, condition+"$"+strconv.Itoa(len(q.args)))
}

// deploymentQuery makes the conditions of the request's filters, and of its place in the list:
// after the deployment created at a time, with an id, that the token holds.
func deploymentQuery(p place, in *codedeploy.ListDeploymentsInput) (*query, error) {
	if (in.ApplicationName == nil) != (in.DeploymentGroupName == nil) {
		if in.ApplicationName == nil {
			return nil, &types.ApplicationNameRequiredException{Message: text("A deployment group name needs an application name as well.")}
		}
		return nil, &types.DeploymentGroupNameRequiredException{Message: text("An application name needs a deployment group name as well.")}
	}
	q := &query{place: p}
	q.where("account = ", p.account)
	q.where("region = ", p.region)
	if in.ExternalId != nil {
		q.where("external_id = ", *in.ExternalId)
	}
	if len(in.IncludeOnlyStatuses) > 0 {
		var marks []string
		for _, st := range in.IncludeOnlyStatuses {
			if !slices.Contains(st.Values(), st) {
				return nil, &types.InvalidDeploymentStatusException{Message: text("%q is not a deployment status.", st)}
			}
			q.args = append(q.args, string(st))
			marks = append(marks, "$"+strconv.Itoa(len(q.args)))
		}
		q.conditions = append(q.conditions, "status IN ("+strings.Join(marks, ", ")+")")
	}
	if r := in.CreateTimeRange; r != nil {
		if r.Start != nil && r.End != nil && r.End.Before(*r.Start) {
			return nil, &types.InvalidTimeRangeException{Message: text("The time range ends before it starts.")}
		}
		if r.Start != nil {
			q.where("created_at >= ", r.Start.UnixMilli())
		}
		if r.End != nil {
			q.where("created_at <= ", r.End.UnixMilli())
		}
	}
	from, err := after(in.NextToken)
	if err != nil || from == "" {
		return q, err
	}
	ms, id, ok := strings.Cut(from, "/")
	created, err := strconv.ParseInt(ms, 10, 64)
	if !ok || err != nil {
		return nil, &types.InvalidNextTokenException{Message: text("The next token is not one of this list.")}
	}
	q.args = append(q.args, created, created, id)
	n := len(q.args)
	q.conditions = append(q.conditions, fmt.Sprintf("(created_at < $%d OR created_at = $%d AND id < $%d)", n-2, n-1, n))
	return q, nil
}

// Texts of StopDeployment, as CodeDeploy words them.
const (
	stopPending   = "Stopping Pending. Stopping to schedule commands in the deployment instances"
	stopSucceeded = "No more commands will be scheduled for execution in the deployment instances"
)

// StopDeployment asks a deployment to stop; the answer Pending means that the request is on
// record. A rollback can be stopped too; it leaves the alias as it is.
func (s *Service) StopDeployment(ctx context.Context, in *codedeploy.StopDeploymentInput, _ ...func(*codedeploy.Options)) (*codedeploy.StopDeploymentOutput, error) {
	if err := needDeploymentID(in.DeploymentId); err != nil {
		return nil, err
	}
	out := &codedeploy.StopDeploymentOutput{}
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		d, err := deploymentTx(tx, placeOf(caller.From(ctx)), *in.DeploymentId)
		if err != nil {
			return err
		}
		switch d.Progress.Status {
		case rollout.Stopped:
			*out = codedeploy.StopDeploymentOutput{Status: types.StopStatusSucceeded, StatusMessage: aws.String(stopSucceeded)}
			return nil
		case rollout.Succeeded, rollout.Failed:
			return completed(*in.DeploymentId)
		}
		*out = codedeploy.StopDeploymentOutput{Status: types.StopStatusPending, StatusMessage: aws.String(stopPending)}
		err = s.engine.Signal(tx, kind, d.Instance, signalStop, stop{*in.DeploymentId, in.AutoRollbackEnabled})
		if errors.Is(err, durable.ErrNotFound) {
			return completed(*in.DeploymentId)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// completed is the error of a deployment that can no longer be stopped.
func completed(id string) error {
	return &types.DeploymentAlreadyCompletedException{Message: text("The deployment %s has already completed", id)}
}

// PutLifecycleEventHookExecutionStatus is a hook's answer. The first one counts.
func (s *Service) PutLifecycleEventHookExecutionStatus(ctx context.Context, in *codedeploy.PutLifecycleEventHookExecutionStatusInput, _ ...func(*codedeploy.Options)) (*codedeploy.PutLifecycleEventHookExecutionStatusOutput, error) {
	if err := needDeploymentID(in.DeploymentId); err != nil {
		return nil, err
	}
	if in.Status != types.LifecycleEventStatusSucceeded && in.Status != types.LifecycleEventStatusFailed {
		return nil, &types.InvalidLifecycleEventHookExecutionStatusException{Message: text("The status %q is not valid: it must be Succeeded or Failed.", in.Status)}
	}
	err := s.db.Update(ctx, func(tx *db.Tx) error { return s.takeCallback(tx, placeOf(caller.From(ctx)), in) })
	if err != nil {
		return nil, err
	}
	return &codedeploy.PutLifecycleEventHookExecutionStatusOutput{LifecycleEventHookExecutionId: in.LifecycleEventHookExecutionId}, nil
}

// takeCallback records a hook's answer and hands it to the deployment, in one transaction. Whoever
// finds the hook's status taken is late, whatever the deployment has decided by then.
func (s *Service) takeCallback(tx *db.Tx, p place, in *codedeploy.PutLifecycleEventHookExecutionStatusInput) error {
	d, err := deploymentTx(tx, p, *in.DeploymentId)
	if err != nil {
		return err
	}
	lifecycle, err := db.One(tx, db.Value[string], `SELECT lifecycle FROM codedeploy_hook
		WHERE account = $1 AND region = $2 AND deployment_id = $3 AND execution_id = $4`,
		p.account, p.region, *in.DeploymentId, aws.ToString(in.LifecycleEventHookExecutionId))
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return err
	}
	unknown := &types.InvalidLifecycleEventHookExecutionIdException{Message: text("The lifecycle event hook execution ID does not belong to a hook of deployment %s that waits for an answer.", *in.DeploymentId)}
	done := &types.LifecycleEventAlreadyCompletedException{Message: text("The lifecycle event %s of deployment %s has already completed", lifecycle, *in.DeploymentId)}
	if err != nil {
		return unknown
	}
	switch err := d.Progress.CheckCallback(rollout.LifecycleName(lifecycle)); {
	case errors.Is(err, rollout.ErrLifecycleCompleted):
		return done
	case err != nil:
		return unknown
	}
	n, err := tx.Exec(`UPDATE codedeploy_hook SET status = $1 WHERE account = $2 AND region = $3 AND deployment_id = $4 AND lifecycle = $5 AND status = ''`,
		string(in.Status), p.account, p.region, *in.DeploymentId, lifecycle)
	if err != nil {
		return err
	}
	if n == 0 {
		return done
	}
	err = s.engine.Signal(tx, kind, d.Instance, signalCallback,
		callback{rollout.LifecycleName(lifecycle), in.Status == types.LifecycleEventStatusSucceeded})
	if errors.Is(err, durable.ErrNotFound) {
		return done
	}
	return err
}
