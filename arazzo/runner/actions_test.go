package runner_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/arazzo/runner"
)

var pollAPI = openapi("get GET /job", "fix POST /fix", "other GET /other", "last GET /last")

func TestNoMatchingActionTakesTheDefaultPath(t *testing.T) {
	for _, c := range []struct{ name, status, want string }{
		{"success goes on", "200", "main=success[get=success last=success]"},
		{"failure breaks off", "500", "main=failure[get=failure]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status := 200
			if c.status == "500" {
				status = 500
			}
			s := newStage(t, map[string][]reply{"GET /job": {{status: status, body: "{}"}}, "GET /last": {{body: "{}"}}})
			s.files["api.yaml"] = pollAPI
			s.ended(s.run(head+`
- workflowId: main
  steps:
  - stepId: get
    operationId: get
    successCriteria: [{condition: $statusCode == 200}]
    onSuccess:
    - {name: never, type: end, criteria: [{condition: $statusCode == 999}]}
    onFailure:
    - {name: neither, type: goto, stepId: last, criteria: [{condition: $statusCode == 999}]}
  - {stepId: last, operationId: last}
`, "", nil), c.want)
		})
	}
}

func TestFirstMatchingActionWins(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /job": {{body: `{"state":"b"}`}}, "GET /last": {{body: "{}"}}})
	s.files["api.yaml"] = pollAPI
	r := s.run(head+`
- workflowId: main
  steps:
  - stepId: get
    operationId: get
    outputs: {state: $response.body#/state}
    onSuccess:
    - {name: a, type: goto, stepId: other, criteria: [{condition: $response.body#/state == 'a'}]}
    - {name: b, type: goto, stepId: last, criteria: [{condition: $statusCode == 200}, {condition: $response.body#/state == 'b'}]}
    - {name: c, type: end}
  - {stepId: other, operationId: other}
  - {stepId: last, operationId: last}
`, "", nil)
	s.ended(r, "main=success[get=success last=success]")
	s.asked("GET /job", "GET /last")
}

func TestEndReturnsTheOutputsThatAreSet(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /job": {{body: `{"state":"b"}`}}})
	s.files["api.yaml"] = pollAPI
	const doc = head + `
- workflowId: main
  steps:
  - stepId: get
    operationId: get
    successCriteria: [{condition: $statusCode == STATUS}]
    outputs: {state: $response.body#/state}
    onSuccess: [{name: done, type: end}]
    onFailure: [{name: done, type: end}]
  - {stepId: last, operationId: last, outputs: {x: $response.body}}
  outputs: {state: $steps.get.outputs.state, last: $steps.last.outputs.x}
`
	r := s.run(strings.ReplaceAll(doc, "STATUS", "200"), "", nil)
	s.ended(r, "main=success[get=success]")
	s.outputs(r, `{"state":"b"}`)
	r = s.run(strings.ReplaceAll(doc, "STATUS", "201"), "", nil)
	s.ended(r, "main=failure[get=failure]")
	s.outputs(r, `{"state":"b"}`)
}

func TestGotoIsOneWay(t *testing.T) {
	s := newStage(t, map[string][]reply{
		"GET /job": {{status: 404, body: "{}"}}, "POST /fix": {{body: "{}"}}, "GET /other": {{body: "{}"}}, "GET /last": {{body: "{}"}},
	})
	s.files["api.yaml"] = pollAPI
	s.ended(s.run(head+`
- workflowId: main
  steps:
  - stepId: get
    operationId: get
    successCriteria: [{condition: $statusCode == 200}]
    onFailure: [{name: missing, type: goto, stepId: fix, criteria: [{condition: $statusCode == 404}]}]
  - {stepId: other, operationId: other}
  - {stepId: fix, operationId: fix}
  - {stepId: last, operationId: last}
`, "", nil), "main=success[get=failure fix=success last=success]")
	s.asked("GET /job", "POST /fix", "GET /last")
}

func TestGotoBackIsALoop(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /job": {{body: `{"n":1}`}, {body: `{"n":2}`}, {body: `{"n":3}`}}})
	s.files["api.yaml"] = pollAPI
	r := s.run(head+`
- workflowId: main
  steps:
  - stepId: get
    operationId: get
    parameters: [{name: after, in: query, value: $steps.get.outputs.n}]
    outputs: {n: $response.body#/n}
    onSuccess: [{name: more, type: goto, stepId: get, criteria: [{condition: $response.body#/n < 3}]}]
  outputs: {n: $steps.get.outputs.n}
`, "", nil)
	s.ended(r, "main=success[get=success*3]")
	s.asked("GET /job", "GET /job?after=1", "GET /job?after=2")
	s.outputs(r, `{"n":3}`)
}

// retryDocument retries the first step with the given fields of the action.
func retryDocument(action string, later string) string {
	return head + `
- workflowId: main
  steps:
  - stepId: get
    operationId: get
    successCriteria: [{condition: $statusCode == 200}]
    outputs: {state: $response.body#/state}
    onFailure:
    - {name: again, type: retry, ` + action + `}
` + later + `
  - {stepId: last, operationId: last}
`
}

