package arazzo

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The time that validating takes grows with the document, not with its square: also where every step is mistaken, since
// documents are written by strangers. Squared, each of these takes four to fifteen seconds.
func TestLargeDocumentsValidateInLinearTime(t *testing.T) {
	const steps = 12000
	tests := []struct {
		name     string
		names    func(i int) string // the step that the expression of step i names
		more     string
		findings int
	}{
		{"each step names the one before it", func(i int) string { return fmt.Sprint("s", max(i-1, 0)) }, "", 1},
		{"each step names one that comes later", func(i int) string { return fmt.Sprint("s", min(i+1, steps-1)) }, "", maxFindings},
		{"each step names one that is not there", func(i int) string { return fmt.Sprint("t", i) }, "", maxFindings},
		{"each step waits for one that is not there", func(int) string { return "s0" }, "    dependsOn: [missing]\n", maxFindings},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var b strings.Builder
			b.WriteString("arazzo: 1.1.0\ninfo: {title: T, version: '1'}\nsourceDescriptions: [{name: api, url: x.yaml, type: openapi}]\nworkflows:\n- workflowId: w\n  steps:\n")
			for i := range steps {
				fmt.Fprintf(&b, "  - stepId: s%d\n    operationId: get\n    parameters: [{name: F, in: path, value: $steps.%s.outputs.o}]\n    outputs: {o: $response.body}\n%s", i, test.names(i), test.more)
			}
			doc, findings := Parse([]byte(b.String()), "large.yaml")
			if HasErrors(findings) {
				t.Fatal(findings[0])
			}
			start := time.Now()
			findings = Validate(doc, Lenient)
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("%d steps took %v", steps, took)
			}
			if len(findings) != test.findings {
				t.Errorf("%d findings, want %d", len(findings), test.findings)
			}
		})
	}
}

// Steps is a field that callers may change after reading; Step must not answer from what it remembers then.
func TestStepIsFoundAfterChanges(t *testing.T) {
	doc, findings := Parse([]byte("arazzo: 1.0.1\ninfo: {title: T, version: '1'}\nsourceDescriptions: [{name: api, url: x.yaml, type: openapi}]\nworkflows:\n- workflowId: w\n  steps: [{stepId: a, operationId: x}, {stepId: b, operationId: x}, {stepId: a, operationId: y}]\n"), "x.yaml")
	if HasErrors(findings) {
		t.Fatal(findings)
	}
	w := doc.Workflows[0]
	if s, i := w.Step("a"); i != 0 || s.OperationID != "x" {
		t.Errorf("of two steps of one name Step answers %d, want the first", i)
	}
	w.Steps = w.Steps[1:]
	if _, i := w.Step("b"); i != 0 {
		t.Errorf("b is found at %d after the step before it was removed", i)
	}
	w.Steps[0].StepID = "renamed"
	if _, i := w.Step("renamed"); i != 0 {
		t.Errorf("the new name is found at %d", i)
	}
	if s, i := w.Step("b"); s != nil {
		t.Errorf("the old name is found at %d", i)
	}
}
