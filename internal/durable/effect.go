package durable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/headgate/headgate/internal/clock"
)

// launch runs an effect, unless it is under way.
func (e *Engine) launch(in *instance, f effect) {
	if _, under := in.running[f.id]; under {
		return
	}
	ctx, cancel := context.WithCancel(e.ctx)
	in.running[f.id] = cancel
	e.effects.Add(1)
	go func() {
		defer e.effects.Done()
		defer cancel()
		ev, ok := e.perform(ctx, in.key, f)
		if !ok {
			return // the engine stops or the instance has ended: whoever has it next runs it again
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		in.inbox = append(in.inbox, pending{ev: ev})
		e.makeReady(in)
	}()
}

// perform runs an effect until it ends with something to decide on.
func (e *Engine) perform(ctx context.Context, k key, f effect) (Event, bool) {
	call := Call{Kind: k.kind, Instance: k.id, EffectID: f.id, Args: f.args}
	ev := Event{Name: f.name, EffectID: f.id}
	for {
		out, err := e.guarded(ctx, call, f.name)
		if ctx.Err() != nil {
			return ev, false
		}
		var again *retry
		if errors.As(err, &again) {
			slog.Debug("effect will run again", "key", call.Key(), "after", again.after, "error", again.err)
			if clock.Sleep(ctx, e.clock, again.after) != nil {
				return ev, false
			}
			continue
		}
		if err == nil {
			ev.Data, err = json.Marshal(out)
		}
		if err != nil {
			ev.Failure = failureOf(err)
		}
		return ev, true
	}
}

func (e *Engine) guarded(ctx context.Context, call Call, name string) (out any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("effect %s: panic: %v", name, p)
			slog.Error("effect panicked", "key", call.Key(), "effect", name, "panic", p)
		}
	}()
	f := e.machines[call.Kind].effects[name]
	if f == nil {
		return nil, fmt.Errorf("no effect %q of %s", name, call.Kind)
	}
	return f(ctx, call)
}
