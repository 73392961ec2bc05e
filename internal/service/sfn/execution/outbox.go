package execution

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// outbox collects what is delivered in the background, so that no decision waits for it.
type outbox[T any] struct {
	mu      sync.Mutex
	waiting []T
	lost    int
	nudge   chan struct{}
}

const (
	outboxSize  = 50_000                // beyond it, what comes is lost
	outboxPause = 20 * time.Millisecond // between deliveries, so that much goes at once
)

func (o *outbox[T]) put(v T) {
	o.mu.Lock()
	if len(o.waiting) >= outboxSize {
		o.lost++
	} else {
		o.waiting = append(o.waiting, v)
	}
	o.mu.Unlock()
	select {
	case o.nudge <- struct{}{}:
	default:
	}
}

// run delivers until ctx ends, and then what is left.
func (o *outbox[T]) run(ctx context.Context, log *slog.Logger, what string, deliver func(context.Context, []T) error) {
	for {
		select {
		case <-o.nudge:
		case <-ctx.Done():
			o.flush(context.WithoutCancel(ctx), log, what, deliver)
			return
		}
		o.flush(context.WithoutCancel(ctx), log, what, deliver)
		select {
		case <-time.After(outboxPause):
		case <-ctx.Done():
		}
	}
}

func (o *outbox[T]) flush(ctx context.Context, log *slog.Logger, what string, deliver func(context.Context, []T) error) {
	o.mu.Lock()
	waiting, lost := o.waiting, o.lost
	o.waiting, o.lost = nil, 0
	o.mu.Unlock()
	if lost > 0 {
		log.Warn("executions' "+what+" lost: they come faster than they are taken", "count", lost)
	}
	if len(waiting) == 0 {
		return
	}
	if err := deliver(ctx, waiting); err != nil {
		log.Warn("executions' "+what+" not delivered", "error", err)
	}
}
