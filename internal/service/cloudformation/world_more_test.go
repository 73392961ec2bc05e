package cloudformation

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	deploytypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/service/cloudformation/resource"
)

type group struct {
	config, last string
}

// deployment shifts its alias in two polls: ten percent, then all of it, or back.
type deployment struct {
	id, description, group           string
	function, alias, current, target string
	status                           deploytypes.DeploymentStatus
	rollback                         string // id of the one that rolls this back
	of                               string // that this one rolls back
	message                          string
	hooks                            []map[string]string
	polls                            int
}

type fakeDeploy struct {
	resource.CodeDeploy
	w *world
}

func (d *fakeDeploy) CreateApplication(ctx context.Context, in *codedeploy.CreateApplicationInput, _ ...func(*codedeploy.Options)) (*codedeploy.CreateApplicationOutput, error) {
	return &codedeploy.CreateApplicationOutput{}, d.w.act(ctx, "CreateApplication", *in.ApplicationName, func() error {
		if d.w.apps[*in.ApplicationName] {
			return fault("ApplicationAlreadyExistsException", "Application already exists: %s", *in.ApplicationName)
		}
		d.w.apps[*in.ApplicationName] = true
		return nil
	})
}

func (d *fakeDeploy) GetApplication(ctx context.Context, in *codedeploy.GetApplicationInput, _ ...func(*codedeploy.Options)) (*codedeploy.GetApplicationOutput, error) {
	return &codedeploy.GetApplicationOutput{}, d.w.act(ctx, "GetApplication", *in.ApplicationName, func() error {
		if !d.w.apps[*in.ApplicationName] {
			return fault("ApplicationDoesNotExistException", "No application found for name: %s", *in.ApplicationName)
		}
		return nil
	})
}

func (d *fakeDeploy) DeleteApplication(ctx context.Context, in *codedeploy.DeleteApplicationInput, _ ...func(*codedeploy.Options)) (*codedeploy.DeleteApplicationOutput, error) {
	return &codedeploy.DeleteApplicationOutput{}, d.w.act(ctx, "DeleteApplication", *in.ApplicationName, func() error {
		delete(d.w.apps, *in.ApplicationName)
		return nil
	})
}

func (d *fakeDeploy) CreateDeploymentGroup(ctx context.Context, in *codedeploy.CreateDeploymentGroupInput, _ ...func(*codedeploy.Options)) (*codedeploy.CreateDeploymentGroupOutput, error) {
	return &codedeploy.CreateDeploymentGroupOutput{}, d.w.act(ctx, "CreateDeploymentGroup", *in.DeploymentGroupName, func() error {
		if d.w.groups[*in.DeploymentGroupName] != nil {
			return fault("DeploymentGroupAlreadyExistsException", "exists")
		}
		d.w.groups[*in.DeploymentGroupName] = &group{config: aws.ToString(in.DeploymentConfigName)}
		return nil
	})
}

func (d *fakeDeploy) GetDeploymentGroup(ctx context.Context, in *codedeploy.GetDeploymentGroupInput, _ ...func(*codedeploy.Options)) (out *codedeploy.GetDeploymentGroupOutput, err error) {
	err = d.w.act(ctx, "GetDeploymentGroup", *in.DeploymentGroupName, func() error {
		g := d.w.groups[*in.DeploymentGroupName]
		if g == nil {
			return fault("DeploymentGroupDoesNotExistException", "none")
		}
		out = &codedeploy.GetDeploymentGroupOutput{DeploymentGroupInfo: &deploytypes.DeploymentGroupInfo{}}
		if g.last != "" {
			out.DeploymentGroupInfo.LastAttemptedDeployment = &deploytypes.LastDeploymentInfo{DeploymentId: aws.String(g.last)}
		}
		return nil
	})
	return out, err
}

