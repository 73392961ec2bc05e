package sqs

import (
	"context"
	"log/slog"
	"time"

	"github.com/headgate/headgate/internal/db"
)

// sweepEvery is how often (real time) messages are removed that nobody fetched in the time that their queue keeps them. Until
// then they are not counted, and a receiver removes those of its queue itself.
const sweepEvery = 10 * time.Minute

// Start begins to sweep in the background.
func (s *Service) Start(ctx context.Context) {
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.done.Go(func() {
		t := time.NewTicker(sweepEvery)
		defer t.Stop()
		for {
			select {
			case <-t.C:
			case <-ctx.Done():
				return
			}
			if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
				slog.Warn("expired messages not removed", "error", err)
			}
		}
	})
}

// Close ends the background work.
func (s *Service) Close() {
	s.stop()
	s.done.Wait()
}

func (s *Service) sweep(ctx context.Context) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM sqs_message WHERE expires <= $1`, s.now())
		return err
	})
}
