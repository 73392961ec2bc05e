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
	state   []byte
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

// outcome is what one instance's decisions of this round come to.
type outcome struct {
	in       *instance
	taken    []pending // what was decided on, from the front of the inbox
	decision           // the last one's state, wake-up and end; everybody's rows, notices and effects
	steps    int64
	lost     bool // another node has it, or this one went further than its memory knows
}

func (o *outcome) decided() bool { return o.steps > 0 }

// step lets a batch of instances decide and commits their decisions together.
func (e *Engine) step(batch []*instance) {
	e.mu.Lock()
	for _, in := range batch {
		in.queued = false
	}
	e.mu.Unlock()
	var out []*outcome
	for _, in := range batch {
		if err := e.load(in); err != nil {
			e.postpone(in, err)
			continue
		}
		o, err := e.decide(in)
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

// commit writes the outcomes in one transaction; if that fails, each by itself, so that one that
// cannot be written holds nobody up.
func (e *Engine) commit(out []*outcome) {
	err := e.db.Update(e.ctx, func(tx *db.Tx) error {
		for _, o := range out {
			if err := e.write(tx, o); err != nil {
				return err
			}
		}
		return nil
	})
	switch {
	case err == nil:
		for _, o := range out {
			e.apply(o)
		}
	case len(out) > 1:
		for _, o := range out {
			e.commit([]*outcome{o})
		}
	case len(out) == 1:
		e.mu.Lock()
		out[0].in.reload = true // the commit may or may not have happened
		if errors.Is(err, errDecided) {
			e.makeReady(out[0].in)
		}
		e.mu.Unlock()
		if !errors.Is(err, errDecided) {
			e.postpone(out[0].in, err)
		}
	}
}

// errDecided marks an event that came to memory twice: read from the store between its commit and
// the word of it, and then by that word. Only the row tells that it has been decided on.
var errDecided = errors.New("an event has been decided on before")

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
	err := e.db.View(e.ctx, func(tx *db.Tx) error {
		if _, err := db.One(tx, in.scan, `SELECT state, step, COALESCE(wake_at, 0), fence FROM durable_instance
			WHERE kind = $1 AND id = $2 AND node = $3`, in.kind, in.id, e.node); err != nil {
			return err
		}
		var err error
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
	e.mu.Lock()
	in.inbox = merge(events, in.inbox, effects)
	results = in.inbox
	e.mu.Unlock()
	e.resume(in, effects, results)
	return nil
}

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

func (in *instance) scan(r db.Row) (struct{}, error) {
	var wake int64
	err := r.Scan(&in.state, &in.step, &wake, &in.fence)
	in.wakeAt = time.Time{}
	if wake != 0 {
		in.wakeAt = time.UnixMilli(wake)
	}
	return struct{}{}, err
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

// decide takes the decisions that are due, in memory only.
func (e *Engine) decide(in *instance) (*outcome, error) {
	o := &outcome{in: in, decision: decision{state: in.state, wakeAt: in.wakeAt}}
	if in.state == nil {
		o.lost = true
		return o, nil
	}
	m := e.machines[in.kind]
	if m == nil {
		return nil, fmt.Errorf("no machine for instances of kind %q", in.kind)
	}
	e.mu.Lock()
	inbox := in.inbox[:len(in.inbox):len(in.inbox)]
	e.mu.Unlock()
	now := e.clock.Now()
	take := func(ev Event) error {
		d, err := m.decide(o.state, ev, now)
		if err != nil {
			return err
		}
		d.rows = append(o.rows, d.rows...)
		d.notices = append(o.notices, d.notices...)
		d.effects = append(o.effects, d.effects...)
		if !d.wakeAt.IsZero() && !d.wakeAt.After(now) {
			d.wakeAt = now.Add(time.Millisecond)
		}
		o.decision, o.steps = d, o.steps+1
		return nil
	}
	for _, p := range inbox {
		if o.done {
			break
		}
		o.taken = append(o.taken, p)
		if err := take(p.ev); err != nil {
			return nil, err
		}
	}
	if !o.done && !o.wakeAt.IsZero() && !o.wakeAt.After(now) {
		return o, take(Event{Name: Woken})
	}
	return o, nil
}

// write puts an outcome into the transaction, provided that the instance is still this node's.
func (e *Engine) write(tx *db.Tx, o *outcome) error {
	in := o.in
	if !o.decided() || o.lost {
		return nil
	}
	var n int64
	var err error
	if o.done {
		n, err = tx.Exec(`DELETE FROM durable_instance WHERE kind = $1 AND id = $2 AND fence = $3 AND step = $4`,
			in.kind, in.id, in.fence, in.step)
	} else {
		var wake any
		if !o.wakeAt.IsZero() {
			wake = o.wakeAt.UnixMilli()
		}
		n, err = tx.Exec(`UPDATE durable_instance SET state = $1, step = step + $2, wake_at = $3
			WHERE kind = $4 AND id = $5 AND fence = $6 AND step = $7`,
			o.state, o.steps, wake, in.kind, in.id, in.fence, in.step)
	}
	if err != nil {
		return err
	}
	if o.lost = n == 0; o.lost {
		return nil
	}
	if err := e.writeEvents(tx, o); err != nil {
		return err
	}
	for _, x := range o.notices {
		tx.Notify(x.Topic, x.Payload)
	}
	return tx.Run(o.rows...)
}

// writeEvents removes what was decided on and adds the effects decided.
func (e *Engine) writeEvents(tx *db.Tx, o *outcome) error {
	in := o.in
	for _, p := range o.taken {
		n := int64(1)
		var err error
		if p.seq != "" {
			n, err = tx.Exec(`DELETE FROM durable_event WHERE id = $1`, p.seq)
		} else {
			_, err = tx.Exec(`DELETE FROM durable_effect WHERE kind = $1 AND instance = $2 AND id = $3`, in.kind, in.id, p.ev.EffectID)
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return errDecided
		}
	}
	if o.done {
		return tx.Run(
			db.Stmt{SQL: `DELETE FROM durable_event WHERE kind = $1 AND instance = $2`, Args: []any{in.kind, in.id}},
			db.Stmt{SQL: `DELETE FROM durable_effect WHERE kind = $1 AND instance = $2`, Args: []any{in.kind, in.id}})
	}
	for _, f := range o.effects {
		if _, err := tx.Exec(`INSERT INTO durable_effect (kind, instance, id, name, args) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT DO NOTHING`, in.kind, in.id, f.id, f.name, []byte(f.args)); err != nil {
			return err
		}
	}
	return nil
}

// apply carries a committed outcome out: memory follows, effects start.
func (e *Engine) apply(o *outcome) {
	in := o.in
	if o.lost && in.state != nil { // whose it is, and how far, is to be read: a commit that failed may have happened
		e.mu.Lock()
		defer e.mu.Unlock()
		in.reload = true
		e.makeReady(in)
		return
	}
	if o.lost || o.done {
		e.drop(in)
		return
	}
	in.state, in.wakeAt, in.step = o.state, o.wakeAt, in.step+o.steps
	for _, p := range o.taken {
		if p.seq == "" {
			delete(in.running, p.ev.EffectID)
		}
	}
	for _, f := range o.effects {
		e.launch(in, f)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	in.inbox = append([]pending(nil), in.inbox[len(o.taken):]...)
	e.wakeBy(in.wakeAt)
	switch {
	case len(in.inbox) > 0 || in.reload:
		e.makeReady(in)
	case len(in.running) == 0 && !in.queued:
		delete(e.live, in.key)
	}
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
