package wire_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/fxamacker/cbor/v2"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/wire"
)

// sink is a ResponseWriter that costs nothing.
type sink struct{ h http.Header }

func (s *sink) Header() http.Header         { clear(s.h); return s.h }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) WriteHeader(int)             {}

type benched struct{ services }

func (*benched) Invoke(_ context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	return &lambda.InvokeOutput{StatusCode: 200, Payload: in.Payload, ExecutedVersion: aws.String("2")}, nil
}

func (*benched) PutMetricData(context.Context, *cloudwatch.PutMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error) {
	return &cloudwatch.PutMetricDataOutput{}, nil
}

// benchmark serves the same request over and over, without a network.
func benchmark(b *testing.B, cfg wire.Config, path, body string, headers ...string) {
	cfg.Log = slog.New(slog.DiscardHandler)
	s, err := wire.New(cfg, &benched{})
	if err != nil {
		b.Fatal(err)
	}
	ctx := caller.With(context.Background(), caller.Caller{RequestID: "8f8f6a0e-2f0f-4a3c-9a61-0d3f6a4a5b6c"})
	rec := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(ctx, "POST", path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	send := func(w http.ResponseWriter) {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader([]byte(body))), int64(len(body))
		s.ServeHTTP(w, r)
	}
	if send(rec); rec.Code != 200 {
		b.Fatalf("%d %s", rec.Code, rec.Body)
	}
	w := &sink{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		send(w)
	}
}

func BenchmarkInvoke(b *testing.B) {
	benchmark(b, wire.Lambda(), "/2015-03-31/functions/my-function/invocations?Qualifier=live", `{"key":"value"}`,
		"X-Amz-Invocation-Type", "RequestResponse")
}

const alias = `{"FunctionVersion":"1","Description":"the live one","RoutingConfig":{"AdditionalVersionWeights":{"2":0.1}}}`

func BenchmarkUpdateAlias(b *testing.B) {
	cfg := wire.Lambda()
	s, err := wire.New(cfg, &benched{})
	if err != nil {
		b.Fatal(err)
	}
	w := &sink{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		s.ServeHTTP(w, httptest.NewRequest("PUT", "/2015-03-31/functions/f/aliases/live", bytes.NewReader([]byte(alias))))
	}
}

func BenchmarkGetDeploymentJSON(b *testing.B) {
	benchmark(b, wire.CodeDeploy(), "/", `{"deploymentId":"d-ABC123XYZ"}`, "X-Amz-Target", "CodeDeploy_20141006.GetDeployment")
}

func BenchmarkDescribeStacksQuery(b *testing.B) {
	benchmark(b, wire.CloudFormation(), "/", "Action=DescribeStacks&Version=2010-05-15&StackName=s")
}

// Twenty data in one call, as the invoke path publishes them.
func BenchmarkPutMetricDataCBOR(b *testing.B) {
	datum := map[string]any{"MetricName": "Duration", "Value": 12.5, "Unit": "Milliseconds",
		"Dimensions": []any{map[string]any{"Name": "FunctionName", "Value": "my-function"}}}
	data := make([]any, 20)
	for i := range data {
		data[i] = datum
	}
	body, err := cbor.Marshal(map[string]any{"Namespace": "App", "MetricData": data})
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, wire.CloudWatch(), "/service/GraniteServiceVersion20100801/operation/PutMetricData", string(body), "Smithy-Protocol", "rpc-v2-cbor")
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		for _, cfg := range []wire.Config{wire.Lambda(), wire.CodeDeploy(), wire.StepFunctions(), wire.CloudWatch(), wire.Logs(), wire.CloudFormation(), wire.IAM(), wire.STS()} {
			if _, err := wire.New(cfg, &services{}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
