package gateway_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/gateway"
)

// A request's signature names the service; each of these comes unsigned, as curl sends it.
func TestUnsignedRequestsFindTheirService(t *testing.T) {
	p := start(t, gateway.Config{})
	form := "application/x-www-form-urlencoded"
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		want                     string
	}{
		{"lambda by path", "POST", "/2015-03-31/functions/fn/invocations", "{}", nil, 200, "to fn {}"},
		{"lambda tags by path", "GET", "/2017-03-31/tags/arn:aws:lambda:us-east-1:000000000000:function:fn", "", nil, 200, `"of":"arn:`},
		{"a version without such a path", "GET", "/2015-03-31/nothing", "", nil, 404, "UnknownOperationException"},
		{"json by target", "POST", "/", `{"deploymentId":"d-1"}`, []string{"X-Amz-Target", "CodeDeploy_20141006.GetDeployment"}, 200, `"deploymentId":"d-1"`},
		{"a target of no service", "POST", "/", `{}`, []string{"X-Amz-Target", "DynamoDB_20120810.ListTables"}, 501, "Headgate does not implement the service DynamoDB_20120810 yet"},
		{"a repository of no registry", "POST", "/", `{"repositoryNames":["shop"]}`, []string{"X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories"},
			400, `"The repository with name 'shop' does not exist`},
		{"all repositories of no registry", "POST", "/", `{}`, []string{"X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories"}, 501, "AmazonEC2ContainerRegistry_V20150921 yet"},
		{"query of no service", "POST", "/", "Action=ListTopics&Version=2010-03-31", []string{"Content-Type", form,
			"Authorization", "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/sns/aws4_request, SignedHeaders=host, Signature=00", "X-Amz-Date", "20260101T000000Z"},
			501, "<Code>UnsupportedOperation</Code><Message>Headgate does not implement the service sns yet</Message>"},
		{"query by form", "POST", "/", "Action=DescribeStacks&Version=2010-05-15&StackName=s", []string{"Content-Type", form}, 200, "<StackName>s</StackName>"},
		{"query by URL", "GET", "/?Action=GetCallerIdentity&Version=2011-06-15", "", nil, 200, "<Account>000000000000</Account>"},
		{"cbor by path", "POST", "/service/GraniteServiceVersion20100801/operation/PutMetricData", "\xa0", []string{"Smithy-Protocol", "rpc-v2-cbor"}, 400, "Member must not be null"},
		{"s3 by default", "PUT", "/bucket/key", "x", nil, 200, ""},
		{"the platform's own", "GET", "/_headgate/health", "", nil, 200, "ok"},
		{"not the platform's own", "GET", "/_headgate/nothing", "", nil, 404, "not found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, body := do(t, c.method, p.url+c.path, c.body, c.headers...)
			if res.StatusCode != c.status || !strings.Contains(res.Header.Get("X-Amzn-Errortype")+body, c.want) {
				t.Errorf("%d %s, want %d with %q", res.StatusCode, body, c.status, c.want)
			}
		})
	}
}

func TestSDKClientsReachTheirServices(t *testing.T) {
	p := start(t, gateway.Config{})
	cfg := p.config("test", "test", "")
	if out, err := lambda.NewFromConfig(cfg).Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("fn"), Payload: []byte("1")}); err != nil || string(out.Payload) != "to fn 1" {
		t.Errorf("lambda: %v %v", out, err)
	}
	if _, err := codedeploy.NewFromConfig(cfg).GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: aws.String("d")}); err != nil {
		t.Errorf("codedeploy: %v", err)
	}
	if _, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("s")}); err != nil {
		t.Errorf("cloudformation: %v", err)
	}
	in := &cloudwatch.PutMetricDataInput{Namespace: aws.String("N"), MetricData: []cwtypes.MetricDatum{{MetricName: aws.String("m"), Value: aws.Float64(1)}}}
	if _, err := cloudwatch.NewFromConfig(cfg).PutMetricData(ctx, in); err != nil || string(p.body) != "N" {
		t.Errorf("cloudwatch: %v", err)
	}
	if _, err := s3.NewFromConfig(cfg).PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("2015-03-31/functions"), Body: strings.NewReader("x")}); err != nil {
		t.Errorf("s3 with a key like a Lambda path: %v", err)
	}
	res, _ := do(t, "GET", p.url+"/key", "", "Host", "bucket.s3.localhost.localstack.cloud:4566")
	if got := res.Header.Get("X-Served-By"); got != "s3 bucket.s3.localhost.localstack.cloud:4566/key" {
		t.Errorf("virtual host: %q", got)
	}
}

