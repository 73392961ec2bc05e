package rfc9535

import (
	"encoding/json"
	"regexp"
	"strconv"
	"unicode/utf8"
)

// valueType is a type of RFC 9535 §2.4.1.
type valueType uint8

const (
	valueTyped valueType = iota
	logicalType
	nodesType
)

// signature is the type of a function: RFC 9535 §2.4.
type signature struct {
	args   []valueType
	result valueType
}

// signatures are the five functions that RFC 9535 registers, §2.4.4 to §2.4.8. Their types make ill-typed calls errors of the text, not
// of the evaluation.
func signatures(name string) (signature, bool) {
	switch name {
	case "length":
		return signature{[]valueType{valueTyped}, valueTyped}, true
	case "count", "value":
		return signature{[]valueType{nodesType}, valueTyped}, true
	case "match", "search":
		return signature{[]valueType{valueTyped, valueTyped}, logicalType}, true
	}
	return signature{}, false
}

// value evaluates length, count and value; false is Nothing.
func (c call) value(r *run, current any) (any, bool) {
	switch c.name {
	case "length":
		v, found := c.args[0].value(r, current)
		if !found {
			return nil, false
		}
		if m, is := v.(map[string]any); is {
			return number(len(m)), true
		}
		return lengthOf(v)
	case "count":
		n := 0
		r.each(c.args[0].(nodes).query, current, func(node) bool {
			n++
			return true
		})
		return number(n), true
	}
	// value: the node's value if there is exactly one.
	n := 0
	var v any
	r.each(c.args[0].(nodes).query, current, func(found node) bool {
		n++
		v = found.value
		return n < 2
	})
	return v, n == 1
}

// lengthOf counts characters or elements; Nothing for other values.
func lengthOf(v any) (any, bool) {
	switch v := v.(type) {
	case string:
		return number(utf8.RuneCountInString(v)), true
	case []any:
		return number(len(v)), true
	}
	return nil, false
}

// number is a count as JSON's numbers are kept here.
func number(n int) json.Number { return json.Number(strconv.Itoa(n)) }

// truth evaluates match and search: false for what is no string, or no pattern
// of RFC 9485.
func (c call) truth(r *run, current any) bool {
	subject, found := c.args[0].value(r, current)
	text, is := subject.(string)
	if !found || !is {
		return false
	}
	compiled := c.regexp
	if !c.fixed {
		pattern, found := c.args[1].value(r, current)
		s, is := pattern.(string)
		if !found || !is {
			return false
		}
		compiled = r.pattern(s, c.name == "match")
	}
	return compiled != nil && compiled.MatchString(text)
}

// pattern compiles a pattern that comes from the data, once an evaluation.
func (r *run) pattern(s string, whole bool) *regexp.Regexp {
	key := " " + s
	if whole {
		key = "^" + s
	}
	if compiled, found := r.patterns[key]; found {
		return compiled
	}
	compiled, err := compilePattern(s, whole)
	if err != nil {
		compiled = nil
	}
	if r.patterns == nil {
		r.patterns = map[string]*regexp.Regexp{}
	}
	if len(r.patterns) < 256 {
		r.patterns[key] = compiled
	}
	return compiled
}
