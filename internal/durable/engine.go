package durable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// ErrNotFound is returned by Signal for an instance that does not exist or has ended.
var ErrNotFound = errors.New("no such instance")

// topic carries "kind/id" of an instance that has events waiting, to the node that owns it.
const topic = "durable"

// Engine runs this node's instances.
type Engine struct {
	db       *db.DB
	clock    clock.Clock
	node     string
	machines map[string]*machine

	mu     sync.Mutex
	live   map[key]*instance // in memory: deciding, or with effects under way
	ready  []*instance       // have something to decide on
	wakeAt time.Time         // earliest wake-up known; zero: none
	nudge  chan struct{}
	stuck  map[key]bool // could not decide

	ctx     context.Context
	cancel  context.CancelFunc
	wg      sync.WaitGroup // the loops
	effects sync.WaitGroup // under way
}

type key struct{ kind, id string }

// New returns an engine for the node named; a node that comes back under its name has its instances
// at once. Register the machines, then Start.
func New(d *db.DB, c clock.Clock, node string) *Engine {
	return &Engine{db: d, clock: c, node: node, machines: map[string]*machine{},
		live: map[key]*instance{}, nudge: make(chan struct{}, 1), stuck: map[key]bool{}}
}

// Start takes over what this node left and begins to decide. It returns once every instance that
// was under way has been seen.
func (e *Engine) Start(ctx context.Context) error {
	e.ctx, e.cancel = context.WithCancel(context.WithoutCancel(ctx))
	e.db.Subscribe(topic, e.noticed)
	if err := e.heartbeat(ctx); err != nil {
		return err
	}
	if _, err := e.adopt(ctx, true); err != nil {
		return err
	}
	if err := e.awaken(ctx); err != nil {
		return err
	}
	e.wg.Add(2)
	go e.run()
	go e.leases()
	return nil
}

// patience is how long Stop waits for effects that do not heed their context, in real time. A function that one has
// invoked may run for a quarter of an hour.
const patience = 2 * time.Second

// Stop lets running commits end and gives up effects under way; they run again at the next Start.
func (e *Engine) Stop() {
	e.cancel()
	e.wg.Wait()
	ended := make(chan struct{})
	go func() { e.effects.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(patience):
	}
}

// Create makes an instance within the caller's transaction; it starts once that is committed.
func (e *Engine) Create(tx *db.Tx, kind, name string, state any) error {
	if e.machines[kind] == nil {
		return fmt.Errorf("no machine for instances of kind %q", kind)
	}
	raw, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("state of %s %s: %w", kind, name, err)
	}
	_, err = tx.Exec(`INSERT INTO durable_instance (kind, id, state, step, node, fence) VALUES ($1, $2, $3, 0, $4, 1)`,
		kind, name, raw, e.node)
	if err != nil {
		return fmt.Errorf("create %s %s: %w", kind, name, err)
	}
	return e.send(tx, key{kind, name}, Started, nil, e.node)
}

// Signal sends an event within the caller's transaction. The instance decides on its events in the
// order of their transactions. It returns ErrNotFound if the instance is not there (any more).
func (e *Engine) Signal(tx *db.Tx, kind, name, event string, data any) error {
	owner, err := db.One(tx, db.Value[string], `SELECT node FROM durable_instance WHERE kind = $1 AND id = $2`, kind, name)
	if errors.Is(err, db.ErrNotFound) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("signal %s %s: %w", kind, name, err)
	}
	return e.send(tx, key{kind, name}, event, data, owner)
}

func (e *Engine) send(tx *db.Tx, k key, name string, data any, owner string) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("event %s: %w", name, err)
	}
	ev := Event{Name: name, Data: raw}
	seq := id.Ordered()
	if _, err := tx.Exec(`INSERT INTO durable_event (id, kind, instance, name, data) VALUES ($1, $2, $3, $4, $5)`,
		seq, k.kind, k.id, name, raw); err != nil {
		return fmt.Errorf("event %s for %s %s: %w", name, k.kind, k.id, err)
	}
	if owner == e.node {
		tx.OnCommit(func() { e.arrive(k, pending{seq: seq, ev: ev}) })
	} else {
		tx.Notify(topic, k.kind+"/"+k.id)
	}
	return nil
}

