package asl

import (
	"github.com/headgate/headgate/asl/jsonvalue"
)

// childEnded counts a branch or iteration that succeeded; the last one completes the state.
func (s *stepper) childEnded(parent, child *Frame) {
	g := parent.Group
	g.Done++ // no change of the parent: see Outcome
	s.touch(child)
	st := s.state(parent)
	last := child.Previous
	if st.Map != nil {
		last = s.history(child.Previous, HistoryEvent{Type: "MapIterationSucceeded", Name: st.Name, Index: ptr(child.Index)})
		if g.Next < g.Length {
			s.startIteration(parent, st, child.Previous)
			return
		}
	}
	if g.Done < g.Length {
		return
	}
	parent.Previous = last
	s.groupEnded(parent, st)
}

// groupEnded completes a Parallel or inline Map state with its children's outputs.
func (s *stepper) groupEnded(parent *Frame, st *State) {
	g := parent.Group
	outputs := make([]any, g.Length)
	for i, id := range g.Children {
		child := s.x.Frames[id]
		outputs[i] = child.Output.Value()
		s.remove(child)
	}
	s.history(parent.Previous, HistoryEvent{Type: st.Type + "StateSucceeded"}) // nothing follows it, as on AWS
	parent.Group, parent.Phase = nil, PhaseReady
	result := jsonvalue.FromValue(outputs)
	if len(result.String()) > s.x.payloadLimit() {
		s.fail(parent, dataLimit(st.Name))
		return
	}
	s.complete(parent, st, s.env(parent, st), result)
}

// childFailed fails the state around a branch or iteration; the others are abandoned.
func (s *stepper) childFailed(parent, child *Frame, failure *Failure) {
	st := s.state(parent)
	if st.Map != nil {
		s.history(child.Previous, HistoryEvent{Type: "MapIterationFailed", Name: st.Name, Index: ptr(child.Index)})
	}
	parent.Previous = child.Previous
	// AWS counts a branch's failed state as aborted, too, but not one of a Map state.
	if failed := s.state(child); st.Parallel != nil && failed.Type != TypeFail {
		s.history(child.Previous, HistoryEvent{Type: failed.Type + "StateAborted"})
	}
	child.Phase = PhaseFailed
	for _, id := range parent.Group.Children {
		s.abort(s.x.Frames[id], st)
	}
	parent.Phase = PhaseFailed // with its group: see redrive
	s.touch(parent)
	s.fail(parent, failure)
}

// abort gives up a frame with all below it, and notes those that were running. What has succeeded stays as it is.
func (s *stepper) abort(f *Frame, around *State) {
	if f == nil {
		return
	}
	if f.Group != nil {
		st := s.state(f)
		for _, id := range f.Group.Children {
			s.abort(s.x.Frames[id], st)
		}
	}
	if f.Phase != PhaseDone && f.Phase != PhaseFailed {
		st := s.state(f)
		if f.Entered > 0 {
			s.note(f, HistoryEvent{Type: st.Type + "StateAborted"})
		}
		if around.Map != nil {
			s.note(f, HistoryEvent{Type: "MapIterationAborted", Name: around.Name, Index: ptr(f.Index)})
		}
		s.abandon(f)
		f.Phase = PhaseFailed
	}
}

// discard removes the frames of a group whose failure was retried or caught: nobody will go on with them.
func (s *stepper) discard(f *Frame, g *Group) {
	if g == nil {
		return
	}
	if f.Group == g {
		f.Group = nil
	}
	for _, id := range g.Children {
		if child := s.x.Frames[id]; child != nil {
			s.discard(child, child.Group)
			s.remove(child)
		}
	}
}
