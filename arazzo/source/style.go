package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// member is one part of an object, its value as text.
type member struct{ key, text string }

// shape is a value as parameters see it: a text, a list of texts, or named texts. What is nested deeper becomes JSON text, since no style
// but deepObject says how else it would travel.
type shape struct {
	kind    byte // 's', 'l', 'm'; 0: undefined, as null and empty lists are in RFC 6570
	text    string
	list    []string
	members []member
}

// shapeOf reduces a value. Nulls within lists and objects are left out, as RFC 6570 does with undefined members.
func shapeOf(value any, schema *Schema) (shape, error) {
	switch v := plainValue(value).(type) {
	case nil:
		return shape{}, nil
	case []any:
		s := shape{kind: 'l'}
		for _, item := range v {
			if item == nil {
				continue
			}
			text, err := textOf(item)
			if err != nil {
				return shape{}, err
			}
			s.list = append(s.list, text)
		}
		if len(s.list) == 0 {
			return shape{}, nil
		}
		return s, nil
	case map[string]any:
		s := shape{kind: 'm'}
		for _, key := range orderedKeys(v, schema) {
			if v[key] == nil {
				continue
			}
			text, err := textOf(v[key])
			if err != nil {
				return shape{}, err
			}
			s.members = append(s.members, member{key, text})
		}
		if len(s.members) == 0 {
			return shape{}, nil
		}
		return s, nil
	default:
		text, err := textOf(v)
		return shape{kind: 's', text: text}, err
	}
}

// orderedKeys are an object's keys in the schema's order, then those that it does not know, sorted: the same value gives the same request.
func orderedKeys(m map[string]any, schema *Schema) []string {
	var known []string
	if schema != nil && len(m) > 1 {
		known = schema.Properties()
	}
	keys := make([]string, 0, len(m))
	placed := make(map[string]bool, len(known))
	for _, k := range known {
		if _, has := m[k]; has {
			placed[k] = true
			keys = append(keys, k)
		}
	}
	rest := len(keys)
	for k := range m {
		if !placed[k] {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys[rest:])
	return keys
}

// plainValue turns Go values that a caller may hand in (structs, typed slices, …) into what encoding/json gives.
func plainValue(value any) any {
	switch v := value.(type) {
	case nil, string, bool, json.Number, []any, map[string]any, []byte, float64, int, int64, File, *File:
		return v
	}
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	var out any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if d.Decode(&out) != nil {
		return fmt.Sprint(value)
	}
	return out
}

// textOf is a value within a parameter: texts as they are, numbers in their own spelling, the rest as JSON.
func textOf(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	case json.Number:
		return v.String(), nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	}
	data, err := marshalJSON(value)
	return string(data), err
}

