package durable_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
	"github.com/headgate/headgate/internal/durable"
)

// tally is the test's machine: it runs effect after effect until it has Want results, then writes
// one row. Its effect counts how often it ran for each key.
type tally struct {
	Name       string
	Got, Want  int
	Signals    []int
	LastWakeup int64
	Sleep      time.Duration
}

const written = `INSERT INTO setting (name, value) VALUES ($1, $2)`

func tallyMachine(run func(ctx context.Context, c durable.Call) (any, error)) durable.Machine[tally] {
	return durable.Machine[tally]{
		Kind: "tally",
		Decide: func(s tally, ev durable.Event, now time.Time) durable.Decision[tally] {
			d := durable.Decision[tally]{}
			switch ev.Name {
			case "signal":
				var n int
				if ev.Decode(&n) == nil {
					s.Signals = append(s.Signals, n)
				}
			case "run":
				if ev.Failure == nil {
					s.Got++
				}
			case durable.Woken:
				s.LastWakeup = now.UnixMilli()
				s.Sleep = 0
			}
			switch {
			case s.Sleep > 0:
				d.WakeAt = now.Add(s.Sleep)
			case s.Got >= s.Want && ev.Name != "signal":
				d.Done = true
				d.Rows = []db.Stmt{{SQL: written, Args: []any{s.Name, fmt.Sprint(s.Got, s.Signals)}}}
			default:
				d.Effects = []durable.Effect{{ID: fmt.Sprint(s.Got), Name: "run", Args: s.Got}}
			}
			d.State = s
			return d
		},
		Effects: map[string]durable.EffectFunc{"run": run},
	}
}

func start(t *testing.T, d *db.DB, c clock.Clock, node string, m durable.Machine[tally]) *durable.Engine {
	t.Helper()
	e := durable.New(d, c, node)
	durable.Register(e, m)
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e
}

func create(t *testing.T, d *db.DB, e *durable.Engine, s tally) {
	t.Helper()
	if err := d.Update(t.Context(), func(tx *db.Tx) error { return e.Create(tx, "tally", s.Name, s) }); err != nil {
		t.Fatal(err)
	}
}

func rows(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	if err := d.View(t.Context(), func(tx *db.Tx) error {
		v, err := db.One(tx, db.Value[int64], `SELECT COUNT(*) FROM setting`)
		n = int(v)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not within 20 s: " + what)
		}
	}
}

func TestInstancesRunTheirEffectsOneAfterAnotherAndEnd(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		var ran atomic.Int64
		e := start(t, d, clock.New(clock.Anchor{}), "a", tallyMachine(func(context.Context, durable.Call) (any, error) {
			if ran.Add(1)%5 == 0 {
				return nil, durable.Retry(errors.New("once more"), time.Millisecond)
			}
			return nil, nil
		}))
		defer e.Stop()
		for i := range 50 {
			create(t, d, e, tally{Name: fmt.Sprint("t", i), Want: 4})
		}
		eventually(t, "50 rows", func() bool { return rows(t, d) == 50 })
		if n := ran.Load(); n < 200 {
			t.Errorf("%d effects ran, want at least 200", n)
		}
	})
}

func TestWhatIsUnderWayFinishesAfterAnyNumberOfRestarts(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		var mu sync.Mutex
		ran := map[string]int{}
		m := tallyMachine(func(ctx context.Context, c durable.Call) (any, error) {
			select {
			case <-time.After(time.Duration(rand.IntN(3)) * time.Millisecond):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			mu.Lock()
			defer mu.Unlock()
			ran[c.Key()]++
			return nil, nil
		})
		e := start(t, d, clock.New(clock.Anchor{}), "a", m)
		for i := range 20 {
			create(t, d, e, tally{Name: fmt.Sprint("t", i), Want: 10})
		}
		for range 10 {
			time.Sleep(time.Duration(rand.IntN(10)) * time.Millisecond)
			e.Stop()
			e = start(t, d, clock.New(clock.Anchor{}), "a", m)
		}
		defer e.Stop()
		eventually(t, "20 rows", func() bool { return rows(t, d) == 20 })
		if len(ran) != 200 {
			t.Errorf("%d different effects ran, want 200", len(ran))
		}
	})
}

