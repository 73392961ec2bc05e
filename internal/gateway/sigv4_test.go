package gateway_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"pgregory.net/rapid"

	"github.com/headgate/headgate/internal/gateway"
)

const (
	key    = "AKIAGOOD"
	secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

func verified(t testing.TB) *platform {
	return start(t, gateway.Config{Verify: true, Credentials: keys{
		key:           {Account: "111111111111", Secret: secret},
		"ASIASESSION": {Account: "222222222222", Secret: secret},
		"ASIAEXPIRED": {Secret: secret, Expires: time.Now().Add(-time.Second)},
		"AKIANOTHING": {Account: "333333333333"},
	}})
}

func TestGoodSignaturesPass(t *testing.T) {
	p := verified(t)
	cfg := p.config(key, secret, "")
	arn := "arn:aws:lambda:us-east-1:111111111111:function:fn"
	if _, err := lambda.NewFromConfig(cfg).Invoke(ctx, &lambda.InvokeInput{FunctionName: &arn, Qualifier: aws.String("a-b_c"), Payload: []byte("{}")}); err != nil {
		t.Errorf("lambda: %v", err)
	}
	if p.caller.Account != "111111111111" {
		t.Errorf("caller %+v", p.caller)
	}
	if _, err := lambda.NewFromConfig(cfg).ListTags(ctx, &lambda.ListTagsInput{Resource: &arn}); err != nil {
		t.Errorf("escaped path: %v", err)
	}
	if _, err := codedeploy.NewFromConfig(cfg).GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: aws.String("d")}); err != nil {
		t.Errorf("codedeploy: %v", err)
	}
	in := &cloudwatch.PutMetricDataInput{Namespace: aws.String("N"), MetricData: []cwtypes.MetricDatum{{MetricName: aws.String("m"), Value: aws.Float64(1)}}}
	if _, err := cloudwatch.NewFromConfig(cfg).PutMetricData(ctx, in); err != nil {
		t.Errorf("cloudwatch: %v", err)
	}
	out, err := sts.NewFromConfig(p.config("ASIASESSION", secret, "the-token")).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil || *out.Account != "222222222222" {
		t.Errorf("session: %v %v", out, err)
	}
	s3c := s3.NewFromConfig(cfg)
	for _, object := range []string{"plain", "a b/c+d=é&?%2F*(1)!~"} {
		if _, err := s3c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("b"), Key: &object, Body: strings.NewReader("body")}); err != nil || string(p.body) != "body" {
			t.Errorf("s3 %q: %v %q", object, err, p.body)
		}
	}
	if res, _ := do(t, "GET", p.url+"/_headgate/health", ""); res.StatusCode != 200 {
		t.Errorf("health needs no signature: %s", res.Status)
	}
}

// Each family of protocols has its own words for the same refusal.
func TestBadSignaturesAreRefusedInTheProtocolsWords(t *testing.T) {
	p := verified(t)
	calls := map[string]func(aws.Config) error{
		"rest": func(c aws.Config) error {
			_, err := lambda.NewFromConfig(c).Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("fn")})
			return err
		},
		"json": func(c aws.Config) error {
			_, err := codedeploy.NewFromConfig(c).GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: aws.String("d")})
			return err
		},
		"query": func(c aws.Config) error {
			_, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			return err
		},
		"s3": func(c aws.Config) error {
			_, err := s3.NewFromConfig(c).PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), Body: strings.NewReader("x")})
			return err
		},
	}
	for _, c := range []struct {
		name  string
		cfg   aws.Config
		codes map[string]string
	}{
		{"wrong secret", p.config(key, "wrong", ""), map[string]string{"rest": "InvalidSignatureException", "json": "InvalidSignatureException",
			"query": "SignatureDoesNotMatch", "s3": "SignatureDoesNotMatch"}},
		{"unknown key", p.config("AKIAUNKNOWN", secret, ""), map[string]string{"rest": "UnrecognizedClientException", "json": "UnrecognizedClientException",
			"query": "InvalidClientTokenId", "s3": "InvalidAccessKeyId"}},
		{"a key without a secret", p.config("AKIANOTHING", "x", ""), map[string]string{"rest": "UnrecognizedClientException"}},
		{"wrong session token", p.config("ASIASESSION", secret, "guess"), map[string]string{"rest": "UnrecognizedClientException", "query": "InvalidClientTokenId"}},
		{"expired session", p.config("ASIAEXPIRED", secret, "x"), map[string]string{"rest": "ExpiredTokenException", "query": "ExpiredToken"}},
		{"an account for a key", p.config("123456789012", "x", ""), map[string]string{"rest": "UnrecognizedClientException"}},
	} {
		for family, code := range c.codes {
			var ae smithy.APIError
			if err := calls[family](c.cfg); !errors.As(err, &ae) || ae.ErrorCode() != code {
				t.Errorf("%s, %s: %v, want %s", c.name, family, err, code)
			}
		}
	}
	if p.caller.Account != "" {
		t.Errorf("a refused request reached a handler: %+v", p.caller)
	}
}

