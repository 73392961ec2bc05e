package execution

import (
	"encoding/json"
	"log/slog"
	"time"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

// Events that signals bring, beside effects' results.
const (
	eventStop      = "stop"      // asl.Stop
	eventTaken     = "taken"     // asl.TaskStarted: a worker has an activity's task
	eventBeat      = "beat"      // asl.TaskHeartbeat
	eventSucceeded = "succeeded" // asl.TaskSucceeded, by a task token or by a child's end
	eventFailed    = "failed"    // asl.TaskFailed
	eventMapRun    = "maprun"    // asl.MapRunEnded
)

// deciding is one decision: what the events of a round come to.
type deciding struct {
	s   *Service
	p   *process
	now time.Time

	first            bool
	history          []asl.HistoryEvent
	changed, removed map[int64]bool
	out              durable.Change
}

// decide lets events happen to an execution.
func (s *Service) decide(p *process, evs []durable.Event, now time.Time) durable.Change {
	d := &deciding{s: s, p: p, now: now, changed: map[int64]bool{}, removed: map[int64]bool{}}
	for _, ev := range evs {
		d.event(ev)
	}
	if wake := p.x.NextWake(); !wake.IsZero() && !wake.After(now) {
		d.step(asl.Wake{})
	}
	return d.change()
}

func (d *deciding) event(ev durable.Event) {
	switch ev.Name {
	case durable.Started:
		d.first = true
		if d.p.Redrive {
			d.p.Redrive = false
			d.step(asl.Redrive{})
			return
		}
		d.step(asl.Start{})
	case durable.Woken:
		d.step(asl.Wake{})
	case effectTask, effectChild:
		d.called(ev)
	case eventStop:
		step[asl.Stop](d, ev)
	case eventTaken:
		step[asl.TaskStarted](d, ev)
	case eventBeat:
		step[asl.TaskHeartbeat](d, ev)
	case eventSucceeded, eventFailed:
		d.finished(ev)
	case eventMapRun:
		step[asl.MapRunEnded](d, ev)
	}
}

// finished takes a task's end from outside. A nested execution may end before the answer to its start is here: that
// end waits.
func (d *deciding) finished(ev durable.Event) {
	var e struct {
		TaskID string `json:"taskId"`
	}
	if !d.read(ev, &e) {
		return
	}
	if r, submitted, ok := d.p.m.Pending(d.p.x, e.TaskID); ok && !submitted && (r.Pattern == asl.Sync || r.Pattern == asl.Sync2) {
		if d.p.Held == nil {
			d.p.Held = map[string]held{}
		}
		d.p.Held[e.TaskID] = held{ev.Name, ev.Data}
		return
	}
	if ev.Name == eventSucceeded {
		step[asl.TaskSucceeded](d, ev)
	} else {
		step[asl.TaskFailed](d, ev)
	}
}

// step lets an event of the language happen that a signal brought.
func step[E asl.Event](d *deciding, ev durable.Event) {
	var e E
	if d.read(ev, &e) {
		d.step(e)
	}
}

func (d *deciding) read(ev durable.Event, into any) bool {
	err := json.Unmarshal(ev.Data, into)
	if err != nil {
		slog.Error("event of an execution cannot be read", "execution", d.p.x.ARN, "event", ev.Name, "error", err)
	}
	return err == nil
}

// called takes the answer to a task's call.
func (d *deciding) called(ev durable.Event) {
	if ev.Failure != nil {
		d.step(asl.TaskFailed{TaskID: ev.EffectID, Error: asl.ErrRuntime, Cause: ev.Failure.Message})
		return
	}
	var a integration.Answer
	if !d.read(ev, &a) {
		return
	}
	for name, version := range a.Pinned {
		d.pin(name, version)
	}
	r, _, ok := d.p.m.Pending(d.p.x, ev.EffectID)
	waits := ok && r.Pattern != asl.RequestResponse
	switch {
	case a.Failed:
		d.step(asl.TaskFailed{TaskID: ev.EffectID, Error: a.Error, Cause: a.Cause, Refused: a.Refused || waits})
	case waits:
		d.step(asl.TaskSubmitted{TaskID: ev.EffectID, Output: a.Output})
	default:
		d.step(asl.TaskSucceeded{TaskID: ev.EffectID, Output: a.Output})
	}
	if h, ok := d.p.Held[ev.EffectID]; ok {
		delete(d.p.Held, ev.EffectID)
		d.finished(durable.Event{Name: h.Event, Data: h.Data})
	}
}

func (d *deciding) step(ev asl.Event) {
	out := d.p.m.Step(d.p.x, ev, d.now)
	d.showPins(out.History)
	d.history = append(d.history, out.History...)
	for _, id := range out.Changed {
		d.changed[id] = true
	}
	for _, id := range out.Removed {
		d.removed[id] = true
		delete(d.changed, id)
	}
	for _, c := range out.Commands {
		d.command(c)
	}
}

// change is the decision.
func (d *deciding) change() durable.Change {
	p, x := d.p, d.p.x
	d.out.Inserts = append(d.out.Inserts, historyRows(p.ID, d.history)...)
	if x.Status != asl.Running {
		d.ended()
		return d.out
	}
	d.out.Parts = p.parts(d.first, d.changed, d.removed)
	d.out.WakeAt = x.NextWake()
	d.out.Then = d.s.after(p, d.history)
	return d.out
}

func (d *deciding) rows(r ...db.Stmt) { d.out.Rows = append(d.out.Rows, r...) }

func (d *deciding) effect(id, name string, args any) {
	d.out.Effects = append(d.out.Effects, durable.Effect{ID: id, Name: name, Args: args})
}

func (d *deciding) signal(instanceKind, instance, event string, data any) {
	d.out.Signals = append(d.out.Signals, durable.Signal{Kind: instanceKind, Instance: instance, Event: event, Data: data})
}
