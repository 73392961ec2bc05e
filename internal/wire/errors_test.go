package wire_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
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
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/headgate/headgate/internal/wire"
)

// typed checks that err is the SDK's T with the message and HTTP status.
func typed[T error](t *testing.T, err error, message string, status int) T {
	t.Helper()
	var e T
	if !errors.As(err, &e) {
		t.Errorf("%v is not a %T", err, e)
		return e
	}
	var res *smithyhttp.ResponseError
	if !errors.As(err, &res) || res.HTTPStatusCode() != status {
		t.Errorf("%v, want status %d", err, status)
	}
	if ae, ok := error(e).(smithy.APIError); !ok || ae.ErrorMessage() != message {
		t.Errorf("message of %v, want %q", err, message)
	}
	return e
}

func TestErrorsArriveAsTheSDKsTypes(t *testing.T) {
	svc := &services{}
	cfg, _ := serve(t, wire.Lambda(), svc)
	lc := lambda.NewFromConfig(cfg)
	_, err := lc.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("none")})
	typed[*lambdatypes.ResourceNotFoundException](t, err, "Function not found: none", 404)
	_, err = lc.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("throttled")})
	if e := typed[*lambdatypes.TooManyRequestsException](t, err, "Rate Exceeded.", 429); e != nil {
		if aws.ToString(e.RetryAfterSeconds) != "7" || e.Reason != lambdatypes.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded {
			t.Errorf("members %+v", e)
		}
	}
	_, err = lc.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("generic")})
	typed[*lambdatypes.ResourceConflictException](t, err, "busy", 409)

	cfg, _ = serve(t, wire.CodeDeploy(), svc)
	_, err = codedeploy.NewFromConfig(cfg).GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: aws.String("d-0")})
	typed[*cdtypes.DeploymentDoesNotExistException](t, err, "none", 400)

	cfg, _ = serve(t, wire.StepFunctions(), svc)
	_, err = sfn.NewFromConfig(cfg).DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: aws.String("arn:gone")})
	typed[*sfntypes.StateMachineDoesNotExist](t, err, "gone", 400)

	cfg, _ = serve(t, wire.Logs(), svc)
	_, err = cloudwatchlogs.NewFromConfig(cfg).PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("none"), LogStreamName: aws.String("s"),
		LogEvents: []logstypes.InputLogEvent{{Message: aws.String("m"), Timestamp: aws.Int64(0)}}})
	typed[*logstypes.ResourceNotFoundException](t, err, "The specified log group does not exist.", 400)

	cfg, _ = serve(t, wire.CloudWatch(), svc)
	_, err = cloudwatch.NewFromConfig(cfg).SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("a"), StateValue: cwtypes.StateValueOk, StateReason: aws.String("r")})
	typed[*cwtypes.ResourceNotFound](t, err, "no alarm a", 404)

	cfg, _ = serve(t, wire.CloudFormation(), svc)
	cf := cloudformation.NewFromConfig(cfg)
	_, err = cf.CreateStack(ctx, &cloudformation.CreateStackInput{StackName: aws.String("taken")})
	typed[*cfntypes.AlreadyExistsException](t, err, "Stack [taken] already exists", 400)
	_, err = cf.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("none")})
	if e := typed[*smithy.GenericAPIError](t, err, "Stack with id none does not exist", 400); e != nil && e.Code != "ValidationError" {
		t.Errorf("code %s", e.Code)
	}

	cfg, _ = serve(t, wire.IAM(), svc)
	_, err = iam.NewFromConfig(cfg).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("r")})
	typed[*iamtypes.NoSuchEntityException](t, err, "The role with name r cannot be found.", 404)
}

