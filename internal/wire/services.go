package wire

import (
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/headgate/headgate/internal/wire/constraints"
)

// maxRPCBody bounds the requests of every service but Lambda, in bytes: well above what AWS
// takes (a template body, a batch of log events, a state machine), and small enough to be read
// before the caller is known.
const maxRPCBody = 8 << 20

// Lambda describes AWS Lambda.
func Lambda() Config {
	return Config{
		Name: "lambda", Signing: "lambda", Protocols: RestJSON, ValidationCode: "ValidationException",
		Client: reflect.TypeFor[*lambda.Client](), Operations: lambdaOperations(), Errors: lambda.TypeRegistry,
	}
}

// CodeDeploy describes AWS CodeDeploy. Its own exceptions (ApplicationNameRequiredException and
// a hundred others) say what a generic constraint would, so those are off.
func CodeDeploy() Config {
	return Config{
		Name: "codedeploy", Signing: "codedeploy", Target: "CodeDeploy_20141006", Protocols: AWSJSON, JSONVersion: "1.1",
		MaxBody: maxRPCBody, Client: reflect.TypeFor[*codedeploy.Client](), Errors: codedeploy.TypeRegistry,
	}
}

// StepFunctions describes AWS Step Functions.
func StepFunctions() Config {
	return Config{
		Name: "states", Signing: "states", Target: "AWSStepFunctions", Protocols: AWSJSON, JSONVersion: "1.0",
		MaxBody: maxRPCBody, Client: reflect.TypeFor[*sfn.Client](), Errors: sfn.TypeRegistry, ValidationCode: "ValidationException",
	}
}

// SQS describes Amazon SQS, which says in its own errors what a generic constraint would.
func SQS() Config {
	return Config{
		Name: "sqs", Signing: "sqs", Target: "AmazonSQS", Protocols: AWSJSON | Query, JSONVersion: "1.0",
		APIVersion: "2012-11-05", XMLNamespace: "http://queue.amazonaws.com/doc/2012-11-05/", QueryCompatible: true,
		MaxBody: maxRPCBody, Client: reflect.TypeFor[*sqs.Client](), Errors: sqs.TypeRegistry,
	}
}

// CloudWatch describes Amazon CloudWatch. The Go SDK speaks CBOR to it, the AWS CLI and boto3
// awsJson1.0, older clients query.
func CloudWatch() Config {
	return Config{
		Name: "cloudwatch", Signing: "monitoring", Target: "GraniteServiceVersion20100801",
		Protocols: AWSJSON | Query | CBOR, JSONVersion: "1.0", APIVersion: "2010-08-01",
		XMLNamespace: "http://monitoring.amazonaws.com/doc/2010-08-01/", QueryCompatible: true,
		MaxBody: maxRPCBody, Client: reflect.TypeFor[*cloudwatch.Client](), Errors: cloudwatch.TypeRegistry, ValidationCode: "ValidationError",
		Unions: []any{
			&cwtypes.EvaluationCriteriaMemberPromQLCriteria{},
			&cwtypes.EvaluationWindowMemberSlidingWindow{}, &cwtypes.EvaluationWindowMemberWallClockWindow{},
		},
	}
}

// Logs describes Amazon CloudWatch Logs.
func Logs() Config {
	return Config{
		Name: "logs", Signing: "logs", Target: "Logs_20140328", Protocols: AWSJSON, JSONVersion: "1.1",
		MaxBody: maxRPCBody, Client: reflect.TypeFor[*cloudwatchlogs.Client](), Errors: cloudwatchlogs.TypeRegistry, ValidationCode: "InvalidParameterException",
		Unions: []any{&logstypes.IntegrationDetailsMemberOpenSearchIntegrationDetails{}, &logstypes.ResourceConfigMemberOpenSearchResourceConfig{}},
	}
}

// CloudFormation describes AWS CloudFormation.
func CloudFormation() Config {
	return queryConfig("cloudformation", "2010-05-15", "http://cloudformation.amazonaws.com/doc/2010-05-15/", reflect.TypeFor[*cloudformation.Client]())
}

// IAM describes AWS Identity and Access Management.
func IAM() Config {
	c := queryConfig("iam", "2010-05-08", "https://iam.amazonaws.com/doc/2010-05-08/", reflect.TypeFor[*iam.Client]())
	c.Names = map[string]string{"ListDelegationRequestsOutput.IsTruncated": "isTruncated"}
	return c
}

// STS describes the AWS Security Token Service.
func STS() Config {
	c := queryConfig("sts", "2011-06-15", "https://sts.amazonaws.com/doc/2011-06-15/", reflect.TypeFor[*sts.Client]())
	c.Names = map[string]string{"PolicyDescriptorType.Arn": "arn"}
	return c
}

// queryConfig is a query service of which the SDK ships no schemas: the Go field names are the
// wire names (but for Names), the statuses come from the table of facts.
func queryConfig(name, version, namespace string, client reflect.Type) Config {
	return Config{
		Name: name, Signing: name, Protocols: Query, APIVersion: version, XMLNamespace: namespace,
		MaxBody: maxRPCBody, Client: client, ValidationCode: "ValidationError", Statuses: constraints.For(name).Statuses,
	}
}
