package cloudformation

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

// gradual is what SAM expands a function with a gradual deployment to.
const gradual = `
Parameters:
  Code: {Type: String, Default: one}
  Extra: {Type: String, Default: ''}
Conditions:
  HasExtra: !Not [!Equals [!Ref Extra, '']]
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Statement: []}
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/Basic']
      Policies: [{PolicyName: own, PolicyDocument: {Statement: []}}]
  Fn:
    Type: AWS::Lambda::Function
    Properties:
      Role: !GetAtt Role.Arn
      Handler: index.handler
      Runtime: nodejs22.x
      Code: {ZipFile: !Ref Code}
  FnVersion%CODE%:
    Type: AWS::Lambda::Version
    DeletionPolicy: Retain
    Properties: {FunctionName: !Ref Fn}
  App: {Type: AWS::CodeDeploy::Application, Properties: {ComputePlatform: Lambda}}
  Group:
    Type: AWS::CodeDeploy::DeploymentGroup
    Properties:
      ApplicationName: !Ref App
      ServiceRoleArn: !GetAtt Role.Arn
      DeploymentConfigName: CodeDeployDefault.LambdaCanary10Percent5Minutes
  Live:
    Type: AWS::Lambda::Alias
    UpdatePolicy:
      CodeDeployLambdaAliasUpdate:
        ApplicationName: !Ref App
        DeploymentGroupName: !Ref Group
        BeforeAllowTrafficHook: !Ref Fn
    Properties:
      FunctionName: !Ref Fn
      FunctionVersion: !GetAtt FnVersion%CODE%.Version
      Name: live
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref Live, Action: 'lambda:InvokeFunction', Principal: apigateway.amazonaws.com}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Condition: HasExtra
    DependsOn: Live
    Properties: {ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 1, Threshold: 1}
Outputs:
  Alias: {Value: !Ref Live, Export: {Name: !Sub '${AWS::StackName}-alias'}}
  Version: {Value: !GetAtt FnVersion%CODE%.Version}
`

func gradually(code string) (template, parameter string) {
	return strings.ReplaceAll(gradual, "%CODE%", code), "Code=" + code
}

func TestAStackWithFunctionVersionAliasAndRoleIsCreatedUpdatedAndDeleted(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		p := start(t, d, newWorld())
		p.create("app", first(gradually("one")), second(gradually("one")))
		st := p.settled("app", "CREATE_COMPLETE")
		if v := outputs(st)["Version"]; v != "1" {
			t.Errorf("version %q, want 1", v)
		}
		if id := p.physical("app", "Live"); !strings.HasSuffix(id, ":live") || id != outputs(st)["Alias"] {
			t.Errorf("alias %q, output %v", id, outputs(st))
		}
		if n := len(p.world.deployments); n != 0 {
			t.Errorf("%d deployments for a first version", n)
		}

		p.update("app", first(gradually("two")), second(gradually("two")))
		st = p.settled("app", "UPDATE_COMPLETE")
		if v := outputs(st)["Version"]; v != "2" {
			t.Errorf("version %q, want 2", v)
		}
		fn := p.world.functions[p.physical("app", "Fn")]
		if a := fn.aliases["live"]; a.version != "2" || len(a.weights) != 0 {
			t.Errorf("alias at %+v", a)
		}
		if len(p.world.deployments) != 1 || len(p.world.deployments["d-000000001"].hooks) != 1 {
			t.Errorf("deployments: %+v", p.world.deployments)
		}
		if fn.deleted[1] {
			t.Error("version 1 was deleted in spite of DeletionPolicy Retain")
		}
		if ev := p.events("app"); !strings.Contains(ev, "FnVersionone DELETE_SKIPPED") || !strings.Contains(ev, "app UPDATE_COMPLETE_CLEANUP_IN_PROGRESS") {
			t.Error(ev)
		}

		id := *st.StackId
		if _, err := p.DeleteStack(p.ctx, &cloudformation.DeleteStackInput{StackName: ptr("app")}); err != nil {
			t.Fatal(err)
		}
		p.settled(id, "DELETE_COMPLETE")
		if left := p.world.snapshot(); left != "" {
			t.Errorf("left behind:\n%s", left)
		}
	})
}

func first(a, _ string) string  { return a }
func second(_, b string) string { return b }
func ptr[T any](v T) *T         { return &v }
