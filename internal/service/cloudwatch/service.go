package cloudwatch

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
)

// Service is CloudWatch: metrics and alarms. All methods are safe for concurrent use.
type Service struct {
	db       *db.DB
	clock    clock.Clock
	lambda   lambdaAPI // nil: alarm actions on functions fail, and say so
	buffer   *buffer
	watch    *watch
	acts     chan struct{} // actions are queued
	stop     context.CancelFunc
	running  sync.WaitGroup
	flushing sync.Mutex
}

// New returns the service. Metrics can be written and read at once; alarms are evaluated, and
// what was written reaches the store, between Start and Close.
func New(d *db.DB, c clock.Clock, lambda lambdaAPI) *Service {
	s := &Service{db: d, clock: c, lambda: lambda, buffer: newBuffer(), watch: newWatch(), acts: make(chan struct{}, 1)}
	d.Subscribe(TopicAlarm, func(n db.Notice) { s.watch.stateChanged(n.Payload) })
	d.Subscribe(topicDefinition, func(n db.Notice) { s.watch.redefined(n.Payload) })
	return s
}

// Start loads the alarms and runs the loops until Close: flush, evaluate, act, sweep.
func (s *Service) Start(ctx context.Context) error {
	if err := s.loadAlarms(ctx); err != nil {
		return err
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = cancel
	for _, loop := range []func(context.Context){s.flushes, s.evaluations, s.actions, s.sweeps} {
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

// at is a stored time as the SDK has it.
func at(ms int64) *time.Time {
	t := time.UnixMilli(ms).UTC()
	return &t
}

// mustJSON writes v without the escapes that are for HTML: reasons hold "->".
func mustJSON(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // only for values of our own types, which all have a JSON form
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func toAny(v any) (out any) {
	if err := json.Unmarshal([]byte(mustJSON(v)), &out); err != nil {
		panic(err) // it was just made
	}
	return out
}
