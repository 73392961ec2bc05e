package asl

// Parallel is a Parallel state.
type Parallel struct{ Branches []Scope }

// parallel reads the branches. Each begins anew with the state machine's query language, whatever the state's own is.
func (p *parser) parallel(s *State, f *fields) {
	f.require("Branches")
	list := f.list("Branches")
	if f.has("Branches") && len(list) == 0 {
		f.note("Branches", "Array must have at least 1 element")
	}
	s.Parallel = &Parallel{Branches: make([]Scope, len(list))}
	// Branches have no name: locations and frames know them by their index.
	for i, v := range list {
		b := p.fields(v, f.path("Branches["+itoa(i)+"]"), false)
		p.scope(b, &s.Parallel.Branches[i], p.root)
		b.unknown()
	}
	p.flow(s, f, flowFields{paths: true, work: true, result: true, retry: true})
	p.transition(s, f)
}

// runParallel starts all branches with the same input; nothing limits how many run at once.
func (s *stepper) runParallel(f *Frame, st *State) error {
	in, err := s.arguments(f, st, s.env(f, st))
	if err != nil {
		return err
	}
	started := s.note(f, HistoryEvent{Type: "ParallelStateStarted"})
	f.Phase = PhaseChildren
	f.Group = &Group{Length: len(st.Parallel.Branches), Next: len(st.Parallel.Branches)}
	for i := range st.Parallel.Branches {
		child := s.spawn(&Frame{Parent: f.ID, Index: i, State: st.Parallel.Branches[i].StartAt, Input: in, Previous: started})
		f.Group.Children = append(f.Group.Children, child.ID)
	}
	return nil
}
