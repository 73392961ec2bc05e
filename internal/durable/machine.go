package durable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/headgate/headgate/internal/db"
)

// Machine is a kind of instance with state S, which is kept as JSON.
type Machine[S any] struct {
	Kind string
	// Decide must be pure: the same arguments give the same decision, and nothing else is touched.
	Decide func(state S, ev Event, now time.Time) Decision[S]
	// Effects are what a decision may have done, by name.
	Effects map[string]EffectFunc
}

// EffectFunc acts on the world. It runs at least once for each effect decided; call.Key is the same
// every time. Its result, or its error, comes back as an Event named after the effect. An error
// made by Retry is not an event: the effect runs again. When the instance ends, or the node stops, ctx ends.
type EffectFunc func(ctx context.Context, call Call) (any, error)

// Call is one run of an effect.
type Call struct {
	Kind, Instance string
	EffectID       string
	Args           json.RawMessage
}

// Key is unique to the effect, and stable over its repeats: an idempotency token.
func (c Call) Key() string { return c.Kind + "/" + c.Instance + "/" + c.EffectID }

// Names of the events that the engine itself sends.
const (
	Started = "started" // the instance was created
	Woken   = "woken"   // WakeAt has come
)

// Event is what happened to an instance: Started, Woken, a Signal's name, or the name of an effect
// that has ended (then EffectID is set, and Failure if it failed).
type Event struct {
	Name     string
	EffectID string
	Data     json.RawMessage
	Failure  *Failure
}

// Failure is an effect's error as an event carries it.
type Failure struct {
	Code    string `json:"code,omitempty"` // the API error's code, if it was one
	Message string `json:"message"`
}

func (f *Failure) Error() string { return f.Message }

// Decode reads the event's data into v.
func (e Event) Decode(v any) error {
	if err := json.Unmarshal(e.Data, v); err != nil {
		return fmt.Errorf("event %s: %w", e.Name, err)
	}
	return nil
}

// Decision is what follows from an event.
type Decision[S any] struct {
	State   S
	Rows    []db.Stmt // written in the same transaction: what others may read of the instance
	Notices []db.Notice
	Signals []Signal  // sent in the same transaction
	Effects []Effect  // run after the commit
	WakeAt  time.Time // platform time; zero: only events wake the instance. It replaces an earlier one.
	Done    bool      // the instance ends, its row goes, running effects are cancelled
}

// Signal is an event for another instance; one that is not there any more does not get it.
type Signal struct {
	Kind, Instance string
	Event          string
	Data           any
}

// Effect asks for Name to be run with Args. ID must be unique among the instance's effects under way;
// deciding an ID that is under way again changes nothing.
type Effect struct {
	ID, Name string
	Args     any
}

type retry struct {
	err   error
	after time.Duration
}

func (r *retry) Error() string { return r.err.Error() }
func (r *retry) Unwrap() error { return r.err }

// Retry marks an effect's error as passing: the effect runs again after the time given (platform time).
func Retry(err error, after time.Duration) error { return &retry{err, after} }

// machine is a Machine or a Process with its state's type erased.
type machine struct {
	kind    string
	parts   bool // there may be more than the head
	load    func(parts map[string][]byte) (any, error)
	decide  func(state any, evs []Event, now time.Time) (decision, error)
	effects map[string]EffectFunc
}

// decision is what follows from all events of a round.
type decision struct {
	state   any               // as it stays in memory
	parts   map[string][]byte // as it is stored: what has changed
	rows    []db.Stmt
	inserts []Insert
	notices []db.Notice
	signals []Signal
	spawns  []Spawn
	effects []effect
	wakeAt  time.Time
	done    bool
	within  func(tx *db.Tx) error
	then    func()
}

type effect struct {
	id, name string
	args     json.RawMessage
}

// Register adds a kind of instance; call it before Start. A round's events are decided on one after another.
func Register[S any](e *Engine, m Machine[S]) {
	x := &machine{kind: m.Kind, effects: m.Effects}
	x.load = func(parts map[string][]byte) (any, error) { return parts[head], nil }
	x.decide = func(state any, evs []Event, now time.Time) (out decision, err error) {
		var s S
		raw, _ := state.([]byte)
		if err := json.Unmarshal(raw, &s); err != nil {
			return out, fmt.Errorf("state of %s: %w", m.Kind, err)
		}
		for _, ev := range evs {
			d, err := guard(m.Kind, ev.Name, func() Decision[S] { return m.Decide(s, ev, now) })
			if err != nil {
				return out, err
			}
			s, out.wakeAt, out.done = d.State, d.WakeAt, d.Done
			out.rows, out.notices = append(out.rows, d.Rows...), append(out.notices, d.Notices...)
			out.signals = append(out.signals, d.Signals...)
			if err := x.ask(&out, d.Effects); err != nil {
				return out, err
			}
			if d.Done {
				break
			}
		}
		if raw, err = json.Marshal(s); err != nil {
			return out, fmt.Errorf("state of %s: %w", m.Kind, err)
		}
		out.state, out.parts = raw, map[string][]byte{head: raw}
		return out, nil
	}
	e.machines[m.Kind] = x
}

// ask adds effects to a decision.
func (m *machine) ask(d *decision, effects []Effect) error {
	for _, f := range effects {
		if m.effects[f.Name] == nil {
			return fmt.Errorf("%s decided on an effect %q that it does not have", m.kind, f.Name)
		}
		args, err := json.Marshal(f.Args)
		if err != nil {
			return fmt.Errorf("arguments of effect %s: %w", f.Name, err)
		}
		d.effects = append(d.effects, effect{f.ID, f.Name, args})
	}
	return nil
}

// guard turns a panic of a Decide into an error.
func guard[D any](kind, event string, decide func() D) (d D, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("decide %s on %s: panic: %v", kind, event, p)
		}
	}()
	return decide(), nil
}

func failureOf(err error) *Failure {
	f := &Failure{Message: err.Error()}
	var api interface{ ErrorCode() string }
	if errors.As(err, &api) {
		f.Code = api.ErrorCode()
	}
	var msg interface{ ErrorMessage() string }
	if errors.As(err, &msg) {
		f.Message = msg.ErrorMessage()
	}
	return f
}
