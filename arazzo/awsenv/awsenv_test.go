package awsenv

import (
	"context"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/headgate/headgate/arazzo/lint"
	"github.com/headgate/headgate/arazzo/runner"
	"github.com/headgate/headgate/arazzo/source"
)

func describe(t *testing.T, servers string) *source.Description {
	t.Helper()
	d, err := source.Loader{}.Parse(context.Background(), "x.yaml", []byte("openapi: 3.1.0\ninfo: {title: T, version: '1'}\nservers: "+servers+
		"\npaths: {/a: {get: {operationId: a, responses: {'200': {description: OK}}}}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAWSIsAskedAtTheEndpoint(t *testing.T) {
	lambda, err := lint.Lambda()
	if err != nil {
		t.Fatal(err)
	}
	descriptions := map[string]*source.Description{
		"lambda": lambda,
		"china":  describe(t, "[{url: 'https://lambda.cn-north-1.amazonaws.com.cn'}]"),
		"dual":   describe(t, "[{url: 'https://lambda.eu-west-1.api.aws'}]"),
		"shop":   describe(t, "[{url: 'https://shop.example'}]"),
		"alike":  describe(t, "[{url: 'https://amazonaws.com.shop.example'}]"),
		"mixed":  describe(t, "[{url: 'https://lambda.us-east-1.amazonaws.com'}, {url: 'https://shop.example'}]"),
		"chosen": lambda,
		"gone":   nil,
	}
	cfg := aws.Config{Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	for _, tt := range []struct {
		endpoint string
		servers  map[string]string
		want     []string
	}{
		{"", nil, nil},
		{"http://127.0.0.1:4566", nil, []string{"china", "chosen", "dual", "lambda"}},
		{"http://127.0.0.1:4566", map[string]string{"chosen": "https://elsewhere.example"}, []string{"china", "dual", "lambda"}},
		{"http://127.0.0.1:4566", map[string]string{"*": "https://elsewhere.example"}, nil},
	} {
		cfg.BaseEndpoint = &tt.endpoint
		r := &runner.Runner{Servers: tt.servers}
		got := Configure(r, cfg, descriptions)
		slices.Sort(got)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q %v: %q, want %q", tt.endpoint, tt.servers, got, tt.want)
		}
		for _, name := range got {
			if r.Servers[name] != tt.endpoint || r.Auth.SigV4.Region != "eu-central-1" {
				t.Errorf("%s: %q, region %q", name, r.Servers[name], r.Auth.SigV4.Region)
			}
		}
		if r.ServerVariables["region"] != "eu-central-1" || r.Auth.SigV4.Credentials == nil {
			t.Errorf("%v", r.ServerVariables)
		}
	}
}
