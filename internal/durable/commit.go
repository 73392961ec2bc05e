package durable

import (
	"errors"

	"github.com/headgate/headgate/internal/db"
)

// commit writes the outcomes in one transaction; if that fails, each by itself, so that one that
// cannot be written holds nobody up.
func (e *Engine) commit(out []*outcome) {
	err := e.db.Update(e.ctx, func(tx *db.Tx) error { return e.write(tx, out) })
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

// write puts outcomes into the transaction, each provided that its instance is still this node's.
func (e *Engine) write(tx *db.Tx, out []*outcome) error {
	var w writing
	for _, o := range out {
		if !o.decided {
			continue
		}
		n, err := o.own(tx)
		if err != nil {
			return err
		}
		if o.lost = n == 0; o.lost {
			continue
		}
		w.add(o)
		if err := e.also(tx, o); err != nil {
			return err
		}
	}
	return w.run(tx)
}

// own writes the instance's own row. It returns 0 if that is another node's, or went further.
func (o *outcome) own(tx *db.Tx) (int64, error) {
	in := o.in
	if o.done {
		return tx.Exec(`DELETE FROM durable_instance WHERE kind = $1 AND id = $2 AND fence = $3 AND step = $4`,
			in.kind, in.id, in.fence, in.step)
	}
	var wake any
	if !o.wakeAt.IsZero() {
		wake = o.wakeAt.UnixMilli()
	}
	if state, changed := o.parts[head]; changed {
		return tx.Exec(`UPDATE durable_instance SET state = $1, wake_at = $2, step = step + 1
			WHERE kind = $3 AND id = $4 AND fence = $5 AND step = $6`, state, wake, in.kind, in.id, in.fence, in.step)
	}
	return tx.Exec(`UPDATE durable_instance SET wake_at = $1, step = step + 1
		WHERE kind = $2 AND id = $3 AND fence = $4 AND step = $5`, wake, in.kind, in.id, in.fence, in.step)
}

// also writes what a decision wants of others.
func (e *Engine) also(tx *db.Tx, o *outcome) error {
	for _, s := range o.signals {
		if err := e.Signal(tx, s.Kind, s.Instance, s.Event, s.Data); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	for _, s := range o.spawns {
		if err := e.Create(tx, s.Kind, s.Instance, s.State); err != nil {
			return err
		}
	}
	for _, x := range o.notices {
		tx.Notify(x.Topic, x.Payload)
	}
	return tx.Run(o.rows...)
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
	if o.then != nil && !o.lost {
		o.then()
	}
	if o.lost || o.done {
		e.drop(in)
		return
	}
	in.state, in.wakeAt = o.state, o.wakeAt
	if o.decided {
		in.step++
	}
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
