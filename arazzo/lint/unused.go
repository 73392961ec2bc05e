package lint

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/expression"
)

// outputs checks what workflows promise, and what steps keep for nobody.
func (l *linter) outputs() {
	elsewhere := map[string]bool{} // steps whose outputs other workflows read
	for _, w := range l.workflows {
		for _, u := range w.uses {
			if u.Root == expression.RootWorkflows && u.Step != "" {
				elsewhere[u.Owner+" "+u.Step] = true
			}
		}
	}
	for _, w := range l.workflows {
		reachable := w.flow.Reachable()
		for name, v := range w.Outputs.All() {
			for _, e := range v.Expressions() {
				l.output(w, reachable, name, e)
			}
		}
		for _, s := range w.steps {
			for name, v := range s.Outputs.All() {
				if !l.usedOutput(w, s.StepID, name, elsewhere) {
					l.report("output-unused", v.Pos, v.Path, "take it out, or use it", "nothing uses output %q of step %q", name, s.StepID)
				}
			}
		}
	}
}

func (l *linter) output(w *workflowView, reachable []bool, name string, e arazzo.ExpressionAt) {
	if e.Root != expression.RootSteps {
		return
	}
	_, i := w.Step(e.Owner)
	if i < 0 {
		return // Validate says so
	}
	if !reachable[i] {
		l.report("output-never-set", e.At.Pos, e.At.Path, "make step "+e.Owner+" reachable, or take the output out", "output %q is never set: no run comes to step %q", name, e.Owner)
		return
	}
	s := w.steps[i]
	v, found := s.Outputs.Get(e.Name)
	if !found {
		return
	}
	for _, inner := range v.Expressions() {
		if absent, _ := s.absent(inner.Expression, s.expected()); absent {
			l.report("output-never-set", e.At.Pos, e.At.Path, "correct output "+e.Name+" of step "+e.Owner, "output %q is never set: neither is %s in step %q", name, inner.Expression, e.Owner)
		}
	}
}

// usedOutput tells whether anything reads a step's output, here or from another workflow.
func (l *linter) usedOutput(w *workflowView, step, name string, elsewhere map[string]bool) bool {
	return slices.ContainsFunc(w.reads[step], func(read string) bool { return covers(read, name) }) || elsewhere[w.WorkflowID+" "+step]
}

// unused finds what is declared for nothing, and inputs that are not declared.
func (l *linter) unused() {
	for _, w := range l.workflows {
		l.inputs(w)
	}
	var mentions []string // all that may name a source or a component
	add := func(list ...string) { mentions = append(mentions, list...) }
	for _, w := range l.workflows {
		for _, d := range w.DependsOn {
			add(d.Text)
		}
		for _, u := range w.uses {
			add(u.Expression.String())
		}
		if w.Inputs != nil {
			text, _ := json.Marshal(w.Inputs.Data())
			add(string(text))
		}
		parameters, actions := w.Parameters, slices.Concat(w.SuccessActions, w.FailureActions)
		for _, s := range w.steps {
			add(s.OperationID, s.OperationPath, s.ChannelPath, s.WorkflowID)
			for _, d := range s.DependsOn {
				add(d.Text)
			}
			parameters = append(parameters, s.Parameters...)
			actions = append(actions, slices.Concat(s.OnSuccess, s.OnFailure)...)
		}
		for _, p := range parameters {
			if p.Reusable != nil {
				add(p.Reusable.Reference)
			}
		}
		for _, a := range actions {
			if a.Reusable != nil {
				add(a.Reusable.Reference)
			}
			add(a.WorkflowID)
		}
	}
	said := strings.Join(mentions, "\n") + "\n"
	for _, sd := range l.doc.SourceDescriptions {
		if !strings.Contains(said, "$sourceDescriptions."+sd.Name) && !l.calls(sd) {
			l.report("source-unused", sd.At("name"), sd.Path, "take it out", "nothing uses the source description %q", sd.Name)
		}
	}
	l.components(said)
}

// calls tells whether a step's plain operationId may be this source's.
func (l *linter) calls(sd *arazzo.SourceDescription) bool {
	desc := l.sources[sd.Name]
	for _, w := range l.workflows {
		for _, s := range w.steps {
			switch {
			case s.OperationID == "" || strings.HasPrefix(s.OperationID, "$"):
			case desc == nil || s.desc == desc:
				return true
			case s.desc == nil: // a message, or not known anywhere
				if _, err := desc.AsyncOperation(s.OperationID); err == nil {
					return true
				}
			}
		}
	}
	return false
}

