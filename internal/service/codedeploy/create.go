package codedeploy

import (
	"context"
	"crypto/rand"
	"encoding/base64"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
	"github.com/headgate/headgate/internal/rollout"
)

// CreateDeployment starts a deployment and returns at once; it goes on as a durable instance.
func (s *Service) CreateDeployment(ctx context.Context, in *codedeploy.CreateDeploymentInput, _ ...func(*codedeploy.Options)) (*codedeploy.CreateDeploymentOutput, error) {
	if err := checkDeployment(in); err != nil {
		return nil, err
	}
	spec, err := checkRevision(in.Revision)
	if err != nil {
		return nil, err
	}
	// Drawn outside the transaction, which may run more than once.
	c, newID, rollbackID := caller.From(ctx), id.Deployment(), id.Deployment()
	hooks := hookIDs()
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		p, err := s.newProcess(tx, c, in)
		if err != nil {
			return err
		}
		p.HookIDs = hooks
		plan := &p.Main.Spec
		plan.DeploymentID, plan.RollbackDeploymentID = newID, rollbackID
		if spec != nil {
			p.Resource = spec.Resource
			spec.into(plan)
		}
		p.Main.State = rollout.New(*plan, *p.Info.CreateTime)
		p.Info.DeploymentId = &newID
		return s.insert(tx, p)
	})
	if err != nil {
		return nil, err
	}
	return &codedeploy.CreateDeploymentOutput{DeploymentId: &newID}, nil
}

// checkDeployment checks what can be checked without looking anything up.
func checkDeployment(in *codedeploy.CreateDeploymentInput) error {
	if err := checkApplicationName(in.ApplicationName); err != nil {
		return err
	}
	if err := checkGroupName(in.DeploymentGroupName); err != nil {
		return err
	}
	if err := checkDescription(in.Description); err != nil {
		return err
	}
	if err := checkAlarms(in.OverrideAlarmConfiguration); err != nil {
		return err
	}
	if err := checkRollback(in.AutoRollbackConfiguration); err != nil {
		return err
	}
	switch { // what CodeDeploy's model says of Lambda deployments
	case in.IgnoreApplicationStopFailures:
		return &types.InvalidIgnoreApplicationStopFailuresValueException{Message: text("For Lambda deployments, ignoreApplicationStopFailures must be false.")}
	case in.UpdateOutdatedInstancesOnly:
		return &types.InvalidUpdateOutdatedInstancesOnlyValueException{Message: text("For Lambda deployments, updateOutdatedInstancesOnly must be false.")}
	case in.DeploymentMode != "" && in.DeploymentMode != types.DeploymentModeStandard:
		return &types.InvalidInputException{Message: text("The deployment mode %s does not apply to Lambda deployments.", in.DeploymentMode)}
	case in.TargetInstances != nil && (len(in.TargetInstances.TagFilters) > 0 || len(in.TargetInstances.AutoScalingGroups) > 0 || in.TargetInstances.Ec2TagSet != nil):
		return &types.InvalidTargetInstancesException{Message: text("Target instances do not apply to Lambda deployments.")}
	}
	return nil
}

// newProcess looks up what the deployment depends on; the group's settings are copied, since
// later changes must not reach a running deployment.
func (s *Service) newProcess(tx *db.Tx, c caller.Caller, in *codedeploy.CreateDeploymentInput) (p process, err error) {
	at := placeOf(c)
	a, err := applicationTx(tx, at, in.ApplicationName)
	if err != nil {
		return p, err
	}
	g, err := groupTx(tx, at, a, in.DeploymentGroupName)
	if err != nil {
		return p, err
	}
	configName := in.DeploymentConfigName
	if aws.ToString(configName) == "" {
		configName = g.Info.DeploymentConfigName
	}
	if configName == nil { // AWS would take a Server one (FACTS trap 15)
		return p, &types.InvalidDeploymentConfigNameException{Message: text("Neither the deployment nor the deployment group %s names a deployment configuration: "+
			"a Lambda deployment needs one for Lambda, such as CodeDeployDefault.LambdaCanary10Percent5Minutes.", *in.DeploymentGroupName)}
	}
	config, err := lambdaConfigTx(tx, at, configName)
	if err != nil {
		return p, err
	}
	last, err := lastDeployment(tx, at, g.ID, " AND d.status = 'Succeeded'")
	if err != nil {
		return p, err
	}
	p = process{Caller: c, ApplicationID: a.ID, GroupID: g.ID, Triggers: g.Info.TriggerConfigurations}
	p.Caller.RequestID = "" // of this request, not of the calls that the deployment will make
	if p.Main.Spec.Traffic, err = traffic(config.TrafficRoutingConfig); err != nil {
		return p, err
	}
	// An override replaces the group's configuration as a whole, as on AWS.
	alarms, rollback := g.Info.AlarmConfiguration, g.Info.AutoRollbackConfiguration
	if in.OverrideAlarmConfiguration != nil {
		alarms = in.OverrideAlarmConfiguration
	}
	if in.AutoRollbackConfiguration != nil {
		rollback = in.AutoRollbackConfiguration
	}
	p.Main.guard(alarms, rollback)
	p.Info = types.DeploymentInfo{ApplicationName: &a.Name, DeploymentGroupName: g.Info.DeploymentGroupName, DeploymentConfigName: configName,
		Revision: in.Revision, CreateTime: aws.Time(s.clock.Now()), Creator: types.DeploymentCreatorUser, Description: in.Description,
		ComputePlatform: types.ComputePlatformLambda, DeploymentStyle: g.Info.DeploymentStyle, AutoRollbackConfiguration: rollback,
		OverrideAlarmConfiguration: in.OverrideAlarmConfiguration, FileExistsBehavior: in.FileExistsBehavior}
	if last != nil {
		p.Info.PreviousRevision = last.Info.Revision
	}
	return p, nil
}

