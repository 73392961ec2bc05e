package arazzo

import (
	"slices"
	"strings"
)

// parameters checks a list of parameters; inputs tells that they become the
// inputs of a workflow.
func (v *validator) parameters(sc scope, list []*Parameter, inputs bool) {
	seen := map[[2]string]bool{}
	for _, p := range list {
		if p.Reusable == nil {
			v.parameterForm(p)
			v.values(sc, p.Value)
		} else {
			v.reusableParameter(sc, p)
		}
		resolved, err := v.doc.Parameter(p)
		if err != nil {
			continue
		}
		key := [2]string{resolved.In, resolved.Name}
		if resolved.In == InHeader {
			key[1] = strings.ToLower(resolved.Name)
		}
		if seen[key] {
			v.fail("duplicate-parameter", p.self(), "", "the parameter %s is listed already", describe(resolved))
		}
		seen[key] = true
		if inputs && resolved.In != "" {
			v.lenient("parameter-in-ignored", p.self(), "remove in: "+resolved.In, "the parameter %s becomes an input of the workflow: in has no meaning", resolved.Name)
		}
	}
}

func describe(p *Parameter) string {
	if p.In == "" {
		return p.Name
	}
	return p.Name + " in " + p.In
}

// reusableParameter checks a reference, and the value that counts in the end.
func (v *validator) reusableParameter(sc scope, p *Parameter) {
	if _, err := v.doc.Parameter(p); err != nil {
		v.fail("reusable-reference", p.Reusable.field("reference"), v.componentHint(p.Reusable.Reference), "%v", err)
		return
	}
	if p.Reusable.Value != nil {
		v.values(sc, p.Reusable.Value)
		return
	}
	// The component's own value is read where it is used.
	resolved, _ := v.doc.Parameter(p)
	v.values(sc, resolved.Value)
}

func (v *validator) componentHint(reference string) string {
	c := v.doc.Components
	if c == nil || c.Parameters.Len()+c.SuccessActions.Len()+c.FailureActions.Len() > maxSuggested {
		return ""
	}
	var known []string
	for key := range c.Parameters.All() {
		known = append(known, "$components.parameters."+key)
	}
	for key := range c.SuccessActions.All() {
		known = append(known, "$components.successActions."+key)
	}
	for key := range c.FailureActions.All() {
		known = append(known, "$components.failureActions."+key)
	}
	return nearest(reference, known)
}

// parameterForm checks name and in. A missing in depends on the step: effective
// checks it.
func (v *validator) parameterForm(p *Parameter) {
	v.filled(&p.Object, "name", p.Name)
	switch p.In {
	case "", InPath, InQuery, InHeader, InCookie:
	case InQuerystring:
		if v.doc.Minor == 0 {
			v.lenient("field-of-1.1", p.field("in"), "write arazzo: 1.1.0", "in: querystring is known since version 1.1, and the document says %s", v.doc.Version)
		}
	case "body":
		v.lenient("lenient-parameter-body", p.field("in"), "use requestBody", "body is no place for a parameter: %s is taken as a member of the request body", p.Name)
	default:
		v.fail("parameter-in", p.field("in"), "path, query, querystring, header or cookie", "%q is no place for a parameter", p.In)
	}
}

// effective checks the parameters that a step has in the end: its own and
// those of its workflow.
func (v *validator) effective(w *Workflow, s *Step) {
	list := w.EffectiveParameters(s)
	if s.WorkflowID != "" {
		return
	}
	for _, p := range list {
		if p.In == "" && p.Name != "" && !p.Has("in") {
			v.fail("parameter-in", p.self(), "add in: path, query, header or cookie", "the parameter %s of an operation must say where it goes (step %s)", p.Name, s.StepID)
		}
	}
	isQuery := func(p *Parameter) bool { return p.In == InQuery }
	isWhole := func(p *Parameter) bool { return p.In == InQuerystring }
	if i := slices.IndexFunc(list, isWhole); i >= 0 && slices.ContainsFunc(list, isQuery) {
		v.fail("querystring", list[i].self(), "", "querystring is the whole query: it cannot stand beside query parameters (step %s)", s.StepID)
	}
}

