package rfc9535

import (
	"maps"
	"regexp"
	"slices"
)

// run is one evaluation. It belongs to one goroutine; the Path that it
// evaluates does not change and may serve many at a time.
type run struct {
	root   any
	visits int
	places bool // keep track of locations
	// patterns are those that the data gives, compiled once: a filter
	// otherwise compiles the same pattern for every node. Patterns of the
	// text are compiled with it.
	patterns map[string]*regexp.Regexp
}

// node is a value and, where asked for, its place.
type node struct {
	value any
	place *place
}

// visit counts; false once the bound is hit.
func (r *run) visit() bool {
	r.visits++
	return r.visits <= MaxVisits
}

// err tells that the query gave up: a few characters such as $..[*]..[*] can ask for more nodes than fit any memory.
func (r *run) err() error {
	if r.visits > MaxVisits {
		return ErrTooManyNodes
	}
	return nil
}

// Select answers the values that the query selects from root.
func (p *Path) Select(root any) ([]any, error) {
	r := run{root: root}
	if p.condition != nil {
		if p.condition.test(&r, root) {
			return []any{root}, r.err()
		}
		return nil, r.err()
	}
	if p.query.singular {
		if v, found := r.single(&p.query, root); found {
			return []any{v}, nil
		}
		return nil, nil
	}
	var out []any
	r.each(&p.query, root, func(n node) bool {
		out = append(out, n.value)
		return true
	})
	if err := r.err(); err != nil {
		return nil, err
	}
	return out, nil
}

// First answers the first value that the query selects from root.
func (p *Path) First(root any) (any, bool, error) {
	r := run{root: root}
	if p.condition != nil {
		return root, p.condition.test(&r, root), r.err()
	}
	if p.query.singular {
		v, found := r.single(&p.query, root)
		return v, found, nil
	}
	var first any
	found := false
	r.each(&p.query, root, func(n node) bool {
		first, found = n.value, true
		return false
	})
	return first, found, r.err()
}

// Test tells whether the query selects anything, or the condition holds.
func (p *Path) Test(root any) (bool, error) {
	_, found, err := p.First(root)
	return found, err
}

// single follows a singular query without a nodelist.
func (r *run) single(q *query, current any) (any, bool) {
	v := current
	if q.absolute {
		v = r.root
	}
	for i := range q.segments {
		s := &q.segments[i].selectors[0]
		r.visits++
		if s.kind == selectName {
			m, is := v.(map[string]any)
			if !is {
				return nil, false
			}
			var found bool
			if v, found = m[s.name]; !found {
				return nil, false
			}
			continue
		}
		a, is := v.([]any)
		if !is {
			return nil, false
		}
		index, ok := normalize(s.index, len(a))
		if !ok {
			return nil, false
		}
		v = a[index]
	}
	return v, true
}

// normalize counts a negative index from the end.
func normalize(index int64, length int) (int, bool) {
	if index < 0 {
		index += int64(length)
	}
	return int(index), index >= 0 && index < int64(length)
}

// each calls yield for every node that the query selects, in order, until it
// answers false. It answers whether to go on.
func (r *run) each(q *query, current any, yield func(node) bool) bool {
	start := node{value: current}
	if q.absolute {
		start.value = r.root
	}
	return r.segments(q.segments, start, yield)
}

// segments applies the rest of the segments depth first, which gives the order
// of RFC 9535 without keeping lists of nodes.
func (r *run) segments(rest []segment, n node, yield func(node) bool) bool {
	if len(rest) == 0 {
		return yield(n)
	}
	next := func(child node) bool { return r.segments(rest[1:], child, yield) }
	if rest[0].descendant {
		return r.descend(&rest[0], n, next)
	}
	return r.children(&rest[0], n, next)
}

// descend applies a segment to a node and all its descendants: a node before
// its children, elements of an array in order (RFC 9535 §2.5.2.2).
func (r *run) descend(s *segment, n node, next func(node) bool) bool {
	if !r.visit() || !r.children(s, n, next) {
		return false
	}
	return r.all(n, func(child node) bool { return r.descend(s, child, next) })
}

// children applies a segment's selectors, one after the other.
func (r *run) children(s *segment, n node, next func(node) bool) bool {
	for i := range s.selectors {
		if !r.selected(&s.selectors[i], n, next) {
			return false
		}
	}
	return true
}

// selected applies one selector to one node. What does not fit the node's type
// selects nothing.
func (r *run) selected(s *selector, n node, next func(node) bool) bool {
	if !r.visit() {
		return false
	}
	switch s.kind {
	case selectName:
		if m, is := n.value.(map[string]any); is {
			if v, found := m[s.name]; found {
				return next(r.member(n, s.name, v))
			}
		}
	case selectIndex:
		if a, is := n.value.([]any); is {
			if index, ok := normalize(s.index, len(a)); ok {
				return next(r.element(n, index, a[index]))
			}
		}
	case selectWildcard:
		return r.all(n, next)
	case selectSlice:
		if a, is := n.value.([]any); is {
			return r.sliced(&s.slice, n, a, next)
		}
	case selectFilter:
		return r.all(n, func(child node) bool {
			if !s.filter.test(r, child.value) {
				return r.visits <= MaxVisits
			}
			return next(child)
		})
	}
	return true
}

// all calls next for the children of a node.
func (r *run) all(n node, next func(node) bool) bool {
	switch v := n.value.(type) {
	case []any:
		for i, element := range v {
			if !r.visit() || !next(r.element(n, i, element)) {
				return false
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if !r.visit() || !next(r.member(n, name, v[name])) {
				return false
			}
		}
	}
	return true
}

// sliced follows RFC 9535 §2.3.4.2.2.
func (r *run) sliced(s *slice, n node, a []any, next func(node) bool) bool {
	length := int64(len(a))
	bound := func(given *int64, absent, low, high int64) int64 {
		if given == nil {
			return absent
		}
		b := *given
		if b < 0 {
			b += length
		}
		return min(max(b, low), high)
	}
	switch {
	case s.step > 0:
		end := bound(s.end, length, 0, length)
		for i := bound(s.start, 0, 0, length); i < end; i += s.step {
			if !r.visit() || !next(r.element(n, int(i), a[i])) {
				return false
			}
		}
	case s.step < 0:
		end := bound(s.end, -1, -1, length-1)
		for i := bound(s.start, length-1, -1, length-1); i > end; i += s.step {
			if !r.visit() || !next(r.element(n, int(i), a[i])) {
				return false
			}
		}
	}
	return true
}
