package source

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Data is the schema as plain data of JSON Schema 2020-12 that needs nothing else: what it refers to stands in its $defs. OpenAPI 3.0's
// nullable and boolean exclusive limits are translated; a reference that leads nowhere allows everything.
func (s *Schema) Data() any {
	b := &bundler{names: map[*yaml.Node]string{}, defs: map[string]any{}}
	root := b.schema(s.node)
	for len(b.queue) > 0 { // not by recursion: a chain of references may be as long as a document
		next := b.queue[0]
		b.queue = b.queue[1:]
		b.defs[b.names[next.Node]] = b.schema(next)
	}
	if m, ok := root.(map[string]any); ok && len(b.defs) > 0 {
		m["$defs"] = b.defs
	}
	return root
}

// bundler copies schemas, each that is referred to once.
type bundler struct {
	names map[*yaml.Node]string
	defs  map[string]any
	queue []node // named, but not yet in defs
}

// Keywords by what their values are.
var (
	schemaKeys = []string{"items", "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "not", "if", "then", "else", "contains", "propertyNames", "contentSchema"}
	schemaMaps = []string{"properties", "patternProperties", "dependentSchemas"}
	schemaList = []string{"allOf", "anyOf", "oneOf", "prefixItems"}
	dropped    = []string{"$id", "$anchor", "$dynamicAnchor", "$schema", "$defs", "definitions", "nullable", "discriminator", "xml", "externalDocs", "example"}
)

// schema copies one schema, keyword by keyword: what a validator would read as JSON Schema's own and OpenAPI means otherwise is left out.
func (b *bundler) schema(n node) any {
	if !n.isMap() {
		return n.data()
	}
	out := map[string]any{}
	for key, v := range n.members() {
		switch k := key.Value; {
		case k == "$ref" && v.isScalar():
			if name := b.reference(n, v.Value); name != "" {
				out["$ref"] = "#/$defs/" + name
			}
		case k == "$dynamicRef" && v.isScalar():
			if name := b.reference(n, v.Value); name != "" {
				out["$ref"] = "#/$defs/" + name
			}
		case slices.Contains(dropped, k) || strings.HasPrefix(k, "x-"):
		case slices.Contains(schemaMaps, k) && v.isMap():
			m := map[string]any{}
			for name, p := range v.members() {
				m[name.Value] = b.schema(p)
			}
			out[k] = m
		case (slices.Contains(schemaKeys, k) || slices.Contains(schemaList, k)) && v.isList():
			var list []any
			for _, p := range v.items() {
				list = append(list, b.schema(p))
			}
			if k == "items" {
				k = "prefixItems"
			}
			out[k] = list
		case slices.Contains(schemaKeys, k):
			out[k] = b.schema(v)
		case k == "required" && !v.isList(): // of a Swagger parameter
		default:
			out[k] = v.data()
		}
	}
	fromOpenAPI30(n, out)
	return out
}

// reference gives the name in $defs of what a reference means.
func (b *bundler) reference(n node, ref string) string {
	target, err := n.follow(ref)
	if err != nil {
		return ""
	}
	if name, known := b.names[target.Node]; known {
		return name
	}
	name := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, path.Base(ref))
	for _, taken := b.defs[name]; taken; _, taken = b.defs[name] {
		name = fmt.Sprintf("%s_%d", name, len(b.defs))
	}
	b.names[target.Node], b.defs[name] = name, true
	b.queue = append(b.queue, target)
	return name
}

// fromOpenAPI30 translates the dialect of OpenAPI 3.0 and Swagger 2.0.
func fromOpenAPI30(n node, out map[string]any) {
	if n.isTrue("nullable") {
		switch t := out["type"].(type) {
		case string:
			out["type"] = []any{t, "null"}
		case []any:
			out["type"] = append(t, "null")
		}
		if list, ok := out["enum"].([]any); ok && !slices.Contains(list, nil) {
			out["enum"] = append(list, nil)
		}
	}
	if out["type"] == "file" {
		out["type"] = "string"
	}
	for _, side := range [...][2]string{{"exclusiveMinimum", "minimum"}, {"exclusiveMaximum", "maximum"}} {
		if exclusive, ok := out[side[0]].(bool); ok {
			delete(out, side[0])
			if limit, has := out[side[1]]; exclusive && has {
				out[side[0]] = limit
				delete(out, side[1])
			}
		}
	}
}

// Sample is a value that fits the schema as far as examples and required members tell: its example, default, first allowed value, or
// one built from its required members (all of them where none is required).
func (s *Schema) Sample() any {
	budget := 200
	return s.sample(0, &budget)
}

// sample prefers what the description says of values over what it says of types. The budget bounds schemas that branch without end.
func (s *Schema) sample(depth int, budget *int) any {
	if *budget--; depth > 8 || *budget < 0 {
		return nil
	}
	parts := s.parts()
	for _, key := range [...]string{"example", "default", "const"} {
		for _, n := range parts {
			if v := n.get(key); v.ok() {
				return v.data()
			}
		}
	}
	for _, n := range parts {
		for _, key := range [...]string{"examples", "enum"} {
			if v := n.get(key); v.isList() && len(v.Content) > 0 {
				return node{v.doc, v.Content[0]}.data()
			}
		}
	}
	types := s.Types()
	kind := ""
	if i := slices.IndexFunc(types, func(t string) bool { return t != "null" }); i >= 0 {
		kind = types[i]
	} else if len(s.Properties()) > 0 {
		kind = "object"
	}
	switch kind {
	case "object":
		return s.sampleObject(depth, budget)
	case "array":
		if item, p := s.member("0"); p == Yes && item != nil {
			if v := item.sample(depth+1, budget); v != nil {
				return []any{v}
			}
		}
		return []any{}
	case "integer", "number":
		if low := s.keyword("minimum"); low != "" {
			if v, ok := jsonNumber(low); ok {
				return v
			}
		}
		return json.Number("0")
	case "boolean":
		return false
	case "string", "file":
		return sampleText(s.keyword("format"))
	}
	return nil
}

func (s *Schema) sampleObject(depth int, budget *int) any {
	names := s.Required()
	if len(names) == 0 {
		names = s.Properties()
	}
	m := map[string]any{}
	for _, name := range names {
		if p, presence := s.member(name); presence == Yes && p != nil {
			m[name] = p.sample(depth+1, budget)
		}
	}
	return m
}

func sampleText(format string) string {
	switch format {
	case "date":
		return "2006-01-02"
	case "date-time":
		return "2006-01-02T15:04:05Z"
	case "uuid":
		return "00000000-0000-4000-8000-000000000000"
	case "email":
		return "someone@example.com"
	case "uri", "url":
		return "https://example.com"
	case "byte":
		return "AA=="
	}
	return "string"
}
