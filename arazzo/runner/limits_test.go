package runner_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/arazzo/runner"
	"github.com/headgate/headgate/arazzo/source"
)

const forever = head + `
- workflowId: main
  steps:
  - {stepId: a, operationId: x}
  - {stepId: b, operationId: x, onSuccess: [{name: back, type: goto, stepId: a}]}
`

func TestGotoLoopWithoutProgressEnds(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /x": {{body: "{}"}}})
	s.files["api.yaml"] = openapi("x GET /x")
	s.runner.Limits = runner.Limits{Loops: 50}
	r := s.run(forever, "", nil)
	if r.Success() || !strings.Contains(r.Workflows[0].Reason, "without progress") {
		t.Errorf("%s: %s", summary(r), r.Workflows[0].Reason)
	}
	if n := len(s.calls.all()); n != 102 {
		t.Errorf("%d requests", n)
	}
}

func TestStepsAreLimited(t *testing.T) {
	n := 0
	s := newHandlerStage(t, func(w http.ResponseWriter, r *http.Request) { n++; fmt.Fprint(w, n) })
	s.files["api.yaml"] = openapi("x GET /x")
	s.runner.Limits = runner.Limits{Steps: 25, Loops: 3}
	r := s.run(forever, "", nil)
	if r.Success() || !strings.Contains(r.Workflows[0].Reason, "more than 25 steps") || n != 25 {
		t.Errorf("%d requests: %s", n, r.Workflows[0].Reason)
	}
}

