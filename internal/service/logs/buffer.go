package logs

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// flushEvery is the longest that an event stays in memory alone. Wall time: it is about the
	// machine, not about the platform.
	flushEvery = 100 * time.Millisecond
	// maxBytes may wait for the store before PutLogEvents waits too.
	maxBytes = 16 << 20
	// overhead is what CloudWatch Logs counts for an event besides its message.
	overhead = 26
)

// stream is an open log stream. Its identity is immutable.
type stream struct {
	group    string // ids
	id       string
	name     string
	groupKey groupKey
}

type event struct {
	stream   *stream
	at       int64
	id       string
	ingested int64
	message  string
}

func (e *event) size() int64 { return int64(len(e.message)) + overhead }

// place is where an event stands in its group.
type place struct {
	at int64
	id string
}

func compare(p, q place) int { return cmp.Or(cmp.Compare(p.at, q.at), strings.Compare(p.id, q.id)) }

func (p place) before(q place) bool { return compare(p, q) < 0 }

func (e *event) place() place { return place{e.at, e.id} }

// buffer holds accepted events until they are stored.
type buffer struct {
	mu      sync.Mutex
	waiting []event
	writing []event // being stored; still shown to readers
	bytes   int64   // of both
	room    chan struct{}
	wake    chan struct{}
}

func newBuffer() *buffer {
	return &buffer{room: make(chan struct{}), wake: make(chan struct{}, 1)}
}

// add accepts events, waiting for room if the store does not keep up. Events are never accepted in
// part.
func (b *buffer) add(ctx context.Context, events []event) error {
	var size int64
	for i := range events {
		size += events[i].size()
	}
	for {
		b.mu.Lock()
		if b.bytes == 0 || b.bytes+size <= maxBytes {
			b.waiting = append(b.waiting, events...)
			b.bytes += size
			b.mu.Unlock()
			select {
			case b.wake <- struct{}{}:
			default:
			}
			return nil
		}
		room := b.room
		b.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// What one transaction stores: other writers wait for it.
const (
	maxWrite      = maxEvents // events
	maxWriteBytes = 4 << 20
)

// take moves the first of what waits to writing and returns it.
func (b *buffer) take() []event {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.writing) == 0 {
		n, size := 0, int64(0)
		for ; n < min(len(b.waiting), maxWrite) && size < maxWriteBytes; n++ {
			size += b.waiting[n].size()
		}
		b.writing, b.waiting = b.waiting[:n:n], b.waiting[n:]
		if len(b.waiting) == 0 {
			b.waiting = nil
		}
	}
	return b.writing
}

// written forgets the events that take returned. Those that could not be stored stay and are
// returned again, the same ones together: they make the same chunks.
func (b *buffer) written() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.writing {
		b.bytes -= b.writing[i].size()
	}
	b.writing = nil
	close(b.room)
	b.room = make(chan struct{})
}

// pick returns copies of the events that f wants, in order.
func (b *buffer) pick(f func(*event) bool) []event {
	b.mu.Lock()
	var out []event
	for _, list := range [][]event{b.writing, b.waiting} {
		for i := range list {
			if f(&list[i]) {
				out = append(out, list[i])
			}
		}
	}
	b.mu.Unlock()
	slices.SortFunc(out, func(x, y event) int { return compare(x.place(), y.place()) })
	return out
}

// flushes stores what waits, at most every flushEvery.
func (s *Service) flushes(ctx context.Context) {
	for {
		select {
		case <-s.buffer.wake:
		case <-ctx.Done():
			return
		}
		t := time.NewTimer(flushEvery)
		if err := s.flush(ctx); err != nil && ctx.Err() == nil {
			slog.Error("logs: events wait in memory", "error", err)
			select {
			case s.buffer.wake <- struct{}{}:
			default:
			}
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
}

// flush stores all that waits when it is called, and maybe more.
func (s *Service) flush(ctx context.Context) error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	for events := s.buffer.take(); len(events) > 0; events = s.buffer.take() {
		batch := batchOf(events)
		if err := s.db.Update(ctx, batch.put); err != nil {
			return fmt.Errorf("store log events: %w", err)
		}
		s.buffer.written()
	}
	return nil
}
