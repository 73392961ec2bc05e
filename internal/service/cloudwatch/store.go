package cloudwatch

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/headgate/headgate/internal/db"
)

// flushes writes what is dirty, at most every flushEvery.
func (s *Service) flushes(ctx context.Context) {
	for {
		select {
		case <-s.buffer.wake:
		case <-ctx.Done():
			return
		}
		t := time.NewTimer(flushEvery)
		if err := s.flush(ctx); err != nil && ctx.Err() == nil {
			slog.Error("cloudwatch: metrics wait in memory", "error", err)
			select { // what was put back must be tried again even if nothing new arrives
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

// maxWrite is how many buckets one transaction stores: other writers wait for it.
const maxWrite = 1000

// flush stores all that changed until it is called.
func (s *Service) flush(ctx context.Context) error {
	s.flushing.Lock() // who comes meanwhile waits for what is being written, and may find nothing left
	defer s.flushing.Unlock()
	rows, metrics := s.buffer.take(time.Now())
	for len(rows)+len(metrics) > 0 {
		some, list := rows[:min(len(rows), maxWrite)], metrics[:min(len(metrics), maxWrite)]
		if err := s.db.Update(ctx, func(tx *db.Tx) error { return write(tx, some, list) }); err != nil {
			s.buffer.putBack(rows, metrics)
			return fmt.Errorf("write metrics: %w", err)
		}
		rows, metrics = rows[len(some):], metrics[len(list):]
	}
	s.buffer.madeRoom()
	return nil
}

func write(tx *db.Tx, rows []row, metrics []sighting) error {
	for ; len(metrics) > 0; metrics = metrics[chunk(len(metrics)):] {
		if err := putMetrics(tx, metrics[:chunk(len(metrics))]); err != nil {
			return err
		}
	}
	for ; len(rows) > 0; rows = rows[chunk(len(rows)):] {
		if err := putBuckets(tx, rows[:chunk(len(rows))]); err != nil {
			return err
		}
	}
	return nil
}

// chunk is how many of n rows to put into one statement: few different texts stay prepared.
func chunk(n int) int {
	for _, c := range []int{256, 32, 8, 1} {
		if n >= c {
			return c
		}
	}
	return 0
}

func putBuckets(tx *db.Tx, rows []row) error {
	args := make([]any, 0, 10*len(rows))
	for _, r := range rows {
		args = append(args, r.series, r.start, r.width, r.unit, r.part, r.samples, r.total, r.low, r.high, r.distribution)
	}
	_, err := tx.Exec(`INSERT INTO cloudwatch_bucket (series, start, width, unit, part, samples, total, low, high, distribution)
		VALUES `+db.Values(len(rows), 10)+` ON CONFLICT (series, start, width, unit, part) DO UPDATE SET
		samples = excluded.samples, total = excluded.total, low = excluded.low, high = excluded.high, distribution = excluded.distribution`, args...)
	return err
}

func putMetrics(tx *db.Tx, seen []sighting) error {
	args := make([]any, 0, 7*len(seen))
	for _, m := range seen {
		args = append(args, m.id(), m.account, m.region, m.namespace, m.name, mustJSON(m.dimensions), m.at)
	}
	_, err := tx.Exec(`INSERT INTO cloudwatch_metric (series, account, region, namespace, name, dimensions, seen_at)
		VALUES `+db.Values(len(seen), 7)+` ON CONFLICT (series) DO UPDATE SET seen_at = excluded.seen_at
		WHERE cloudwatch_metric.seen_at < excluded.seen_at`, args...)
	return err
}

// reader sees what the store has and what this process has not written yet, together.
type reader struct {
	tx     *db.Tx
	memory map[string][]bucket
	from   int64
	to     int64
}

// read calls f with a reader of the buckets that start in [from, to). The memory is looked at
// first: a bucket that leaves it meanwhile is in the store by then.
func (s *Service) read(ctx context.Context, ids []string, from, to int64, f func(*reader) error) error {
	r := &reader{memory: map[string][]bucket{}, from: from, to: to}
	for _, sid := range ids {
		r.memory[sid] = s.buffer.snapshot(sid, from, to)
	}
	return s.db.View(ctx, func(tx *db.Tx) error {
		r.tx = tx
		return f(r)
	})
}

// buckets returns a series' buckets in no order. An empty unit means all units.
func (r *reader) buckets(sid, unit string) ([]bucket, error) {
	stored, err := db.All(r.tx, scanBucket, `SELECT start, width, unit, part, samples, total, low, high, distribution
		FROM cloudwatch_bucket WHERE series = $1 AND start >= $2 AND start < $3`, sid, r.from, r.to)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	memory := r.memory[sid]
	newer := make(map[string]bool, len(memory))
	out := make([]bucket, 0, len(memory)+len(stored))
	for _, list := range [][]bucket{memory, stored} {
		for _, b := range list {
			if !newer[b.part] && (unit == "" || unit == b.unit) {
				out = append(out, b)
			}
		}
		for _, b := range memory {
			newer[b.part] = true
		}
	}
	return out, nil
}

func scanBucket(r db.Row) (b bucket, err error) {
	var dist []byte
	if err := r.Scan(&b.start, &b.width, &b.unit, &b.part, &b.samples, &b.total, &b.low, &b.high, &dist); err != nil {
		return b, err
	}
	b.distribution, err = decodeDistribution(dist)
	return b, err
}

func scanSeries(r db.Row) (g sighting, err error) {
	var dims string
	if err := r.Scan(&g.account, &g.region, &g.namespace, &g.name, &dims, &g.at); err != nil {
		return g, err
	}
	return g, json.Unmarshal([]byte(dims), &g.dimensions)
}