func (d *fakeDeploy) UpdateDeploymentGroup(ctx context.Context, in *codedeploy.UpdateDeploymentGroupInput, _ ...func(*codedeploy.Options)) (*codedeploy.UpdateDeploymentGroupOutput, error) {
	return &codedeploy.UpdateDeploymentGroupOutput{}, d.w.act(ctx, "UpdateDeploymentGroup", *in.CurrentDeploymentGroupName, func() error {
		d.w.groups[*in.CurrentDeploymentGroupName].config = aws.ToString(in.DeploymentConfigName)
		return nil
	})
}

func (d *fakeDeploy) DeleteDeploymentGroup(ctx context.Context, in *codedeploy.DeleteDeploymentGroupInput, _ ...func(*codedeploy.Options)) (*codedeploy.DeleteDeploymentGroupOutput, error) {
	return &codedeploy.DeleteDeploymentGroupOutput{}, d.w.act(ctx, "DeleteDeploymentGroup", *in.DeploymentGroupName, func() error {
		delete(d.w.groups, *in.DeploymentGroupName)
		return nil
	})
}

func (d *fakeDeploy) CreateDeployment(ctx context.Context, in *codedeploy.CreateDeploymentInput, _ ...func(*codedeploy.Options)) (out *codedeploy.CreateDeploymentOutput, err error) {
	err = d.w.act(ctx, "CreateDeployment", *in.DeploymentGroupName, func() error {
		for _, x := range d.w.deployments {
			if x.group == *in.DeploymentGroupName && x.status == deploytypes.DeploymentStatusInProgress {
				return fault("DeploymentLimitExceededException", "The Deployment Group '%s' already has an active Deployment '%s'", x.group, x.id)
			}
		}
		var spec struct {
			Resources []map[string]struct {
				Properties struct{ Name, Alias, CurrentVersion, TargetVersion string }
			}
			Hooks []map[string]string
		}
		if err := json.Unmarshal([]byte(*in.Revision.String_.Content), &spec); err != nil {
			return err
		}
		x := &deployment{id: fmt.Sprintf("d-%09d", len(d.w.deployments)+1), description: *in.Description, group: *in.DeploymentGroupName,
			status: deploytypes.DeploymentStatusInProgress, hooks: spec.Hooks}
		for _, p := range spec.Resources[0] {
			x.function, x.alias, x.current, x.target = p.Properties.Name, p.Properties.Alias, p.Properties.CurrentVersion, p.Properties.TargetVersion
		}
		if a := d.w.functions[x.function].aliases[x.alias]; a.version != x.current {
			return fault("InvalidRevisionException", "alias is at %s, not %s", a.version, x.current)
		}
		d.w.deployments[x.id], d.w.groups[x.group].last = x, x.id
		out = &codedeploy.CreateDeploymentOutput{DeploymentId: &x.id}
		return nil
	})
	return out, err
}

func (d *fakeDeploy) GetDeployment(ctx context.Context, in *codedeploy.GetDeploymentInput, _ ...func(*codedeploy.Options)) (out *codedeploy.GetDeploymentOutput, err error) {
	err = d.w.act(ctx, "GetDeployment", *in.DeploymentId, func() error {
		x := d.w.deployments[*in.DeploymentId]
		if x == nil {
			return fault("DeploymentDoesNotExistException", "none")
		}
		d.advance(x)
		out = &codedeploy.GetDeploymentOutput{DeploymentInfo: &deploytypes.DeploymentInfo{DeploymentId: &x.id, Description: &x.description, Status: x.status,
			Creator: deploytypes.DeploymentCreatorUser}}
		if x.message != "" {
			out.DeploymentInfo.ErrorInformation = &deploytypes.ErrorInformation{Message: &x.message}
		}
		if x.rollback != "" {
			out.DeploymentInfo.RollbackInfo = &deploytypes.RollbackInfo{RollbackDeploymentId: &x.rollback}
		}
		if x.of != "" {
			out.DeploymentInfo.Creator = deploytypes.DeploymentCreatorCodeDeployRollback
			out.DeploymentInfo.RollbackInfo = &deploytypes.RollbackInfo{RollbackTriggeringDeploymentId: &x.of}
		}
		return nil
	})
	return out, err
}

