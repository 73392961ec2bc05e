package logs

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
)

// topicGone is the notice that a group or stream was deleted; the payload is its id.
const topicGone = "logs.gone"

// Service is CloudWatch Logs. All methods are safe for concurrent use.
type Service struct {
	db       *db.DB
	clock    clock.Clock
	buffer   *buffer
	cache    *streamCache
	flushing sync.Mutex // one flush at a time
	stop     context.CancelFunc
	running  sync.WaitGroup
}

// New returns the service. What PutLogEvents takes in reaches the store between Start and Close.
func New(d *db.DB, c clock.Clock) *Service {
	s := &Service{db: d, clock: c, buffer: newBuffer(), cache: newStreamCache()}
	d.Subscribe(topicGone, func(n db.Notice) { s.cache.forget(n.Payload) })
	return s
}

// Start runs the loops until Close: flush and sweep.
func (s *Service) Start(ctx context.Context) error {
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = cancel
	for _, loop := range []func(context.Context){s.flushes, s.sweeps} {
		s.running.Go(func() { loop(life) })
	}
	return nil
}

// Close ends the loops and flushes what is in memory. The store must still be open.
func (s *Service) Close() error {
	if s.stop != nil {
		s.stop()
	}
	s.running.Wait()
	return s.flush(context.Background())
}

func (s *Service) now() int64 { return s.clock.Now().UnixMilli() }

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only for values of our own types, which all have a JSON form
	}
	return string(b)
}
