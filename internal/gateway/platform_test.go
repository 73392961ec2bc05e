package gateway_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/gateway"
	"github.com/headgate/headgate/internal/wire"
)

var ctx = context.Background()

// handlers stands for the services: an operation or two for each protocol, each telling who
// called it.
type handlers struct {
	mu     sync.Mutex
	caller caller.Caller
	body   []byte
}

func (h *handlers) note(ctx context.Context, body []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.caller, h.body = caller.From(ctx), body
}

func (h *handlers) Invoke(ctx context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	h.note(ctx, in.Payload)
	return &lambda.InvokeOutput{StatusCode: 200, Payload: append([]byte("to "+*in.FunctionName+" "), in.Payload...)}, nil
}

func (h *handlers) ListTags(ctx context.Context, in *lambda.ListTagsInput, _ ...func(*lambda.Options)) (*lambda.ListTagsOutput, error) {
	h.note(ctx, nil)
	return &lambda.ListTagsOutput{Tags: map[string]string{"of": *in.Resource}}, nil
}

func (h *handlers) GetDeployment(ctx context.Context, in *codedeploy.GetDeploymentInput, _ ...func(*codedeploy.Options)) (*codedeploy.GetDeploymentOutput, error) {
	h.note(ctx, nil)
	return &codedeploy.GetDeploymentOutput{DeploymentInfo: &cdtypes.DeploymentInfo{DeploymentId: in.DeploymentId}}, nil
}

func (h *handlers) PutMetricData(ctx context.Context, in *cloudwatch.PutMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error) {
	h.note(ctx, []byte(*in.Namespace))
	return &cloudwatch.PutMetricDataOutput{}, nil
}

func (h *handlers) DescribeStacks(ctx context.Context, in *cloudformation.DescribeStacksInput, _ ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error) {
	h.note(ctx, nil)
	return &cloudformation.DescribeStacksOutput{Stacks: []cfntypes.Stack{{StackName: in.StackName, StackStatus: cfntypes.StackStatusCreateComplete, CreationTime: aws.Time(time.Unix(0, 0))}}}, nil
}

func (h *handlers) GetCallerIdentity(ctx context.Context, _ *sts.GetCallerIdentityInput, _ ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error) {
	c := caller.From(ctx)
	return &sts.GetCallerIdentityOutput{Account: &c.Account, Arn: &c.ARN, UserId: &c.AccessKeyID}, nil
}

// ServeHTTP stands for S3: it keeps what is put.
func (h *handlers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	h.note(r.Context(), body)
	w.Header().Set("X-Served-By", "s3 "+r.Host+r.URL.Path)
}

// keys are the access keys that the tests' platform has issued.
type keys map[string]gateway.Identity

func (k keys) Identity(_ context.Context, id, token string) (gateway.Identity, error) {
	who, ok := k[id]
	if !ok || (id == "ASIASESSION" && token != "the-token") {
		return gateway.Identity{}, gateway.ErrUnknownKey
	}
	return who, nil
}

type platform struct {
	*handlers
	url  string
	logs *bytes.Buffer
}

func start(t testing.TB, cfg gateway.Config) *platform {
	t.Helper()
	p := &platform{handlers: &handlers{}, logs: &bytes.Buffer{}}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewTextHandler(&locked{w: p.logs}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	for _, c := range []wire.Config{wire.Lambda(), wire.CodeDeploy(), wire.CloudWatch(), wire.CloudFormation(), wire.STS()} {
		c.Log = cfg.Log
		s, err := wire.New(c, p.handlers)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Services = append(cfg.Services, s)
	}
	cfg.S3 = p.handlers
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_headgate/health", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })
	mux.HandleFunc("POST /_headgate/clock", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "moved") })
	cfg.Admin = mux
	h, err := gateway.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	p.url = srv.URL
	return p
}

func (p *platform) config(key, secret, token string) aws.Config {
	return aws.Config{Region: "eu-central-1", BaseEndpoint: aws.String(p.url), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(key, secret, token)}
}

// locked makes a log buffer safe for the server's goroutines.
type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// do sends a raw request.
func do(t *testing.T, method, url, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
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
