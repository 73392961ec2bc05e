package cloudformation

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

// website is a SAM template as the guide 'Gradual Code Deployment' shows one.
const website = `
Transform: AWS::Serverless-2016-10-31
Parameters: {Code: {Type: String}}
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Handler: index.handler
      Runtime: nodejs22.x
      InlineCode: !Ref Code
      AutoPublishAlias: live
      DeploymentPreference:
        Type: Canary10Percent10Minutes
        Alarms: [!Ref Alarm]
        Hooks: {PreTraffic: !Ref Hook}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties: {ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 1, Threshold: 0, Namespace: AWS/Lambda, MetricName: Errors, Period: 60, Statistic: Sum}
  Hook:
    Type: AWS::Serverless::Function
    Properties: {Handler: index.handler, Runtime: nodejs22.x, InlineCode: 'exports.handler = 1', DeploymentPreference: {Enabled: false}}
Outputs:
  Alias: {Value: !Ref Fn.Alias}
`

func (p *platform) changeSet(stack, name, template string, typ types.ChangeSetType, parameters ...string) *cloudformation.DescribeChangeSetOutput {
	p.t.Helper()
	_, err := p.CreateChangeSet(p.ctx, &cloudformation.CreateChangeSetInput{StackName: &stack, ChangeSetName: &name, TemplateBody: &template, ChangeSetType: typ,
		Capabilities: []types.Capability{types.CapabilityCapabilityIam}, Parameters: params(parameters)})
	if err != nil {
		p.t.Fatal(err)
	}
	out, err := p.DescribeChangeSet(p.ctx, &cloudformation.DescribeChangeSetInput{StackName: &stack, ChangeSetName: &name})
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

func (p *platform) execute(stack, name string) {
	p.t.Helper()
	if _, err := p.ExecuteChangeSet(p.ctx, &cloudformation.ExecuteChangeSetInput{StackName: &stack, ChangeSetName: &name}); err != nil {
		p.t.Fatal(err)
	}
}

func TestASAMTemplateShipsThroughChangeSetsLikeTheDeployCommands(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld()
		p := start(t, d, w)
		cs := p.changeSet("site", "first", website, types.ChangeSetTypeCreate, "Code=exports.handler = 1")
		if cs.Status != "CREATE_COMPLETE" || cs.ExecutionStatus != "AVAILABLE" || p.describe("site") != "REVIEW_IN_PROGRESS" {
			t.Fatalf("change set %s %s, stack %s", cs.Status, cs.ExecutionStatus, p.describe("site"))
		}
		for _, c := range cs.Changes {
			if c.ResourceChange.Action != "Add" {
				t.Errorf("%+v", c.ResourceChange)
			}
		}
		if cs.NotificationARNs == nil { // tools index it
			t.Error("no list of notification ARNs")
		}
		p.execute("site", "first")
		alias := outputs(p.settled("site", "CREATE_COMPLETE"))["Alias"]
		if !strings.HasSuffix(alias, ":live") {
			t.Errorf("alias output %q", alias)
		}

		again := p.changeSet("site", "same", website, types.ChangeSetTypeUpdate, "Code=exports.handler = 1")
		if again.Status != "FAILED" || aws.ToString(again.StatusReason) != noChanges || again.ExecutionStatus != "UNAVAILABLE" {
			t.Errorf("unchanged: %s %s %q", again.Status, again.ExecutionStatus, aws.ToString(again.StatusReason))
		}

		cs = p.changeSet("site", "second", website, types.ChangeSetTypeUpdate, "Code=exports.handler = 2")
		var got []string
		for _, c := range cs.Changes {
			r := c.ResourceChange
			got = append(got, fmt.Sprintf("%s %s %s", r.Action, *r.ResourceType, r.Replacement))
		}
		want := []string{"Modify AWS::Lambda::Function False", "Add AWS::Lambda::Version ", "Modify AWS::Lambda::Alias False", "Remove AWS::Lambda::Version "}
		for _, x := range want {
			if !strings.Contains(strings.Join(got, "\n"), x) {
				t.Errorf("no %q in %q", x, got)
			}
		}
		p.execute("site", "second")
		p.settled("site", "UPDATE_COMPLETE")
		if n := w.count("CreateDeployment "); n != 1 {
			t.Errorf("%d deployments", n)
		}
		out, err := p.DescribeChangeSet(p.ctx, &cloudformation.DescribeChangeSetInput{StackName: ptr("site"), ChangeSetName: ptr("second")})
		if err != nil || out.ExecutionStatus != "EXECUTE_COMPLETE" {
			t.Errorf("%v %v", out.ExecutionStatus, err)
		}
		_, err = p.ExecuteChangeSet(p.ctx, &cloudformation.ExecuteChangeSetInput{StackName: ptr("site"), ChangeSetName: ptr("second")})
		var status *types.InvalidChangeSetStatusException
		if !errors.As(err, &status) {
			t.Errorf("executed twice: %v", err)
		}
	})
}

