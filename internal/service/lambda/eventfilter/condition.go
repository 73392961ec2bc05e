package eventfilter

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// condition is one element of a leaf's list.
type condition struct {
	exists *bool          // whether there is a value at all, if that is the condition
	holds  func(any) bool // what a value must be, if not
}

// anyOf tells whether one of the conditions holds for one of the values.
func anyOf(list []condition, values []any) bool {
	return slices.ContainsFunc(list, func(c condition) bool {
		if c.exists != nil {
			return *c.exists == (len(values) > 0)
		}
		return slices.ContainsFunc(values, c.holds)
	})
}

func conditions(list []any, path string) ([]condition, error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("%s is empty", where(path))
	}
	var out []condition
	for _, v := range list {
		c, err := one(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where(path), err)
		}
		out = append(out, c)
	}
	return out, nil
}

// one reads a condition: a value, or an object with one operator.
func one(v any) (condition, error) {
	switch v := v.(type) {
	case []any:
		return condition{}, errors.New("a list cannot stand in a list")
	case map[string]any:
		if len(v) != 1 {
			return condition{}, errors.New("a condition has exactly one operator")
		}
		for operator, operand := range v {
			return operate(operator, operand)
		}
	}
	return condition{holds: func(x any) bool { return x == v }}, nil // a json.Number as it is written
}

func operate(operator string, operand any) (c condition, err error) {
	switch operator {
	case "exists":
		b, ok := operand.(bool)
		if !ok {
			return c, errors.New("exists must be true or false")
		}
		return condition{exists: &b}, nil
	case "numeric":
		c.holds, err = numeric(operand)
	case "anything-but":
		c.holds, err = anythingBut(operand)
	default:
		c.holds, err = text(operator, operand)
	}
	return c, err
}

// text reads the operators on texts. prefix and suffix may themselves ignore case.
func text(operator string, operand any) (func(any) bool, error) {
	fold := false
	if o, ok := operand.(map[string]any); ok && len(o) == 1 && (operator == "prefix" || operator == "suffix") {
		operand, fold = o["equals-ignore-case"], true
	}
	var compare func(value, s string) bool
	switch operator {
	case "prefix":
		compare = strings.HasPrefix
		if fold {
			compare = func(value, s string) bool { return strings.HasPrefix(strings.ToLower(value), strings.ToLower(s)) }
		}
	case "suffix":
		compare = strings.HasSuffix
		if fold {
			compare = func(value, s string) bool { return strings.HasSuffix(strings.ToLower(value), strings.ToLower(s)) }
		}
	case "equals-ignore-case":
		compare = strings.EqualFold
	default:
		return nil, fmt.Errorf("unrecognized operator %q", operator)
	}
	s, ok := operand.(string)
	if !ok {
		return nil, fmt.Errorf("%s must be a text", operator)
	}
	return func(v any) bool {
		value, ok := v.(string)
		return ok && compare(value, s)
	}, nil
}

// anythingBut reads the values, or an operator on texts with one text or several, that a value must not be.
func anythingBut(operand any) (func(any) bool, error) {
	var not []func(any) bool
	o, operator := operand.(map[string]any)
	if operator {
		if len(o) != 1 {
			return nil, errors.New("anything-but has exactly one operator")
		}
		for name, operand := range o {
			for _, v := range listOf(operand) {
				f, err := text(name, v)
				if err != nil {
					return nil, err
				}
				not = append(not, f)
			}
		}
	} else {
		texts, numbers := 0, 0
		for _, v := range listOf(operand) {
			switch v.(type) {
			case string:
				texts++
			case json.Number:
				numbers++
			default:
				return nil, errors.New("anything-but takes texts and numbers")
			}
			not = append(not, func(x any) bool { return x == v })
		}
		if texts > 0 && numbers > 0 {
			return nil, errors.New("anything-but takes either texts or numbers")
		}
	}
	if len(not) == 0 {
		return nil, errors.New("anything-but is empty")
	}
	return func(v any) bool { return !slices.ContainsFunc(not, func(f func(any) bool) bool { return f(v) }) }, nil
}

func listOf(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}

// bound is the largest number that "numeric" takes, in both directions.
const bound = 5e9

// numeric reads [operator, number], or a range: a lower bound and then an upper one.
func numeric(operand any) (func(any) bool, error) {
	list, _ := operand.([]any)
	if len(list) != 2 && len(list) != 4 {
		return nil, errors.New("numeric takes an operator and a number, once or twice")
	}
	var operators []string
	var numbers []float64
	for i := 0; i < len(list); i += 2 {
		operator, isText := list[i].(string)
		n, isNumber := number(list[i+1])
		if !isText || !slices.Contains([]string{"=", "<", "<=", ">", ">="}, operator) {
			return nil, fmt.Errorf("unrecognized numeric operator %v", list[i])
		}
		if !isNumber || n < -bound || n > bound {
			return nil, fmt.Errorf("numeric takes numbers between -5.0e9 and 5.0e9, not %v", list[i+1])
		}
		operators, numbers = append(operators, operator), append(numbers, n)
	}
	if len(numbers) == 2 && (operators[0][0] != '>' || operators[1][0] != '<' || numbers[0] >= numbers[1]) {
		return nil, errors.New("a numeric range has a lower bound and then a higher upper one")
	}
	return func(v any) bool {
		n, ok := number(v)
		for i, o := range operators {
			ok = ok && compare(n, o, numbers[i])
		}
		return ok
	}, nil
}

func number(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

func compare(a float64, operator string, b float64) bool {
	switch operator {
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	case ">=":
		return a >= b
	}
	return a == b
}