// marshalJSON is compact JSON without the HTML escapes that encoding/json adds.
func marshalJSON(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

const upperHex = "0123456789ABCDEF"

// Unreserved characters of RFC 3986 never need a percent sign; reserved ones stay where allowReserved says so.
func isUnreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

// encode percent-encodes all but unreserved characters.
func encode(s string) string { return percent(s, "") }

// encodeReserved keeps reserved characters and percent-encoded triples, as {+value} of RFC 6570 does, except for those that a query cannot
// hold: '#' would end it, and RFC 3986 allows brackets in hosts alone.
func encodeReserved(s string) string { return percent(s, ":/?@!$&'()*+,;=%") }

// percent encodes all but unreserved characters and those to keep; where some are kept, so are triples that are encoded already.
func percent(s, keep string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case isUnreserved(c), c != '%' && strings.IndexByte(keep, c) >= 0:
			b.WriteByte(c)
		case c == '%' && keep != "" && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(upperHex[c>>4])
			b.WriteByte(upperHex[c&15])
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// each applies an encoding to all texts of a shape.
func (s shape) each(enc func(string) string) shape {
	out := shape{kind: s.kind, text: enc(s.text)}
	for _, t := range s.list {
		out.list = append(out.list, enc(t))
	}
	for _, m := range s.members {
		out.members = append(out.members, member{enc(m.key), enc(m.text)})
	}
	return out
}

// join lists texts, or keys and values: "k<eq>v" each, or all of them alternating where eq is empty.
func (s shape) join(sep, eq string) string {
	switch s.kind {
	case 'l':
		return strings.Join(s.list, sep)
	case 'm':
		var parts []string
		for _, m := range s.members {
			if eq != "" {
				parts = append(parts, m.key+eq+m.text)
			} else {
				parts = append(parts, m.key, m.text)
			}
		}
		return strings.Join(parts, sep)
	}
	return s.text
}

// simple is "blue,black" and "R,100,G,200", exploded "R=100,G=200".
func (s shape) simple(explode bool) string {
	if explode {
		return s.join(",", "=")
	}
	return s.join(",", "")
}

// label is ".blue,black", exploded ".blue.black" and ".R=100.G=200" (RFC 6570's {.value}).
func (s shape) label(explode bool) string {
	if s.kind == 0 {
		return ""
	}
	if explode {
		return "." + s.join(".", "=")
	}
	return "." + s.join(",", "")
}

// matrix is ";color=blue,black", exploded ";color=blue;color=black" and ";R=100;G=200"; an empty text has no '='.
func (s shape) matrix(name string, explode bool) string {
	switch {
	case s.kind == 0:
		return ""
	case s.kind == 's' && s.text == "":
		return ";" + name
	case explode && s.kind == 'l':
		return ";" + name + "=" + strings.Join(s.list, ";"+name+"=")
	case explode && s.kind == 'm':
		return ";" + s.join(";", "=")
	}
	return ";" + name + "=" + s.join(",", "")
}

// form gives the pairs of a query or a form: "color=blue,black", exploded "color=blue", "color=black" and "R=100", "G=200".
// delimiter separates what is not exploded.
func (s shape) form(name string, explode bool, delimiter string) []string {
	switch {
	case s.kind == 0:
		return nil
	case explode && s.kind == 'l':
		pairs := make([]string, len(s.list))
		for i, t := range s.list {
			pairs[i] = name + "=" + t
		}
		return pairs
	case explode && s.kind == 'm':
		pairs := make([]string, len(s.members))
		for i, m := range s.members {
			pairs[i] = m.key + "=" + m.text
		}
		return pairs
	}
	return []string{name + "=" + s.join(delimiter, "")}
}

// stylePairs are the pairs of a value in one of the query's styles. The delimiters of spaceDelimited and pipeDelimited are
// percent-encoded, as no query may hold them bare.
func stylePairs(name string, value any, schema *Schema, style string, explode bool, enc func(string) string) ([]string, error) {
	if style == "deepObject" {
		if m, ok := plainValue(value).(map[string]any); ok {
			return deepPairs(enc(name), m, schema, enc, 0)
		}
		style, explode = "form", true // nothing that has members
	}
	s, err := shapeOf(value, schema)
	if err != nil {
		return nil, err
	}
	delimiter := map[string]string{"spaceDelimited": "%20", "pipeDelimited": "%7C", "tabDelimited": "%09"}[style]
	if delimiter == "" {
		delimiter = ","
	}
	return s.each(enc).form(enc(name), explode, delimiter), nil
}

// deepPairs are "color[R]=100". OpenAPI leaves deeper levels and lists open; the usual reading is color[a][b]=1 and, for each member of a
// list, color[a]=1.
func deepPairs(prefix string, m map[string]any, schema *Schema, enc func(string) string, depth int) ([]string, error) {
	if depth > 50 {
		return nil, fmt.Errorf("nested deeper than 50 levels")
	}
	var pairs []string
	for _, key := range orderedKeys(m, schema) {
		name := prefix + "%5B" + enc(key) + "%5D"
		list, isList := m[key].([]any)
		if !isList {
			list = []any{m[key]}
		}
		for _, item := range list {
			var more []string
			var err error
			switch v := item.(type) {
			case nil:
				continue
			case map[string]any:
				more, err = deepPairs(name, v, nil, enc, depth+1)
			default:
				var text string
				text, err = textOf(v)
				more = []string{name + "=" + enc(text)}
			}
			if err != nil {
				return nil, err
			}
			pairs = append(pairs, more...)
		}
	}
	return pairs, nil
}
