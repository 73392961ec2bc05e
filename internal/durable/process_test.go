package durable_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
	"github.com/headgate/headgate/internal/durable"
)

// many is a process that runs Want effects at once and keeps each result in a part of its own.
type many struct {
	Name    string
	Want    int
	results map[int]string
}

type rounds struct{ loads, decisions, events, biggest atomic.Int64 }

func manyProcess(r *rounds, run durable.EffectFunc) durable.Process[*many] {
	return durable.Process[*many]{
		Kind: "many",
		Load: func(parts map[string][]byte) (*many, error) {
			r.loads.Add(1)
			s := &many{results: map[int]string{}}
			if err := json.Unmarshal(parts[""], s); err != nil {
				return nil, err
			}
			for name, data := range parts {
				if i, err := strconv.Atoi(name); err == nil {
					s.results[i] = string(data)
				}
			}
			return s, nil
		},
		Decide: func(s *many, evs []durable.Event, _ time.Time) durable.Change {
			r.decisions.Add(1)
			r.events.Add(int64(len(evs)))
			r.biggest.Store(max(r.biggest.Load(), int64(len(evs))))
			c := durable.Change{Parts: map[string][]byte{}}
			for _, ev := range evs {
				switch ev.Name {
				case durable.Started:
					raw, _ := json.Marshal(s)
					c.Parts[""] = raw
					for i := range s.Want {
						c.Effects = append(c.Effects, durable.Effect{ID: fmt.Sprint(i), Name: "run", Args: i})
					}
				case "run":
					i, _ := strconv.Atoi(ev.EffectID)
					s.results[i] = string(ev.Data)
					c.Parts[ev.EffectID] = ev.Data
				}
			}
			if c.Done = len(s.results) == s.Want; c.Done {
				sum := 0
				for _, v := range s.results {
					n, _ := strconv.Atoi(v)
					sum += n
				}
				c.Rows = []db.Stmt{{SQL: written, Args: []any{s.Name, fmt.Sprint(sum)}}}
			}
			return c
		},
		Effects: map[string]durable.EffectFunc{"run": run},
	}
}

func double(_ context.Context, c durable.Call) (any, error) {
	var n int
	err := json.Unmarshal(c.Args, &n)
	return 2 * n, err
}

func startMany(t *testing.T, d *db.DB, r *rounds, run durable.EffectFunc) *durable.Engine {
	t.Helper()
	e := durable.New(d, clock.New(clock.Anchor{}), "a")
	durable.RegisterProcess(e, manyProcess(r, run))
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e
}

func open(t *testing.T, d *db.DB, e *durable.Engine, s *many) {
	t.Helper()
	o, err := e.Open("many", s.Name, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Update(t.Context(), o.Write); err != nil {
		t.Fatal(err)
	}
}

func value(t *testing.T, d *db.DB, query string) (v string) {
	t.Helper()
	if err := d.View(t.Context(), func(tx *db.Tx) (err error) {
		v, err = db.One(tx, db.Value[string], query)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestResultsThatWaitAreDecidedOnTogetherAndTheStateStaysInMemory(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		var r rounds
		e := startMany(t, d, &r, double)
		defer e.Stop()
		open(t, d, e, &many{Name: "x", Want: 500, results: map[int]string{}})
		eventually(t, "the sum", func() bool { return rows(t, d) == 1 })
		if v := value(t, d, `SELECT value FROM setting`); v != fmt.Sprint(500*499) {
			t.Error(v)
		}
		if r.events.Load() != 501 || r.decisions.Load() > 250 || r.biggest.Load() < 2 || r.loads.Load() > 1 { // PostgreSQL's first notice has everything looked at
			t.Errorf("%d events in %d decisions, at most %d in one; loaded %d times", r.events.Load(), r.decisions.Load(), r.biggest.Load(), r.loads.Load())
		}
		for _, table := range []string{"durable_instance", "durable_effect", "durable_part"} {
			if n := value(t, d, `SELECT CAST(COUNT(*) AS TEXT) FROM `+table); n != "0" {
				t.Errorf("%s rows are left in %s", n, table)
			}
		}
	})
}

func TestPartsBringTheStateBackAfterAnyNumberOfRestarts(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		var r rounds
		slow := func(ctx context.Context, c durable.Call) (any, error) {
			select {
			case <-time.After(time.Duration(rand.IntN(40)) * time.Millisecond):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			return double(ctx, c)
		}
		e := startMany(t, d, &r, slow)
		for i := range 5 {
			open(t, d, e, &many{Name: fmt.Sprint("x", i), Want: 100, results: map[int]string{}})
		}
		for range 6 {
			time.Sleep(time.Duration(rand.IntN(8)) * time.Millisecond)
			e.Stop()
			e = startMany(t, d, &r, slow)
		}
		defer e.Stop()
		eventually(t, "five sums", func() bool { return rows(t, d) == 5 })
		if v := value(t, d, `SELECT MIN(value) || MAX(value) FROM setting`); v != "99009900" {
			t.Error(v)
		}
		if r.loads.Load() == 0 {
			t.Error("nothing was loaded")
		}
	})
}

func TestAStateWhoseCommitFailedIsLoadedAnew(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		var r rounds
		var bad atomic.Bool
		bad.Store(true)
		p := manyProcess(&r, double)
		decide := p.Decide
		p.Decide = func(s *many, evs []durable.Event, now time.Time) durable.Change {
			c := decide(s, evs, now)
			if evs[0].Name == "run" && bad.Swap(false) {
				s.results[-1] = "what no commit kept"
				c.Rows = append(c.Rows, db.Stmt{SQL: `INSERT INTO no_such_table VALUES (1)`})
			}
			return c
		}
		e := durable.New(d, clock.New(clock.Anchor{}), "a")
		durable.RegisterProcess(e, p)
		if err := e.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer e.Stop()
		open(t, d, e, &many{Name: "x", Want: 3, results: map[int]string{}})
		eventually(t, "the sum", func() bool { return rows(t, d) == 1 })
		if v := value(t, d, `SELECT value FROM setting`); v != "6" {
			t.Error(v)
		}
		if bad.Load() || r.loads.Load() == 0 {
			t.Errorf("the commit did not fail, or the state was kept: %d loads", r.loads.Load())
		}
	})
}

func TestAnInstanceThatEndsWithItsStartLeavesNoRowAndASignalReachesOneThatSleeps(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		e := start(t, d, clock.New(clock.Anchor{}), "a", tallyMachine(func(context.Context, durable.Call) (any, error) { return nil, nil }))
		defer e.Stop()
		o, err := e.Open("tally", "at once", tally{Name: "at once"})
		if err != nil || !o.Done() {
			t.Fatal(err)
		}
		p, err := e.Open("tally", "later", tally{Name: "later", Sleep: time.Hour})
		if err != nil || p.Done() {
			t.Fatal(err)
		}
		if err := d.Update(t.Context(), func(tx *db.Tx) error {
			if err := o.Write(tx); err != nil {
				return err
			}
			if err := p.Write(tx); err != nil {
				return err
			}
			return e.Signal(tx, "tally", "later", durable.Woken, nil)
		}); err != nil {
			t.Fatal(err)
		}
		if n := rows(t, d); n < 1 {
			t.Error("the first decision's rows are not in the caller's commit")
		}
		eventually(t, "the sleeper's row", func() bool { return rows(t, d) == 2 })
	})
}
