package jsonpath

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// condition is a filter's test of one item.
type condition interface {
	holds(item, root any) bool
}

type (
	anyOf      []condition
	allOf      []condition
	not        struct{ cond condition }
	comparison struct {
		op          string
		left, right operand
	}
	exists struct{ left operand }
)

// holds as soon as one part does.
func (c anyOf) holds(item, root any) bool {
	for _, part := range c {
		if part.holds(item, root) {
			return true
		}
	}
	return false
}

// holds unless some part does not.
func (c allOf) holds(item, root any) bool {
	for _, part := range c {
		if !part.holds(item, root) {
			return false
		}
	}
	return true
}

func (c not) holds(item, root any) bool { return !c.cond.holds(item, root) }

// holds if the path leads somewhere, to null or false too; a literal holds if it is true.
func (c exists) holds(item, root any) bool {
	v, ok := c.left.value(item, root)
	if c.left.path == nil {
		return ok && v == true
	}
	return ok
}

// operand is one side of a comparison: a literal, a pattern, or a path from @ (the item) or $ (the document).
type operand struct {
	literal any
	pattern *regexp.Regexp
	path    *Path
	item    bool
}

// value is what the operand stands for; false if it is a path that leads nowhere.
func (o operand) value(item, root any) (any, bool) {
	if o.path == nil {
		return o.literal, true
	}
	from := root
	if o.item {
		from = item
	}
	v, err := o.path.Get(from)
	if err != nil {
		return nil, false
	}
	// An indefinite path that finds nothing has an empty list as its result, which here is nothing.
	if list, ok := v.([]any); ok && !o.path.definite && o.path.function == nil && len(list) == 0 {
		return nil, false
	}
	return v, true
}

// holds compares. Two paths that both lead nowhere are equal, as in Jayway; in no other way can nothing be compared.
func (c comparison) holds(item, root any) bool {
	left, okL := c.left.value(item, root)
	right, okR := c.right.value(item, root)
	switch c.op {
	case "==", "===":
		return okL == okR && (!okL || jsonvalue.Equal(left, right))
	case "!=", "!==":
		return okL != okR || okL && !jsonvalue.Equal(left, right)
	}
	if !okL || !okR {
		return false
	}
	switch c.op {
	case "<", "<=", ">", ">=":
		return ordered(c.op, left, right)
	case "=~":
		return matches(c, left, right)
	}
	return holdsList(c.op, left, right)
}

// ordered compares numbers with numbers and texts with texts; anything else has no order, and does not hold.
func ordered(op string, left, right any) bool {
	n, ok := jsonvalue.CompareNumbers(left, right)
	if !ok {
		l, okL := left.(string)
		r, okR := right.(string)
		if !okL || !okR {
			return false
		}
		n = strings.Compare(l, r)
	}
	switch op {
	case "<":
		return n < 0
	case "<=":
		return n <= 0
	case ">":
		return n > 0
	}
	return n >= 0
}

// matches tries a pattern, which may stand on either side.
func matches(c comparison, left, right any) bool {
	if c.left.pattern != nil {
		text, ok := right.(string)
		return ok && c.left.pattern.MatchString(text)
	}
	text, ok := left.(string)
	return ok && c.right.pattern != nil && c.right.pattern.MatchString(text)
}

// holdsList applies the operators that are words. A side of the wrong type does not hold, negated or not.
func holdsList(op string, left, right any) bool {
	l, leftIsList := left.([]any)
	r, rightIsList := right.([]any)
	switch op {
	case "in":
		return rightIsList && contains(r, left)
	case "nin":
		return rightIsList && !contains(r, left)
		// Of a text the part is meant, of a list the item.
	case "contains":
		if s, ok := left.(string); ok {
			part, ok := right.(string)
			return ok && strings.Contains(s, part)
		}
		return leftIsList && contains(l, right)
	case "subsetof":
		return leftIsList && rightIsList && count(l, r) == len(l)
	case "anyof":
		return leftIsList && rightIsList && count(l, r) > 0
	case "noneof":
		return leftIsList && rightIsList && count(l, r) == 0
	case "size":
		n, ok := jsonvalue.Integer(right)
		if s, isText := left.(string); isText {
			return ok && int64(utf8.RuneCountInString(s)) == n
		}
		return ok && leftIsList && int64(len(l)) == n
	case "empty":
		want, ok := right.(bool)
		if s, isText := left.(string); isText {
			return ok && (s == "") == want
		}
		return ok && leftIsList && (len(l) == 0) == want
	}
	return false
}

func contains(list []any, v any) bool {
	for _, item := range list {
		if jsonvalue.Equal(item, v) {
			return true
		}
	}
	return false
}

// count tells how many of l are in r.
func count(l, r []any) int {
	n := 0
	for _, item := range l {
		if contains(r, item) {
			n++
		}
	}
	return n
}
