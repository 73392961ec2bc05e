package runner_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/runner"
)

func TestWorkflowAsAStep(t *testing.T) {
	s := newStage(t, map[string][]reply{"POST /orders": {{status: 201, body: `{"id":"o1"}`}}, "GET /orders/o1": {{body: "{}"}}})
	s.files["api.yaml"] = openapi("order POST /orders", "get GET /orders/{id}")
	r := s.run(head+`
- workflowId: main
  steps:
  - stepId: place
    workflowId: order
    parameters: [{name: pet, value: 7}]
    successCriteria: [{condition: $outputs.id != null}]
    outputs: {id: $outputs.id}
  - stepId: get
    operationId: get
    parameters: [{name: id, in: path, value: $steps.place.outputs.id}, {name: same, in: query, value: $workflows.order.outputs.id}, {name: pet, in: query, value: $workflows.order.inputs.pet}]
  outputs: {id: $steps.place.outputs.id}
- workflowId: order
  inputs: {type: object, required: [pet], properties: {pet: {type: integer}, quantity: {type: integer, default: 1}}}
  steps:
  - stepId: order
    operationId: order
    requestBody: {contentType: application/json, payload: {pet: $inputs.pet, quantity: $inputs.quantity}}
    successCriteria: [{condition: $statusCode == 201}]
    outputs: {id: $response.body#/id}
  outputs: {id: $steps.order.outputs.id}
`, "main", nil)
	s.ended(r, "main=success[place=success get=success]")
	s.outputs(r, `{"id":"o1"}`)
	s.asked(`POST /orders {"pet":7,"quantity":1}`, "GET /orders/o1?same=o1&pet=7")
	if inner := r.Workflows[0].Step("place").Workflow; inner == nil || inner.WorkflowID != "order" || inner.Step("order").StatusCode != 201 {
		t.Errorf("the step's workflow is %+v", inner)
	}
}

func TestWorkflowAsAStepFails(t *testing.T) {
	const doc = head + `
- workflowId: main
  steps:
  - {stepId: inner, workflowId: inner, parameters: [{name: n, value: VALUE}], onFailure: [{name: on, type: goto, stepId: b}]}
  - {stepId: a, operationId: a}
  - {stepId: b, operationId: a}
- workflowId: inner
  inputs: {type: object, properties: {n: {type: integer}}}
  steps: [{stepId: x, operationId: x}]
`
	for value, want := range map[string]string{"1": "workflow inner failed: step x failed", "text": "n"} {
		s := newStage(t, map[string][]reply{"GET /a": {{body: "{}"}}, "GET /x": {{status: 500}}})
		s.files["api.yaml"] = openapi("a GET /a", "x GET /x")
		r := s.run(strings.ReplaceAll(doc, "VALUE", value), "main", nil)
		s.ended(r, "main=success[inner=failure b=success]")
		if reason := r.Workflows[0].Steps[0].Reason; !strings.Contains(reason, want) {
			t.Errorf("reason %q does not say %q", reason, want)
		}
	}
}

func TestWorkflowsOfOtherDocuments(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /login": {{body: `{"token":"t"}`}}, "GET /a": {{body: "{}"}}, "GET /setup": {{body: "{}"}}})
	s.files["api.yaml"] = openapi("a GET /a", "login GET /wrong")
	s.files["auth/api.yaml"] = openapi("login GET /login", "setup GET /setup")
	s.files["auth/flow.yaml"] = head + `
- workflowId: login
  dependsOn: [setup]
  steps:
  - stepId: login
    operationId: login
    parameters: [{reference: $components.parameters.scope}]
    outputs: {token: $response.body#/token}
  outputs: {token: $steps.login.outputs.token}
- workflowId: setup
  steps: [{stepId: setup, operationId: setup}]
components: {parameters: {scope: {name: scope, in: query, value: theirs}}}
`
	const doc = `
arazzo: 1.0.1
info: {title: Test, version: 1.0.0}
sourceDescriptions:
- {name: api, url: api.yaml, type: openapi}
- {name: auth, url: auth/flow.yaml, type: arazzo}
workflows:
- workflowId: main
  DEPENDS
  steps:
  - {stepId: login, workflowId: $sourceDescriptions.auth.login, outputs: {token: $outputs.token}}
  - {stepId: a, operationId: $sourceDescriptions.api.a, parameters: [{name: t, in: query, value: $steps.login.outputs.token}]}
components: {parameters: {scope: {name: scope, in: query, value: ours}}}
`
	r := s.run(strings.Replace(doc, "DEPENDS", "", 1), "", nil)
	s.ended(r, "setup=success[setup=success] main=success[login=success a=success]")
	s.asked("GET /setup", "GET /login?scope=theirs", "GET /a?t=t")
	r = s.run(strings.Replace(doc, "DEPENDS", "dependsOn: [$sourceDescriptions.auth.setup]", 1), "", nil)
	s.ended(r, "setup=success[setup=success] main=success[login=success a=success]")
}

