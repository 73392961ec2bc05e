package lint

import (
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/arazzo/expression"
	"github.com/headgate/headgate/arazzo/source"
)

// truth is what can be said of a condition without running: unknown, or decided.
type truth int

const (
	unknown truth = iota
	no
	yes
)

func decided(b bool) truth {
	if b {
		return yes
	}
	return no
}

// value is what can be said of an operand.
type value struct {
	known bool
	v     any      // for known: nil, bool, json.Number, string or expression.Undefined
	enum  []any    // otherwise: all that it may be; nil: not limited
	types []string // otherwise: the JSON types that it may have; empty: any
}

// eval decides a condition for one answer of a step's operation.
func (s *stepView) eval(n *node, status int) truth {
	switch n.op {
	case "&&", "||":
		a, b := s.eval(n.kids[0], status), s.eval(n.kids[1], status)
		decisive := no
		if n.op == "||" {
			decisive = yes
		}
		switch {
		case a == decisive || b == decisive:
			return decisive
		case a == unknown || b == unknown:
			return unknown
		}
		return a
	case "!":
		switch s.eval(n.kids[0], status) {
		case yes:
			return no
		case no:
			return yes
		}
		return unknown
	case "", "length":
		v := s.operand(n, status)
		switch {
		case !v.known:
			return unknown
		case v.v == nil || v.v == false || expression.IsUndefined(v.v):
			return no
		case v.v == true:
			return yes
		}
		return unknown // whether numbers and strings are true depends on the version
	}
	return compare(n.op, s.operand(n.kids[0], status), s.operand(n.kids[1], status))
}

// operand says what is known about a leaf when the operation has answered with this status.
func (s *stepView) operand(n *node, status int) value {
	if n.op == "length" {
		if v := s.operand(n.kids[0], status); v.known && expression.IsUndefined(v.v) {
			return v
		}
		return value{types: []string{"integer"}}
	}
	if n.isLiteral() {
		return value{known: true, v: n.lit}
	}
	switch n.expr.Root {
	case expression.RootStatusCode:
		return value{known: true, v: json.Number(strconv.Itoa(status))}
	case expression.RootMethod:
		if s.op != nil {
			return value{known: true, v: s.op.Method}
		}
	case expression.RootResponse:
		if n.expr.Part == expression.PartBody {
			return s.bodyValue(n.expr, status)
		}
	}
	return value{}
}

// bodyValue is what the response's schema tells of an expression into the body.
func (s *stepView) bodyValue(e *expression.Expression, status int) value {
	schema, presence := s.bodyAt(e, status)
	switch {
	case presence == source.No:
		return value{known: true, v: expression.Undefined}
	case schema != nil:
		return value{enum: schema.Enum(), types: schema.Types()}
	}
	return value{}
}

// bodyAt finds the schema of an expression into the body of the response with a status. A response without content has nothing anywhere.
func (s *stepView) bodyAt(e *expression.Expression, status int) (*source.Schema, source.Presence) {
	if s.op == nil {
		return nil, source.Maybe
	}
	response := s.op.Response(status)
	if response == nil {
		return nil, source.Maybe
	}
	if len(response.Content) == 0 {
		if status >= 200 && status < 300 {
			return nil, source.No
		}
		return nil, source.Maybe // errors are seldom described in full
	}
	schema := s.op.ResponseSchema(status, "")
	if schema == nil {
		return nil, source.Maybe
	}
	pointer := pointerIn(e)
	if pointer == "" {
		return schema, source.Yes
	}
	return schema.At(pointer)
}

// pointerIn is the JSON pointer from the body to what the expression names; empty for the whole.
func pointerIn(e *expression.Expression) string {
	pointer := ""
	if e.Pointer != nil {
		pointer = e.Pointer.String()
	}
	var path []string
	for _, segment := range e.Path {
		if segment.Name == "" {
			path = append(path, strconv.Itoa(segment.Index))
			continue
		}
		path = append(path, segment.Name)
	}
	return strings.TrimPrefix(pointer, "#") + pointerOf(path)
}

// compare decides a comparison as far as both sides are known. Strings compare without regard to case, numeric strings as numbers.
func compare(op string, a, b value) truth {
	if !a.known && b.known {
		a, b = b, a
		if turned, ok := map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<="}[op]; ok {
			op = turned
		}
	}
	return compareOrdered(op, a, b)
}

func compareOrdered(op string, a, b value) truth {
	switch {
	case a.known && b.known:
		return compareKnown(op, a.v, b.v)
	case !a.known:
		return unknown
	case b.enum != nil && op == "==":
		for _, v := range b.enum {
			if compareKnown("==", a.v, v) != no {
				return unknown
			}
		}
		return no
	case op == "==" && !mayBe(a.v, b.types):
		return no
	}
	return unknown
}

// mayBe tells whether a value of one of the types may equal v.
func mayBe(v any, types []string) bool {
	if len(types) == 0 || v == nil {
		return true // absent members compare with null
	}
	switch v := v.(type) {
	case string:
		_, number := new(big.Float).SetString(v)
		return slices.Contains(types, "string") || number && (slices.Contains(types, "number") || slices.Contains(types, "integer")) ||
			slices.Contains(types, "boolean") && (strings.EqualFold(v, "true") || strings.EqualFold(v, "false"))
	case json.Number:
		return slices.Contains(types, "number") || slices.Contains(types, "integer") || slices.Contains(types, "string")
	case bool:
		return slices.Contains(types, "boolean") || slices.Contains(types, "string")
	}
	return true
}

func compareKnown(op string, a, b any) truth {
	undefinedA, undefinedB := expression.IsUndefined(a) || a == nil, expression.IsUndefined(b) || b == nil
	if undefinedA || undefinedB {
		switch {
		case op == "==":
			return decided(undefinedA && undefinedB)
		case op == "!=" && (a == nil || b == nil):
			return decided(undefinedA != undefinedB)
		case op == "!=":
			return unknown
		}
		return no
	}
	x, okX := number(a)
	y, okY := number(b)
	order := 0
	s, okS := a.(string)
	t, okT := b.(string)
	switch {
	case okX && okY:
		order = x.Cmp(y)
	case okS && okT:
		order = strings.Compare(strings.ToLower(s), strings.ToLower(t))
	default:
		p, okP := a.(bool)
		q, okQ := b.(bool)
		if !okP || !okQ {
			return unknown // of two types: that depends on the version
		}
		if p != q {
			order = 1
		}
	}
	switch op {
	case "==":
		return decided(order == 0)
	case "!=":
		return decided(order != 0)
	case "<":
		return decided(order < 0)
	case "<=":
		return decided(order <= 0)
	case ">":
		return decided(order > 0)
	}
	return decided(order >= 0)
}

func number(v any) (*big.Float, bool) {
	switch v := v.(type) {
	case json.Number:
		return new(big.Float).SetString(string(v))
	case string:
		return new(big.Float).SetString(v)
	}
	return nil, false
}
