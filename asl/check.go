package asl

import "slices"

// checkScope finds transitions that lead nowhere and states that nothing leads to.
func (p *parser) checkScope(f *fields, sc *Scope) {
	states := f.path("States")
	// Step Functions speaks of 'Next' here too, though the field is StartAt.
	if sc.StartAt != "" && sc.States[sc.StartAt] == nil {
		p.noteCode(CodeTarget, f.path("StartAt"), "Missing 'Next' target: %s", sc.StartAt)
	}
	for _, name := range sc.names {
		for _, t := range sc.States[name].targets() {
			if t.name != "" && sc.States[t.name] == nil {
				p.noteCode(CodeTarget, states+"/"+name+t.at, "Missing 'Next' target: %s", t.name)
			}
		}
	}
	reached := sc.reachable()
	if sc.States[sc.StartAt] == nil {
		return // everything would be out of reach; the start is what is wrong
	}
	for _, name := range sc.names {
		if !reached[name] {
			p.noteCode(CodeTarget, states+"/"+name, "State \"%s\" is not reachable.", name)
		}
	}
	if !slices.ContainsFunc(sc.names, func(n string) bool { return reached[n] && sc.States[n].endsScope() }) {
		p.note(states, "There is no way to end: a state with \"End\": true, or a Succeed or Fail state is required")
	}
}

// target is a transition: the state that it leads to, and where in its own state it stands.
type target struct{ name, at string }

// targets lists where a state may go, with the place of each name below the state.
func (s *State) targets() []target {
	out := []target{{s.Next, "/Next"}}
	for i, c := range s.catch {
		out = append(out, target{c.next, "/Catch[" + itoa(i) + "]/Next"})
	}
	if s.Choice != nil {
		for i, r := range s.Choice.rules {
			out = append(out, target{r.next, "/Choices[" + itoa(i) + "]/Next"})
		}
		out = append(out, target{s.Choice.Default, "/Default"})
	}
	return out
}

// endsScope tells whether a run of the scope can be over with this state.
func (s *State) endsScope() bool { return s.terminal() }

// reachable finds the states that some path from the start leads to, whether or not data can ever take it: a Choice
// state leads to all of its rules' states.
func (sc *Scope) reachable() map[string]bool {
	reached := map[string]bool{}
	queue := []string{sc.StartAt}
	// Breadth first; cycles are allowed, so what was reached is not followed again.
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		s := sc.States[name]
		if s == nil || reached[name] {
			continue
		}
		reached[name] = true
		for _, t := range s.targets() {
			queue = append(queue, t.name)
		}
	}
	return reached
}
