package codedeploy

import (
	"encoding/json"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/db"
)

// applicationRow is a row of codedeploy_application.
type applicationRow struct {
	Name, ID string
	Tags     map[string]string
	Created  int64
}

func scanApplication(r db.Row) (a applicationRow, err error) {
	var tags string
	if err := r.Scan(&a.Name, &a.ID, &tags, &a.Created); err != nil {
		return a, err
	}
	return a, json.Unmarshal([]byte(tags), &a.Tags)
}

func (a applicationRow) info() types.ApplicationInfo {
	return types.ApplicationInfo{ApplicationId: &a.ID, ApplicationName: &a.Name, CreateTime: instant(a.Created),
		ComputePlatform: types.ComputePlatformLambda}
}

// applicationTx reads an application by its name, which must be given.
func applicationTx(tx *db.Tx, p place, name *string) (applicationRow, error) {
	if aws.ToString(name) == "" {
		return applicationRow{}, &types.ApplicationNameRequiredException{Message: text("The application name is required.")}
	}
	a, err := db.One(tx, scanApplication, `SELECT name, id, tags, created_at FROM codedeploy_application
		WHERE account = $1 AND region = $2 AND name = $3`, p.account, p.region, *name)
	if errors.Is(err, db.ErrNotFound) {
		return a, &types.ApplicationDoesNotExistException{Message: text("Application name %s does not exist in account %s, region %s", *name, p.account, p.region)}
	}
	return a, err
}

// groupRow is a row of codedeploy_group. Info lacks what follows from other rows; see withHistory.
type groupRow struct {
	ID   string
	Info types.DeploymentGroupInfo
	Tags map[string]string
}

func scanGroup(r db.Row) (g groupRow, err error) {
	var doc, tags string
	if err := r.Scan(&g.ID, &doc, &tags); err != nil {
		return g, err
	}
	return g, errors.Join(json.Unmarshal([]byte(doc), &g.Info), json.Unmarshal([]byte(tags), &g.Tags))
}

// groupTx reads a deployment group by its name, which must be given.
func groupTx(tx *db.Tx, p place, a applicationRow, name *string) (groupRow, error) {
	if aws.ToString(name) == "" {
		return groupRow{}, &types.DeploymentGroupNameRequiredException{Message: text("The deployment group name is required.")}
	}
	g, err := db.One(tx, scanGroup, `SELECT id, doc, tags FROM codedeploy_group
		WHERE account = $1 AND region = $2 AND application_id = $3 AND name = $4`, p.account, p.region, a.ID, *name)
	if errors.Is(err, db.ErrNotFound) {
		return g, &types.DeploymentGroupDoesNotExistException{Message: text("No Deployment Group found for name: %s", *name)}
	}
	return g, err
}

func insertGroup(tx *db.Tx, p place, a applicationRow, g groupRow) error {
	_, err := tx.Exec(`INSERT INTO codedeploy_group (account, region, application_id, name, id, config, doc, tags)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, p.account, p.region, a.ID, *g.Info.DeploymentGroupName, g.ID,
		aws.ToString(g.Info.DeploymentConfigName), encode(g.Info), encode(g.Tags))
	return err
}

func updateGroup(tx *db.Tx, g groupRow) error {
	_, err := tx.Exec(`UPDATE codedeploy_group SET name = $1, config = $2, doc = $3, tags = $4 WHERE id = $5`,
		*g.Info.DeploymentGroupName, aws.ToString(g.Info.DeploymentConfigName), encode(g.Info), encode(g.Tags), g.ID)
	return err
}

// withHistory adds what a group's deployments tell about it. Rollbacks count as deployments; the
// target revision is what the last successful one shipped.
func (g groupRow) withHistory(tx *db.Tx, p place, a applicationRow) (types.DeploymentGroupInfo, error) {
	i := g.Info
	i.ApplicationName, i.DeploymentGroupId = &a.Name, &g.ID
	last, err := lastDeployment(tx, p, g.ID, "")
	if err != nil {
		return i, err
	}
	ok, err := lastDeployment(tx, p, g.ID, " AND d.status = 'Succeeded'")
	if err != nil {
		return i, err
	}
	i.LastAttemptedDeployment, i.LastSuccessfulDeployment = last.lastInfo(), ok.lastInfo()
	if ok != nil {
		i.TargetRevision = ok.Info.Revision
	}
	return i, nil
}

// lastDeployment is the group's newest deployment under the condition given, or nil. Of two created
// in the same millisecond, the one that still runs is newer, then the one that ended later.
func lastDeployment(tx *db.Tx, p place, groupID, condition string) (*deploymentRow, error) {
	d, err := db.One(tx, scanDeployment, `SELECT `+deploymentColumns+` WHERE d.account = $1 AND d.region = $2 AND d.group_id = $3`+
		condition+` ORDER BY d.created_at DESC, CASE WHEN d.completed_at = 0 THEN 0 ELSE 1 END, d.completed_at DESC LIMIT 1`, p.account, p.region, groupID)
	if errors.Is(err, db.ErrNotFound) {
		return nil, nil
	}
	return &d, err
}

func (d *deploymentRow) lastInfo() *types.LastDeploymentInfo {
	if d == nil {
		return nil
	}
	return &types.LastDeploymentInfo{DeploymentId: d.Info.DeploymentId, Status: types.DeploymentStatus(d.Progress.Status),
		CreateTime: instant(d.Created), EndTime: timePtr(d.Progress.CompletedAt)}
}
