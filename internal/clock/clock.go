// Package clock is the platform's only source of time. Platform time may run faster than the
// wall clock and may be advanced, so that a thirty-minute canary is rehearsed in seconds; only a
// function's own run (its time-out, its duration) is measured in real time.
package clock

import (
	"context"
	"sync"
	"time"
)

// Clock tells platform time and waits in it. All methods are safe for concurrent use.
type Clock interface {
	// Now is the platform's time in UTC. It never goes back while the process lives.
	Now() time.Time
	// After returns a channel that receives once d of platform time has passed, and a function
	// that gives the timer up. A d of zero or less fires at once.
	After(d time.Duration) (<-chan time.Time, func())
}

// Sleep waits d of platform time, or until ctx ends, whose error it then returns.
func Sleep(ctx context.Context, c Clock, d time.Duration) error {
	ch, stop := c.After(d)
	defer stop()
	select {
	case <-ch:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Anchor fixes platform time to the wall clock: platform = Platform + (wall − Wall) × Rate. It is
// what a data folder keeps, so that a restart, and every node of a cluster, agrees on the time.
type Anchor struct {
	Wall, Platform time.Time
	Rate           float64 // platform seconds in a real second; 1 is real time
}

// At is platform time at the wall time given.
func (a Anchor) At(wall time.Time) time.Time {
	const most = 1 << 62 // nanoseconds, 146 years: a fast clock passes more than a time.Duration holds
	at, passed := a.Platform, float64(wall.Sub(a.Wall))*a.Rate
	for ; passed > most; passed -= most {
		at = at.Add(most)
	}
	return at.Add(time.Duration(passed))
}

// Scaled is the running platform's clock. Within the process it follows the monotonic clock, so a
// wall clock that jumps moves nothing.
type Scaled struct {
	mu      sync.Mutex
	anchor  Anchor        // Wall carries a monotonic reading
	changed chan struct{} // closed whenever the anchor changes
}

// New returns a clock that continues from a. A zero Anchor is real time.
func New(a Anchor) *Scaled {
	now := time.Now()
	if a.Rate <= 0 {
		a = Anchor{Wall: now, Platform: now, Rate: 1}
	}
	a.Platform, a.Wall = a.At(now), now
	return &Scaled{anchor: a, changed: make(chan struct{})}
}

// Now implements Clock.
func (s *Scaled) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.anchor.At(time.Now()).UTC().Round(0)
}

// Anchor returns the present relation to the wall clock.
func (s *Scaled) Anchor() Anchor {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	return Anchor{Wall: now.Round(0), Platform: s.anchor.At(now).Round(0), Rate: s.anchor.Rate}
}

// Set changes the rate and moves platform time forward by advance (never back); waits that the
// change makes due fire at once.
func (s *Scaled) Set(rate float64, advance time.Duration) Anchor {
	s.mu.Lock()
	now := time.Now()
	if advance < 0 {
		advance = 0
	}
	if rate <= 0 {
		rate = s.anchor.Rate
	}
	s.anchor = Anchor{Wall: now, Platform: s.anchor.At(now).Add(advance), Rate: rate}
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
	return s.Anchor()
}

// After implements Clock.
func (s *Scaled) After(d time.Duration) (<-chan time.Time, func()) {
	out, done := make(chan time.Time, 1), make(chan struct{})
	s.mu.Lock()
	due := s.anchor.At(time.Now()).Add(d)
	s.mu.Unlock()
	go s.wait(due, out, done)
	var once sync.Once
	return out, func() { once.Do(func() { close(done) }) }
}

func (s *Scaled) wait(due time.Time, out chan<- time.Time, done <-chan struct{}) {
	for {
		s.mu.Lock()
		left, rate, changed := due.Sub(s.anchor.At(time.Now())), s.anchor.Rate, s.changed
		s.mu.Unlock()
		if left <= 0 {
			out <- s.Now()
			return
		}
		t := time.NewTimer(time.Duration(float64(left)/rate) + 1)
		select {
		case <-t.C:
		case <-changed:
			t.Stop()
		case <-done:
			t.Stop()
			return
		}
	}
}