// actions checks a list of actions and what they lead to.
func (v *validator) actions(sc scope, list []*Action) {
	seen := map[string]bool{}
	for _, a := range list {
		if a.Reusable == nil {
			v.actionForm(a)
		}
		resolved, err := v.doc.Action(a)
		if err != nil {
			v.fail("reusable-reference", a.Reusable.field("reference"), v.componentHint(a.Reusable.Reference), "%v", err)
			continue
		}
		if a.Reusable != nil && a.Reusable.Value != nil {
			v.lenient("reusable-value", a.Reusable.field("value"), "remove the value", "a value is for references to parameters")
		}
		if seen[resolved.Name] && resolved.Name != "" {
			v.fail("duplicate-action", a.self(), "", "the action %q is listed already", resolved.Name)
		}
		seen[resolved.Name] = true
		v.criteria(sc, resolved.Criteria)
		v.actionTarget(sc, a, resolved)
		v.parameters(sc, resolved.Parameters, true)
	}
}

// actionForm checks the fields of an action by themselves.
func (v *validator) actionForm(a *Action) {
	v.filled(&a.Object, "name", a.Name)
	known := []string{ActionEnd, ActionGoto}
	if a.Failure {
		known = append(known, ActionRetry)
	}
	if a.Type != "" && !slices.Contains(known, a.Type) {
		hint := strings.Join(known, ", ")
		if a.Type == ActionRetry {
			hint = "retry is for onFailure"
		}
		v.fail("action-type", a.field("type"), hint, "%q is no type of this action", a.Type)
	}
	both := a.StepID != "" && a.WorkflowID != ""
	switch {
	case both:
		v.fail("action-target", a.field("workflowId"), "keep one of them", "the fields stepId and workflowId exclude each other")
	case a.Type == ActionGoto && a.StepID == "" && a.WorkflowID == "":
		v.fail("action-target", a.self(), "add stepId or workflowId", "goto must say where")
	case a.Type == ActionEnd && (a.StepID != "" || a.WorkflowID != ""):
		v.lenient("action-target", a.self(), "remove stepId and workflowId", "an action of the type end goes nowhere: the target is ignored")
	}
	if len(a.Parameters) > 0 && a.WorkflowID == "" {
		v.lenient("action-parameters", a.field("parameters"), "", "parameters of an action are for a workflowId: they are ignored")
	}
	if a.Has("criteria") && len(a.Criteria) == 0 {
		v.lenient("criteria-empty", a.field("criteria"), "leave the field away", "criteria must have at least one criterion")
	}
	v.retryForm(a)
}

// retryForm checks the fields of a retry; limits have no upper bound here, the
// runner has one.
func (v *validator) retryForm(a *Action) {
	for _, name := range []string{"retryAfter", "retryLimit"} {
		if a.Failure && a.Has(name) && a.Type != ActionRetry {
			v.lenient("retry-field", a.field(name), "write type: retry", "the field %s is for the type retry: it is ignored", name)
		}
	}
	if a.RetryAfter != nil && *a.RetryAfter < 0 {
		v.fail("retry-field", a.field("retryAfter"), "", "retryAfter is not negative: %g", *a.RetryAfter)
	}
	if a.RetryLimit != nil && *a.RetryLimit < 0 {
		v.fail("retry-field", a.field("retryLimit"), "", "retryLimit is not negative: %d", *a.RetryLimit)
	}
}

// actionTarget checks that an action leads somewhere, where it is used.
func (v *validator) actionTarget(sc scope, used, a *Action) {
	where := used.self()
	if used.Reusable == nil {
		where = a.field("stepId")
	}
	if a.StepID != "" && a.Type != ActionEnd {
		if s, _ := sc.w.Step(a.StepID); s == nil {
			v.fail("unknown-step", where, nearest(a.StepID, stepIDs(sc.w)), "the workflow %s has no step %q", sc.w.WorkflowID, a.StepID)
		}
	}
	if a.WorkflowID != "" && a.Type != ActionEnd {
		v.workflowReference(a.WorkflowID, a.field("workflowId"))
	}
}

func stepIDs(w *Workflow) []string {
	if len(w.Steps) > maxSuggested {
		return nil // too many to compare with, and to collect for every mistake of a large document
	}
	var out []string
	for _, s := range w.Steps {
		out = append(out, s.StepID)
	}
	return out
}
