package template

import (
	"maps"
	"slices"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// Bound is a template in an environment: parameters known, conditions decided, order settled.
type Bound struct {
	Template *Template
	env      Env
	given    map[string]string // parameters as text, defaults included
	params   map[string]any
	conds    map[string]bool
	graph    graph
}

// Bind checks parameters and references and decides the conditions. The error is an *Error.
func (t *Template) Bind(env Env) (*Bound, error) {
	values, err := t.bindParameters(env.Parameters)
	if err != nil {
		return nil, err
	}
	b := &Bound{Template: t, env: env, given: values, params: map[string]any{}}
	for _, p := range t.Parameters {
		b.params[p.Name] = p.value(values[p.Name])
	}
	if b.conds, err = b.decideConditions(); err != nil {
		return nil, err
	}
	if err := t.checkReferences(); err != nil {
		return nil, err
	}
	if err := b.checkConditionNames(); err != nil {
		return nil, err
	}
	if b.graph, err = b.buildGraph(); err != nil {
		return nil, err
	}
	return b, b.checkOutputs()
}

// Parameters returns the parameters as a stack shows them, in the template's order.
func (b *Bound) Parameters() []ParameterValue {
	var out []ParameterValue
	for _, p := range b.Template.Parameters {
		out = append(out, ParameterValue{p.Name, b.given[p.Name], p.NoEcho})
	}
	return out
}

// Condition tells how a condition was decided.
func (b *Bound) Condition(name string) bool { return b.conds[name] }

// Conditions returns all of them.
func (b *Bound) Conditions() map[string]bool { return maps.Clone(b.conds) }

// Resources returns the resources whose condition holds, in the template's order.
func (b *Bound) Resources() []*Resource {
	var out []*Resource
	for _, r := range b.Template.Resources {
		if b.active(r) {
			out = append(out, r)
		}
	}
	return out
}

// Resource returns the resource if its condition holds, else nil.
func (b *Bound) Resource(id string) *Resource {
	if r := b.Template.byID[id]; r != nil && b.active(r) {
		return r
	}
	return nil
}

func (b *Bound) active(r *Resource) bool { return r.Condition == "" || b.conds[r.Condition] }

// Properties evaluates a resource's properties; what is AWS::NoValue is left out. Numbers are
// json.Number, as written. The result is the caller's own.
func (b *Bound) Properties(id string, r Resolver) (map[string]any, error) {
	return b.section(id, "Properties", func(x *Resource) *tree.Node { return x.Properties }, r)
}

// UpdatePolicy evaluates a resource's update policy; nil when it has none.
func (b *Bound) UpdatePolicy(id string, r Resolver) (map[string]any, error) {
	return b.section(id, "UpdatePolicy", func(x *Resource) *tree.Node { return x.UpdatePolicy }, r)
}

func (b *Bound) section(id, name string, of func(*Resource) *tree.Node, r Resolver) (map[string]any, error) {
	res := b.Resource(id)
	if res == nil {
		return nil, &Error{Message: "Resource " + id + " does not exist in the template"}
	}
	n := of(res)
	if n == nil {
		if name == "Properties" {
			return map[string]any{}, nil
		}
		return nil, nil
	}
	v, err := b.evaluator(r, "Resources").eval(n, "Resources."+id+"."+name)
	if err != nil {
		return nil, err
	}
	switch m := v.(type) {
	case map[string]any:
		return m, nil
	case noValue:
		return map[string]any{}, nil
	}
	return nil, tree.Errorf(n, "Resources."+id+"."+name, "Template format error: Any %s member must be an object.", name)
}

// Evaluate evaluates any part of the template; AWS::NoValue gives nil.
func (b *Bound) Evaluate(n *tree.Node, r Resolver) (any, error) {
	v, err := b.evaluator(r, "Resources").eval(n, "")
	if _, none := v.(noValue); none {
		return nil, err
	}
	return v, err
}

// Outputs evaluates the outputs whose condition holds.
func (b *Bound) Outputs(r Resolver) ([]OutputValue, error) {
	var out []OutputValue
	for _, o := range b.Template.Outputs {
		if o.Condition != "" && !b.conds[o.Condition] {
			continue
		}
		v := OutputValue{Name: o.Name, Description: o.Description}
		for _, part := range []struct {
			node *tree.Node
			into *string
		}{{o.Value, &v.Value}, {o.ExportName, &v.ExportName}} {
			if part.node == nil {
				continue
			}
			x, err := b.evaluator(r, "Outputs").eval(part.node, "Outputs."+o.Name)
			if err != nil {
				return nil, err
			}
			s, ok := toText(x)
			if !ok {
				return nil, tree.Errorf(part.node, "Outputs."+o.Name, "Template format error: Output %s is malformed. The Value field of every Outputs member must evaluate to a String.", o.Name)
			}
			*part.into = s
		}
		out = append(out, v)
	}
	return out, nil
}

// checkOutputs refuses outputs that mention a resource which a condition leaves out.
func (b *Bound) checkOutputs() error {
	for _, o := range b.Template.Outputs {
		if o.Condition != "" && !b.conds[o.Condition] {
			continue
		}
		for _, n := range []*tree.Node{o.Value, o.ExportName} {
			refs, err := references(n, "Outputs."+o.Name, b.Condition)
			if err != nil {
				return err
			}
			for _, r := range refs {
				if x := b.Template.byID[r.ID]; x != nil && !b.active(x) {
					return b.Template.unresolved([]string{r.ID}, "Outputs", r.Node, r.Path)
				}
			}
		}
	}
	return nil
}

// checkConditionNames refuses conditions that nobody declared.
func (b *Bound) checkConditionNames() error {
	check := func(name, section string, at *tree.Node, path string) error {
		if _, ok := b.conds[name]; name != "" && !ok {
			return tree.Errorf(at, path, "Template format error: Unresolved condition dependency %s in the %s block of the template", name, section)
		}
		return nil
	}
	for _, r := range b.Template.Resources {
		if err := check(r.Condition, "Resources", r.Node, "Resources."+r.ID+".Condition"); err != nil {
			return err
		}
	}
	for _, o := range b.Template.Outputs {
		if err := check(o.Condition, "Outputs", o.Node, "Outputs."+o.Name+".Condition"); err != nil {
			return err
		}
	}
	return nil
}

// decideConditions evaluates the Conditions section, which may mention itself but not in a circle.
func (b *Bound) decideConditions() (map[string]bool, error) {
	c := &conditions{evaluator: b.evaluator(nil, "Conditions"), all: b.Template.Conditions, done: map[string]bool{}}
	c.evaluator.condition = c.decide
	for _, p := range pairs(b.Template.Conditions) {
		if _, err := c.decide(p.Key, p.Value); err != nil {
			return nil, err
		}
	}
	return c.done, nil
}

type conditions struct {
	evaluator *evaluator
	all       *tree.Node
	done      map[string]bool
	open      []string
}

func (c *conditions) decide(name string, at *tree.Node) (bool, error) {
	if v, ok := c.done[name]; ok {
		return v, nil
	}
	n := c.all.Get(name)
	if n == nil {
		return false, tree.Errorf(at, "Conditions", "Template format error: Unresolved condition dependency %s in the Conditions block of the template", name)
	}
	if slices.Contains(c.open, name) {
		return false, tree.Errorf(n, "Conditions."+name, "Template format error: Found circular condition dependency between [%s]", strings.Join(c.open, ", "))
	}
	c.open = append(c.open, name)
	v, err := c.evaluator.boolean(n, "Conditions."+name)
	c.open = c.open[:len(c.open)-1]
	if err == nil {
		c.done[name] = v
	}
	return v, err
}
