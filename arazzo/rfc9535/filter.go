package rfc9535

import "regexp"

// expr is a logical expression.
type expr interface {
	test(r *run, current any) bool
}

// Logical expressions, RFC 9535 §2.3.5.1. They answer true or false, never a value: a test of existence and a comparison cannot be mixed up.
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

// test stops at the first that holds, as and stops at the first that does not: the rest may be costly queries over the whole document.
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

// test compares by §2.3.5.2.2: two that select nothing are equal, nothing equals no value, and null is a value like others. In a condition
// that stands for a query, nothing counts as null instead, as in Arazzo's simple conditions.
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

// value of a literal is always there; only queries and functions can answer Nothing.
func (l literal) value(*run, any) (any, bool) { return l.v, true }

// value is that of the one node of a singular query; the parser has seen to it that it is singular. If there is no member called length, a
// trailing .length counts, where the options allow that.
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
