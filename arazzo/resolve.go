package arazzo

import (
	"fmt"
	"strings"

	"github.com/headgate/headgate/arazzo/expression"
)

// Workflow answers the workflow with that id, or nil.
func (d *Document) Workflow(id string) *Workflow {
	for _, w := range d.Workflows {
		if w.WorkflowID == id {
			return w
		}
	}
	return nil
}

// Source answers the source description with that name, or nil.
func (d *Document) Source(name string) *SourceDescription {
	for _, s := range d.SourceDescriptions {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Parameter resolves a Reusable Object: the parameter that p stands for, with
// the Reusable Object's value in the place of its own.
func (d *Document) Parameter(p *Parameter) (*Parameter, error) {
	if p.Reusable == nil {
		return p, nil
	}
	name, err := componentName(p.Reusable, "parameters")
	if err != nil {
		return nil, err
	}
	var found *Parameter
	if d.Components != nil {
		found, _ = d.Components.Parameters.Get(name)
	}
	if found == nil || found.Reusable != nil {
		return nil, fmt.Errorf("the components have no parameter %q", name)
	}
	if p.Reusable.Value == nil {
		return found, nil
	}
	merged := *found
	merged.Value = p.Reusable.Value
	return &merged, nil
}

// Action resolves a Reusable Object: the action that a stands for.
func (d *Document) Action(a *Action) (*Action, error) {
	if a.Reusable == nil {
		return a, nil
	}
	kind := "successActions"
	if a.Failure {
		kind = "failureActions"
	}
	name, err := componentName(a.Reusable, kind)
	if err != nil {
		return nil, err
	}
	var found *Action
	if d.Components != nil {
		from := d.Components.SuccessActions
		if a.Failure {
			from = d.Components.FailureActions
		}
		found, _ = from.Get(name)
	}
	if found == nil || found.Reusable != nil {
		return nil, fmt.Errorf("the components have no %s called %q", kind, name)
	}
	return found, nil
}

func componentName(r *Reusable, kind string) (string, error) {
	e, err := expression.Parse(r.Reference)
	if err != nil {
		return "", err
	}
	if e.Root != expression.RootComponents || e.Owner != kind {
		return "", fmt.Errorf("%q does not refer to $components.%s", r.Reference, kind)
	}
	return e.Name, nil
}

// EffectiveParameters answers the parameters of a step: its own, then those of
// the workflow that it does not override by name and in. What cannot be
// resolved is left out; Validate reports it.
func (w *Workflow) EffectiveParameters(s *Step) []*Parameter {
	return w.parameters(s.Parameters, w.Parameters)
}

// ActionParameters answers the resolved parameters of an action.
func (w *Workflow) ActionParameters(a *Action) []*Parameter {
	return w.parameters(a.Parameters, nil)
}

func (w *Workflow) parameters(own, inherited []*Parameter) []*Parameter {
	out := make([]*Parameter, 0, len(own)+len(inherited))
	for i, list := range [][]*Parameter{own, inherited} {
		start := len(out)
		for _, p := range list {
			resolved, err := w.doc.Parameter(p)
			if err != nil || i == 1 && hasParameter(out[:start], resolved) {
				continue
			}
			out = append(out, resolved)
		}
	}
	return out
}

// hasParameter tells whether the list has a parameter of the same name and in;
// names of headers regard no case (RFC 9110 §5.1).
func hasParameter(list []*Parameter, p *Parameter) bool {
	for _, other := range list {
		if other.In == p.In && (other.Name == p.Name || p.In == InHeader && strings.EqualFold(other.Name, p.Name)) {
			return true
		}
	}
	return false
}

// EffectiveOnSuccess answers the success actions of a step in the order in
// which they are tried: its own, then those of the workflow that it does not
// override by name.
func (w *Workflow) EffectiveOnSuccess(s *Step) []*SuccessAction {
	return w.actions(s.OnSuccess, w.SuccessActions)
}

// EffectiveOnFailure is EffectiveOnSuccess for failure actions.
func (w *Workflow) EffectiveOnFailure(s *Step) []*FailureAction {
	return w.actions(s.OnFailure, w.FailureActions)
}

func (w *Workflow) actions(own, inherited []*Action) []*Action {
	out := make([]*Action, 0, len(own)+len(inherited))
	seen := map[string]bool{}
	for i, list := range [][]*Action{own, inherited} {
		for _, a := range list {
			resolved, err := w.doc.Action(a)
			if err != nil || i == 1 && seen[resolved.Name] {
				continue
			}
			if i == 0 {
				seen[resolved.Name] = true
			}
			out = append(out, resolved)
		}
	}
	return out
}