func TestUnsignedRequestsAreRefusedUnderVerify(t *testing.T) {
	p := verified(t)
	for _, c := range []struct {
		method, path, body string
		headers            []string
		status             int
		want               string
	}{
		{"POST", "/2015-03-31/functions/fn/invocations", "{}", nil, 403, "MissingAuthenticationTokenException"},
		{"GET", "/?Action=GetCallerIdentity&Version=2011-06-15", "", nil, 403, "<Code>MissingAuthenticationToken</Code>"},
		{"GET", "/bucket/key", "", nil, 403, "<Error><Code>AccessDenied</Code>"},
		{"GET", "/bucket/key?AWSAccessKeyId=AKIAGOOD&Signature=x&Expires=99", "", nil, 400, "Please use AWS4-HMAC-SHA256"},
		{"POST", "/_headgate/clock", "", nil, 403, "MissingAuthenticationToken"},
		{"POST", "/", "{}", []string{"X-Amz-Target", "CodeDeploy_20141006.GetDeployment", "Authorization", "AWS4-HMAC-SHA256 Credential=AKIAGOOD"}, 400, "IncompleteSignatureException"},
		{"POST", "/", "{}", []string{"X-Amz-Target", "CodeDeploy_20141006.GetDeployment", "Authorization", "Bearer abc"}, 400, "IncompleteSignatureException"},
	} {
		if res, body := do(t, c.method, p.url+c.path, c.body, c.headers...); res.StatusCode != c.status || !strings.Contains(res.Header.Get("X-Amzn-Errortype")+body, c.want) {
			t.Errorf("%s %s: %d %s", c.method, c.path, res.StatusCode, body)
		}
	}
}

// signed returns a request signed by the SDK's signer at the time given.
func signed(t testing.TB, method, url, body, service string, at time.Time, headers ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	sum := sha256.Sum256([]byte(body))
	err = v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" }).SignHTTP(context.Background(),
		aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}, r, hex.EncodeToString(sum[:]), service, "us-east-1", at)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func send(t testing.TB, r *http.Request) (int, string) {
	t.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func TestSignatureCoversTheRequest(t *testing.T) {
	p := verified(t)
	invoke := p.url + "/2015-03-31/functions/fn/invocations"
	for _, c := range []struct {
		name   string
		at     time.Duration
		change func(*http.Request)
		status int
		want   string
	}{
		{"untouched", 0, func(*http.Request) {}, 200, "to fn {}"},
		{"a slow clock", -14 * time.Minute, func(*http.Request) {}, 200, "to fn"},
		{"too old", -16 * time.Minute, func(*http.Request) {}, 403, "Signature expired: "},
		{"too young", 16 * time.Minute, func(*http.Request) {}, 403, "Signature not yet current: "},
		{"another body", 0, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("[]")) }, 403, "does not match"},
		{"another path", 0, func(r *http.Request) { r.URL.Path = "/2015-03-31/functions/other/invocations" }, 403, "does not match"},
		{"a query added", 0, func(r *http.Request) { r.URL.RawQuery = "Qualifier=2" }, 403, "does not match"},
		{"a header changed", 0, func(r *http.Request) { r.Header.Set("X-Amz-Invocation-Type", "Event") }, 403, "does not match"},
		{"a header added", 0, func(r *http.Request) { r.Header.Set("X-Amz-Log-Type", "Tail") }, 400, "must be a 'SignedHeader'"},
		{"a wrong body hash", 0, func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", strings.Repeat("0", 64)) }, 403, "x-amz-content-sha256"},
	} {
		r := signed(t, "POST", invoke, "{}", "lambda", time.Now().Add(c.at), "X-Amz-Invocation-Type", "RequestResponse")
		c.change(r)
		if status, body := send(t, r); status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
	}
}

