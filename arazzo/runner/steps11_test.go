package runner_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestStepTimeoutFailsTheStep(t *testing.T) {
	n := 0
	s := newHandlerStage(t, func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 1 {
			select {
			case <-r.Context().Done():
			case <-time.After(10 * time.Second):
			}
		}
	})
	s.files["api.yaml"] = openapi("x GET /x")
	s.runner.Clock = nil
	const doc = head11 + "- {workflowId: a, steps: [{stepId: s, operationId: x, timeout: 30, onFailure: [ACTION]}]}\n"
	r := s.run(strings.Replace(doc, "ACTION", "{name: n, type: retry}", 1), "", nil)
	s.ended(r, "a=success[s=success*2]")
	n = 0
	r = s.run(strings.Replace(doc, "ACTION", "", 1), "", nil)
	s.ended(r, "a=failure[s=failure]")
	if !strings.Contains(r.Workflows[0].Reason, "the step was not done within 30ms") {
		t.Errorf("reason %q", r.Workflows[0].Reason)
	}
}

func TestStepTimeoutOfAWorkflowStep(t *testing.T) {
	s := newHandlerStage(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-r.Context().Done()
		}
	})
	s.files["api.yaml"] = openapi("slow GET /slow", "x GET /x")
	s.runner.Clock = nil
	r := s.run(head11+`
- workflowId: main
  steps:
  - {stepId: inner, workflowId: inner, timeout: 30, onFailure: [{name: on, type: goto, stepId: x}]}
  - {stepId: x, operationId: x}
- workflowId: inner
  steps: [{stepId: slow, operationId: slow, onFailure: [{name: again, type: retry, retryLimit: 1000}]}]
`, "", nil)
	s.ended(r, "main=success[inner=failure x=success]")
}

func TestStepDependenciesOrderTheSteps(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /a": {{body: `{"v":1}`}}, "GET /b": {{body: "{}"}}, "GET /c": {{body: "{}"}}})
	s.files["api.yaml"] = openapi("a GET /a", "b GET /b", "c GET /c")
	r := s.run(head11+`
- workflowId: main
  steps:
  - {stepId: c, operationId: c, dependsOn: [b]}
  - {stepId: b, operationId: b, parameters: [{name: v, in: query, value: $steps.a.outputs.v}]}
  - {stepId: a, operationId: a, outputs: {v: $response.body#/v}}
`, "", nil)
	s.ended(r, "main=success[a=success b=success c=success]")
	s.asked("GET /a", "GET /b?v=1", "GET /c")
}

func TestStepThatDependsOnASkippedStepFails(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /a": {{body: `{"v":1}`}}, "GET /b": {{body: "{}"}}, "GET /c": {{body: "{}"}}})
	s.files["api.yaml"] = openapi("a GET /a", "b GET /b", "c GET /c")
	r := s.run(head11+`
- workflowId: main
  steps:
  - {stepId: a, operationId: a, onSuccess: [{name: skip, type: goto, stepId: c}]}
  - {stepId: b, operationId: b}
  - {stepId: c, operationId: c, dependsOn: [b]}
`, "", nil)
	s.ended(r, "main=failure[a=success c=failure]")
	if reason := r.Workflows[0].Reason; !strings.Contains(reason, "depends on step b, which has not run") {
		t.Errorf("reason %q", reason)
	}
}

func TestStepDependenciesOnOtherWorkflows(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /a": {{body: "{}"}}, "GET /b": {{body: "{}"}}})
	s.files["api.yaml"] = openapi("a GET /a", "b GET /b")
	const doc = head11 + `
- {workflowId: consumer, steps: [{stepId: b, operationId: b, dependsOn: [$workflows.producer.steps.a]}]}
- {workflowId: producer, steps: [{stepId: a, operationId: a}]}
`
	r, err := s.runner.RunAll(t.Context(), s.document(doc), nil)
	if err != nil {
		t.Fatal(err)
	}
	s.ended(r, "consumer=success[b=success] producer=success[a=success]")
	s.asked("GET /a", "GET /b")
	// dependsOn of a step does not make the other workflow run.
	r = s.run(doc, "consumer", nil)
	s.ended(r, "consumer=failure[b=failure]")
}

func TestStepDependencyOfAnotherDocument(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /a": {{body: "{}"}}, "GET /b": {{body: "{}"}}})
	s.files["api.yaml"] = openapi("a GET /a", "b GET /b")
	s.files["other.yaml"] = head11 + "- {workflowId: producer, steps: [{stepId: a, operationId: a}]}\n"
	doc := `
arazzo: 1.1.0
info: {title: Test, version: 1.0.0}
sourceDescriptions:
- {name: api, url: api.yaml, type: openapi}
- {name: other, url: other.yaml, type: arazzo}
workflows:
- workflowId: consumer
  steps:
  - {stepId: run, workflowId: $sourceDescriptions.other.producer}
  - {stepId: b, operationId: $sourceDescriptions.api.b, dependsOn: [$sourceDescriptions.other.producer.steps.a]}
`
	s.ended(s.run(doc, "", nil), "consumer=success[run=success b=success]")
}

func TestStepDependencyCircleIsRefused(t *testing.T) {
	s := newStage(t, nil)
	s.files["api.yaml"] = openapi("a GET /a")
	_, err := s.try(head11+"- {workflowId: w, steps: [{stepId: x, operationId: a, dependsOn: [y]}, {stepId: y, operationId: a, dependsOn: [x]}]}\n", "", nil)
	if err == nil {
		t.Error("no error")
	}
	s.asked()
}

func TestRelativeSelf(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /a": {{body: "{}"}}})
	s.files["specs/api.yaml"] = openapi("a GET /a")
	r := s.run(strings.Replace(strings.Replace(head11, "arazzo: 1.1.0", "arazzo: 1.1.0\n$self: flows/main.yaml", 1), "api.yaml", "../specs/api.yaml", 1)+`
- {workflowId: w, steps: [{stepId: x, operationId: a}]}
`, "", nil)
	s.ended(r, "w=success[x=success]")
}