func TestAccessKeyAndScopeTellTheCaller(t *testing.T) {
	p := start(t, gateway.Config{Credentials: keys{
		"ASIASESSION": {Account: "222222222222", ARN: "arn:aws:sts::222222222222:assumed-role/r/s"},
	}})
	for _, c := range []struct{ key, token, account, arn string }{
		{"123456789012", "", "123456789012", "arn:aws:iam::123456789012:root"},
		{"test", "", "000000000000", "arn:aws:iam::000000000000:root"},
		{"ASIASESSION", "the-token", "222222222222", "arn:aws:sts::222222222222:assumed-role/r/s"},
		{"ASIASESSION", "another", "000000000000", "arn:aws:iam::000000000000:root"},
	} {
		out, err := sts.NewFromConfig(p.config(c.key, "any", c.token)).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil || *out.Account != c.account || *out.Arn != c.arn {
			t.Errorf("%s: %v %v", c.key, out, err)
		}
	}
	if _, err := lambda.NewFromConfig(p.config("1", "2", "")).Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("fn")}); err != nil {
		t.Fatal(err)
	}
	if p.caller.Region != "eu-central-1" || len(p.caller.RequestID) != 36 {
		t.Errorf("caller %+v", p.caller)
	}
	do(t, "POST", p.url+"/2015-03-31/functions/fn/invocations", "")
	if p.caller.Region != caller.DefaultRegion || p.caller.Account != caller.DefaultAccount {
		t.Errorf("unsigned caller %+v", p.caller)
	}
}

func TestWebPagesOfOthersAreRefused(t *testing.T) {
	p := start(t, gateway.Config{Hosts: []string{"headgate.example.com"}})
	const path = "/2015-03-31/functions/fn/invocations"
	for _, c := range []struct {
		name, header, value string
		status              int
	}{
		{"another site", "Origin", "https://evil.example", 403},
		{"a sandboxed page", "Origin", "null", 403},
		{"a name that begins like loopback", "Origin", "http://127.0.0.1.evil.example", 403},
		{"localhost", "Origin", "http://localhost:3000", 200},
		{"IPv6 loopback", "Origin", "http://[::1]:3000", 200},
		{"a rebound name", "Host", "evil.example:4566", 403},
		{"a container's name", "Host", "headgate:4566", 200},
		{"an address", "Host", "192.168.1.7:4566", 200},
		{"an allowed name", "Host", "headgate.example.com:4566", 200},
		{"no page at all", "Accept", "*/*", 200},
	} {
		if res, body := do(t, "POST", p.url+path, "{}", c.header, c.value); res.StatusCode != c.status {
			t.Errorf("%s: %d %s", c.name, res.StatusCode, body)
		}
	}
	const drop = "/?Action=DescribeStacks&Version=2010-05-15"
	for _, c := range []struct {
		name, path, site, mode string
		status                 int
	}{
		{"an image on another site", drop, "cross-site", "no-cors", 403},
		{"a link on another site to an operation", drop, "cross-site", "navigate", 403},
		{"a link on another site to our page", "/_headgate/health", "cross-site", "navigate", 200},
		{"an image of our page", "/_headgate/health", "cross-site", "no-cors", 403},
		{"our own page", drop, "same-origin", "cors", 200},
		{"the address bar", drop, "none", "navigate", 200},
	} {
		if res, body := do(t, "GET", p.url+c.path, "", "Sec-Fetch-Site", c.site, "Sec-Fetch-Mode", c.mode); res.StatusCode != c.status {
			t.Errorf("%s: %d %s", c.name, res.StatusCode, body)
		}
	}
	if res, _ := do(t, "POST", p.url+"/_headgate/clock", "", "Origin", "https://evil.example"); res.StatusCode != 403 {
		t.Errorf("the clock moved for a foreign page: %d", res.StatusCode)
	}
}

func TestAccessLogNamesTheOperationAndNoSecret(t *testing.T) {
	p := start(t, gateway.Config{})
	res, _ := do(t, "GET", p.url+"/bucket/key?X-Amz-Signature=deadbeef", "")
	if res.StatusCode != 200 {
		t.Fatal(res.Status)
	}
	if _, err := lambda.NewFromConfig(p.config("AKID", "the-secret", "session-token")).Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("fn")}); err != nil {
		t.Fatal(err)
	}
	logs := p.logs.String()
	for _, want := range []string{"service=lambda operation=Invoke status=200", `operation="GET /bucket/key"`, "request_id="} {
		if !strings.Contains(logs, want) {
			t.Errorf("no %q in\n%s", want, logs)
		}
	}
	for _, secret := range []string{"the-secret", "session-token", "deadbeef", "AWS4-HMAC"} {
		if strings.Contains(logs, secret) {
			t.Errorf("%q was logged", secret)
		}
	}
}
