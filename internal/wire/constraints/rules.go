package constraints

import (
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Rules are the constraints of one operation's input, compiled for its Go struct. A nil *Rules
// allows everything.
type Rules struct{ root *rule }

// rule constrains values of one Go type.
type rule struct {
	sensitive bool
	min, max  float64 // length, or value of a number; NaN is unbounded
	number    bool
	double    bool // printed as Java prints doubles
	pattern   *pattern
	enum      []string
	members   []member // of a structure
	elem, key *rule    // of lists and maps
	scalar    bool     // no members below: reported with the list or map that holds it
}

type member struct {
	index    int    // Go field
	path     string // lowerCamel, as AWS writes it
	required bool
	rule     *rule // nil: only required
}

// Rules compiles the constraints of an operation whose input is the struct in. Members that the
// struct does not have are passed over.
func (f *Facts) Rules(operation string, in reflect.Type) *Rules {
	c := &compiler{f, map[compiled]*rule{}}
	if root := c.rule(f.inputs[operation], in); root != nil {
		return &Rules{root}
	}
	return nil
}

type compiler struct {
	facts *Facts
	done  map[compiled]*rule
}

type compiled struct {
	shape string
	typ   reflect.Type
}

func (c *compiler) rule(shape string, t reflect.Type) *rule {
	f := c.facts.shapes[shape]
	if f == nil {
		return nil
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if r := c.done[compiled{shape, t}]; r != nil {
		return r
	}
	r := &rule{sensitive: f.sensitive, min: bound(f.min), max: bound(f.max), number: f.kind == 'N'}
	c.done[compiled{shape, t}] = r // before its members: shapes may contain themselves
	switch {
	case f.kind == 'S' && t.Kind() == reflect.Struct:
		r.members = c.members(f, t)
	case f.kind == 'L' && t.Kind() == reflect.Slice:
		r.elem = c.rule(f.elem, t.Elem())
	case f.kind == 'M' && t.Kind() == reflect.Map:
		r.key, r.elem = c.rule(f.key, t.Key()), c.rule(f.elem, t.Elem())
	case f.kind == 'T':
		r.scalar, r.pattern = true, patternOf(f.pattern)
		if f.enum {
			r.enum = valuesOf(t)
		}
	case f.kind == 'N':
		r.scalar, r.double = true, t.Kind() == reflect.Float64 || t.Kind() == reflect.Float32
	default: // a union or a stream: nothing to check
		return nil
	}
	return r
}

// members follows the order of the Go struct, so that several violations come in a stable order.
func (c *compiler) members(f *fact, t reflect.Type) []member {
	facts := map[string]memberFact{}
	for _, m := range f.members {
		facts[upperFirst(m.name)] = m
	}
	var out []member
	for i := range t.NumField() {
		sf := t.Field(i)
		m, ok := facts[strings.TrimSuffix(sf.Name, "_")]
		if !ok {
			continue
		}
		x := member{index: i, path: lowerFirst(m.name), rule: c.rule(m.shape, sf.Type)}
		x.required = m.required && nillable(sf.Type.Kind())
		if x.required || x.rule != nil {
			out = append(out, x)
		}
	}
	return out
}

// nillable tells the kinds that can be absent; a plain number or boolean always has a value.
func nillable(k reflect.Kind) bool {
	switch k {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface, reflect.String:
		return true
	}
	return false
}

// valuesOf asks an SDK enum type for its values.
func valuesOf(t reflect.Type) []string {
	m := reflect.Zero(t).MethodByName("Values")
	if !m.IsValid() || m.Type().NumIn() != 0 {
		return nil
	}
	list := m.Call(nil)[0]
	out := make([]string, list.Len())
	for i := range out {
		out[i] = list.Index(i).String()
	}
	return out
}

func bound(s string) float64 {
	if s == "" {
		return math.NaN()
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.NaN()
	}
	return f
}

func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}
