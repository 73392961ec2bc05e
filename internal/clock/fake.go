package clock

import (
	"sync"
	"time"
)

// Fake is a clock that stands still until it is advanced, for tests. The zero value starts at the
// Unix epoch.
type Fake struct {
	mu      sync.Mutex
	now     time.Time
	waiters map[*waiter]struct{}
}

type waiter struct {
	due time.Time
	ch  chan time.Time
}

// NewFake returns a clock that stands at t.
func NewFake(t time.Time) *Fake { return &Fake{now: t.UTC()} }

// Now implements Clock.
func (f *Fake) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now.IsZero() {
		f.now = time.Unix(0, 0).UTC()
	}
	return f.now
}

// After implements Clock.
func (f *Fake) After(d time.Duration) (<-chan time.Time, func()) {
	now := f.Now()
	w := &waiter{due: now.Add(d), ch: make(chan time.Time, 1)}
	if d <= 0 {
		w.ch <- now
		return w.ch, func() {}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.waiters == nil {
		f.waiters = map[*waiter]struct{}{}
	}
	f.waiters[w] = struct{}{}
	return w.ch, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.waiters, w)
	}
}

// Advance moves the clock forward and fires every wait that became due.
func (f *Fake) Advance(d time.Duration) {
	now := f.Now().Add(d)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = now
	for w := range f.waiters {
		if !w.due.After(now) {
			w.ch <- now
			delete(f.waiters, w)
		}
	}
}

// Waiting is the number of waits that have not fired: what a test polls before it advances.
func (f *Fake) Waiting() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.waiters)
}
