package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// aws returns the SDK's configuration for the endpoint. On loopback the platform takes any
// credentials, so none need to be configured there; anywhere else the usual AWS chain applies.
func (e *env) aws(ctx context.Context) (aws.Config, error) {
	opts := []func(*config.LoadOptions) error{
		config.WithRegion(e.region), config.WithBaseEndpoint(e.endpoint),
		config.WithRetryer(func() aws.Retryer { return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = 4 }) }),
	}
	if loopback(e.endpoint) {
		opts = append(opts, config.WithEC2IMDSClientEnableState(imds.ClientDisabled)) // no credentials are no reason to look there
	}
	if !strings.Contains(e.endpoint, ".amazonaws.") {
		opts = append(opts, config.WithAPIOptions([]func(*middleware.Stack) error{withoutHostPrefix}))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return cfg, fmt.Errorf("AWS configuration: %w", err)
	}
	if loopback(e.endpoint) {
		if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
			cfg.Credentials = credentials.NewStaticCredentialsProvider("test", "test", "")
		}
	}
	return cfg, nil
}

// withoutHostPrefix keeps the SDK from putting "sync-" and the like before the name of a host that is not AWS's.
func withoutHostPrefix(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("WithoutHostPrefix",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			return next.HandleInitialize(smithyhttp.DisableEndpointHostPrefix(ctx, true), in)
		}), middleware.Before)
}

func (e *env) s3(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = loopback(e.endpoint) })
}

func loopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// explain says what an error means and what to do next.
func explain(err error, endpoint string) string {
	var api smithy.APIError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("nothing listens at %s. Start the platform with: headgate serve (or say --endpoint URL)", endpoint)
	case errors.As(err, &api):
		return before(err) + fmt.Sprintf("%s: %s", api.ErrorCode(), api.ErrorMessage())
	}
	return err.Error()
}

// before is what a usage error says in front of the API's own: the file.
func before(err error) string {
	var u usage
	if !errors.As(err, &u) {
		return ""
	}
	text, _, _ := strings.Cut(u.Error(), ": operation error")
	return text + ": "
}
