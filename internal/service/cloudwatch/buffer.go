package cloudwatch

import (
	"strconv"
	"sync"
	"time"

	"github.com/headgate/headgate/internal/id"
)

const (
	// flushEvery is the longest that a datum stays in memory alone. It is wall time, as it is
	// about the machine, not about the platform.
	flushEvery = 200 * time.Millisecond
	// keepHot is how long (wall time) a bucket without news stays in memory to be added to.
	keepHot = 30 * time.Second
	// maxDirty buckets may wait for the store before PutMetricData waits too.
	maxDirty = 20_000
)

// buffer holds the buckets that this process is adding to, as running totals. A flush writes the
// totals of those that changed under (slot, part); a bucket that was let go and is needed again
// gets another part, so a row is never written from two beginnings.
type buffer struct {
	writer string // this process, in the parts of its rows

	mu    sync.Mutex
	hot   map[string]map[slot]*hotBucket // by series id
	seen  map[string]*sighting
	parts int
	dirty int
	room  chan struct{} // closed when a flush made room, then replaced
	wake  chan struct{} // something is dirty
}

type hotBucket struct {
	bucket
	dirty   bool
	touched time.Time
}

// sighting keeps the list of metrics: written when a series is new, then once in an hour.
type sighting struct {
	series
	at, written int64
}

func newBuffer() *buffer {
	return &buffer{writer: id.Hex(10), hot: map[string]map[slot]*hotBucket{}, seen: map[string]*sighting{},
		room: make(chan struct{}), wake: make(chan struct{}, 1)}
}

// add lets f add to the bucket of the slot. It returns a channel to wait on if there are too many
// unwritten buckets; nil otherwise.
func (b *buffer) add(sid string, s series, at slot, now int64, f func(*aggregate)) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	slots := b.hot[sid]
	if slots == nil {
		slots = map[slot]*hotBucket{}
		b.hot[sid] = slots
	}
	h := slots[at]
	if h == nil {
		b.parts++
		h = &hotBucket{bucket: bucket{slot: at, part: b.writer + strconv.FormatInt(int64(b.parts), 36)}}
		slots[at] = h
	}
	f(&h.aggregate)
	h.touched = time.Now()
	if !h.dirty {
		h.dirty = true
		b.dirty++
	}
	if g := b.seen[sid]; g == nil {
		b.seen[sid] = &sighting{series: s, at: floor(now, hour), written: -1}
	} else {
		g.at = max(g.at, floor(now, hour))
	}
	select {
	case b.wake <- struct{}{}:
	default:
	}
	if b.dirty > maxDirty {
		return b.room
	}
	return nil
}

// snapshot returns copies of the series' buckets that start in [from, to).
func (b *buffer) snapshot(sid string, from, to int64) []bucket {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []bucket
	for at, h := range b.hot[sid] {
		if at.start >= from && at.start < to {
			c := h.bucket
			c.aggregate = h.aggregate.clone()
			out = append(out, c)
		}
	}
	return out
}

// row is a bucket ready to be written.
type row struct {
	series string
	bucket
	distribution []byte
}

// take returns what has to be written and lets idle buckets go. What it returns counts as
// written; putBack undoes that.
func (b *buffer) take(now time.Time) (rows []row, metrics []sighting) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for sid, slots := range b.hot {
		for at, h := range slots {
			if h.dirty {
				h.dirty = false
				r := row{series: sid, bucket: h.bucket, distribution: h.distribution.encode()}
				r.aggregate.distribution = distribution{}
				rows = append(rows, r)
			} else if now.Sub(h.touched) > keepHot {
				delete(slots, at)
			}
		}
		if len(slots) == 0 {
			delete(b.hot, sid)
		}
	}
	b.dirty = 0
	for sid, g := range b.seen {
		if g.written < g.at {
			g.written = g.at
			metrics = append(metrics, *g)
		} else if b.hot[sid] == nil {
			delete(b.seen, sid)
		}
	}
	return rows, metrics
}

func (b *buffer) putBack(rows []row, metrics []sighting) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range rows {
		if h := b.hot[r.series][r.slot]; h != nil && h.part == r.part && !h.dirty {
			h.dirty = true
			b.dirty++
		}
	}
	for _, m := range metrics {
		if g := b.seen[m.id()]; g != nil {
			g.written = -1
		}
	}
}

func (b *buffer) madeRoom() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.room)
	b.room = make(chan struct{})
}

// unwritten returns the series that may not be in the store's list of metrics yet.
func (b *buffer) unwritten() []sighting {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []sighting
	for _, g := range b.seen {
		out = append(out, *g)
	}
	return out
}
