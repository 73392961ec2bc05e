package jsonata

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	defaultDepth    = 20_000     // nested evaluations; some 50 recursions of a stack frame each below Go's own limit
	defaultMaxRange = 10_000_000 // items, as the language sets it
)

// Expression is a compiled expression. It never changes, and any number of goroutines may evaluate it at once.
type Expression struct {
	src  string
	root *node
}

// Compile parses an expression. A failure is an *Error with an S… code.
func Compile(expr string) (*Expression, error) {
	n, err := parse(expr)
	if err == nil {
		n, err = process(n)
	}
	if err != nil {
		return nil, charPosition(err, expr)
	}
	return &Expression{src: expr, root: n}, nil
}

// MustCompile is Compile for expressions that are known to be right; it panics if one is not.
func MustCompile(expr string) *Expression {
	x, err := Compile(expr)
	if err != nil {
		panic(err)
	}
	return x
}

// String returns the source.
func (x *Expression) String() string { return x.src }

type settings struct {
	bindings map[string]any
	maxDepth int
	timeout  time.Duration
	maxRange int
	now      func() time.Time
	rand     *rand.Rand
}

// Option changes how Eval runs.
type Option func(*settings)

// WithBindings defines variables: the key "states" is $states in the expression. A *Function is callable.
// The option may be given more than once; later values win. A library function can be hidden by binding its name.
func WithBindings(vars map[string]any) Option {
	return func(s *settings) {
		for name, v := range vars {
			s.bind(name, v)
		}
	}
}

// WithFunction binds a function made by NewFunction to a name.
func WithFunction(name string, fn *Function) Option {
	return func(s *settings) { s.bind(name, fn) }
}

func (s *settings) bind(name string, v any) {
	if s.bindings == nil {
		s.bindings = map[string]any{}
	}
	s.bindings[name] = v
}

// WithMaxDepth bounds how deep the evaluation may nest (20,000 unless set): beyond it Eval fails with U1001.
// Tail calls do not nest.
func WithMaxDepth(n int) Option { return func(s *settings) { s.maxDepth = n } }

// WithTimeLimit bounds the evaluation's duration: beyond it Eval fails with U1001.
func WithTimeLimit(d time.Duration) Option { return func(s *settings) { s.timeout = d } }

// WithMaxRange bounds how many items a range such as [1..n], or an array that the expression builds in other ways,
// may have (10,000,000 unless set): beyond it Eval fails with D2014 or D2015.
func WithMaxRange(n int) Option { return func(s *settings) { s.maxRange = n } }

// WithClock sets the clock behind $now and $millis, which is read once for each evaluation.
func WithClock(now func() time.Time) Option { return func(s *settings) { s.now = now } }

// WithRandom sets the source behind $random and $shuffle. It must not be shared between concurrent evaluations.
func WithRandom(r *rand.Rand) Option { return func(s *settings) { s.rand = r } }

// Eval evaluates the expression on input, which is what encoding/json or Decode makes (other values are converted).
// The result is Undefined{} if the expression selects nothing and nil if it is null; objects that the expression
// builds are *Object, arrays []any, numbers float64. The result may share parts with input: neither may be changed
// while the other is in use. A failure of the expression is an *Error; a cancelled ctx gives an error that wraps
// the context's.
func (x *Expression) Eval(ctx context.Context, input any, options ...Option) (result any, err error) {
	defer stopRunaway(&err)
	s := settings{maxDepth: defaultDepth, maxRange: defaultMaxRange}
	for _, o := range options {
		o(&s)
	}
	e, env, err := start(ctx, input, &s)
	if err != nil {
		return nil, err
	}
	v, err := e.eval(x.root, e.root, env)
	if err != nil {
		return nil, charPosition(err, x.src)
	}
	switch r := v.(type) {
	case *tupleStream:
		v = collapse(r.values())
	case *thunk:
		v = Undefined{}
	}
	if l, ok := v.(*list); ok && l.outer {
		v = l.items[0]
	}
	return e.export(v, 0)
}

func start(ctx context.Context, input any, s *settings) (*evaluation, *frame, error) {
	e := &evaluation{ctx: ctx, maxDepth: s.maxDepth, maxRange: float64(s.maxRange), rand: s.rand}
	var err error
	if e.root, err = importValue(input); err != nil {
		return nil, nil, err
	}
	e.root = wrapInput(e.root)
	if s.now != nil {
		e.now = s.now()
	} else {
		e.now = time.Now()
	}
	if s.timeout > 0 {
		e.deadline = time.Now().Add(s.timeout)
	}
	env := &frame{}
	e.callEnv = env
	if len(s.bindings) > 0 {
		env.table = make(map[string]any, len(s.bindings))
		for name, v := range s.bindings {
			if env.table[name], err = importValue(v); err != nil {
				return nil, nil, err
			}
		}
	}
	return e, env, nil
}

// wrapInput makes an array input one item, so that the expression is evaluated for it as a whole.
func wrapInput(v any) any {
	if _, ok := asItems(v); ok && !isSeq(v) {
		return &list{items: []any{v}, seq: true, outer: true}
	}
	return v
}

// charPosition turns an error's offset in bytes into one in UTF-16 units, which is how JavaScript counts.
func charPosition(err error, src string) error {
	var e *Error
	if errors.As(err, &e) && e.Position > 0 && !ascii(src) {
		e.Position = unitCount(src[:min(e.Position, len(src))])
	}
	return err
}
