package bench

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/runner"
)

const (
	arazzoRounds   = 9
	arazzoSteps    = 4_000 // of a round
	arazzoEndurant = 100_000
)

const arazzoAPI = `{"openapi":"3.1.0","info":{"title":"bench","version":"1"},"servers":[{"url":%q}],"paths":{
	"/items":{"post":{"operationId":"add","requestBody":{"content":{"application/json":{}}},"responses":{"201":{"description":"ok"}}}},
	"/items/{id}":{"get":{"operationId":"get","parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"integer"}}],"responses":{"200":{"description":"ok"}}}}}}`

// arazzoDocument adds an item and gets it back, again and again until the server says that it is the last.
const arazzoDocument = `
arazzo: 1.0.1
info: {title: bench, version: "1"}
sourceDescriptions: [{name: api, url: /api.json, type: openapi}]
workflows:
- workflowId: items
  inputs: {type: object, properties: {name: {type: string}}}
  steps:
  - stepId: add
    operationId: add
    requestBody: {contentType: application/json, payload: {name: $inputs.name, tags: [a, b], previous: $steps.get.outputs.id}}
    successCriteria: [{condition: $statusCode == 201}]
    outputs: {id: $response.body#/id}
  - stepId: get
    operationId: get
    parameters: [{name: id, in: path, value: $steps.add.outputs.id}]
    successCriteria: [{condition: $statusCode == 200}, {condition: $response.body#/name == 'bench'}]
    outputs: {id: $response.body#/id, last: $response.body#/last}
    onSuccess: [{name: more, type: goto, stepId: add, criteria: [{condition: $response.body#/last == false}]}]
  outputs: {id: $steps.get.outputs.id}
`

// itemServer answers both operations; after most items it says that the last one is there.
type itemServer struct {
	added atomic.Int64
	most  atomic.Int64
}

func (s *itemServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.Method == http.MethodPost {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"id":%d,"state":"new"}`, s.added.Add(1))
		return
	}
	n, err := strconv.ParseInt(r.URL.Path[len("/items/"):], 10, 64)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, `{"id":%d,"name":"bench","tags":["a","b"],"last":%t}`, n, n >= s.most.Load())
}

func (s *itemServer) restart(items int) {
	s.added.Store(0)
	s.most.Store(int64(items))
}

// arazzoBench is a server, and a runner for the document against it.
type arazzoBench struct {
	b      *testing.B
	items  *itemServer
	server *httptest.Server
	runner *runner.Runner
	doc    *arazzo.Document
	client *http.Client // the same for both sides
}

func newArazzoBench(b *testing.B) *arazzoBench {
	a := &arazzoBench{b: b, items: &itemServer{}, client: runner.NewClient(false)}
	a.server = httptest.NewServer(a.items)
	b.Cleanup(a.server.Close)
	a.runner = &runner.Runner{Client: a.client}
	a.runner.Loader.ReadFile = func(string) ([]byte, error) { return fmt.Appendf(nil, arazzoAPI, a.server.URL), nil }
	doc, findings := arazzo.Parse([]byte(arazzoDocument), "/items.arazzo.yaml")
	if arazzo.HasErrors(findings) {
		b.Fatal(findings)
	}
	a.doc = doc
	return a
}

// run makes steps steps and returns how long they took.
func (a *arazzoBench) run(steps int) time.Duration {
	a.items.restart(steps / 2)
	began := time.Now()
	result, err := a.runner.Run(a.b.Context(), a.doc, "items", map[string]any{"name": "bench"})
	if err != nil {
		a.b.Fatal(err)
	}
	took := time.Since(began)
	if w := result.Workflows[0]; w.Status != runner.Success || fmt.Sprint(w.Outputs["id"]) != strconv.Itoa(steps/2) || w.Step("get").Attempts != steps/2 {
		a.b.Fatalf("the workflow is a %s with %v: %s", w.Status, w.Outputs, w.Reason)
	}
	return took
}

// bare makes the same requests without reading more into them than their bytes.
func (a *arazzoBench) bare(steps int) time.Duration {
	a.items.restart(steps / 2)
	began := time.Now()
	for i := range steps / 2 {
		payload := fmt.Appendf(nil, `{"name":"bench","previous":%d,"tags":["a","b"]}`, i)
		a.send(http.MethodPost, "/items", payload, http.StatusCreated)
		a.send(http.MethodGet, "/items/"+strconv.Itoa(i+1), nil, http.StatusOK)
	}
	return time.Since(began)
}

func (a *arazzoBench) send(method, path string, payload []byte, want int) {
	req, err := http.NewRequestWithContext(a.b.Context(), method, a.server.URL+path, bytes.NewReader(payload))
	if err != nil {
		a.b.Fatal(err)
	}
	if payload == nil {
		req.Body = nil
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := a.client.Do(req)
	if err != nil {
		a.b.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != want {
		a.b.Fatal(resp.Status, err)
	}
}

// BenchmarkArazzoSteps compares the steps that a workflow makes in a second with the same requests of a bare client.
func BenchmarkArazzoSteps(b *testing.B) {
	a := newArazzoBench(b)
	a.run(500)
	a.bare(500)
	for b.Loop() {
		var rates, bares, ratios []float64
		for range arazzoRounds {
			r := arazzoSteps / a.run(arazzoSteps).Seconds()
			l := arazzoSteps / a.bare(arazzoSteps).Seconds()
			rates, bares, ratios = append(rates, r), append(bares, l), append(ratios, r/l)
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(median(rates), "steps/s")
		b.ReportMetric(median(ratios), "ratio")
		b.Logf("%.0f steps/s, a bare client %.0f requests/s: ratio %.2f (goal 0.7), median of %d rounds; load average %s",
			median(rates), median(bares), median(ratios), arazzoRounds, loadAverage())
	}
}

// BenchmarkArazzoMemory runs a hundred thousand steps in one workflow and compares the live heap early in it with that at its end.
func BenchmarkArazzoMemory(b *testing.B) {
	a := newArazzoBench(b)
	for b.Loop() {
		var early, late float64
		steps := 0
		a.runner.Observer = runner.ObserverFunc(func(e runner.Event) {
			if _, ended := e.(runner.StepEnded); !ended {
				return
			}
			switch steps++; steps {
			case arazzoEndurant / 20:
				early = liveHeap()
			case arazzoEndurant - 1:
				late = liveHeap()
			}
		})
		a.run(arazzoEndurant)
		a.runner.Observer = nil
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(late, "heap-MB")
		b.ReportMetric(late/early, "growth")
		b.Logf("live heap %.1f MB after %d steps, %.1f MB after %d: growth %.2f (goal 1.1)", early, arazzoEndurant/20, late, arazzoEndurant, late/early)
	}
}

// liveHeap is what is reachable, in megabytes.
func liveHeap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}
