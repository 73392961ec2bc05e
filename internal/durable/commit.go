package durable

import (
	"errors"
	"fmt"
	"strings"

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
	if err := e.own(tx, out); err != nil {
		return err
	}
	w := writing{trips: e.db.Postgres()}
	for _, o := range out {
		if !o.decided || o.lost {
			continue
		}
		w.add(o)
		w.insert(o)
		if err := e.also(tx, o); err != nil {
			return err
		}
	}
	if err := w.run(tx); err != nil {
		return err
	}
	for _, o := range out {
		if o.within != nil && !o.lost {
			if err := o.within(tx); err != nil {
				return err
			}
		}
	}
	return nil
}

// own writes the instances' own rows, and notes which are another node's, or went further.
func (e *Engine) own(tx *db.Tx, out []*outcome) error {
	var together []*outcome
	for _, o := range out {
		o.lost = o.in.state == nil
		switch {
		case !o.decided || o.lost:
		case e.db.Postgres() && !o.done && o.parts[head] != nil:
			together = append(together, o)
		default:
			n, err := o.own(tx)
			if err != nil {
				return err
			}
			o.lost = n == 0
		}
	}
	return ownTogether(tx, together)
}

// ownTogether writes many rows by one statement: where a statement is a round trip, that is most of the time.
func ownTogether(tx *db.Tx, out []*outcome) error {
	for size := group; len(out) > 0; size /= 2 {
		for len(out) >= size {
			byKey := map[key]*outcome{}
			var values []string
			var args []any
			for _, o := range out[:size] {
				o.lost = true
				byKey[o.in.key] = o
				n := len(args)
				values = append(values, fmt.Sprintf("(CAST($%d AS BYTEA), CAST($%d AS BIGINT), $%d, $%d, CAST($%d AS BIGINT), CAST($%d AS BIGINT))",
					n+1, n+2, n+3, n+4, n+5, n+6))
				args = append(args, o.parts[head], o.wake(), o.in.kind, o.in.id, o.in.fence, o.in.step)
			}
			written, err := db.All(tx, scanKey, `UPDATE durable_instance i SET state = v.state, wake_at = v.wake_at, step = i.step + 1
				FROM (VALUES `+strings.Join(values, ", ")+`) AS v (state, wake_at, kind, id, fence, step)
				WHERE i.kind = v.kind AND i.id = v.id AND i.fence = v.fence AND i.step = v.step RETURNING i.kind, i.id`, args...)
			if err != nil {
				return err
			}
			for _, k := range written {
				byKey[k].lost = false
			}
			out = out[size:]
		}
	}
	return nil
}

// wake is wakeAt as it is stored.
func (o *outcome) wake() any {
	if o.wakeAt.IsZero() {
		return nil
	}
	return o.wakeAt.UnixMilli()
}

// own writes the instance's own row. It returns 0 if that is another node's, or went further.
func (o *outcome) own(tx *db.Tx) (int64, error) {
	in := o.in
	if o.done {
		return tx.Exec(`DELETE FROM durable_instance WHERE kind = $1 AND id = $2 AND fence = $3 AND step = $4`,
			in.kind, in.id, in.fence, in.step)
	}
	wake := o.wake()
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
