package asl

import "time"

// PendingRedrive is the status of a map run's child that waits for being redriven. Executions never have it.
const PendingRedrive Status = "PENDING_REDRIVE"

// Limits of redriving, as AWS sets them.
const (
	maxMapRunRedrives = 1000
	redrivablePeriod  = 14 * 24 * time.Hour // after the end
)

// redrive goes on where the execution stopped, with fresh retries: in the states that failed or were given up. Of a
// Parallel or inline Map state these are the states within the branches and iterations that did not succeed; the
// others keep their outputs. A state that failed after its branches were done begins anew.
func (s *stepper) redrive() {
	x := s.x
	if x.Status == Running || x.Status == Succeeded {
		return
	}
	x.Status, x.Error, x.Cause, x.StoppedAt = Running, "", "", time.Time{}
	x.RedriveCount++
	if s.m.TimeoutSeconds > 0 {
		x.TimeoutAt = s.now.Add(time.Duration(s.m.TimeoutSeconds) * time.Second)
	}
	redriven := s.history(x.LastEvent, HistoryEvent{Type: "ExecutionRedriven", RedriveCount: ptr(int64(x.RedriveCount))})
	frames := x.sortedFrames() // those around others come first
	for _, f := range frames {
		if f.Group != nil && f.Phase == PhaseFailed {
			f.Phase, f.RetryCount, f.Retries = PhaseChildren, 0, nil
			s.touch(f)
		}
	}
	for _, f := range frames {
		if f.Phase == PhaseFailed && x.Frames[f.ID] == f && x.Status == Running {
			s.resume(f, redriven)
			s.run()
		}
	}
	for _, f := range frames {
		if x.Frames[f.ID] == f {
			s.refill(f, redriven)
			s.run()
		}
	}
}

// resume runs a frame's state again, or enters it if it was not entered yet.
func (s *stepper) resume(f *Frame, redriven int64) {
	f.Previous, f.RetryCount, f.Retries = redriven, 0, nil
	s.touch(f)
	switch {
	case f.MapRun != "":
		s.redriveMapRun(f)
	case f.Entered == 0:
		f.Phase = PhaseReady
		s.queue = append(s.queue, f)
		if parent := s.x.Frames[f.Parent]; parent != nil && f.EnteredAt.IsZero() {
			if st := s.state(parent); st.Map != nil { // it has no input if ItemSelector failed
				s.feed(parent, st, f)
			}
		}
	default:
		s.execute(f)
	}
}

// redriveMapRun goes on with the run of a distributed Map state.
func (s *stepper) redriveMapRun(f *Frame) {
	if f.MapRunRedrives >= maxMapRunRedrives {
		s.fail(f, runtimeFailure("The Map Run has reached the maximum number of redrives (%d).", maxMapRunRedrives))
		return
	}
	f.MapRunRedrives++
	s.note(f, HistoryEvent{Type: "MapRunRedriven", MapRunARN: f.MapRun, RedriveCount: ptr(int64(f.MapRunRedrives))})
	f.Phase = PhaseMapRun
	s.command(RedriveMapRun{MapRunARN: f.MapRun})
}

// refill starts iterations that had not begun when the Map state around them was given up.
func (s *stepper) refill(f *Frame, redriven int64) {
	if f.Phase != PhaseChildren || f.Group == nil || s.state(f).Map == nil {
		return
	}
	g, st := f.Group, s.state(f)
	for f.Group == g && f.Phase == PhaseChildren && g.Next < g.Length && (g.Limit == 0 || g.Next-g.Done < g.Limit) && s.x.Status == Running {
		s.startIteration(f, st, redriven)
	}
}

// redrive goes on with a run. Children that succeeded keep their outputs; Express ones that did not are started anew,
// Standard ones redriven, but for those that cannot be: those stay as they are. A run that was stopped while it read its
// items reads them again.
func (s *mapRunStepper) redrive() {
	r := s.r
	if r.Phase != "ended" {
		return
	}
	r.Redrives++
	r.RedrivenAt, r.StoppedAt, r.Result = s.now, time.Time{}, nil
	r.Next, r.Running, r.Failed = 0, 0, 0
	if !r.Read {
		r.Phase = "new"
		s.begin()
		return
	}
	for i := range r.Children {
		c := &r.Children[i]
		switch {
		case c.Status == Succeeded || c.Status == "":
		case r.Spec.ExecutionType != "EXPRESS" && (c.Final || s.now.Sub(c.StoppedAt) > redrivablePeriod):
			c.Final = true
			r.Failed += c.Items
		default:
			c.Status = PendingRedrive
		}
	}
	r.Phase = "running"
	s.advance()
}