func TestRetry(t *testing.T) {
	down, up := reply{status: 503, body: "{}"}, reply{body: "{}"}
	for _, c := range []struct {
		name, action, later string
		replies             []reply
		want                string
		waits               []time.Duration
	}{
		{"once by default", "retryAfter: 2", "", []reply{down, up}, "main=success[get=success*2 last=success]", []time.Duration{2 * time.Second}},
		{"not twice by default", "retryAfter: 2", "", []reply{down, down, up}, "main=failure[get=failure*2]", []time.Duration{2 * time.Second}},
		{"up to its limit", "retryAfter: 0.5, retryLimit: 3", "", []reply{down, down, down, up}, "main=success[get=success*4 last=success]",
			[]time.Duration{500 * time.Millisecond, 500 * time.Millisecond, 500 * time.Millisecond}},
		{"a limit of none", "retryLimit: 0", "", []reply{down, up}, "main=failure[get=failure]", nil},
		{"at once without retryAfter", "retryLimit: 1", "", []reply{down, up}, "main=success[get=success*2 last=success]", nil},
		{"exhausted before a later action", "retryLimit: 2", "    - {name: give up, type: goto, stepId: last}", []reply{down},
			"main=success[get=failure*3 last=success]", nil},
		{"only if its criteria hold", "retryLimit: 5, criteria: [{condition: $statusCode == 429}]", "", []reply{down, up}, "main=failure[get=failure]", nil},
		{"with itself means a plain retry", "retryLimit: 2, stepId: get", "", []reply{down, down, up}, "main=success[get=success*3 last=success]", nil},
		{"the answer's seconds overrule", "retryAfter: 100", "", []reply{{status: 503, body: "{}", header: map[string]string{"Retry-After": "7"}}, up},
			"main=success[get=success*2 last=success]", []time.Duration{7 * time.Second}},
		{"the answer's date overrules", "retryAfter: 100", "",
			[]reply{{status: 503, body: "{}", header: map[string]string{"Retry-After": time.Date(2026, 5, 17, 12, 0, 9, 0, time.UTC).Format(http.TimeFormat)}}, up},
			"main=success[get=success*2 last=success]", []time.Duration{9 * time.Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, map[string][]reply{"GET /job": c.replies, "GET /last": {up}})
			s.files["api.yaml"] = pollAPI
			s.ended(s.run(retryDocument(c.action, c.later), "", nil), c.want)
			if waits := s.runner.Clock.(*quickClock).waits; !slices.Equal(waits, c.waits) {
				t.Errorf("waited %v, want %v", waits, c.waits)
			}
		})
	}
}

func TestRetryRunsTheStepItRefersToFirst(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /job": {{status: 401, body: "{}"}, {body: "{}"}}, "POST /fix": {{body: `{"token":"t2"}`}}})
	s.files["api.yaml"] = pollAPI
	s.ended(s.run(head+`
- workflowId: main
  steps:
  - stepId: get
    operationId: get
    parameters: [{name: token, in: query, value: $steps.fix.outputs.token}]
    successCriteria: [{condition: $statusCode == 200}]
    onSuccess: [{name: done, type: end}]
    onFailure: [{name: login, type: retry, stepId: fix}]
  - stepId: fix
    operationId: fix
    outputs: {token: $response.body#/token}
    onSuccess: [{name: ignored, type: goto, stepId: last}]
  - {stepId: last, operationId: last}
`, "", nil), "main=success[get=success*2 fix=success]")
	s.asked("GET /job", "POST /fix", "GET /job?token=t2")
}

func TestRetryRunsTheWorkflowItRefersToFirst(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /job": {{status: 401, body: "{}"}, {body: "{}"}}, "POST /fix": {{body: `{"token":"t2"}`}}})
	s.files["api.yaml"] = pollAPI
	s.ended(s.run(head11+`
- workflowId: main
  steps:
  - stepId: get
    operationId: get
    parameters: [{name: token, in: query, value: $workflows.login.outputs.token}]
    successCriteria: [{condition: $statusCode == 200}]
    onFailure:
    - {name: login, type: retry, workflowId: login, parameters: [{name: user, value: me}]}
- workflowId: login
  inputs: {type: object, required: [user], properties: {user: {type: string}}}
  steps:
  - stepId: fix
    operationId: fix
    requestBody: {contentType: application/json, payload: {user: $inputs.user}}
    outputs: {token: $response.body#/token}
  outputs: {token: $steps.fix.outputs.token}
`, "main", nil), "main=success[get=success*2]")
	s.asked("GET /job", `POST /fix {"user":"me"}`, "GET /job?token=t2")
}

