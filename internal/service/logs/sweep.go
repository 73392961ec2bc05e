package logs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/headgate/headgate/internal/db"
)

const (
	sweepEvery = time.Hour // platform time
	sweepBatch = 500       // chunks in one transaction
)

// sweeps removes the events that retention, DeleteLogGroup and DeleteLogStream doomed. Any node
// may do it.
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
			slog.Error("logs: sweep", "error", err)
		}
	}
}

type garbage struct {
	group, stream string
	gone          int64
}

func (s *Service) sweep(ctx context.Context) error {
	now := s.now()
	var groups []group
	var gone []garbage
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		if groups, err = db.All(tx, scanGroup, selectGroup+` WHERE retention > 0`); err != nil {
			return err
		}
		gone, err = db.All(tx, func(r db.Row) (g garbage, err error) { return g, r.Scan(&g.group, &g.stream, &g.gone) },
			`SELECT log_group, stream, gone_at FROM logs_garbage`)
		return err
	})
	if err != nil {
		return fmt.Errorf("look for expired log events: %w", err)
	}
	for _, g := range groups {
		if err := s.remove(ctx, "log_group", g.id, g.oldest(now)); err != nil {
			return err
		}
	}
	for _, g := range gone {
		column, of := "stream", g.stream
		if g.stream == "" {
			column, of = "log_group", g.group
		}
		if err := s.remove(ctx, column, of, 1<<62); err != nil {
			return err
		}
		if g.gone > now-2*hour { // a node may still hold events for it: look again
			continue
		}
		err := s.db.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`DELETE FROM logs_garbage WHERE log_group = $1 AND stream = $2`, g.group, g.stream)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// remove deletes the chunks of a group or stream whose last event is from before a time, a batch at a time.
func (s *Service) remove(ctx context.Context, column, of string, before int64) error {
	for more := true; more; {
		err := s.db.Update(ctx, func(tx *db.Tx) error {
			// The first chunk that stays in this batch bounds it by time, as DELETE has no LIMIT.
			until, err := db.One(tx, db.Value[int64], `SELECT first_at FROM logs_chunk WHERE `+column+` = $1 AND first_at < $2 AND last_at < $2
				ORDER BY first_at, id LIMIT 1 OFFSET $3`, of, before, sweepBatch)
			if more = err == nil; errors.Is(err, db.ErrNotFound) {
				until = before - 1
			} else if err != nil {
				return err
			}
			_, err = tx.Exec(`DELETE FROM logs_chunk WHERE `+column+` = $1 AND first_at <= $2 AND last_at < $3`, of, until, before)
			return err
		})
		if err != nil {
			return fmt.Errorf("remove log events: %w", err)
		}
	}
	return nil
}
