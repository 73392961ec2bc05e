package wire_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/wire"
)

// Constraints end to end: each service has its own code for the same text.
func TestBrokenConstraintsAnswerInAWSsWords(t *testing.T) {
	svc := &services{}
	client := func(c wire.Config) aws.Config { cfg, _ := serve(t, c, svc); return cfg }
	lc, cw := lambda.NewFromConfig(client(wire.Lambda())), cloudwatch.NewFromConfig(client(wire.CloudWatch()))
	logs, cf := cloudwatchlogs.NewFromConfig(client(wire.Logs())), cloudformation.NewFromConfig(client(wire.CloudFormation()))
	weight := func(w float64) error {
		_, err := lc.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: aws.String("f"), Name: aws.String("live"),
			RoutingConfig: &lambdatypes.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"2": w}}})
		return err
	}
	for _, c := range []struct {
		name string
		call func() error
		code string
		want string
	}{
		{"alias weight", func() error { return weight(1.5) }, "ValidationException",
			"1 validation error detected: Value '{2=1.5}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]"},
		{"alias name of digits", func() error {
			_, err := lc.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: aws.String("f"), Name: aws.String("42")})
			return err
		}, "ValidationException", "1 validation error detected: Value '42' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"},
		{"enum in a header", func() error {
			_, err := lc.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("f"), InvocationType: "Sometimes"})
			return err
		}, "ValidationException", "1 validation error detected: Value 'Sometimes' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]"},
		{"metric name", func() error {
			_, err := cw.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("N"), MetricData: []cwtypes.MetricDatum{{MetricName: aws.String("")}}})
			return err
		}, "ValidationError", "1 validation error detected: Value '' at 'metricData.1.member.metricName' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"log message", func() error {
			_, err := logs.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s"),
				LogEvents: []logstypes.InputLogEvent{{Message: aws.String("a"), Timestamp: aws.Int64(1)}, {Message: aws.String(""), Timestamp: aws.Int64(1)}}})
			return err
		}, "InvalidParameterException", "1 validation error detected: Value '' at 'logEvents.2.member.message' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"timeout in minutes", func() error {
			_, err := cf.CreateStack(ctx, &cloudformation.CreateStackInput{StackName: aws.String("s"), TimeoutInMinutes: aws.Int32(0)})
			return err
		}, "ValidationError", "1 validation error detected: Value '0' at 'timeoutInMinutes' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"role name", func() error {
			_, err := iam.NewFromConfig(client(wire.IAM())).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("a b")})
			return err
		}, "ValidationError", `1 validation error detected: Value 'a b' at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+`},
	} {
		var ae smithy.APIError
		if err := c.call(); !errors.As(err, &ae) || ae.ErrorCode() != c.code || ae.ErrorMessage() != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if err := weight(math.NaN()); err == nil {
		t.Error("a weight of NaN was taken")
	}
	if err := weight(1); err != nil {
		t.Errorf("a weight of 1: %v", err)
	}
	if svc.invoked != nil || svc.metrics != nil || svc.events != nil {
		t.Error("a handler ran on a request that breaks a constraint")
	}
}

// The SDK's clients refuse to leave out what is required; others do not.
func TestRequiredMembersAreNeverNil(t *testing.T) {
	svc := &services{}
	_, url := serve(t, wire.Lambda(), svc)
	res, body := post(t, url+"/2015-03-31/functions", `{"Timeout":0,"Environment":{"Variables":{"1x":"v"}}}`)
	want := "5 validation errors detected: Value null at 'code' failed to satisfy constraint: Member must not be null; " +
		"Value null at 'functionName' failed to satisfy constraint: Member must not be null; " +
		"Value null at 'role' failed to satisfy constraint: Member must not be null; "
	if res.StatusCode != 400 || !strings.Contains(body, want) || svc.createFunction != nil {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	// The environment is sensitive: its values must not come back.
	if !strings.Contains(body, "Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: [") {
		t.Errorf("%s", body)
	}
}
