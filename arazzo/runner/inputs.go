package runner

import (
	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/auth"
	"github.com/headgate/headgate/arazzo/expression"
)

// inputs adds the defaults of the schema to what is given.
func (p *workflowPlan) inputs(given map[string]any) map[string]any {
	if full := p.model.WithDefaults(given); full != nil {
		return full
	}
	return map[string]any{}
}

// declared keeps those inputs that the workflow's schema names; all of them where it names none.
func (p *workflowPlan) declared(given map[string]any) map[string]any {
	names := p.properties(p.model.Inputs, 0)
	if len(names) == 0 || len(given) == 0 {
		return given
	}
	out := map[string]any{}
	for name := range names {
		if v, found := given[name]; found {
			out[name] = v
		}
	}
	return out
}

// secretInputs are the names of the inputs that are passwords.
func (p *workflowPlan) secretInputs() []string {
	var out []string
	for name, schema := range p.properties(p.model.Inputs, 0) {
		if w := schema.Member("writeOnly"); str(schema.Member("format")) == "password" || w != nil && w.Scalar == true {
			out = append(out, name)
		}
	}
	return out
}

// learnSecrets tells the masker the values of such inputs, and of those that are called like secrets.
func (p *workflowPlan) learnSecrets(m *auth.Masker, inputs map[string]any) {
	for _, name := range p.secrets {
		if text, ok := inputs[name].(string); ok {
			m.AddSecret(text)
		}
	}
	m.LearnData(inputs)
}

// properties are the schemas of the inputs by name, through references within the document and allOf.
func (p *workflowPlan) properties(schema *arazzo.Schema, depth int) map[string]*arazzo.Value {
	if schema == nil {
		return nil
	}
	out := map[string]*arazzo.Value{}
	p.collect(schema.Value, out, depth)
	return out
}

const maxSchemaDepth = 20

func (p *workflowPlan) collect(v *arazzo.Value, out map[string]*arazzo.Value, depth int) {
	if v = p.deref(v); v == nil || depth > maxSchemaDepth {
		return
	}
	if properties := v.Member("properties"); properties != nil {
		for _, m := range properties.Members {
			if schema := p.deref(m.Value); schema != nil {
				out[m.Name] = schema
			}
		}
	}
	if all := v.Member("allOf"); all != nil {
		for _, item := range all.Items {
			p.collect(item, out, depth+1)
		}
	}
}

// deref follows references to the components' inputs.
func (p *workflowPlan) deref(v *arazzo.Value) *arazzo.Value {
	const inputs = "#/components/inputs/"
	for range maxSchemaDepth {
		ref := str(v.Member("$ref"))
		if ref == "" {
			return v
		}
		c := p.doc.Components
		if c == nil || len(ref) <= len(inputs) || ref[:len(inputs)] != inputs {
			return v
		}
		pointer, err := expression.ParsePointer("/" + ref[len(inputs):])
		if err != nil || len(pointer.Tokens()) != 1 {
			return v
		}
		next, found := c.Inputs.Get(pointer.Tokens()[0])
		if !found {
			return v
		}
		v = next.Value
	}
	return nil
}

// str is a string value's text; empty for everything else.
func str(v *arazzo.Value) string {
	if v == nil {
		return ""
	}
	s, _ := v.Scalar.(string)
	return s
}