func (d *fakeDeploy) advance(x *deployment) {
	if x.status != deploytypes.DeploymentStatusInProgress {
		return
	}
	x.polls++
	a := d.w.functions[x.function].aliases[x.alias]
	switch {
	case x.of != "":
		a.version, a.weights, x.status = x.current, nil, deploytypes.DeploymentStatusSucceeded
	case x.polls == 1 || d.w.holding:
		a.weights = map[string]float64{x.target: 0.1}
	case d.w.failing:
		d.stop(x, deploytypes.DeploymentStatusStopped, "One or more alarms have been activated")
	default:
		a.version, a.weights, x.status = x.target, nil, deploytypes.DeploymentStatusSucceeded
	}
}

func (d *fakeDeploy) stop(x *deployment, status deploytypes.DeploymentStatus, message string) {
	back := &deployment{id: fmt.Sprintf("d-%09d", len(d.w.deployments)+1), group: x.group, of: x.id, function: x.function, alias: x.alias,
		current: x.current, target: x.target, status: deploytypes.DeploymentStatusInProgress}
	d.w.deployments[back.id], d.w.groups[x.group].last = back, back.id
	x.status, x.message, x.rollback = status, message, back.id
}

func (d *fakeDeploy) StopDeployment(ctx context.Context, in *codedeploy.StopDeploymentInput, _ ...func(*codedeploy.Options)) (*codedeploy.StopDeploymentOutput, error) {
	return &codedeploy.StopDeploymentOutput{}, d.w.act(ctx, "StopDeployment", *in.DeploymentId, func() error {
		x := d.w.deployments[*in.DeploymentId]
		if x.status != deploytypes.DeploymentStatusInProgress {
			return fault("DeploymentAlreadyCompletedException", "over")
		}
		d.stop(x, deploytypes.DeploymentStatusStopped, "stopped by a user")
		return nil
	})
}

type fakeIAM struct {
	resource.IAM
	w *world
}

func (f *fakeIAM) role(name *string) (*role, error) {
	if r := f.w.roles[*name]; r != nil {
		return r, nil
	}
	return nil, fault("NoSuchEntity", "The role with name %s cannot be found.", *name)
}

func (f *fakeIAM) CreateRole(ctx context.Context, in *iam.CreateRoleInput, _ ...func(*iam.Options)) (*iam.CreateRoleOutput, error) {
	return &iam.CreateRoleOutput{}, f.w.act(ctx, "CreateRole", *in.RoleName, func() error {
		if f.w.roles[*in.RoleName] != nil {
			return fault("EntityAlreadyExists", "Role with name %s already exists.", *in.RoleName)
		}
		f.w.roles[*in.RoleName] = &role{trust: *in.AssumeRolePolicyDocument, inline: map[string]string{}, attached: map[string]bool{}}
		return nil
	})
}

func (f *fakeIAM) GetRole(ctx context.Context, in *iam.GetRoleInput, _ ...func(*iam.Options)) (out *iam.GetRoleOutput, err error) {
	err = f.w.act(ctx, "GetRole", *in.RoleName, func() error {
		_, err := f.role(in.RoleName)
		out = &iam.GetRoleOutput{Role: &iamtypes.Role{RoleName: in.RoleName, RoleId: aws.String("AROA" + *in.RoleName),
			Arn: aws.String(arn.Global(caller.From(ctx), "iam", "role/"+*in.RoleName)), CreateDate: aws.Time(time.Unix(0, 0))}}
		return err
	})
	return out, err
}

func (f *fakeIAM) UpdateRole(ctx context.Context, in *iam.UpdateRoleInput, _ ...func(*iam.Options)) (*iam.UpdateRoleOutput, error) {
	return &iam.UpdateRoleOutput{}, nil
}

func (f *fakeIAM) UpdateAssumeRolePolicy(ctx context.Context, in *iam.UpdateAssumeRolePolicyInput, _ ...func(*iam.Options)) (*iam.UpdateAssumeRolePolicyOutput, error) {
	return &iam.UpdateAssumeRolePolicyOutput{}, f.w.act(ctx, "UpdateAssumeRolePolicy", *in.RoleName, func() error {
		r, err := f.role(in.RoleName)
		if err == nil {
			r.trust = *in.PolicyDocument
		}
		return err
	})
}

