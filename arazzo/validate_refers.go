package arazzo

import (
	"maps"
	"slices"
	"strings"

	"github.com/headgate/headgate/arazzo/expression"
)

// phase says what has happened when an expression is evaluated.
type phase uint8

const (
	beforeStep    phase = iota // a request is being built
	afterStep                  // there is a response
	afterWorkflow              // the last step is done
)

// scope is where an expression stands. Without a workflow it is in a
// component, which is checked where it is used.
type scope struct {
	w     *Workflow
	s     *Step
	phase phase
	// output: the value is an output, which says itself what is no expression.
	output bool
}

// refersTo checks that what an expression names exists.
func (v *validator) refersTo(sc scope, e *expression.Expression, where at) {
	switch e.Root {
	case expression.RootMessage, expression.RootSelf:
		if v.doc.Minor == 0 {
			v.lenient("field-of-1.1", where, "write arazzo: 1.1.0", "%s is known since version 1.1, and the document says %s", e.Root, v.doc.Version)
		}
	case expression.RootSourceDescriptions:
		v.source(e.Owner, where)
	case expression.RootComponents:
		v.refersToComponent(e, where)
	case expression.RootWorkflows:
		v.refersToWorkflow(e, where)
	}
	if sc.w == nil {
		return
	}
	switch e.Root {
	case expression.RootInputs:
		v.refersToInput(sc.w, e, where)
	case expression.RootSteps:
		v.refersToStep(sc, e, where)
	case expression.RootOutputs:
		v.refersToOutput(sc, e, where)
	case expression.RootRequest, expression.RootResponse, expression.RootStatusCode, expression.RootURL, expression.RootMethod, expression.RootMessage:
		v.refersToMessage(sc, e, where)
	}
}

// refersToMessage checks that there is a request or response to speak of.
func (v *validator) refersToMessage(sc scope, e *expression.Expression, where at) {
	switch {
	case sc.phase == afterWorkflow:
		v.fail("expression-scope", where, "declare an output of the step and write $steps.<stepId>.outputs.<name>", "%s belongs to a step: the outputs of a workflow cannot name it", e.Root)
	case sc.phase == beforeStep && sc.s != nil && (e.Root == expression.RootResponse || e.Root == expression.RootStatusCode):
		v.warn("expression-scope", where, "name an output of an earlier step", "%s is not set yet when the request is built", e.Root)
	}
}

func (v *validator) refersToComponent(e *expression.Expression, where at) {
	found := false
	if c := v.doc.Components; c != nil {
		switch e.Owner {
		case "parameters":
			_, found = c.Parameters.Get(e.Name)
		case "successActions":
			_, found = c.SuccessActions.Get(e.Name)
		case "failureActions":
			_, found = c.FailureActions.Get(e.Name)
		case "inputs":
			_, found = c.Inputs.Get(e.Name)
		}
	}
	if !found {
		v.fail("unknown-component", where, v.componentHint(e.String()), "there is no component %s.%s", e.Owner, e.Name)
	}
}

func (v *validator) refersToWorkflow(e *expression.Expression, where at) {
	w := v.doc.Workflow(e.Owner)
	if w == nil {
		v.fail("unknown-workflow", where, nearest(e.Owner, v.workflowIDs()), "there is no workflow %q", e.Owner)
		return
	}
	switch e.Field {
	case "inputs":
		v.refersToInput(w, e, where)
	case "outputs":
		v.declared(w.Outputs, "the workflow "+w.WorkflowID, e, where)
	case "steps":
		if s, _ := w.Step(e.Step); s == nil {
			v.fail("unknown-step", where, nearest(e.Step, stepIDs(w)), "the workflow %s has no step %q", w.WorkflowID, e.Step)
		} else {
			v.declared(s.Outputs, "the step "+s.StepID, e, where)
		}
	}
}

// declared checks that an output that an expression names is declared.
func (v *validator) declared(outputs *Map[*Value], of string, e *expression.Expression, where at) {
	if e.Name == "" {
		return
	}
	if _, found := outputs.Get(e.Name); found {
		return
	}
	for prefix := e.Name; ; {
		i := strings.LastIndexByte(prefix, '.')
		if i < 0 {
			break
		}
		prefix = prefix[:i]
		if _, found := outputs.Get(prefix); found {
			v.lenient("lenient-path", where, "write "+asPointer(e, prefix), "a path into the output %s is written as a JSON pointer", prefix)
			return
		}
	}
	v.fail("unknown-output", where, nearest(e.Name, outputs.Keys()), "%s has no output %q", of, e.Name)
}

// asPointer writes an expression whose dotted name is a name and a path.
func asPointer(e *expression.Expression, name string) string {
	text := e.String()
	i := strings.Index(text, e.Name)
	if i < 0 {
		return text
	}
	path := strings.ReplaceAll(strings.TrimPrefix(e.Name, name), ".", "/")
	out := text[:i] + name + "#" + path
	if e.Pointer != nil {
		out += e.Pointer.String()
	}
	return out
}

