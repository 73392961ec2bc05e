package resource

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// scalar checks a value that is neither an object nor a list.
func (p *property) scalar(v any, path string) error {
	var ok bool
	want := "String"
	switch p.kind {
	case integer:
		want = "Integer"
		s, isText := asText(v)
		_, err := strconv.ParseInt(s, 10, 64)
		ok = isText && err == nil
	case number:
		want = "Number"
		s, isText := asText(v)
		_, err := strconv.ParseFloat(s, 64)
		ok = isText && err == nil
	case boolean:
		want = "Boolean"
		_, ok = asBool(v)
	default:
		_, ok = asText(v)
	}
	if !ok {
		return fmt.Errorf("%s: expected type: %s, found: %s", path, want, found(v))
	}
	return nil
}

// asText gives a scalar as text; CloudFormation takes numbers and booleans for strings.
func asText(v any) (string, bool) {
	switch x := v.(type) {
	case string:
		return x, true
	case json.Number:
		return x.String(), true
	case bool:
		return strconv.FormatBool(x), true
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), true
	case int:
		return strconv.Itoa(x), true
	}
	return "", false
}

func asBool(v any) (value, ok bool) {
	s, ok := asText(v)
	switch s {
	case "true", "True", "TRUE":
		return true, ok
	case "false", "False", "FALSE":
		return false, ok
	}
	return false, false
}

// found names a value's type as validation messages do.
func found(v any) string {
	switch v.(type) {
	case nil:
		return "Null"
	case string:
		return "String"
	case bool:
		return "Boolean"
	case []any:
		return "JSONArray"
	case map[string]any:
		return "JSONObject"
	}
	return "Number"
}

// text returns a property's text, or "".
func (p Properties) text(name string) string {
	s, _ := asText(p[name])
	return s
}

// object returns a property's members, or nil.
func (p Properties) object(name string) Properties {
	m, _ := p[name].(map[string]any)
	return m
}

// list returns a property's items; a single value is a list of one.
func (p Properties) list(name string) []any {
	switch x := p[name].(type) {
	case nil:
		return nil
	case []any:
		return x
	default:
		return []any{x}
	}
}

// texts returns a list of strings.
func (p Properties) texts(name string) []string {
	var out []string
	for _, v := range p.list(name) {
		if s, ok := asText(v); ok {
			out = append(out, s)
		}
	}
	return out
}

// without returns a copy that lacks the names.
func (p Properties) without(names ...string) Properties {
	out := make(Properties, len(p))
	for k, v := range p {
		out[k] = v
	}
	for _, n := range names {
		delete(out, n)
	}
	return out
}

// document returns a property that is a JSON document, as text; a string is taken as it is.
func (p Properties) document(name string) (*string, error) {
	v, ok := p[name]
	if !ok {
		return nil, nil
	}
	if s, ok := v.(string); ok {
		return &s, nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s := string(raw)
	return &s, nil
}
