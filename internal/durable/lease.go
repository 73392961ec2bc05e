package durable

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/headgate/headgate/internal/db"
)

// A node's lease, in real time: leases are about machines, not about the platform's clock.
const (
	leaseTime  = 10 * time.Second
	leaseRenew = 2 * time.Second
)

// leases renews this node's lease and takes over what dead nodes left, until the engine stops.
func (e *Engine) leases() {
	defer e.wg.Done()
	t := time.NewTicker(leaseRenew)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-e.ctx.Done():
			return
		}
		if !e.db.Postgres() {
			continue // a SQLite file has one node
		}
		if err := e.heartbeat(e.ctx); err != nil {
			slog.Warn("lease not renewed", "node", e.node, "error", err)
			continue
		}
		if err := e.adopt(e.ctx, false); err != nil {
			slog.Warn("instances of other nodes not looked at", "error", err)
		}
	}
}

func (e *Engine) heartbeat(ctx context.Context) error {
	until := time.Now().Add(leaseTime).UnixMilli()
	err := e.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO durable_node (node, expires_at) VALUES ($1, $2)
			ON CONFLICT (node) DO UPDATE SET expires_at = $2`, e.node, until)
		return err
	})
	if err != nil {
		return fmt.Errorf("lease of node %s: %w", e.node, err)
	}
	return nil
}

// adopt takes over the instances whose node's lease has run out; with own set, also this node's
// from before it was restarted. A single-node store's are all this node's.
func (e *Engine) adopt(ctx context.Context, own bool) error {
	now := time.Now().UnixMilli()
	var taken []key
	err := e.db.Update(ctx, func(tx *db.Tx) (err error) {
		taken, err = db.All(tx, scanKey, `UPDATE durable_instance SET node = $1, fence = fence + 1
			WHERE (node <> $1 AND ($3 OR node NOT IN (SELECT node FROM durable_node WHERE expires_at >= $2)))
			   OR (node = $1 AND $4)
			RETURNING kind, id`, e.node, now, !e.db.Postgres(), own)
		return err
	})
	if err != nil {
		return fmt.Errorf("take over instances: %w", err)
	}
	return e.awaken(ctx, taken)
}

// awaken makes ready those of the instances that have events or effects waiting; the others sleep on
// until their time.
func (e *Engine) awaken(ctx context.Context, taken []key) error {
	if len(taken) == 0 {
		return nil
	}
	var busy []key
	var next time.Time
	err := e.db.View(ctx, func(tx *db.Tx) (err error) {
		busy, err = db.All(tx, scanKey, `SELECT i.kind, i.id FROM durable_instance i WHERE i.node = $1 AND
			(EXISTS (SELECT 1 FROM durable_event v WHERE v.kind = i.kind AND v.instance = i.id) OR
			 EXISTS (SELECT 1 FROM durable_effect f WHERE f.kind = i.kind AND f.instance = i.id))`, e.node)
		if err != nil {
			return err
		}
		next, err = nextWake(tx, e.node, time.UnixMilli(0))
		return err
	})
	if err != nil {
		return fmt.Errorf("look at instances taken over: %w", err)
	}
	slog.Info("instances taken over", "count", len(taken), "busy", len(busy))
	e.mu.Lock()
	defer e.mu.Unlock()
	if !next.IsZero() && (e.wakeAt.IsZero() || next.Before(e.wakeAt)) {
		e.wakeAt = next
	}
	for _, k := range busy {
		if e.live[k] == nil {
			in := &instance{key: k}
			e.live[k] = in
			e.makeReady(in)
		}
	}
	select {
	case e.nudge <- struct{}{}:
	default:
	}
	return nil
}

// noticed handles another node's word that one of our instances has events.
func (e *Engine) noticed(n db.Notice) {
	kind, name, ok := strings.Cut(n.Payload, "/")
	if !ok { // notices were missed: look at everything
		go func() {
			if err := e.awaken(e.ctx, []key{{}}); err != nil && e.ctx.Err() == nil {
				slog.Warn("instances not looked at after lost notices", "error", err)
			}
		}()
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	k := key{kind, name}
	in := e.live[k]
	if in == nil {
		in = &instance{key: k}
		e.live[k] = in
	}
	in.reload = true
	e.makeReady(in)
}
