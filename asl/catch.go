package asl

import "github.com/headgate/headgate/asl/jsonvalue"

// catcher is one entry of Catch.
type catcher struct {
	errors     []string
	next       string
	resultPath *resultPath
	output     *template
	assign     *template
}

// catchers reads Catch, whose first matching entry decides.
func (f *fields) catchers() []catcher {
	var out []catcher
	list := f.list("Catch")
	for i, v := range list {
		c := f.p.fields(v, f.path("Catch["+itoa(i)+"]"), f.jsonata)
		c.require("ErrorEquals", "Next")
		entry := catcher{errors: c.errorNames(i == len(list)-1), next: c.stateName("Next"), assign: c.assign()}
		if f.jsonata {
			entry.output = c.template("Output")
			entry.output.prefix("Catch[" + itoa(i) + "]/")
		} else {
			entry.resultPath = c.resultPath()
		}
		c.unknown()
		out = append(out, entry)
	}
	return out
}

// errorOutput is what a catcher gets of a failure.
func errorOutput(failure *Failure) *jsonvalue.Object {
	return jsonvalue.Of("Error", failure.Code, "Cause", failure.Cause)
}

// caught lets a matching catcher take over: the state exits with the error as its result.
func (s *stepper) caught(f *Frame, st *State, failure *Failure) bool {
	for i, c := range st.catch {
		if !matches(c.errors, failure, st.Type == TypeTask) {
			continue
		}
		s.inspect.caught(i)
		// A catcher that fails itself is not caught again, by this state at least.
		output, assigned, err := s.catch(f, st, c, failure)
		if err != nil {
			broken := asFailure(err).located(st.Name, f.Entered)
			if broken.evaluation {
				s.noteEvaluation(f, st, broken)
				broken.evaluation = false
			}
			s.frameFailed(f, broken)
			return true
		}
		s.leave(f, st, c.next, output, assigned)
		return true
	}
	return false
}

// catch makes a catcher's output: the error where ResultPath wants it, or what Output says. Variables are assigned with
// either.
func (s *stepper) catch(f *Frame, st *State, c catcher, failure *Failure) (Text, *jsonvalue.Object, error) {
	e := s.env(f, st)
	data := errorOutput(failure)
	e.failure = data
	assigned, err := assign(c.assign, e, data)
	if err != nil {
		return Text{}, nil, err
	}
	result := jsonvalue.FromValue(data)
	if st.jsonata() {
		if c.output == nil {
			return result, assigned, nil
		}
		v, err := c.output.fill(e, nil)
		return jsonvalue.FromValue(v), assigned, err
	}
	out, err := place(c.resultPath, f.Input, result)
	return out, assigned, err
}

// prefix puts a place before the field names of the expressions below, for error messages.
func (t *template) prefix(place string) {
	if t == nil {
		return
	}
	if t.expr != nil {
		t.expr.field = place + t.expr.field
	}
	for _, item := range t.items {
		item.prefix(place)
	}
	for _, m := range t.members {
		m.value.prefix(place)
	}
}
