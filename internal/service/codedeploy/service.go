package codedeploy

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
)

// Topic carries a deployment's id whenever something about it has changed.
const Topic = "codedeploy.deployment"

// kind of the durable instances.
const kind = "codedeploy.deployment"

// Service answers CodeDeploy's operations. Each exported method with an SDK client's signature is
// one. All are safe for concurrent use.
type Service struct {
	db     *db.DB
	engine *durable.Engine
	clock  clock.Clock
	peers  Peers
	log    *slog.Logger

	alarms alarmQueue
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// New returns the service and registers its machine; call it before the engine's Start. A nil log
// is slog's default.
func New(d *db.DB, e *durable.Engine, c clock.Clock, p Peers, log *slog.Logger) *Service {
	if log == nil {
		log = slog.Default()
	}
	s := &Service{db: d, engine: e, clock: c, peers: p, log: log}
	s.alarms.nudge = make(chan struct{}, 1)
	durable.Register(e, durable.Machine[process]{Kind: kind, Decide: decide, Effects: map[string]durable.EffectFunc{
		effectInspect:  s.inspect,
		effectHook:     s.invokeHook,
		effectAlias:    s.setAlias,
		effectWatch:    s.watchAlarms,
		effectCheck:    s.checkAlarms,
		effectAnnounce: s.announce,
	}})
	return s
}

// Start begins to listen for alarms; call it once, after New. Close ends it.
func (s *Service) Start(ctx context.Context) {
	ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.db.Subscribe("cloudwatch.alarm", s.alarmNoticed)
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		s.followAlarms(ctx)
	}()
}

// Close stops listening. Running deployments are the engine's and stop with it.
func (s *Service) Close() {
	if s.cancel != nil {
		s.cancel()
		s.wg.Wait()
	}
}

// place is where a resource lives: the leading columns of every key.
type place struct{ account, region string }

func placeOf(c caller.Caller) place { return place{c.Account, c.Region} }

// text makes an error's message.
func text(format string, args ...any) *string {
	s := fmt.Sprintf(format, args...)
	return &s
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