func TestDocumentsAreFoundByTheirSelf(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /a": {{body: "{}"}}})
	s.files["api.yaml"] = openapi("a GET /a")
	other, _ := arazzo.Parse([]byte(`
arazzo: 1.1.0
$self: https://flows.example.com/other.yaml
info: {title: Other, version: "1"}
sourceDescriptions: [{name: api, url: api.yaml, type: openapi}]
workflows:
- {workflowId: inner, steps: [{stepId: a, operationId: a, parameters: [{name: self, in: query, value: $self}]}]}
`), folder+"/elsewhere.yaml")
	s.runner.Documents = []*arazzo.Document{other}
	s.runner.Sources = map[string]string{"api": folder + "/api.yaml"}
	r := s.run(`
arazzo: 1.1.0
$self: https://flows.example.com/main.yaml
info: {title: Main, version: "1"}
sourceDescriptions: [{name: other, url: other.yaml, type: arazzo}]
workflows:
- {workflowId: main, steps: [{stepId: inner, workflowId: $sourceDescriptions.other.inner}]}
`, "", nil)
	s.ended(r, "main=success[inner=success]")
	s.asked("GET /a?self=https%3A%2F%2Fflows.example.com%2Fother.yaml")
}

func TestDependenciesRunFirstAndOnce(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /a": {{body: `{"x":1}`}}, "GET /b": {{body: "{}"}}, "GET /c": {{body: "{}"}}})
	s.files["api.yaml"] = openapi("a GET /a", "b GET /b", "c GET /c")
	doc := head + `
- workflowId: c
  dependsOn: [a, b]
  steps: [{stepId: c, operationId: c, parameters: [{name: x, in: query, value: $workflows.a.outputs.x}]}]
- workflowId: b
  dependsOn: [a]
  steps: [{stepId: b, operationId: b}]
- workflowId: a
  inputs: {type: object, properties: {who: {type: string}}, additionalProperties: false}
  steps: [{stepId: a, operationId: a, parameters: [{name: who, in: query, value: $inputs.who}], outputs: {x: $response.body#/x}}]
  outputs: {x: $steps.a.outputs.x}
`
	r := s.run(doc, "c", map[string]any{"who": "me", "other": 1})
	s.ended(r, "a=success[a=success] b=success[b=success] c=success[c=success]")
	s.asked("GET /a?who=me", "GET /b", "GET /c?x=1")
	all, err := s.runner.RunAll(t.Context(), s.document(doc), map[string]map[string]any{"a": {"who": "you"}})
	if err != nil {
		t.Fatal(err)
	}
	s.ended(all, "a=success[a=success] b=success[b=success] c=success[c=success]")
}

func TestFailedDependencyKeepsAWorkflowFromRunning(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /a": {{status: 500}}})
	s.files["api.yaml"] = openapi("a GET /a", "b GET /b")
	r := s.run(head+`
- {workflowId: b, dependsOn: [a], steps: [{stepId: b, operationId: b}]}
- {workflowId: a, steps: [{stepId: a, operationId: a}]}
`, "b", nil)
	s.ended(r, "a=failure[a=failure] b=failure[]")
	if !strings.Contains(r.Workflow("b").Reason, "depends on workflow a") {
		t.Errorf("reason %q", r.Workflow("b").Reason)
	}
	s.asked("GET /a")
}

func TestIndependentWorkflowsRunInParallel(t *testing.T) {
	var under, most atomic.Int32
	both := make(chan struct{})
	s := newHandlerStage(t, func(w http.ResponseWriter, r *http.Request) {
		n := under.Add(1)
		defer under.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if strings.HasPrefix(r.URL.Path, "/p") { // wait until both are there
			if n == 2 {
				close(both)
			}
			select {
			case <-both:
			case <-time.After(5 * time.Second):
			}
		}
	})
	s.files["api.yaml"] = openapi("p1 GET /p1", "p2 GET /p2", "end GET /end")
	r := s.run(head+`
- {workflowId: end, dependsOn: [p1, p2], steps: [{stepId: e, operationId: end}]}
- {workflowId: p1, steps: [{stepId: s, operationId: p1}]}
- {workflowId: p2, steps: [{stepId: s, operationId: p2}]}
`, "end", nil)
	s.ended(r, "p1=success[s=success] p2=success[s=success] end=success[e=success]")
	if most.Load() != 2 {
		t.Errorf("%d requests at a time, want 2", most.Load())
	}
}

func TestParallelOneRunsOneByOne(t *testing.T) {
	var under atomic.Int32
	s := newHandlerStage(t, func(w http.ResponseWriter, r *http.Request) {
		if under.Add(1) > 1 {
			w.WriteHeader(500)
		}
		time.Sleep(2 * time.Millisecond)
		under.Add(-1)
	})
	s.files["api.yaml"] = openapi("x GET /x")
	s.runner.Parallel = 1
	doc := head
	for i := range 6 {
		doc += fmt.Sprintf("- {workflowId: w%d, steps: [{stepId: s, operationId: x}]}\n", i)
	}
	r, err := s.runner.RunAll(t.Context(), s.document(doc), nil)
	if err != nil || !r.Success() || len(r.Workflows) != 6 {
		t.Errorf("%v, %s", err, summary(r))
	}
}

