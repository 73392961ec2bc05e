package jsonata

import (
	"context"
	"errors"
)

// Function is a function of the library, or one of the host's made by NewFunction.
type Function struct {
	name  string
	sig   *signature
	arity int // how many arguments higher-order functions pass to it
	impl  func(e *evaluation, args []any) (any, error)
}

// NewFunction makes a Go function callable from expressions, once bound to a name by WithFunction or WithBindings.
// signature is JSONata's, such as "<s-n?:s>"; arguments that do not fit it are refused before fn is called, and
// optional ones that are not given are Undefined. Without a signature fn gets the arguments as they are.
// fn must not change its arguments. It may be called by many goroutines at once.
func NewFunction(name, signature string, fn func(ctx context.Context, args []any) (any, error)) (*Function, error) {
	f := &Function{name: name, arity: 1}
	if signature != "" {
		sig, err := parseSignature(signature)
		if err != nil {
			return nil, err.fill()
		}
		f.sig, f.arity = sig, len(sig.params)
	}
	f.impl = func(e *evaluation, args []any) (any, error) {
		clean := make([]any, len(args))
		for i, a := range args {
			v, err := e.export(a, 0)
			if err != nil {
				return nil, err
			}
			clean[i] = v
		}
		v, err := fn(e.ctx, clean)
		if err != nil {
			return nil, err
		}
		return importValue(v)
	}
	return f, nil
}

// lambda is a function that the expression defines, with its scope; or, with a target, a partial application.
type lambda struct {
	n        *node
	in       any
	env      *frame
	target   any
	template []any // of a partial application: the arguments given, hole{} for those still open
}

type hole struct{}

// thunk is a call in tail position that its caller is to make.
type thunk struct {
	call *node
	in   any
	env  *frame
}

// runLambda makes a closure: the definition's context belongs to it as well as its variables.
func runLambda(_ *evaluation, n *node, in any, env *frame) (any, error) {
	return &lambda{n: n, in: in, env: env}, nil
}

// runThunk puts a call off: apply, further out, makes it once this function is done.
func runThunk(_ *evaluation, n *node, in any, env *frame) (any, error) {
	return &thunk{call: n.body, in: in, env: env}, nil
}

func runFunction(e *evaluation, n *node, in any, env *frame) (any, error) {
	args, err := e.arguments(n, make([]any, 0, len(n.list)), in, env)
	if err != nil {
		return nil, err
	}
	return e.call(n, args, in, env)
}

// arguments evaluates the arguments of a call and appends them to args.
func (e *evaluation) arguments(n *node, args []any, in any, env *frame) ([]any, error) {
	for _, a := range n.list {
		v, err := e.eval(a, in, env)
		if err != nil {
			return nil, err
		}
		args = append(args, v)
	}
	return args, nil
}

// calleeName is the name that a call is written with.
func calleeName(n *node) string {
	if n.lhs.kind == kindPath {
		return n.lhs.list[0].text
	}
	return n.lhs.text
}

// call evaluates what is called after its arguments, as the order of errors shows, and applies it.
func (e *evaluation) call(n *node, args []any, in any, env *frame) (any, error) {
	fn, err := e.eval(n.lhs, in, env)
	if err != nil {
		return nil, err
	}
	name := calleeName(n)
	if isUndefined(fn) && n.lhs.kind == kindPath && !isUndefined(env.value(name)) {
		return nil, newError("T1005", n.pos, name, nil)
	}
	e.callEnv = env
	v, err := e.apply(fn, args, in)
	locate(err, n.pos, name)
	return v, err
}

// apply calls a function, and then whatever it leaves to call in tail position.
func (e *evaluation) apply(fn any, args []any, in any) (any, error) {
	for {
		v, err := e.applyOnce(fn, args, in)
		if err != nil {
			return nil, err
		}
		t, ok := v.(*thunk)
		if !ok {
			return v, nil
		}
		if fn, err = e.eval(t.call.lhs, t.in, t.env); err != nil {
			return nil, err
		}
		if args, err = e.arguments(t.call, make([]any, 0, len(t.call.list)), t.in, t.env); err != nil {
			return nil, err
		}
		name := calleeName(t.call)
		if !isFunction(fn) {
			code := "T1006"
			if isUndefined(fn) && t.call.lhs.kind == kindPath && !isUndefined(t.env.value(name)) {
				code = "T1005"
			}
			return nil, newError(code, t.call.pos, name, nil)
		}
		e.callEnv = t.env
	}
}

// applyOnce calls a function; the result may be a thunk.
func (e *evaluation) applyOnce(fn any, args []any, in any) (any, error) {
	switch f := fn.(type) {
	case *lambda:
		return e.applyLambda(f, args, in)
	case *Function:
		if f.sig != nil {
			var err *Error
			if args, err = f.sig.validate(args, in); err != nil {
				err.Token = f.name
				return nil, err.fill()
			}
		}
		e.callIn = in
		return f.impl(e, args)
	case *regex:
		var s any = Undefined{}
		if len(args) > 0 {
			s = args[0]
		}
		if text, ok := s.(string); ok {
			return f.matchObject(text, 0), nil
		}
		return Undefined{}, nil
	}
	return nil, newError("T1006", 0, "", nil)
}

