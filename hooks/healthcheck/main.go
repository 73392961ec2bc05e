// Command healthcheck is a BeforeAllowTraffic hook for CodeDeploy on Lambda: it asks every
// function version that a deployment is about to ship for its health, all at once, and lets the
// deployment go on only if all of them answer well. See README.md.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headgate/headgate/hooks/lifecycle"
	"github.com/headgate/headgate/hooks/runtime"
)

func main() {
	runtime.StartInit(func(ctx context.Context) (runtime.Handler, error) {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, fmt.Errorf("load the AWS configuration: %w", err)
		}
		return newHook(cfg, os.Getenv, slog.New(slog.NewJSONHandler(os.Stdout, nil))).Handle, nil
	})
}

// newHook wires the check to AWS. A bad setting does not fail here, where nobody could call back,
// but in the check.
func newHook(cfg aws.Config, env func(string) string, log *slog.Logger) *lifecycle.Hook {
	deploy := codedeploy.NewFromConfig(cfg)
	settings, err := readSettings(env)
	c := &checker{
		deployments: deploy,
		functions:   lambda.NewFromConfig(cfg),
		objects: s3.NewFromConfig(cfg, func(o *s3.Options) {
			o.UsePathStyle = o.BaseEndpoint != nil // an endpoint of one's own has no name per bucket
		}),
		settings:    settings,
		settingsErr: err,
		log:         log,
	}
	return &lifecycle.Hook{CodeDeploy: deploy, Check: c.check, Log: log}
}
