package runner_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/arazzo/runner"
)

func body(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }

const recorded = head + `
- workflowId: main
  inputs: {type: object, properties: {name: {type: string}, password: {type: string, format: password}}}
  steps:
  - stepId: login
    operationId: login
    requestBody: {contentType: application/json, payload: {name: $inputs.name, password: $inputs.password}}
    successCriteria: [{condition: $statusCode == 200}]
    onFailure: [{name: again, type: retry, retryAfter: 3600, retryLimit: 3}]
    outputs: {token: $response.body#/token}
  - {stepId: get, operationId: get, parameters: [{name: t, in: query, value: $steps.login.outputs.token}], outputs: {raw: $response.body}}
  outputs: {raw: $steps.get.outputs.raw}
`

func TestRecordAndReplay(t *testing.T) {
	s := newStage(t, map[string][]reply{
		"POST /login": {{status: 503, body: "{}"}, {body: `{"token":"t1"}`}},
		"GET /get":    {{body: "\xff\x00binary", header: map[string]string{"Content-Type": "application/octet-stream"}}},
	})
	s.files["api.yaml"] = openapi("login POST /login", "get GET /get")
	inputs := map[string]any{"name": "me", "password": "hunter2!"}
	var tape bytes.Buffer
	s.runner.Record = &tape
	first := s.run(recorded, "", inputs)
	s.ended(first, "main=success[login=success*2 get=success]")
	if strings.Contains(tape.String(), "hunter2") {
		t.Errorf("the recording shows the password:\n%s", tape.String())
	}

	s.runner.Record = nil
	s.runner.Client = doer(func(*http.Request) (*http.Response, error) { return nil, errors.New("network used") })
	s.runner.Clock = nil // a replay does not wait: an hour would be noticed
	replay := func(inputs map[string]any, doc string) (*runner.Result, error) {
		s.runner.Replay = bytes.NewReader(tape.Bytes())
		return s.try(doc, "", inputs)
	}
	second, err := replay(inputs, recorded)
	if err != nil {
		t.Fatal(err)
	}
	s.ended(second, summary(first))
	if second.Workflows[0].Outputs["raw"] != first.Workflows[0].Outputs["raw"] {
		t.Errorf("outputs %q, recorded %q", second.Workflows[0].Outputs["raw"], first.Workflows[0].Outputs["raw"])
	}

	var mismatch *runner.MismatchError
	if _, err := replay(map[string]any{"name": "you", "password": "hunter2!"}, recorded); !errors.As(err, &mismatch) || !strings.Contains(err.Error(), `"name":"you"`) {
		t.Errorf("another body: %v", err)
	}
	if _, err := replay(inputs, strings.Replace(recorded, "name: t,", "name: u,", 1)); !errors.As(err, &mismatch) || !strings.Contains(err.Error(), "goes on with GET") {
		t.Errorf("another query: %v", err)
	}
	s.runner.Replay = strings.NewReader("{}")
	if _, err := s.try(recorded, "", inputs); err == nil {
		t.Error("any file is taken for a recording")
	}
}

func TestRecordingMessages(t *testing.T) {
	s, bus := busStage(t, map[string][]reply{"GET /pets": {{body: `[{"id":7}]`}}})
	shop(t, bus, "ok")
	var tape bytes.Buffer
	s.runner.Record = &tape
	first := s.run(purchase, "", map[string]any{"request": "r-1"})
	s.ended(first, "purchase=success[find=success place=success confirm=success]")
	s.runner.Record, s.runner.Bindings, s.runner.Replay = nil, nil, &tape
	second := s.run(purchase, "", map[string]any{"request": "r-1"})
	s.ended(second, summary(first))
	s.outputs(second, `{"orderId":41,"by":"Ann","sent":7}`)
}

