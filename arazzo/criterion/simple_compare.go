package criterion

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/headgate/headgate/arazzo/expression"
	"github.com/headgate/headgate/arazzo/rfc9535"
)

// compare decides by the rules of 1.1, see the package's documentation.
func (n *compareNode) compare(left, right any) bool {
	switch n.operator {
	case "==":
		return n.equal(left, right)
	case "!=":
		return !n.equal(left, right)
	}
	order, ok := ordered(left, right)
	if !ok {
		return false
	}
	switch n.operator {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// absent: what is not set counts as null (FACTS §0: a header that is missing is
// tested by == null).
func absent(v any) bool { return v == nil || expression.IsUndefined(v) }

// equal compares as described in the package's documentation; objects and arrays
// are compared deeply.
func (n *compareNode) equal(left, right any) bool {
	if absent(left) || absent(right) {
		return absent(left) && absent(right)
	}
	l, isLeft := left.(string)
	r, isRight := right.(string)
	switch {
	case isLeft && isRight:
		return strings.EqualFold(l, r)
	case isLeft:
		return n.equalText(l, right)
	case isRight:
		return n.equalText(r, left)
	}
	return rfc9535.Equal(left, right)
}

// equalText compares a string with what is none: a number by the number that
// the string spells, a boolean (not in strict) by its word.
func (n *compareNode) equalText(s string, v any) bool {
	if b, is := v.(bool); is {
		return !n.strict && strings.EqualFold(s, strconv.FormatBool(b))
	}
	text, is := numberOf(v)
	if !is {
		return false
	}
	spelled, is := numeric(s)
	if !is {
		return false
	}
	order, ok := rfc9535.CompareDecimals(spelled, text)
	return ok && order == 0
}

// ordered orders numbers, strings that spell numbers, and other strings
// without regard to case; false where there is no order.
func ordered(left, right any) (int, bool) {
	l, leftIs := numberOf(left)
	r, rightIs := numberOf(right)
	if leftIs && rightIs {
		return rfc9535.CompareDecimals(l, r)
	}
	a, isA := left.(string)
	b, isB := right.(string)
	switch {
	case leftIs && isB:
		if b, is := numeric(b); is {
			return rfc9535.CompareDecimals(l, b)
		}
	case rightIs && isA:
		if a, is := numeric(a); is {
			return rfc9535.CompareDecimals(a, r)
		}
	case isA && isB:
		if x, is := numeric(a); is {
			if y, is := numeric(b); is {
				return rfc9535.CompareDecimals(x, y)
			}
		}
		return strings.Compare(strings.ToLower(a), strings.ToLower(b)), true
	}
	return 0, false
}

// numberOf answers a number in JSON's spelling.
func numberOf(v any) (string, bool) {
	switch v := v.(type) {
	case json.Number:
		return string(v), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	}
	return "", false
}

// numeric answers the number that a string spells.
func numeric(s string) (string, bool) {
	s = strings.TrimPrefix(strings.TrimSpace(s), "+")
	return s, isNumber(s)
}

// isNumber tells whether s is a decimal: no hexadecimal, no infinity.
func isNumber(s string) bool {
	i := 0
	digits := func() int {
		start := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i - start
	}
	if i < len(s) && s[i] == '-' {
		i++
	}
	n := digits()
	if i < len(s) && s[i] == '.' {
		i++
		n += digits()
	}
	if n == 0 {
		return false
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if digits() == 0 {
			return false
		}
	}
	return i == len(s)
}
