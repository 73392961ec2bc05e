package jsonata

import (
	"math"
	"strings"
	"unicode"
)

// The string functions that need no pattern. All count characters (code points), as the language does.

// fnString is $string(value, prettify): strings stay, functions become "", all else is written as JSON with numbers
// rounded to 15 digits.
func fnString(_ *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	indent := 0
	if args[1] == true {
		indent = 2
	}
	s, err := stringOf(args[0], indent)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// stringOf casts a value to a string; indent is that of JSON, 0 for none.
func stringOf(v any, indent int) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return "", newError("D3001", 0, "", v)
		}
		return formatFloat(round15(v)), nil
	case *Function, *lambda, *regex:
		return "", nil
	case *list:
		if v.outer {
			return stringOf(v.items[0], indent)
		}
	}
	w := jsonWriter{indent: indent}
	if err := w.value(v, 0); err != nil {
		return "", err
	}
	return string(w.buf), nil
}

// fnLength is $length(str), in code points.
func fnLength(_ *evaluation, args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return Undefined{}, nil
	}
	return float64(charCount(s)), nil
}

// fnSubstring is $substring(str, start, length). A negative start counts from the end, and one before the beginning
// means the beginning; fractions are cut off.
func fnSubstring(_ *evaluation, args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return Undefined{}, nil
	}
	start, _ := args[1].(float64)
	n := float64(charCount(s))
	if n+start < 0 {
		start = 0
	}
	end := n
	if length, ok := args[2].(float64); ok {
		if length <= 0 || math.IsNaN(length) {
			return "", nil
		}
		end = start + length
		if start < 0 {
			end += n
		}
	}
	if start = math.Trunc(start); start < 0 {
		start += n
	}
	return charSlice(s, int(min(start, n)), int(min(math.Trunc(end), n))), nil
}

// fnSubstringBefore is $substringBefore(str, chars): all of str where chars does not occur.
func fnSubstringBefore(_ *evaluation, args []any) (any, error) {
	s, ok := args[0].(string)
	chars, found := args[1].(string)
	if !ok || !found {
		return args[0], nil
	}
	before, _, _ := strings.Cut(s, chars)
	return before, nil
}

// fnSubstringAfter is $substringAfter(str, chars): all of str where chars does not occur.
func fnSubstringAfter(_ *evaluation, args []any) (any, error) {
	s, ok := args[0].(string)
	chars, found := args[1].(string)
	if !ok || !found {
		return args[0], nil
	}
	if _, after, ok := strings.Cut(s, chars); ok {
		return after, nil
	}
	return s, nil
}

// fnLowercase is $lowercase(str).
func fnLowercase(_ *evaluation, args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return Undefined{}, nil
	}
	return mapCase(s, lowerChar), nil
}

// fnUppercase is $uppercase(str).
func fnUppercase(_ *evaluation, args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return Undefined{}, nil
	}
	return mapCase(s, upperChar), nil
}

func mapCase(s string, change func([]byte, rune) []byte) string {
	buf := make([]byte, 0, len(s))
	for len(s) > 0 {
		r, n := decodeChar(s)
		buf = change(buf, r)
		s = s[n:]
	}
	return string(buf)
}

func lowerChar(buf []byte, r rune) []byte {
	if r == 'İ' {
		return append(buf, "i̇"...)
	}
	return appendChar(buf, unicode.ToLower(r))
}

// upperChar also knows the letters whose capital form has more than one character.
func upperChar(buf []byte, r rune) []byte {
	switch r {
	case 'ß':
		return append(buf, "SS"...)
	case 'ŉ':
		return append(buf, "ʼN"...)
	case 'ǰ':
		return append(buf, "J̌"...)
	case 'և':
		return append(buf, "ԵՒ"...)
	case 'ﬀ':
		return append(buf, "FF"...)
	case 'ﬁ':
		return append(buf, "FI"...)
	case 'ﬂ':
		return append(buf, "FL"...)
	case 'ﬃ':
		return append(buf, "FFI"...)
	case 'ﬄ':
		return append(buf, "FFL"...)
	case 'ﬅ', 'ﬆ':
		return append(buf, "ST"...)
	}
	return appendChar(buf, unicode.ToUpper(r))
}

// fnTrim strips white space at the ends and makes every run of it within one space.
func fnTrim(_ *evaluation, args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return Undefined{}, nil
	}
	words := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' })
	return strings.Join(words, " "), nil
}

// fnPad is $pad(str, width, char): at the end for a positive width, at the start for a negative one.
func fnPad(_ *evaluation, args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return Undefined{}, nil
	}
	width, _ := args[1].(float64)
	fill, _ := args[2].(string)
	if fill == "" {
		fill = " "
	}
	missing := math.Trunc(math.Abs(width)) - float64(charCount(s))
	if !(missing > 0) {
		return s, nil
	}
	if missing*float64(len(fill)) > maxString {
		return nil, errTooLong()
	}
	size := charCount(fill)
	n := int(missing)
	padding := strings.Repeat(fill, n/size) + charSlice(fill, 0, n%size)
	if width < 0 {
		return concat(padding, s), nil
	}
	return concat(s, padding), nil
}

// fnJoin is $join(array, separator). The signature has made sure that all items are strings.
func fnJoin(_ *evaluation, args []any) (any, error) {
	items, ok := asItems(args[0])
	if !ok {
		return Undefined{}, nil
	}
	sep, _ := args[1].(string)
	size := 0
	for _, item := range items {
		if size += len(item.(string)) + len(sep); size > maxString {
			return nil, errTooLong()
		}
	}
	buf := make([]byte, 0, size)
	for i, item := range items {
		if i > 0 {
			buf = appendText(buf, sep)
		}
		buf = appendText(buf, item.(string))
	}
	return string(buf), nil
}

// appendText appends s; a surrogate pair whose halves meet at the seam becomes one character.
func appendText(buf []byte, s string) []byte {
	if low, ok := surrogateAt(s); ok && low >= 0xDC00 {
		return append(appendUnit(buf, low), s[3:]...)
	}
	return append(buf, s...)
}
