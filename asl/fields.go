package asl

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// itoa keeps the many places short that put an index into a location.
func itoa(n int) string { return strconv.Itoa(n) }

// fields reads the members of one object of a definition, notes what is wrong, and knows what nobody asked for.
type fields struct {
	p    *parser
	o    *jsonvalue.Object
	at   string // the object's place
	used map[string]bool
	// jsonata tells the language of the state that the object belongs to.
	jsonata bool
}

// fields begins to read an object. What is none is noted and read as an empty one, so that the rest of the definition
// is still checked.
func (p *parser) fields(v any, at string, jsonata bool) *fields {
	o, ok := v.(*jsonvalue.Object)
	if !ok {
		p.note(at, "Expected value of type Object")
		o = jsonvalue.NewObject(0)
	}
	return &fields{p: p, o: o, at: at, used: map[string]bool{}, jsonata: jsonata}
}

// path is a member's location: the root's own is "/", and no location begins with two slashes.
func (f *fields) path(name string) string { return strings.TrimSuffix(f.at, "/") + "/" + name }

// get asks for a member, which is known from then on; has only looks.
func (f *fields) get(name string) (any, bool) {
	f.used[name] = true
	return f.o.Get(name)
}

func (f *fields) has(name string) bool {
	_, ok := f.o.Get(name)
	return ok
}

// note tells something wrong with a member, or with the object itself for "".
func (f *fields) note(name, format string, args ...any) {
	at := f.at
	if name != "" {
		at = f.path(name)
	}
	f.p.note(at, format, args...)
}

// require notes those of the names that are missing, in one diagnostic.
func (f *fields) require(names ...string) {
	var missing []string
	for _, n := range names {
		if !f.has(n) {
			missing = append(missing, n)
		}
	}
	if len(missing) > 0 {
		f.note("", "These fields are required: [%s]", strings.Join(missing, ", "))
	}
}

// exclusive notes fields of which at most one may stand.
func (f *fields) exclusive(names ...string) int {
	var found []string
	for _, n := range names {
		if f.has(n) {
			found = append(found, n)
		}
	}
	if len(found) > 1 {
		f.note("", "Only one of these fields can be used at once: [%s]", strings.Join(found, ", "))
	}
	return len(found)
}

// text reads a string; none, or one that is noted as no string, is "".
func (f *fields) text(name string) string {
	v, ok := f.get(name)
	if !ok {
		return ""
	}
	s, ok := v.(string)
	if !ok {
		f.note(name, "Expected value of type String")
	}
	return s
}

// stateName reads the name of a state, which is never empty.
func (f *fields) stateName(name string) string {
	s := f.text(name)
	if v, ok := f.o.Get(name); ok && v == "" {
		f.note(name, "State name must be from 1 to 80 characters long")
	}
	return s
}

// oneOf reads a string that must be one of a few.
func (f *fields) oneOf(name string, values ...string) string {
	s := f.text(name)
	if f.has(name) && !slices.Contains(values, s) {
		f.note(name, "Value is not one of: [%s]", strings.Join(values, ", "))
	}
	return s
}

// boolean reads true or false; none is false.
func (f *fields) boolean(name string) bool {
	v, ok := f.get(name)
	if !ok {
		return false
	}
	b, ok := v.(bool)
	if !ok {
		f.note(name, "Expected value of type Boolean")
	}
	return b
}

// integer reads a whole number from low to high; def when there is none.
func (f *fields) integer(name string, def, low, high int64) int64 {
	v, ok := f.get(name)
	if !ok {
		return def
	}
	// 1.0 and 1e0 are refused: integers are written without fraction and exponent.
	n, isNumber := v.(json.Number)
	i, err := n.Int64()
	switch {
	case !isNumber || err != nil:
		f.note(name, "Expected value of type Integer")
		return def
	case i < low:
		f.note(name, "Value is less than the minimum of %d", low)
	case i > high:
		f.note(name, "Value is greater than the maximum of %d", high)
	}
	return i
}

// number reads a number of at least low; def when there is none.
func (f *fields) number(name string, def, low float64) float64 {
	v, ok := f.get(name)
	if !ok {
		return def
	}
	n, ok := jsonvalue.Number(v)
	if !ok {
		f.note(name, "Expected value of type Number")
		return def
	}
	if n < low {
		f.note(name, "Value is less than the minimum of %v", low)
	}
	return n
}

// list reads an array; none is nil, and so is what is noted as no array.
func (f *fields) list(name string) []any {
	v, ok := f.get(name)
	if !ok {
		return nil
	}
	l, ok := v.([]any)
	if !ok {
		f.note(name, "Expected value of type Array")
	}
	return l
}

// strings reads an array of strings.
func (f *fields) strings(name string) []string {
	var out []string
	for i, v := range f.list(name) {
		s, ok := v.(string)
		if !ok {
			f.note(fmt.Sprintf("%s[%d]", name, i), "Expected value of type String")
		}
		out = append(out, s)
	}
	return out
}

// unknown notes members that nothing has asked for. Comment is welcome everywhere.
func (f *fields) unknown() {
	for k := range f.o.All() {
		if !f.used[k] && k != "Comment" {
			f.note(k, "Field is not supported")
		}
	}
}
