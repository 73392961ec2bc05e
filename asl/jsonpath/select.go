package jsonpath

import (
	"fmt"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// NotFoundError tells that a definite path leads nowhere. Its text is Jayway's.
type NotFoundError struct {
	Path    string // as written
	Message string
}

func (e *NotFoundError) Error() string { return e.Message }

// Get returns what the path selects in a document: for a definite path the value (or a *NotFoundError), for an
// indefinite one a []any, empty if nothing fits, even where the way there is missing (as Step Functions does).
func (p *Path) Get(root any) (any, error) {
	s := &selection{path: p, root: root}
	err := s.walk(root, 0)
	if err != nil && p.definite {
		return nil, err
	}
	if p.function != nil {
		return p.function.apply(p, s, root)
	}
	if !p.definite {
		if s.found == nil {
			return []any{}, nil
		}
		return s.found, nil
	}
	if len(s.found) == 0 {
		return nil, p.notFound("No results for path: " + p.canonical(len(p.steps)))
	}
	return s.found[0], nil
}

// notFound is the error of a way that ends, in the words that executions' causes have.
func (p *Path) notFound(message string) error { return &NotFoundError{Path: p.src, Message: message} }

// selection is one evaluation of a path.
type selection struct {
	path  *Path
	root  any
	found []any
}

// walk applies the steps from the n-th on to one value. Only a way without branches before n can fail.
func (s *selection) walk(v any, n int) error {
	if n == len(s.path.steps) {
		s.found = append(s.found, v)
		return nil
	}
	switch st := s.path.steps[n].(type) {
	case memberStep:
		return s.members(v, st, n)
	case indexStep:
		return s.index(v, st, n)
	case sliceStep:
		items, _ := v.([]any)
		st.each(len(items), func(i int) { _ = s.walk(items[i], n+1) })
	case wildStep:
		each(v, func(item any) { _ = s.walk(item, n+1) })
	case filterStep:
		s.filter(v, st, n)
	case deepStep:
		s.deep(v, n+1)
	}
	return nil
}

// upstreamDefinite tells whether the first n steps lead to one place. Beyond a branch nothing fails: a way that ends is
// just not taken.
func (s *selection) upstreamDefinite(n int) bool {
	for _, st := range s.path.steps[:n] {
		if !st.definite() {
			return false
		}
	}
	return true
}

// members follows names. A missing one is a failure only if more steps follow; at the end it is just not found.
func (s *selection) members(v any, st memberStep, n int) error {
	o, ok := v.(*jsonvalue.Object)
	if !ok {
		if !s.upstreamDefinite(n) {
			return nil
		}
		return s.path.notFound(fmt.Sprintf("Expected to find an object with property %s in path %s but found '%s'. "+
			"This is not a json object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonNodeJsonProvider'.",
			st.text(), s.path.canonical(n), jsonvalue.Type(v)))
	}
	if len(st.names) > 1 {
		return s.several(o, st, n)
	}
	item, ok := o.Get(st.names[0])
	switch {
	case ok:
		return s.walk(item, n+1)
	case n+1 == len(s.path.steps) || !s.upstreamDefinite(n):
		return nil
	}
	return s.path.notFound("Missing property in path " + s.path.canonical(n+1))
}

// several picks members: at the end of a path they make an object, elsewhere each is followed.
func (s *selection) several(o *jsonvalue.Object, st memberStep, n int) error {
	picked := jsonvalue.NewObject(len(st.names))
	for _, name := range st.names {
		if item, ok := o.Get(name); ok {
			if n+1 < len(s.path.steps) {
				_ = s.walk(item, n+1)
			}
			picked.Set(name, item)
		}
	}
	if n+1 == len(s.path.steps) {
		s.found = append(s.found, picked)
	}
	return nil
}

// index follows indexes. One that the array does not have selects nothing, and several pick those that there are.
func (s *selection) index(v any, st indexStep, n int) error {
	items, ok := v.([]any)
	if !ok {
		if !s.upstreamDefinite(n) {
			return nil
		}
		return s.path.notFound(fmt.Sprintf("Filter: %s can only be applied to arrays. Current context is: %s",
			st.text(), jsonvalue.Encode(v)))
	}
	for _, i := range st.indexes {
		if i < 0 {
			i += len(items)
		}
		if i < 0 || i >= len(items) {
			continue
		}
		if err := s.walk(items[i], n+1); err != nil && len(st.indexes) == 1 {
			return err
		}
	}
	return nil
}

// each calls f for the slice's indexes of an array of the given length. A negative step is read as Jayway does: not at all.
func (s sliceStep) each(length int, f func(int)) {
	from, to, by := 0, length, 1
	if s.from != nil {
		if from = *s.from; from < 0 {
			from = max(0, from+length)
		}
	}
	if s.to != nil {
		if to = *s.to; to < 0 {
			to += length
		}
	}
	if s.by != nil && *s.by > 0 {
		by = *s.by
	}
	for i := from; i < min(to, length); i += by {
		f(i)
	}
}

// each calls f for the items of an array or the values of an object's members.
func each(v any, f func(any)) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			f(item)
		}
	case *jsonvalue.Object:
		for _, item := range v.All() {
			f(item)
		}
	}
}

// deep applies the n-th step to v and to everything below it.
func (s *selection) deep(v any, n int) {
	// A step that does not fit a value is not tried on it: at every depth most do not.
	switch s.path.steps[n].(type) {
	case indexStep, sliceStep:
		if _, ok := v.([]any); ok {
			_ = s.walk(v, n)
		}
	case memberStep:
		if _, ok := v.(*jsonvalue.Object); ok {
			_ = s.walk(v, n)
		}
	default:
		_ = s.walk(v, n)
	}
	each(v, func(item any) { s.deep(item, n) })
}

// filter tries the condition on each item of an array, or on an object itself, as Jayway does.
func (s *selection) filter(v any, st filterStep, n int) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if st.cond.holds(item, s.root) {
				_ = s.walk(item, n+1)
			}
		}
	case *jsonvalue.Object:
		if st.cond.holds(v, s.root) {
			_ = s.walk(v, n+1)
		}
	}
}
