package arazzo

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/headgate/headgate/arazzo/expression"
)

// ValidateInputs checks inputs against the workflow's schema and reports every
// error, each with the input's JSON pointer as its Path and the place of the
// schema that it breaks. Defaults are applied first, see WithDefaults. nil is
// an empty object.
func ValidateInputs(w *Workflow, inputs map[string]any) []Finding {
	if w.Inputs == nil {
		return nil
	}
	c := w.Inputs.compile(w.doc)
	if c.err != nil {
		return []Finding{{Rule: "schema", Severity: SeverityError, Line: w.Inputs.Line, Column: w.Inputs.Column, Message: "the schema of the inputs is not valid: " + c.err.Error()}}
	}
	if name, found := hugeInput(inputs, ""); found {
		return []Finding{{Rule: "input", Severity: SeverityError, Line: w.Inputs.Line, Column: w.Inputs.Column, Path: name, Message: "the input " + name + ": the number is out of range"}}
	}
	err := c.schema.Validate(w.WithDefaults(inputs))
	var invalid *jsonschema.ValidationError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &invalid):
		return []Finding{{Rule: "input", Severity: SeverityError, Line: w.Inputs.Line, Column: w.Inputs.Column, Message: err.Error()}}
	}
	var out []Finding
	for _, leaf := range leaves(invalid) {
		out = append(out, w.inputFinding(leaf))
	}
	return sortFindings(out)
}

// inputFinding tells an error in the words of the inputs: which one, and what
// was wrong. Texts are left out, since they may be secret.
func (w *Workflow) inputFinding(e *jsonschema.ValidationError) Finding {
	f := Finding{Rule: "input", Severity: SeverityError, Line: w.Inputs.Line, Column: w.Inputs.Column}
	if _, path, found := strings.Cut(e.SchemaURL, "#"); found {
		if place := w.doc.root.find(path); place != nil {
			f.Line, f.Column = place.Line, place.Column
		}
	}
	var name strings.Builder
	for i, token := range e.InstanceLocation {
		f.Path += "/" + expression.EscapePointer(token)
		if i > 0 {
			name.WriteByte('.')
		}
		name.WriteString(token)
	}
	subject := "the inputs"
	if name.Len() > 0 {
		subject = "the input " + name.String()
	}
	f.Message = subject + ": " + describeError(e)
	if _, missing := e.ErrorKind.(*kind.Required); missing {
		f.Rule = "input-missing"
	}
	return f
}

// hugeInput finds a number that cannot be calculated with, and its pointer.
func hugeInput(v any, path string) (string, bool) {
	switch v := v.(type) {
	case json.Number:
		return path, hugeExponent(v.String())
	case map[string]any:
		for name, child := range v {
			if at, found := hugeInput(child, path+"/"+expression.EscapePointer(name)); found {
				return at, true
			}
		}
	case []any:
		for i, child := range v {
			if at, found := hugeInput(child, fmt.Sprintf("%s/%d", path, i)); found {
				return at, true
			}
		}
	}
	return "", false
}

// leaves lists the innermost errors. Of anyOf and oneOf the error itself is
// told, since any of the branches may have been meant.
func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	switch e.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf, *kind.Not, *kind.Contains, *kind.PropertyNames:
		return []*jsonschema.ValidationError{e}
	}
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	var out []*jsonschema.ValidationError
	for _, cause := range e.Causes {
		out = append(out, leaves(cause)...)
	}
	return out
}

// describeError writes an error and, for anyOf and the like, those of the
// branches in parentheses.
func describeError(e *jsonschema.ValidationError) string {
	text := e.ErrorKind.LocalizedString(message.NewPrinter(language.English))
	switch k := e.ErrorKind.(type) {
	case *kind.Group:
		if len(e.Causes) > 0 {
			text = ""
		}
	case *kind.Pattern:
		text = "it does not match the pattern " + k.Want
	case *kind.Format:
		text = "it is no valid " + k.Want
	}
	var inner []string
	for _, cause := range e.Causes {
		inner = append(inner, describeError(cause))
	}
	switch {
	case len(inner) == 0:
		return text
	case text == "":
		return strings.Join(inner, "; ")
	}
	return text + " (" + strings.Join(inner, "; ") + ")"
}

// maxDefaults bounds how deep defaults are looked for: schemas may refer to
// themselves.
const maxDefaults = 32