func TestOperationsThatAreNotThere(t *testing.T) {
	svc := &services{}
	cfg, url := serve(t, wire.Lambda(), svc)
	_, err := lambda.NewFromConfig(cfg).CreateEventSourceMapping(ctx, &lambda.CreateEventSourceMappingInput{FunctionName: aws.String("f")})
	e := typed[*smithy.GenericAPIError](t, err, "Headgate does not implement lambda:CreateEventSourceMapping yet", 501)
	if e != nil && e.Code != "UnsupportedOperation" {
		t.Errorf("code %s", e.Code)
	}
	res, _ := post(t, url+"/2015-03-31/no/such", "{}")
	if res.StatusCode != 404 || res.Header.Get("X-Amzn-Errortype") != "UnknownOperationException" {
		t.Errorf("unknown path: %d %v", res.StatusCode, res.Header)
	}

	_, url = serve(t, wire.CodeDeploy(), svc)
	res, body := post(t, url, "{}", "X-Amz-Target", "CodeDeploy_20141006.Nonsense")
	if res.StatusCode != 400 || !strings.Contains(body, `"__type":"UnknownOperationException"`) {
		t.Errorf("unknown target: %d %s", res.StatusCode, body)
	}
	_, url = serve(t, wire.IAM(), svc)
	res, body = post(t, url, "Action=Nonsense&Version=2010-05-08")
	if res.StatusCode != 400 || !strings.Contains(body, "<Code>InvalidAction</Code><Message>Could not find operation Nonsense for version 2010-05-08</Message>") {
		t.Errorf("unknown action: %d %s", res.StatusCode, body)
	}
	if res, body = post(t, url, "Action=DeleteRole&Version=2010-05-08&RoleName=r"); res.StatusCode != 501 || !strings.Contains(body, "iam:DeleteRole") {
		t.Errorf("missing action: %d %s", res.StatusCode, body)
	}
	_, url = serve(t, wire.CloudWatch(), svc)
	if res, _ = post(t, url+"/service/GraniteServiceVersion20100801/operation/Nope", "", "Smithy-Protocol", "rpc-v2-cbor"); res.StatusCode != 404 || res.Header.Get("Smithy-Protocol") == "" {
		t.Errorf("unknown cbor: %d %v", res.StatusCode, res.Header)
	}
}

// What goes wrong inside is told to the log, never to the client.
func TestInternalFailuresKeepTheirDetail(t *testing.T) {
	var logs bytes.Buffer
	cfg := wire.Lambda()
	cfg.Log = slog.New(slog.NewTextHandler(&logs, nil))
	s, err := wire.New(cfg, &services{})
	if err != nil {
		t.Fatal(err)
	}
	for function, detail := range map[string]string{"broken": "disk on fire at /var/secret", "panics": "index out of range"} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", "/2015-03-31/functions/"+function, nil))
		id := w.Header().Get("X-Amzn-Requestid")
		if w.Code != 500 || w.Header().Get("X-Amzn-Errortype") != "InternalFailure" || id == "" || !strings.Contains(w.Body.String(), id) {
			t.Errorf("%s: %d %v %s", function, w.Code, w.Header(), w.Body)
		}
		if strings.Contains(w.Body.String(), detail) || !strings.Contains(logs.String(), detail) || !strings.Contains(logs.String(), id) {
			t.Errorf("%s: told the client %s, the log %s", function, w.Body, logs.String())
		}
	}
}

func TestCloudWatchErrorsCarryTheQueryCode(t *testing.T) {
	_, url := serve(t, wire.CloudWatch(), &services{})
	res, body := post(t, url, `{"AlarmName":"a","StateValue":"OK","StateReason":"r"}`, "X-Amz-Target", "GraniteServiceVersion20100801.SetAlarmState")
	if got := res.Header.Get("X-Amzn-Query-Error"); got != "ResourceNotFound;Sender" || res.StatusCode != 404 || !strings.Contains(body, `"__type":"ResourceNotFound"`) {
		t.Errorf("json: %d %q %s", res.StatusCode, got, body)
	}
	res, body = post(t, url, "Action=SetAlarmState&Version=2010-08-01&AlarmName=a&StateValue=OK&StateReason=r")
	if res.StatusCode != 404 || !strings.Contains(body, "<Type>Sender</Type><Code>ResourceNotFound</Code><Message>no alarm a</Message>") {
		t.Errorf("query: %d %s", res.StatusCode, body)
	}
	if !strings.Contains(body, "<RequestId>"+res.Header.Get("X-Amzn-Requestid")+"</RequestId>") {
		t.Errorf("request id: %v %s", res.Header, body)
	}
}