// guard says on what the deployment stops and on what it is rolled back.
func (p *progress) guard(alarms *types.AlarmConfiguration, rollback *types.AutoRollbackConfiguration) {
	if alarms != nil && alarms.Enabled {
		p.Spec.AlarmsEnabled, p.Spec.IgnorePollAlarmFailure = true, alarms.IgnorePollAlarmFailure
		for _, a := range alarms.Alarms {
			p.Spec.Alarms = append(p.Spec.Alarms, *a.Name)
		}
	}
	if rollback != nil && rollback.Enabled {
		for _, e := range rollback.Events {
			p.Spec.RollbackOn = append(p.Spec.RollbackOn, rollout.RollbackEvent(e))
		}
	}
}

// insert writes a new deployment, unless the group has one running.
func (s *Service) insert(tx *db.Tx, p process) error {
	at, newID := placeOf(p.Caller), p.Main.Spec.DeploymentID
	// On both databases a concurrent insert of the same group either waits here or comes second.
	n, err := tx.Exec(`INSERT INTO codedeploy_running (group_id, deployment_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, p.GroupID, newID)
	if err != nil {
		return err
	}
	if n == 0 {
		running, err := db.One(tx, db.Value[string], `SELECT deployment_id FROM codedeploy_running WHERE group_id = $1`, p.GroupID)
		if err != nil {
			return err
		}
		return &types.DeploymentLimitExceededException{Message: text("The Deployment Group '%s' already has an active Deployment '%s'", *p.Info.DeploymentGroupName, running)}
	}
	location, err := useRevision(tx, at, p.ApplicationID, p.Info.Revision, millis(*p.Info.CreateTime))
	if err != nil {
		return err
	}
	// Rows for both hooks, since the AppSpec in S3 is not read yet; those that no hook uses stay silent.
	rows := []db.Stmt{insertion(at, newID, p.ApplicationID, p.GroupID, location, encode(p.Info), encode(p.Main), p.Main)}
	for l, execution := range p.HookIDs {
		rows = append(rows, db.Stmt{SQL: `INSERT INTO codedeploy_hook (account, region, deployment_id, lifecycle, execution_id, status) VALUES ($1, $2, $3, $4, $5, '')`,
			Args: []any{at.account, at.region, newID, string(l), execution}})
	}
	for _, alarm := range p.Main.Spec.Alarms {
		rows = append(rows, db.Stmt{SQL: `INSERT INTO codedeploy_watch (account, region, alarm, instance) VALUES ($1, $2, $3, $4)`,
			Args: []any{at.account, at.region, alarm, newID}})
	}
	if err := tx.Run(rows...); err != nil {
		return err
	}
	tx.Notify(Topic, newID)
	return s.engine.Create(tx, kind, newID, p)
}

// hookIDs draws what the hooks call back with: long, opaque and not to be guessed, since whoever
// knows one can let a deployment pass.
func hookIDs() map[rollout.LifecycleName]string {
	ids := map[rollout.LifecycleName]string{}
	for _, l := range []rollout.LifecycleName{rollout.BeforeAllowTraffic, rollout.AfterAllowTraffic} {
		var b [48]byte
		rand.Read(b[:]) // never fails, see crypto/rand
		ids[l] = base64.StdEncoding.EncodeToString(b[:])
	}
	return ids
}
