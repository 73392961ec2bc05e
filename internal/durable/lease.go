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
	unseen := false // something may have been taken over and not been looked at
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
		taken, err := e.adopt(e.ctx, false)
		switch {
		case err != nil:
		case taken > 0 || unseen:
			err = e.awaken(e.ctx)
		default:
			err = e.overlooked(e.ctx)
		}
		if unseen = err != nil; unseen && e.ctx.Err() == nil {
			slog.Warn("instances of other nodes not looked at", "error", err)
		}
	}
}

// now is what leases are measured by: on PostgreSQL the server's clock, since the nodes' may differ.
func (e *Engine) now(tx *db.Tx) (int64, error) {
	if !e.db.Postgres() {
		return time.Now().UnixMilli(), nil
	}
	return db.One(tx, db.Value[int64], `SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)`)
}

func (e *Engine) heartbeat(ctx context.Context) error {
	err := e.db.Update(ctx, func(tx *db.Tx) error {
		now, err := e.now(tx)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO durable_node (node, expires_at) VALUES ($1, $2)
			ON CONFLICT (node) DO UPDATE SET expires_at = $2`, e.node, now+leaseTime.Milliseconds())
		return err
	})
	if err != nil {
		return fmt.Errorf("lease of node %s: %w", e.node, err)
	}
	return nil
}

// adopt takes over the instances whose node's lease has run out; with own set, also this node's
// from before it was restarted. A single-node store's are all this node's.
func (e *Engine) adopt(ctx context.Context, own bool) (taken int64, err error) {
	if !own { // mostly there are none; a look is cheaper than a serializable update of the whole table
		left := false
		err := e.db.View(ctx, func(tx *db.Tx) error {
			now, err := e.now(tx)
			if err != nil {
				return err
			}
			left, err = db.One(tx, db.Value[bool], `SELECT EXISTS (SELECT 1 FROM durable_instance
				WHERE node <> $1 AND node NOT IN (SELECT node FROM durable_node WHERE expires_at >= $2))`, e.node, now)
			return err
		})
		if err != nil || !left {
			return 0, err
		}
	}
	err = e.db.Update(ctx, func(tx *db.Tx) error {
		now, err := e.now(tx)
		if err != nil {
			return err
		}
		taken, err = tx.Exec(`UPDATE durable_instance SET node = $1, fence = fence + 1
			WHERE (node <> $1 AND ($3 OR node NOT IN (SELECT node FROM durable_node WHERE expires_at >= $2)))
			   OR (node = $1 AND $4)`, e.node, now, !e.db.Postgres(), own)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("take over instances: %w", err)
	}
	if taken > 0 {
		slog.Info("instances taken over", "count", taken)
	}
	return taken, nil
}

// awaken makes ready those of the node's instances that have events or effects waiting; the others
// sleep on until their time.
func (e *Engine) awaken(ctx context.Context) error {
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
	e.mu.Lock()
	defer e.mu.Unlock()
	e.wakeBy(next)
	for _, k := range busy {
		e.lookAgain(k)
	}
	select {
	case e.nudge <- struct{}{}:
	default:
	}
	return nil
}

// overlooked finds events that have waited for long although nothing is done about them: word of
// them was lost, with a connection or with the node that owned the instance before.
func (e *Engine) overlooked(ctx context.Context) error {
	var waiting []key
	before := fmt.Sprintf("%016x", time.Now().Add(-leaseRenew).UnixNano()) // as id.Ordered has it
	err := e.db.View(ctx, func(tx *db.Tx) (err error) {
		waiting, err = db.All(tx, scanKey, `SELECT DISTINCT i.kind, i.id FROM durable_event v
			JOIN durable_instance i ON i.kind = v.kind AND i.id = v.instance WHERE i.node = $1 AND v.id < $2`, e.node, before)
		return err
	})
	if err != nil {
		return fmt.Errorf("look for events that were overlooked: %w", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, k := range waiting {
		if in := e.live[k]; in == nil && !e.stuck[k] || in != nil && !in.queued && len(in.inbox) == 0 {
			e.lookAgain(k)
		}
	}
	return nil
}

// lookAgain has an instance read anew, with its events.
func (e *Engine) lookAgain(k key) {
	in := e.live[k]
	if in == nil {
		in = &instance{key: k}
		e.live[k] = in
	}
	in.reload = true
	e.makeReady(in)
}

// noticed handles another node's word that one of our instances has events.
func (e *Engine) noticed(n db.Notice) {
	kind, name, ok := strings.Cut(n.Payload, "/")
	if !ok { // notices were missed: look at everything
		go func() {
			if err := e.awaken(e.ctx); err != nil && e.ctx.Err() == nil {
				slog.Warn("instances not looked at after lost notices", "error", err)
			}
		}()
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lookAgain(key{kind, name})
}
