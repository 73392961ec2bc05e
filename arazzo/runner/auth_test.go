package runner_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/headgate/headgate/arazzo/auth"
	"github.com/headgate/headgate/arazzo/report"
	"github.com/headgate/headgate/arazzo/runner"
)

const securedAPI = `{"openapi":"3.1.0","info":{"title":"t","version":"1"},"servers":[{"url":"SERVER"}],
	"paths":{"/x":{"get":{"operationId":"get","security":[{"key":[]},{"sigv4":[]}],"responses":{"200":{"description":"ok"}}}},
		"/open":{"get":{"operationId":"open","security":[],"responses":{"200":{"description":"ok"}}}},
		"/oauth":{"post":{"operationId":"oauth","security":[{"oauth":["read"]}],"responses":{"200":{"description":"ok"}}}}},
	"components":{"securitySchemes":{
		"key":{"type":"apiKey","in":"header","name":"X-Key"},
		"sigv4":{"type":"apiKey","in":"header","name":"Authorization","x-amazon-apigateway-authtype":"awsSigv4"},
		"oauth":{"type":"oauth2","flows":{"clientCredentials":{"tokenUrl":"SERVER/token","scopes":{"read":"r"}}}}}}}`

const securedFlow = head + `
- workflowId: main
  steps:
  - {stepId: open, operationId: open}
  - {stepId: get, operationId: get, onFailure: [{name: again, type: retry}]}
- workflowId: oauth
  steps:
  - {stepId: a, operationId: oauth}
  - {stepId: b, operationId: oauth}
`

func TestRequestsAreSignedPerAttempt(t *testing.T) {
	var keys []string
	n := 0
	s := newHandlerStage(t, func(w http.ResponseWriter, r *http.Request) {
		keys = append(keys, r.URL.Path+" "+r.Header.Get("X-Key"))
		if r.URL.Path == "/x" {
			if n++; n == 1 {
				w.WriteHeader(503)
			}
		}
	})
	s.files["api.yaml"] = securedAPI
	s.runner.Auth.Credentials = auth.ByName{"key": {Value: "s3cret-key"}}
	var har bytes.Buffer
	archive := report.NewHAR(&har, "test")
	s.runner.Observer = archive
	s.ended(s.run(securedFlow, "main", nil), "main=success[open=success get=success*2]")
	if got := strings.Join(keys, ","); got != "/open ,/x s3cret-key,/x s3cret-key" {
		t.Errorf("got %s", got)
	}
	if err := archive.Close(); err != nil || strings.Contains(har.String(), "s3cret") || strings.Count(har.String(), "X-Key") != 2 {
		t.Errorf("%v, archive:\n%s", err, har.String())
	}
}

