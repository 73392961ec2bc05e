package integration_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

func TestObjectsByTheSDKIntegration(t *testing.T) {
	p := sqlite(t)
	p.bucket(t, nil)
	for body, want := range map[string]string{`"text data"`: `"text data"`, `["List", "Data"]`: `["List","Data"]`, `true`: `true`, `0`: `0`, `{"a": 1.50}`: `{"a":1.5}`} {
		put := p.result(t, sdk+"s3:putObject", `{"Bucket": "box", "Key": "k", "Body": `+body+`}`)
		for _, name := range []string{"ETag", "ChecksumCRC32", "ServerSideEncryption"} {
			if get(t, put, name) == nil {
				t.Errorf("no %s in %s", name, put)
			}
		}
		got := p.result(t, sdk+"s3:getObject", `{"Bucket": "box", "Key": "k"}`)
		if get(t, got, "Body") != want || get(t, got, "AcceptRanges") != "bytes" {
			t.Errorf("%s came back as %s", body, got)
		}
		if !strings.HasSuffix(got, `"Body":`+quote(want)+`}`) {
			t.Errorf("the body is not the last: %s", got)
		}
	}
}

func quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }

func TestNamesAndFormsOfResults(t *testing.T) {
	p := sqlite(t)
	p.function(t, "hello")
	p.bucket(t, map[string]string{"a/1": "x"})
	f := p.result(t, sdk+"lambda:getFunction", `{"FunctionName": "hello"}`)
	if get(t, f, "Configuration", "FunctionName") != "hello" || get(t, f, "Configuration", "MemorySize") != 128.0 {
		t.Errorf("getFunction: %s", f)
	}
	if at, _ := get(t, p.result(t, sdk+"s3:headObject", `{"Bucket": "box", "Key": "a/1"}`), "LastModified").(string); at != "2026-03-01T10:00:00Z" {
		t.Errorf("a time is written %q", at)
	}
	if got := p.result(t, sdk+"lambda:listAliases", `{"FunctionName": "hello"}`); got != `{"Aliases":[]}` {
		t.Errorf("an empty list: %s", got)
	}
	p.result(t, sdk+"cloudwatchlogs:createLogGroup", `{"LogGroupName": "/x", "Tags": {"a": "b"}}`)
	groups, _ := get(t, p.result(t, sdk+"cloudwatchlogs:describeLogGroups", `{"Limit": 5}`), "LogGroups").([]any)
	if len(groups) != 1 || groups[0].(map[string]any)["LogGroupName"] != "/x" {
		t.Errorf("describeLogGroups: %v", groups)
	}
	if got := p.result(t, sdk+"cloudwatch:putMetricData", `{"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.5, "Timestamp": "2026-03-01T10:00:00Z"}]}`); got != `{}` {
		t.Errorf("nothing to say: %s", got)
	}
	if got := p.result(t, sdk+"lambda:invoke", `{"FunctionName": "hello", "Payload": {"a": 1}}`); get(t, got, "Payload") != `{"version":"$LATEST","event":{"a":1}}` {
		t.Errorf("a blob: %s", got)
	}
}

