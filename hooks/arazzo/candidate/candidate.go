// Package candidate runs an Arazzo workflow against the candidates of a deployment: the function versions that its AppSpec names.
//
//	event ─► deployment ─► AppSpec ─► for each function: workflow with {function, qualifier, …} as inputs
//	                                      └─ all succeed ─► Succeeded, anything else ─► Failed, with the steps' reasons
//
// It fails closed: no document, a document that is not valid, a workflow that takes no qualifier and so cannot test the candidate, a source
// that cannot be read, no time left, all of these fail the deployment.
package candidate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/awsenv"
	"github.com/headgate/headgate/arazzo/lint"
	"github.com/headgate/headgate/arazzo/runner"
	"github.com/headgate/headgate/arazzo/source"
	"github.com/headgate/headgate/hooks/appspec"
	"github.com/headgate/headgate/hooks/lifecycle"
	"github.com/headgate/headgate/hooks/runtime"
)

// Start is the main function of a hook. It does not return.
func Start() {
	runtime.StartInit(func(ctx context.Context) (runtime.Handler, error) {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, fmt.Errorf("load the AWS configuration: %w", err)
		}
		return New(cfg, os.Getenv, slog.New(slog.NewJSONHandler(os.Stdout, nil))).Handle, nil
	})
}

type deployments interface {
	GetDeployment(ctx context.Context, in *codedeploy.GetDeploymentInput, optFns ...func(*codedeploy.Options)) (*codedeploy.GetDeploymentOutput, error)
}

var _ deployments = (*codedeploy.Client)(nil)

// checker decides whether a deployment may go on.
type checker struct {
	cfg         aws.Config
	deployments deployments
	objects     appspec.ObjectStore
	env         func(string) string
	log         *slog.Logger
}

// New wires a hook to AWS. env looks settings up; what is wrong with them fails the deployments, not the function.
func New(cfg aws.Config, env func(string) string, log *slog.Logger) *lifecycle.Hook {
	deploy := codedeploy.NewFromConfig(cfg)
	c := &checker{cfg: cfg, deployments: deploy, env: env, log: log,
		objects: s3.NewFromConfig(cfg, func(o *s3.Options) {
			o.UsePathStyle = o.BaseEndpoint != nil // an endpoint of one's own has no name per bucket
		})}
	return &lifecycle.Hook{CodeDeploy: deploy, Check: c.check, Log: log}
}

// Report says how the workflow went for each candidate.
type Report struct {
	Workflow   string   `json:"workflow"`
	Candidates []Result `json:"candidates"`
}

// Result is one candidate's.
type Result struct {
	Function  string         `json:"function"`
	Qualifier string         `json:"qualifier"`
	Succeeded bool           `json:"succeeded"`
	Outputs   map[string]any `json:"outputs,omitempty"`
	Steps     []Step         `json:"steps,omitempty"`
	Error     string         `json:"error,omitempty"`
}

// Step is a step that ran.
type Step struct {
	ID       string `json:"stepId"`
	Status   string `json:"status"`
	Code     int    `json:"statusCode,omitempty"`
	Attempts int    `json:"attempts"`
	Reason   string `json:"reason,omitempty"`
}

// check is a lifecycle.Check.
func (c *checker) check(ctx context.Context, e lifecycle.Event) (any, error) {
	s, err := readSettings(c.env)
	if err != nil {
		return nil, err
	}
	spec, err := c.spec(ctx, e.DeploymentID)
	if err != nil {
		return nil, err
	}
	doc, w, err := c.workflow(ctx, s)
	if err != nil {
		return nil, err
	}
	report := Report{Workflow: w.WorkflowID}
	var bad []string
	for _, r := range spec.Resources {
		result := c.run(ctx, s, doc, w, e, r)
		report.Candidates = append(report.Candidates, result)
		if !result.Succeeded {
			bad = append(bad, fmt.Sprintf("%s:%s: %s", result.Function, result.Qualifier, result.Error))
		}
	}
	if len(bad) > 0 {
		return report, &lifecycle.Error{Code: "WorkflowFailed", Message: fmt.Sprintf("workflow %s failed for %s", w.WorkflowID, strings.Join(bad, "; "))}
	}
	return report, nil
}

func (c *checker) spec(ctx context.Context, deployment string) (*appspec.Spec, error) {
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
	if len(spec.Resources) == 0 {
		return nil, &lifecycle.Error{Code: "InvalidAppSpec", Message: "the AppSpec names no function"}
	}
	return spec, nil
}

// run runs the workflow against one candidate. It has failed until it has succeeded.
func (c *checker) run(ctx context.Context, s settings, doc *arazzo.Document, w *arazzo.Workflow, e lifecycle.Event, r appspec.Resource) Result {
	out := Result{Function: r.Name, Qualifier: r.TargetVersion}
	if r.Err != nil {
		out.Error = r.Err.Error()
		return out
	}
	inputs, err := s.inputsFor(w, e, r)
	if err != nil {
		out.Error = err.Error()
		return out
	}
	run := &runner.Runner{Loader: c.loader(s), Sources: s.Sources, Servers: s.Servers, Strict: s.Strict, Observer: c.watch(e, r)}
	described, _ := lint.Load(ctx, run.Loader, doc, s.Sources) // what cannot be read is reported by the run
	awsenv.Configure(run, c.cfg, described)
	result, err := run.Run(ctx, doc, w.WorkflowID, inputs)
	if result != nil {
		out.take(result)
	}
	switch {
	case err != nil:
		out.Succeeded, out.Error = false, err.Error()
	case result == nil || len(result.Workflows) == 0:
		out.Succeeded, out.Error = false, "the workflow did not run"
	}
	return out
}

// take copies what a run came to.
func (out *Result) take(result *runner.Result) {
	out.Succeeded = result.Success()
	var reasons []string
	for _, w := range result.Workflows {
		out.Outputs = w.Outputs
		if w.Status != runner.Success {
			reasons = append(reasons, w.Reason)
		}
		for _, s := range w.Steps {
			out.Steps = append(out.Steps, Step{s.StepID, string(s.Status), s.StatusCode, s.Attempts, s.Reason})
		}
	}
	out.Error = strings.Join(reasons, "; ")
}

// watch logs each step as it ends, so that the function's log tells what happened even if it is cut off.
func (c *checker) watch(e lifecycle.Event, r appspec.Resource) runner.Observer {
	return runner.ObserverFunc(func(event runner.Event) {
		s, ok := event.(runner.StepEnded)
		if !ok {
			return
		}
		level := slog.LevelInfo
		if s.Result.Status != runner.Success {
			level = slog.LevelWarn // a failure action may deal with it
		}
		c.log.Log(context.Background(), level, "step ended", "deploymentId", e.DeploymentID, "function", r.Name, "qualifier", r.TargetVersion,
			"workflow", s.WorkflowID, "step", s.Result.StepID, "status", s.Result.Status, "statusCode", s.Result.StatusCode,
			"attempts", s.Result.Attempts, "reason", s.Result.Reason, "durationMs", s.Result.Duration.Milliseconds())
	})
}

func (c *checker) loader(s settings) source.Loader { return source.Loader{AllowRemote: s.AllowRemote} }

var errNoWorkflow = errors.New("no workflow document")
