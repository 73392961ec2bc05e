package lambda

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/headgate/headgate/internal/sandbox/environment"
)

// errClosed is returned once Close has begun.
var errClosed = errors.New("lambda: the platform is shutting down")

// starved is how long a version may wait while others keep the host's environments busy, in real time.
const starved = 100 * time.Millisecond

// slot is an environment in the pool: busy with one invocation, or idle.
type slot struct {
	env   Environment
	logs  *logStream
	crew  *crew
	since time.Time // real time when it became idle
}

// crew is the environments of one generation of a version, and who waits for one.
type crew struct {
	version  *version
	idle     []*slot // last used last: reuse is last in, first out
	waiters  []*waiter
	starting int
	alive    int // starting, busy or idle
	retired  bool
}

type waiter struct {
	since time.Time
	got   chan handover // takes one without blocking
}

type handover struct {
	slot *slot
	err  error
}

// pool keeps warm environments. Environments are started as invocations need them, up to the host's
// limit; beyond it invocations wait in order, those of a version whose turn is overdue before others.
type pool struct {
	limits Limits
	start  func(context.Context, *version) (*slot, error)
	life   context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup // environments starting and closing

	mu       sync.Mutex
	crews    map[key]map[string]*crew // by generation
	slots    map[*slot]bool           // true: busy
	total    int                      // starting, busy and idle
	starting int
	closed   bool
	gaveUp   bool          // close has ended the busy ones itself
	changed  chan struct{} // closed and replaced at each change while closing
}

func newPool(l Limits, start func(context.Context, *version) (*slot, error)) *pool {
	p := &pool{limits: l, start: start, crews: map[key]map[string]*crew{}, slots: map[*slot]bool{}, changed: make(chan struct{})}
	p.life, p.cancel = context.WithCancel(context.Background())
	return p
}

// get takes an environment of v: a warm one at once, else whichever comes first, one that another
// invocation gives back or a new one. Give it back with put.
func (p *pool) get(ctx context.Context, v *version) (*slot, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, errClosed
	}
	c := p.crewOf(v)
	for len(c.idle) > 0 {
		s := c.idle[len(c.idle)-1]
		c.idle = c.idle[:len(c.idle)-1]
		if s.env.Alive() {
			p.slots[s] = true
			p.mu.Unlock()
			return s, nil
		}
		p.discard(s, environment.AfterFailure)
	}
	c = p.crewOf(v) // the last one discarded takes its crew with it
	w := &waiter{since: time.Now(), got: make(chan handover, 1)}
	c.waiters = append(c.waiters, w)
	p.schedule()
	p.mu.Unlock()
	select {
	case h := <-w.got:
		return h.slot, h.err
	case <-ctx.Done():
		p.leave(c, w)
		return nil, ctx.Err()
	}
}

// leave gives up waiting; what was handed over meanwhile goes to somebody else.
func (p *pool) leave(c *crew, w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(c.waiters, w); i >= 0 {
		c.waiters = slices.Delete(c.waiters, i, i+1)
		p.forget(c)
		return
	}
	if h := <-w.got; h.slot != nil {
		p.offer(h.slot)
	}
}

// put gives an environment back. An empty reason keeps it, if it is still alive.
func (p *pool) put(s *slot, end environment.Reason) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if end == "" && !s.env.Alive() {
		end = environment.AfterFailure
	}
	if end != "" {
		p.discard(s, end)
		p.schedule()
		return
	}
	p.offer(s)
}

// offer finds the next use of a live environment.
func (p *pool) offer(s *slot) {
	c := s.crew
	if p.total >= p.limits.Environments && p.overdue(c) {
		p.discard(s, environment.Spindown)
		p.schedule()
		return
	}
	if len(c.waiters) > 0 {
		w := c.waiters[0]
		c.waiters = c.waiters[1:]
		p.slots[s] = true
		w.got <- handover{slot: s}
		return
	}
	if c.retired || p.closed {
		p.discard(s, environment.Spindown)
		p.schedule()
		return
	}
	p.slots[s], s.since = false, time.Now()
	c.idle = append(c.idle, s)
	p.schedule() // somebody may be waiting for the host to have an idle one to give up
}

// overdue tells whether another version has waited too long for its first chance, and longer than this one.
func (p *pool) overdue(mine *crew) bool {
	c := p.hungriest()
	if c == nil || c == mine {
		return false
	}
	w := c.waiters[c.starting]
	return time.Since(w.since) > starved && (len(mine.waiters) == 0 || w.since.Before(mine.waiters[0].since))
}

// hungriest is the crew whose oldest waiter without an environment on its way waits longest.
func (p *pool) hungriest() (best *crew) {
	for _, cs := range p.crews {
		for _, c := range cs {
			if len(c.waiters) > c.starting && (best == nil || c.waiters[c.starting].since.Before(best.waiters[best.starting].since)) {
				best = c
			}
		}
	}
	return best
}

