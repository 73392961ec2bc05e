package asl

func (p *parser) succeed(s *State, f *fields) {
	p.flow(s, f, flowFields{paths: true})
	if s.assign != nil {
		f.note("Assign", "Field is not supported")
	}
}

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