func TestDryRunShowsTheRequests(t *testing.T) {
	s := newStage(t, nil)
	s.files["api.yaml"] = openapi("login POST /login", "get GET /get/{id}")
	s.runner.DryRun = true
	r := s.run(head+`
- workflowId: main
  inputs: {type: object, properties: {name: {type: string}, password: {type: string, format: password}}}
  steps:
  - stepId: login
    operationId: login
    requestBody: {contentType: application/json, payload: {name: $inputs.name, password: $inputs.password}}
    outputs: {token: $response.body#/token}
    onSuccess: [{name: end, type: end}]
  - {stepId: inner, workflowId: inner, parameters: [{name: id, value: $steps.login.outputs.token}]}
- workflowId: inner
  inputs: {type: object, properties: {id: {type: integer}}}
  steps: [{stepId: get, operationId: get, parameters: [{name: id, in: path, value: $inputs.id}]}]
`, "", map[string]any{"name": "me", "password": "hunter2!"})
	s.ended(r, "main=success[login=success*0 inner=success*0]")
	s.asked()
	var shown []string
	for _, e := range s.events {
		if e, ok := e.(runner.RequestSent); ok && e.DryRun {
			shown = append(shown, e.Method+" "+strings.TrimPrefix(e.URL, s.server.URL)+" "+string(e.Body))
		}
	}
	got := strings.Join(shown, "\n")
	if !strings.HasPrefix(got, `POST /login {"name":"me","password":"***"}`) || !strings.Contains(got, "GET /get/") || !strings.Contains(got, "steps.login.outputs.token") {
		t.Errorf("shown:\n%s", got)
	}
}

func TestEventsTellTheStory(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /job": {{status: 503, body: "{}", header: map[string]string{"Retry-After": "2"}}, {body: "{}"}}, "GET /last": {{body: "{}"}}})
	s.files["api.yaml"] = pollAPI
	s.run(head+`
- workflowId: main
  steps:
  - stepId: get
    operationId: get
    parameters: [{name: Authorization, in: header, value: Bearer abc}]
    successCriteria: [{condition: $statusCode == 200}]
    onSuccess: [{name: on, type: goto, stepId: inner}]
    onFailure: [{name: again, type: retry, retryAfter: 9}]
  - {stepId: inner, workflowId: inner}
- {workflowId: inner, steps: [{stepId: last, operationId: last}]}
`, "", nil)
	var story []string
	for _, e := range s.events {
		o := e.From()
		at := strings.Repeat(">", o.Depth) + o.WorkflowID + "." + o.StepID + " "
		switch e := e.(type) {
		case runner.WorkflowStarted:
			story = append(story, at+"started")
		case runner.StepStarted:
			story = append(story, at+"step "+e.Operation)
		case runner.RequestSent:
			story = append(story, at+"sent "+e.Header.Get("Authorization"))
		case runner.ResponseReceived:
			story = append(story, at+http.StatusText(e.StatusCode))
		case runner.CriterionEvaluated:
			story = append(story, at+map[bool]string{true: "holds ", false: "not "}[e.Passed]+e.Condition)
		case runner.ActionTaken:
			story = append(story, at+e.Type+" "+e.Target)
		case runner.RetryWaiting:
			story = append(story, at+"wait "+e.Delay.String())
		case runner.StepEnded:
			story = append(story, at+"step "+string(e.Result.Status))
		case runner.WorkflowEnded:
			story = append(story, at+string(e.Result.Status))
		}
		if o.Time.IsZero() {
			t.Errorf("%T has no time", e)
		}
	}
	want := `main. started
main.get step GET /job
main.get sent Bearer ***
main.get Service Unavailable
main.get not $statusCode == 200
main.get retry 
main.get wait 2s
main.get sent Bearer ***
main.get OK
main.get holds $statusCode == 200
main.get goto inner
main.get step success
main.inner step workflow inner
>inner. started
>inner.last step GET /last
>inner.last sent 
>inner.last OK
>inner.last step success
>inner. success
main.inner step success
main. success`
	if got := strings.Join(story, "\n"); got != want {
		t.Errorf("story:\n%s", got)
	}
}

var _ = time.Second
