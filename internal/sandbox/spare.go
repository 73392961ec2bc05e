package sandbox

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// A spare is an environment that waits for its function: namespaces, control groups and the mounts
// that all functions share are made, which is most of a start's time.
//
//	nothing asked for lately ── one, for the mount points that were wanted last
//	n starts at once ────────── n for these mount points, until spareTime after the last one
//
// Starts that come at once find so many as came at once before. All together are maxSpares at most:
// each holds two waiting processes, of a few megabytes.

const (
	maxSpares = 8

	// spareTime is how long a burst is remembered after the last start.
	spareTime = time.Minute

	// burstGap ends a burst: a start that comes later counts anew.
	burstGap = 100 * time.Millisecond

	// spareDelay keeps the preparation out of the way of the functions that have just been started:
	// their own initialization wants the processors. It begins anew with each start, up to spareLatest.
	spareDelay  = 30 * time.Millisecond
	spareLatest = 250 * time.Millisecond
)

// spares are the waiting environments, and what is known of those to come. The Sandbox's mu guards it.
type spares struct {
	kept      []*Process // the longest waiting first
	demands   map[string]*demand
	preparing bool
	due       *time.Timer // for prepare; nil if nothing is to be done
	latest    time.Time   // due's last postponement
	decay     *time.Timer
}

// demand is how many starts came at once, for the same mount points.
type demand struct {
	points []string
	burst  int // starts in the present burst, or the last one
	want   int // spares
	last   time.Time
}

// ask notes n starts at the time now.
func (s *spares) ask(points []string, n int, now time.Time) {
	if s.demands == nil {
		s.demands = map[string]*demand{}
	}
	key := strings.Join(points, "\x00")
	d := s.demands[key]
	if d == nil {
		d = &demand{points: points}
		s.demands[key] = d
	}
	if now.Sub(d.last) > burstGap {
		d.burst = 0
	}
	d.burst += n
	d.want, d.last = min(max(d.want, d.burst), maxSpares), now
}

// forget lowers what has not been asked for since spareTime: to one for the mount points that were
// asked for last, to none for others.
func (s *spares) forget(now time.Time) {
	for i, d := range s.recent() {
		switch {
		case now.Sub(d.last) < spareTime:
		case i == 0:
			d.want = 1
		default:
			maps.DeleteFunc(s.demands, func(_ string, x *demand) bool { return x == d })
		}
	}
}

// recent are the demands, the latest first.
func (s *spares) recent() []*demand {
	return slices.SortedFunc(maps.Values(s.demands), func(a, b *demand) int { return cmp.Compare(b.last.UnixNano(), a.last.UnixNano()) })
}

// surplus takes out what is dead or not wanted; the caller kills it.
func (s *spares) surplus() (out []*Process) {
	room := map[string]int{}
	left := maxSpares
	for _, d := range s.recent() {
		n := min(d.want, left)
		room[strings.Join(d.points, "\x00")] = n
		left -= n
	}
	s.kept = slices.DeleteFunc(s.kept, func(p *Process) bool {
		key := strings.Join(p.points, "\x00")
		if p.over() || room[key] == 0 {
			out = append(out, p)
			return true
		}
		room[key]--
		return false
	})
	return out
}

// missing tells for which mount points a spare is to be made next.
func (s *spares) missing() (points []string, ok bool) {
	left := maxSpares
	for _, d := range s.recent() {
		n := 0
		for _, p := range s.kept {
			if slices.Equal(p.points, d.points) {
				n++
			}
		}
		if n < min(d.want, left) {
			return d.points, true
		}
		left -= min(d.want, left)
	}
	return nil, false
}

// pick takes a living spare with these mount points out; nil if there is none.
func (s *spares) pick(points []string) *Process {
	i := slices.IndexFunc(s.kept, func(p *Process) bool { return slices.Equal(p.points, points) && !p.over() })
	if i < 0 {
		return nil
	}
	p := s.kept[i]
	s.kept = slices.Delete(s.kept, i, i+1)
	return p
}

// take returns an environment with the given mount points, and has spares made in a moment.
func (s *Sandbox) take(points []string) (*Process, error) {
	now := time.Now()
	s.mu.Lock()
	p := s.spares.pick(points)
	s.spares.ask(points, 1, now)
	s.schedule(now)
	s.mu.Unlock()
	if p != nil {
		return p, nil
	}
	return s.create(points)
}

// schedule sets the time of the next preparation, with s.mu held.
func (s *Sandbox) schedule(now time.Time) {
	x := &s.spares
	if s.closed {
		return
	}
	if x.decay == nil {
		x.decay = time.AfterFunc(spareTime, s.prepare)
	} else {
		x.decay.Reset(spareTime)
	}
	switch {
	case x.preparing:
	case x.due == nil:
		x.latest = now.Add(spareLatest)
		x.due = time.AfterFunc(spareDelay, s.prepare)
	case now.Add(spareDelay).Before(x.latest):
		x.due.Reset(spareDelay)
	}
}

// prepare brings the spares to the number that is wanted, one after the other: two at once would take
// both processors of a small machine.
func (s *Sandbox) prepare() {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := &s.spares
	if x.preparing {
		return
	}
	x.preparing, x.due = true, nil
	defer func() { x.preparing = false }()
	for !s.closed {
		x.forget(time.Now())
		for _, p := range x.surplus() {
			p.Kill()
		}
		points, ok := x.missing()
		if !ok {
			return
		}
		s.mu.Unlock()
		p, err := s.create(points)
		s.mu.Lock()
		if err != nil {
			s.cfg.Logger.Debug("sandbox: no spare environment", "error", err)
			return
		}
		x.kept = append(x.kept, p)
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
