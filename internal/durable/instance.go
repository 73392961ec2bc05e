package durable

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/headgate/headgate/internal/db"
)

// maxBatch is how many instances share a commit.
const maxBatch = 256

// instance is the memory of one that decides or has effects under way.
type instance struct {
	key
	queued bool // in Engine.ready
	reload bool // events came while it was not loaded, or a commit's outcome is unknown

	// Below: touched by the deciding loop alone once loaded, but for inbox (Engine.mu).
	loaded  bool
	state   any // decoded, or nil: ended, or another node's
	step    int64
	fence   int64
	wakeAt  time.Time
	inbox   []pending
	running map[string]context.CancelFunc // effects under way, by id
}

// pending is an event that was not decided on: a row in durable_event (seq), or an effect's
// result, which is not stored before its decision.
type pending struct {
	seq string
	ev  Event
}

// outcome is what one instance's events of this round come to.
type outcome struct {
	in      *instance
	taken   []pending // what was decided on, from the front of the inbox
	decided bool
	decision
	lost bool // another node has it, or this one went further than its memory knows
}

// step lets a batch of instances decide and commits their decisions together.
func (e *Engine) step(batch []*instance) {
	e.mu.Lock()
	for _, in := range batch {
		in.queued = false
	}
	e.mu.Unlock()
	var out []*outcome
	for _, in := range batch {
		err := e.load(in)
		if err != nil && !errors.Is(err, errNoMachine) && !errors.Is(err, errUnreadable) {
			e.postpone(in, err)
			continue
		}
		var o *outcome
		if err == nil {
			o, err = e.decide(in)
		}
		if err != nil {
			slog.Error("instance cannot decide; it stays as it is until the next event or start",
				"kind", in.kind, "id", in.id, "error", err)
			e.mu.Lock()
			e.stuck[in.key] = true
			e.mu.Unlock()
			e.drop(in)
			continue
		}
		out = append(out, o)
	}
	e.commit(out)
}

// load reads an instance's row, events and effects, unless it is in memory and up to date.
func (e *Engine) load(in *instance) error {
	e.mu.Lock()
	fresh := in.loaded && !in.reload
	results := in.inbox[:0:0]
	if !fresh {
		for _, p := range in.inbox {
			if p.seq == "" { // a result: it is nowhere but here
				results = append(results, p)
			}
		}
		in.inbox, in.reload, in.loaded = results, false, true
	}
	e.mu.Unlock()
	if fresh {
		return nil
	}
	var events []pending
	var effects []effect
	m := e.machines[in.kind]
	if m == nil {
		return fmt.Errorf("%w of kind %q", errNoMachine, in.kind)
	}
	parts := map[string][]byte{}
	err := e.db.View(e.ctx, func(tx *db.Tx) error {
		clear(parts)
		var err error
		if parts[head], err = db.One(tx, in.scan, `SELECT state, step, COALESCE(wake_at, 0), fence FROM durable_instance
			WHERE kind = $1 AND id = $2 AND node = $3`, in.kind, in.id, e.node); err != nil {
			return err
		}
		if m.parts {
			if err := loadParts(tx, in.key, parts); err != nil {
				return err
			}
		}
		if events, err = db.All(tx, scanPending, `SELECT id, name, data FROM durable_event
			WHERE kind = $1 AND instance = $2 ORDER BY id`, in.kind, in.id); err != nil {
			return err
		}
		effects, err = db.All(tx, scanEffect, `SELECT id, name, args FROM durable_effect
			WHERE kind = $1 AND instance = $2`, in.kind, in.id)
		return err
	})
	if errors.Is(err, db.ErrNotFound) { // ended, or another node's by now
		in.state = nil
		return nil
	}
	if err != nil {
		e.mu.Lock()
		in.reload = true
		e.mu.Unlock()
		return err
	}
	if in.state, err = m.load(parts); err != nil {
		if again := new(retry); errors.As(err, &again) {
			e.mu.Lock()
			in.reload = true
			e.mu.Unlock()
			return err
		}
		return fmt.Errorf("%w: %w", errUnreadable, err)
	}
	e.mu.Lock()
	in.inbox = merge(events, in.inbox, effects)
	results = in.inbox
	e.mu.Unlock()
	e.resume(in, effects, results)
	return nil
}