func TestUndecodableRequests(t *testing.T) {
	svc := &services{}
	_, lurl := serve(t, wire.Lambda(), svc)
	_, curl := serve(t, wire.CodeDeploy(), svc)
	_, qurl := serve(t, wire.CloudFormation(), svc)
	_, wurl := serve(t, wire.CloudWatch(), svc)
	target := []string{"X-Amz-Target", "CodeDeploy_20141006.CreateDeployment"}
	for _, c := range []struct {
		name, url, body string
		headers         []string
		want            string
	}{
		{"not JSON", lurl + "/2015-03-31/functions", "{nope", nil, "Unexpected character ('n') at byte 1"},
		{"JSON cut off", lurl + "/2015-03-31/functions", `{"FunctionName":"f`, nil, "Unexpected end-of-input"},
		{"more than one value", curl, `{} {}`, target, "Unexpected character ('{') at byte 3"},
		{"a number for a string", curl, `{"applicationName":7}`, target, "applicationName: NUMBER_VALUE can not be converted to a String"},
		{"a string for a boolean", curl, `{"ignoreApplicationStopFailures":"yes"}`, target, "STRING_VALUE can not be converted to a Boolean"},
		{"a list for a structure", curl, `{"revision":[]}`, target, "Start of structure or map found where not expected"},
		{"a string for a number", lurl + "/2015-03-31/functions", `{"Timeout":"3"}`, nil, "Timeout: STRING_VALUE can not be converted to an Integer"},
		{"a fraction for a whole number", lurl + "/2015-03-31/functions", `{"Timeout":3.5}`, nil, "can not be converted to an Integer"},
		{"a number too large", lurl + "/2015-03-31/functions", `{"Timeout":99999999999}`, nil, "can not be converted to an Integer"},
		{"not base64", lurl + "/2015-03-31/functions", `{"Code":{"ZipFile":"%%%"}}`, nil, "Code.ZipFile: the value is not base64"},
		{"nested without end", curl, `{"x":` + strings.Repeat("[", 1<<20), target, "nested too deeply"},
		{"not CBOR", wurl + "/service/GraniteServiceVersion20100801/operation/PutMetricData", "\xff\xff", []string{"Smithy-Protocol", "rpc-v2-cbor"}, "the body is not CBOR"},
		{"CBOR of another type", wurl + "/service/GraniteServiceVersion20100801/operation/PutMetricData", "\xa1\x69Namespace\x01", []string{"Smithy-Protocol", "rpc-v2-cbor"}, "Namespace: the value is of another type"},
		{"not gzip", curl, "{}", append(target, "Content-Encoding", "gzip"), "the body is not gzip"},
		{"an unknown number in a list", qurl, "Action=CreateStack&Version=2010-05-15&StackName=s&Tags.member.x.Key=k", nil, "is not the number of a member"},
		{"a word for a number", qurl, "Action=CreateStack&Version=2010-05-15&StackName=s&TimeoutInMinutes=soon", nil, "TimeoutInMinutes: &quot;soon&quot;"},
	} {
		res, body := post(t, c.url, c.body, c.headers...)
		body = strings.ReplaceAll(body, `"`, "&quot;")
		want := strings.ReplaceAll(c.want, `"`, "&quot;")
		kind := res.Header.Get("X-Amzn-Errortype")
		if c.url == qurl && strings.Contains(body, "<Code>MalformedInput</Code>") {
			kind = "SerializationException"
		}
		if res.StatusCode != 400 || kind != "SerializationException" || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s %s", c.name, res.StatusCode, kind, body)
		}
	}
	if svc.createFunction != nil || svc.deployment != nil || svc.stack != nil {
		t.Error("a handler ran on a request that cannot be decoded")
	}
}

