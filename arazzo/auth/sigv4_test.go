package auth

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/headgate/headgate/arazzo/source"
	"github.com/headgate/headgate/internal/gateway"
	"github.com/headgate/headgate/internal/wire"
)

const (
	keyID  = "AKIDEXAMPLE"
	secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

// functions stands for Lambda behind Headgate's own verification of signatures.
type functions struct{}

func (functions) Invoke(_ context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	return &lambda.InvokeOutput{StatusCode: 200, Payload: append([]byte(*in.FunctionName+" "), in.Payload...)}, nil
}

func (functions) ListTags(_ context.Context, in *lambda.ListTagsInput, _ ...func(*lambda.Options)) (*lambda.ListTagsOutput, error) {
	return &lambda.ListTagsOutput{Tags: map[string]string{"of": *in.Resource}}, nil
}

type keys map[string]gateway.Identity

func (k keys) Identity(_ context.Context, id, token string) (gateway.Identity, error) {
	who, ok := k[id]
	if !ok || id == "ASIA" && token != "session" {
		return gateway.Identity{}, gateway.ErrUnknownKey
	}
	return who, nil
}

func verifier(t *testing.T) string {
	t.Helper()
	service, err := wire.New(wire.Lambda(), functions{})
	if err != nil {
		t.Fatal(err)
	}
	h, err := gateway.New(gateway.Config{Verify: true, Services: []*wire.Service{service},
		Credentials: keys{keyID: {Account: "111111111111", Secret: secret}, "ASIA": {Account: "111111111111", Secret: secret}}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

const description = `
openapi: 3.0.0
servers: [{url: "https://lambda.{region}.amazonaws.com", variables: {region: {default: eu-west-1}}}]
security: [{hmac: []}]
paths:
  /2015-03-31/functions/{FunctionName}/invocations:
    post:
      operationId: invoke
      parameters:
      - {name: FunctionName, in: path, required: true, schema: {type: string}}
      - {name: Qualifier, in: query, schema: {type: string}}
      requestBody: {content: {application/json: {}}}
  /2017-03-31/tags/{ARN}: {get: {operationId: listTags, parameters: [{name: ARN, in: path, required: true, schema: {type: string}}]}}
components:
  securitySchemes: {hmac: {type: apiKey, in: header, name: Authorization, x-amazon-apigateway-authtype: awsSigv4}}
`

func call(t *testing.T, s *Signer, server, id string, in source.Input) (int, string, http.Header) {
	t.Helper()
	d, err := source.Loader{}.Parse(t.Context(), "/x.yaml", []byte(description))
	if err != nil {
		t.Fatal(err)
	}
	op, err := d.Operation(id)
	if err != nil {
		t.Fatal(err)
	}
	in.Server = server
	req, err := op.Request(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	req, err = s.SignOperation(t.Context(), req, op)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body), req.Header
}

func TestSigV4PassesVerification(t *testing.T) {
	noAWS(t)
	server := verifier(t)
	invoke := source.Input{Arguments: []source.Argument{{Name: "FunctionName", Value: "arn:aws:lambda:eu-west-1:111111111111:function:fn"}, {Name: "Qualifier", Value: "a-b_c"}, {Name: "odd", In: "query", Value: []any{"x y/ü,+", "&"}}, {Name: "X-Amz-Odd", In: "header", Value: "a  b"}},
		Payload: &source.Payload{Value: map[string]any{"a": "ü"}}}
	good := New(Options{SigV4: SigV4{Credentials: credentials.NewStaticCredentialsProvider(keyID, secret, "")}})
	status, body, header := call(t, good, server, "invoke", invoke)
	if status != 200 || body != `arn:aws:lambda:eu-west-1:111111111111:function:fn {"a":"ü"}` {
		t.Errorf("%d %s", status, body)
	}
	if !strings.Contains(header.Get("Authorization"), "/eu-west-1/lambda/aws4_request") {
		t.Errorf("scope of the description's server: %s", header.Get("Authorization"))
	}
	tags := source.Input{Arguments: []source.Argument{{Name: "ARN", Value: "arn:aws:lambda:eu-west-1:111111111111:function:fn"}}}
	if status, body, _ := call(t, good, server, "listTags", tags); status != 200 || !strings.Contains(body, "111111111111:function:fn") {
		t.Errorf("escaped path: %d %s", status, body)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "ASIA")
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	t.Setenv("AWS_SESSION_TOKEN", "session")
	chained := New(Options{})
	if status, body, _ := call(t, chained, server, "invoke", invoke); status != 200 {
		t.Errorf("the default chain: %d %s", status, body)
	}
	if got := chained.Masker().Text(secret + " session"); got != "*** ***" {
		t.Errorf("masked: %s", got)
	}
	bad := New(Options{SigV4: SigV4{Credentials: credentials.NewStaticCredentialsProvider(keyID, "wrong", "")}})
	if status, _, _ := call(t, bad, server, "invoke", invoke); status != 403 {
		t.Errorf("a wrong secret: %d", status)
	}
	elsewhere := New(Options{Credentials: ByName{"hmac": {SigV4: &SigV4{Service: "s3"}}}, SigV4: SigV4{Credentials: credentials.NewStaticCredentialsProvider(keyID, secret, "")}})
	if status, _, header := call(t, elsewhere, server, "invoke", invoke); status == 200 || header.Get("X-Amz-Content-Sha256") == "" {
		t.Errorf("another service: %d", status)
	}
}

func TestForcedSigV4(t *testing.T) {
	noAWS(t)
	s := New(Options{ForceSigV4: true, SigV4: SigV4{Service: "execute-api", Region: "eu-north-1", Credentials: credentials.NewStaticCredentialsProvider(keyID, secret, "")}})
	req := request(t, "POST", "http://localhost:1/x?b=2&a=1", "body")
	signed, err := s.Sign(t.Context(), req, source.Security{{apiKey("key", "header", "X-Key")}})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(signed.Header.Get("Authorization"), "/eu-north-1/execute-api/aws4_request") || req.URL.RawQuery != "b=2&a=1" {
		t.Errorf("%v %s", signed.Header, req.URL)
	}
	again, err := s.Sign(t.Context(), signed, nil) // a retry of what was signed already
	if err != nil || len(again.Header.Values("Authorization")) != 1 {
		t.Errorf("%v %v", again, err)
	}
	if data, _ := io.ReadAll(again.Body); string(data) != "body" {
		t.Errorf("body %q", data)
	}
	if _, err := New(Options{ForceSigV4: true}).Sign(t.Context(), request(t, "GET", "http://localhost:1/", ""), nil); err == nil || !strings.Contains(err.Error(), "service to sign for") {
		t.Error(err)
	}
	if _, err := New(Options{ForceSigV4: true, SigV4: SigV4{Service: "lambda"}}).Sign(t.Context(), request(t, "GET", "http://localhost:1/", ""), nil); err == nil {
		t.Error("signed by nobody")
	}
}

func TestSigV4IsRecognised(t *testing.T) {
	for name, c := range map[string]struct {
		scheme *source.SecurityScheme
		want   bool
	}{
		"sigv4":             {&source.SecurityScheme{Name: "sigv4", Type: "apiKey", In: "header", Key: "Authorization"}, true},
		"sigv4Auth":         {&source.SecurityScheme{Name: "sigv4Auth", Type: "apiKey", In: "header", Key: "authorization"}, true},
		"hmac":              {&source.SecurityScheme{Name: "hmac", Type: "apiKey", In: "header", Key: "Authorization"}, true},
		"aws.auth.sigv4":    {&source.SecurityScheme{Name: "aws.auth.sigv4", Type: "apiKey", In: "header", Key: "Authorization"}, true},
		"by the extension":  {&source.SecurityScheme{Name: "x", Type: "apiKey", In: "header", Key: "Authorization", Extensions: map[string]any{"x-amazon-apigateway-authtype": "awsSigv4"}}, true},
		"by x-aws-auth":     {&source.SecurityScheme{Name: "x", Type: "apiKey", Extensions: map[string]any{"x-aws-auth": "aws.auth:sigv4"}}, true},
		"http":              {&source.SecurityScheme{Name: "x", Type: "http", Scheme: "aws4-hmac-sha256"}, true},
		"hmac of one's own": {&source.SecurityScheme{Name: "hmac", Type: "apiKey", In: "header", Key: "X-Signature"}, false},
		"a custom authtype": {&source.SecurityScheme{Name: "x", Type: "apiKey", In: "header", Key: "Authorization", Extensions: map[string]any{"x-amazon-apigateway-authtype": "custom"}}, false},
		"a plain key":       {&source.SecurityScheme{Name: "token", Type: "apiKey", In: "header", Key: "Authorization"}, false},
		"bearer":            {&source.SecurityScheme{Name: "sigv4", Type: "http", Scheme: "bearer"}, false},
		"nothing":           {nil, false},
	} {
		if got := IsSigV4(c.scheme); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestHostsTellServiceAndRegion(t *testing.T) {
	for host, want := range map[string][2]string{
		"lambda.eu-west-1.amazonaws.com": {"lambda", "eu-west-1"}, "sts.amazonaws.com": {"sts", "us-east-1"}, "abc.execute-api.us-east-2.amazonaws.com": {"execute-api", "us-east-2"},
		"bucket.s3.us-west-2.amazonaws.com": {"s3", "us-west-2"}, "s3-us-west-2.amazonaws.com": {"s3", "us-west-2"}, "lambda.cn-north-1.amazonaws.com.cn": {"lambda", "cn-north-1"},
		"abc.lambda-url.us-east-1.on.aws": {"lambda", "us-east-1"}, "lambda-fips.us-gov-west-1.amazonaws.com": {"lambda", "us-gov-west-1"}, "lambda.us-east-1.api.aws": {"lambda", "us-east-1"},
		"bucket.s3.dualstack.us-west-2.amazonaws.com": {"s3", "us-west-2"}, "vpce-1-2.lambda.us-east-1.vpce.amazonaws.com": {"lambda", "us-east-1"}, "localhost": {"", ""}, "example.com": {"", ""},
	} {
		if got := fromHost(host); got.Service != want[0] || got.Region != want[1] {
			t.Errorf("%s: %s %s", host, got.Service, got.Region)
		}
	}
	if got := fromServer(source.Server{URL: "https://lambda.{region}.amazonaws.com"}); got.Service != "lambda" || got.Region != "" {
		t.Errorf("a template: %+v", got)
	}
}
