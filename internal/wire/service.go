package wire

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"

	"github.com/headgate/headgate/internal/wire/constraints"
)

// Service serves one AWS service's operations. It is safe for concurrent use.
type Service struct {
	cfg    Config
	log    *slog.Logger
	ops    map[string]*operation
	router router
	shapes shapes
	facts  func() *constraints.Facts
	pool   sync.Pool // *[]byte, response bodies
}

// operation is one operation that AWS has. Without a handler it is unsupported.
type operation struct {
	name    string
	handler reflect.Value // invalid if the service lacks the operation
	in      reflect.Type  // the input struct
	noOpts  reflect.Value // an empty ...func(*Options)
	status  int           // of a success, restJson1

	input  func() *shape
	output func() *shape
	rules  func() *constraints.Rules
}

var (
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
)

// New finds the operations of svc: every exported method with the signature of a method of the
// SDK client. Other methods are none of its business, so one value may serve several services.
//
// It fails on a method that has the inputs of this service but is no operation of it, and on an
// operation of a RestJSON service without an HTTP binding.
func New(cfg Config, svc any) (*Service, error) {
	if cfg.MaxBody == 0 {
		cfg.MaxBody = DefaultMaxBody
	}
	s := &Service{cfg: cfg, log: cfg.Log, ops: map[string]*operation{}}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.shapes = shapes{structs: map[structKey]*structure{}, unions: cfg.Unions, names: cfg.Names}
	s.pool.New = func() any { b := make([]byte, 0, 1024); return &b }
	s.facts = sync.OnceValue(func() *constraints.Facts { return constraints.For(cfg.Name) })
	known := reflect.New(cfg.Client.Elem())
	for i := range known.NumMethod() {
		if m := known.Method(i); isOperation(m.Type()) {
			name := cfg.Client.Method(i).Name
			s.ops[name] = s.compile(name, m.Type())
		}
	}
	if err := s.discover(reflect.ValueOf(svc)); err != nil {
		return nil, err
	}
	return s, s.route()
}

// discover takes the handlers from svc's methods.
func (s *Service) discover(svc reflect.Value) error {
	found := 0
	for i := range svc.NumMethod() {
		m, name := svc.Method(i), svc.Type().Method(i).Name
		if !isOperation(m.Type()) || m.Type().In(1).Elem().PkgPath() != s.cfg.Client.Elem().PkgPath() {
			continue
		}
		op := s.ops[name]
		if op == nil || op.in != m.Type().In(1).Elem() {
			return fmt.Errorf("wire: %s.%s takes a %s, but %s has no such operation", svc.Type(), name, m.Type().In(1), s.cfg.Name)
		}
		op.handler = m
		found++
	}
	if found == 0 {
		return fmt.Errorf("wire: %s has no operation of %s", svc.Type(), s.cfg.Name)
	}
	return nil
}

// isOperation tells func(context.Context, *Input, ...func(*Options)) (*Output, error).
func isOperation(t reflect.Type) bool {
	return t.NumIn() == 3 && t.NumOut() == 2 && t.IsVariadic() &&
		t.In(0) == contextType && isStructPointer(t.In(1)) && strings.HasSuffix(t.In(1).Elem().Name(), "Input") &&
		t.In(2).Elem().Kind() == reflect.Func && isStructPointer(t.Out(0)) && t.Out(1) == errorType
}

func isStructPointer(t reflect.Type) bool {
	return t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct
}

// compile prepares an operation; its types are compiled when it is first called.
func (s *Service) compile(name string, t reflect.Type) *operation {
	in, out := t.In(1).Elem(), t.Out(0).Elem()
	return &operation{
		name:   name,
		in:     in,
		noOpts: reflect.Zero(t.In(2)),
		status: http.StatusOK,
		input:  sync.OnceValue(func() *shape { return s.shapes.of(in) }),
		output: sync.OnceValue(func() *shape { return s.shapes.of(out) }),
		rules: sync.OnceValue(func() *constraints.Rules {
			if s.cfg.ValidationCode == "" {
				return nil
			}
			return s.facts().Rules(name, in)
		}),
	}
}

// route enters the HTTP bindings of a REST service, of operations it lacks as well: they answer
// by name.
func (s *Service) route() error {
	if s.cfg.Protocols&RestJSON == 0 {
		return nil
	}
	for name, op := range s.ops {
		x, ok := smithy.SchemaTrait[*traits.HTTP](s.cfg.Operations[name])
		if !ok {
			if op.handler.IsValid() {
				return fmt.Errorf("wire: %s:%s has no HTTP binding", s.cfg.Name, name)
			}
			continue
		}
		op.status = x.Code
		s.router.add(x.Method, x.URI, op)
	}
	return nil
}

// Config returns what the service was made from.
func (s *Service) Config() Config { return s.cfg }

// Operations lists, in order, the operations that have a handler.
func (s *Service) Operations() []string {
	var out []string
	for name, op := range s.ops {
		if op.handler.IsValid() {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// HasRoute reports whether r is a REST request for an operation of this service.
func (s *Service) HasRoute(r *http.Request) bool {
	op, _ := s.router.find(r)
	return op != nil
}

// ServeHTTP answers one request; see Call.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.Call(r).ServeHTTP(w, r) }
