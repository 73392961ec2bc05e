package candidate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/hooks/hooktest"
	"github.com/headgate/headgate/hooks/lifecycle"
)

const hookEvent = `{"DeploymentId":"d-1","LifecycleEventHookExecutionId":"e-1"}`

// spec is an AppSpec of functions given as name:version.
func spec(functions ...string) string {
	var resources []string
	for _, f := range functions {
		name, version, _ := strings.Cut(f, ":")
		resources = append(resources, fmt.Sprintf(`{%q:{"Type":"AWS::Lambda::Function","Properties":{"Name":%q,"Alias":"live","CurrentVersion":"1","TargetVersion":%q}}}`, name, name, version))
	}
	return `{"version":0.0,"Resources":[` + strings.Join(resources, ",") + `]}`
}

// handle runs the hook, wired as in Start, with the package of this folder's parent, against s.
func handle(ctx context.Context, t *testing.T, s *hooktest.Server, env map[string]string) (lifecycle.Outcome, Report, string) {
	t.Helper()
	var log bytes.Buffer
	h := New(s.Config(), func(k string) string {
		if v, ok := env[k]; ok || k != "LAMBDA_TASK_ROOT" {
			return v
		}
		return ".."
	}, slog.New(slog.NewJSONHandler(&log, nil)))
	out, err := h.Handle(ctx, json.RawMessage(hookEvent))
	if err != nil {
		t.Fatal(err)
	}
	o := out.(lifecycle.Outcome)
	r, _ := o.Report.(Report)
	if want := []string{"d-1 e-1 " + o.Status}; !slices.Equal(s.Puts(), want) {
		t.Errorf("callbacks %q, want %q", s.Puts(), want)
	}
	return o, r, log.String()
}

func TestCandidateIsTestedAndItsAnswerDecides(t *testing.T) {
	for name, tt := range map[string]struct {
		answer hooktest.Answer
		reason string // empty: the deployment may go on
	}{
		"well":                {hooktest.Answer{Payload: `{"ok":true}`}, ""},
		"thrown error":        {hooktest.Answer{FunctionError: "Unhandled", Payload: `{"errorMessage":"x"}`}, "X-Amz-Function-Error"},
		"another version ran": {hooktest.Answer{Version: "1", Payload: `{}`}, "X-Amz-Executed-Version"},
		"refused":             {hooktest.Answer{Status: 404, ErrorCode: "ResourceNotFoundException"}, "404"},
	} {
		t.Run(name, func(t *testing.T) {
			s := hooktest.New(t)
			s.AppSpec("d-1", spec("shop:2"))
			s.Invoke = func(hooktest.Call) hooktest.Answer { return tt.answer }
			o, report, log := handle(t.Context(), t, s, map[string]string{"ARAZZO_INPUTS": `{"event":{"n":12345678901234567890}}`})
			want := "Succeeded"
			if tt.reason != "" {
				want = "Failed"
			}
			if o.Status != want || !strings.Contains(o.Error, tt.reason) || tt.reason != "" && !strings.Contains(o.Error, "WorkflowFailed: workflow smoke-test failed for shop:2: ") {
				t.Errorf("%+v", o)
			}
			if len(report.Candidates) != 1 || len(report.Candidates[0].Steps) != 1 || report.Workflow != "smoke-test" {
				t.Fatalf("%+v", report)
			}
			call := s.Calls()[0]
			if call.Function != "shop" || call.Qualifier != "2" || call.Payload != `{"n":12345678901234567890}` {
				t.Errorf("call %+v", call)
			}
			if !strings.Contains(log, `"msg":"step ended"`) || !strings.Contains(log, `"qualifier":"2"`) || !strings.Contains(log, tt.reason) {
				t.Errorf("log %s", log)
			}
		})
	}
}

func TestPendingVersionIsAskedAgain(t *testing.T) {
	s := hooktest.New(t)
	s.AppSpec("d-1", spec("shop:2"))
	n := 0
	s.Invoke = func(hooktest.Call) hooktest.Answer {
		if n++; n == 1 {
			return hooktest.Answer{Status: 409, ErrorCode: "ResourceConflictException"}
		}
		return hooktest.Answer{Payload: `{}`}
	}
	if o, report, _ := handle(t.Context(), t, s, nil); o.Status != "Succeeded" || report.Candidates[0].Steps[0].Attempts != 2 {
		t.Errorf("%+v", o)
	}
}

