package asl

import (
	"cmp"
	"strings"
	"unicode/utf16"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// operator describes a comparison operator of a Choice rule.
type operator struct {
	literal   string // the JSON type of its operand
	path      bool   // the operand is a path
	timestamp bool
}

// operatorNamed tells what an operator takes; ok is false for members that are no operators.
func operatorNamed(name string) (operator, bool) {
	switch name {
	case "IsNull", "IsPresent", "IsNumeric", "IsString", "IsBoolean", "IsTimestamp", "BooleanEquals":
		return operator{literal: "boolean"}, true
	case "StringMatches":
		return operator{literal: "string"}, true
	case "BooleanEqualsPath":
		return operator{path: true}, true
	}
	// The rest is made of a type, a comparison and perhaps Path: NumericLessThanEqualsPath.
	base, path := strings.CutSuffix(name, "Path")
	for _, kind := range []string{"String", "Numeric", "Timestamp"} {
		switch strings.TrimPrefix(base, kind) {
		case "Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals":
			literal := "string"
			if kind == "Numeric" {
				literal = "number"
			}
			return operator{literal: literal, path: path, timestamp: kind == "Timestamp" && !path}, true
		}
	}
	return operator{}, false
}

// compare applies an operator. Values of another type than the operator's never match.
func compare(name string, left, right any) bool {
	switch name {
	// The Is… operators take true or false: IsNull false holds for what is not null.
	case "IsNull":
		return (left == nil) == right
	case "IsNumeric":
		return (jsonvalue.Type(left) == "number") == right
	case "IsString":
		return (jsonvalue.Type(left) == "string") == right
	case "IsBoolean":
		return (jsonvalue.Type(left) == "boolean") == right
	case "IsTimestamp":
		text, ok := left.(string)
		if ok {
			_, ok = parseTimestamp(text)
		}
		return ok == right
	case "StringMatches":
		text, okL := left.(string)
		pattern, okR := right.(string)
		return okL && okR && wildcard(pattern, text)
	}
	// The type ends where the comparison begins: at Equals, LessThan or GreaterThan.
	name = strings.TrimSuffix(name, "Path")
	kind := name[:strings.IndexAny(name, "ELG")]
	order, ok := compareAs(kind, left, right)
	if !ok {
		return false
	}
	switch strings.TrimPrefix(name, kind) {
	case "Equals":
		return order == 0
	case "LessThan":
		return order < 0
	case "GreaterThan":
		return order > 0
	case "LessThanEquals":
		return order <= 0
	}
	return order >= 0
}

// compareAs orders two values as a type; ok is false if one is not of it. Booleans have no order: 1 says that they differ.
func compareAs(kind string, left, right any) (int, bool) {
	switch kind {
	case "Numeric":
		return jsonvalue.CompareNumbers(left, right)
	case "Boolean":
		l, okL := left.(bool)
		r, okR := right.(bool)
		if l == r {
			return 0, okL && okR
		}
		return 1, okL && okR
	}
	l, okL := left.(string)
	r, okR := right.(string)
	if !okL || !okR {
		return 0, false
	}
	if kind == "String" {
		return compareText(l, r), true
	}
	// As points in time, whatever their offsets.
	tl, okL := parseTimestamp(l)
	tr, okR := parseTimestamp(r)
	return tl.Compare(tr), okL && okR
}

// compareText orders by UTF-16 code units, as Java does.
func compareText(a, b string) int {
	x, y := utf16.Encode([]rune(a)), utf16.Encode([]rune(b))
	for i := range min(len(x), len(y)) {
		if c := cmp.Compare(x[i], y[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(x), len(y))
}

// wildcard matches a text with a pattern in which * stands for any text; \* and \\ stand for * and \.
func wildcard(pattern, text string) bool {
	var parts []string // the texts between the wildcards
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\' && i+1 < len(pattern):
			i++
			b.WriteByte(pattern[i])
		case c == '*':
			parts = append(parts, b.String())
			b.Reset()
		default:
			b.WriteByte(c)
		}
	}
	last := b.String()
	if len(parts) == 0 {
		return text == last
	}
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	// Each text between two wildcards is taken where it comes first: that leaves the most for the rest.
	text = text[len(parts[0]):]
	for _, part := range parts[1:] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return strings.HasSuffix(text, last)
}
