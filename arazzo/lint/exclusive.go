package lint

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/expression"
	"github.com/headgate/headgate/arazzo/source"
)

// packages are the members of Lambda's requests that name a package: one of them excludes the others (FACTS §0.7).
var packages = [][2]string{{"ZipFile", "S3Bucket"}, {"ZipFile", "S3Key"}, {"ZipFile", "S3ObjectVersion"}, {"ZipFile", "ImageUri"}, {"S3Bucket", "ImageUri"}}

// exclusive reports payloads that may hold members which exclude each other.
func (l *linter) exclusive(s *stepView, payload *arazzo.Value, schema *source.Schema) {
	if payload == nil || payload.Kind != arazzo.KindObject {
		return
	}
	l.exclusiveIn(s, payload, schema)
	switch lambdaOperation(s.op) {
	case "UpdateFunctionCode":
		l.pairs(s, payload, packages)
	case "CreateFunction":
		if code := payload.Member("Code"); code != nil {
			l.pairs(s, code, packages)
		}
	}
}

func (l *linter) exclusiveIn(s *stepView, v *arazzo.Value, schema *source.Schema) {
	if v.Kind != arazzo.KindObject || schema == nil {
		return
	}
	l.pairs(s, v, excluded(objectOf(schema.Data()), 0))
	for _, m := range v.Members {
		if inner, _ := schema.At(pointerOf([]string{m.Name})); inner != nil {
			l.exclusiveIn(s, m.Value, inner)
		}
	}
}

// excluded lists the pairs of members that a schema does not allow together: by not/required, or by alternatives that differ
// in what they require.
func excluded(schema map[string]any, depth int) (pairs [][2]string) {
	if depth > 4 {
		return nil
	}
	if not, ok := schema["not"].(map[string]any); ok {
		if names := requiredOf(not); len(names) == 2 {
			pairs = append(pairs, [2]string{names[0], names[1]})
		}
	}
	if all, ok := schema["allOf"].([]any); ok {
		for _, item := range all {
			if inner, ok := item.(map[string]any); ok {
				pairs = append(pairs, excluded(inner, depth+1)...)
			}
		}
	}
	one, _ := schema["oneOf"].([]any)
	var sets [][]string
	for _, item := range one {
		inner, _ := item.(map[string]any)
		names := requiredOf(inner)
		if len(names) == 0 {
			return pairs
		}
		sets = append(sets, names)
	}
	for i, a := range sets {
		for _, b := range sets[i+1:] {
			for _, x := range a {
				for _, y := range b {
					if !slices.Contains(b, x) && !slices.Contains(a, y) {
						pairs = append(pairs, [2]string{x, y})
					}
				}
			}
		}
	}
	return pairs
}

// pairs reports the first member of a payload that excludes others of it, all of them at once.
func (l *linter) pairs(s *stepView, v *arazzo.Value, pairs [][2]string) {
	var first *arazzo.Member
	var others []string
	certain := false
	for _, m := range v.Members {
		for _, p := range pairs {
			other := p[1]
			if p[1] == m.Name {
				other = p[0]
			} else if p[0] != m.Name {
				continue
			}
			o := v.Member(other)
			if o == nil || first != nil && first != m || slices.Contains(others, other) || s.w.keepsApart(m.Value, o) {
				continue
			}
			first, others = m, append(others, other)
			certain = certain || s.w.always(m.Value) && s.w.always(o)
		}
	}
	if first == nil {
		return
	}
	f := l.report("payload-members-exclusive", first.Key, v.Path,
		fmt.Sprintf("say in the inputs' schema that they exclude each other, e.g. oneOf: [{required: [%s]}, {required: [%s]}], or take one way only", first.Name, strings.Join(others, ", ")),
		"%s takes %s or %s, not both", nameOf(s), first.Name, strings.Join(others, ", "))
	if certain {
		f.Severity = bad
	}
}

// always tells whether a value is set in every run: a constant, or a required input.
func (w *workflowView) always(v *arazzo.Value) bool {
	for _, e := range v.Expressions() {
		if e.Root != expression.RootInputs || w.Inputs == nil || !slices.Contains(requiredOf(objectOf(w.Inputs.Data())), e.Name) {
			return false
		}
	}
	return true
}

// objectOf is a schema's members, with references into its own $defs followed as far as the rules here look: at the top and within
// combinators. A schema that is true or false has none.
func objectOf(schema any) map[string]any {
	m, _ := schema.(map[string]any)
	defs, _ := m["$defs"].(map[string]any)
	return followed(m, defs, 0)
}

func followed(m, defs map[string]any, depth int) map[string]any {
	if ref, ok := m["$ref"].(string); ok && depth < 8 {
		if name, ok := strings.CutPrefix(ref, "#/$defs/"); ok {
			target, _ := defs[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)].(map[string]any)
			return followed(target, defs, depth+1)
		}
	}
	out := maps.Clone(m)
	for _, keyword := range []string{"allOf", "oneOf"} {
		list, _ := m[keyword].([]any)
		var items []any
		for _, item := range list {
			if inner, ok := item.(map[string]any); ok && depth < 8 {
				item = followed(inner, defs, depth+1)
			}
			items = append(items, item)
		}
		if items != nil {
			out[keyword] = items
		}
	}
	return out
}

// keepsApart tells whether the inputs' schema lets nobody give both.
func (w *workflowView) keepsApart(a, b *arazzo.Value) bool {
	if w.Inputs == nil {
		return false
	}
	var names []string
	for _, v := range []*arazzo.Value{a, b} {
		for _, e := range v.Expressions() {
			if e.Root == expression.RootInputs {
				names = append(names, e.Name)
			}
		}
	}
	if len(names) != 2 {
		return false
	}
	pairs := excluded(objectOf(w.Inputs.Data()), 0)
	if slices.ContainsFunc(pairs, func(p [2]string) bool {
		return p == [2]string{names[0], names[1]} || p == [2]string{names[1], names[0]}
	}) {
		return true
	}
	for _, keyword := range []string{"if", "dependentSchemas"} { // what these say takes a validator
		if said, found := objectOf(w.Inputs.Data())[keyword]; found {
			text, _ := json.Marshal(said)
			if strings.Contains(string(text), `"`+names[0]+`"`) || strings.Contains(string(text), `"`+names[1]+`"`) {
				return true
			}
		}
	}
	return false
}
