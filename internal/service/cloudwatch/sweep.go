package cloudwatch

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// retention is how long CloudWatch keeps data in buckets of a width; then they are added up into
// the next. What falls off the last is gone.
var retention = []struct{ width, age, next int64 }{
	{second, fineAge, minute},
	{minute, 15 * day, 5 * minute},
	{5 * minute, 63 * day, hour},
	{hour, 455 * day, 0},
}

const (
	historyAge = 30 * day
	sweepEvery = time.Hour // platform time
	sweepBatch = 2000      // rows in one transaction
)

// sweeps ages metrics and history. Any node may do it; rows that another took are gone.
func (s *Service) sweeps(ctx context.Context) {
	for {
		due, stop := s.clock.After(sweepEvery)
		select {
		case <-due:
		case <-ctx.Done():
			stop()
			return
		}
		if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
			slog.Error("cloudwatch: sweep", "error", err)
		}
	}
}

func (s *Service) sweep(ctx context.Context) error {
	now := s.now()
	for _, r := range retention {
		// Whole buckets of the next width only, and none that this process may still add to.
		before := floor(now-r.age, max(r.next, r.width))
		s.buffer.forget(r.width, before)
		for more := true; more; {
			err := s.db.Update(ctx, func(tx *db.Tx) (err error) {
				more, err = age(tx, r.width, r.next, before)
				return err
			})
			if err != nil {
				return fmt.Errorf("age metrics: %w", err)
			}
		}
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		return tx.Run(
			db.Stmt{SQL: `DELETE FROM cloudwatch_history WHERE at < $1`, Args: []any{now - historyAge}},
			db.Stmt{SQL: `DELETE FROM cloudwatch_metric WHERE seen_at < $1`, Args: []any{now - 455*day}},
		)
	})
}

type storedBucket struct {
	series string
	bucket
}

// age moves up to sweepBatch buckets of a width that start before a time into wider ones.
func age(tx *db.Tx, width, next, before int64) (more bool, err error) {
	old, err := db.All(tx, func(r db.Row) (b storedBucket, err error) {
		var dist []byte
		if err := r.Scan(&b.series, &b.start, &b.width, &b.unit, &b.part, &b.samples, &b.total, &b.low, &b.high, &dist); err != nil {
			return b, err
		}
		b.distribution, err = decodeDistribution(dist)
		return b, err
	}, `SELECT series, start, width, unit, part, samples, total, low, high, distribution FROM cloudwatch_bucket
		WHERE width = $1 AND start < $2 ORDER BY start LIMIT $3`, width, before, sweepBatch)
	if err != nil {
		return false, err
	}
	type target struct {
		series string
		slot
	}
	sums := map[target]*aggregate{}
	for i := range old {
		b := &old[i]
		if _, err := tx.Exec(`DELETE FROM cloudwatch_bucket WHERE series = $1 AND start = $2 AND width = $3 AND unit = $4 AND part = $5`,
			b.series, b.start, b.width, b.unit, b.part); err != nil {
			return false, err
		}
		if next == 0 {
			continue
		}
		t := target{b.series, slot{floor(b.start, next), next, b.unit}}
		if sums[t] == nil {
			sums[t] = &aggregate{}
		}
		sums[t].merge(&b.aggregate)
	}
	part := "s" + id.Ordered()
	var rows []row
	for t, a := range sums {
		rows = append(rows, row{series: t.series, bucket: bucket{t.slot, part, *a}, distribution: a.distribution.encode()})
	}
	return len(old) == sweepBatch, write(tx, rows, nil)
}

// forget lets go of written buckets of a width that start before a time, so that late data for
// them open parts of their own.
func (b *buffer) forget(width, before int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, slots := range b.hot {
		for at, h := range slots {
			if at.width == width && at.start < before && !h.dirty {
				delete(slots, at)
			}
		}
	}
}
