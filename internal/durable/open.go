package durable

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/headgate/headgate/internal/db"
)

// Opening is a new instance that has decided on its start and waits to be written. An instance that needs nothing but
// its start so costs one commit, the caller's own, and leaves no row.
type Opening struct {
	e *Engine
	o *outcome
}

// Open has a new instance decide on Started, in memory only. The state is a Process's, or of the type that the Machine
// keeps; it is the instance's from here on.
func (e *Engine) Open(kind, name string, state any) (*Opening, error) {
	m := e.machines[kind]
	if m == nil {
		return nil, fmt.Errorf("%w of kind %q", errNoMachine, kind)
	}
	if !m.parts {
		raw, err := json.Marshal(state)
		if err != nil {
			return nil, fmt.Errorf("state of %s %s: %w", kind, name, err)
		}
		state = raw
	}
	in := &instance{key: key{kind, name}, loaded: true, state: state, step: 1, fence: 1}
	o := &outcome{in: in}
	if err := o.take(m, []Event{{Name: Started}}, e.clock.Now()); err != nil {
		return nil, err
	}
	return &Opening{e, o}, nil
}

// Done tells whether the instance ends with its start.
func (p *Opening) Done() bool { return p.o.done }

// Write makes the instance within the caller's transaction. Its effects run once that is committed. A transaction that
// is tried again may write it again; nothing else may write it twice.
func (p *Opening) Write(tx *db.Tx) error {
	o, in := p.o, p.o.in
	w := writing{trips: p.e.db.Postgres()}
	w.insert(o)
	if !o.done {
		if _, err := tx.Exec(`INSERT INTO durable_instance (kind, id, state, step, node, fence, wake_at) VALUES ($1, $2, $3, 1, $4, 1, $5)`,
			in.kind, in.id, o.parts[head], p.e.node, o.wake()); err != nil {
			return fmt.Errorf("create %s %s: %w", in.kind, in.id, err)
		}
		w.add(o)
		tx.OnCommit(p.begin)
	}
	if o.then != nil {
		tx.OnCommit(o.then)
	}
	if err := p.e.also(tx, o); err != nil {
		return err
	}
	if err := w.run(tx); err != nil {
		return fmt.Errorf("create %s %s: %w", in.kind, in.id, err)
	}
	if o.within != nil {
		return o.within(tx)
	}
	return nil
}

// begin carries the committed start out.
func (p *Opening) begin() {
	e, in := p.e, p.o.in
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.live[in.key] != nil { // word of it was quicker, and has it read from the store
		return
	}
	if e.ctx == nil || e.ctx.Err() != nil { // Start finds it
		return
	}
	in.state, in.wakeAt = p.o.state, p.o.wakeAt
	e.wakeBy(in.wakeAt)
	select {
	case e.nudge <- struct{}{}: // wakeAt may have changed
	default:
	}
	if len(p.o.effects) == 0 {
		return // it sleeps
	}
	e.live[in.key] = in
	in.running = map[string]context.CancelFunc{}
	for _, f := range p.o.effects {
		e.launch(in, f)
	}
}