func TestS3BodiesAreCheckedWhileRead(t *testing.T) {
	p := verified(t)
	sum := sha256.Sum256([]byte("good"))
	for _, c := range []struct {
		body   string
		status int
	}{{"good", 200}, {"evil", 400}} {
		r := signed(t, "PUT", p.url+"/b/k", "good", "s3", time.Now(), "X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
		r.Body = io.NopCloser(bytes.NewReader([]byte(c.body)))
		if status, body := send(t, r); status != c.status {
			t.Errorf("%s: %d %s", c.body, status, body)
		}
	}
	r := signed(t, "POST", p.url+"/", "{}", "s3", time.Now(), "X-Amz-Target", "CodeDeploy_20141006.GetDeployment")
	if status, body := send(t, r); status != 400 || !strings.Contains(body, "scoped to correct service: 'codedeploy'") {
		t.Errorf("a signature for another service: %d %s", status, body)
	}
	if status, body := send(t, signed(t, "PUT", p.url+"/b/k", "x", "s3", time.Now())); status != 400 || !strings.Contains(body, "Missing required header") {
		t.Errorf("no hash: %d %s", status, body)
	}
}

func TestPresignedURLs(t *testing.T) {
	p := verified(t)
	cfg := p.config(key, secret, "")
	put, err := s3.NewPresignClient(s3.NewFromConfig(cfg)).PresignGetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("a b")}, s3.WithPresignExpires(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if res, body := do(t, put.Method, put.URL, ""); res.StatusCode != 200 {
		t.Errorf("s3: %d %s", res.StatusCode, body)
	}
	if res, body := do(t, put.Method, strings.Replace(put.URL, "Expires=60", "Expires=6000", 1), ""); res.StatusCode != 403 {
		t.Errorf("longer than signed: %d %s", res.StatusCode, body)
	}
	who, err := sts.NewPresignClient(sts.NewFromConfig(cfg)).PresignGetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if res, body := do(t, who.Method, who.URL, ""); res.StatusCode != 200 || !strings.Contains(body, "111111111111") {
		t.Errorf("sts: %d %s", res.StatusCode, body)
	}

	r, err := http.NewRequest("GET", p.url+"/b/k?X-Amz-Expires=60", nil)
	if err != nil {
		t.Fatal(err)
	}
	url, _, err := v4.NewSigner().PresignHTTP(ctx, aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}, r, "UNSIGNED-PAYLOAD", "s3", "us-east-1", time.Now().Add(-2*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if res, body := do(t, "GET", url, ""); res.StatusCode != 403 || !strings.Contains(body, "Request has expired") {
		t.Errorf("expired: %d %s", res.StatusCode, body)
	}
}

// The SDK's signer is the oracle: whatever it signs must verify, and must not once changed.
func TestVerifyAgreesWithTheSDKsSigner(t *testing.T) {
	p := verified(t)
	rapid.Check(t, func(rt *rapid.T) {
		service := rapid.SampledFrom([]string{"s3", "lambda"}).Draw(rt, "service")
		segment := rapid.StringMatching(`[a-zA-Z0-9 ~_.:=+@!$&'(),;*é-]{1,8}`)
		r, err := http.NewRequest("POST", p.url, strings.NewReader("body"))
		if err != nil {
			rt.Fatal(err)
		}
		r.URL.Path = "/x/" + segment.Draw(rt, "a") + "/" + segment.Draw(rt, "b")
		q := r.URL.Query()
		for i := range rapid.IntRange(0, 3).Draw(rt, "params") {
			q.Add(segment.Draw(rt, fmt.Sprint("name", i)), segment.Draw(rt, fmt.Sprint("value", i)))
		}
		r.URL.RawQuery = q.Encode()
		r.Header.Set("X-Amz-Meta-Note", rapid.StringMatching(`[a-z]{0,3}  [a-z ]{0,5}`).Draw(rt, "note"))
		sum := sha256.Sum256([]byte("body"))
		r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
		err = v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" }).SignHTTP(ctx,
			aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}, r, hex.EncodeToString(sum[:]), service, "eu-west-1", time.Now())
		if err != nil {
			rt.Fatal(err)
		}
		if rapid.Bool().Draw(rt, "tamper") {
			r.Header.Set("X-Amz-Meta-Note", "tampered")
			if status, body := send(t, r); status != 403 {
				rt.Fatalf("tampered: %d %s", status, body)
			}
			return
		}
		if status, body := send(t, r); status == 403 || status == 400 {
			rt.Fatalf("%s: %d %s", r.URL, status, body)
		}
	})
}
