package jsonpath

import (
	"encoding/json"
	"fmt"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// double marks a computed number as one with a fraction, as Java's Double is.
func double(f float64) any { return json.Number(jsonvalue.FormatDouble(f)) }

// Set returns the document with value at the place that a reference path names. What is on the way is copied,
// the rest shared; missing objects are made. It fails if the way leads through something that is neither object
// nor array, or to an index that the array does not have.
func (p *Path) Set(root, value any) (any, error) {
	if !p.IsReference() {
		return nil, fmt.Errorf("%s is not a reference path", p.src)
	}
	return p.set(root, value, 0)
}

// set makes a copy of a value in which the n-th step and those behind it lead to the new one.
func (p *Path) set(at, value any, n int) (any, error) {
	if n == len(p.steps) {
		return value, nil
	}
	switch st := p.steps[n].(type) {
	case memberStep:
		return p.setMember(at, value, st.names[0], n)
	case indexStep:
		items, ok := at.([]any)
		i := st.indexes[0]
		if !ok || i >= len(items) {
			return nil, fmt.Errorf("%s is not an array with index %d", p.canonical(n), i)
		}
		item, err := p.set(items[i], value, n+1)
		if err != nil {
			return nil, err
		}
		// The array that was read may be part of other values: only a copy is changed.
		out := append([]any(nil), items...)
		out[i] = item
		return out, nil
	}
	return nil, fmt.Errorf("%s is not a reference path", p.src)
}

// setMember copies an object, or makes one where there is null or nothing. The member keeps its place if it had one.
func (p *Path) setMember(at, value any, name string, n int) (any, error) {
	out := jsonvalue.NewObject(4)
	var old any
	switch o := at.(type) {
	case *jsonvalue.Object:
		for k, v := range o.All() {
			out.Set(k, v)
		}
		old, _ = o.Get(name)
	case nil:
	default:
		return nil, fmt.Errorf("%s is not an object", p.canonical(n))
	}
	item, err := p.set(old, value, n+1)
	if err != nil {
		return nil, err
	}
	out.Set(name, item)
	return out, nil
}