// schedule starts environments for those who wait, as the host's limits allow.
func (p *pool) schedule() {
	for p.starting < p.limits.Starts {
		c := p.hungriest()
		if c == nil {
			break
		}
		if p.total >= p.limits.Environments && !p.evict() {
			break
		}
		p.total, p.starting, c.starting, c.alive = p.total+1, p.starting+1, c.starting+1, c.alive+1
		p.wg.Add(1)
		go p.launch(c)
	}
	if p.closed {
		close(p.changed)
		p.changed = make(chan struct{})
	}
}

// evict closes the environment that was idle longest.
func (p *pool) evict() bool {
	var oldest *slot
	for _, cs := range p.crews {
		for _, c := range cs {
			if len(c.idle) > 0 && (oldest == nil || c.idle[0].since.Before(oldest.since)) {
				oldest = c.idle[0]
			}
		}
	}
	if oldest == nil {
		return false
	}
	oldest.crew.idle = oldest.crew.idle[1:]
	p.discard(oldest, environment.Spindown)
	return true
}

func (p *pool) launch(c *crew) {
	defer p.wg.Done()
	s, err := p.start(p.life, c.version)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.starting, c.starting = p.starting-1, c.starting-1
	if err != nil {
		p.total, c.alive = p.total-1, c.alive-1
		if len(c.waiters) > 0 {
			c.waiters[0].got <- handover{err: err}
			c.waiters = c.waiters[1:]
		}
		p.forget(c)
		p.schedule()
		return
	}
	s.crew = c
	p.offer(s)
	p.schedule()
}

// discard closes an environment that is in no list any more.
func (p *pool) discard(s *slot, why environment.Reason) {
	_, known := p.slots[s]
	delete(p.slots, s)
	p.total--
	s.crew.alive--
	p.forget(s.crew)
	if known && p.gaveUp {
		return
	}
	p.wg.Add(1)
	go func() {
		defer p.wg.Done()
		s.env.Close(why)
		s.logs.close()
	}()
}

func (p *pool) crewOf(v *version) *crew {
	cs := p.crews[v.key]
	if cs == nil {
		cs = map[string]*crew{}
		p.crews[v.key] = cs
	}
	c := cs[v.serves.Generation]
	if c == nil {
		c = &crew{version: v}
		cs[v.serves.Generation] = c
	}
	c.retired = c.retired || v.retired.Load()
	return c
}

// forget drops a crew that has nothing and nobody.
func (p *pool) forget(c *crew) {
	if c.alive > 0 || len(c.waiters) > 0 {
		return
	}
	if cs := p.crews[c.version.key]; cs[c.version.serves.Generation] == c {
		delete(cs, c.version.serves.Generation)
		if len(cs) == 0 {
			delete(p.crews, c.version.key)
		}
	}
}

func (p *pool) has(k key) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.crews[k] != nil
}

// retire closes a generation's idle environments, and the busy ones when they are given back.
func (p *pool) retire(k key, generation string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.crews[k][generation]
	if c == nil {
		return
	}
	c.retired = true
	p.empty(c, time.Now())
	p.schedule()
}

// empty closes what was idle before the time given.
func (p *pool) empty(c *crew, before time.Time) {
	keep := c.idle[:0:0]
	idle := c.idle
	c.idle = nil
	for _, s := range idle {
		if s.env.Alive() && s.since.After(before) {
			keep = append(keep, s)
		} else {
			p.discard(s, environment.Spindown)
		}
	}
	c.idle = keep
}

// reap closes environments that nobody has used for Limits.Idle.
func (p *pool) reap(ctx context.Context) {
	tick := time.NewTicker(max(min(p.limits.Idle/4, 30*time.Second), time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			p.mu.Lock()
			for _, cs := range p.crews {
				for _, c := range cs {
					p.empty(c, now.Add(-p.limits.Idle))
				}
			}
			p.schedule()
			p.mu.Unlock()
		}
	}
}

// close takes no more invocations, waits for those under way, and ends all environments.
func (p *pool) close(patience time.Duration) {
	over := time.After(patience)
	p.mu.Lock()
	p.closed = true
	for _, cs := range p.crews {
		for _, c := range cs {
			p.empty(c, time.Now())
		}
	}
	for p.total > 0 {
		changed := p.changed
		p.mu.Unlock()
		select {
		case <-changed:
		case <-over:
			p.cancel()
			p.mu.Lock()
			p.abandon()
			p.mu.Unlock()
			p.wg.Wait()
			return
		}
		p.mu.Lock()
	}
	p.mu.Unlock()
	p.cancel()
	p.wg.Wait()
}

// abandon ends busy environments; their invocations report that, and give them back as dead.
func (p *pool) abandon() {
	p.gaveUp = true
	for s := range p.slots {
		p.wg.Add(1)
		go func() {
			defer p.wg.Done()
			s.env.Close(environment.Spindown)
			s.logs.close()
		}()
	}
}
