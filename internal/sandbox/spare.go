package sandbox

import (
	"slices"
	"time"
)

// A spare is an environment that waits for its function: namespaces, control groups and the mounts
// that all functions share are made, which is most of a start's time. There is one, for the mount
// points that were wanted last; taking it has the next one prepared in the background.

// take returns an environment with the given mount points.
func (s *Sandbox) take(points []string) (*Process, error) {
	s.mu.Lock()
	p := s.spare
	s.spare = nil
	s.mu.Unlock()
	if p != nil && slices.Equal(p.points, points) && !p.over() {
		s.prepare(points)
		return p, nil
	}
	if p != nil {
		p.Kill()
	}
	p, err := s.create(points)
	if err == nil {
		s.prepare(points)
	}
	return p, err
}

// spareDelay keeps the preparation out of the way of the function that has just been started: its
// own initialization wants the processor.
const spareDelay = 30 * time.Millisecond

// prepare makes a spare in a moment, unless there is one or it is being made.
func (s *Sandbox) prepare(points []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.preparing || s.spare != nil || s.closed {
		return
	}
	s.preparing = true
	time.AfterFunc(spareDelay, func() {
		p, err := s.create(points)
		s.mu.Lock()
		s.preparing = false
		s.mu.Unlock()
		if err != nil {
			s.cfg.Logger.Debug("sandbox: no spare environment", "error", err)
			return
		}
		s.keep(p)
	})
}

// keep makes p the spare; one that is not needed is killed.
func (s *Sandbox) keep(p *Process) {
	s.mu.Lock()
	surplus := s.spare != nil || s.closed
	if !surplus {
		s.spare = p
	}
	s.mu.Unlock()
	if surplus {
		p.Kill()
	}
}

// over reports whether pid 1 has ended.
func (p *Process) over() bool {
	select {
	case <-p.gone:
		return true
	default:
		return false
	}
}