func (f *fakeIAM) DeleteRole(ctx context.Context, in *iam.DeleteRoleInput, _ ...func(*iam.Options)) (*iam.DeleteRoleOutput, error) {
	return &iam.DeleteRoleOutput{}, f.w.act(ctx, "DeleteRole", *in.RoleName, func() error {
		r, err := f.role(in.RoleName)
		if err == nil && len(r.inline)+len(r.attached) > 0 {
			return fault("DeleteConflict", "Cannot delete entity, must detach all policies first.")
		}
		delete(f.w.roles, *in.RoleName)
		return err
	})
}

func (f *fakeIAM) PutRolePolicy(ctx context.Context, in *iam.PutRolePolicyInput, _ ...func(*iam.Options)) (*iam.PutRolePolicyOutput, error) {
	return &iam.PutRolePolicyOutput{}, f.w.act(ctx, "PutRolePolicy", *in.PolicyName, func() error {
		r, err := f.role(in.RoleName)
		if err == nil {
			r.inline[*in.PolicyName] = *in.PolicyDocument
		}
		return err
	})
}

func (f *fakeIAM) DeleteRolePolicy(ctx context.Context, in *iam.DeleteRolePolicyInput, _ ...func(*iam.Options)) (*iam.DeleteRolePolicyOutput, error) {
	return &iam.DeleteRolePolicyOutput{}, f.w.act(ctx, "DeleteRolePolicy", *in.PolicyName, func() error {
		r, err := f.role(in.RoleName)
		if err == nil {
			delete(r.inline, *in.PolicyName)
		}
		return err
	})
}

func (f *fakeIAM) AttachRolePolicy(ctx context.Context, in *iam.AttachRolePolicyInput, _ ...func(*iam.Options)) (*iam.AttachRolePolicyOutput, error) {
	return &iam.AttachRolePolicyOutput{}, f.w.act(ctx, "AttachRolePolicy", *in.PolicyArn, func() error {
		r, err := f.role(in.RoleName)
		if err == nil {
			r.attached[*in.PolicyArn] = true
		}
		return err
	})
}

func (f *fakeIAM) DetachRolePolicy(ctx context.Context, in *iam.DetachRolePolicyInput, _ ...func(*iam.Options)) (*iam.DetachRolePolicyOutput, error) {
	return &iam.DetachRolePolicyOutput{}, f.w.act(ctx, "DetachRolePolicy", *in.PolicyArn, func() error {
		r, err := f.role(in.RoleName)
		if err == nil {
			delete(r.attached, *in.PolicyArn)
		}
		return err
	})
}

type fakeCloudWatch struct {
	resource.CloudWatch
	w *world
}

func (f *fakeCloudWatch) PutMetricAlarm(ctx context.Context, in *cloudwatch.PutMetricAlarmInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricAlarmOutput, error) {
	return &cloudwatch.PutMetricAlarmOutput{}, f.w.act(ctx, "PutMetricAlarm", *in.AlarmName, func() error {
		f.w.alarms[*in.AlarmName] = fmt.Sprint(aws.ToFloat64(in.Threshold))
		return nil
	})
}

func (f *fakeCloudWatch) DescribeAlarms(ctx context.Context, in *cloudwatch.DescribeAlarmsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error) {
	out := &cloudwatch.DescribeAlarmsOutput{}
	return out, f.w.act(ctx, "DescribeAlarms", in.AlarmNames[0], func() error {
		if _, ok := f.w.alarms[in.AlarmNames[0]]; ok {
			out.MetricAlarms = []cwtypes.MetricAlarm{{}}
		}
		return nil
	})
}

func (f *fakeCloudWatch) DeleteAlarms(ctx context.Context, in *cloudwatch.DeleteAlarmsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.DeleteAlarmsOutput, error) {
	return &cloudwatch.DeleteAlarmsOutput{}, f.w.act(ctx, "DeleteAlarms", in.AlarmNames[0], func() error {
		delete(f.w.alarms, in.AlarmNames[0])
		return nil
	})
}