func TestSignalsAreDecidedOnInOrderAndNoneIsLostOverARestart(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		fake := clock.NewFake(time.Unix(1e9, 0))
		m := tallyMachine(nil)
		m.Effects["run"] = func(context.Context, durable.Call) (any, error) { return nil, nil }
		e := start(t, d, fake, "a", m)
		create(t, d, e, tally{Name: "x", Want: 0, Sleep: 30 * 24 * time.Hour})
		want := "0 ["
		for i := range 30 {
			if err := d.Update(t.Context(), func(tx *db.Tx) error { return e.Signal(tx, "tally", "x", "signal", i) }); err != nil {
				t.Fatal(err)
			}
			if i%10 == 9 {
				e.Stop()
				e = start(t, d, fake, "a", m)
			}
			want += fmt.Sprint(i) + map[bool]string{true: " ", false: "]"}[i < 29]
		}
		defer e.Stop()
		eventually(t, "the row of the instance that slept", func() bool { fake.Advance(24 * time.Hour); return rows(t, d) == 1 })
		if err := d.View(t.Context(), func(tx *db.Tx) error {
			got, err := db.One(tx, db.Value[string], `SELECT value FROM setting`)
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
		err := d.Update(t.Context(), func(tx *db.Tx) error { return e.Signal(tx, "tally", "x", "signal", 0) })
		if !errors.Is(err, durable.ErrNotFound) {
			t.Errorf("signal to an ended instance: %v", err)
		}
	})
}

func TestADeadNodesInstancesAreTakenOverAndItsLateCommitsChangeNothing(t *testing.T) {
	url := dbtest.Postgres(t)
	da, db2 := dbtest.Open(t, url), dbtest.Open(t, url)
	hold, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	stuck := tallyMachine(func(context.Context, durable.Call) (any, error) {
		once.Do(func() { close(hold) })
		<-release
		return nil, nil
	})
	a := start(t, da, clock.New(clock.Anchor{}), "a", stuck)
	create(t, da, a, tally{Name: "x", Want: 1})
	<-hold
	// Node a stays alive but its lease is taken to have run out: the worst case.
	if err := db2.Update(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE durable_node SET expires_at = 0 WHERE node = 'a'`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	b := start(t, db2, clock.New(clock.Anchor{}), "b", tallyMachine(func(context.Context, durable.Call) (any, error) { return nil, nil }))
	defer b.Stop()
	eventually(t, "node b's row", func() bool { return rows(t, db2) == 1 })
	close(release) // a's effect ends now; were its decision committed, the row's key would be there twice and fail
	a.Stop()
	if n := rows(t, da); n != 1 {
		t.Errorf("%d rows", n)
	}
}

func TestSignalFromAnotherNodeReachesTheOwner(t *testing.T) {
	url := dbtest.Postgres(t)
	da, db2 := dbtest.Open(t, url), dbtest.Open(t, url)
	nop := func(context.Context, durable.Call) (any, error) { return nil, nil }
	fake := clock.NewFake(time.Unix(1e9, 0))
	a := start(t, da, fake, "a", tallyMachine(nop))
	defer a.Stop()
	b := start(t, db2, fake, "b", tallyMachine(nop))
	defer b.Stop()
	create(t, da, a, tally{Name: "x", Sleep: time.Hour})
	eventually(t, "event taken by its owner", func() bool {
		if err := db2.Update(t.Context(), func(tx *db.Tx) error { return b.Signal(tx, "tally", "x", "signal", 7) }); err != nil {
			t.Fatal(err)
		}
		var n int64
		time.Sleep(20 * time.Millisecond)
		if err := db2.View(t.Context(), func(tx *db.Tx) (err error) {
			n, err = db.One(tx, db.Value[int64], `SELECT COUNT(*) FROM durable_event`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return n == 0
	})
}
