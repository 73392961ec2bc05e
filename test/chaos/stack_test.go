package chaos

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
)

// stackRate makes the canary of the template a second of real time, and leaves a hook twelve.
const stackRate = 300

// step is one operation on the stack and the status that it ends with.
type step struct {
	name   string
	do     func(ctx context.Context, p *platform) error
	status types.StackStatus
}

// steps are a stack's life. What cannot be made comes last in its step, so that there is something to undo.
var steps = []step{
	{"create what cannot be made", create(template{revision: 1, impossible: true}), types.StackStatusRollbackComplete},
	{"delete what was not made", remove, types.StackStatusDeleteComplete},
	{"create", create(template{revision: 1}), types.StackStatusCreateComplete},
	{"update with a gradual deployment", update(template{revision: 2}), types.StackStatusUpdateComplete},
	{"update that a hook refuses", update(template{revision: 3, hook: "unwell"}), types.StackStatusUpdateRollbackComplete},
	{"update that cannot be made", update(template{revision: 4, impossible: true}), types.StackStatusUpdateRollbackComplete},
	{"delete", remove, types.StackStatusDeleteComplete},
}

// TestStackSurvivesKills leads one stack through its life undisturbed and others through the same life with kills at
// random moments. After every step both must look the same: the stack, its events, and all that exists besides.
func TestStackSurvivesKills(t *testing.T) {
	onEachStore(t, func(t *testing.T, store func(t *testing.T) string, luck *rand.Rand) {
		calm := newWorld(t, store(t), luck)
		stormy := newWorld(t, store(t), luck)
		for _, s := range steps {
			began := time.Now()
			calm.run(s, func() {})
			took := time.Since(began)
			want := calm.look()
			stormy.run(s, func() {
				for range 1 + luck.IntN(3) {
					time.Sleep(upTo(luck, took*2/3))
					stormy.kill()
					stormy.start()
				}
			})
			if diff := cmp.Diff(want, stormy.look()); diff != "" {
				t.Errorf("%s: undisturbed (-) and killed (+) differ: %s", s.name, diff)
			}
			if t.Failed() {
				return
			}
		}
	})
}

// world is a platform with the one stack.
type world struct {
	*platform
	stackID string
}

func newWorld(t *testing.T, db string, luck *rand.Rand) *world {
	w := &world{platform: newPlatform(t, db, stackRate, luck)}
	w.connect(retry.NewStandard()) // nothing is asked of a server that is being killed
	w.function("hook", "witness", map[string]string{"HOLD": "200ms", "OUTCOME": "Succeeded"})
	w.function("unwell", "witness", map[string]string{"HOLD": "200ms", "OUTCOME": "Failed"})
	_, err := w.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("packages")})
	must(t, 0, err)
	_, err = w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("packages"), Key: aws.String("app.zip"), Body: bytes.NewReader(code(t, "app"))})
	must(t, 0, err)
	return w
}

// run takes a step: meanwhile disturbs it, once it was accepted.
func (w *world) run(s step, meanwhile func()) {
	w.t.Helper()
	if err := s.do(w.t.Context(), w.platform); err != nil {
		w.t.Fatalf("%s: %v", s.name, err)
	}
	if out, err := w.stack(w.t.Context(), stackName); err == nil {
		w.stackID = aws.ToString(out.StackId)
	}
	if w.stackID == "" {
		w.t.Fatalf("%s: no stack", s.name)
	}
	meanwhile()
	var got types.Stack
	w.until(s.name, func(ctx context.Context) (ok bool, err error) {
		got, err = w.stack(ctx, w.stackID)
		return err == nil && terminal(got.StackStatus), err
	})
	if got.StackStatus != s.status {
		w.t.Errorf("%s ended in %s (%s), want %s", s.name, got.StackStatus, aws.ToString(got.StackStatusReason), s.status)
	}
}

func (w *world) stack(ctx context.Context, name string) (types.Stack, error) {
	out, err := w.cloudformation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		return types.Stack{}, err
	}
	if len(out.Stacks) != 1 {
		return types.Stack{}, fmt.Errorf("%d stacks", len(out.Stacks))
	}
	return out.Stacks[0], nil
}