func TestErrorsAreNamedAndWordedAsByTheSDK(t *testing.T) {
	p := sqlite(t)
	p.bucket(t, nil)
	for _, c := range []struct{ resource, parameters, name, cause string }{
		{"s3:getObject", `{"Bucket": "box", "Key": "no"}`, "S3.NoSuchKeyException",
			"The specified key does not exist. (Service: S3, Status Code: 404, Request ID: "},
		{"s3:getObject", `{"Bucket": "none", "Key": "no"}`, "S3.NoSuchBucketException", "(Service: S3, Status Code: 404, "},
		{"s3:deleteObjects", `{"Bucket": "box"}`, "S3.S3Exception", "(Service: S3, Status Code: 400, "},
		{"lambda:getFunction", `{"FunctionName": "no"}`, "Lambda.ResourceNotFoundException", "(Service: Lambda, Status Code: 404, Request ID: "},
		{"iam:getRole", `{"RoleName": "no"}`, "Iam.NoSuchEntityException", "(Service: Iam, Status Code: 404, Request ID: "},
		{"cloudwatchlogs:getLogEvents", `{"LogGroupName": "no", "LogStreamName": "no"}`, "CloudWatchLogs.ResourceNotFoundException", "(Service: CloudWatchLogs, Status Code: 400, "},
		{"lambda:getFunction", `{}`, "Lambda.LambdaException", "1 validation error detected: Value null at 'functionName' failed to satisfy constraint: Member must not be null (Service: Lambda, Status Code: 400, "},
		{"lambda:getFunction", `{"functionName": "f"}`, asl.ErrRuntime, `[The field "functionName" is not supported by Step Functions]`},
		{"lambda:createFunction", `{"MemorySize": "much"}`, asl.ErrRuntime, "[The value for the field 'MemorySize' must be a NUMBER]"},
		{"lambda:createFunction", `{"Layers": "one"}`, asl.ErrRuntime, "[The value for the field 'Layers' must be an ARRAY]"},
	} {
		a := p.answer(t, call(t, sdk+c.resource, c.parameters))
		if a.Error != c.name || !strings.Contains(a.Cause, c.cause) {
			t.Errorf("%s %s: %+v", c.resource, c.parameters, a)
		}
		attempts := strings.HasSuffix(a.Cause, ") (SDK Attempt Count: 1)")
		if s3 := strings.HasPrefix(c.resource, "s3"); a.Error != asl.ErrRuntime && (attempts == s3 || s3 != strings.Contains(a.Cause, ", Extended Request ID: ")) {
			t.Errorf("%s: %s", c.resource, a.Cause)
		}
	}
}

func TestMessagesByTheOptimisedIntegration(t *testing.T) {
	p := sqlite(t)
	url := get(t, p.result(t, sdk+"sqs:createQueue", `{"QueueName": "q"}`), "QueueUrl").(string)
	sent := p.result(t, "arn:aws:states:::sqs:sendMessage.waitForTaskToken", `{"QueueUrl": "`+url+`", "MessageBody": {"token": "x"}}`)
	if get(t, sent, "MessageId") == nil || get(t, sent, "SdkHttpMetadata", "HttpStatusCode") != 200.0 || get(t, sent, "SdkResponseMetadata", "RequestId") == nil {
		t.Errorf("sent: %s", sent)
	}
	messages, _ := get(t, p.result(t, sdk+"sqs:receiveMessage", `{"QueueUrl": "`+url+`"}`), "Messages").([]any)
	if len(messages) != 1 || messages[0].(map[string]any)["Body"] != `{"token":"x"}` {
		t.Errorf("received: %v", messages)
	}
	a := p.answer(t, call(t, "arn:aws:states:::sqs:sendMessage", `{"QueueUrl": "`+url+`2", "MessageBody": "m"}`))
	if a.Error != "SQS.QueueDoesNotExistException" || !strings.Contains(a.Cause, "(Service: AmazonSQS; Status Code: 400; Error Code: AWS.SimpleQueueService.NonExistentQueue; Request ID: ") {
		t.Errorf("%+v", a)
	}
}

// machines is a Step Functions that keeps what it is asked.
type machines struct {
	started []*sfn.StartExecutionInput
	fail    int // how many calls are answered by trouble
	err     error
}

func (m *machines) StartExecution(_ context.Context, in *sfn.StartExecutionInput, _ ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	m.started = append(m.started, in)
	if len(m.started) <= m.fail {
		return nil, m.err
	}
	return &sfn.StartExecutionOutput{ExecutionArn: aws.String("arn:x")}, nil
}