func TestMistakesAreToldAndChangeNothing(t *testing.T) {
	const handle = `AWS::CloudFormation::WaitConditionHandle`
	cases := []struct{ name, template, want string }{
		{"cycle", `Resources: {A: {Type: ` + handle + `, DependsOn: B}, B: {Type: ` + handle + `, DependsOn: A}}`, "Circular dependency between resources: [A, B]"},
		{"unknown type", `Resources: {A: {Type: AWS::Foo::Bar}}`, "Template format error: Unrecognized resource types: [AWS::Foo::Bar]"},
		{"function URL", `Resources: {A: {Type: AWS::Lambda::Url}}`, "Unrecognized resource types: [AWS::Lambda::Url]: function URLs are not served"},
		{"unresolved reference", `Resources: {A: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref Nothing}}}`, "Unresolved resource dependencies [Nothing] in the Resources block of the template"},
		{"unknown attribute", `Resources: {A: {Type: AWS::S3::Bucket}, B: {Type: AWS::S3::Bucket, Properties: {BucketName: !GetAtt A.Colour}}}`, "Template error: resource A does not support attribute type Colour in Fn::GetAtt"},
		{"missing parameter", `{"Parameters": {"P": {"Type": "String"}}, "Resources": {"A": {"Type": "` + handle + `"}}}`, "Parameters: [P] must have values"},
		{"unknown property", `Resources: {A: {Type: AWS::S3::Bucket, Properties: {Colour: red}}}`, "Encountered unsupported property Colour"},
		{"missing property", `Resources: {A: {Type: AWS::CodeDeploy::DeploymentGroup, Properties: {ApplicationName: x}}}`, "#: required key [ServiceRoleArn] not found"},
		{"wrong type", `Resources: {A: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: soon}}}`, "#/RetentionInDays: expected type: Integer, found: String"},
		{"no resources", `Description: nothing`, "At least one Resources member must be defined"},
		{"no such export", `Resources: {A: {Type: AWS::S3::Bucket, Properties: {BucketName: !ImportValue nowhere}}}`, "No export named nowhere found."},
		{"no such export in an output", `{"Resources": {"A": {"Type": "` + handle + `"}}, "Outputs": {"O": {"Value": {"Fn::ImportValue": "nowhere"}}}}`, "No export named nowhere found."},
		{"unknown transform", `{"Transform": "Mine", "Resources": {"A": {"Type": "` + handle + `"}}}`, "No transform named Mine found."},
		{"bad SAM", `{"Transform": "AWS::Serverless-2016-10-31", "Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": {"AutoPublishAlias": {"Fn::Sub": "x"}}}}}`, "Invalid Serverless Application Specification document."},
		{"not YAML", "Resources: [", "Template format error"},
		{"not IAM acknowledged", `Resources: {R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}}`, "Requires capabilities : [CAPABILITY_IAM]"},
		{"not named IAM acknowledged", `Resources: {R: {Type: AWS::IAM::Role, Properties: {RoleName: r, AssumeRolePolicyDocument: {}}}}`, "Requires capabilities : [CAPABILITY_NAMED_IAM]"},
	}
	w := newWorld()
	p := start(t, dbtest.Open(t, dbtest.SQLite(t)), w)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var caps []types.Capability
			if c.name != "not IAM acknowledged" && c.name != "not named IAM acknowledged" {
				caps = []types.Capability{types.CapabilityCapabilityAutoExpand, types.CapabilityCapabilityIam}
			}
			_, err := p.CreateStack(p.ctx, &cloudformation.CreateStackInput{StackName: ptr("s"), TemplateBody: &c.template, Capabilities: caps})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("CreateStack: %v, want %s", err, c.want)
			}
			_, err = p.CreateChangeSet(p.ctx, &cloudformation.CreateChangeSetInput{StackName: ptr("s"), ChangeSetName: ptr("c"), ChangeSetType: types.ChangeSetTypeCreate,
				TemplateBody: &c.template, Capabilities: caps})
			if c.name == "bad SAM" { // a change set fails with it
				out, err := p.DescribeChangeSet(p.ctx, &cloudformation.DescribeChangeSetInput{StackName: ptr("s"), ChangeSetName: ptr("c")})
				if err != nil || out.Status != "FAILED" || !strings.Contains(aws.ToString(out.StatusReason), "Transform AWS::Serverless-2016-10-31 failed with: "+c.want) {
					t.Errorf("change set %+v, %v", out, err)
				}
				p.DeleteStack(p.ctx, &cloudformation.DeleteStackInput{StackName: ptr("s")})
				p.settledAnyGone("s")
			} else if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("CreateChangeSet: %v, want %s", err, c.want)
			}
			if _, err := p.DescribeStacks(p.ctx, &cloudformation.DescribeStacksInput{StackName: ptr("s")}); err == nil || !strings.Contains(err.Error(), "Stack with id s does not exist") {
				t.Errorf("a stack was left: %v", err)
			}
		})
	}
	if w.number != 0 {
		t.Errorf("services were called: %v", w.calls)
	}
}

