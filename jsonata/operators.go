package jsonata

import (
	"math"
)

func binaryRunner(op string) evalFunc {
	switch op {
	case "+":
		return runAdd
	case "-":
		return runSubtract
	case "*":
		return runMultiply
	case "/":
		return runDivide
	case "%":
		return runModulo
	case "&":
		return runConcat
	case "=", "!=":
		return runEquality
	case "in":
		return runIn
	}
	return runCompare
}

// both evaluates the operands.
func (e *evaluation) both(n *node, in any, env *frame) (l, r any, err error) {
	if l, err = e.eval(n.lhs, in, env); err != nil {
		return nil, nil, err
	}
	r, err = e.eval(n.rhs, in, env)
	return l, r, err
}

// numbers evaluates operands that must be numbers; ok is false if one of them is undefined.
func (e *evaluation) numbers(n *node, in any, env *frame) (x, y float64, ok bool, err error) {
	l, r, err := e.both(n, in, env)
	if err != nil {
		return 0, 0, false, err
	}
	x, xok, err := operandNumber(n, l, "T2001")
	if err != nil {
		return 0, 0, false, err
	}
	y, yok, err := operandNumber(n, r, "T2002")
	return x, y, xok && yok, err
}

// operandNumber checks an operand of an arithmetic operator; code is the error for another type. An infinite
// operand is refused, an infinite result not: 1/0 fails where it is used.
func operandNumber(n *node, v any, code string) (float64, bool, error) {
	f, ok := v.(float64)
	switch {
	case ok && (math.IsInf(f, 0) || math.IsNaN(f)):
		return 0, false, newError("D1001", n.pos, n.text, f)
	case !ok && !isUndefined(v):
		return 0, false, newError(code, n.pos, n.text, v)
	}
	return f, ok, nil
}

func runAdd(e *evaluation, n *node, in any, env *frame) (any, error) {
	x, y, ok, err := e.numbers(n, in, env)
	if !ok || err != nil {
		return Undefined{}, err
	}
	return x + y, nil
}

func runSubtract(e *evaluation, n *node, in any, env *frame) (any, error) {
	x, y, ok, err := e.numbers(n, in, env)
	if !ok || err != nil {
		return Undefined{}, err
	}
	return x - y, nil
}

func runMultiply(e *evaluation, n *node, in any, env *frame) (any, error) {
	x, y, ok, err := e.numbers(n, in, env)
	if !ok || err != nil {
		return Undefined{}, err
	}
	return x * y, nil
}

func runDivide(e *evaluation, n *node, in any, env *frame) (any, error) {
	x, y, ok, err := e.numbers(n, in, env)
	if !ok || err != nil {
		return Undefined{}, err
	}
	return x / y, nil
}

func runModulo(e *evaluation, n *node, in any, env *frame) (any, error) {
	x, y, ok, err := e.numbers(n, in, env)
	if !ok || err != nil {
		return Undefined{}, err
	}
	return math.Mod(x, y), nil
}

func runNegate(e *evaluation, n *node, in any, env *frame) (any, error) {
	v, err := e.eval(n.lhs, in, env)
	if err != nil || isUndefined(v) {
		return v, err
	}
	f, ok := v.(float64)
	if !ok {
		return nil, newError("D1002", n.pos, "-", v)
	}
	return -f, nil
}

// runConcat is &: undefined counts as the empty string.
func runConcat(e *evaluation, n *node, in any, env *frame) (any, error) {
	l, r, err := e.both(n, in, env)
	if err != nil {
		return nil, err
	}
	a, err := concatOperand(l)
	if err != nil {
		return nil, err
	}
	b, err := concatOperand(r)
	if err != nil {
		return nil, err
	}
	if len(a)+len(b) > maxString {
		return nil, errTooLong()
	}
	return concat(a, b), nil
}

func concatOperand(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	if isUndefined(v) {
		return "", nil
	}
	return stringOf(v, 0)
}

// runEquality is = and !=, of which both are false if a side is undefined.
func runEquality(e *evaluation, n *node, in any, env *frame) (any, error) {
	l, r, err := e.both(n, in, env)
	if err != nil {
		return nil, err
	}
	if isUndefined(l) || isUndefined(r) {
		return false, nil
	}
	return equal(l, r) == (n.text == "="), nil
}

// runIn tells whether the right side, an array or a single value, holds the left one.
func runIn(e *evaluation, n *node, in any, env *frame) (any, error) {
	l, r, err := e.both(n, in, env)
	if err != nil {
		return nil, err
	}
	if isUndefined(l) || isUndefined(r) {
		return false, nil
	}
	items, ok := asItems(r)
	if !ok {
		return equal(l, r), nil
	}
	for _, item := range items {
		if equal(l, item) {
			return true, nil
		}
	}
	return false, nil
}

// runCompare is <, <=, > and >=, which know strings and numbers only.
func runCompare(e *evaluation, n *node, in any, env *frame) (any, error) {
	l, r, err := e.both(n, in, env)
	if err != nil {
		return nil, err
	}
	const comparable = isString | isNumber | isMissing
	lt, rt := typeOf(l), typeOf(r)
	if lt&comparable == 0 || rt&comparable == 0 {
		bad := l
		if lt&comparable != 0 {
			bad = r
		}
		return nil, newError("T2010", n.pos, n.text, bad)
	}
	if lt == isMissing || rt == isMissing {
		return Undefined{}, nil
	}
	if lt != rt {
		err := &Error{Code: "T2009", Position: n.pos, Token: n.text, Value: l, value2: r}
		return nil, err.fill()
	}
	c := compareSame(l, r)
	switch n.text {
	case "<":
		return c < 0, nil
	case "<=":
		return c <= 0, nil
	case ">":
		return c > 0, nil
	}
	return c >= 0, nil
}

// compareSame orders two strings or two numbers.
func compareSame(l, r any) int {
	if s, ok := l.(string); ok {
		return compareStrings(s, r.(string))
	}
	x, y := l.(float64), r.(float64)
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// runLogic is and and or, which leave the right side out if the left one decides.
func runLogic(e *evaluation, n *node, in any, env *frame) (any, error) {
	l, err := e.eval(n.lhs, in, env)
	if err != nil {
		return nil, err
	}
	if truthy(l) == (n.kind == kindOr) {
		return n.kind == kindOr, nil
	}
	r, err := e.eval(n.rhs, in, env)
	return truthy(r), err
}

// runRange is a..b in an array: undefined if empty.
func runRange(e *evaluation, n *node, in any, env *frame) (any, error) {
	l, r, err := e.both(n, in, env)
	if err != nil {
		return nil, err
	}
	from, fok := l.(float64)
	if !isUndefined(l) && (!fok || from != math.Trunc(from)) {
		return nil, newError("T2003", n.pos, n.text, l)
	}
	to, tok := r.(float64)
	if !isUndefined(r) && (!tok || to != math.Trunc(to)) {
		return nil, newError("T2004", n.pos, n.text, r)
	}
	if !fok || !tok || from > to {
		return Undefined{}, nil
	}
	size := to - from + 1
	if size > e.maxRange {
		return nil, newError("D2014", n.pos, n.text, size)
	}
	items := make([]any, int(size))
	for i := range items {
		items[i] = from + float64(i)
	}
	return &list{items: items, seq: true}, nil
}