func TestWhatIsRepeatedCarriesTheSameToken(t *testing.T) {
	m := &machines{}
	set := newSet()
	set.Provide("sfn", m)
	c := call(t, sdk+"sfn:startExecution", `{"StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:m", "Input": {"a": 1}}`)
	for range 2 {
		if a, err := set.Run(t.Context(), c); err != nil || a.Failed {
			t.Fatalf("%+v, %v", a, err)
		}
	}
	if a, b := m.started[0].Name, m.started[1].Name; a == nil || *a != *b {
		t.Errorf("the executions are not named alike")
	}
	if *m.started[0].Input != `{"a":1}` {
		t.Errorf("an object for a text became %s", *m.started[0].Input)
	}
}

func TestTroubleOfThePlatformIsTriedAgainAndThenAnswered(t *testing.T) {
	parameters := `{"StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:m"}`
	run := func(m *machines) integration.Answer {
		set := newSet()
		set.Provide("sfn", m)
		a, err := set.Run(t.Context(), call(t, sdk+"sfn:startExecution", parameters))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := run(&machines{fail: 2, err: errors.New("the store is away")}); a.Failed {
		t.Errorf("after two failures: %+v", a)
	}
	m := &machines{fail: 100, err: errors.New("the store is away")}
	if a := run(m); a.Error != "Sfn.SfnException" || !strings.Contains(a.Cause, "Status Code: 500") || strings.Contains(a.Cause, "store") {
		t.Errorf("after %d failures: %+v", len(m.started), a)
	}
	m = &machines{fail: 100, err: &sfntypes.StateMachineDoesNotExist{Message: aws.String("no")}}
	if a := run(m); a.Error != "Sfn.StateMachineDoesNotExistException" || len(m.started) != 1 {
		t.Errorf("an answer was asked for %d times: %+v", len(m.started), a)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	set := newSet()
	set.Provide("sfn", &machines{fail: 100, err: errors.New("stopped")})
	if _, err := set.Run(ctx, call(t, sdk+"sfn:startExecution", parameters)); !errors.Is(err, context.Canceled) {
		t.Errorf("an execution that is given up: %v", err)
	}
}

// panics is a service with a mistake in it.
type panics struct {
	integration.S3
	asked int
}

func (p *panics) GetObject(context.Context, *awss3.GetObjectInput, ...func(*awss3.Options)) (*awss3.GetObjectOutput, error) {
	p.asked++
	panic("mistake")
}

func TestAPanicOfAServiceFailsTheTaskAlone(t *testing.T) {
	set, service := newSet(), &panics{}
	set.Provide("s3", service)
	a, err := set.Run(t.Context(), call(t, sdk+"s3:getObject", `{"Bucket": "b", "Key": "k"}`))
	if err != nil || a.Error != "S3.S3Exception" || service.asked != 1 {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestARoleOfAnotherAccountActsThere(t *testing.T) {
	p := sqlite(t)
	p.function(t, "hello")
	c := call(t, sdk+"lambda:getFunction", `{"FunctionName": "hello"}`)
	c.Credentials = "arn:aws:iam::111122223333:role/other"
	if a := p.answer(t, c); !strings.Contains(a.Cause, "111122223333") {
		t.Errorf("%+v", a)
	}
	c.Credentials = "arn:aws:iam::000000000000:role/other"
	if a := p.answer(t, c); a.Failed {
		t.Errorf("%+v", a)
	}
}

func TestEveryOperationOfARealClientIsFound(t *testing.T) {
	set := integration.New(integration.Deps{Services: map[string]any{"lambda": lambda.New(lambda.Options{}), "s3": awss3.New(awss3.Options{})}})
	for _, resource := range []string{"lambda:listFunctions", "lambda:updateFunctionUrlConfig", "s3:createMultipartUpload"} {
		r, _ := asl.ParseResource(sdk + resource)
		if err := set.Check(r, nil); err != nil {
			t.Error(err)
		}
	}
}