// applyLambda binds the arguments in a new frame. Missing ones are undefined, surplus ones ignored.
func (e *evaluation) applyLambda(f *lambda, args []any, in any) (any, error) {
	if f.target != nil {
		return e.applyOnce(f.target, f.fill(args), in)
	}
	if f.n.sig != nil {
		var err *Error
		if args, err = f.n.sig.validate(args, in); err != nil {
			return nil, err.fill()
		}
	}
	env := &frame{parent: f.env}
	vars := make([]binding, len(f.n.params))
	for i, name := range f.n.params {
		vars[i] = binding{name, Undefined{}, env.vars}
		if i < len(args) {
			vars[i].value = args[i]
		}
		env.vars = &vars[i]
	}
	return e.eval(f.n.body, f.in, env)
}

// fill puts arguments into the holes of a partial application.
func (f *lambda) fill(args []any) []any {
	out := make([]any, len(f.template))
	n := 0
	for i, t := range f.template {
		if _, open := t.(hole); !open {
			out[i] = t
			continue
		}
		out[i] = Undefined{}
		if n < len(args) {
			out[i] = args[n]
		}
		n++
	}
	return out
}

// runPartial is a call with ? among its arguments, which gives a function of those.
func runPartial(e *evaluation, n *node, in any, env *frame) (any, error) {
	template := make([]any, len(n.list))
	for i, a := range n.list {
		if a.kind == kindPlaceholder {
			template[i] = hole{}
			continue
		}
		v, err := e.eval(a, in, env)
		if err != nil {
			return nil, err
		}
		template[i] = v
	}
	fn, err := e.eval(n.lhs, in, env)
	if err != nil {
		return nil, err
	}
	if !isFunction(fn) {
		code, name := "T1008", calleeName(n)
		if isUndefined(fn) && n.lhs.kind == kindPath && !isUndefined(env.value(name)) {
			code = "T1007"
		}
		return nil, newError(code, n.pos, name, nil)
	}
	return &lambda{target: fn, template: template}, nil
}

// runApply is ~>: it passes the left side as first argument to the call or function on the right; two functions
// are composed.
func runApply(e *evaluation, n *node, in any, env *frame) (any, error) {
	l, err := e.eval(n.lhs, in, env)
	if err != nil {
		return nil, err
	}
	if n.rhs.kind == kindFunction {
		args, err := e.arguments(n.rhs, append(make([]any, 0, len(n.rhs.list)+1), l), in, env)
		if err != nil {
			return nil, err
		}
		v, err := e.call(n.rhs, args, in, env)
		if err != nil {
			return nil, err
		}
		return e.decorate(n.rhs, v, in, env)
	}
	fn, err := e.eval(n.rhs, in, env)
	if err != nil {
		return nil, err
	}
	if !isFunction(fn) {
		return nil, newError("T2006", n.pos, n.text, fn)
	}
	if isFunction(l) {
		return compose(l, fn), nil
	}
	e.callEnv = env
	v, err := e.apply(fn, []any{l}, nil)
	locate(err, n.pos, n.rhs.text)
	return v, err
}

// compose is f ~> g of two functions.
func compose(f, g any) *Function {
	return &Function{arity: 1, impl: func(e *evaluation, args []any) (any, error) {
		v, err := e.apply(f, args[:min(len(args), 1)], nil)
		if err != nil {
			return nil, err
		}
		return e.apply(g, []any{collapse(v)}, nil)
	}}
}

// arity is how many arguments a function takes.
func arity(fn any) int {
	switch f := fn.(type) {
	case *lambda:
		if f.target == nil {
			return len(f.n.params)
		}
		n := 0
		for _, t := range f.template {
			if _, open := t.(hole); open {
				n++
			}
		}
		return n
	case *Function:
		return f.arity
	}
	return 1
}

// callItem calls a function for the item at index i of an array with as many of the three as it takes (n, but at
// least the item).
func (e *evaluation) callItem(fn any, n int, item any, i int, all any) (any, error) {
	args := append(make([]any, 0, 3), item)
	if n > 1 {
		args = append(args, float64(i))
	}
	if n > 2 {
		args = append(args, all)
	}
	v, err := e.apply(fn, args, nil)
	return collapse(v), err
}

// callWith calls a function that was given as an argument with as many of the arguments as it takes, but at least
// the first.
func (e *evaluation) callWith(fn any, args ...any) (any, error) {
	n := min(max(arity(fn), 1), len(args))
	v, err := e.apply(fn, args[:n:n], nil)
	return collapse(v), err
}

// locate tells an error of ours where the call stands.
func locate(err error, pos int, name string) {
	var e *Error
	if errors.As(err, &e) {
		e.locate(pos, name)
	}
}
