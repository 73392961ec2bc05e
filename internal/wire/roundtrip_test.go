package wire_test

import (
	"bytes"
	"testing"

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
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/headgate/headgate/internal/wire"
)

// same compares SDK structs, whose unexported markers cmp refuses to look at.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	ignore := cmp.FilterPath(func(p cmp.Path) bool {
		f, ok := p.Last().(cmp.StructField)
		return ok && (f.Name() == "noSmithyDocumentSerde" || f.Name() == "ResultMetadata")
	}, cmp.Ignore())
	if d := cmp.Diff(want, got, ignore, cmpopts.EquateNaNs()); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestRestJSONCarriesMembersBothWays(t *testing.T) {
	svc := &services{}
	cfg, _ := serve(t, wire.Lambda(), svc)
	c := lambda.NewFromConfig(cfg)

	in := &lambda.CreateFunctionInput{
		FunctionName: aws.String("fn"), Role: aws.String("arn:aws:iam::000000000000:role/r"), Runtime: lambdatypes.RuntimeProvidedal2023,
		Handler: aws.String("bootstrap"), Code: &lambdatypes.FunctionCode{ZipFile: []byte("PK\x03\x04\xff")}, Timeout: aws.Int32(3),
		Environment: &lambdatypes.Environment{Variables: map[string]string{"NAME": "wörld \"x\"\\\n\u2028", "EMPTY": ""}},
		Layers:      []string{}, Publish: true, Tags: map[string]string{"a": "b"},
	}
	out := must[*lambda.CreateFunctionOutput](t)(c.CreateFunction(ctx, in))
	same(t, "input", svc.createFunction, in)
	same(t, "environment", out.Environment.Variables, in.Environment.Variables)
	if out.CodeSize != 5 || out.State != lambdatypes.StatePending {
		t.Errorf("output %+v", out)
	}

	arn := "arn:aws:lambda:us-east-1:000000000000:function:fn"
	payload := []byte(`{"n": 1}`)
	inv := must[*lambda.InvokeOutput](t)(c.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(arn), Qualifier: aws.String("live"), Payload: payload,
		LogType: lambdatypes.LogTypeTail, ClientContext: aws.String("e30=")}))
	if !bytes.Equal(inv.Payload, payload) || *inv.ExecutedVersion != "2" || inv.StatusCode != 200 {
		t.Errorf("invoke: %+v", inv)
	}
	same(t, "invoke", svc.invoked, &lambda.InvokeInput{FunctionName: aws.String(arn), Qualifier: aws.String("live"), Payload: payload,
		LogType: lambdatypes.LogTypeTail, ClientContext: aws.String("e30=")})
	if inv = must[*lambda.InvokeOutput](t)(c.Invoke(ctx, &lambda.InvokeInput{FunctionName: &arn, InvocationType: lambdatypes.InvocationTypeEvent})); inv.StatusCode != 202 {
		t.Errorf("event invoke answered %d", inv.StatusCode)
	}

	route := &lambdatypes.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"2": 0.1}}
	al := must[*lambda.UpdateAliasOutput](t)(c.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: aws.String("fn"), Name: aws.String("live"), RoutingConfig: route}))
	same(t, "routing", al.RoutingConfig, route)
	must[*lambda.UpdateAliasOutput](t)(c.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: aws.String("fn"), Name: aws.String("live"),
		RoutingConfig: &lambdatypes.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{}}}))
	if w := svc.alias.RoutingConfig.AdditionalVersionWeights; w == nil || len(w) != 0 {
		t.Errorf("an empty map must differ from none: %v", w)
	}
	must[*lambda.DeleteAliasOutput](t)(c.DeleteAlias(ctx, &lambda.DeleteAliasInput{FunctionName: aws.String("fn"), Name: aws.String("live")}))
	must[*lambda.UntagResourceOutput](t)(c.UntagResource(ctx, &lambda.UntagResourceInput{Resource: &arn, TagKeys: []string{"a", "b c"}}))
	same(t, "query list", svc.untag, &lambda.UntagResourceInput{Resource: &arn, TagKeys: []string{"a", "b c"}})
}