func TestRetriesAreLimited(t *testing.T) {
	for _, c := range []struct{ name, action, header, want string }{
		{"number", "retryLimit: 2000000000", "", "the limit is 100"},
		{"wait of the document", "retryLimit: 5, retryAfter: 1e300", "", "the limit is 1h"},
		{"wait of the answer", "retryLimit: 5", "99999999999", "the limit is 1h"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, map[string][]reply{"GET /job": {{status: 503, body: "{}", header: map[string]string{"Retry-After": c.header}}}})
			s.files["api.yaml"] = pollAPI
			s.runner.Limits = runner.Limits{Retries: 100, Wait: time.Hour}
			r := s.run(retryDocument(c.action, ""), "", nil)
			if r.Success() || !strings.Contains(r.Workflows[0].Reason, c.want) {
				t.Errorf("%s: %s", summary(r), r.Workflows[0].Reason)
			}
			if n := len(s.calls.all()); n > 101 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestRetriesOfEachOtherAreLimited(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /x": {{status: 503}}})
	s.files["api.yaml"] = openapi("x GET /x")
	r := s.run(head+`
- workflowId: main
  steps:
  - {stepId: a, operationId: x, onFailure: [{name: n, type: retry, stepId: b, retryLimit: 100}]}
  - {stepId: b, operationId: x, onFailure: [{name: n, type: retry, stepId: a, retryLimit: 100}]}
`, "", nil)
	if r.Success() || !strings.Contains(r.Workflows[0].Reason, "deep") {
		t.Errorf("%s: %s", summary(r), r.Workflows[0].Reason)
	}
}

func TestAnswersAreLimited(t *testing.T) {
	for _, chunked := range []bool{true, false} {
		s := newHandlerStage(t, func(w http.ResponseWriter, r *http.Request) {
			if !chunked {
				w.Header().Set("Content-Length", "2000")
			}
			for range 20 {
				fmt.Fprint(w, strings.Repeat("x", 100))
				w.(http.Flusher).Flush()
			}
		})
		s.files["api.yaml"] = openapi("x GET /x")
		s.runner.Limits = runner.Limits{Body: 1000}
		r := s.run(head+"- {workflowId: main, steps: [{stepId: a, operationId: x}]}\n", "", nil)
		if r.Success() || !strings.Contains(r.Workflows[0].Reason, "limit of 1000 bytes") {
			t.Errorf("%s: %s", summary(r), r.Workflows[0].Reason)
		}
	}
}

func TestLinkLocalAndOtherSchemesAreRefused(t *testing.T) {
	for _, server := range []string{
		"http://169.254.169.254/latest", "http://[fe80::1]:80", "http://metadata.google.internal", "file:///etc", "ftp://example.com", "http://[::ffff:169.254.169.254]",
	} {
		s := newStage(t, nil)
		s.files["api.yaml"] = openapi("x GET /x")
		s.runner.Servers = map[string]string{"api": server}
		asked := 0
		s.runner.Client = doer(func(*http.Request) (*http.Response, error) { asked++; return nil, http.ErrAbortHandler })
		r, err := s.try(head+"- {workflowId: main, steps: [{stepId: a, operationId: x, onFailure: [{name: n, type: retry, retryLimit: 9}]}]}\n", "", nil)
		if err == nil && r.Success() || asked > 0 {
			t.Errorf("%s: %v, asked %d times", server, err, asked)
		}
	}
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

var _ source.Doer = doer(nil)

// A name that resolves to a link-local address gets no further than the connection.
func TestClientRefusesLinkLocalAddresses(t *testing.T) {
	req, _ := http.NewRequest("GET", "http://169.254.1.1/", nil)
	if _, err := runner.NewClient(false).Do(req); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("error %v", err)
	}
}

func TestSourcesOfOtherOriginsAreRefused(t *testing.T) {
	for _, url := range []string{"file:///etc/passwd", "http://169.254.169.254/api.yaml", "https://elsewhere.example.com/api.yaml"} {
		s := newStage(t, nil)
		_, err := s.try(strings.Replace(head, "api.yaml", url, 1)+"- {workflowId: main, steps: [{stepId: a, operationId: x}]}\n", "", nil)
		if err == nil {
			t.Errorf("%s was read", url)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /x": {{status: 302, header: map[string]string{"Location": "/secret"}}}})
	s.files["api.yaml"] = openapi("x GET /x")
	r := s.run(head+`
- {workflowId: main, steps: [{stepId: a, operationId: x, successCriteria: [{condition: $statusCode == 302}], outputs: {to: $response.header.Location}}]}
`, "", nil)
	s.ended(r, "main=success[a=success]")
	s.asked("GET /x")
}

// Steps keep no more than their last result: 20,000 of them take as much memory as 2,000.
func TestMemoryDoesNotGrowWithSteps(t *testing.T) {
	n := 0
	s := newHandlerStage(t, nil)
	s.runner.Client = doer(func(r *http.Request) (*http.Response, error) {
		n++
		rec := &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: http.NoBody}
		rec.Body = body(fmt.Sprintf(`{"n":%d,"pad":%q}`, n, strings.Repeat("x", 2000)))
		return rec, nil
	})
	s.files["api.yaml"] = openapi("x GET /x")
	s.runner.Observer = nil
	var heap [2]uint64
	for i, most := range []int{2_000, 20_000} {
		n = 0
		doc := s.document(head + fmt.Sprintf(`
- workflowId: main
  steps:
  - stepId: a
    operationId: x
    outputs: {all: $response.body}
    onSuccess: [{name: more, type: goto, stepId: a, criteria: [{condition: $response.body#/n < %d}]}]
`, most))
		var peak uint64
		s.runner.Observer = runner.ObserverFunc(func(e runner.Event) {
			if _, ok := e.(runner.StepEnded); ok && n%500 == 0 {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
		})
		r, err := s.runner.Run(t.Context(), doc, "", nil)
		if err != nil || !r.Success() || r.Workflows[0].Steps[0].Attempts != most {
			t.Fatalf("%v %s", err, summary(r))
		}
		heap[i] = peak
	}
	if heap[1] > heap[0]+2<<20 {
		t.Errorf("heap of %d bytes after 20,000 steps, %d after 2,000", heap[1], heap[0])
	}
}

func TestDocumentsAreLimited(t *testing.T) {
	s := newStage(t, nil)
	for i := range 10 {
		s.files[fmt.Sprintf("f%d.yaml", i)] = fmt.Sprintf(`
arazzo: 1.0.1
info: {title: T, version: "1"}
sourceDescriptions: [{name: next, url: f%d.yaml, type: arazzo}]
workflows: [{workflowId: w, steps: [{stepId: s, workflowId: $sourceDescriptions.next.w}]}]
`, i+1)
	}
	s.runner.Limits = runner.Limits{Documents: 5}
	_, err := s.try(s.files["f0.yaml"], "", nil)
	if err == nil || !strings.Contains(err.Error(), "more than 5 documents") {
		t.Errorf("error %v", err)
	}
}

// Two documents may name each other; only workflows that run each other for ever are stopped.
func TestDocumentsThatNameEachOther(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /x": {{body: "{}"}}})
	s.files["api.yaml"] = openapi("x GET /x")
	other := `
arazzo: 1.0.1
info: {title: T, version: "1"}
sourceDescriptions: [{name: api, url: api.yaml, type: openapi}, {name: other, url: %s, type: arazzo}]
workflows:
- {workflowId: w, steps: [{stepId: s, workflowId: $sourceDescriptions.other.leaf}]}
- {workflowId: leaf, steps: [{stepId: x, operationId: $sourceDescriptions.api.x}]}
`
	s.files["b.yaml"] = fmt.Sprintf(other, "flow.arazzo.yaml")
	s.files["flow.arazzo.yaml"] = fmt.Sprintf(other, "b.yaml")
	s.ended(s.run(s.files["flow.arazzo.yaml"], "w", nil), "w=success[s=success]")
}

func TestMessagesAreLimited(t *testing.T) {
	s, bus := busStage(t, nil)
	s.runner.Limits = runner.Limits{Messages: 10}
	s.runner.Client = doer(func(*http.Request) (*http.Response, error) {
		for i := range 1000 {
			bus.Publish("confirm-order", runner.Message{Payload: fmt.Appendf(nil, `{"orderId":%d}`, i)})
		}
		bus.Publish("place-order", runner.Message{})
		time.Sleep(50 * time.Millisecond) // the runner takes them meanwhile
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body("")}, nil
	})
	r := s.run(asyncHead+`
- workflowId: main
  steps:
  - {stepId: flood, operationId: $sourceDescriptions.api.go}
  - {stepId: take, operationId: $sourceDescriptions.orders.confirmOrder, action: receive, timeout: 1000, outputs: {id: $message.payload#/orderId}}
`, "", nil)
	s.ended(r, "main=success[flood=success take=success]")
	if id := fmt.Sprint(r.Workflows[0].Steps[1].Outputs["id"]); id != "990" {
		t.Errorf("the oldest message that was kept is %s", id)
	}
}
