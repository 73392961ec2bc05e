package flow_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/flow"
)

// parse makes a workflow of steps a, b, c, … with these fields each, in flow style.
func parse(t *testing.T, head string, steps ...string) *arazzo.Workflow {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "arazzo: 1.0.1\ninfo: {title: T, version: '1'}\nsourceDescriptions:\n- {name: s, url: s.yaml}\nworkflows:\n- workflowId: w\n%s  steps:\n", head)
	for i, s := range steps {
		fmt.Fprintf(&b, "  - {stepId: %c, operationId: op%s}\n", 'a'+i, s)
	}
	d, findings := arazzo.Parse([]byte(b.String()), "")
	if arazzo.HasErrors(findings) {
		t.Fatal(findings, b.String())
	}
	return d.Workflows[0]
}

// exits writes the ways out of a step in short: + or - for success or failure, the kind, the step or workflow.
func exits(f *flow.Flow, i int) string {
	var out []string
	for _, e := range f.Exits[i] {
		text := "+"
		if e.Failure {
			text = "-"
		}
		text += []string{"step", "end", "break", "workflow", "retry"}[e.Kind]
		if e.Step >= 0 {
			text += fmt.Sprintf(" %c", 'a'+e.Step)
		}
		if e.Workflow != "" {
			text += " " + e.Workflow
		}
		out = append(out, text+[]string{"", " never", " always"}[e.Verdict])
	}
	return strings.Join(out, ", ")
}

func TestExits(t *testing.T) {
	const when = "criteria: [{condition: $statusCode == 1}]"
	for name, tt := range map[string]struct{ head, step, want string }{
		"nothing said":              {"", "", "+step b, -break"},
		"an end":                    {"", ", onSuccess: [{name: x, type: end}]", "+end always, -break"},
		"an end, perhaps":           {"", ", onSuccess: [{name: x, type: end, " + when + "}]", "+end, +step b, -break"},
		"a goto":                    {"", ", onSuccess: [{name: x, type: goto, stepId: c, " + when + "}, {name: y, type: goto, workflowId: v}]", "+step c, +workflow v always, -break"},
		"after what always matches": {"", ", onSuccess: [{name: x, type: end}, {name: y, type: goto, stepId: c}]", "+end always, -break"},
		"a retry, then more":        {"", ", onFailure: [{name: x, type: retry}, {name: y, type: goto, stepId: c}]", "+step b, -retry always, -step c always"},
		"a retry after another":     {"", ", onFailure: [{name: x, type: retry, stepId: c}, {name: y, type: retry, workflowId: v}]", "+step b, -retry c always, -retry v always, -break"},
		"a step that is not there":  {"", ", onSuccess: [{name: x, type: goto, stepId: z, " + when + "}]", "+step b, -break"},
		"the workflow's": {"  successActions: [{name: x, type: end, " + when + "}]\n  failureActions: [{name: x, type: end}]\n",
			"", "+end, +step b, -end always"},
		"overridden": {"  successActions: [{name: x, type: end}]\n", ", onSuccess: [{name: x, type: goto, stepId: c}]", "+step c always, -break"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := exits(flow.Of(parse(t, tt.head, tt.step, "", ""), flow.Judge{}), 0); got != tt.want {
				t.Errorf("%s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestReachableAndBefore(t *testing.T) {
	w := parse(t, "", ", onSuccess: [{name: x, type: goto, stepId: c}]", "", ", onFailure: [{name: y, type: retry, stepId: d}], onSuccess: [{name: z, type: end}]", "", ", onSuccess: [{name: back, type: goto, stepId: b}]")
	f := flow.Of(w, flow.Judge{})
	if got := f.Reachable(); !slices.Equal(got, []bool{true, true, true, true, true}) { // b through e, which d leads to
		t.Error(got)
	}
	if got := f.Before(2); !slices.Equal(got, []bool{true, true, true, true, true}) {
		t.Error(got)
	}
	if got := f.Before(0); slices.Contains(got, true) {
		t.Error(got)
	}
	straight := flow.Of(parse(t, "", "", "", ", onSuccess: [{name: x, type: end}]", ""), flow.Judge{})
	if got := straight.Reachable(); !slices.Equal(got, []bool{true, true, true, false}) {
		t.Error(got)
	}
	if got := straight.Before(2); !slices.Equal(got, []bool{true, true, false, false}) {
		t.Error(got)
	}
}

func TestWhatNeverHappensLeadsNowhere(t *testing.T) {
	w := parse(t, "", ", onSuccess: [{name: x, type: goto, stepId: c, criteria: [{condition: $statusCode == 1}]}, {name: y, type: end}]", "", "")
	never := flow.Judge{Action: func(_ *arazzo.Step, a *arazzo.Action) flow.Verdict {
		if a.Name == "x" {
			return flow.Never
		}
		return flow.Maybe
	}}
	if got := flow.Of(w, never).Reachable(); !slices.Equal(got, []bool{true, false, false}) {
		t.Error(got)
	}
	if got := flow.Of(w, flow.Judge{}).Reachable(); !slices.Equal(got, []bool{true, false, true}) {
		t.Error(got)
	}
	fails := flow.Judge{Success: func(*arazzo.Step) flow.Verdict { return flow.Never }}
	if got := exits(flow.Of(w, fails), 0); got != "+step c never, +end never, -break" {
		t.Error(got)
	}
}

func TestFallsThrough(t *testing.T) {
	for step, want := range map[string]bool{
		"":                                    false,
		", onSuccess: [{name: x, type: end}]": false,
		", onSuccess: [{name: x, type: end, criteria: [{condition: $statusCode == 200}]}]": true,
	} {
		if got := flow.Of(parse(t, "", step, ""), flow.Judge{}).FallsThrough(0); got != want {
			t.Errorf("%q: %v", step, got)
		}
	}
}
