package rfc9535

import "regexp"

// expr is a logical expression.
type expr interface {
	test(r *run, current any) bool
}

type (
	or  []expr
	and []expr
	not struct{ inner expr }
	// exists tests whether a query selects anything.
	exists struct{ query *query }
	// truth is a function that answers a truth.
	truth      struct{ call call }
	comparison struct {
		operator    string
		left, right operand
		loose       bool // Nothing equals null, see Options.Condition
	}
)

func (o or) test(r *run, current any) bool {
	for _, e := range o {
		if e.test(r, current) {
			return true
		}
	}
	return false
}

func (a and) test(r *run, current any) bool {
	for _, e := range a {
		if !e.test(r, current) {
			return false
		}
	}
	return true
}

func (n not) test(r *run, current any) bool { return !n.inner.test(r, current) }

// test stops at the first node that is found.
func (e exists) test(r *run, current any) bool {
	if e.query.singular {
		_, found := r.single(e.query, current)
		return found
	}
	found := false
	r.each(e.query, current, func(node) bool {
		found = true
		return false
	})
	return found
}

func (t truth) test(r *run, current any) bool { return t.call.truth(r, current) }

func (c comparison) test(r *run, current any) bool {
	left, hasLeft := c.left.value(r, current)
	right, hasRight := c.right.value(r, current)
	if c.loose {
		hasLeft, hasRight = true, true // the value of Nothing is nil
	}
	return compare(c.operator, left, hasLeft, right, hasRight)
}

// operand is a literal, a query or a function.
type operand interface {
	// value answers false for Nothing.
	value(r *run, current any) (any, bool)
}

type (
	literal struct{ v any }
	nodes   struct{ query *query }
	call    struct {
		name   string
		result valueType
		args   []operand
		regexp *regexp.Regexp // of a literal pattern
		fixed  bool           // the pattern is a literal, compiled or never matching
	}
)

func (l literal) value(*run, any) (any, bool) { return l.v, true }

func (n nodes) value(r *run, current any) (any, bool) {
	v, found := r.single(n.query, current)
	if !found && n.query.length {
		prefix := *n.query
		prefix.segments = prefix.segments[:len(prefix.segments)-1]
		if v, found = r.single(&prefix, current); found {
			return lengthOf(v)
		}
	}
	return v, found
}
