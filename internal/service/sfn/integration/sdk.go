package integration

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/headgate/headgate/internal/wire/constraints"
)

// service is a value whose methods are SDK operations.
type service struct {
	name       string // as in aws-sdk:NAME:operation
	api        api
	value      any
	operations map[string]*operation // by action: listStateMachines
}

// operation is one of them.
type operation struct {
	service *service
	name    string // ListStateMachines
	method  reflect.Value
	in      reflect.Type // struct
	noOpts  reflect.Value
	rules   *constraints.Rules
}

var (
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
)

// newService finds the operations of v: the methods with the signature of an SDK client's.
func newService(name string, v any) *service {
	s := &service{name: name, api: apis[name], value: v, operations: map[string]*operation{}}
	if s.api.sdk == "" {
		s.api = api{sdk: strings.ToUpper(name[:1]) + name[1:], facts: name, attempts: true}
	}
	facts := constraints.For(s.api.facts)
	s.api.statuses = facts.Statuses
	value := reflect.ValueOf(v)
	for i := range value.NumMethod() {
		m, op := value.Method(i), value.Type().Method(i).Name
		if !isOperation(op, m.Type()) {
			continue
		}
		in := m.Type().In(1).Elem()
		s.operations[actionName(op)] = &operation{service: s, name: op, method: m, in: in,
			noOpts: reflect.MakeSlice(m.Type().In(2), 0, 0), rules: facts.Rules(op, in)}
	}
	return s
}

func isOperation(name string, t reflect.Type) bool {
	pointerTo := func(t reflect.Type, struc string) bool {
		return t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct && t.Elem().Name() == struc
	}
	return t.IsVariadic() && t.NumIn() == 3 && t.In(0) == contextType && pointerTo(t.In(1), name+"Input") &&
		t.NumOut() == 2 && pointerTo(t.Out(0), name+"Output") && t.Out(1) == errorType
}

// errPanic is a mistake in a service, which trying again does not mend.
var errPanic = errors.New("the service panicked")

// call runs the operation. A panic of the handler is an error like any other: an execution must not stop the platform.
func (o *operation) call(ctx context.Context, in reflect.Value) (out any, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, fmt.Errorf("%w: %s:%s: %v\n%s", errPanic, o.service.name, o.name, p, debug.Stack())
		}
	}()
	ret := o.method.CallSlice([]reflect.Value{reflect.ValueOf(ctx), in, o.noOpts})
	if err, _ := ret[1].Interface().(error); err != nil {
		return nil, err
	}
	return ret[0].Interface(), nil
}

// nearest lists the names that look most like the one asked for, the best first.
func nearest(wanted string, names []string, n int) []string {
	wanted = strings.ToLower(wanted)
	distances := map[string]int{}
	for _, name := range names {
		distances[name] = distance(wanted, strings.ToLower(name))
	}
	names = slices.Clone(names)
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(distances[a]-distances[b], strings.Compare(a, b)) })
	return names[:min(n, len(names))]
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			up := row[j+1]
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, up+1, row[j]+1)
			diagonal = up
		}
	}
	return row[len(b)]
}
