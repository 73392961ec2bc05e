package wire_test

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/caller"
)

// services implements a few operations of each service, so that one value shows each protocol
// carrying real data both ways. The fields keep what the last call received.
type services struct {
	createFunction *lambda.CreateFunctionInput
	invoked        *lambda.InvokeInput
	alias          *lambda.UpdateAliasInput
	untag          *lambda.UntagResourceInput
	deployment     *codedeploy.CreateDeploymentInput
	metrics        *cloudwatch.PutMetricDataInput
	alarm          *cloudwatch.PutMetricAlarmInput
	events         *cloudwatchlogs.PutLogEventsInput
	stack          *cloudformation.CreateStackInput
	role           *iam.CreateRoleInput
}

var when = time.Date(2026, 3, 1, 12, 30, 15, 250e6, time.UTC)

func (s *services) CreateFunction(_ context.Context, in *lambda.CreateFunctionInput, _ ...func(*lambda.Options)) (*lambda.CreateFunctionOutput, error) {
	s.createFunction = in
	return &lambda.CreateFunctionOutput{FunctionName: in.FunctionName, CodeSize: int64(len(in.Code.ZipFile)),
		Environment: &lambdatypes.EnvironmentResponse{Variables: in.Environment.Variables}, State: lambdatypes.StatePending}, nil
}

func (s *services) GetFunction(_ context.Context, in *lambda.GetFunctionInput, _ ...func(*lambda.Options)) (*lambda.GetFunctionOutput, error) {
	switch *in.FunctionName {
	case "throttled":
		return nil, &lambdatypes.TooManyRequestsException{Message: aws.String("Rate Exceeded."), RetryAfterSeconds: aws.String("7"),
			Reason: lambdatypes.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded}
	case "broken":
		return nil, errors.New("disk on fire at /var/secret")
	case "panics":
		panic("index out of range")
	case "generic":
		return nil, &smithy.GenericAPIError{Code: "ResourceConflictException", Message: "busy", Fault: smithy.FaultClient}
	}
	return nil, &lambdatypes.ResourceNotFoundException{Message: aws.String("Function not found: " + *in.FunctionName)}
}

func (s *services) Invoke(_ context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	s.invoked = in
	out := &lambda.InvokeOutput{StatusCode: 200, ExecutedVersion: aws.String("2"), Payload: in.Payload}
	if in.InvocationType == lambdatypes.InvocationTypeEvent {
		out = &lambda.InvokeOutput{StatusCode: 202}
	}
	return out, nil
}

func (s *services) UpdateAlias(_ context.Context, in *lambda.UpdateAliasInput, _ ...func(*lambda.Options)) (*lambda.UpdateAliasOutput, error) {
	s.alias = in
	return &lambda.UpdateAliasOutput{Name: in.Name, FunctionVersion: in.FunctionVersion, RoutingConfig: in.RoutingConfig}, nil
}

func (s *services) DeleteAlias(context.Context, *lambda.DeleteAliasInput, ...func(*lambda.Options)) (*lambda.DeleteAliasOutput, error) {
	return &lambda.DeleteAliasOutput{}, nil
}

func (s *services) UntagResource(_ context.Context, in *lambda.UntagResourceInput, _ ...func(*lambda.Options)) (*lambda.UntagResourceOutput, error) {
	s.untag = in
	return &lambda.UntagResourceOutput{}, nil
}

func (s *services) CreateDeployment(_ context.Context, in *codedeploy.CreateDeploymentInput, _ ...func(*codedeploy.Options)) (*codedeploy.CreateDeploymentOutput, error) {
	s.deployment = in
	if in.ApplicationName == nil {
		return nil, &cdtypes.ApplicationNameRequiredException{Message: aws.String("An application name must be specified")}
	}
	return &codedeploy.CreateDeploymentOutput{DeploymentId: aws.String("d-ABC123XYZ")}, nil
}

func (s *services) GetDeployment(_ context.Context, in *codedeploy.GetDeploymentInput, _ ...func(*codedeploy.Options)) (*codedeploy.GetDeploymentOutput, error) {
	if aws.ToString(in.DeploymentId) != "d-ABC123XYZ" {
		return nil, &cdtypes.DeploymentDoesNotExistException{Message: aws.String("none")}
	}
	return &codedeploy.GetDeploymentOutput{DeploymentInfo: &cdtypes.DeploymentInfo{
		DeploymentId: in.DeploymentId, CreateTime: aws.Time(when), Status: cdtypes.DeploymentStatusInProgress,
		Description: aws.String("quotes \" and \\ and \n and ü and \x01"),
	}}, nil
}

