package runner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/headgate/headgate/arazzo"
)

// DeclaredInput is what a workflow's schema says of one input, for programs that ask people for it.
type DeclaredInput struct {
	Name        string
	Description string
	Types       []string // JSON types; empty: any
	Required    bool
	Default     any // nil: none
	Secret      bool
}

// DeclaredInputs lists the inputs that a workflow names, the required ones first, both by name.
func DeclaredInputs(w *arazzo.Workflow) []DeclaredInput {
	p := planOf(w)
	secret, required := p.secretInputs(), p.required(w.Inputs)
	var out []DeclaredInput
	for name, schema := range p.properties(w.Inputs, 0) {
		d := DeclaredInput{Name: name, Description: str(schema.Member("description")), Types: typesOf(schema), Required: slices.Contains(required, name), Secret: slices.Contains(secret, name)}
		if v := schema.Member("default"); v != nil {
			d.Default = v.Data()
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b DeclaredInput) int {
		if a.Required != b.Required {
			if a.Required {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

func planOf(w *arazzo.Workflow) *workflowPlan {
	return &workflowPlan{doc: &document{Document: w.Document()}, model: w}
}

// required are the names that the schema requires, at its top and in allOf.
func (p *workflowPlan) required(schema *arazzo.Schema) []string {
	if schema == nil {
		return nil
	}
	var out []string
	var visit func(v *arazzo.Value, depth int)
	visit = func(v *arazzo.Value, depth int) {
		if v = p.deref(v); v == nil || depth > maxSchemaDepth {
			return
		}
		if list := v.Member("required"); list != nil {
			for _, item := range list.Items {
				out = append(out, str(item))
			}
		}
		if all := v.Member("allOf"); all != nil {
			for _, item := range all.Items {
				visit(item, depth+1)
			}
		}
	}
	visit(schema.Value, 0)
	return out
}

func typesOf(schema *arazzo.Value) []string {
	t := schema.Member("type")
	if t == nil {
		return nil
	}
	if t.Kind == arazzo.KindString {
		return []string{str(t)}
	}
	var out []string
	for _, item := range t.Items {
		out = append(out, str(item))
	}
	return out
}

// ParseInput reads an input that is text, as a flag or an environment variable gives it: as its schema's type says, where it allows a string
// as it is, and where it says nothing as JSON, if it is some, else as a string.
func ParseInput(w *arazzo.Workflow, name, text string) (any, error) {
	schema := planOf(w).properties(w.Inputs, 0)[name]
	var types []string
	if schema != nil {
		types = typesOf(schema)
	}
	v, isJSON := decodeJSON([]byte(text))
	if _, quoted := v.(string); quoted && len(types) == 0 {
		return text, nil
	}
	switch {
	case slices.Contains(types, "string"):
		return text, nil
	case isJSON:
		return v, nil
	case len(types) == 0:
		return text, nil
	}
	return nil, fmt.Errorf("input %s is to be %s: %q is not JSON", name, types[0], text)
}
