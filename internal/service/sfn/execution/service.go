package execution

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/service/sfn/registry"
)

// Kinds of durable instances.
const (
	kind       = "sfn.execution"
	kindMapRun = "sfn.maprun"
)

// topicActivity tells that a worker's task waits; the payload is the activity's ARN.
const topicActivity = "sfn.activity"

// Deps are what a Service is made of. Logs, Metrics and Functions may be missing.
type Deps struct {
	DB        *db.DB
	Engine    *durable.Engine // not started yet: New registers executions and map runs on it
	Clock     clock.Clock
	Registry  *registry.Registry
	Calls     Calls
	Logs      Logs
	Metrics   Metrics
	Functions Functions
	Log       *slog.Logger
}

// Service starts, runs and describes executions. Each exported method with an SDK client's signature is an operation.
// All are safe for concurrent use.
type Service struct {
	db        *db.DB
	engine    *durable.Engine
	clock     clock.Clock
	registry  *registry.Registry
	calls     Calls
	functions Functions
	log       *slog.Logger

	definitions definitions
	workers     workers
	ended       watchers
	metrics     metrics
	journal     journal
	gone        chan struct{} // has the sweep look for what went with its state machine

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// New returns the service; call it before the engine's Start.
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.Default()
	}
	s := &Service{db: d.DB, engine: d.Engine, clock: d.Clock, registry: d.Registry, calls: d.Calls, functions: d.Functions, log: d.Log,
		gone: make(chan struct{}, 1)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.metrics.to, s.journal.to = d.Metrics, d.Logs
	s.metrics.nudge, s.journal.nudge = make(chan struct{}, 1), make(chan struct{}, 1)
	d.Registry.Attach(s)
	durable.RegisterProcess(d.Engine, durable.Process[*process]{Kind: kind, Load: s.load, Decide: s.decide,
		Effects: map[string]durable.EffectFunc{effectTask: s.runTask, effectChild: s.runChild}})
	durable.RegisterProcess(d.Engine, durable.Process[*mapRun]{Kind: kindMapRun, Load: s.loadMapRun, Decide: s.decideMapRun,
		Effects: map[string]durable.EffectFunc{effectRead: s.readItems, effectStart: s.startMapChild, effectWrite: s.writeResults}})
	return s
}

// Start begins the work in the background; Close ends it.
func (s *Service) Start(context.Context) {
	s.db.Subscribe(topicActivity, s.workers.noticed)
	background := func(f func(ctx context.Context)) {
		s.wg.Add(1)
		go func() {
			defer s.wg.Done()
			f(s.ctx)
		}()
	}
	background(func(ctx context.Context) { s.journal.run(ctx, s.log, "logs", s.journal.deliver) })
	background(func(ctx context.Context) { s.metrics.run(ctx, s.log, "metrics", s.metrics.deliver) })
	background(s.sweep)
}

// Close ends the work in the background, Express executions among it. Standard executions are the engine's.
func (s *Service) Close() {
	s.cancel()
	s.wg.Wait()
}

// text makes an error's message.
func text(format string, args ...any) *string {
	t := fmt.Sprintf(format, args...)
	return &t
}

// millis is a time as it is stored; the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// instant reads what millis wrote; nil for 0.
func instant(ms int64) *time.Time {
	if ms == 0 {
		return nil
	}
	t := time.UnixMilli(ms).UTC()
	return &t
}

// optional is nil for an empty text.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