// refersToStep checks the step and its output, and that the step comes before.
// 1.1 asks for an error only where steps run in order: no dependsOn, no goto.
func (v *validator) refersToStep(sc scope, e *expression.Expression, where at) {
	s, index := sc.w.Step(e.Owner)
	if s == nil {
		v.fail("unknown-step", where, nearest(e.Owner, stepIDs(sc.w)), "the workflow %s has no step %q", sc.w.WorkflowID, e.Owner)
		return
	}
	if s.WorkflowID != "" && v.outputOfCalled(s, e, where) {
		return
	}
	v.declared(s.Outputs, "the step "+s.StepID, e, where)
	if sc.s == nil {
		return
	}
	_, here := sc.w.Step(sc.s.StepID)
	switch {
	case index > here && !usesDependsOn(sc.w):
		severity := v.warn
		if v.doc.Minor > 0 && !v.jumps(sc.w) {
			severity = v.fail
		}
		severity("forward-reference", where, "reorder the steps", "the step %s comes after %s, which names its output", s.StepID, sc.s.StepID)
	case index == here && sc.phase == beforeStep && !v.jumps(sc.w):
		v.warn("forward-reference", where, "", "the step %s names its own output before it ran", s.StepID)
	}
}

// outputOfCalled tells whether the output is one of the workflow that a step
// calls: the world names these without declaring them at the step.
func (v *validator) outputOfCalled(s *Step, e *expression.Expression, where at) bool {
	if _, found := s.Outputs.Get(e.Name); found {
		return false
	}
	called := v.doc.Workflow(s.WorkflowID)
	if called == nil {
		// In another document: what it has cannot be known here, so that nothing is an error.
		if !strings.HasPrefix(s.WorkflowID, "$") {
			return false
		}
		if s.Outputs.Len() > 0 {
			v.lenient("lenient-workflow-output", where, "declare "+e.Name+": $outputs."+e.Name+" in the step's outputs", "the step %s declares no output %q: that of the workflow %s is taken, if there is one", s.StepID, e.Name, s.WorkflowID)
		}
		return true
	}
	if _, found := called.Outputs.Get(e.Name); !found {
		return false
	}
	v.lenient("lenient-workflow-output", where, "declare "+e.Name+": $outputs."+e.Name+" in the step's outputs", "the step %s declares no output %q: that of the workflow %s is taken", s.StepID, e.Name, called.WorkflowID)
	return true
}

func usesDependsOn(w *Workflow) bool {
	for _, s := range w.Steps {
		if len(s.DependsOn) > 0 {
			return true
		}
	}
	return false
}

// jumps tells whether any action leaves the order of the steps.
func (v *validator) jumps(w *Workflow) bool {
	known, found := v.jumping[w]
	if !found {
		known = jumps(w)
		v.jumping[w] = known
	}
	return known
}

func jumps(w *Workflow) bool {
	for _, s := range w.Steps {
		for _, a := range append(w.EffectiveOnSuccess(s), w.EffectiveOnFailure(s)...) {
			if a.StepID != "" && a.Type != ActionEnd {
				return true
			}
		}
	}
	return false
}

// refersToOutput checks $outputs: those of the workflow, or within a step its
// own, or those of the workflow that it calls.
func (v *validator) refersToOutput(sc scope, e *expression.Expression, where at) {
	if sc.s != nil {
		if _, found := sc.s.Outputs.Get(e.Name); found {
			return
		}
		if sc.s.WorkflowID != "" {
			if called := v.doc.Workflow(sc.s.WorkflowID); called != nil {
				v.declared(called.Outputs, "the workflow "+called.WorkflowID, e, where)
			}
			return
		}
	}
	v.declared(sc.w.Outputs, "the workflow "+sc.w.WorkflowID, e, where)
}

// refersToInput checks that an input is declared. JSON Schema allows others
// unless it says so: this is a warning then.
func (v *validator) refersToInput(w *Workflow, e *expression.Expression, where at) {
	if e.Name == "" {
		return
	}
	declared, closed, known := w.declaredInputs()
	if !known {
		return
	}
	for name := e.Name; ; {
		if declared[name] {
			if name != e.Name {
				v.lenient("lenient-path", where, "write "+asPointer(e, name), "a path into the input %s is written as a JSON pointer", name)
			}
			return
		}
		i := strings.LastIndexByte(name, '.')
		if i < 0 {
			break
		}
		name = name[:i]
	}
	var list []string
	if len(declared) <= maxSuggested {
		list = slices.Sorted(maps.Keys(declared))
	}
	report := v.warn
	if closed {
		report = v.fail
	}
	report("unknown-input", where, nearest(e.Name, list), "the workflow %s declares no input %q", w.WorkflowID, e.Name)
}
