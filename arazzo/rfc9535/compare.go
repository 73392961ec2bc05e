package rfc9535

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
)

// compare decides by RFC 9535 §2.3.5.2.2. has… is false for Nothing.
func compare(operator string, left any, hasLeft bool, right any, hasRight bool) bool {
	switch operator {
	case "==":
		return equal(left, hasLeft, right, hasRight)
	case "!=":
		return !equal(left, hasLeft, right, hasRight)
	case "<":
		return hasLeft && hasRight && less(left, right)
	case ">":
		return hasLeft && hasRight && less(right, left)
	case "<=":
		return hasLeft && hasRight && less(left, right) || equal(left, hasLeft, right, hasRight)
	}
	return hasLeft && hasRight && less(right, left) || equal(left, hasLeft, right, hasRight)
}

// equal: two Nothings are equal, and Nothing equals no value.
func equal(left any, hasLeft bool, right any, hasRight bool) bool {
	if !hasLeft || !hasRight {
		return hasLeft == hasRight
	}
	return Equal(left, right)
}

// Equal tells whether two values are the same JSON value: numbers by their
// value, objects without regard to order.
func Equal(left, right any) bool {
	switch l := left.(type) {
	case nil:
		return right == nil
	case bool:
		r, is := right.(bool)
		return is && l == r
	case string:
		r, is := right.(string)
		return is && l == r
	case []any:
		r, is := right.([]any)
		if !is || len(l) != len(r) {
			return false
		}
		for i := range l {
			if !Equal(l[i], r[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		r, is := right.(map[string]any)
		if !is || len(l) != len(r) {
			return false
		}
		for key, value := range l {
			other, found := r[key]
			if !found || !Equal(value, other) {
				return false
			}
		}
		return true
	}
	order, ok := CompareNumbers(left, right)
	return ok && order == 0
}

// less orders numbers and strings; nothing else has an order. Strings compare by
// their bytes, which for UTF-8 is the order of code points.
func less(left, right any) bool {
	if l, is := left.(string); is {
		r, is := right.(string)
		return is && l < r
	}
	order, ok := CompareNumbers(left, right)
	return ok && order < 0
}

// CompareNumbers orders two numbers without loss; false if one is no number.
func CompareNumbers(left, right any) (int, bool) {
	l, ok := numberText(left)
	if !ok {
		return 0, false
	}
	r, ok := numberText(right)
	if !ok {
		return 0, false
	}
	return CompareDecimals(l, r)
}

// CompareDecimals orders two numbers in JSON's spelling without loss.
func CompareDecimals(l, r string) (int, bool) {
	if l == r {
		return 0, true
	}
	if a, err := strconv.ParseInt(l, 10, 64); err == nil {
		if b, err := strconv.ParseInt(r, 10, 64); err == nil {
			return order(a, b), true
		}
	}
	a, errA := strconv.ParseFloat(l, 64)
	b, errB := strconv.ParseFloat(r, 64)
	if (errA != nil || errB != nil || a == b) && len(l) < 400 && len(r) < 400 {
		if result, ok := exact(l, r); ok {
			return result, true
		}
	}
	return order(a, b), a == a && b == b // NaN is no number of JSON
}

// order is the sign of a comparison. No NaN comes here: JSON has none.
func order[T int64 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// exact compares by rational numbers; exponents are bounded, since 1e999999999
// would fill the memory.
func exact(l, r string) (int, bool) {
	if hugeExponent(l) || hugeExponent(r) {
		return 0, false
	}
	a, ok := new(big.Rat).SetString(l)
	if !ok {
		return 0, false
	}
	b, ok := new(big.Rat).SetString(r)
	if !ok {
		return 0, false
	}
	return a.Cmp(b), true
}

// hugeExponent tells numbers whose exact form would fill the memory: 1e999999999 is nine characters of a document and a gigabyte of digits.
func hugeExponent(s string) bool {
	i := strings.IndexAny(s, "eE")
	return i >= 0 && len(strings.TrimLeft(s[i+1:], "+-0")) > 3
}

// numberText is the spelling of a number, whatever type decoding has given it.
func numberText(v any) (string, bool) {
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
