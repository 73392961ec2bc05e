package codedeploy

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/rollout"
)

// deploymentRow is a deployment as the operations read it.
type deploymentRow struct {
	Instance, ApplicationID, GroupID string
	Created                          int64
	Info                             types.DeploymentInfo
	Progress                         progress
}

const deploymentColumns = `d.instance, d.application_id, d.group_id, d.created_at, d.doc, d.progress, COALESCE(a.name, ''), COALESCE(g.name, '')
	FROM codedeploy_deployment d
	LEFT JOIN codedeploy_application a ON a.id = d.application_id
	LEFT JOIN codedeploy_group g ON g.id = d.group_id`

func scanDeployment(r db.Row) (d deploymentRow, err error) {
	var doc, progress, application, group string
	if err := r.Scan(&d.Instance, &d.ApplicationID, &d.GroupID, &d.Created, &doc, &progress, &application, &group); err != nil {
		return d, err
	}
	if err := errors.Join(json.Unmarshal([]byte(doc), &d.Info), json.Unmarshal([]byte(progress), &d.Progress)); err != nil {
		return d, err
	}
	if application != "" { // they may have been renamed since
		d.Info.ApplicationName = &application
	}
	if group != "" {
		d.Info.DeploymentGroupName = &group
	}
	return d, nil
}

// deploymentTx reads a deployment, or answers CodeDeploy's error.
func deploymentTx(tx *db.Tx, p place, id string) (deploymentRow, error) {
	d, err := db.One(tx, scanDeployment, `SELECT `+deploymentColumns+` WHERE d.account = $1 AND d.region = $2 AND d.id = $3`, p.account, p.region, id)
	if errors.Is(err, db.ErrNotFound) {
		return d, &types.DeploymentDoesNotExistException{Message: text("The deployment %s could not be found", id)}
	}
	return d, err
}

// readDeployment is deploymentTx in a snapshot of its own.
func (s *Service) readDeployment(ctx context.Context, p place, id string) (d deploymentRow, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		d, err = deploymentTx(tx, p, id)
		return err
	})
	return d, err
}

// insertion writes a new deployment's row.
func insertion(p place, instance, applicationID, groupID, revision, doc, encoded string, run progress) db.Stmt {
	return db.Stmt{SQL: `INSERT INTO codedeploy_deployment
		(account, region, id, instance, application_id, group_id, external_id, status, created_at, completed_at, revision, doc, progress)
		VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8, $9, $10, $11, $12)`,
		Args: []any{p.account, p.region, run.Spec.DeploymentID, instance, applicationID, groupID, string(run.Status),
			millis(run.CreatedAt), millis(run.CompletedAt), revision, doc, encoded}}
}

// insertRollback writes the rollback's row when it has begun.
func (d *deciding) insertRollback(encoded string) {
	run := *d.p.Rollback
	info := d.p.Info
	info.DeploymentId = aws.String(run.Spec.DeploymentID)
	info.Creator = types.DeploymentCreatorCodeDeployRollback
	info.CreateTime = aws.Time(run.CreatedAt)
	info.Description = nil
	info.DeploymentConfigName = aws.String(rollout.PredefinedPrefix + "LambdaAllAtOnce")
	info.PreviousRevision = d.p.Info.Revision // the one that is undone
	info.Revision = rollbackRevision(d.p.Resource, run.Spec)
	// What a rollback does not heed (FACTS trap 16).
	info.AutoRollbackConfiguration = &types.AutoRollbackConfiguration{}
	info.OverrideAlarmConfiguration = &types.AlarmConfiguration{}
	d.rows = append(d.rows, insertion(placeOf(d.p.Caller), d.p.Main.Spec.DeploymentID, d.p.ApplicationID, d.p.GroupID, "", encode(info), encoded, run))
	d.notices = append(d.notices, db.Notice{Topic: Topic, Payload: run.Spec.DeploymentID})
}

// rollbackRevision is the AppSpec that leads back.
func rollbackRevision(resource string, s rollout.Spec) *types.RevisionLocation {
	content := encode(map[string]any{"version": 0.0, "Resources": []any{map[string]any{resource: map[string]any{
		"Type": "AWS::Lambda::Function", "Properties": map[string]any{"Name": s.FunctionName, "Alias": s.Alias,
			"CurrentVersion": s.CurrentVersion, "TargetVersion": s.TargetVersion}}}}})
	return &types.RevisionLocation{RevisionType: types.RevisionLocationTypeAppSpecContent,
		AppSpecContent: &types.AppSpecContent{Content: &content, Sha256: aws.String(sum(content))}}
}

// info is what GetDeployment answers.
func (d deploymentRow) info() types.DeploymentInfo {
	i, run := d.Info, d.Progress
	i.Status = types.DeploymentStatus(run.Status)
	i.StartTime, i.CompleteTime = timePtr(run.StartedAt), timePtr(run.CompletedAt)
	i.DeploymentOverview = overview(run)
	i.DeploymentStatusMessages = []string{} // there, though empty, in AWS's answers
	if f := run.Failure; f != nil {
		i.ErrorInformation = &types.ErrorInformation{Code: types.ErrorCode(f.Code), Message: &f.Message}
		i.DeploymentStatusMessages = []string{f.Message}
	}
	i.RollbackInfo = &types.RollbackInfo{}
	if r := run.Rollback; r != nil {
		i.RollbackInfo = &types.RollbackInfo{RollbackDeploymentId: optional(r.RollbackDeploymentID),
			RollbackTriggeringDeploymentId: optional(r.RollbackTriggeringDeploymentID), RollbackMessage: optional(r.RollbackMessage)}
	}
	return i
}

// overview counts targets by status; a Lambda deployment has one.
func overview(run progress) *types.DeploymentOverview {
	o := &types.DeploymentOverview{}
	switch targetStatus(run) {
	case types.TargetStatusPending:
		o.Pending = 1
	case types.TargetStatusInProgress:
		o.InProgress = 1
	case types.TargetStatusSucceeded:
		o.Succeeded = 1
	case types.TargetStatusSkipped:
		o.Skipped = 1
	default:
		o.Failed = 1
	}
	return o
}

func timePtr(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