// WithDefaults answers the inputs with the schema's defaults for those that are
// not set: for properties at any depth of objects that are set, through $ref
// within the document and allOf. The given map is not changed.
func (w *Workflow) WithDefaults(inputs map[string]any) map[string]any {
	if inputs == nil {
		inputs = map[string]any{}
	}
	if w.Inputs == nil {
		return inputs
	}
	out, is := w.defaults(w.Inputs.Value, inputs, 0).(map[string]any)
	if !is {
		return inputs
	}
	return out
}

// defaults applies a schema's defaults to one value. What it answers is a copy
// where anything was added.
func (w *Workflow) defaults(schema *Value, v any, depth int) any {
	if _, is := v.(map[string]any); !is || schema == nil || schema.Kind != KindObject || depth > maxDefaults {
		return v
	}
	if ref := schema.Member("$ref"); ref != nil {
		v = w.defaults(w.referred(ref), v, depth+1)
	}
	if all := schema.Member("allOf"); all != nil {
		for _, part := range all.Items {
			v = w.defaults(part, v, depth+1)
		}
	}
	properties := schema.Member("properties")
	if properties == nil {
		return v
	}
	object, _ := v.(map[string]any)
	out := maps.Clone(object)
	for _, m := range properties.Members {
		current, set := out[m.Name]
		if !set {
			fallback := w.fallback(m.Value, 0)
			if fallback == nil {
				continue
			}
			current = fallback.Data()
		}
		out[m.Name] = w.defaults(m.Value, current, depth+1)
	}
	return out
}

// fallback finds the default of a property, its own or that of its $ref.
func (w *Workflow) fallback(schema *Value, depth int) *Value {
	if schema == nil || depth > maxDefaults {
		return nil
	}
	if own := schema.Member("default"); own != nil {
		return own
	}
	if ref := schema.Member("$ref"); ref != nil {
		return w.fallback(w.referred(ref), depth+1)
	}
	return nil
}

// referred answers the schema that a $ref names within the document, or nil.
func (w *Workflow) referred(ref *Value) *Value {
	text, is := ref.Scalar.(string)
	pointer, local := strings.CutPrefix(text, "#")
	if !is || !local {
		return nil
	}
	if plain, err := url.PathUnescape(pointer); err == nil {
		pointer = plain
	}
	if pointer == "" || strings.HasPrefix(pointer, "/") {
		if found := w.doc.root.find(pointer); found != nil {
			return found
		}
		return w.Inputs.find(pointer) // #/$defs/x, see Schema.compile
	}
	if w.doc.Components != nil {
		for _, s := range w.doc.Components.Inputs.All() {
			if anchor := s.Member("$anchor"); anchor != nil && anchor.Scalar == any(pointer) {
				return s.Value
			}
		}
	}
	return nil
}

// declaredInputs lists the properties that the schema of the inputs names.
// closed tells that there can be no others; known is false where the schema
// is too free to say.
func (w *Workflow) declaredInputs() (declared map[string]bool, closed, known bool) {
	declared = map[string]bool{}
	if w.Inputs == nil {
		return declared, false, true
	}
	closed, known = w.declare(w.Inputs.Value, declared, 0)
	return declared, closed, known
}

// declare collects the properties of a schema and of what it refers to. A key
// word that lets in names that cannot be listed makes the answer unknown.
func (w *Workflow) declare(schema *Value, declared map[string]bool, depth int) (closed, known bool) {
	if schema == nil || schema.Kind != KindObject || depth > maxDefaults {
		return false, false
	}
	known = true
	for _, m := range schema.Members {
		switch m.Name {
		case "properties":
			for _, property := range m.Value.Members {
				declared[property.Name] = true
			}
		case "$ref":
			c, k := w.declare(w.referred(m.Value), declared, depth+1)
			closed, known = closed || c, known && k
		case "allOf", "anyOf", "oneOf":
			for _, part := range m.Value.Items {
				_, k := w.declare(part, declared, depth+1)
				known = known && k
			}
		case "additionalProperties", "unevaluatedProperties":
			closed = closed || m.Value.Scalar == any(false)
			known = known && (m.Value.Kind != KindBool || m.Value.Scalar == any(false))
		case "patternProperties", "if", "dependentSchemas", "$dynamicRef":
			known = false
		}
	}
	return closed, known
}

// String shows a schema by its place.
func (s *Schema) String() string { return fmt.Sprintf("schema at %s", s.Pos) }
