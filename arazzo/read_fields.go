package arazzo

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// reader fills the model from Values.
type reader struct {
	*nodes
	doc *Document
}

// fields reads the members of one object of the specification.
type fields struct {
	*reader
	what string // for messages: "a step"
	v    *Value
	obj  *Object
	ok   bool
}

// fieldNames lists an object's fields: those of 1.0, then those that 1.1 added.
type fieldNames struct {
	v10, v11   []string
	extensible bool
}

// open starts an object: it notes the places of its members and reports those
// that the specification does not know.
func (r *reader) open(v *Value, what string, obj *Object, names fieldNames) fields {
	f := fields{reader: r, what: what, v: v, obj: obj}
	obj.Pos, obj.Path = v.Pos, v.Path
	if v.Kind != KindObject {
		r.fail("wrong-type", v.Pos, v.Path, "", "%s must be an object, not %s", what, v.Kind)
		return f
	}
	f.ok = true
	obj.fields = make(map[string]field, len(v.Members))
	for _, m := range v.Members {
		obj.fields[m.Name] = field{key: m.Key, value: m.Value.Pos}
		switch {
		case slices.Contains(names.v10, m.Name):
		case slices.Contains(names.v11, m.Name):
			if r.doc.Minor == 0 {
				r.tolerate("field-of-1.1", m.Key, m.Value.Path, "write arazzo: 1.1.0", "%s has the field %s since version 1.1, and the document says %s", what, m.Name, r.doc.Version)
			}
		case names.extensible && strings.HasPrefix(m.Name, "x-"):
			if obj.Extensions == nil {
				obj.Extensions = &Map[*Value]{}
			}
			obj.Extensions.put(m.Name, m.Value)
		case !names.extensible:
			r.tolerate("ignored-field", m.Key, m.Value.Path, "remove it", "%s has no field %q: it is ignored", what, m.Name)
		default:
			r.fail("unknown-field", m.Key, m.Value.Path, suggest(m.Name, append(slices.Clone(names.v10), names.v11...)), "%s has no field %q", what, m.Name)
		}
	}
	return f
}

// get answers a member, nil if absent. A member without a value, which the
// world writes for "nothing here", is absent; values may be null.
func (f fields) get(name string) *Value {
	m := f.v.Member(name)
	if m != nil && m.Kind == KindNull {
		f.tolerate("null-field", m.Pos, m.Path, "remove the field", "the field %s of %s is null: it is taken as absent", name, f.what)
		return nil
	}
	return m
}

// require reports the fields that are missing; null counts as given, since a
// value may be null.
func (f fields) require(names ...string) {
	if !f.ok {
		return
	}
	for _, name := range names {
		if f.v.Member(name) == nil {
			f.fail("missing-field", f.obj.Pos, f.obj.Path, "", "%s must have the field %s", f.what, name)
		}
	}
}

func (f fields) string(name string) string {
	v := f.get(name)
	if v == nil {
		return ""
	}
	s := f.text(v, "the field "+name+" of "+f.what)
	if v.Kind == KindArray || v.Kind == KindObject {
		place := f.obj.fields[name]
		place.wrong = true
		f.obj.fields[name] = place
	}
	return s
}

// text reads a string. A number or boolean that was not quoted, such as
// version: 1.0, is taken by its spelling.
func (r *reader) text(v *Value, what string) string {
	switch v.Kind {
	case KindString:
		return v.Scalar.(string)
	case KindNumber, KindBool:
		s := scalarText(v.Scalar)
		r.tolerate("lenient-string", v.Pos, v.Path, "write '"+s+"'", "%s must be a string, not %s", what, v.Kind)
		return s
	}
	r.fail("wrong-type", v.Pos, v.Path, "", "%s must be a string, not %s", what, v.Kind)
	return ""
}

func scalarText(v any) string {
	switch v := v.(type) {
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// each calls do for the items of a list.
func (f fields) each(name string, do func(*Value)) {
	v := f.get(name)
	if v == nil {
		return
	}
	if v.Kind != KindArray {
		f.fail("wrong-type", v.Pos, v.Path, "write it as a list", "the field %s of %s must be a list, not %s", name, f.what, v.Kind)
		return
	}
	for _, item := range v.Items {
		do(item)
	}
}

func (f fields) strings(name string) []String {
	var out []String
	f.each(name, func(v *Value) {
		if s := f.text(v, "each entry of "+name); s != "" || v.Kind == KindString {
			out = append(out, String{v.Pos, s})
		}
	})
	return out
}

// mapOf reads a map of named objects; nil where absent.
func mapOf[T any](f fields, name string, read func(*Value) T) *Map[T] {
	v := f.get(name)
	if v == nil {
		return nil
	}
	m := &Map[T]{}
	m.Pos, m.Path, m.fields = v.Pos, v.Path, map[string]field{}
	if v.Kind != KindObject {
		f.fail("wrong-type", v.Pos, v.Path, "", "the field %s of %s must be an object, not %s", name, f.what, v.Kind)
		return m
	}
	for _, member := range v.Members {
		m.fields[member.Name] = field{key: member.Key, value: member.Value.Pos}
		m.put(member.Name, read(member.Value))
	}
	return m
}

// suggest answers a hint with the name that is meant, if one is near.
func suggest(word string, names []string) string {
	if len(names) > maxSuggested {
		return noSuggestion
	}
	best, distance := "", min(len(word)/2+1, 4)
	for _, name := range names {
		if d := editDistance(strings.ToLower(word), strings.ToLower(name)); d < distance {
			best, distance = name, d
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	return noSuggestion
}

// maxSuggested bounds the names that are compared for a hint.
const maxSuggested = 200

const noSuggestion = "own fields start with x-"

// editDistance is Levenshtein's, of short words.
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
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
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