func terminal(s types.StackStatus) bool {
	switch s {
	case types.StackStatusCreateComplete, types.StackStatusCreateFailed, types.StackStatusRollbackComplete, types.StackStatusRollbackFailed,
		types.StackStatusUpdateComplete, types.StackStatusUpdateFailed, types.StackStatusUpdateRollbackComplete, types.StackStatusUpdateRollbackFailed,
		types.StackStatusDeleteComplete, types.StackStatusDeleteFailed:
		return true
	}
	return false
}

const stackName = "chaos"

func create(in template) func(ctx context.Context, p *platform) error {
	return func(ctx context.Context, p *platform) error {
		_, err := p.cloudformation.CreateStack(ctx, &cloudformation.CreateStackInput{StackName: aws.String(stackName), TemplateBody: aws.String(in.text()),
			Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam}})
		return err
	}
}

func update(in template) func(ctx context.Context, p *platform) error {
	return func(ctx context.Context, p *platform) error {
		_, err := p.cloudformation.UpdateStack(ctx, &cloudformation.UpdateStackInput{StackName: aws.String(stackName), TemplateBody: aws.String(in.text()),
			Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam}})
		return err
	}
}

func remove(ctx context.Context, p *platform) error {
	_, err := p.cloudformation.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: aws.String(stackName)})
	return err
}

// template is the stack's: everything that a gradual deployment has, named by CloudFormation.
type template struct {
	revision   int
	hook       string // before the traffic moves; "hook" by default
	impossible bool   // an alarm with a period that no alarm can have comes last
}

func (v template) text() string {
	if v.hook == "" {
		v.hook = "hook"
	}
	last := ""
	if v.impossible {
		last = `
  Impossible:
    Type: AWS::CloudWatch::Alarm
    DependsOn: [Alias, Alarm, LogGroup]
    Properties: {Namespace: Chaos, MetricName: None, Statistic: Sum, Period: 7, EvaluationPeriods: 1, Threshold: 1, ComparisonOperator: GreaterThanThreshold}`
	}
	return os.Expand(stackTemplate, func(name string) string {
		switch name {
		case "revision":
			return fmt.Sprint(v.revision)
		case "hook":
			return v.hook
		case "last":
			return last
		}
		return "${" + name + "}"
	})
}

const stackTemplate = `
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      Description: revision ${revision}
      AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: {Service: [lambda.amazonaws.com, codedeploy.amazonaws.com]}, Action: 'sts:AssumeRole'}]}
      Policies:
        - PolicyName: all
          PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: '*', Resource: '*'}]}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      Role: !GetAtt Role.Arn
      Description: revision ${revision}
      Code: {S3Bucket: packages, S3Key: app.zip}
  Version${revision}:
    Type: AWS::Lambda::Version
    Properties: {FunctionName: !Ref Function}
  LogGroup:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: !Sub '/aws/lambda/${Function}', RetentionInDays: 14}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties: {Namespace: AWS/Lambda, MetricName: Errors, Dimensions: [{Name: FunctionName, Value: !Ref Function}], Statistic: Sum, Period: 60,
      EvaluationPeriods: 1, Threshold: ${revision}, ComparisonOperator: GreaterThanThreshold, TreatMissingData: notBreaching}
  Application:
    Type: AWS::CodeDeploy::Application
    Properties: {ComputePlatform: Lambda}
  Group:
    Type: AWS::CodeDeploy::DeploymentGroup
    Properties:
      ApplicationName: !Ref Application
      ServiceRoleArn: !GetAtt Role.Arn
      DeploymentConfigName: CodeDeployDefault.LambdaCanary10Percent5Minutes
      DeploymentStyle: {DeploymentType: BLUE_GREEN, DeploymentOption: WITH_TRAFFIC_CONTROL}
      AutoRollbackConfiguration: {Enabled: true, Events: [DEPLOYMENT_FAILURE, DEPLOYMENT_STOP_ON_ALARM, DEPLOYMENT_STOP_ON_REQUEST]}
      AlarmConfiguration: {Enabled: true, Alarms: [{Name: !Ref Alarm}]}
  Alias:
    Type: AWS::Lambda::Alias
    DependsOn: [LogGroup]
    UpdatePolicy:
      CodeDeployLambdaAliasUpdate: {ApplicationName: !Ref Application, DeploymentGroupName: !Ref Group, BeforeAllowTrafficHook: ${hook}}
    Properties: {FunctionName: !Ref Function, FunctionVersion: !GetAtt 'Version${revision}.Version', Name: live}${last}
Outputs:
  Function: {Value: !Ref Function}
`