// arrive hands an event to the instance's memory, or marks the instance to be loaded with its events.
func (e *Engine) arrive(k key, p pending) {
	e.mu.Lock()
	defer e.mu.Unlock()
	in := e.live[k]
	if in == nil {
		in = &instance{key: k} // loads its state, and all its events, before it decides
		e.live[k] = in
	} else if in.loaded {
		in.inbox = append(in.inbox, p)
	} else {
		in.reload = true
	}
	e.makeReady(in)
}

func (e *Engine) makeReady(in *instance) {
	if in.queued {
		return
	}
	in.queued = true
	e.ready = append(e.ready, in)
	select {
	case e.nudge <- struct{}{}:
	default:
	}
}

// run is the deciding loop.
func (e *Engine) run() {
	defer e.wg.Done()
	for {
		e.mu.Lock()
		batch := e.ready
		if len(batch) > maxBatch {
			batch = batch[:maxBatch]
		}
		e.ready = e.ready[len(batch):]
		next := e.wakeAt
		e.mu.Unlock()
		if len(batch) > 0 {
			e.step(batch)
			if e.ctx.Err() != nil {
				return
			}
			continue
		}
		if !e.idle(next) {
			return
		}
	}
}

// idle waits for a nudge or for the next wake-up. It reports false when the engine stops.
func (e *Engine) idle(next time.Time) bool {
	var timer <-chan time.Time
	if !next.IsZero() {
		ch, stop := e.clock.After(next.Sub(e.clock.Now()))
		defer stop()
		timer = ch
	}
	select {
	case <-e.nudge:
	case <-timer:
		if err := e.wake(); err != nil && e.ctx.Err() == nil {
			slog.Error("look for instances to wake", "error", err)
			select { // the database is in trouble: do not spin
			case <-time.After(200 * time.Millisecond):
			case <-e.ctx.Done():
			}
		}
	case <-e.ctx.Done():
		return false
	}
	return e.ctx.Err() == nil
}

// wake finds the instances whose time has come and the time of the next one.
func (e *Engine) wake() error {
	e.mu.Lock()
	e.wakeAt = time.Time{} // what is taken over from here on, while the store is read, sets it anew
	e.mu.Unlock()
	now := e.clock.Now()
	var due []key
	var next time.Time
	err := e.db.View(e.ctx, func(tx *db.Tx) (err error) {
		due, err = db.All(tx, scanKey, `SELECT kind, id FROM durable_instance
			WHERE node = $1 AND wake_at <= $2 ORDER BY wake_at LIMIT $3`, e.node, now.UnixMilli(), maxBatch)
		if err != nil || len(due) == maxBatch {
			next = now
			return err
		}
		next, err = nextWake(tx, e.node, now)
		return err
	})
	if err != nil {
		next = now // again
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.wakeBy(next)
	for _, k := range due {
		in := e.live[k]
		if in == nil {
			in = &instance{key: k}
			e.live[k] = in
		}
		e.makeReady(in)
	}
	return err
}

// wakeBy has the deciding loop look for instances to wake at t at the latest; the zero time asks for nothing.
func (e *Engine) wakeBy(t time.Time) {
	if !t.IsZero() && (e.wakeAt.IsZero() || t.Before(e.wakeAt)) {
		e.wakeAt = t
	}
}

func nextWake(tx *db.Tx, node string, after time.Time) (time.Time, error) {
	ms, err := db.One(tx, db.Value[int64], `SELECT wake_at FROM durable_instance
		WHERE node = $1 AND wake_at > $2 ORDER BY wake_at LIMIT 1`, node, after.UnixMilli())
	if errors.Is(err, db.ErrNotFound) {
		return time.Time{}, nil
	}
	return time.UnixMilli(ms), err
}

func scanKey(r db.Row) (k key, err error) { return k, r.Scan(&k.kind, &k.id) }
