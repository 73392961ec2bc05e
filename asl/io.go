package asl

import (
	"errors"

	"github.com/headgate/headgate/asl/jsonpath"
	"github.com/headgate/headgate/asl/jsonvalue"
)

// resultPath says where a result goes in the state's input: nowhere (null), everywhere ($) or at a place.
type resultPath struct {
	discard bool
	path    *jsonpath.Path
}

// resultPath reads ResultPath: nil without one, which means $.
func (f *fields) resultPath() *resultPath {
	v, ok := f.get("ResultPath")
	if !ok {
		return nil
	}
	if v == nil {
		return &resultPath{discard: true}
	}
	src, _ := v.(string)
	path, err := jsonpath.Parse(src)
	if err != nil || !path.IsReference() {
		f.note("ResultPath", "Value is not a Reference Path")
		return nil
	}
	return &resultPath{path: path}
}

// input applies InputPath.
func (s *stepper) input(f *Frame, st *State, e *env) (Text, error) {
	in, err := s.selectPath(st.inputPath, f.Input, e)
	if err == nil && !st.jsonata() && st.Type != TypeParallel && (st.Pass == nil || !st.Pass.hasResult) {
		s.inspect.set("afterInputPath", in)
	}
	return in, err
}

// selectPath applies InputPath or OutputPath; a path that changes nothing keeps the text's spelling.
func (s *stepper) selectPath(sel *selector, in Text, e *env) (Text, error) {
	if sel == nil || sel.src == "$" {
		return in, nil
	}
	v, err := sel.get(e, in.Value())
	if err != nil {
		return Text{}, pathFailure(sel, err)
	}
	return jsonvalue.FromValue(v), nil
}

// pathFailure words a path of its own field that leads nowhere.
func pathFailure(sel *selector, err error) error {
	var missing *jsonpath.NotFoundError
	if errors.As(err, &missing) {
		return runtimeFailure("Invalid path '%s' : %s", sel.src, missing.Message)
	}
	return err
}

// arguments is the effective input of a state's work: Parameters on the input, or Arguments.
func (s *stepper) arguments(f *Frame, st *State, e *env) (Text, error) {
	in, err := s.input(f, st, e)
	if err != nil {
		return in, err
	}
	t, stage := st.parameters, "afterParameters"
	if st.jsonata() {
		t, stage = st.arguments, "afterArguments"
		if t == nil {
			return in, nil
		}
	}
	if t != nil {
		v, err := t.fill(e, in.Value())
		if err != nil {
			return Text{}, err
		}
		in = jsonvalue.FromValue(v)
	}
	if st.Type != TypeParallel && (st.Pass == nil || !st.Pass.hasResult) {
		s.inspect.set(stage, in)
	}
	return in, nil
}

// output makes a state's output, and what it assigns, of its result.
func (s *stepper) output(f *Frame, st *State, e *env, result any) (Text, *jsonvalue.Object, error) {
	raw, isText := result.(Text)
	if !isText {
		raw = jsonvalue.FromValue(result)
	}
	if st.jsonata() {
		return s.outputJSONata(f, st, e.withResult(raw.Value()), raw)
	}
	assigned, err := assign(st.assign, e, raw.Value())
	if err != nil {
		return Text{}, nil, err
	}
	out := raw
	if st.resultSelector != nil {
		v, err := st.resultSelector.fill(e, raw.Value())
		if err != nil {
			return Text{}, nil, err
		}
		out = jsonvalue.FromValue(v)
	}
	s.inspect.set("afterResultSelector", out)
	out, err = place(st.resultPath, f.Input, out)
	if err != nil {
		return Text{}, nil, err
	}
	s.inspect.set("afterResultPath", out)
	out, err = s.selectPath(st.outputPath, out, e)
	return out, assigned, err
}

// outputJSONata is output in a JSONata state, which has Output in the place of all paths.
func (s *stepper) outputJSONata(f *Frame, st *State, e *env, raw Text) (Text, *jsonvalue.Object, error) {
	out := raw
	if st.output != nil {
		v, err := st.output.fill(e, nil)
		if err != nil {
			return Text{}, nil, err
		}
		out = jsonvalue.FromValue(v)
	}
	assigned, err := assign(st.assign, e, nil)
	return out, assigned, err
}

// assign computes the variables of an Assign field; nil without one. All are computed from the old values.
func assign(t *template, e *env, data any) (*jsonvalue.Object, error) {
	if t == nil {
		return nil, nil
	}
	v, err := t.fill(e, data)
	if err != nil {
		return nil, err
	}
	o, _ := v.(*jsonvalue.Object)
	return o, nil
}

// place puts a result into the state's input.
func place(to *resultPath, input, result Text) (Text, error) {
	switch {
	case to == nil || !to.discard && to.path.IsRoot():
		return result, nil
	case to.discard:
		return input, nil
	}
	v, err := to.path.Set(input.Value(), result.Value())
	if err != nil {
		return Text{}, &Failure{Code: ErrResultPath, Cause: "Unable to apply step \"" + to.path.String() + "\" to input " + input.String()}
	}
	return jsonvalue.FromValue(v), nil
}
