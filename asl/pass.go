package asl

import "github.com/headgate/headgate/asl/jsonvalue"

// Pass is a Pass state: its result is Result, or what Parameters make of the input.
type Pass struct {
	hasResult bool
	result    any
}

// pass reads Result, which may be any value and null too: whether it stands is what counts. JSONata has Output instead.
func (p *parser) pass(s *State, f *fields) {
	s.Pass = &Pass{}
	if !f.jsonata {
		s.Pass.result, s.Pass.hasResult = f.get("Result")
		s.parameters = f.template("Parameters")
	}
	p.flow(s, f, flowFields{paths: true})
	p.transition(s, f)
}

// runPass lets Result replace what Parameters made; both then go through ResultPath and OutputPath like a task's result.
func (s *stepper) runPass(f *Frame, st *State) error {
	e := s.env(f, st)
	in, err := s.arguments(f, st, e)
	if err != nil {
		return err
	}
	if st.Pass.hasResult {
		in = jsonvalue.FromValue(st.Pass.result)
		s.inspect.set("result", in)
	}
	if st.jsonata() {
		s.passOutput(f, st, e, in)
		return nil
	}
	s.complete(f, st, e, in)
	return nil
}

// passOutput ends a JSONata state without a result: $states.result is not there.
func (s *stepper) passOutput(f *Frame, st *State, e *env, in Text) {
	output, assigned, err := s.plainOutput(st, e, in)
	if err != nil {
		s.fail(f, asFailure(err))
		return
	}
	s.leave(f, st, st.Next, output, assigned)
}

// plainOutput makes the output of a state that has no result: Output or OutputPath on the input, and Assign.
func (s *stepper) plainOutput(st *State, e *env, in Text) (Text, *jsonvalue.Object, error) {
	if st.jsonata() {
		out := in
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
	// Assign sees the input too: what one state assigns, another reads.
	assigned, err := assign(st.assign, e, in.Value())
	if err != nil {
		return Text{}, nil, err
	}
	out, err := s.selectPath(st.outputPath, in, e)
	return out, assigned, err
}