func TestAWSJSONCarriesMembersBothWays(t *testing.T) {
	svc := &services{}
	cfg, _ := serve(t, wire.CodeDeploy(), svc)
	c := codedeploy.NewFromConfig(cfg)
	in := &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String("app"), DeploymentGroupName: aws.String("group"),
		Revision: &cdtypes.RevisionLocation{RevisionType: cdtypes.RevisionLocationTypeAppSpecContent,
			AppSpecContent: &cdtypes.AppSpecContent{Content: aws.String(`{"version":0.0}`), Sha256: aws.String("ab")}},
		AutoRollbackConfiguration: &cdtypes.AutoRollbackConfiguration{Enabled: true, Events: []cdtypes.AutoRollbackEvent{cdtypes.AutoRollbackEventDeploymentFailure}},
	}
	must[*codedeploy.CreateDeploymentOutput](t)(c.CreateDeployment(ctx, in))
	same(t, "input", svc.deployment, in)
	out := must[*codedeploy.GetDeploymentOutput](t)(c.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: aws.String("d-ABC123XYZ")}))
	if i := out.DeploymentInfo; !i.CreateTime.Equal(when) || *i.Description != "quotes \" and \\ and \n and ü and \x01" || i.Status != cdtypes.DeploymentStatusInProgress {
		t.Errorf("output %+v", out.DeploymentInfo)
	}

	cfg, _ = serve(t, wire.StepFunctions(), svc)
	sm := must[*sfn.DescribeStateMachineOutput](t)(sfn.NewFromConfig(cfg).DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: aws.String("arn:sm")}))
	if !sm.CreationDate.Equal(when) || !sm.TracingConfiguration.Enabled {
		t.Errorf("state machine %+v", sm)
	}

	cfg, _ = serve(t, wire.Logs(), svc)
	ev := &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("/aws/lambda/fn"), LogStreamName: aws.String("s"),
		LogEvents: []logstypes.InputLogEvent{{Message: aws.String("START 😀"), Timestamp: aws.Int64(when.UnixMilli())}}}
	must[*cloudwatchlogs.PutLogEventsOutput](t)(cloudwatchlogs.NewFromConfig(cfg).PutLogEvents(ctx, ev))
	same(t, "log events", svc.events, ev)
}

func TestCBORCarriesMembersBothWays(t *testing.T) {
	svc := &services{}
	cfg, _ := serve(t, wire.CloudWatch(), svc)
	c := cloudwatch.NewFromConfig(cfg)
	in := &cloudwatch.PutMetricDataInput{Namespace: aws.String("App"), MetricData: []cwtypes.MetricDatum{
		{MetricName: aws.String("Latency"), Timestamp: aws.Time(when), Values: []float64{1, 2.5, -3}, Counts: []float64{1, 1, 2}, Unit: cwtypes.StandardUnitMilliseconds,
			Dimensions: []cwtypes.Dimension{{Name: aws.String("F"), Value: aws.String("ü")}}, StorageResolution: aws.Int32(1)},
		{MetricName: aws.String("Zero"), Value: aws.Float64(0)},
	}}
	must[*cloudwatch.PutMetricDataOutput](t)(c.PutMetricData(ctx, in))
	same(t, "input", svc.metrics, in)
	out := must[*cloudwatch.DescribeAlarmsOutput](t)(c.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"a", "b"}}))
	if a := out.MetricAlarms; len(a) != 2 || *a[1].AlarmName != "b" || !a[0].StateUpdatedTimestamp.Equal(when) || *a[0].Threshold != 1.5 || *a[0].Period != 60 {
		t.Errorf("output %+v", a)
	}
	alarm := &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String("prom"), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold,
		EvaluationPeriods: aws.Int32(1), EvaluationCriteria: &cwtypes.EvaluationCriteriaMemberPromQLCriteria{Value: cwtypes.AlarmPromQLCriteria{Query: aws.String("up")}}}
	must[*cloudwatch.PutMetricAlarmOutput](t)(c.PutMetricAlarm(ctx, alarm))
	same(t, "union", svc.alarm.EvaluationCriteria, alarm.EvaluationCriteria)
}

func TestQueryCarriesMembersBothWays(t *testing.T) {
	svc := &services{}
	cfg, _ := serve(t, wire.CloudFormation(), svc)
	c := cloudformation.NewFromConfig(cfg)
	in := &cloudformation.CreateStackInput{StackName: aws.String("s"), TemplateBody: aws.String("a: 1\nb: [x, \"y\"] & %"), TimeoutInMinutes: aws.Int32(5),
		Parameters:   []cfntypes.Parameter{{ParameterKey: aws.String("K"), ParameterValue: aws.String("")}, {ParameterKey: aws.String("L"), UsePreviousValue: aws.Bool(true)}},
		Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityIam, cfntypes.CapabilityCapabilityAutoExpand}}
	must[*cloudformation.CreateStackOutput](t)(c.CreateStack(ctx, in))
	same(t, "input", svc.stack, in)
	out := must[*cloudformation.DescribeStacksOutput](t)(c.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("s")}))
	if s := out.Stacks[0]; !s.CreationTime.Equal(when) || *s.Outputs[0].OutputValue != "http://x/?a=1&b=2" {
		t.Errorf("output %+v", s)
	}

	cfg, _ = serve(t, wire.IAM(), svc)
	role := &iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String("{}"), Tags: []iamtypes.Tag{{Key: aws.String("k"), Value: aws.String("v:w")}}}
	made := must[*iam.CreateRoleOutput](t)(iam.NewFromConfig(cfg).CreateRole(ctx, role))
	same(t, "role", svc.role, role)
	same(t, "tags", made.Role.Tags, role.Tags)
	sum := must[*iam.GetAccountSummaryOutput](t)(iam.NewFromConfig(cfg).GetAccountSummary(ctx, &iam.GetAccountSummaryInput{}))
	same(t, "map", sum.SummaryMap, map[string]int32{"Roles": 3, "Users": 0})

	cfg, _ = serve(t, wire.STS(), svc)
	who := must[*sts.GetCallerIdentityOutput](t)(sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))
	if *who.Account != "000000000000" {
		t.Errorf("caller %+v", who)
	}
}
