package runner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/runner"
	"pgregory.net/rapid"
)

// The differential tests run one document with this runner and with the engine of libopenapi against the same server, and compare what the
// server was asked, which workflows succeeded, and the outputs. They stay within what both support: that engine has no && and ||, no
// operationPath, no retry that gives way to later actions, no outputs of failed steps and workflows, and counts retries over all visits of a step.

// scripted answers each path's statuses in turn; every answer has a body with what it was asked.
type scripted struct {
	statuses map[string][]int
	counts   map[string]int
	log      []string
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	list := s.statuses[r.URL.Path]
	n := min(s.counts[r.URL.Path], len(list)-1)
	s.counts[r.URL.Path]++
	s.log = append(s.log, fmt.Sprintf("%s %s %s", r.Method, r.URL, body))
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Served", fmt.Sprint(len(s.log)))
	w.WriteHeader(list[n])
	fmt.Fprintf(w, `{"path":%q,"n":%d,"list":[{"id":"i%d"}]}`, r.URL.Path, s.counts[r.URL.Path], n)
}

func (s *scripted) restart() []string {
	log := s.log
	s.log, s.counts = nil, map[string]int{}
	return log
}

// oracle is libopenapi's engine in a process of its own: testdata/oracle says why.
type oracle struct {
	in  *json.Encoder
	out *json.Decoder
}

type oracleAnswer struct {
	Error     string
	Workflows []struct {
		ID, Error string
		Success   bool
		Outputs   map[string]any
	}
}

// startOracle builds and starts it; the test is skipped where its modules cannot be had.
func startOracle(t *testing.T) *oracle {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "oracle")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir = filepath.Join("testdata", "oracle")
	build.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		for _, sign := range []string{"dial tcp", "no such host", "Forbidden", "GOPROXY=off", "i/o timeout"} {
			if strings.Contains(string(out), sign) {
				t.Skipf("the oracle's modules cannot be had: %s", out)
			}
		}
		t.Fatalf("build the oracle: %v\n%s", err, out)
	}
	run := exec.Command(binary)
	stdin, err := run.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); run.Wait() })
	return &oracle{json.NewEncoder(stdin), json.NewDecoder(stdout)}
}

func (o *oracle) ask(doc, server string, inputs map[string]map[string]any) (a oracleAnswer, err error) {
	if err = o.in.Encode(map[string]any{"Document": doc, "Server": server, "Inputs": inputs}); err == nil {
		err = o.out.Decode(&a)
	}
	return a, err
}

const operations = 5

// script is a random document, and what the server answers.
type script struct {
	doc      string
	statuses map[string][]int
}

func drawScript(t *rapid.T) script {
	s := script{statuses: map[string][]int{}}
	var b strings.Builder
	b.WriteString(head)
	n := rapid.IntRange(1, 3).Draw(t, "workflows")
	// That engine does not run what a sub-workflow depends on, so there is the one or the other.
	depends := rapid.Bool().Draw(t, "dependsOn rather than sub-workflows")
	for w := range n {
		drawWorkflow(t, &b, w, n, depends)
	}
	for i := range operations {
		s.statuses[fmt.Sprintf("/op%d", i)] = rapid.SliceOfN(rapid.SampledFrom([]int{200, 200, 201, 404, 503}), 1, 4).Draw(t, "statuses")
	}
	s.doc = b.String()
	return s
}

func drawWorkflow(t *rapid.T, b *strings.Builder, w, n int, depends bool) {
	fmt.Fprintf(b, "- workflowId: w%d\n  inputs: {type: object, properties: {name: {type: string}}}\n", w)
	if depends && w+1 < n && rapid.Bool().Draw(t, "depends") {
		fmt.Fprintf(b, "  dependsOn: [w%d]\n", w+1)
	}
	b.WriteString("  steps:\n")
	steps := rapid.IntRange(1, 4).Draw(t, "steps")
	for i := range steps {
		next := ""
		if !depends && i > 0 && w+1 < n {
			next = fmt.Sprintf("w%d", w+1)
		}
		drawStep(t, b, next, i, steps)
	}
	b.WriteString("  outputs:\n    first: $steps.s0.outputs.path\n    n: $steps.s0.outputs.n\n    id: $steps.s0.outputs.id\n    served: $steps.s0.outputs.served\n")
}

// drawStep draws step i of steps; sub is a workflow that it may run.
func drawStep(t *rapid.T, b *strings.Builder, sub string, i, steps int) {
	fmt.Fprintf(b, "  - stepId: s%d\n", i)
	if sub != "" && rapid.IntRange(0, 3).Draw(t, "sub") == 0 {
		fmt.Fprintf(b, "    workflowId: %s\n    parameters: [{name: name, value: sub}]\n", sub)
	} else {
		fmt.Fprintf(b, "    operationId: op%d\n", rapid.IntRange(0, operations-1).Draw(t, "op"))
		if rapid.Bool().Draw(t, "parameter") {
			b.WriteString("    parameters: [{name: name, in: query, value: $inputs.name}, {name: fixed, in: query, value: 7}]\n")
		}
		if rapid.Bool().Draw(t, "body") {
			b.WriteString("    requestBody: {contentType: application/json, payload: {name: $inputs.name, hello: \"hi {$inputs.name}\", list: [1, true, null]}}\n")
		}
		criteria := rapid.SampledFrom([]string{
			"{condition: $statusCode == 200}", "{condition: $statusCode < 300}", "{condition: $statusCode != 503}, {condition: $response.body#/list/0/id != 'i9'}",
			"{context: $statusCode, condition: '^20', type: regex}", "{condition: $statusCode <= 404}, {context: $response.body, condition: '$.list[?@.id == \"i0\"]', type: jsonpath}",
		}).Draw(t, "criteria")
		fmt.Fprintf(b, "    successCriteria: [%s]\n", criteria)
		b.WriteString("    outputs: {path: $response.body#/path, n: $response.body#/n, id: $response.body#/list/0/id, served: $response.header.X-Served}\n")
	}
	target := ""
	if i+1 < steps {
		target = fmt.Sprintf("s%d", rapid.IntRange(i+1, steps-1).Draw(t, "target"))
	}
	if success := rapid.SampledFrom([]string{"", "", "end", "goto", "never"}).Draw(t, "onSuccess"); success != "" && (success != "goto" || target != "") {
		fmt.Fprintf(b, "    onSuccess: [%s]\n", drawAction(success, target))
	}
	if failure := rapid.SampledFrom([]string{"", "end", "goto", "retry", "retry", "never"}).Draw(t, "onFailure"); failure != "" && (failure != "goto" || target != "" && i > 0) {
		fmt.Fprintf(b, "    onFailure: [%s]\n", drawAction(failure, target))
	}
}

func drawAction(kind, target string) string {
	switch kind {
	case "goto":
		return "{name: a, type: goto, stepId: " + target + "}"
	case "retry":
		return "{name: a, type: retry, retryAfter: 0, retryLimit: 2}"
	case "never":
		return "{name: a, type: end, criteria: [{condition: $inputs.name == 'nobody'}]}"
	}
	return "{name: a, type: end}"
}

// compareRuns runs all workflows of the script with both.
func compareRuns(t *rapid.T, o *oracle, server *scripted, base string, s script) {
	server.statuses = s.statuses
	server.restart()
	inputs := map[string]any{"name": "Ann"}

	byID := map[string]map[string]any{"w0": inputs, "w1": inputs, "w2": inputs}
	theirs, err := o.ask(s.doc, base, byID)
	if err != nil || theirs.Error != "" {
		t.Fatalf("the oracle does not run it: %v %s\n%s", err, theirs.Error, s.doc)
	}
	theirLog := server.restart()

	doc, findings := arazzo.Parse([]byte(s.doc), folder+"/flow.yaml")
	if arazzo.HasErrors(findings) {
		t.Fatalf("%v\n%s", findings, s.doc)
	}
	// One by one, in the order in which the oracle ran them: the server counts.
	r := runner.Runner{Servers: map[string]string{"*": base}, Parallel: 1, Clock: &quickClock{now: time.Now()}}
	r.Loader.ReadFile = func(string) ([]byte, error) {
		var ops []string
		for i := range operations {
			ops = append(ops, fmt.Sprintf("op%d POST /op%d", i, i))
		}
		return []byte(openapi(ops...)), nil
	}
	slices.SortStableFunc(doc.Workflows, func(a, b *arazzo.Workflow) int { return rank(theirs, a) - rank(theirs, b) })
	ours, err := r.RunAll(context.Background(), doc, byID)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.doc)
	}
	ourLog := server.restart()
	if diff := cmp.Diff(sortQueries(theirLog), sortQueries(ourLog)); diff != "" {
		t.Fatalf("requests (-oracle +ours):\n%s\n%s\n%v", diff, s.doc, s.statuses)
	}
	for _, their := range theirs.Workflows {
		our := ours.Workflow(their.ID)
		if their.Success != (our.Status == runner.Success) {
			t.Fatalf("%s: oracle %t (%v), ours %s (%s)\n%s\n%v", their.ID, their.Success, their.Error, our.Status, our.Reason, s.doc, s.statuses)
		}
		if their.Success {
			a, _ := json.Marshal(their.Outputs)
			c, _ := json.Marshal(our.Outputs)
			if string(a) != string(c) {
				t.Fatalf("%s: oracle %s, ours %s\n%s", their.ID, a, c, s.doc)
			}
		}
	}
}

func rank(a oracleAnswer, w *arazzo.Workflow) int {
	for i, o := range a.Workflows {
		if o.ID == w.WorkflowID {
			return i
		}
	}
	return -1
}

// sortQueries brings each line's query into one order.
func sortQueries(log []string) []string {
	out := []string{}
	for _, line := range log {
		if f := strings.SplitN(line, " ", 3); len(f) == 3 {
			if u, err := url.Parse(f[1]); err == nil {
				u.RawQuery = u.Query().Encode()
				line = f[0] + " " + u.String() + " " + f[2]
			}
		}
		out = append(out, line)
	}
	return out
}

func TestDifferentialWithLibopenapi(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds another program")
	}
	o := startOracle(t)
	server := &scripted{}
	web := httptest.NewServer(server)
	defer web.Close()
	rapid.Check(t, func(rt *rapid.T) { compareRuns(rt, o, server, web.URL, drawScript(rt)) })
}
