package asl

import (
	"errors"

	"github.com/headgate/headgate/asl/jsonpath"
)

// Fail is a Fail state: it ends its scope with an error.
type Fail struct {
	code, cause textField
}

// textField is a text in a definition: a literal, a path or intrinsic function (Field + Path), or an expression.
type textField struct {
	literal string
	path    *selector
	expr    *expression
	field   string
}

// textField reads Error or Cause, or ErrorPath or CausePath, which JSONata does not have.
func (f *fields) textField(name string) textField {
	t := textField{field: name}
	if !f.jsonata && f.has(name+"Path") {
		f.exclusive(name, name+"Path")
		t.path, t.field = f.selector(name+"Path", anySelector), name+"Path"
		return t
	}
	t.literal = f.text(name)
	if f.jsonata && isExpression(t.literal) {
		t.expr = f.p.expression(t.literal, f.path(name), name)
	}
	return t
}

// text evaluates the field. A path that leads nowhere is named as the definition has it, and so is one within a call.
func (t textField) text(e *env, input Text) (string, error) {
	var v any
	var err error
	switch {
	case t.expr != nil:
		if v, err = t.expr.eval(e); err != nil {
			return "", err
		}
		if s, ok := v.(string); ok {
			return s, nil
		}
		return "", t.expr.typeFailure("string", v)
	case t.path == nil:
		return t.literal, nil
	}
	v, err = t.path.get(e, input.Value())
	// Only a path that leads nowhere has AWS's words; a path of another kind of trouble keeps its own.
	var missing *jsonpath.NotFoundError
	if errors.As(err, &missing) {
		src := t.path.src
		var inner *missingPath
		if errors.As(err, &inner) {
			src = inner.path
		}
		return "", runtimeFailure("The JSONPath '%s' specified for the field '%s' could not be found in the input '%s'", src, t.field, input.String())
	}
	if err != nil {
		return "", err
	}
	s, ok := v.(string)
	if !ok {
		return "", runtimeFailure("The %s field refers to value \"%s\" which is not a valid string: %s", t.field, show(v), t.path.src)
	}
	return s, nil
}

// failState reads a Fail state; it has neither paths nor Next, so there is nothing more to read.
func (p *parser) failState(s *State, f *fields) {
	s.Fail = &Fail{code: f.textField("Error"), cause: f.textField("Cause")}
}

// runFail ends the frame at once: a Fail state's own error can be neither retried nor caught by itself.
func (s *stepper) runFail(f *Frame, st *State) error {
	e := s.env(f, st)
	// Recorded: TestState shows an afterInputPath although the state has no InputPath.
	if !st.jsonata() {
		s.inspect.set("afterInputPath", f.Input)
	}
	code, err := st.Fail.code.text(e, f.Input)
	if err != nil {
		return err
	}
	cause, err := st.Fail.cause.text(e, f.Input)
	if err != nil {
		return err
	}
	s.frameFailed(f, &Failure{Code: code, Cause: cause, placed: true})
	return nil
}
