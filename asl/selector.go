package asl

import (
	"errors"
	"fmt"
	"strings"

	"github.com/headgate/headgate/asl/intrinsic"
	"github.com/headgate/headgate/asl/jsonpath"
	"github.com/headgate/headgate/asl/jsonvalue"
)

// selector is a JSONPath in a definition: into the state's data ($…), the context object ($$…) or a variable
// ($name…), or an intrinsic function where one may stand.
type selector struct {
	src      string
	null     bool // the JSON null
	path     *jsonpath.Path
	context  bool
	variable string
	call     *intrinsic.Call
}

// parseSelector reads any of the forms. The paths in a call are checked with it.
func parseSelector(src string) (*selector, error) {
	s := &selector{src: src}
	var err error
	switch {
	case intrinsic.IsCall(src):
		s.call, err = intrinsic.Parse(src)
		if err == nil {
			for _, p := range s.call.Paths() {
				if _, err = parseSelector(p); err != nil {
					break
				}
			}
		}
	case strings.HasPrefix(src, "$$"):
		s.context = true
		s.path, err = jsonpath.Parse(src[1:])
	case len(src) > 1 && src[0] == '$' && isNameStart(src[1]):
		end := 1
		for end < len(src) && (isNameStart(src[end]) || src[end] >= '0' && src[end] <= '9') {
			end++
		}
		s.variable = src[1:end]
		s.path, err = jsonpath.Parse("$" + src[end:])
	default:
		s.path, err = jsonpath.Parse(src)
	}
	return s, err
}

// isNameStart tells what a variable's name may begin with; every byte of a character beyond ASCII is taken as a letter.
func isNameStart(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// selectorKind says what a field may hold.
type selectorKind int

const (
	anySelector      selectorKind = iota // a path or an intrinsic function
	pathSelector                         // a path
	nullableSelector                     // a path or null
)

// selector reads a path from a field.
func (f *fields) selector(name string, kind selectorKind) *selector {
	v, ok := f.get(name)
	if !ok {
		return nil
	}
	if v == nil && kind == nullableSelector {
		return &selector{null: true}
	}
	src, ok := v.(string)
	if !ok {
		f.note(name, "Expected value of type String")
		return nil
	}
	s, err := parseSelector(src)
	if err != nil {
		f.note(name, "Value is not a valid JSONPath")
		return nil
	}
	return s
}

// inner is the path without what it starts from: $$.a and $var.a are $.a.
func (s *selector) inner() string {
	if s.path == nil {
		return s.src
	}
	return s.path.String()
}

// errNoVariable tells a variable that no state has assigned.
var errNoVariable = errors.New("the variable has not been assigned")

// get evaluates the selector on data.
func (s *selector) get(e *env, data any) (any, error) {
	// "InputPath": null is an empty object, whatever the input was.
	if s.null {
		return jsonvalue.NewObject(0), nil
	}
	if s.call != nil {
		return s.call.Eval(&intrinsic.Env{Random: e.random, Resolve: func(path string) (any, error) {
			inner, err := parseSelector(path) // cheap beside the call; Parse has checked it
			if err != nil {
				return nil, err
			}
			v, err := inner.get(e, data)
			var missing *jsonpath.NotFoundError
			if errors.As(err, &missing) {
				return nil, &missingPath{path: path, err: err}
			}
			return v, err
		}})
	}
	root := data
	switch {
	case s.context:
		root = e.contextObject()
	case s.variable != "":
		v, ok := e.variable(s.variable)
		if !ok {
			return nil, fmt.Errorf("$%s: %w", s.variable, errNoVariable)
		}
		root = v
	}
	return s.path.Get(root)
}

// missingPath is a path within a call that leads nowhere.
type missingPath struct {
	path string
	err  error
}

func (m *missingPath) Error() string { return m.err.Error() }
func (m *missingPath) Unwrap() error { return m.err }
