package asl

import (
	"errors"
	"time"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// enter begins the frame's state.
func (s *stepper) enter(f *Frame) {
	st := s.state(f)
	if s.overLimit(f) {
		return
	}
	f.EnteredAt, f.RetryCount, f.Retries = s.now, 0, nil
	f.Before = f.Previous
	f.Entered = s.note(f, HistoryEvent{Type: st.Type + "StateEntered", Name: st.Name, Input: ptr(f.Input.String())})
	s.execute(f)
}

// execute does the state's work: at its entry, and again at each retry.
func (s *stepper) execute(f *Frame) {
	st := s.state(f)
	s.touch(f)
	f.Phase = PhaseReady
	var err error
	switch st.Type {
	case TypePass:
		err = s.runPass(f, st)
	case TypeTask:
		err = s.runTask(f, st)
	case TypeChoice:
		err = s.runChoice(f, st)
	case TypeWait:
		err = s.runWait(f, st)
	case TypeSucceed:
		err = s.runSucceed(f, st)
	case TypeFail:
		err = s.runFail(f, st)
	case TypeParallel:
		err = s.runParallel(f, st)
	case TypeMap:
		err = s.runMap(f, st)
	}
	if err != nil {
		s.fail(f, asFailure(err))
	}
}

func asFailure(err error) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	return runtimeFailure("%s", err)
}

// overLimit ends the execution before its history grows beyond the limit.
func (s *stepper) overLimit(f *Frame) bool {
	limit := s.x.EventLimit
	if limit == 0 {
		limit = defaultEventLimit
	}
	if limit < 0 || s.x.LastEvent < limit-2 {
		return false
	}
	s.end(Failed, ErrRuntime, "The execution reached the maximum number of history events ("+itoa(int(limit))+").", f.Previous)
	return true
}

// complete ends a state's work with its result: output processing, then the transition.
func (s *stepper) complete(f *Frame, st *State, e *env, result any) {
	output, assigned, err := s.output(f, st, e, result)
	if err != nil {
		s.fail(f, asFailure(err))
		return
	}
	s.leave(f, st, st.Next, output, assigned)
}

// leave exits a state and goes to the next, or ends the frame.
func (s *stepper) leave(f *Frame, st *State, next string, output Text, assigned *jsonvalue.Object) {
	if len(output.String()) > s.x.payloadLimit() {
		s.fail(f, dataLimit(st.Name))
		return
	}
	ev := HistoryEvent{Type: st.Type + "StateExited", Name: st.Name, Output: ptr(output.String())}
	if assigned != nil && assigned.Len() > 0 {
		ev.AssignedVariables = map[string]string{}
		if f.Variables == nil {
			f.Variables = map[string]Text{}
		}
		for name, v := range assigned.All() {
			value := jsonvalue.FromValue(v)
			ev.AssignedVariables[name] = value.String()
			f.Variables[name] = value
		}
	}
	s.note(f, ev)
	s.settle(f)
	if next == "" {
		s.frameEnded(f, output)
		return
	}
	f.State, f.Input, f.Phase, f.Entered = next, output, PhaseReady, 0
	s.queue = append(s.queue, f)
}

// settle forgets what belonged to the state that was left.
func (s *stepper) settle(f *Frame) {
	f.Task, f.Group, f.MapRun, f.WakeAt = nil, nil, "", time.Time{}
}

// frameEnded ends the execution with the main flow, or tells the Parallel or Map state around the frame.
func (s *stepper) frameEnded(f *Frame, output Text) {
	if f.Parent != 0 {
		f.Output, f.Input, f.Phase = output, Text{}, PhaseDone
		s.childEnded(s.x.Frames[f.Parent], f)
		return
	}
	s.history(f.Previous, HistoryEvent{Type: "ExecutionSucceeded", Output: ptr(output.String())})
	s.x.Status, s.x.Output, s.x.StoppedAt = Succeeded, output, s.now
	s.remove(f)
}

// fail is a state's failure: noted if an expression failed, then retried, caught, or passed on.
func (s *stepper) fail(f *Frame, failure *Failure) {
	st := s.state(f)
	if s.inspect != nil { // TestState's causes do not name the state
		s.inspect.failure = failure
		failure.placed = true
	}
	failure = failure.located(st.Name, f.Entered)
	if failure.evaluation {
		s.noteEvaluation(f, st, failure)
		failure.evaluation = false
	}
	if !failure.fatal() {
		g := f.Group
		if s.retried(f, st, failure) {
			s.discard(f, g)
			return
		}
		s.noteGroupFailed(f, st)
		if s.caught(f, st, failure) {
			s.discard(f, g)
			return
		}
	}
	s.frameFailed(f, failure)
}

// noteEvaluation appends EvaluationFailed. A failure at a state's entry follows what came before the entry,
// as AWS records it, but for Wait.
func (s *stepper) noteEvaluation(f *Frame, st *State, failure *Failure) {
	ev := HistoryEvent{Type: "EvaluationFailed", Error: failure.Code, Cause: failure.Cause, State: st.Name, Location: failure.Location}
	if f.Previous == f.Entered && st.Type != TypeWait {
		f.Previous = s.history(f.Before, ev)
		return
	}
	s.note(f, ev)
}

func (s *stepper) noteGroupFailed(f *Frame, st *State) {
	if st.Type == TypeMap || st.Type == TypeParallel {
		s.note(f, HistoryEvent{Type: st.Type + "StateFailed"})
	}
}

// frameFailed ends the execution, or fails the state around the frame. A fatal failure ends all.
func (s *stepper) frameFailed(f *Frame, failure *Failure) {
	if f.Parent == 0 || failure.fatal() {
		f.Phase = PhaseFailed
		s.end(Failed, failure.Code, failure.Cause, f.Previous)
		return
	}
	s.childFailed(s.x.Frames[f.Parent], f, failure)
}

// end stops the execution short of success. The frames stay, for a redrive.
func (s *stepper) end(status Status, code, cause string, previous int64) {
	types := map[Status]string{Failed: "ExecutionFailed", TimedOut: "ExecutionTimedOut", Aborted: "ExecutionAborted"}
	s.history(previous, HistoryEvent{Type: types[status], Error: code, Cause: cause})
	s.x.Status, s.x.Error, s.x.Cause, s.x.StoppedAt = status, code, cause, s.now
	for _, f := range s.x.sortedFrames() {
		s.abandon(f)
	}
}

// abandon cancels what a frame waits for, and marks it as a place where a redrive goes on.
func (s *stepper) abandon(f *Frame) {
	if f.Phase == PhaseDone {
		return
	}
	s.touch(f)
	if f.Task != nil && f.Phase == PhaseTask {
		s.command(CancelTask{TaskID: f.Task.ID, Resource: s.state(f).Task.Resource})
	}
	if f.MapRun != "" && f.Phase == PhaseMapRun {
		s.command(StopMapRun{MapRunARN: f.MapRun})
	}
	f.WakeAt = time.Time{}
	if f.Phase != PhaseChildren {
		f.Phase, f.Task = PhaseFailed, nil
	}
}