func (l *linter) components(said string) {
	c := l.doc.Components
	if c == nil {
		return
	}
	report := func(kind, name string, at arazzo.Pos, path string, mention string) {
		if !strings.Contains(said, mention) {
			l.report("component-unused", at, path, "take it out", "nothing refers to %s %q of the components", kind, name)
		}
	}
	for name, v := range c.Inputs.All() {
		report("input", name, v.Pos, v.Path, `"#/components/inputs/`+name+`"`)
	}
	for name, v := range c.Parameters.All() {
		report("parameter", name, v.Pos, v.Path, "$components.parameters."+name+"\n")
	}
	for name, v := range c.SuccessActions.All() {
		report("success action", name, v.Pos, v.Path, "$components.successActions."+name+"\n")
	}
	for name, v := range c.FailureActions.All() {
		report("failure action", name, v.Pos, v.Path, "$components.failureActions."+name+"\n")
	}
}

// inputs compares the inputs that a workflow declares with those that it uses.
func (l *linter) inputs(w *workflowView) {
	declared, open := map[string]*arazzo.Member{}, false
	var order []string
	if w.Inputs != nil {
		open = l.declared(w.Inputs.Value, declared, &order, 0)
	}
	uses := w.uses
	for _, name := range order {
		if !slices.ContainsFunc(uses, func(u use) bool { return u.Root == expression.RootInputs && names(u.Expression, name) }) &&
			!slices.ContainsFunc(l.workflows, func(o *workflowView) bool { return usesInputOf(o, w.WorkflowID, name) }) {
			l.report("input-unused", declared[name].Key, declared[name].Value.Path, "use it, or take it out", "nothing uses input %q", name)
		}
	}
	if open {
		return
	}
	for _, u := range uses {
		if u.Root != expression.RootInputs || u.Name == "" {
			continue
		}
		if !slices.ContainsFunc(order, func(name string) bool { return names(u.Expression, name) }) {
			fix := "declare it in inputs"
			if near := nearest(u.Name, order); near != "" {
				fix = "write $inputs." + near
			}
			l.report("input-unknown", u.pos, u.path, fix, "the workflow declares no input %q", u.Name)
		}
	}
}

func usesInputOf(w *workflowView, id, name string) bool {
	return slices.ContainsFunc(w.uses, func(u use) bool {
		return u.Root == expression.RootWorkflows && u.Owner == id && u.Field == "inputs" && names(u.Expression, name)
	})
}

// declared gathers the properties of an inputs schema; it tells whether there may be others.
func (l *linter) declared(schema *arazzo.Value, into map[string]*arazzo.Member, order *[]string, depth int) (open bool) {
	if schema == nil || depth > 8 || schema.Kind != arazzo.KindObject {
		return true
	}
	if ref := schema.Member("$ref"); ref != nil {
		name, ok := strings.CutPrefix(stringOf(ref), "#/components/inputs/")
		var found *arazzo.Schema
		if ok && l.doc.Components != nil {
			found, _ = l.doc.Components.Inputs.Get(name)
		}
		if found == nil {
			return true
		}
		open = l.declared(found.Value, into, order, depth+1)
	}
	if v := schema.Member("properties"); v != nil {
		for _, m := range v.Members {
			if into[m.Name] == nil {
				into[m.Name] = m
				*order = append(*order, m.Name)
			}
		}
	}
	for _, keyword := range []string{"allOf", "anyOf", "oneOf"} {
		if v := schema.Member(keyword); v != nil {
			for _, item := range v.Items {
				open = l.declared(item, into, order, depth+1) || open
			}
		}
	}
	if v := schema.Member("additionalProperties"); v != nil && v.Scalar != false || schema.Member("patternProperties") != nil {
		return true
	}
	return open
}

func stringOf(v *arazzo.Value) string {
	if v == nil {
		return ""
	}
	s, _ := v.Scalar.(string)
	return s
}

// recursion finds workflows that call themselves through their steps.
func (l *linter) recursion() {
	for _, w := range l.workflows {
		for _, s := range w.steps {
			if s.WorkflowID != "" && l.leadsTo(s.WorkflowID, w.WorkflowID, map[string]bool{}) {
				l.report("workflow-recursion", s.At("workflowId"), s.Path, "repeat steps with a goto or a retry instead", "step %q calls workflow %q, which leads back to %q", s.StepID, s.WorkflowID, w.WorkflowID)
			}
		}
	}
}

func (l *linter) leadsTo(from, to string, seen map[string]bool) bool {
	if from == to {
		return true
	}
	if seen[from] {
		return false
	}
	seen[from] = true
	w := l.doc.Workflow(from)
	return w != nil && slices.ContainsFunc(w.Steps, func(s *arazzo.Step) bool {
		return s.WorkflowID != "" && l.leadsTo(s.WorkflowID, to, seen)
	})
}

// nearest is the name that differs least, if it does not differ much.
func nearest(name string, from []string) string {
	best, least := "", len(name)/3+1
	for _, f := range from {
		if strings.EqualFold(f, name) {
			return f
		}
		if d := distance(strings.ToLower(f), strings.ToLower(name)); d <= least && (best == "" || d < least) {
			best, least = f, d
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
