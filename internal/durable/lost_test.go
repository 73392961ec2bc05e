package durable

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

// listener is a machine whose effect goes on until it is given up, and which counts the signals.
func listener(ran chan<- string) Machine[int] {
	return Machine[int]{Kind: "listener",
		Decide: func(n int, ev Event, _ time.Time) Decision[int] {
			if ev.Name == Started {
				return Decision[int]{State: n, Effects: []Effect{{ID: "listen", Name: "listen"}}}
			}
			return Decision[int]{State: n + 1}
		},
		Effects: map[string]EffectFunc{"listen": func(ctx context.Context, c Call) (any, error) {
			ran <- c.EffectID
			<-ctx.Done()
			return nil, ctx.Err()
		}}}
}

func started(t *testing.T, d *db.DB) (e *Engine, ran chan string) {
	t.Helper()
	e, ran = New(d, clock.New(clock.Anchor{}), "a"), make(chan string, 100)
	Register(e, listener(ran))
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	update(t, d, func(tx *db.Tx) error { return e.Create(tx, "listener", "x", 0) })
	<-ran
	return e, ran
}

func update(t *testing.T, d *db.DB, f func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Update(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// heard waits until no event is waiting, and returns how many the instance has decided on.
func heard(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		var waiting int64
		if err := d.View(t.Context(), func(tx *db.Tx) (err error) {
			if waiting, err = db.One(tx, db.Value[int64], `SELECT COUNT(*) FROM durable_event`); err != nil {
				return err
			}
			state, err := db.One(tx, db.Value[[]byte], `SELECT state FROM durable_instance WHERE id = 'x'`)
			if err != nil {
				return err
			}
			return json.Unmarshal(state, &n)
		}); err != nil {
			t.Fatal(err)
		}
		if waiting == 0 {
			return n
		}
		if time.Now().After(end) {
			t.Fatal("an event still waits after 20 s")
		}
	}
}

// An instance that is read between an event's commit and the word of it sees the event twice.
func TestAnEventThatComesToMemoryTwiceIsDecidedOnOnce(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		e, _ := started(t, d)
		var seq string
		update(t, d, func(tx *db.Tx) (err error) {
			if err = e.Signal(tx, "listener", "x", "hello", nil); err == nil {
				seq, err = db.One(tx, db.Value[string], `SELECT id FROM durable_event`)
			}
			return err
		})
		heard(t, d)
		e.arrive(key{"listener", "x"}, pending{seq: seq, ev: Event{Name: "hello"}})
		update(t, d, func(tx *db.Tx) error { return e.Signal(tx, "listener", "x", "hello", nil) })
		if n := heard(t, d); n != 2 {
			t.Errorf("2 signals count as %d", n)
		}
	})
}

func TestACommitOfWhichTheAnswerIsLostIsGoneOnFrom(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		e, ran := New(d, clock.New(clock.Anchor{}), "a"), make(chan string, 1)
		Register(e, listener(ran))
		e.ctx, e.cancel = context.WithCancel(t.Context())
		defer e.Stop()
		update(t, d, func(tx *db.Tx) error { return e.Create(tx, "listener", "x", 0) })
		in := e.ready[0]
		e.ready, in.queued = nil, false
		if err := e.load(in); err != nil {
			t.Fatal(err)
		}
		o, err := e.decide(in)
		if err != nil {
			t.Fatal(err)
		}
		update(t, d, func(tx *db.Tx) error { return e.write(tx, []*outcome{o}) }) // the first try: done, but nobody knows
		e.commit([]*outcome{o})
		for len(e.ready) > 0 {
			batch := e.ready
			e.ready = nil
			e.step(batch)
		}
		select {
		case <-ran:
		case <-time.After(5 * time.Second):
			t.Error("the effect decided on does not run")
		}
	})
}

func TestAnEventOfWhichNobodyWasToldIsFound(t *testing.T) {
	d := dbtest.Open(t, dbtest.Postgres(t))
	started(t, d)
	update(t, d, func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO durable_event (id, kind, instance, name, data) VALUES ($1, 'listener', 'x', 'hello', $2)`,
			fmt.Sprintf("%016x", time.Now().Add(-time.Minute).UnixNano()), []byte("null"))
		return err
	})
	if n := heard(t, d); n != 1 {
		t.Errorf("1 signal counts as %d", n)
	}
}

func TestLostNoticesAreMadeUpForWhileEffectsAreUnderWay(t *testing.T) {
	d := dbtest.Open(t, dbtest.Postgres(t))
	e, _ := started(t, d)
	update(t, d, func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO durable_event (id, kind, instance, name, data) VALUES ($1, 'listener', 'x', 'hello', $2)`,
			fmt.Sprintf("%016x", time.Now().UnixNano()), []byte("null"))
		return err
	})
	began := time.Now()
	e.noticed(db.Notice{Topic: topic})
	if n := heard(t, d); n != 1 || time.Since(began) > leaseRenew-100*time.Millisecond {
		t.Errorf("%d heard after %v", n, time.Since(began))
	}
}

func TestStopDoesNotWaitForAnEffectThatDoesNotHeedIt(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	e, began, release := New(d, clock.New(clock.Anchor{}), "a"), make(chan struct{}), make(chan struct{})
	defer close(release)
	Register(e, Machine[int]{Kind: "deaf",
		Decide: func(n int, _ Event, _ time.Time) Decision[int] {
			return Decision[int]{State: n, Effects: []Effect{{ID: "run", Name: "run"}}}
		},
		Effects: map[string]EffectFunc{"run": func(context.Context, Call) (any, error) { close(began); <-release; return nil, nil }}})
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	update(t, d, func(tx *db.Tx) error { return e.Create(tx, "deaf", "x", 0) })
	<-began
	stopped := make(chan struct{})
	go func() { e.Stop(); close(stopped) }()
	select {
	case <-stopped:
	case <-time.After(patience + 5*time.Second):
		t.Error("Stop still waits")
	}
}