func TestOAuthTokensAreFetchedOnceAndHidden(t *testing.T) {
	var log []string
	s := newHandlerStage(t, func(w http.ResponseWriter, r *http.Request) {
		log = append(log, r.URL.Path+" "+r.Header.Get("Authorization"))
		if r.URL.Path == "/token" {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"access_token":"tok-12345","token_type":"bearer","expires_in":3600}`)
		}
	})
	s.files["api.yaml"] = securedAPI
	s.runner.Auth.Credentials = auth.ByName{"oauth": {ClientID: "me", ClientSecret: "hush-hush"}}
	s.ended(s.run(securedFlow, "oauth", nil), "oauth=success[a=success b=success]")
	if len(log) != 3 || !strings.HasPrefix(log[0], "/token") || log[1] != "/oauth Bearer tok-12345" || log[2] != log[1] {
		t.Errorf("asked %q", log)
	}
	for _, e := range s.events {
		if text := fmt.Sprintf("%+v", e); strings.Contains(text, "tok-12345") || strings.Contains(text, "hush") {
			t.Errorf("an event shows a secret: %s", text)
		}
	}
}

// Descriptions name schemes that the server at hand does not ask for: that is the server's to say, unless the run is strict.
func TestMissingCredentials(t *testing.T) {
	s := newStage(t, map[string][]reply{"POST /oauth": {{status: 200}}})
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	s.files["api.yaml"] = securedAPI
	sent := s.run(securedFlow, "oauth", nil)
	s.ended(sent, "oauth=success[a=success b=success]")
	s.asked("POST /oauth", "POST /oauth")
	if len(sent.Warnings) != 1 || sent.Warnings[0].Rule != "missing-credentials" || !strings.Contains(sent.Warnings[0].Message, "oauth") {
		t.Errorf("warnings: %v", sent.Warnings)
	}

	s = newStage(t, nil)
	s.files["api.yaml"] = securedAPI
	s.runner.Strict = true
	r, err := s.try(securedFlow, "oauth", nil)
	var missing *auth.MissingError
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "oauth") || r == nil || r.Success() {
		t.Errorf("error %v, result %v", err, r)
	}
	s.asked()
}

func TestSigV4(t *testing.T) {
	var authorization string
	s := newHandlerStage(t, func(w http.ResponseWriter, r *http.Request) { authorization = r.Header.Get("Authorization") })
	s.files["api.yaml"] = securedAPI
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	s.runner.Auth.SigV4 = auth.SigV4{Service: "lambda", Region: "eu-west-1"}
	s.runner.Clock = nil
	s.ended(s.run(strings.Replace(securedFlow, "  - {stepId: open, operationId: open}\n", "", 1), "main", nil), "main=success[get=success]")
	if !strings.HasPrefix(authorization, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") || !strings.Contains(authorization, "/eu-west-1/lambda/") {
		t.Errorf("Authorization: %s", authorization)
	}
}

// The 1.0.0 examples have parameters in a body, outputs that only the called workflow declares, and statuses of workflow steps.
func TestLeniencies(t *testing.T) {
	s := newStage(t, map[string][]reply{"POST /x": {{status: 201, body: `{"id":4}`}}})
	s.files["api.yaml"] = openapi("add POST /x")
	doc := head + `
- workflowId: main
  steps:
  - stepId: inner
    workflowId: inner
    successCriteria: [{condition: $statusCode == 201}]
    outputs: {raw: $response.body#/id}
  - stepId: add
    operationId: add
    parameters: [{name: id, in: body, value: $steps.inner.outputs.id}]
    requestBody: {contentType: application/json, payload: {fixed: true}}
- workflowId: inner
  steps: [{stepId: x, operationId: add, outputs: {id: $response.body#/id}}]
  outputs: {id: $steps.x.outputs.id}
`
	r := s.run(doc, "", nil)
	s.ended(r, "main=success[inner=success add=success]")
	s.asked("POST /x", `POST /x {"fixed":true,"id":4}`)
	sameJSON(t, r.Workflows[0].Steps[0].Outputs, `{"raw":4}`)
	if len(r.Warnings) == 0 {
		t.Error("no warning")
	}
	s.runner.Strict = true
	if r, err := s.try(doc, "", nil); err == nil && r.Success() {
		t.Error("strictly it works too")
	}
}

// Secrets that the workflow itself puts into requests are hidden under other names too, as in the echo of a server.
func TestSecretsOfTheWorkflowAreHidden(t *testing.T) {
	s := newHandlerStage(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"heard": r.URL.RawQuery + " " + r.Header.Get("Authorization") + " " + r.Header.Get("Cookie"), "raw": string(body)})
	})
	s.files["api.yaml"] = openapi("post POST /x")
	var har, tape, text bytes.Buffer
	archive, lines := report.NewHAR(&har, "test"), report.NewText(&text, true)
	s.runner.Observer, s.runner.Record = runner.Observers(archive, lines), &tape
	r := s.run(head+`
- workflowId: main
  inputs: {type: object, properties: {apiKey: {type: string}, plain: {type: string}}}
  steps:
  - stepId: post
    operationId: post
    parameters:
    - {name: Authorization, in: header, value: 'Bearer bearer-{$inputs.plain}'}
    - {name: token, in: query, value: 'query-{$inputs.plain}'}
    - {name: session, in: cookie, value: 'cookie-{$inputs.plain}'}
    requestBody:
      contentType: application/json
      payload: {other: $inputs.apiKey, deep: [{password: 'body-{$inputs.plain}'}], open: $inputs.plain}
    outputs: {heard: $response.body}
`, "main", map[string]any{"apiKey": "key-of-mine", "plain": "seen"})
	s.ended(r, "main=success[post=success]")
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	for name, out := range map[string]string{"archive": har.String(), "recording": tape.String(), "text": text.String()} {
		for _, secret := range []string{"key-of-mine", "bearer-seen", "query-seen", "cookie-seen", "body-seen"} {
			if strings.Contains(out, secret) {
				t.Errorf("the %s shows %s:\n%s", name, secret, out)
			}
		}
		if !strings.Contains(out, "seen") {
			t.Errorf("the %s hides what is no secret:\n%s", name, out)
		}
	}
	if got := fmt.Sprint(r.Workflows[0].Steps[0].Outputs["heard"]); !strings.Contains(got, "bearer-seen") {
		t.Errorf("the outputs are masked: %s", got)
	}
}

// The answer to HEAD has the Content-Length of what GET would answer, and no body.
func TestHeadRequests(t *testing.T) {
	s := newHandlerStage(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "17")
		w.Header().Set("ETag", "v1")
	})
	s.files["api.yaml"] = openapi("look HEAD /x")
	r := s.run(head+`
- workflowId: main
  steps: [{stepId: look, operationId: look, outputs: {tag: $response.header.ETag, length: $response.header.Content-Length, body: $response.body}}]
`, "main", nil)
	s.ended(r, "main=success[look=success]")
	sameJSON(t, r.Workflows[0].Steps[0].Outputs, `{"tag":"v1","length":"17"}`)
}

var _ runner.Status
