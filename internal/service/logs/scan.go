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
	memory := s.buffer.pick(q.wants)
	if q.descending {
		slices.Reverse(memory)
	}
	var bytes, scanned int
	var last place
	take := func(f found) error {
		if len(out) == q.limit || bytes > 0 && bytes+len(f.message) > maxPayload || scanned == maxScanned {
			stopped = &last
			return errEnough
		}
		scanned++
		last = f.place()
		if q.match == nil || q.match(f.message) {
			bytes += len(f.message)
			out = append(out, f)
		}
		return nil
	}
	next := 0 // in memory
	until := func(p place, all bool) error {
		for ; next < len(memory) && (all || q.ahead(memory[next].place(), p)); next++ {
			if err := take(found{memory[next], memory[next].stream.name}); err != nil {
				return err
			}
		}
		return nil
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		text, args := q.sql()
		_, err := db.All(tx, func(r db.Row) (struct{}, error) {
			var f found
			var message []byte
			if err := r.Scan(&f.at, &f.id, &f.name, &f.ingested, &message); err != nil {
				return struct{}{}, err
			}
			f.message = string(message)
			if err := until(f.place(), false); err != nil {
				return struct{}{}, err
			}
			if next < len(memory) && memory[next].id == f.id {
				return struct{}{}, nil // on its way; the memory's copy is taken
			}
			return struct{}{}, take(f)
		}, text, args...)
		if err == nil {
			err = until(place{}, true)
		}
		return err
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("read log events: %w", err)
	}
	return out, stopped, err
}

// ahead tells whether the scan comes to a before b.
func (q *scan) ahead(a, b place) bool {
	if q.descending {
		return b.before(a)
	}
	return a.before(b)
}

// wants tells whether the scan comes to an event that is in memory.
func (q *scan) wants(e *event) bool {
	return e.stream.group == q.group && e.at >= q.from && e.at <= q.to &&
		(q.beyond == nil || q.ahead(*q.beyond, e.place())) &&
		(q.stream == "" || e.stream.id == q.stream) &&
		(len(q.names) == 0 || slices.Contains(q.names, e.stream.name)) &&
		strings.HasPrefix(e.stream.name, q.prefix)
}

func (q *scan) sql() (string, []any) {
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
	if p := q.beyond; p != nil { // a bound for the index as well as the exact one below
		if q.descending {
			to = min(to, p.at)
		} else {
			from = max(from, p.at)
		}
	}
	// The join hides what belonged to deleted streams. CROSS keeps SQLite from turning it round.
	text := `SELECT e.at, e.id, s.name, e.ingested_at, e.message FROM logs_event e CROSS JOIN logs_stream s WHERE s.id = e.stream`
	if q.stream != "" {
		text += ` AND e.stream = ` + arg(q.stream)
	} else {
		text += ` AND e.log_group = ` + arg(q.group)
	}
	text += ` AND e.at >= ` + arg(from) + ` AND e.at <= ` + arg(to)
	if p := q.beyond; p != nil {
		text += ` AND (e.at, e.id) ` + than + ` (` + arg(p.at) + `, ` + arg(p.id) + `)`
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
	limit := q.limit + 1
	if q.match != nil {
		limit = maxScanned + 1
	}
	return text + ` ORDER BY e.at ` + order + `, e.id ` + order + ` LIMIT ` + arg(limit), args
}
