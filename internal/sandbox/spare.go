package sandbox

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// A spare is an environment that waits for its function: namespaces, control groups and the mounts
// that all functions share are made, which is most of a start's time.
//
//	the platform has just started ── one
//	a function was started ───────── quietSpares, for its mount points
//	n were started at once ───────── n, if that is more, until spareTime after the last of them
//	with other mount points ──────── as many as were started at once, as long
//
// All together are maxSpares at most: each holds two waiting processes, with 1.7 MB of their own.

const (
	quietSpares = 4
	maxSpares   = 8

	// spareTime is how long a burst is remembered after the last start.
	spareTime = time.Minute

	// burstGap ends a burst: a start that comes later counts anew.
	burstGap = 100 * time.Millisecond

	// spareDelay keeps the preparation out of the way of the functions that have just been started:
	// their own initialization wants the processors. It begins anew with each start, and while one is
	// under way, up to spareLatest.
	spareDelay  = 30 * time.Millisecond
	spareLatest = 250 * time.Millisecond
)

// spares are the waiting environments, and what is known of those to come. The Sandbox's mu guards it.
type spares struct {
	kept      []*Process // the longest waiting first
	demands   map[string]*demand
	starting  int // environments that are being made a function's
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

// ask notes a start at the time now.
func (s *spares) ask(points []string, now time.Time) {
	if s.demands == nil {
		s.demands = map[string]*demand{}
	}
	d := s.demands[key(points)]
	if d == nil {
		d = &demand{points: points}
		s.demands[key(points)] = d
	}
	if now.Sub(d.last) > burstGap {
		d.burst = 0
	}
	d.burst++
	d.want, d.last = max(d.want, d.burst), now
}

// wanted tells how many spares there are to be for which mount points, those first that were asked for
// last, and forgets what was not asked for since spareTime.
func (s *spares) wanted(now time.Time) []demand {
	recent := slices.SortedFunc(maps.Values(s.demands), func(a, b *demand) int { return b.last.Compare(a.last) })
	var out []demand
	left := maxSpares
	for i, d := range recent {
		if now.Sub(d.last) >= spareTime {
			d.want = 0
		}
		if i == 0 {
			d.want = max(d.want, quietSpares)
		}
		if d.want == 0 {
			delete(s.demands, key(d.points))
			continue
		}
		x := *d
		x.want = min(d.want, left)
		left -= x.want
		out = append(out, x)
	}
	return out
}

// key names mount points in a map.
func key(points []string) string { return strings.Join(points, "\x00") }

// surplus takes out what is dead or not wanted; the caller kills it.
func (s *spares) surplus(wanted []demand) (out []*Process) {
	room := map[string]int{}
	for _, d := range wanted {
		room[key(d.points)] = d.want
	}
	s.kept = slices.DeleteFunc(s.kept, func(p *Process) bool {
		k := key(p.points)
		if p.over() || room[k] == 0 {
			out = append(out, p)
			return true
		}
		room[k]--
		return false
	})
	return out
}

// missing tells for which mount points a spare is to be made next.
func (s *spares) missing(wanted []demand) (points []string, ok bool) {
	have := map[string]int{}
	for _, p := range s.kept {
		have[key(p.points)]++
	}
	for _, d := range wanted {
		if have[key(d.points)] < d.want {
			return d.points, true
		}
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
	s.spares.ask(points, now)
	s.schedule(now)
	s.mu.Unlock()
	if p != nil {
		return p, nil
	}
	return s.create(points)
}

// begin notes that an environment is being started; the function that it returns, that it has been.
func (s *Sandbox) begin() (end func()) {
	add := func(n int) {
		s.mu.Lock()
		s.spares.starting += n
		s.mu.Unlock()
	}
	add(1)
	return func() { add(-1) }
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
	if now := time.Now(); x.starting > 0 && now.Before(x.latest) {
		x.due = time.AfterFunc(spareDelay, s.prepare)
		return
	}
	x.preparing, x.due = true, nil
	defer func() { x.preparing = false }()
	for !s.closed {
		wanted := x.wanted(time.Now())
		for _, p := range x.surplus(wanted) {
			p.Kill()
		}
		points, ok := x.missing(wanted)
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
