package jsonata

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
)

// fnNumber is $number(value). A string must be a number as JSON writes it, leading zeros aside.
func fnNumber(_ *evaluation, args []any) (any, error) {
	switch v := args[0].(type) {
	case float64:
		return v, nil
	case bool:
		if v {
			return 1.0, nil
		}
		return 0.0, nil
	case string:
		if f, ok := parseNumber(v); ok {
			return f, nil
		}
		return nil, newError("D3030", 0, "", v)
	}
	return args[0], nil
}

// parseNumber reads a decimal number (leading zeros allowed) or one in hexadecimal, octal or binary notation.
func parseNumber(s string) (float64, bool) {
	if len(s) > 2 && s[0] == '0' {
		if base := strings.IndexByte("bBoOxX", s[1]); base >= 0 {
			return parseDigits(s[2:], float64([]int{2, 8, 16}[base/2]))
		}
	}
	digits := strings.TrimPrefix(s, "-")
	trimmed := strings.TrimLeft(digits, "0")
	if trimmed == "" || trimmed[0] < '0' || trimmed[0] > '9' {
		if len(trimmed) == len(digits) {
			return 0, false
		}
		trimmed = "0" + trimmed
	}
	if numberLength(trimmed, false) != len(trimmed) {
		return 0, false
	}
	f, err := strconv.ParseFloat(trimmed, 64)
	if err != nil {
		return 0, false
	}
	if len(digits) < len(s) {
		f = -f
	}
	return f, true
}

func parseDigits(s string, base float64) (float64, bool) {
	f := 0.0
	for i := 0; i < len(s); i++ {
		d, err := strconv.ParseUint(s[i:i+1], int(base), 8)
		if err != nil {
			return 0, false
		}
		f = f*base + float64(d)
	}
	return f, true
}

// fnFloor is $floor(number).
func fnFloor(_ *evaluation, args []any) (any, error) { return mathFunction(args[0], math.Floor) }

// fnCeil is $ceil(number).
func fnCeil(_ *evaluation, args []any) (any, error) { return mathFunction(args[0], math.Ceil) }

// fnAbs is $abs(number).
func fnAbs(_ *evaluation, args []any) (any, error) { return mathFunction(args[0], math.Abs) }

func mathFunction(v any, f func(float64) float64) (any, error) {
	n, ok := v.(float64)
	if !ok {
		return v, nil
	}
	return f(n) + 0, nil
}

// fnSqrt is $sqrt(number).
func fnSqrt(_ *evaluation, args []any) (any, error) {
	if n, ok := args[0].(float64); ok && n < 0 {
		return nil, newError("D3060", 0, "", n)
	}
	return mathFunction(args[0], math.Sqrt)
}

// fnPower is $power(base, exponent).
func fnPower(_ *evaluation, args []any) (any, error) {
	base, ok := args[0].(float64)
	exp, has := args[1].(float64)
	if !ok {
		return args[0], nil
	}
	if !has {
		exp = math.NaN()
	}
	r := math.Pow(base, exp)
	if math.IsInf(r, 0) || math.IsNaN(r) {
		err := &Error{Code: "D3061", Value: base, exp: exp}
		return nil, err.fill()
	}
	return r, nil
}

// fnRound is $round(number, precision), which rounds halves to even. A negative precision rounds tens, hundreds, …
func fnRound(_ *evaluation, args []any) (any, error) {
	f, ok := args[0].(float64)
	if !ok {
		return args[0], nil
	}
	precision, _ := args[1].(float64)
	return roundEven(f, int(max(-400, min(precision, 400)))), nil
}

// roundEven rounds the number's decimal form to so many places, halves to the even neighbour.
func roundEven(f float64, places int) float64 {
	if f == 0 || math.IsInf(f, 0) || math.IsNaN(f) {
		return f
	}
	shifted := shift(f, places)
	if math.Abs(shifted) >= 1<<53 || math.IsNaN(shifted) {
		return f
	}
	r := shift(math.RoundToEven(shifted), -places)
	return r + 0 // not minus zero
}

// shift multiplies by a power of ten in decimal, so that no binary error creeps in.
func shift(f float64, places int) float64 {
	if places == 0 || f == 0 {
		return f
	}
	mantissa, exp, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	n, _ := strconv.Atoi(exp)
	r, _ := strconv.ParseFloat(mantissa+"e"+strconv.Itoa(n+places), 64)
	return r
}

// fnRandom is $random(): at least 0 and below 1.
func fnRandom(e *evaluation, _ []any) (any, error) {
	if e.rand != nil {
		return e.rand.Float64(), nil
	}
	return rand.Float64(), nil
}

// fnFormatBase is $formatBase(number, radix), of the rounded number.
func fnFormatBase(_ *evaluation, args []any) (any, error) {
	f, ok := args[0].(float64)
	if !ok {
		return args[0], nil
	}
	radix := 10.0
	if r, ok := args[1].(float64); ok {
		radix = roundEven(r, 0)
	}
	if !(radix >= 2 && radix <= 36) {
		return nil, newError("D3100", 0, "", radix)
	}
	f = roundEven(f, 0)
	if math.Abs(f) < 1<<63 {
		return strconv.FormatInt(int64(f), int(radix)), nil
	}
	return bigInt(f).Text(int(radix)), nil
}

// fnSum is $sum(array).
func fnSum(_ *evaluation, args []any) (any, error) {
	items, ok := asItems(args[0])
	if !ok {
		return args[0], nil
	}
	total := 0.0
	for _, item := range items {
		total += item.(float64)
	}
	return total, nil
}

// fnAverage is $average(array), undefined for an empty one.
func fnAverage(e *evaluation, args []any) (any, error) {
	items, ok := asItems(args[0])
	if !ok || len(items) == 0 {
		return Undefined{}, nil
	}
	total, err := fnSum(e, args)
	if err != nil {
		return nil, err
	}
	return total.(float64) / float64(len(items)), nil
}

// fnMax is $max(array), undefined for an empty one.
func fnMax(_ *evaluation, args []any) (any, error) { return extreme(args[0], math.Max) }

// fnMin is $min(array), undefined for an empty one.
func fnMin(_ *evaluation, args []any) (any, error) { return extreme(args[0], math.Min) }

func extreme(v any, pick func(a, b float64) float64) (any, error) {
	items, ok := asItems(v)
	if !ok || len(items) == 0 {
		return Undefined{}, nil
	}
	r := items[0].(float64)
	for _, item := range items[1:] {
		r = pick(r, item.(float64))
	}
	return r, nil
}
