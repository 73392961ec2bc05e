package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/headgate/headgate/hooks/appspec"
	"github.com/headgate/headgate/hooks/lifecycle"
)

type deployments interface {
	GetDeployment(ctx context.Context, in *codedeploy.GetDeploymentInput, optFns ...func(*codedeploy.Options)) (*codedeploy.GetDeploymentOutput, error)
}

type functions interface {
	Invoke(ctx context.Context, in *lambda.InvokeInput, optFns ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

var (
	_ deployments = (*codedeploy.Client)(nil)
	_ functions   = (*lambda.Client)(nil)
)

// checker decides whether a deployment may begin.
type checker struct {
	deployments deployments
	functions   functions
	objects     appspec.ObjectStore
	settings    settings
	settingsErr error
	log         *slog.Logger
}

// Report says what the check saw, function by function, in the order of the AppSpec and then of
// LH_FUNCTIONS.
type Report struct {
	Healthy   int      `json:"healthy"`
	Unhealthy int      `json:"unhealthy"`
	Functions []Result `json:"functions"`
}

// check is a lifecycle.Check: its error names every function that is not healthy.
func (c *checker) check(ctx context.Context, e lifecycle.Event) (any, error) {
	if c.settingsErr != nil {
		return nil, c.settingsErr
	}
	targets, err := c.targets(ctx, e.DeploymentID)
	if err != nil {
		return nil, err
	}
	report := Report{Functions: c.invokeAll(ctx, e, targets)}
	var bad []string
	for _, r := range report.Functions {
		if r.Healthy {
			report.Healthy++
			continue
		}
		report.Unhealthy++
		bad = append(bad, fmt.Sprintf("%s (%s: %s)", r.name(), r.ErrorType, r.Error))
	}
	if len(bad) > 0 {
		return report, &lifecycle.Error{Code: "Unhealthy",
			Message: fmt.Sprintf("%d of %d functions: %s", len(bad), len(targets), strings.Join(bad, "; "))}
	}
	return report, nil
}

// targets are the functions of the deployment's AppSpec, at the versions to be deployed, and
// those of the settings; each function and qualifier once.
func (c *checker) targets(ctx context.Context, deployment string) ([]target, error) {
	out, err := c.deployments.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: &deployment})
	if err != nil {
		return nil, fmt.Errorf("read deployment %s: %w", deployment, err)
	}
	if out.DeploymentInfo == nil {
		return nil, &lifecycle.Error{Code: "RevisionMissing", Message: "CodeDeploy answered nothing about deployment " + deployment}
	}
	spec, err := appspec.FromRevision(ctx, out.DeploymentInfo.Revision, c.objects)
	if err != nil {
		return nil, fmt.Errorf("revision of deployment %s: %w", deployment, err)
	}
	var all []target
	for _, r := range spec.Resources {
		all = append(all, target{function: r.Name, qualifier: r.TargetVersion, source: "AppSpec resource " + r.LogicalID, err: r.Err})
	}
	all = append(all, c.settings.Functions...)
	seen := map[string]bool{}
	var once []target
	for _, t := range all {
		key := t.function + ":" + t.qualifier
		if t.err == nil && seen[key] {
			continue
		}
		seen[key] = seen[key] || t.err == nil
		once = append(once, t)
	}
	return once, nil
}

// invokeAll checks all targets, at most settings.Concurrency at the same time. It returns when
// every one has a result or, with TimedOut for the rest, when ctx has ended.
func (c *checker) invokeAll(ctx context.Context, e lifecycle.Event, targets []target) []Result {
	type numbered struct {
		i int
		Result
	}
	results := make([]Result, len(targets))
	done := make(chan numbered, len(targets)) // room for all: a late one blocks nobody
	slots := make(chan struct{}, c.settings.Concurrency)
	for i, t := range targets {
		results[i] = t.result().failed("TimedOut", "no answer within the time for the check")
		go func() {
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
			case <-ctx.Done():
				done <- numbered{i, t.result().failed("TimedOut", "not invoked within the time for the check")}
				return
			}
			done <- numbered{i, c.invoke(ctx, t)}
		}()
	}
	for range targets {
		select {
		case r := <-done:
			results[r.i] = r.Result
		case <-ctx.Done():
			for len(done) > 0 { // what came in at the same moment
				r := <-done
				results[r.i] = r.Result
			}
			c.logAll(e, results)
			return results
		}
	}
	c.logAll(e, results)
	return results
}

func (c *checker) logAll(e lifecycle.Event, results []Result) {
	for _, r := range results {
		level := slog.LevelInfo
		if !r.Healthy {
			level = slog.LevelError
		}
		c.log.Log(context.Background(), level, "checked", "deploymentId", e.DeploymentID, "result", r)
	}
}
