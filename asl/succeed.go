package asl

// succeed reads a Succeed state, which ends its scope and so assigns nothing that anyone could read.
func (p *parser) succeed(s *State, f *fields) {
	p.flow(s, f, flowFields{paths: true})
	if s.assign != nil {
		f.note("Assign", "Field is not supported")
	}
}

// runSucceed leaves to nowhere: the frame is done, and its parent or the execution goes on with the output.
func (s *stepper) runSucceed(f *Frame, st *State) error {
	e := s.env(f, st)
	in, err := s.input(f, st, e)
	if err != nil {
		return err
	}
	output, assigned, err := s.plainOutput(st, e, in)
	if err != nil {
		return err
	}
	s.leave(f, st, "", output, assigned)
	return nil
}
