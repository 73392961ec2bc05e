package constraints

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Check returns AWS's text for the members of v that break a constraint, "" if none does:
//
//	2 validation errors detected: Value 'x' at 'name' failed to satisfy constraint: Member must
//	have length greater than or equal to 2; Value null at 'role' failed …
func (r *Rules) Check(v reflect.Value) string {
	if r == nil {
		return ""
	}
	c := checker{path: make([]step, 0, 8)}
	c.structure(r.root, v)
	switch len(c.found) {
	case 0:
		return ""
	case 1:
		return "1 validation error detected: " + c.found[0]
	}
	return strconv.Itoa(len(c.found)) + " validation errors detected: " + strings.Join(c.found, "; ")
}

// checker walks one input. The path is where it stands; it becomes text only for a violation.
type checker struct {
	path  []step
	found []string
}

// step leads from a structure to a member, or from a list or map to an element.
type step struct {
	name  string
	index int // of a list's element, from 1
}

func (c *checker) enter(name string, index int) { c.path = append(c.path, step{name, index}) }
func (c *checker) leave()                       { c.path = c.path[:len(c.path)-1] }

func (c *checker) where() string {
	parts := make([]string, len(c.path))
	for i, s := range c.path {
		if parts[i] = s.name; s.index > 0 {
			parts[i] = strconv.Itoa(s.index) + ".member"
		}
	}
	return strings.Join(parts, ".")
}

// violation adds one sentence. A sensitive value is not quoted.
func (c *checker) violation(r *rule, v reflect.Value, constraint string) {
	value := ""
	switch {
	case !v.IsValid():
		value = " null"
	case r == nil || !r.sensitive:
		value = " '" + show(v) + "'"
	}
	c.found = append(c.found, "Value"+value+" at '"+c.where()+"' failed to satisfy constraint: "+constraint)
}

func (c *checker) structure(r *rule, v reflect.Value) {
	for i := range r.members {
		m := &r.members[i]
		fv := v.Field(m.index)
		if absent(fv) {
			if m.required {
				c.enter(m.path, 0)
				c.violation(m.rule, reflect.Value{}, "Member must not be null")
				c.leave()
			}
			continue
		}
		if m.rule != nil {
			c.enter(m.path, 0)
			c.value(m.rule, deref(fv))
			c.leave()
		}
	}
}

func (c *checker) value(r *rule, v reflect.Value) {
	if r.members != nil {
		c.structure(r, v)
		return
	}
	for _, text := range r.broken(v) {
		c.violation(r, v, text)
	}
	switch v.Kind() {
	case reflect.Slice:
		c.list(r, v)
	case reflect.Map:
		c.dict(r, v)
	}
}

// list reports scalars with the whole list; the members of structures by number from 1, as
// tags.1.member.key.
func (c *checker) list(r *rule, v reflect.Value) {
	if r.elem == nil || v.Type().Elem().Kind() == reflect.Uint8 {
		return
	}
	for i := range v.Len() {
		e := deref(v.Index(i))
		if !r.elem.scalar {
			c.enter("", i+1)
			c.value(r.elem, e)
			c.leave()
		} else if len(r.elem.broken(e)) > 0 {
			c.violation(r, v, "Member must satisfy constraint: "+r.elem.all())
			return
		}
	}
}

func (c *checker) dict(r *rule, v reflect.Value) {
	for it := v.MapRange(); r.key != nil && it.Next(); {
		if len(r.key.broken(it.Key())) > 0 {
			c.violation(r, v, "Map keys must satisfy constraint: "+r.key.all())
			break
		}
	}
	for it := v.MapRange(); r.elem != nil && it.Next(); {
		if e := deref(it.Value()); !r.elem.scalar {
			c.enter(it.Key().String()+".member", 0)
			c.value(r.elem, e)
			c.leave()
		} else if len(r.elem.broken(e)) > 0 {
			c.violation(r, v, "Map value must satisfy constraint: "+r.elem.all())
			break
		}
	}
}

// broken lists the constraints on v itself that it breaks.
func (r *rule) broken(v reflect.Value) []string {
	var out []string
	size := r.size(v)
	if !math.IsNaN(r.max) && !(size <= r.max) { // a NaN that a client sent is within no bounds
		out = append(out, r.atMost())
	}
	if !math.IsNaN(r.min) && !(size >= r.min) {
		out = append(out, r.atLeast())
	}
	if v.Kind() != reflect.String {
		return out
	}
	if r.pattern != nil && !r.pattern.ok(v.String()) {
		out = append(out, r.matches())
	}
	if r.enum != nil && !slices.Contains(r.enum, v.String()) {
		out = append(out, r.oneOf())
	}
	return out
}

// all lists every constraint of the rule, as AWS does when one element of many breaks one.
func (r *rule) all() string {
	var out []string
	if !math.IsNaN(r.max) {
		out = append(out, r.atMost())
	}
	if !math.IsNaN(r.min) {
		out = append(out, r.atLeast())
	}
	if r.pattern != nil {
		out = append(out, r.matches())
	}
	if r.enum != nil {
		out = append(out, r.oneOf())
	}
	return "[" + strings.Join(append(out, "Member must not be null"), ", ") + "]"
}

func (r *rule) atMost() string {
	return "Member must have " + r.what() + " less than or equal to " + r.print(r.max)
}
func (r *rule) atLeast() string {
	return "Member must have " + r.what() + " greater than or equal to " + r.print(r.min)
}
func (r *rule) matches() string {
	return "Member must satisfy regular expression pattern: " + r.pattern.text
}
func (r *rule) oneOf() string {
	return "Member must satisfy enum value set: [" + strings.Join(r.enum, ", ") + "]"
}

func (r *rule) what() string {
	if r.number {
		return "value"
	}
	return "length"
}

func (r *rule) print(f float64) string {
	if r.double {
		return javaDouble(f)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// size is the number itself, the characters of a text, the bytes of a blob, or the elements.
func (r *rule) size(v reflect.Value) float64 {
	switch v.Kind() {
	case reflect.String:
		return float64(utf8.RuneCountInString(v.String()))
	case reflect.Slice, reflect.Map:
		return float64(v.Len())
	case reflect.Int32, reflect.Int64:
		return float64(v.Int())
	case reflect.Float32, reflect.Float64:
		return v.Float()
	}
	return 0
}

// show prints a value as Java does: {2=1.5}, [a, b].
func show(v reflect.Value) string {
	switch v = deref(v); v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Float32, reflect.Float64:
		return javaDouble(v.Float())
	case reflect.Map:
		var parts []string
		for it := v.MapRange(); it.Next(); {
			parts = append(parts, it.Key().String()+"="+show(it.Value()))
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return fmt.Sprintf("java.nio.HeapByteBuffer[pos=0 lim=%[1]d cap=%[1]d]", v.Len())
		}
		var parts []string
		for i := range v.Len() {
			parts = append(parts, show(v.Index(i)))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Struct:
		var parts []string
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				parts = append(parts, strings.ToLower(f.Name[:1])+f.Name[1:]+"="+show(v.Field(i)))
			}
		}
		return v.Type().Name() + "(" + strings.Join(parts, ", ") + ")"
	case reflect.Invalid:
		return "null"
	}
	return fmt.Sprint(v.Interface())
}

func javaDouble(f float64) string {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.ContainsAny(s, ".N") {
		s += ".0"
	}
	return s
}

func absent(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return v.IsNil()
	case reflect.String: // an enum
		return v.Len() == 0
	}
	return false
}

func deref(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	return v
}
