package jsonvalue

import (
	"encoding/json"
	"math/big"
)

// Type names a value's JSON type: object, array, string, number, boolean or null.
func Type(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case *Object:
		return "object"
	}
	return "number"
}

// Number returns a value as a float64, if it is a number.
func Number(v any) (float64, bool) {
	switch v := v.(type) {
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	}
	return 0, false
}

// Integer returns a value as an int64, if it is a number without fraction.
func Integer(v any) (int64, bool) {
	switch v := v.(type) {
	case json.Number: // 1.0 is none, by its spelling
		n, err := v.Int64()
		return n, err == nil
	case float64:
		return int64(v), v == float64(int64(v))
	case int64:
		return v, true
	case int:
		return int64(v), true
	}
	return 0, false
}

// CompareNumbers orders two numbers exactly, big integers included; ok is false unless both are numbers.
func CompareNumbers(a, b any) (order int, ok bool) {
	x, okX := rational(a)
	y, okY := rational(b)
	if !okX || !okY {
		return 0, false
	}
	return x.Cmp(y), true
}

// rational is a number in full: 0.1 and 0.1 are equal however they were spelled, and 2^53+1 is not 2^53. Numbers that
// would take much memory that way, by many digits or a huge exponent, are compared as float64.
func rational(v any) (*big.Rat, bool) {
	switch v := v.(type) {
	case json.Number:
		if len(v) > 64 { // a huge exponent would cost the memory of its digits
			break
		}
		if f, err := v.Float64(); err != nil || f > 1e300 || f < -1e300 || f != 0 && f < 1e-300 && f > -1e-300 {
			break
		}
		return new(big.Rat).SetString(string(v))
	case float64:
		if r := new(big.Rat).SetFloat64(v); r != nil {
			return r, true
		}
		return nil, false
	}
	f, ok := Number(v)
	if !ok {
		return nil, false
	}
	r := new(big.Rat).SetFloat64(f)
	return r, r != nil
}

// Equal compares deeply. The order of members does not matter, and 1 equals 1.0.
func Equal(a, b any) bool {
	switch x := a.(type) {
	case nil:
		return b == nil
	case bool:
		y, ok := b.(bool)
		return ok && x == y
	case string:
		y, ok := b.(string)
		return ok && x == y
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !Equal(x[i], y[i]) {
				return false
			}
		}
		return true
	case *Object:
		y, ok := b.(*Object)
		if !ok || x.Len() != y.Len() {
			return false
		}
		for k, v := range x.All() {
			w, ok := y.Get(k)
			if !ok || !Equal(v, w) {
				return false
			}
		}
		return true
	}
	// Whatever else there is, is a number.
	order, ok := CompareNumbers(a, b)
	return ok && order == 0
}