type fakeLogs struct {
	resource.Logs
	w *world
}

func (f *fakeLogs) CreateLogGroup(ctx context.Context, in *cloudwatchlogs.CreateLogGroupInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogGroupOutput, error) {
	return &cloudwatchlogs.CreateLogGroupOutput{}, f.w.act(ctx, "CreateLogGroup", *in.LogGroupName, func() error {
		if _, ok := f.w.logGroups[*in.LogGroupName]; ok {
			return fault("ResourceAlreadyExistsException", "The specified log group already exists")
		}
		f.w.logGroups[*in.LogGroupName] = 0
		return nil
	})
}

func (f *fakeLogs) DescribeLogGroups(ctx context.Context, in *cloudwatchlogs.DescribeLogGroupsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
	out := &cloudwatchlogs.DescribeLogGroupsOutput{}
	return out, f.w.act(ctx, "DescribeLogGroups", *in.LogGroupNamePrefix, func() error {
		if _, ok := f.w.logGroups[*in.LogGroupNamePrefix]; ok {
			out.LogGroups = []logtypes.LogGroup{{LogGroupName: in.LogGroupNamePrefix}}
		}
		return nil
	})
}

func (f *fakeLogs) PutRetentionPolicy(ctx context.Context, in *cloudwatchlogs.PutRetentionPolicyInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutRetentionPolicyOutput, error) {
	return &cloudwatchlogs.PutRetentionPolicyOutput{}, f.w.act(ctx, "PutRetentionPolicy", *in.LogGroupName, func() error {
		f.w.logGroups[*in.LogGroupName] = *in.RetentionInDays
		return nil
	})
}

func (f *fakeLogs) DeleteRetentionPolicy(ctx context.Context, in *cloudwatchlogs.DeleteRetentionPolicyInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DeleteRetentionPolicyOutput, error) {
	return &cloudwatchlogs.DeleteRetentionPolicyOutput{}, f.w.act(ctx, "DeleteRetentionPolicy", *in.LogGroupName, func() error {
		f.w.logGroups[*in.LogGroupName] = 0
		return nil
	})
}

func (f *fakeLogs) DeleteLogGroup(ctx context.Context, in *cloudwatchlogs.DeleteLogGroupInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DeleteLogGroupOutput, error) {
	return &cloudwatchlogs.DeleteLogGroupOutput{}, f.w.act(ctx, "DeleteLogGroup", *in.LogGroupName, func() error {
		delete(f.w.logGroups, *in.LogGroupName)
		return nil
	})
}

type fakeS3 struct {
	resource.S3
	w *world
}

func (f *fakeS3) CreateBucket(ctx context.Context, in *s3.CreateBucketInput, _ ...func(*s3.Options)) (*s3.CreateBucketOutput, error) {
	return &s3.CreateBucketOutput{}, f.w.act(ctx, "CreateBucket", *in.Bucket, func() error {
		if f.w.buckets[*in.Bucket] {
			return fault("BucketAlreadyOwnedByYou", "yours")
		}
		f.w.buckets[*in.Bucket] = true
		return nil
	})
}

func (f *fakeS3) HeadBucket(ctx context.Context, in *s3.HeadBucketInput, _ ...func(*s3.Options)) (*s3.HeadBucketOutput, error) {
	return &s3.HeadBucketOutput{}, f.w.act(ctx, "HeadBucket", *in.Bucket, func() error {
		if !f.w.buckets[*in.Bucket] {
			return fault("NotFound", "none")
		}
		return nil
	})
}

func (f *fakeS3) DeleteBucket(ctx context.Context, in *s3.DeleteBucketInput, _ ...func(*s3.Options)) (*s3.DeleteBucketOutput, error) {
	return &s3.DeleteBucketOutput{}, f.w.act(ctx, "DeleteBucket", *in.Bucket, func() error {
		delete(f.w.buckets, *in.Bucket)
		return nil
	})
}
