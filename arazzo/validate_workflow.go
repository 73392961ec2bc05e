package arazzo

import (
	"github.com/headgate/headgate/arazzo/expression"
)

// workflow checks a workflow from its inputs to its outputs.
func (v *validator) workflow(w *Workflow) {
	if w.Inputs != nil {
		v.schema(w.Inputs)
	}
	v.workflowDependsOn(w)
	if len(w.Steps) == 0 && w.Has("steps") {
		v.fail("steps-empty", w.field("steps"), "", "a workflow must have at least one step")
	}
	seen := map[string]*Step{}
	for _, s := range w.Steps {
		if before := seen[s.StepID]; before != nil && s.StepID != "" {
			v.fail("duplicate-step-id", s.field("stepId"), "", "the stepId %q was given at line %d already", s.StepID, before.At("stepId").Line)
		}
		seen[s.StepID] = s
		v.id(&s.Object, "stepId", s.StepID)
	}
	v.parameters(scope{w: w}, w.Parameters, false)
	v.actions(scope{w: w}, w.SuccessActions)
	v.actions(scope{w: w}, w.FailureActions)
	for _, s := range w.Steps {
		v.step(w, s)
	}
	v.stepCycles(w)
	v.outputs(scope{w: w, phase: afterWorkflow}, w.Outputs)
}

// outputs checks the names and values of a map of outputs.
func (v *validator) outputs(sc scope, m *Map[*Value]) {
	sc.output = true
	for name, value := range m.All() {
		if !keyForm.MatchString(name) {
			v.fail("key-form", at{m.KeyAt(name), value.Path}, "letters, digits, '.', '-' and '_'", "the name of the output %q must match ^[a-zA-Z0-9.\\-_]+$", name)
		}
		switch {
		case value.err != nil || value.Kind == KindSelector || value.template != nil && value.template.Whole() != nil:
		case value.Kind != KindString:
			v.fail("output-no-expression", at{value.Pos, value.Path}, "a Selector Object has context, selector and type", "the output %s must be a runtime expression or a Selector Object, not %s", name, value.Kind)
		default:
			hint := "for instance $response.body#/id"
			if meant := meantExpression(value); meant != "" {
				hint = meant
			}
			v.lenient("output-no-expression", at{value.Pos, value.Path}, hint, "the output %s must be a runtime expression or a Selector Object", name)
		}
		v.values(sc, value)
	}
}

// workflowDependsOn checks that each entry names a workflow.
func (v *validator) workflowDependsOn(w *Workflow) {
	seen := map[string]bool{}
	for _, entry := range w.DependsOn {
		where := at{entry.Pos, w.Path + "/dependsOn"}
		if seen[entry.Text] {
			v.fail("duplicate-depends-on", where, "", "%q is listed already", entry.Text)
		}
		seen[entry.Text] = true
		v.workflowReference(entry.Text, where)
	}
}

// workflowReference checks a workflowId and answers the workflow if it is of
// this document.
func (v *validator) workflowReference(text string, where at) *Workflow {
	ref, err := expression.ParseWorkflowReference(text)
	if err != nil {
		v.fail("workflow-reference", where, "", "%v", err)
		return nil
	}
	if ref.Source == "" {
		w := v.doc.Workflow(ref.Workflow)
		if w == nil {
			v.fail("unknown-workflow", where, nearest(text, v.workflowIDs()), "there is no workflow %q", text)
		}
		return w
	}
	if s := v.source(ref.Source, where); s != nil && s.Type != SourceArazzo && s.Type != "" {
		v.fail("source-type", where, "", "the source description %q is %s: workflows are in one of the type arazzo", s.Name, s.Type)
	}
	return nil
}

func (v *validator) workflowIDs() []string {
	var out []string
	for _, w := range v.doc.Workflows {
		out = append(out, w.WorkflowID)
	}
	return out
}

// source answers the source description called name, or reports that there is
// none.
func (v *validator) source(name string, where at) *SourceDescription {
	s := v.doc.Source(name)
	if s == nil {
		var names []string
		for _, s := range v.doc.SourceDescriptions {
			names = append(names, s.Name)
		}
		v.fail("unknown-source", where, nearest(name, names), "there is no source description %q", name)
	}
	return s
}

// nearest answers a hint with the name that is meant, or "".
func nearest(word string, names []string) string {
	if hint := suggest(word, names); hint != noSuggestion {
		return hint
	}
	return ""
}

// workflowCycles reports workflows that depend on, or call, each other.
func (v *validator) workflowCycles() {
	depends := func(w *Workflow) []string { return texts(w.DependsOn) }
	for _, cycle := range v.cycles(depends) {
		v.fail("depends-on-cycle", at{cycle[0].At("dependsOn"), cycle[0].Path + "/dependsOn"}, "", "the workflow depends on itself: %s", names(cycle))
	}
	calls := func(w *Workflow) []string {
		var out []string
		for _, s := range w.Steps {
			out = append(out, s.WorkflowID)
		}
		return out
	}
	for _, cycle := range v.cycles(calls) {
		v.warn("workflow-recursion", cycle[0].field("steps"), "", "the workflow calls itself: %s", names(cycle))
	}
}

func texts(list []String) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.Text
	}
	return out
}

func names(cycle []*Workflow) string {
	s := ""
	for _, w := range cycle {
		s += w.WorkflowID + " → "
	}
	return s + cycle[0].WorkflowID
}

// cycles finds, for each group of workflows that reach each other by next, one
// cycle.
func (v *validator) cycles(next func(*Workflow) []string) [][]*Workflow {
	const open, done = 1, 2
	state := map[*Workflow]int{}
	var stack []*Workflow
	var out [][]*Workflow
	var visit func(w *Workflow)
	visit = func(w *Workflow) {
		state[w] = open
		stack = append(stack, w)
		for _, id := range next(w) {
			other := v.doc.Workflow(id)
			if other == nil || id == "" {
				continue
			}
			switch state[other] {
			case open:
				for i, on := range stack {
					if on == other {
						out = append(out, append([]*Workflow(nil), stack[i:]...))
					}
				}
			case 0:
				visit(other)
			}
		}
		stack = stack[:len(stack)-1]
		state[w] = done
	}
	for _, w := range v.doc.Workflows {
		if state[w] == 0 {
			visit(w)
		}
	}
	return out
}
