package jsonata

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// checkEvery is after how many evaluated nodes the context and the time limit are looked at.
const checkEvery = 256

// evaluation is the state of one run of an expression.
type evaluation struct {
	ctx      context.Context
	depth    int
	maxDepth int
	ticks    int
	deadline time.Time // zero for none
	root     any       // $$
	now      time.Time // fixed for the whole run, as $now must not move within it
	rand     *rand.Rand
	maxRange float64

	exported budget // values walked through on the way out

	callIn  any    // the context of the library function being called, for $eval
	callEnv *frame // and its scope
}

type evalFunc func(e *evaluation, n *node, in any, env *frame) (any, error)

// eval evaluates a node with its predicates and grouping. Nesting of calls to eval is what the depth limit counts.
func (e *evaluation) eval(n *node, in any, env *frame) (any, error) {
	if e.depth++; e.depth > e.maxDepth {
		return nil, newError("U1001", n.pos, "", nil)
	}
	if e.ticks--; e.ticks <= 0 {
		if err := e.check(); err != nil {
			return nil, err
		}
	}
	v, err := n.run(e, n, in, env)
	if err != nil {
		return nil, err
	}
	if n.predicates != nil || (n.group != nil && n.kind != kindPath) {
		if v, err = e.decorate(n, v, in, env); err != nil {
			return nil, err
		}
	}
	if l, ok := v.(*list); ok && l.seq {
		if n.keepArray {
			v = l.kept()
		} else {
			v = collapse(l)
		}
	}
	e.depth--
	return v, nil
}

// kept returns a sequence that stays an array.
func (l *list) kept() any {
	if len(l.items) == 0 {
		return Undefined{}
	}
	return &list{items: l.items, seq: true, keep: true, outer: l.outer}
}

// check looks at the limits that are not worth a look at every node.
func (e *evaluation) check() error {
	e.ticks = checkEvery
	if err := e.ctx.Err(); err != nil {
		return fmt.Errorf("jsonata: evaluation stopped: %w", err)
	}
	if !e.deadline.IsZero() && time.Now().After(e.deadline) {
		return &Error{Code: "U1001", Message: "Expression evaluation timeout: Check for infinite loop"}
	}
	return nil
}

func (e *evaluation) tooManyItems() error {
	return newError("D2015", 0, "", e.maxRange)
}

// decorate applies predicates and grouping. A path applies its group itself, with the tuples that it has.
func (e *evaluation) decorate(n *node, v, in any, env *frame) (any, error) {
	var err error
	for _, s := range n.predicates {
		if v, err = e.filter(s.filter, v, env); err != nil {
			return nil, err
		}
	}
	if n.group != nil && n.kind != kindPath {
		return e.groupBy(n.group, v, env)
	}
	return v, nil
}

// runner picks what evaluates a kind of node.
func runner(n *node) evalFunc {
	switch n.kind {
	case kindName:
		return runName
	case kindString, kindNumber, kindValue:
		return runLiteral
	case kindVariable:
		return runVariable
	case kindRegex:
		return runRegex
	case kindWildcard:
		return runWildcard
	case kindDescendant:
		return runDescendant
	case kindParent:
		return runParent
	case kindNegate:
		return runNegate
	case kindArray:
		return runArray
	case kindObject:
		return runObject
	case kindBinary:
		return binaryRunner(n.text)
	case kindRange:
		return runRange
	case kindAnd, kindOr:
		return runLogic
	case kindBlock:
		return runBlock
	case kindCondition:
		return runCondition
	case kindDefault, kindCoalesce:
		return runDefault
	case kindBind:
		return runBind
	case kindApply:
		return runApply
	case kindFunction:
		return runFunction
	case kindPartial:
		return runPartial
	case kindLambda:
		return runLambda
	case kindThunk:
		return runThunk
	case kindTransform:
		return runTransform
	case kindPath:
		return runPath
	}
	return nil // kindSort: only ever a step
}

func runName(_ *evaluation, n *node, in any, _ *frame) (any, error) { return lookup(in, n.text), nil }

func runLiteral(_ *evaluation, n *node, _ any, _ *frame) (any, error) { return n.value, nil }

func runRegex(_ *evaluation, n *node, _ any, _ *frame) (any, error) { return n.re, nil }

// runVariable is $ (the context), $$ (the input), a variable or a library function, in the order that lets
// bindings hide the library.
func runVariable(e *evaluation, n *node, in any, env *frame) (any, error) {
	if n.text == "" {
		if l, ok := in.(*list); ok && l.outer {
			return l.items[0], nil
		}
		return in, nil
	}
	if v, ok := env.lookup(n.text); ok {
		return v, nil
	}
	if n.text == "$" {
		return e.root, nil
	}
	if n.builtin != nil {
		return n.builtin, nil
	}
	return Undefined{}, nil
}

// runParent is %: the step that it refers to has bound its context under the slot's label.
func runParent(_ *evaluation, n *node, _ any, env *frame) (any, error) {
	if v, ok := env.lookup(n.parent.label); ok {
		return v, nil
	}
	return Undefined{}, nil
}

// runBlock evaluates in order and gives the last value. Most blocks bind nothing and need no frame.
func runBlock(e *evaluation, n *node, in any, env *frame) (v any, err error) {
	if n.scoped {
		env = &frame{parent: env}
	}
	v = Undefined{}
	for _, child := range n.list {
		if v, err = e.eval(child, in, env); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func runCondition(e *evaluation, n *node, in any, env *frame) (any, error) {
	c, err := e.eval(n.lhs, in, env)
	if err != nil {
		return nil, err
	}
	if truthy(c) {
		return e.eval(n.rhs, in, env)
	}
	if n.third == nil {
		return Undefined{}, nil
	}
	return e.eval(n.third, in, env)
}

// runDefault is a ?: b (b unless a counts as true) and a ?? b (b unless a has a value).
func runDefault(e *evaluation, n *node, in any, env *frame) (any, error) {
	v, err := e.eval(n.lhs, in, env)
	if err != nil {
		return nil, err
	}
	if n.kind == kindCoalesce && !isUndefined(v) || n.kind == kindDefault && truthy(v) {
		return v, nil
	}
	return e.eval(n.rhs, in, env)
}

// runBind is :=. The innermost block, function or tuple around it is the scope.
func runBind(e *evaluation, n *node, in any, env *frame) (any, error) {
	v, err := e.eval(n.rhs, in, env)
	if err != nil {
		return nil, err
	}
	env.bind(n.lhs.text, v)
	return v, nil
}

// runArray is an array constructor: arrays that its items give are flattened into it, except those that are
// array constructors themselves.
func runArray(e *evaluation, n *node, in any, env *frame) (any, error) {
	var out []any
	for i, child := range n.list {
		v, err := e.eval(child, in, env)
		if err != nil {
			return nil, err
		}
		items, isArr := asItems(v)
		switch {
		case isUndefined(v):
		case !isArr || child.kind == kindArray:
			if out == nil {
				out = make([]any, 0, len(n.list)-i)
			}
			out = append(out, v)
		case out == nil && child.kind == kindRange: // a range is new: take it over
			out = items
		default:
			out = append(out, items...)
		}
		if float64(len(out)) > e.maxRange {
			return nil, e.tooManyItems()
		}
	}
	if out == nil {
		out = []any{}
	}
	if n.cons {
		return &list{items: out, cons: true}, nil
	}
	return out, nil
}

func runObject(e *evaluation, n *node, in any, env *frame) (any, error) {
	return e.groupBy(&group{pairs: n.pairs, pos: n.pos}, in, env)
}
