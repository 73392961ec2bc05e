package logs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/headgate/headgate/internal/db"
)

// Bounds of one answer, and of the work for it.
const (
	maxAnswer  = 10_000  // events
	maxPayload = 1 << 20 // bytes of messages
	maxScanned = 100_000 // events looked at for a pattern
	chunkPage  = 128     // chunks in one query
)

// scan is a walk over a group's events in their order, or against it.
type scan struct {
	group      string
	stream     string   // id: of this one only
	names      []string // or: of these
	prefix     string   // or: of those that begin so
	from, to   int64    // timestamps, both included
	beyond     *place   // go on from here, not included
	descending bool
	limit      int
	match      func(message string) bool // nil: all
}

type found struct {
	event
	name string // of its stream
}

var errEnough = errors.New("enough")

// run returns what the scan finds, and where it stopped short of the end (nil: it did not). It
// sees what is in memory and what is stored.
func (s *Service) run(ctx context.Context, q scan) (out []found, stopped *place, err error) {
	p := pass{q: &q, merge: merge{ahead: q.ahead, limit: maxHeld}}
	p.addMemory(s.buffer.pick(q.wants))
	err = s.db.View(ctx, p.read)
	if errors.Is(err, errEnough) {
		err, stopped = nil, &p.last
	}
	if err != nil {
		err = fmt.Errorf("read log events: %w", err)
	}
	return p.out, stopped, err
}

// pass is a scan on its way.
type pass struct {
	q       *scan
	merge   merge
	out     []found
	bytes   int // of out
	scanned int
	last    place // that was looked at, of scanned
}

func (p *pass) addMemory(events []event) {
	r := run{events: make([]found, len(events))} // size 0: it is the buffer's
	for i, e := range events {
		r.events[i] = found{e, e.stream.name}
	}
	if p.q.descending {
		slices.Reverse(r.events)
	}
	p.merge.add(r)
}

// read looks at the stored chunks, a page at a time so that no store sorts more than that.
func (p *pass) read(tx *db.Tx) error {
	var after *place // a chunk's key
	for {
		text, args := p.q.sql(after)
		keys, err := db.All(tx, p.chunk, text, args...)
		if err != nil {
			return err
		}
		if len(keys) < chunkPage {
			break
		}
		after = &keys[len(keys)-1]
	}
	if err := p.take(func(*found) bool { return true }); err != nil {
		return err
	}
	if p.merge.end != nil {
		return errEnough
	}
	return nil
}

// chunk takes what no chunk from this one on can come before, then adds this one's events. It returns the chunk's key.
func (p *pass) chunk(row db.Row) (key place, err error) {
	var name, data string
	if err := row.Scan(&key.at, &key.id, &name, &data); err != nil {
		return key, err
	}
	final := func(at int64) bool { return at < key.at }
	if p.q.descending {
		final = func(at int64) bool { return at > key.at+maxSpan }
	}
	if err := p.take(func(f *found) bool { return final(f.at) }); err != nil {
		return key, err
	}
	if end := p.merge.end; end != nil && final(end.at) {
		return key, errEnough
	}
	r := run{size: len(data)}
	err = decode(data, func(e event) {
		if p.q.covers(e.place()) {
			r.events = append(r.events, found{e, name})
			r.size += eventMemory
		}
	})
	if err != nil {
		return key, err
	}
	if p.q.descending {
		slices.Reverse(r.events)
	}
	p.merge.add(r)
	return key, nil
}

// take looks at the events that are ready, in order.
func (p *pass) take(ready func(*found) bool) error {
	for p.merge.Len() > 0 && ready(&p.merge.runs[0].events[0]) {
		f := &p.merge.runs[0].events[0]
		if p.scanned > 0 && f.place() == p.last {
			p.merge.next() // on its way to the store: in memory as well
			continue
		}
		if len(p.out) == p.q.limit || p.bytes > 0 && p.bytes+len(f.message) > maxPayload || p.scanned == maxScanned {
			return errEnough
		}
		e := p.merge.next()
		p.scanned++
		p.last = e.place()
		if p.q.match == nil {
			p.bytes += len(e.message)
			p.out = append(p.out, e)
		} else if p.q.match(e.message) {
			p.bytes += len(e.message)
			e.message, e.id = strings.Clone(e.message), strings.Clone(e.id) // lets go of the chunk's other events
			p.out = append(p.out, e)
		}
	}
	return nil
}

// ahead tells whether the scan comes to a before b.
func (q *scan) ahead(a, b place) bool {
	if q.descending {
		return b.before(a)
	}
	return a.before(b)
}

// covers tells whether the scan comes to a place.
func (q *scan) covers(p place) bool {
	return p.at >= q.from && p.at <= q.to && (q.beyond == nil || q.ahead(*q.beyond, p))
}

// wants tells whether the scan comes to an event that is in memory.
func (q *scan) wants(e *event) bool {
	return e.stream.group == q.group && q.covers(e.place()) &&
		(q.stream == "" || e.stream.id == q.stream) &&
		(len(q.names) == 0 || slices.Contains(q.names, e.stream.name)) &&
		strings.HasPrefix(e.stream.name, q.prefix)
}

// sql selects a page of the chunks that may hold what the scan comes to, by their keys: those after a key, or the first.
func (q *scan) sql(after *place) (string, []any) {
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	from, to := q.from, q.to
	than, order := ">", "ASC"
	if q.descending {
		than, order = "<", "DESC"
	}
	if p := q.beyond; p != nil {
		if q.descending {
			to = min(to, p.at)
		} else {
			from = max(from, p.at)
		}
	}
	low, high := from-maxSpan, to // of the first event's time
	if after != nil {             // a bound for the index as well as the exact one below
		if q.descending {
			high = min(high, after.at)
		} else {
			low = max(low, after.at)
		}
	}
	// The join hides what belonged to deleted streams. CROSS keeps SQLite from turning it round.
	text := `SELECT c.first_at, c.id, s.name, c.data FROM logs_chunk c CROSS JOIN logs_stream s WHERE s.id = c.stream`
	if q.stream != "" {
		text += ` AND c.stream = ` + arg(q.stream)
	} else {
		text += ` AND c.log_group = ` + arg(q.group)
	}
	text += ` AND c.first_at >= ` + arg(low) + ` AND c.first_at <= ` + arg(high) + ` AND c.last_at >= ` + arg(from)
	if after != nil {
		text += ` AND (c.first_at, c.id) ` + than + ` (` + arg(after.at) + `, ` + arg(after.id) + `)`
	}
	if len(q.names) > 0 {
		list := make([]string, len(q.names))
		for i, n := range q.names {
			list[i] = arg(n)
		}
		text += ` AND s.name IN (` + strings.Join(list, ", ") + `)`
	}
	if q.prefix != "" {
		text += ` AND substr(s.name, 1, ` + arg(utf8.RuneCountInString(q.prefix)) + `) = ` + arg(q.prefix)
	}
	return text + ` ORDER BY c.first_at ` + order + `, c.id ` + order + ` LIMIT ` + arg(chunkPage), args
}
