package durable

import (
	"fmt"
	"strings"
	"time"

	"github.com/headgate/headgate/internal/db"
)

// Process is a kind of instance with a big state. The state is decoded once and stays in memory for as long as the
// instance is awake on its node; it is stored in parts, of which a decision writes those that have changed. And it
// decides on all events that wait for it at once.
type Process[S any] struct {
	Kind string
	// Load makes the state of its stored parts. An error made by Retry has it tried again later.
	Load func(parts map[string][]byte) (S, error)
	// Decide lets events happen to the state, in their order. It may change the state in place: a state whose
	// decision could not be committed is thrown away, and loaded anew. It touches nothing else.
	Decide func(state S, evs []Event, now time.Time) Change
	// Effects are what a decision may have done, by name.
	Effects map[string]EffectFunc
}

// Change is what follows from events; see Decision for what both have.
type Change struct {
	// Parts are the parts of the state that have changed, by name; nil for one that went. The part named "" is in
	// the instance's own row and costs nothing extra: the first decision must have it, and each later one should.
	Parts   map[string][]byte
	Rows    []db.Stmt
	Inserts []Insert // rows too, but written after Rows and together with those of other instances
	Notices []db.Notice
	Signals []Signal
	Spawns  []Spawn // instances to create in the same transaction
	Effects []Effect
	WakeAt  time.Time
	Done    bool
	// Within is called in the transaction, after all else: for what depends on what is there. Like all of a decision it
	// may be tried again.
	Within func(tx *db.Tx) error
	// Then is called once all this is committed, unless the node dies before: for what may be lost. It must not block.
	Then func()
}

// Insert is a new row: the table's name with its columns, "setting (name, value)", and the values.
type Insert struct {
	Into   string
	Values []any
}

// Spawn is a new instance; see Engine.Create.
type Spawn struct {
	Kind, Instance string
	State          any
}

// head is the part that the instance's own row holds.
const head = ""

// RegisterProcess adds a kind of instance; call it before Start.
func RegisterProcess[S any](e *Engine, p Process[S]) {
	x := &machine{kind: p.Kind, effects: p.Effects, parts: true}
	x.load = func(parts map[string][]byte) (any, error) {
		s, err := p.Load(parts)
		if err != nil {
			return nil, fmt.Errorf("state of %s: %w", p.Kind, err)
		}
		return s, nil
	}
	x.decide = func(state any, evs []Event, now time.Time) (out decision, err error) {
		s, ok := state.(S)
		if !ok {
			return out, fmt.Errorf("state of %s is a %T", p.Kind, state)
		}
		d, err := guard(p.Kind, names(evs), func() Change { return p.Decide(s, evs, now) })
		if err != nil {
			return out, err
		}
		out = decision{state: s, parts: d.Parts, rows: d.Rows, inserts: d.Inserts, notices: d.Notices, signals: d.Signals, spawns: d.Spawns,
			wakeAt: d.WakeAt, done: d.Done, within: d.Within, then: d.Then}
		return out, x.ask(&out, d.Effects)
	}
	e.machines[p.Kind] = x
}

func names(evs []Event) string {
	var b strings.Builder
	for i, ev := range evs {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(ev.Name)
	}
	return b.String()
}
