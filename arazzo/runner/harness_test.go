package runner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/runner"
)

// stage is a server, a document and the files beside it.
type stage struct {
	*testing.T
	server *httptest.Server
	files  map[string]string // beside the document
	runner runner.Runner
	calls  *journal
	events []runner.Event
}

// journal keeps what a server was asked.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(format string, args ...any) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf(format, args...))
	return len(j.lines)
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string{}, j.lines...)
}

// reply is what a route of the test's server answers.
type reply struct {
	status int
	header map[string]string
	body   string
}

// newStage starts a server. Each route, "GET /pets/1", answers its replies one after the other, the last one for ever.
func newStage(t *testing.T, routes map[string][]reply) *stage {
	t.Helper()
	s := &stage{T: t, files: map[string]string{}, calls: &journal{}}
	counts := map[string]int{}
	var mu sync.Mutex
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		route := r.Method + " " + r.URL.Path
		line := route
		if r.URL.RawQuery != "" {
			line += "?" + r.URL.RawQuery
		}
		if len(body) > 0 {
			line += " " + string(body)
		}
		s.calls.add("%s", line)
		mu.Lock()
		list := routes[route]
		n := min(counts[route], len(list)-1)
		counts[route]++
		mu.Unlock()
		if len(list) == 0 {
			http.Error(w, "no route "+route, http.StatusNotFound)
			return
		}
		answer := list[n]
		for name, value := range answer.header {
			w.Header().Set(name, value)
		}
		if w.Header().Get("Content-Type") == "" {
			w.Header().Set("Content-Type", "application/json")
		}
		if answer.status == 0 {
			answer.status = 200
		}
		w.WriteHeader(answer.status)
		io.WriteString(w, answer.body)
	}))
	t.Cleanup(s.server.Close)
	s.prepare()
	return s
}

// newHandlerStage is newStage with a handler of the test's own.
func newHandlerStage(t *testing.T, h http.HandlerFunc) *stage {
	t.Helper()
	s := &stage{T: t, files: map[string]string{}, calls: &journal{}, server: httptest.NewServer(h)}
	t.Cleanup(s.server.Close)
	s.prepare()
	return s
}

const folder = "/documents"

func (s *stage) prepare() {
	s.runner.Loader.ReadFile = func(name string) ([]byte, error) {
		if text, found := s.files[strings.TrimPrefix(filepath.ToSlash(name), folder+"/")]; found {
			return []byte(text), nil
		}
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	s.runner.Observer = runner.ObserverFunc(func(e runner.Event) { s.events = append(s.events, e) })
	s.runner.Clock = &quickClock{now: time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)}
}

// document parses a document. SERVER stands for the server's URL in it and in the files.
func (s *stage) document(text string) *arazzo.Document {
	s.Helper()
	for name, file := range s.files {
		s.files[name] = strings.ReplaceAll(file, "SERVER", s.server.URL)
	}
	doc, findings := arazzo.Parse([]byte(strings.ReplaceAll(text, "SERVER", s.server.URL)), folder+"/flow.arazzo.yaml")
	if arazzo.HasErrors(findings) {
		s.Fatalf("parse: %v", findings)
	}
	return doc
}

// run runs a workflow, the first for "".
func (s *stage) run(text, workflow string, inputs map[string]any) *runner.Result {
	s.Helper()
	result, err := s.try(text, workflow, inputs)
	if err != nil {
		s.Fatalf("run: %v", err)
	}
	return result
}

func (s *stage) try(text, workflow string, inputs map[string]any) (*runner.Result, error) {
	s.Helper()
	s.events = nil
	ctx, cancel := context.WithTimeout(s.Context(), 30*time.Second)
	defer cancel()
	return s.runner.Run(ctx, s.document(text), workflow, inputs)
}

// asked compares what the server was asked.
func (s *stage) asked(want ...string) {
	s.Helper()
	if diff := cmp.Diff(append([]string{}, want...), s.calls.all()); diff != "" {
		s.Errorf("requests (-want +got):\n%s", diff)
	}
}

// summary is a result in one line: workflow=status[step=status*attempts …].
func summary(r *runner.Result) string {
	var all []string
	for _, w := range r.Workflows {
		var steps []string
		for _, st := range w.Steps {
			text := st.StepID + "=" + string(st.Status)
			if st.Attempts != 1 {
				text += fmt.Sprintf("*%d", st.Attempts)
			}
			steps = append(steps, text)
		}
		all = append(all, fmt.Sprintf("%s=%s[%s]", w.WorkflowID, w.Status, strings.Join(steps, " ")))
	}
	return strings.Join(all, " ")
}

func (s *stage) ended(r *runner.Result, want string) {
	s.Helper()
	if got := summary(r); got != want {
		reasons := ""
		for _, w := range r.Workflows {
			reasons += "\n" + w.WorkflowID + ": " + w.Reason
		}
		s.Errorf("ended\n %s, want\n %s%s", got, want, reasons)
	}
}

// outputs compares the outputs of the result's last workflow with JSON.
func (s *stage) outputs(r *runner.Result, want string) {
	s.Helper()
	sameJSON(s, r.Workflows[len(r.Workflows)-1].Outputs, want)
}

func sameJSON(t testing.TB, got any, want string) {
	t.Helper()
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var g, w any
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("the test's own JSON: %v", err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}

func warned(r *runner.Result, rule string) bool {
	for _, f := range r.Warnings {
		if f.Rule == rule {
			return true
		}
	}
	return false
}

// quickClock jumps to the end of each wait and adds up how long that was.
type quickClock struct {
	mu    sync.Mutex
	now   time.Time
	waits []time.Duration
}

func (c *quickClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *quickClock) After(d time.Duration) (<-chan time.Time, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.waits = append(c.waits, d)
	ch := make(chan time.Time, 1)
	ch <- c.now
	return ch, func() {}
}

// head is the beginning of most documents; the API is in api.yaml.
const head = `arazzo: 1.0.1
info: {title: Test, version: 1.0.0}
sourceDescriptions:
- {name: api, url: api.yaml, type: openapi}
workflows:
`

// head11 is head of 1.1.
const head11 = `arazzo: 1.1.0
info: {title: Test, version: 1.0.0}
sourceDescriptions:
- {name: api, url: api.yaml, type: openapi}
workflows:
`

// openapi makes a description of operations "operationId METHOD /path".
func openapi(operations ...string) string {
	paths := map[string]map[string]any{}
	for _, line := range operations {
		f := strings.Fields(line)
		if paths[f[2]] == nil {
			paths[f[2]] = map[string]any{}
		}
		paths[f[2]][strings.ToLower(f[1])] = map[string]any{"operationId": f[0], "responses": map[string]any{"default": map[string]any{"description": "any"}}}
	}
	text, _ := json.Marshal(map[string]any{
		"openapi": "3.1.0", "info": map[string]any{"title": "API", "version": "1"}, "servers": []any{map[string]any{"url": "SERVER"}}, "paths": paths,
	})
	return string(text)
}