func TestGotoAnotherWorkflow(t *testing.T) {
	const doc = head11 + `
- workflowId: main
  inputs: {type: object, properties: {who: {type: string}}}
  steps:
  - stepId: get
    operationId: get
    successCriteria: [{condition: $statusCode == 200}]
    onSuccess: [{name: on, type: goto, workflowId: next, parameters: [{name: who, value: "{$inputs.who}!"}]}]
    onFailure: [{name: clean, type: goto, workflowId: next}]
  - {stepId: last, operationId: last}
- workflowId: next
  inputs: {type: object, properties: {who: {type: string}}}
  steps:
  - {stepId: other, operationId: other, parameters: [{name: who, in: query, value: $inputs.who}], outputs: {x: $response.body#/x}}
  outputs: {x: $steps.other.outputs.x}
`
	for _, c := range []struct {
		name           string
		status, second int
		want, asked    string
	}{
		{"on success", 200, 200, "main=success[get=success] next=success[other=success]", "GET /other?who=me%21"},
		{"whose failure counts", 200, 500, "main=failure[get=success] next=failure[other=failure]", "GET /other?who=me%21"},
		{"on failure, which stays one", 500, 200, "main=failure[get=failure] next=success[other=success]", "GET /other?who=me"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, map[string][]reply{"GET /job": {{status: c.status, body: "{}"}}, "GET /other": {{status: c.second, body: `{"x":1}`}}})
			s.files["api.yaml"] = pollAPI
			r := s.run(doc, "main", map[string]any{"who": "me"})
			s.ended(r, c.want)
			s.asked("GET /job", c.asked)
			if c.second == 200 {
				s.outputs(r, `{"x":1}`)
			}
			sameJSON(t, r.Workflows[0].Outputs, `{}`) // what the other workflow put out is its own
		})
	}
}

func TestActionsOfTheWorkflowAndReusableOnes(t *testing.T) {
	const doc = head + `
- workflowId: main
  successActions:
  - {reference: $components.successActions.stop}
  - {name: skip, type: goto, stepId: last, criteria: [{condition: $response.body#/skip == true}]}
  failureActions:
  - {reference: $components.failureActions.patient}
  steps:
  - stepId: get
    operationId: get
    successCriteria: [{condition: $statusCode == 200}]
  - stepId: other
    operationId: other
    onSuccess: [{name: stop, type: goto, stepId: last}]
  - {stepId: fix, operationId: fix}
  - {stepId: last, operationId: last}
components:
  successActions:
    stop: {name: stop, type: end, criteria: [{condition: $response.body#/stop == true}]}
  failureActions:
    patient: {name: patient, type: retry, retryAfter: 1, retryLimit: 2, criteria: [{condition: $statusCode == 503}]}
`
	for _, c := range []struct {
		name  string
		get   []reply
		other string
		want  string
	}{
		{"the workflow's end", []reply{{body: `{"stop":true}`}}, "{}", "main=success[get=success]"},
		{"the workflow's goto", []reply{{body: `{"skip":true}`}}, "{}", "main=success[get=success last=success]"},
		{"the workflow's retry", []reply{{status: 503, body: "{}"}, {body: `{"stop":true}`}}, "{}", "main=success[get=success*2]"},
		{"a step's action of the same name overrides", []reply{{body: "{}"}}, `{"stop":true}`, "main=success[get=success other=success last=success]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, map[string][]reply{"GET /job": c.get, "GET /other": {{body: c.other}}, "GET /last": {{body: "{}"}}, "POST /fix": {{body: "{}"}}})
			s.files["api.yaml"] = pollAPI
			s.ended(s.run(doc, "", nil), c.want)
		})
	}
}

func TestFailedStepSaysWhy(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /job": {{status: 404, body: `{"message":"gone"}`}}})
	s.files["api.yaml"] = pollAPI
	r := s.run(head+`
- workflowId: main
  steps:
  - stepId: get
    operationId: get
    successCriteria: [{condition: $statusCode == 200}]
    outputs: {why: $response.body#/message}
`, "", nil)
	step := r.Workflow("main").Step("get")
	if !strings.Contains(step.Reason, "$statusCode == 200") || !strings.Contains(step.Reason, "404") || step.StatusCode != 404 {
		t.Errorf("reason %q, status %d", step.Reason, step.StatusCode)
	}
	if step.Hint != `the server says: {"message":"gone"}` {
		t.Errorf("hint %q", step.Hint)
	}
	if step.Outputs["why"] != "gone" {
		t.Errorf("a failed step's outputs are %v", step.Outputs)
	}
	if !strings.Contains(r.Workflow("main").Reason, "step get failed") {
		t.Errorf("the workflow's reason is %q", r.Workflow("main").Reason)
	}
}

func TestUnreachableServerFailsTheStep(t *testing.T) {
	s := newStage(t, nil)
	s.files["api.yaml"] = pollAPI
	s.runner.Servers = map[string]string{"api": "http://127.0.0.1:1"}
	r := s.run(head+`
- workflowId: main
  steps:
  - {stepId: get, operationId: get, onFailure: [{name: again, type: retry, retryLimit: 2}]}
`, "", nil)
	s.ended(r, "main=failure[get=failure*3]")
	if step := r.Workflow("main").Step("get"); step.Hint == "" || !strings.Contains(step.Reason, "refused") {
		t.Errorf("reason %q, hint %q", step.Reason, step.Hint)
	}
}

var _ runner.Status