func (s *services) DescribeStateMachine(_ context.Context, in *sfn.DescribeStateMachineInput, _ ...func(*sfn.Options)) (*sfn.DescribeStateMachineOutput, error) {
	if *in.StateMachineArn == "arn:gone" {
		return nil, &sfntypes.StateMachineDoesNotExist{Message: aws.String("gone")}
	}
	return &sfn.DescribeStateMachineOutput{StateMachineArn: in.StateMachineArn, CreationDate: aws.Time(when), Definition: aws.String(`{"StartAt":"A"}`),
		TracingConfiguration: &sfntypes.TracingConfiguration{Enabled: true}}, nil
}

func (s *services) PutMetricData(_ context.Context, in *cloudwatch.PutMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error) {
	s.metrics = in
	return &cloudwatch.PutMetricDataOutput{}, nil
}

func (s *services) PutMetricAlarm(_ context.Context, in *cloudwatch.PutMetricAlarmInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricAlarmOutput, error) {
	s.alarm = in
	return &cloudwatch.PutMetricAlarmOutput{}, nil
}

func (s *services) DescribeAlarms(_ context.Context, in *cloudwatch.DescribeAlarmsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error) {
	out := &cloudwatch.DescribeAlarmsOutput{MetricAlarms: []cwtypes.MetricAlarm{}}
	for _, n := range in.AlarmNames {
		out.MetricAlarms = append(out.MetricAlarms, cwtypes.MetricAlarm{AlarmName: aws.String(n), StateValue: cwtypes.StateValueAlarm,
			StateUpdatedTimestamp: aws.Time(when), Threshold: aws.Float64(1.5), Period: aws.Int32(60),
			Dimensions: []cwtypes.Dimension{{Name: aws.String("FunctionName"), Value: aws.String("f<&>")}}})
	}
	return out, nil
}

func (s *services) SetAlarmState(_ context.Context, in *cloudwatch.SetAlarmStateInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.SetAlarmStateOutput, error) {
	return nil, &cwtypes.ResourceNotFound{Message: aws.String("no alarm " + *in.AlarmName)}
}

func (s *services) PutLogEvents(_ context.Context, in *cloudwatchlogs.PutLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutLogEventsOutput, error) {
	s.events = in
	if *in.LogGroupName == "none" {
		return nil, &logstypes.ResourceNotFoundException{Message: aws.String("The specified log group does not exist.")}
	}
	return &cloudwatchlogs.PutLogEventsOutput{NextSequenceToken: aws.String("1")}, nil
}

func (s *services) CreateStack(_ context.Context, in *cloudformation.CreateStackInput, _ ...func(*cloudformation.Options)) (*cloudformation.CreateStackOutput, error) {
	s.stack = in
	if *in.StackName == "taken" {
		return nil, &cfntypes.AlreadyExistsException{Message: aws.String("Stack [taken] already exists")}
	}
	return &cloudformation.CreateStackOutput{StackId: aws.String("arn:stack/" + *in.StackName)}, nil
}

func (s *services) DescribeStacks(_ context.Context, in *cloudformation.DescribeStacksInput, _ ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error) {
	if in.StackName != nil && *in.StackName == "none" {
		return nil, &smithy.GenericAPIError{Code: "ValidationError", Message: "Stack with id none does not exist", Fault: smithy.FaultClient}
	}
	return &cloudformation.DescribeStacksOutput{Stacks: []cfntypes.Stack{{StackName: in.StackName, CreationTime: aws.Time(when),
		StackStatus: cfntypes.StackStatusCreateComplete, Outputs: []cfntypes.Output{{OutputKey: aws.String("Url"), OutputValue: aws.String("http://x/?a=1&b=2")}},
		Tags: []cfntypes.Tag{}}}}, nil
}

func (s *services) CreateRole(_ context.Context, in *iam.CreateRoleInput, _ ...func(*iam.Options)) (*iam.CreateRoleOutput, error) {
	s.role = in
	return &iam.CreateRoleOutput{Role: &iamtypes.Role{RoleName: in.RoleName, Arn: aws.String("arn:aws:iam::000000000000:role/" + *in.RoleName),
		Path: aws.String("/"), RoleId: aws.String("AROAX"), CreateDate: aws.Time(when), Tags: in.Tags}}, nil
}

func (s *services) GetRole(_ context.Context, in *iam.GetRoleInput, _ ...func(*iam.Options)) (*iam.GetRoleOutput, error) {
	return nil, &iamtypes.NoSuchEntityException{Message: aws.String("The role with name " + *in.RoleName + " cannot be found.")}
}

func (s *services) GetAccountSummary(context.Context, *iam.GetAccountSummaryInput, ...func(*iam.Options)) (*iam.GetAccountSummaryOutput, error) {
	return &iam.GetAccountSummaryOutput{SummaryMap: map[string]int32{"Roles": 3, "Users": 0}}, nil
}

func (s *services) GetCallerIdentity(ctx context.Context, _ *sts.GetCallerIdentityInput, _ ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error) {
	c := caller.From(ctx)
	return &sts.GetCallerIdentityOutput{Account: aws.String(c.Account), Arn: aws.String(c.ARN), UserId: aws.String(c.AccessKeyID)}, nil
}