func TestDependencyCyclesAreRefused(t *testing.T) {
	for name, workflows := range map[string]string{
		"direct":               "- {workflowId: a, dependsOn: [b], steps: [{stepId: s, operationId: x}]}\n- {workflowId: b, dependsOn: [a], steps: [{stepId: s, operationId: x}]}\n",
		"through a step":       "- {workflowId: a, dependsOn: [b], steps: [{stepId: s, operationId: x}]}\n- {workflowId: b, steps: [{stepId: s, workflowId: a}]}\n",
		"through an action":    "- {workflowId: a, dependsOn: [b], steps: [{stepId: s, operationId: x}]}\n- {workflowId: b, steps: [{stepId: s, operationId: x, onSuccess: [{name: n, type: goto, workflowId: a}]}]}\n",
		"a workflow by itself": "- {workflowId: a, dependsOn: [a], steps: [{stepId: s, operationId: x}]}\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, nil)
			s.files["api.yaml"] = openapi("x GET /x")
			_, err := s.try(head+workflows, "a", nil)
			var invalid *runner.InvalidError
			if !errors.As(err, &invalid) {
				t.Errorf("error %v", err)
			}
			s.asked()
		})
	}
}

func TestWorkflowsThatRunEachOtherForEverAreStopped(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /x": {{body: "{}"}}})
	s.files["api.yaml"] = openapi("x GET /x")
	r := s.run(head+`
- {workflowId: a, steps: [{stepId: x, operationId: x}, {stepId: s, workflowId: b, onFailure: [{name: again, type: retry, retryLimit: 1000000}]}]}
- {workflowId: b, steps: [{stepId: s, workflowId: a}]}
`, "a", nil)
	if r.Success() || !strings.Contains(r.Workflows[0].Reason, "deep") {
		t.Errorf("%s: %s", r.Workflows[0].Status, r.Workflows[0].Reason)
	}
	if n := len(s.calls.all()); n > 40 {
		t.Errorf("%d requests", n)
	}
}

func TestInputsAreValidatedWithEveryError(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /x": {{body: "{}"}}})
	s.files["api.yaml"] = openapi("x GET /x")
	const doc = head + `
- workflowId: main
  inputs: {$ref: "#/components/inputs/all"}
  steps: [{stepId: x, operationId: x, parameters: [{name: size, in: query, value: $inputs.size}]}]
components:
  inputs:
    all: {type: object, required: [name], properties: {name: {type: string}, size: {$ref: "#/components/inputs/size"}}}
    size: {type: integer, minimum: 1, default: 10}
`
	_, err := s.try(doc, "", map[string]any{"size": 0})
	var invalid *runner.InvalidError
	if !errors.As(err, &invalid) || len(invalid.Findings) < 2 {
		t.Fatalf("error %v", err)
	}
	s.asked()
	s.ended(s.run(doc, "", map[string]any{"name": "a"}), "main=success[x=success]")
	s.asked("GET /x?size=10")
}

func TestUnknownWorkflowIsRefused(t *testing.T) {
	s := newStage(t, nil)
	s.files["api.yaml"] = openapi("x GET /x")
	if _, err := s.try(head+"- {workflowId: a, steps: [{stepId: s, operationId: x}]}\n", "b", nil); err == nil || !strings.Contains(err.Error(), `"a"`) {
		t.Errorf("error %v", err)
	}
}

func TestEndOfTheContextEndsTheRun(t *testing.T) {
	s := newHandlerStage(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	s.files["api.yaml"] = openapi("x GET /x")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	r, err := s.runner.Run(ctx, s.document(head+"- {workflowId: a, steps: [{stepId: s, operationId: x, onFailure: [{name: n, type: retry, retryLimit: 100}]}]}\n"), "", nil)
	if !errors.Is(err, context.Canceled) || r == nil || r.Success() {
		t.Errorf("error %v, result %v", err, r)
	}
}

func TestTimeoutOfTheRun(t *testing.T) {
	s := newHandlerStage(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	s.files["api.yaml"] = openapi("x GET /x")
	s.runner.Clock, s.runner.Timeout = nil, 30*time.Millisecond
	r := s.run(head+"- {workflowId: a, steps: [{stepId: s, operationId: x, onFailure: [{name: n, type: retry, retryLimit: 100}]}]}\n", "", nil)
	s.ended(r, "a=failure[s=failure]")
	if !strings.Contains(r.Workflows[0].Reason, "the run was not done within 30ms") {
		t.Errorf("reason %q", r.Workflows[0].Reason)
	}
}
