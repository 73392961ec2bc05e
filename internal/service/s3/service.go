package s3

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/headgate/headgate/internal/blob"
	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
)

// Service implements S3. Its exported methods with the SDK's signatures are the operations; it is also the
// http.Handler that serves them.
type Service struct {
	db    *db.DB
	clock clock.Clock
	blobs blob.Sweeper
	stop  context.CancelFunc
	done  sync.WaitGroup
}

// New returns the service over d and blobs, which hold nothing else.
func New(d *db.DB, c clock.Clock, blobs blob.Sweeper) *Service {
	return &Service{db: d, clock: c, blobs: blobs, stop: func() {}}
}

// Blobs that nothing names are removed when they are older than grace; real time, since it is about files.
const (
	sweepEvery = time.Hour
	grace      = time.Hour
)

// Start begins to sweep in the background.
func (s *Service) Start(ctx context.Context) {
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.done.Go(func() {
		for {
			select {
			case <-time.After(sweepEvery):
			case <-ctx.Done():
				return
			}
			if err := s.blobs.Sweep(ctx, grace, s.used); err != nil && ctx.Err() == nil {
				slog.Warn("objects' content not swept", "error", err)
			}
		}
	})
}

// Close ends the background work.
func (s *Service) Close() {
	s.stop()
	s.done.Wait()
}

func (s *Service) used(ctx context.Context, name string) (used bool, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		n, err := db.One(tx, db.Value[int64], `SELECT (SELECT COUNT(*) FROM s3_object WHERE blob = $1) + (SELECT COUNT(*) FROM s3_part WHERE blob = $1)`, name)
		used = n > 0
		return err
	})
	return used, err
}
