package runner

import (
	"context"
	"time"
)

// Clock tells the time and waits in it. It is safe for concurrent use.
type Clock interface {
	Now() time.Time
	// After returns a channel that receives once d has passed, and a function that gives the timer up.
	After(d time.Duration) (<-chan time.Time, func())
}

// systemClock is the machine's time.
type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) After(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// sleep waits d of the clock's time, or until ctx ends, whose cause it then returns.
func sleep(ctx context.Context, c Clock, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	ch, stop := c.After(d)
	defer stop()
	select {
	case <-ch:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// deadline ends a context with cause once d of the clock's time has passed. The function returned must be called.
func deadline(ctx context.Context, c Clock, d time.Duration, cause error) (context.Context, context.CancelFunc) {
	if _, real := c.(systemClock); real {
		return context.WithTimeoutCause(ctx, d, cause)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	ch, stop := c.After(d)
	go func() {
		defer stop()
		select {
		case <-ch:
			cancel(cause)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(context.Canceled) }
}