func TestLenientRequests(t *testing.T) {
	svc := &services{}
	_, url := serve(t, wire.CodeDeploy(), svc)
	target := "CodeDeploy_20141006.CreateDeployment"
	for _, c := range []struct{ name, body, group string }{
		{"unknown members and nulls", `{"unknown":{"a":[1,true,null,"x\n"]},"applicationName":"a","revision":null,"deploymentGroupName":"g"}`, "g"},
		{"escapes", `{"applicationName":"a","deploymentGroupName":"\u0067\ud83d\ude00\/"}`, "g😀/"},
		{"half a surrogate", `{"applicationName":"a","deploymentGroupName":"\ud83dx"}`, "\uFFFDx"},
		{"white space", " {\n\t\"applicationName\" : \"a\" ,\r\n \"deploymentGroupName\":\"g\" } ", "g"},
	} {
		if res, body := post(t, url, c.body, "X-Amz-Target", target); res.StatusCode != 200 || aws.ToString(svc.deployment.DeploymentGroupName) != c.group {
			t.Errorf("%s: %d %s %q", c.name, res.StatusCode, body, aws.ToString(svc.deployment.DeploymentGroupName))
		}
	}
	if res, body := post(t, url, "", "X-Amz-Target", target); res.StatusCode != 400 || !strings.Contains(body, "ApplicationNameRequiredException") {
		t.Errorf("an empty body is an empty structure: %d %s", res.StatusCode, body)
	}
}

func TestBodiesAreBoundedAndDecompressed(t *testing.T) {
	cfg := wire.Lambda()
	cfg.MaxBody = 1000
	svc := &services{}
	_, url := serve(t, cfg, svc)
	url += "/2015-03-31/functions/fn/invocations"
	zip := func(n int) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(bytes.Repeat([]byte{'1'}, n))
		z.Close()
		return b.String()
	}
	if res, body := post(t, url, zip(1000), "Content-Encoding", "gzip"); res.StatusCode != 200 || len(svc.invoked.Payload) != 1000 {
		t.Errorf("gzip: %d %s", res.StatusCode, body)
	}
	for name, body := range map[string]string{"a bomb": zip(1 << 20), "too long": strings.Repeat("1", 1001)} {
		res, answer := post(t, url, body, "Content-Encoding", map[bool]string{true: "gzip", false: "identity"}[name == "a bomb"])
		if res.StatusCode != 413 || !strings.Contains(answer, "Request must be smaller than 1000 bytes for the Invoke operation") {
			t.Errorf("%s: %d %s", name, res.StatusCode, answer)
		}
	}
	r, _ := http.NewRequest("POST", url, io.MultiReader(strings.NewReader(strings.Repeat("1", 2000)))) // no Content-Length
	if res, err := http.DefaultClient.Do(r); err != nil || res.StatusCode != 413 {
		t.Errorf("chunked: %v %v", res, err)
	}
}

type wrongInput struct{}

// MadeUp has Lambda's types and a name that Lambda does not have.
func (wrongInput) MadeUp(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	return nil, nil
}

func TestNewRefusesWhatIsNoOperation(t *testing.T) {
	if _, err := wire.New(wire.Lambda(), wrongInput{}); err == nil || !strings.Contains(err.Error(), "MadeUp") {
		t.Errorf("an operation that AWS does not have: %v", err)
	}
	if _, err := wire.New(wire.IAM(), wrongInput{}); err == nil || !strings.Contains(err.Error(), "no operation of iam") {
		t.Errorf("a service of another kind: %v", err)
	}
	cfg := wire.Lambda()
	delete(cfg.Operations, "Invoke")
	if _, err := wire.New(cfg, &services{}); err == nil || !strings.Contains(err.Error(), "lambda:Invoke has no HTTP binding") {
		t.Errorf("no HTTP binding: %v", err)
	}
}

func post(t *testing.T, url, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest("POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}
