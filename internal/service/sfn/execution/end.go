package execution

import (
	"time"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
)

// ended is an execution's end: its row, what a redrive needs, and word to who waits for it.
func (d *deciding) ended() {
	p, x := d.p, d.p.x
	d.out.Done = true
	if !p.opening {
		d.rows(db.Stmt{SQL: `UPDATE sfn_execution SET status = $1, stopped_at = $2, events = $3, output = $4, error = $5, cause = $6
			WHERE account = $7 AND region = $8 AND arn = $9`,
			Args: []any{string(x.Status), millis(x.StoppedAt), x.LastEvent, output(x), x.Error, x.Cause, x.Account, x.Region, x.ARN}})
	}
	if p.Exact {
		d.rows(db.Stmt{SQL: `DELETE FROM sfn_pin WHERE execution = $1`, Args: []any{x.ARN}})
	}
	if x.Status != asl.Succeeded {
		d.rows(keep(p.ID, stored{p.facts, x}, x.StoppedAt))
	}
	if p.Parent != nil {
		d.tell(*p.Parent)
	}
	if !p.opening { // else the start has just seen the state machine
		d.out.Within = func(tx *db.Tx) error { return d.s.registry.Ended(tx, x.MachineARN) }
	}
	d.out.Then = d.s.after(p, d.history)
}

// keep stores the state of an instance that has ended, for a redrive.
func keep(instance string, state any, stopped time.Time) db.Stmt {
	return db.Stmt{SQL: `INSERT INTO sfn_redrive (execution, state, stopped_at) VALUES ($1, $2, $3)`, Args: []any{instance, encode(state), millis(stopped)}}
}

// output is what an execution that succeeded returns.
func output(x *asl.Execution) string {
	if x.Status != asl.Succeeded {
		return ""
	}
	return x.Output.String()
}

// tell tells a parent.
func (d *deciding) tell(to parent) {
	x := d.p.x
	if to.Kind == kindMapRun {
		d.signal(kindMapRun, to.Instance, eventChild, asl.ChildEnded{Index: to.Index, Status: x.Status, Output: x.Output, Error: x.Error, Cause: x.Cause,
			Final: x.Status != asl.Succeeded && x.LastEvent >= redriveEvents, Round: d.p.Round})
		return
	}
	event, data := childResult(d.p, to)
	d.signal(to.Kind, to.Instance, event, data)
}

// historyChunk bounds how many events share a row.
const historyChunk = 500

// historyRows writes events; the key forbids that one is written twice.
func historyRows(execution string, events []asl.HistoryEvent) []durable.Insert {
	var out []durable.Insert
	for len(events) > 0 {
		n := min(len(events), historyChunk)
		out = append(out, durable.Insert{Into: "sfn_history (execution, first, last, events)",
			Values: []any{execution, events[0].ID, events[n-1].ID, string(encode(events[:n]))}})
		events = events[n:]
	}
	return out
}