func TestEveryFunctionMustPass(t *testing.T) {
	s := hooktest.New(t)
	s.AppSpec("d-1", spec("shop:2", "cart:7"))
	s.Invoke = func(c hooktest.Call) hooktest.Answer {
		if c.Function == "shop" {
			return hooktest.Answer{FunctionError: "Unhandled", Payload: `{}`}
		}
		return hooktest.Answer{Payload: `{}`}
	}
	o, report, _ := handle(t.Context(), t, s, nil)
	if o.Status != "Failed" || len(report.Candidates) != 2 || report.Candidates[0].Succeeded || !report.Candidates[1].Succeeded {
		t.Errorf("%+v", o)
	}
}

func TestDocumentFromElsewhere(t *testing.T) {
	text, err := os.ReadFile("../workflow.arazzo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	alone := t.TempDir()
	for _, name := range []string{"smoke.arazzo.yaml", "lambda.openapi.yaml"} {
		from := strings.Replace(name, "smoke", "workflow", 1)
		b, err := os.ReadFile(filepath.Join("..", from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(alone, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, env := range map[string]map[string]string{
		"a file":               {"ARAZZO_WORKFLOW": "workflow.arazzo.yaml", "ARAZZO_WORKFLOW_ID": "smoke-test"},
		"the text":             {"ARAZZO_WORKFLOW": string(text)},
		"S3":                   {"ARAZZO_WORKFLOW": "s3://docs/a/smoke.yaml"},
		"the only one":         {"LAMBDA_TASK_ROOT": alone},
		"its source elsewhere": {"ARAZZO_WORKFLOW": string(text), "LAMBDA_TASK_ROOT": t.TempDir(), "ARAZZO_SOURCES": "lambda=" + alone + "/lambda.openapi.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			s := hooktest.New(t)
			s.AppSpec("d-1", spec("shop:2"))
			s.Objects["docs/a/smoke.yaml"] = string(text)
			s.Invoke = func(hooktest.Call) hooktest.Answer { return hooktest.Answer{Payload: `{}`} }
			if o, _, _ := handle(t.Context(), t, s, env); o.Status != "Succeeded" {
				t.Errorf("%+v", o)
			}
		})
	}
}

// other is a workflow document with these inputs.
func other(inputs string) string {
	return `arazzo: 1.0.1
info: {title: T, version: '1'}
sourceDescriptions:
- {name: lambda, url: lambda.openapi.yaml, type: openapi}
workflows:
- workflowId: w
  inputs: {type: object, properties: {` + inputs + `}}
  steps:
  - stepId: s
    operationId: Invoke
    parameters:
    - {name: FunctionName, in: path, value: shop}
`
}

func TestWhateverIsWrongFailsTheDeployment(t *testing.T) {
	for name, tt := range map[string]struct {
		revision string
		env      map[string]string
		text     string
	}{
		"unknown deployment":      {"", nil, "DeploymentDoesNotExistException"},
		"no revision":             {"null", nil, "RevisionMissing"},
		"no document":             {spec("shop:2"), map[string]string{"ARAZZO_WORKFLOW": "none.yaml"}, "WorkflowMissing"},
		"empty package":           {spec("shop:2"), map[string]string{"LAMBDA_TASK_ROOT": t.TempDir()}, "WorkflowMissing"},
		"no such workflow":        {spec("shop:2"), map[string]string{"ARAZZO_WORKFLOW_ID": "none"}, `no workflow "none"`},
		"no such object":          {spec("shop:2"), map[string]string{"ARAZZO_WORKFLOW": "s3://docs/none"}, "NoSuchKey"},
		"not an address in S3":    {spec("shop:2"), map[string]string{"ARAZZO_WORKFLOW": "s3://docs"}, "is not s3://BUCKET/KEY"},
		"no workflow document":    {spec("shop:2"), map[string]string{"ARAZZO_WORKFLOW": "a: b\nc: d"}, "InvalidWorkflow"},
		"inputs that are none":    {spec("shop:2"), map[string]string{"ARAZZO_INPUTS": "[]"}, "ARAZZO_INPUTS"},
		"null inputs":             {spec("shop:2"), map[string]string{"ARAZZO_INPUTS": "null"}, "ARAZZO_INPUTS"},
		"sources that are none":   {spec("shop:2"), map[string]string{"ARAZZO_SOURCES": "x"}, "ARAZZO_SOURCES"},
		"neither true nor false":  {spec("shop:2"), map[string]string{"ARAZZO_STRICT": "perhaps"}, "ARAZZO_STRICT"},
		"no version is tested":    {spec("shop:2"), map[string]string{"ARAZZO_WORKFLOW": other("functionName: {}, currentVersion: {}")}, "declares no input qualifier"},
		"a missing input":         {spec("shop:2"), map[string]string{"ARAZZO_WORKFLOW": strings.Replace(other("qualifier: {}, n: {}"), "type: object,", "type: object, required: [n],", 1)}, "the inputs of workflow w"},
		"a source that is gone":   {spec("shop:2"), map[string]string{"ARAZZO_WORKFLOW": strings.Replace(other("qualifier: {}"), "lambda.openapi.yaml", "gone.yaml", 1)}, "gone.yaml"},
		"a source elsewhere":      {spec("shop:2"), map[string]string{"ARAZZO_WORKFLOW": strings.Replace(other("qualifier: {}"), "lambda.openapi.yaml", "'http://example.invalid/x'", 1)}, "example.invalid"},
		"another kind of service": {`{"version":0.0,"Resources":[{"a":{"Type":"AWS::ECS::Service","Properties":{}}}]}`, nil, "UnsupportedResourceType"},
	} {
		t.Run(name, func(t *testing.T) {
			s := hooktest.New(t)
			switch tt.revision {
			case "":
			case "null":
				s.Revisions["d-1"] = "null"
			default:
				s.AppSpec("d-1", tt.revision)
			}
			s.Invoke = func(hooktest.Call) hooktest.Answer { return hooktest.Answer{Payload: `{}`} }
			o, _, log := handle(t.Context(), t, s, tt.env)
			if o.Status != "Failed" || !strings.Contains(o.ErrorType+": "+o.Error, tt.text) || !strings.Contains(log, "called back") {
				t.Errorf("%+v", o)
			}
		})
	}
}

func TestHangingCandidateFailsBeforeTheTimeOut(t *testing.T) {
	s := hooktest.New(t)
	s.AppSpec("d-1", spec("shop:2"))
	release := make(chan struct{})
	defer close(release)
	s.Invoke = func(hooktest.Call) hooktest.Answer { <-release; return hooktest.Answer{} }
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	o, _, _ := handle(ctx, t, s, nil)
	if ctx.Err() != nil || o.Status != "Failed" {
		t.Errorf("%+v, %v", o, ctx.Err())
	}
}

func TestInputsByTheirNames(t *testing.T) {
	s := hooktest.New(t)
	s.AppSpec("d-1", spec("shop:2"))
	s.Invoke = func(hooktest.Call) hooktest.Answer { return hooktest.Answer{Payload: `{}`} }
	doc := strings.Replace(other("Function_Name: {}, Target-Version: {}, alias: {}, currentVersion: {}, deploymentId: {}, mine: {}"), "    parameters:", `    requestBody:
      contentType: application/json
      payload: [$inputs.Function_Name, $inputs.Target-Version, $inputs.alias, $inputs.currentVersion, $inputs.deploymentId, $inputs.mine]
    parameters:`, 1)
	o, _, _ := handle(t.Context(), t, s, map[string]string{"ARAZZO_WORKFLOW": doc, "ARAZZO_INPUTS": `{"mine": true, "Target-Version": "9"}`})
	if o.Status != "Succeeded" || s.Calls()[0].Payload != `["shop","2","live","1","d-1",true]` {
		t.Errorf("%+v %+v", o, s.Calls())
	}
}
