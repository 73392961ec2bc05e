// Command posttraffic is an AfterAllowTraffic hook: once all traffic is shifted, it asks the alias
// itself, as customers do, and lets the deployment succeed if the new version answers, several
// times in a row.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/headgate/headgate/hooks/appspec"
	"github.com/headgate/headgate/hooks/lifecycle"
	"github.com/headgate/headgate/hooks/runtime"
)

const (
	inARow = 5                      // good answers that it takes
	pause  = 200 * time.Millisecond // after an answer of another version: an alias's change may take a moment
)

func main() {
	runtime.StartInit(func(ctx context.Context) (runtime.Handler, error) {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, fmt.Errorf("load the AWS configuration: %w", err)
		}
		return newHook(cfg, slog.New(slog.NewJSONHandler(os.Stdout, nil))).Handle, nil
	})
}

func newHook(cfg aws.Config, log *slog.Logger) *lifecycle.Hook {
	c := &checker{deployments: codedeploy.NewFromConfig(cfg), functions: lambda.NewFromConfig(cfg)}
	return &lifecycle.Hook{CodeDeploy: codedeploy.NewFromConfig(cfg), Check: c.check, Log: log}
}

type checker struct {
	deployments *codedeploy.Client
	functions   *lambda.Client
}

// Report says which version served each function's alias.
type Report struct {
	Function string `json:"function"`
	Alias    string `json:"alias"`
	Version  string `json:"version"`
	Asked    int    `json:"asked"` // invocations until enough good ones came in a row
}

func (c *checker) check(ctx context.Context, e lifecycle.Event) (any, error) {
	out, err := c.deployments.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: &e.DeploymentID})
	if err != nil {
		return nil, fmt.Errorf("read deployment %s: %w", e.DeploymentID, err)
	}
	if out.DeploymentInfo == nil {
		return nil, fmt.Errorf("CodeDeploy answered nothing about deployment %s", e.DeploymentID)
	}
	// CloudFormation's revisions are inline, so there is no S3 to read from.
	if r := out.DeploymentInfo.Revision; r != nil && r.S3Location != nil {
		return nil, fmt.Errorf("the revision of deployment %s is in S3, which this hook does not read", e.DeploymentID)
	}
	spec, err := appspec.FromRevision(ctx, out.DeploymentInfo.Revision, nil)
	if err != nil {
		return nil, err
	}
	var reports []Report
	for _, r := range spec.Resources {
		if r.Err != nil {
			return reports, r.Err
		}
		asked, err := c.ask(ctx, r)
		reports = append(reports, Report{r.Name, r.Alias, r.TargetVersion, asked})
		if err != nil {
			return reports, err
		}
	}
	return reports, nil
}

// ask invokes the alias until the target version has answered inARow times without another in
// between. A function error by the target version is final.
func (c *checker) ask(ctx context.Context, r appspec.Resource) (asked int, err error) {
	for good := 0; good < inARow; {
		out, err := c.functions.Invoke(ctx, &lambda.InvokeInput{FunctionName: &r.Name, Qualifier: &r.Alias,
			Payload: []byte(`{"httpMethod":"GET","path":"/healthcheck"}`)})
		if err != nil {
			return asked, fmt.Errorf("invoke %s:%s: %w", r.Name, r.Alias, err)
		}
		asked++
		version := aws.ToString(out.ExecutedVersion)
		switch {
		case version != r.TargetVersion:
			good = 0
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return asked, &lifecycle.Error{Code: "OtherVersion",
					Message: fmt.Sprintf("%s:%s is served by version %s, not by %s", r.Name, r.Alias, version, r.TargetVersion)}
			}
		case out.FunctionError != nil:
			return asked, &lifecycle.Error{Code: "FunctionError",
				Message: fmt.Sprintf("%s:%s, version %s: %s", r.Name, r.Alias, version, out.Payload)}
		default:
			good++
		}
	}
	return asked, nil
}
