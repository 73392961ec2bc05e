package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/report"
	"github.com/headgate/headgate/arazzo/runner"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got), rewrite it with -update:\n%s", name, diff)
	}
}

var began = time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)

// result is a run of three workflows: one that succeeds with a sub-workflow and a retry, one that fails, one that was not run.
func result() *runner.Result {
	inner := &runner.WorkflowResult{
		WorkflowID: "login", Status: runner.Success, Outputs: map[string]any{"token": "t"}, Started: began, Duration: 12 * time.Millisecond, Document: "flow.yaml",
		Steps: []*runner.StepResult{{StepID: "post", Status: runner.Success, Attempts: 1, Outputs: map[string]any{"token": "t"}, StatusCode: 200, Line: 30, Duration: 11 * time.Millisecond}},
	}
	return &runner.Result{
		Started: began, Duration: 3 * time.Second,
		Warnings: []arazzo.Finding{
			{Rule: "lenient-jsonpath-comparison", Severity: arazzo.SeverityWarning, Message: "not RFC 9535", Line: 9, Column: 5, Hint: "write $[?@.a]"},
			{Rule: "source-note", Severity: arazzo.SeverityInfo, Message: "a note", Line: 1, Column: 1},
		},
		Workflows: []*runner.WorkflowResult{
			{WorkflowID: "buy", Status: runner.Success, Started: began, Duration: 2500 * time.Millisecond, Document: "flow.yaml", Outputs: map[string]any{"order": json.Number("41"), "who": "<Ann> & co"},
				Steps: []*runner.StepResult{
					{StepID: "login", Status: runner.Success, Attempts: 1, Outputs: map[string]any{}, Line: 8, Duration: 12 * time.Millisecond, Workflow: inner},
					{StepID: "order", Status: runner.Success, Attempts: 3, Outputs: map[string]any{"id": json.Number("41")}, StatusCode: 201, Line: 12, Duration: 2400 * time.Millisecond},
				}},
			{WorkflowID: "check", Status: runner.Failure, Started: began, Duration: 90 * time.Second, Outputs: map[string]any{}, Reason: "step get failed: the condition $statusCode == 200 does not hold: got 404",
				Steps: []*runner.StepResult{{StepID: "get", Status: runner.Failure, Attempts: 1, Outputs: map[string]any{}, StatusCode: 404, Line: 20, Duration: 90 * time.Second,
					Reason: "the condition $statusCode == 200 does not hold: got 404\x00", Hint: "is it there?"}}},
			{WorkflowID: "after", Status: runner.Failure, Started: began, Outputs: map[string]any{}, Steps: []*runner.StepResult{}, Reason: "it was not run: it depends on workflow check, which failed"},
		},
	}
}

// story are the events of a run like that of result.
func story() []runner.Event {
	r := result()
	at := func(run, depth int, workflow, step string, attempt int, ms int) runner.Origin {
		return runner.Origin{Time: began.Add(time.Duration(ms) * time.Millisecond), Run: run, WorkflowID: workflow, StepID: step, Attempt: attempt, Depth: depth}
	}
	buy, check := r.Workflows[0], r.Workflows[1]
	jsonType := http.Header{"Content-Type": {"application/json"}}
	return []runner.Event{
		runner.WorkflowStarted{Origin: at(1, 0, "buy", "", 0, 0), Summary: "Buy a pet", Steps: []string{"login", "order"}},
		runner.StepStarted{Origin: at(1, 0, "buy", "login", 0, 1), Operation: "workflow login"},
		runner.WorkflowStarted{Origin: at(2, 1, "login", "", 0, 1), Steps: []string{"post"}},
		runner.StepStarted{Origin: at(2, 1, "login", "post", 0, 2), Operation: "POST /login"},
		runner.RequestSent{Origin: at(2, 1, "login", "post", 1, 2), Exchange: 1, Method: "POST", URL: "https://api.example.com/login?v=2&q=a%20b",
			Header: http.Header{"Authorization": {"Basic ***"}, "Content-Type": {"application/x-www-form-urlencoded"}, "Cookie": {"a=1"}}, Body: []byte("name=me&password=***"), Security: []string{"basic"}},
		runner.ResponseReceived{Origin: at(2, 1, "login", "post", 1, 12), Exchange: 1, Proto: "HTTP/2.0", StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}, "Set-Cookie": {"s=***; Path=/; HttpOnly"}},
			Body: []byte(`{"token":"***"}`), FirstByte: 9 * time.Millisecond, Duration: 10 * time.Millisecond},
		runner.CriterionEvaluated{Origin: at(2, 1, "login", "post", 1, 12), Condition: "$statusCode == 200", Passed: true},
		runner.StepEnded{Origin: at(2, 1, "login", "post", 0, 12), Result: buy.Steps[0].Workflow.Steps[0]},
		runner.WorkflowEnded{Origin: at(2, 1, "login", "", 0, 13), Result: buy.Steps[0].Workflow},
		runner.StepEnded{Origin: at(1, 0, "buy", "login", 0, 13), Result: buy.Steps[0]},
		runner.StepStarted{Origin: at(1, 0, "buy", "order", 0, 14), Operation: "POST /orders"},
		runner.RequestSent{Origin: at(1, 0, "buy", "order", 1, 14), Exchange: 2, Method: "POST", URL: "https://api.example.com/orders", Header: jsonType, Body: []byte(`{"pet":7}`)},
		runner.ResponseReceived{Origin: at(1, 0, "buy", "order", 1, 20), Exchange: 2, Err: errors.New("connection reset"), Duration: 6 * time.Millisecond},
		runner.ActionTaken{Origin: at(1, 0, "buy", "order", 1, 20), Name: "again", Type: "retry"},
		runner.RetryWaiting{Origin: at(1, 0, "buy", "order", 1, 20), Action: "again", Retry: 1, Limit: 5, Delay: 1200 * time.Millisecond, ByServer: true, Reason: "connection reset"},
		runner.RequestSent{Origin: at(1, 0, "buy", "order", 3, 2300), Exchange: 3, Method: "POST", URL: "https://api.example.com/orders", Header: jsonType, Body: []byte(`{"pet":7}`)},
		runner.ResponseReceived{Origin: at(1, 0, "buy", "order", 3, 2310), Exchange: 3, Proto: "HTTP/1.1", StatusCode: 201, Header: http.Header{"Content-Type": {"application/octet-stream"}, "Location": {"/orders/41"}}, Body: []byte{0xff, 0}, Duration: 10 * time.Millisecond},
		runner.MessageSent{Origin: at(1, 0, "buy", "order", 3, 2311), Channel: "orders", Protocol: "kafka", Payload: map[string]any{"id": json.Number("41")}},
		runner.MessageReceived{Origin: at(1, 0, "buy", "order", 3, 2312), Channel: "orders", Payload: "ok \x1b[2J", Waited: time.Millisecond},
		runner.ActionTaken{Origin: at(1, 0, "buy", "order", 3, 2312), Name: "done", Type: "goto", Target: "login"},
		runner.StepEnded{Origin: at(1, 0, "buy", "order", 0, 2400), Result: buy.Steps[1]},
		runner.WorkflowEnded{Origin: at(1, 0, "buy", "", 0, 2500), Result: buy},
		runner.WorkflowStarted{Origin: at(3, 0, "check", "", 0, 2500), Steps: []string{"get"}},
		runner.StepStarted{Origin: at(3, 0, "check", "get", 0, 2500), Operation: "GET /orders/{id}"},
		runner.CriterionEvaluated{Origin: at(3, 0, "check", "get", 1, 2500), Condition: "$statusCode == 200", Reason: "got 404"},
		runner.StepEnded{Origin: at(3, 0, "check", "get", 0, 92500), Result: check.Steps[0]},
		runner.WorkflowEnded{Origin: at(3, 0, "check", "", 0, 92500), Result: check},
		runner.WorkflowEnded{Origin: at(0, 0, "after", "", 0, 92500), Result: r.Workflows[2]},
		runner.Warned{Finding: r.Warnings[0]},
	}
}