func loadParts(tx *db.Tx, k key, into map[string][]byte) error {
	_, err := db.All(tx, func(r db.Row) (struct{}, error) {
		var name string
		var data []byte
		err := r.Scan(&name, &data)
		into[name] = data
		return struct{}{}, err
	}, `SELECT name, data FROM durable_part WHERE kind = $1 AND instance = $2`, k.kind, k.id)
	return err
}

var (
	errNoMachine  = errors.New("no machine for instances")
	errUnreadable = errors.New("its state cannot be read")
)

// resume has exactly the stored effects under way: those without a result run, those that a commit
// of unknown outcome has ended do not.
func (e *Engine) resume(in *instance, effects []effect, inbox []pending) {
	if in.running == nil {
		in.running = map[string]context.CancelFunc{}
	}
	stored := map[string]bool{}
	for _, f := range effects {
		stored[f.id] = true
	}
	for id, cancel := range in.running {
		if !stored[id] {
			cancel()
			delete(in.running, id)
		}
	}
	for _, f := range effects {
		if !hasResult(inbox, f.id) {
			e.launch(in, f)
		}
	}
}

// scan reads the instance's own row; it returns the state's first part.
func (in *instance) scan(r db.Row) (state []byte, err error) {
	var wake int64
	err = r.Scan(&state, &in.step, &wake, &in.fence)
	in.wakeAt = time.Time{}
	if wake != 0 {
		in.wakeAt = time.UnixMilli(wake)
	}
	return state, err
}

func scanPending(r db.Row) (p pending, err error) {
	var data []byte
	err = r.Scan(&p.seq, &p.ev.Name, &data)
	p.ev.Data = data
	return p, err
}

func scanEffect(r db.Row) (f effect, err error) {
	var args []byte
	err = r.Scan(&f.id, &f.name, &args)
	f.args = args
	return f, err
}

// merge puts stored events before what arrived in memory while they were read, each once. A result
// whose effect is not stored any more has been decided on.
func merge(stored, arrived []pending, effects []effect) []pending {
	seen, open := map[string]bool{}, map[string]bool{}
	for _, p := range stored {
		seen[p.seq] = true
	}
	for _, f := range effects {
		open[f.id] = true
	}
	for _, p := range arrived {
		if p.seq == "" && open[p.ev.EffectID] || p.seq != "" && !seen[p.seq] {
			stored = append(stored, p)
		}
	}
	return stored
}

func hasResult(ps []pending, effectID string) bool {
	for _, p := range ps {
		if p.ev.EffectID == effectID {
			return true
		}
	}
	return false
}

// decide takes the decisions that are due, in memory only: on the events that wait, or else, if its time has come, on
// a wake-up.
func (e *Engine) decide(in *instance) (*outcome, error) {
	o := &outcome{in: in, decision: decision{state: in.state, wakeAt: in.wakeAt}}
	if in.state == nil {
		o.lost = true
		return o, nil
	}
	e.mu.Lock()
	o.taken = in.inbox[:len(in.inbox):len(in.inbox)]
	e.mu.Unlock()
	now := e.clock.Now()
	evs := make([]Event, len(o.taken))
	for i, p := range o.taken {
		evs[i] = p.ev
	}
	if len(evs) == 0 && !o.wakeAt.IsZero() && !o.wakeAt.After(now) {
		evs = []Event{{Name: Woken}}
	}
	if len(evs) == 0 {
		return o, nil
	}
	return o, o.take(e.machines[in.kind], evs, now)
}

// take has the instance decide on events.
func (o *outcome) take(m *machine, evs []Event, now time.Time) (err error) {
	o.decision, err = m.decide(o.in.state, evs, now)
	if !o.wakeAt.IsZero() && !o.wakeAt.After(now) {
		o.wakeAt = now.Add(time.Millisecond)
	}
	o.decided = true
	return err
}

// drop forgets an instance that is not this node's to decide on; its effects are given up.
func (e *Engine) drop(in *instance) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, cancel := range in.running {
		cancel()
		delete(in.running, id)
	}
	if in.reload { // word of it came meanwhile
		e.makeReady(in)
	} else if e.live[in.key] == in {
		delete(e.live, in.key)
	}
}

// postpone tries again after a moment: the database is in trouble, not the instance.
func (e *Engine) postpone(in *instance, err error) {
	if e.ctx.Err() != nil {
		return
	}
	slog.Warn("instance not committed, trying again", "kind", in.kind, "id", in.id, "error", err)
	time.AfterFunc(250*time.Millisecond, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.ctx.Err() == nil {
			e.makeReady(in)
		}
	})
}
