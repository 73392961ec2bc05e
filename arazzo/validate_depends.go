package arazzo

import (
	"strings"

	"github.com/headgate/headgate/arazzo/expression"
)

// stepDependsOn checks that each entry names a step.
func (v *validator) stepDependsOn(w *Workflow, s *Step) {
	if s.Has("dependsOn") && len(s.DependsOn) == 0 {
		v.fail("depends-on-empty", s.field("dependsOn"), "leave the field away", "dependsOn must name at least one step")
	}
	seen := map[string]bool{}
	for _, entry := range s.DependsOn {
		where := at{entry.Pos, s.Path + "/dependsOn"}
		if seen[entry.Text] {
			v.fail("duplicate-depends-on", where, "", "%q is listed already", entry.Text)
		}
		seen[entry.Text] = true
		v.stepReference(w, entry.Text, where)
	}
}

// stepReference checks that an entry of dependsOn names a step. Steps of other
// documents are not looked for here.
func (v *validator) stepReference(w *Workflow, text string, where at) {
	ref, err := expression.ParseStepReference(text)
	switch {
	case err != nil:
		v.fail("step-reference", where, "", "%v", err)
		return
	case strings.HasPrefix(text, "$steps."):
		v.lenient("lenient-step-reference", where, "write "+ref.Step, "a step of the same workflow is named by its stepId alone")
	case ref.Source != "":
		if s := v.source(ref.Source, where); s != nil && s.Type != SourceArazzo && s.Type != "" {
			v.fail("source-type", where, "", "the source description %q is %s: steps are in one of the type arazzo", s.Name, s.Type)
		}
		return
	}
	if ref.Workflow != "" {
		if w = v.doc.Workflow(ref.Workflow); w == nil {
			v.fail("unknown-workflow", where, nearest(ref.Workflow, v.workflowIDs()), "there is no workflow %q", ref.Workflow)
			return
		}
	}
	if s, _ := w.Step(ref.Step); s == nil {
		v.fail("unknown-step", where, nearest(ref.Step, stepIDs(w)), "the workflow %s has no step %q", w.WorkflowID, ref.Step)
	}
}

// stepCycles reports steps of a workflow that wait for each other.
func (v *validator) stepCycles(w *Workflow) {
	const open, done = 1, 2
	state := map[string]int{}
	var stack []string
	var visit func(s *Step)
	visit = func(s *Step) {
		state[s.StepID] = open
		stack = append(stack, s.StepID)
		for _, entry := range s.DependsOn {
			ref, err := expression.ParseStepReference(entry.Text)
			if err != nil || ref.Source != "" || ref.Workflow != "" && ref.Workflow != w.WorkflowID {
				continue
			}
			next, _ := w.Step(ref.Step)
			if next == nil {
				continue
			}
			switch state[next.StepID] {
			case open:
				v.fail("depends-on-cycle", at{entry.Pos, s.Path + "/dependsOn"}, "", "the step waits for itself: %s", strings.Join(append(stack, next.StepID), " → "))
			case 0:
				visit(next)
			}
		}
		stack = stack[:len(stack)-1]
		state[s.StepID] = done
	}
	for _, s := range w.Steps {
		if state[s.StepID] == 0 {
			visit(s)
		}
	}
}