func TestText(t *testing.T) {
	for name, verbose := range map[string]bool{"text.golden": false, "verbose.golden": true} {
		var b bytes.Buffer
		text := report.NewText(&b, verbose)
		for _, e := range story() {
			text.Observe(e)
		}
		text.Summary(result())
		golden(t, name, b.Bytes())
	}
}

func TestTextOfADryRun(t *testing.T) {
	var b bytes.Buffer
	text := report.NewText(&b, false)
	text.Observe(runner.RequestSent{Origin: runner.Origin{StepID: "get"}, Method: "PUT", URL: "https://x/{$steps.a.outputs.id}", Header: http.Header{"X-A": {"1"}}, Body: []byte("{}"), Security: []string{"sigv4"}, DryRun: true})
	golden(t, "dryrun.golden", b.Bytes())
}

// The JSON is what scripts rely on: nothing less, nothing more.
func TestJSONIsTheContract(t *testing.T) {
	var b bytes.Buffer
	if err := report.JSON(&b, result()); err != nil {
		t.Fatal(err)
	}
	golden(t, "result.json", b.Bytes())
	b.Reset()
	if err := report.JSON(&b, &runner.Result{}); err != nil || strings.Join(strings.Fields(b.String()), "") != `{"workflows":[]}` {
		t.Errorf("an empty result is %s, %v", b.String(), err)
	}
}

func TestJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := report.JUnit(&b, "flow.yaml", result()); err != nil {
		t.Fatal(err)
	}
	golden(t, "junit.xml", b.Bytes())
	var back struct {
		Tests  int `xml:"tests,attr"`
		Suites []struct {
			Tests int `xml:"tests,attr"`
			Cases []struct {
				Name string `xml:"name,attr"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if len(back.Suites) != 3 || back.Tests != 5 || back.Suites[0].Tests != len(back.Suites[0].Cases) {
		t.Errorf("read back: %+v", back)
	}
}

func TestHAR(t *testing.T) {
	var b bytes.Buffer
	har := report.NewHAR(&b, "1.2.3")
	for _, e := range story() {
		har.Observe(e)
	}
	if err := har.Close(); err != nil {
		t.Fatal(err)
	}
	golden(t, "run.har", b.Bytes())
	var back struct {
		Log struct {
			Version string
			Creator struct{ Name, Version string }
			Entries []map[string]any
		}
	}
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if back.Log.Version != "1.2" || len(back.Log.Entries) != 3 {
		t.Errorf("read back: version %s, %d entries", back.Log.Version, len(back.Log.Entries))
	}
	for _, e := range back.Log.Entries { // what HAR 1.2 demands of an entry
		for _, field := range []string{"startedDateTime", "time", "request", "response", "cache", "timings"} {
			if _, found := e[field]; !found {
				t.Errorf("an entry lacks %s", field)
			}
		}
	}
}

func TestHARTellsThatItCouldNotBeWritten(t *testing.T) {
	har := report.NewHAR(broken{}, "1")
	if err := har.Close(); err == nil {
		t.Error("no error")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }
