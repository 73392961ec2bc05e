package lint

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/source"
)

// open reads a document with the descriptions beside it.
func open(t *testing.T, path string) (*arazzo.Document, Options) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	doc, findings := arazzo.Parse(data, path)
	if len(findings) > 0 {
		t.Fatalf("%s: %v", path, findings)
	}
	sources, unreadable := Load(context.Background(), source.Loader{}, doc, nil)
	return doc, Options{Sources: sources, Unreadable: unreadable, Text: data}
}

var wanted = regexp.MustCompile(`# want (.*)$`)

// Each document says in its comments what is wrong with it: that must be found, and nothing else.
func TestEachRuleFindsWhatItIsFor(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.arazzo.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	tested := map[string]bool{}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			doc, o := open(t, path)
			var want, got []string
			for i, line := range strings.Split(string(o.Text), "\n") {
				if m := wanted.FindStringSubmatch(line); m != nil {
					for _, rule := range strings.Fields(m[1]) {
						want = append(want, fmt.Sprintf("%4d %s", i+1, rule))
					}
				}
			}
			for _, f := range Run(doc, o) {
				got = append(got, fmt.Sprintf("%4d %s", f.Line, f.Rule))
				tested[f.Rule] = true
				if f.Message == "" || f.Column == 0 || f.Fix == "" || f.Hint == "" || f.Path == "" {
					t.Errorf("incomplete: %+v", f)
				}
				t.Log(f, "FIX:", f.Fix)
			}
			slices.Sort(want)
			slices.Sort(got)
			if d := gocmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
	for _, r := range Rules() {
		if !tested[r.ID] {
			t.Errorf("no document of testdata shows rule %s", r.ID)
		}
		if r.Title == "" || r.Why == "" {
			t.Errorf("rule %s is not explained", r.ID)
		}
	}
}

// traps are those of FACTS §0 by number, and the rules that name each.
var traps = map[int][]string{
	1: {"jsonpath-not-rfc9535"},
	2: {"response-path-unknown", "criterion-never-matches", "output-never-set"},
	3: {"retry-never-fires", "success-falls-through", "step-unreachable"},
	4: {"lambda-polls-state"},
	5: {"lambda-function-error-unchecked"},
	6: {"retry-names-itself"},
	7: {"payload-members-exclusive"},
	8: {"operation-id-alias"},
	9: {"status-mismatch"}, // of the documents beside the first
}

// The document that all this began with, where it is at hand, and the one in testdata that is like it.
func TestTrapsAreNamed(t *testing.T) {
	documents := map[string]int{"testdata/update.arazzo.yaml": 9}
	if dir := os.Getenv("HEADGATE_SEEDS"); dir != "" {
		documents[filepath.Join(dir, "amazon-lambda-update-code-and-verify-workflow.yml")] = 8
	}
	for path, last := range documents {
		doc, o := open(t, path)
		found := map[string]bool{}
		for _, f := range Run(doc, o) {
			found[f.Rule] = true
		}
		for trap, rules := range traps {
			for _, r := range rules {
				if trap <= last && !found[r] {
					t.Errorf("%s: trap %d is not found: no %s", path, trap, r)
				}
			}
		}
	}
	if len(documents) == 1 {
		t.Log("HEADGATE_SEEDS names no folder: the document itself was not looked at")
	}
}

func TestFindingsAreSortedAndOnce(t *testing.T) {
	doc, o := open(t, "testdata/update.arazzo.yaml")
	findings := Run(doc, o)
	if !slices.IsSortedFunc(findings, func(a, b arazzo.Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	}) {
		t.Error("not sorted")
	}
	seen := map[string]bool{}
	for _, f := range findings {
		if key := f.String(); seen[key] {
			t.Errorf("twice: %s", key)
		} else {
			seen[key] = true
		}
	}
}

// What has been repaired by hand has nothing left but notes.
func TestExamplesAreClean(t *testing.T) {
	paths, err := filepath.Glob("../../examples/arazzo/*.arazzo.yaml")
	if err != nil || len(paths) < 8 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		doc, o := open(t, path)
		for _, f := range Run(doc, o) {
			t.Errorf("%s:%s", path, f)
		}
	}
}

// A document that is large, not to say malicious, does not hold lint up.
func TestLargeDocument(t *testing.T) {
	const steps = 500
	var b strings.Builder
	b.WriteString("arazzo: 1.0.1\ninfo: {title: T, version: '1'}\nsourceDescriptions:\n- {name: lambda, url: x.yaml, type: openapi}\nworkflows:\n- workflowId: w\n  steps:\n")
	for i := range steps {
		fmt.Fprintf(&b, "  - stepId: s%d\n    operationId: GetFunction\n    parameters:\n    - {name: FunctionName, in: path, value: $steps.s%d.outputs.o}\n", i, max(i-1, 0))
		fmt.Fprintf(&b, "    successCriteria:\n    - condition: $response.body#/Configuration/State == 'Active' && $statusCode == 200\n    outputs: {o: $response.body#/State}\n")
		fmt.Fprintf(&b, "    onSuccess:\n    - {name: a, type: goto, stepId: s%d, criteria: [{condition: $response.body#/Code != null}]}\n", (i*7)%steps)
	}
	doc, findings := arazzo.Parse([]byte(b.String()), "")
	if arazzo.HasErrors(findings) {
		t.Fatal(findings[0])
	}
	start := time.Now()
	found := Run(doc, Options{Text: []byte(b.String())})
	if took := time.Since(start); took > 5*time.Second || len(found) < steps {
		t.Errorf("%d findings after %v", len(found), took)
	} else {
		t.Logf("%d findings after %v", len(found), took)
	}
}
