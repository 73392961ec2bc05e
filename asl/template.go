package asl

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/headgate/headgate/asl/intrinsic"
	"github.com/headgate/headgate/asl/jsonpath"
	"github.com/headgate/headgate/asl/jsonvalue"
)

// template is a value in a definition that is filled in when a state runs: Parameters, ResultSelector,
// ItemSelector, Assign (JSONPath: members whose name ends in .$), Arguments, Output, Assign (JSONata: texts
// {% … %}).
type template struct {
	constant bool // nothing to fill in below: value is the result
	value    any
	selector *selector
	expr     *expression
	items    []*template
	members  []templateMember // in the order of the result
	object   bool
}

// templateMember is a member of an object to be made: its name is the field's, without the .$ of a path.
type templateMember struct {
	field string // as in the definition, with .$
	name  string
	value *template
}

// template reads a template from a field; nil if there is none.
func (f *fields) template(name string) *template {
	v, ok := f.get(name)
	if !ok {
		return nil
	}
	return f.p.template(v, f.path(name), name, f.jsonata)
}

// objectTemplate is template for fields that must be objects.
func (f *fields) objectTemplate(name string) *template {
	if v, ok := f.o.Get(name); ok {
		if _, isObject := v.(*jsonvalue.Object); !isObject {
			f.used[name] = true
			f.note(name, "Expected value of type Object")
			return nil
		}
	}
	return f.template(name)
}

// template compiles v. at is its place in the definition, field its name for error messages: Arguments/FunctionName.
func (p *parser) template(v any, at, field string, jsonata bool) *template {
	switch v := v.(type) {
	case string:
		if jsonata && isExpression(v) {
			return &template{expr: p.expression(v, at, field)}
		}
	case []any:
		t := &template{constant: true, value: v}
		for i, item := range v {
			inner := p.template(item, fmt.Sprintf("%s[%d]", at, i), fmt.Sprintf("%s[%d]", field, i), jsonata)
			t.items = append(t.items, inner)
			t.constant = t.constant && inner.constant
		}
		return t
	case *jsonvalue.Object:
		return p.objectTemplate(v, at, field, jsonata)
	}
	return &template{constant: true, value: v}
}

// objectTemplate compiles an object. In JSONPath a member whose name ends in .$ is a path, anything else goes down.
func (p *parser) objectTemplate(o *jsonvalue.Object, at, field string, jsonata bool) *template {
	t := &template{constant: true, value: o, object: true}
	var static, dynamic []templateMember
	for k, item := range o.All() {
		if jsonata || !strings.HasSuffix(k, ".$") {
			inner := p.template(item, at+"/"+k, field+"/"+k, jsonata)
			static = append(static, templateMember{k, k, inner})
			t.constant = t.constant && inner.constant
			continue
		}
		t.constant = false
		// What is no string is no path: the empty path does not parse either.
		src, _ := item.(string)
		s, err := parseSelector(src)
		if err != nil {
			p.note(at+"/"+k, "The value for the field '%s' must be a valid JSONPath or a valid intrinsic function call", k)
			continue
		}
		dynamic = append(dynamic, templateMember{k, strings.TrimSuffix(k, ".$"), &template{selector: s}})
	}
	// Step Functions writes the fixed members first, then those with paths in the order of a Java HashMap.
	hashOrder(dynamic)
	t.members = append(static, dynamic...)
	return t
}

// hashOrder orders members as iterating over a Java HashMap of their names does, whose table doubles at three quarters
// full. Recorded outputs are compared byte for byte, so the order shows.
func hashOrder(members []templateMember) {
	size := uint32(16)
	for float64(len(members)) > 0.75*float64(size) {
		size *= 2
	}
	bucket := func(m templateMember) int {
		h := javaHash(m.name)
		return int((h ^ h>>16) & (size - 1))
	}
	slices.SortStableFunc(members, func(a, b templateMember) int { return bucket(a) - bucket(b) })
}

// javaHash is String.hashCode, over UTF-16 code units.
func javaHash(s string) uint32 {
	var h uint32
	for _, r := range s {
		if r > 0xFFFF {
			r -= 0x10000
			h = h*31 + uint32(0xD800+r>>10)
			r = 0xDC00 + r&0x3FF
		}
		h = h*31 + uint32(r)
	}
	return h
}

// fill computes the template on data, which is $ in JSONPath.
func (t *template) fill(e *env, data any) (any, error) {
	switch {
	// Values are never changed, so a constant one may be shared by all results.
	case t.constant:
		return t.value, nil
	case t.expr != nil:
		return t.expr.eval(e)
	case t.selector != nil:
		return t.selector.get(e, data)
	case t.object:
		out := jsonvalue.NewObject(len(t.members))
		for _, m := range t.members {
			v, err := m.value.fill(e, data)
			if err != nil {
				return nil, templateFailure(m, data, err)
			}
			out.Set(m.name, v)
		}
		return out, nil
	}
	out := make([]any, len(t.items))
	for i, item := range t.items {
		v, err := item.fill(e, data)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

// templateFailure words a path that leads nowhere, and an intrinsic function that fails.
func templateFailure(m templateMember, data any, err error) error {
	var missing *jsonpath.NotFoundError
	// A path inside an intrinsic function is named by itself, not by the whole call.
	var inner *missingPath
	var broken *intrinsic.Error
	switch s := m.value.selector; {
	case errors.As(err, &inner):
		return runtimeFailure("The JSONPath '%s' specified for the field '%s' could not be found in the input '%s'",
			inner.path, m.field, jsonvalue.Encode(data))
	case s != nil && errors.As(err, &missing):
		return runtimeFailure("The JSONPath '%s' specified for the field '%s' could not be found in the input '%s'",
			s.src, m.field, jsonvalue.Encode(data))
	case s != nil && errors.Is(err, errNoVariable):
		return runtimeFailure("The variable path '%s' specified for the field '%s' could not be found", s.src, m.field)
	case errors.As(err, &broken):
		return &Failure{Code: ErrIntrinsic, Cause: fmt.Sprintf("The function '%s' had the following error: %s", broken.Call, broken.Message)}
	}
	return err
}