func (p *platform) settledAnyGone(name string) {
	p.t.Helper()
	for range 2000 {
		if _, err := p.DescribeStacks(p.ctx, &cloudformation.DescribeStacksInput{StackName: &name}); err != nil {
			return
		}
	}
	p.t.Fatal("stack stays")
}

func TestAutoExpandIsAskedForOutsideChangeSets(t *testing.T) {
	p := start(t, dbtest.Open(t, dbtest.SQLite(t)), newWorld())
	_, err := p.CreateStack(p.ctx, &cloudformation.CreateStackInput{StackName: ptr("s"), TemplateBody: ptr(website), Parameters: params([]string{"Code=x"}),
		Capabilities: []types.Capability{types.CapabilityCapabilityIam}})
	var missing *types.InsufficientCapabilitiesException
	if !errors.As(err, &missing) || *missing.Message != "Requires capabilities : [CAPABILITY_AUTO_EXPAND]" {
		t.Error(err)
	}
}

func TestChangesSayWhatIsReplacedAndWhy(t *testing.T) {
	one := `
Parameters: {Days: {Type: String, Default: '1'}, Name: {Type: String, Default: a}}
Resources:
  Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Ref Name, RetentionInDays: !Ref Days}}
  App: {Type: AWS::CodeDeploy::Application}
  Bucket: {Type: AWS::S3::Bucket, DeletionPolicy: Retain}
`
	two := strings.ReplaceAll(one, "  Bucket: {Type: AWS::S3::Bucket, DeletionPolicy: Retain}\n", "  Other: {Type: AWS::S3::Bucket}\n")
	p := start(t, dbtest.Open(t, dbtest.SQLite(t)), newWorld())
	p.create("s", one)
	p.settled("s", "CREATE_COMPLETE")
	bucket := p.physical("s", "Bucket")
	cs := p.changeSet("s", "c", two, types.ChangeSetTypeUpdate, "Days=7", "Name=b")
	got := map[string]types.ResourceChange{}
	for _, c := range cs.Changes {
		got[*c.ResourceChange.LogicalResourceId] = *c.ResourceChange
	}
	if len(got) != 3 {
		t.Fatalf("changes %v", got)
	}
	logs := got["Logs"]
	if logs.Action != "Modify" || logs.Replacement != "True" || *logs.PhysicalResourceId != "a" || len(logs.Details) != 2 {
		t.Errorf("%+v", logs)
	}
	for _, d := range logs.Details {
		want := map[string]types.RequiresRecreation{"LogGroupName": "Always", "RetentionInDays": "Never"}[*d.Target.Name]
		if d.Target.RequiresRecreation != want || d.ChangeSource != "ParameterReference" || d.Evaluation != "Static" {
			t.Errorf("%s: %+v %+v", *d.Target.Name, d, d.Target)
		}
	}
	if r := got["Bucket"]; r.Action != "Remove" || r.PolicyAction != "Retain" || *r.PhysicalResourceId != bucket {
		t.Errorf("%+v", r)
	}
	if got["Other"].Action != "Add" {
		t.Errorf("%+v", got["Other"])
	}
	p.execute("s", "c")
	p.settled("s", "UPDATE_COMPLETE")
	if p.physical("s", "Logs") != "b" || !p.world.buckets[bucket] || len(p.world.logGroups) != 1 {
		t.Errorf("after: %s", p.world.snapshot())
	}
}

// The CDK sets ImportExistingResources on every change set; without a resource to import it means nothing.
func TestAChangeSetMayBeToldToImportWhatExists(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		p := start(t, d, newWorld())
		const template = `{"Resources": {"Group": {"Type": "AWS::Logs::LogGroup"}}}`
		in := &cloudformation.CreateChangeSetInput{StackName: ptr("s"), ChangeSetName: ptr("c"), ChangeSetType: types.ChangeSetTypeCreate, TemplateBody: ptr(template), ImportExistingResources: aws.Bool(true)}
		if _, err := p.CreateChangeSet(p.ctx, in); err != nil {
			t.Fatal(err)
		}
		p.execute("s", "c")
		p.settled("s", "CREATE_COMPLETE")
		in.ChangeSetType, in.ChangeSetName = types.ChangeSetTypeImport, ptr("i")
		if _, err := p.CreateChangeSet(p.ctx, in); err == nil || !strings.Contains(err.Error(), "IMPORT is not supported") {
			t.Errorf("an import: %v", err)
		}
	})
}
