package db_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

func TestOneUpdateThatFailsLeavesTheOthersOfItsBatchAlone(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		wrong := errors.New("wrong")
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				err := d.Update(t.Context(), func(tx *db.Tx) error {
					if _, err := tx.Exec(`INSERT INTO setting (name, value) VALUES ($1, $2)`, fmt.Sprint("n", i), "x"); err != nil {
						return err
					}
					if i%3 == 0 {
						return wrong
					}
					return nil
				})
				if (i%3 == 0) != errors.Is(err, wrong) {
					t.Errorf("update %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if n := count(t, d); n != 133 {
			t.Errorf("%d rows stored, want the 133 whose update succeeded", n)
		}
	})
}

func TestAPanicInAnUpdateIsItsErrorAndStoresNothing(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			if _, err := tx.Exec(`INSERT INTO setting (name, value) VALUES ('a', 'b')`); err != nil {
				return err
			}
			panic("oh")
		})
		if err == nil || count(t, d) != 0 {
			t.Errorf("err %v, rows %d", err, count(t, d))
		}
	})
}

func TestANestedUpdateIsRefusedInsteadOfHanging(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	err := d.Update(t.Context(), func(tx *db.Tx) error {
		return d.Update(tx.Context(), func(*db.Tx) error { return nil })
	})
	if err == nil {
		t.Error("accepted")
	}
}

func TestPlaceholdersMayComeInAnyOrderAndRepeat(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO setting (value, name) VALUES ($2, $1) ON CONFLICT (name) DO UPDATE SET value = $2`, "name", "value")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if err := d.View(t.Context(), func(tx *db.Tx) (err error) {
			got, err = db.One(tx, db.Value[string], `SELECT value FROM setting WHERE name = $1`, "name")
			return err
		}); err != nil || got != "value" {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestConcurrentIncrementsAreNotLost(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		put := func(tx *db.Tx, n int) error {
			_, err := tx.Exec(`INSERT INTO setting (name, value) VALUES ('n', $1) ON CONFLICT (name) DO UPDATE SET value = $1`, fmt.Sprint(n))
			return err
		}
		if err := d.Update(t.Context(), func(tx *db.Tx) error { return put(tx, 0) }); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 10 {
					err := d.Update(t.Context(), func(tx *db.Tx) error {
						v, err := db.One(tx, db.Value[string], `SELECT value FROM setting WHERE name = 'n'`)
						if err != nil {
							return err
						}
						var n int
						fmt.Sscan(v, &n)
						return put(tx, n+1)
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var got string
		if err := d.View(t.Context(), func(tx *db.Tx) (err error) {
			got, err = db.One(tx, db.Value[string], `SELECT value FROM setting WHERE name = 'n'`)
			return err
		}); err != nil || got != "80" {
			t.Errorf("80 increments came to %s, %v", got, err)
		}
	})
}

func TestNoticesReachThisNodeBeforeUpdateReturnsAndTheOthersSoon(t *testing.T) {
	url := dbtest.Postgres(t)
	here, there := dbtest.Open(t, url), dbtest.Open(t, url)
	local, remote := make(chan db.Notice, 4), make(chan db.Notice, 4)
	here.Subscribe("topic", func(n db.Notice) { local <- n })
	there.Subscribe("topic", func(n db.Notice) {
		if n.Payload != "" { // else it has just begun to listen
			remote <- n
		}
	})
	want := db.Notice{Topic: "topic", Payload: "a/b"}
	deadline := time.After(10 * time.Second)
	for { // the other node listens soon after it was opened
		err := here.Update(t.Context(), func(tx *db.Tx) error { tx.Notify(want.Topic, want.Payload); return nil })
		if err != nil {
			t.Fatal(err)
		}
		select {
		case n := <-local:
			if n != want {
				t.Errorf("got %v here", n)
			}
		default:
			t.Fatal("no notice on this node when Update returned")
		}
		select {
		case n := <-remote:
			if n != want {
				t.Errorf("got %v there", n)
			}
			return
		case <-time.After(100 * time.Millisecond):
		case <-deadline:
			t.Fatal("no notice on the other node")
		}
	}
}

func TestAFailedUpdateSendsNoNotice(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		d.Subscribe("topic", func(n db.Notice) { t.Errorf("got %v", n) })
		if err := d.Update(t.Context(), func(tx *db.Tx) error {
			tx.Notify("topic", "x")
			return errors.New("no")
		}); err == nil {
			t.Error("no error")
		}
	})
}

func count(t *testing.T, d *db.DB) (n int64) {
	t.Helper()
	if err := d.View(t.Context(), func(tx *db.Tx) (err error) {
		n, err = db.One(tx, db.Value[int64], `SELECT COUNT(*) FROM setting`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// A full disk makes SQLite roll the whole transaction back, in the middle of a batch.
func TestAFullDiskFailsAWholeBatchAndNothingOfItIsStored(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	insert := func(name, value string) func(*db.Tx) error {
		return func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO setting (name, value) VALUES ($1, $2)`, name, value)
			return err
		}
	}
	limit := func(pages string) {
		if err := d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec("PRAGMA max_page_count = " + pages)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	limit("1") // no less than what there is
	var wg sync.WaitGroup
	begun, all := make(chan struct{}), make(chan struct{})
	errs := make([]error, 3)
	hooks := make([]bool, 3)
	for i, f := range []func(*db.Tx) error{
		func(tx *db.Tx) error { close(begun); <-all; return insert("before", "x")(tx) },
		insert("huge", strings.Repeat("x", 1<<22)),
		insert("after", "x"),
	} {
		wg.Go(func() {
			errs[i] = d.Update(t.Context(), func(tx *db.Tx) error { tx.OnCommit(func() { hooks[i] = true }); return f(tx) })
		})
		if i == 0 {
			<-begun // the others join its batch, in their order
		}
		time.Sleep(50 * time.Millisecond)
	}
	close(all)
	wg.Wait()
	limit("1000000")
	stored := map[string]bool{}
	if err := d.View(t.Context(), func(tx *db.Tx) error {
		names, err := db.All(tx, db.Value[string], `SELECT name FROM setting`)
		for _, n := range names {
			stored[n] = true
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"before", "huge", "after"} {
		if ok := errs[i] == nil; ok != stored[name] || ok != hooks[i] {
			t.Errorf("%s: error %v, stored %v, told %v", name, errs[i], stored[name], hooks[i])
		}
	}
	if errs[1] == nil {
		t.Error("the disk was not full: the test tests nothing")
	}
	if err := d.Update(t.Context(), insert("later", "x")); err != nil {
		t.Errorf("the store does not recover: %v", err)
	}
}

func TestAClientThatHangsUpDuringTheCommitDoesNotHideItsOutcome(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		for i := range 40 {
			ctx, cancel := context.WithCancel(t.Context())
			told := false
			err := d.Update(ctx, func(tx *db.Tx) error {
				tx.OnCommit(func() { told = true })
				if _, err := tx.Exec(`INSERT INTO setting (name, value) VALUES ($1, 'x')`, fmt.Sprint("n", i)); err != nil {
					return err
				}
				time.AfterFunc(time.Duration(i)*25*time.Microsecond, cancel)
				return nil
			})
			cancel()
			var there int64
			if err := d.View(t.Context(), func(tx *db.Tx) (err error) {
				there, err = db.One(tx, db.Value[int64], `SELECT COUNT(*) FROM setting WHERE name = $1`, fmt.Sprint("n", i))
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if (err == nil) != (there == 1) || told != (there == 1) {
				t.Errorf("after %d × 25 µs: error %v, rows %d, told %v", i, err, there, told)
			}
		}
	})
}

func TestNodesThatStartTogetherMakeTheTablesOnce(t *testing.T) {
	url := dbtest.Postgres(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			d, err := db.Open(t.Context(), url)
			if err != nil {
				t.Error(err)
				return
			}
			d.Close()
		})
	}
	wg.Wait()
}

func TestWhoSubscribesBeforeTheNodeListensIsToldToLook(t *testing.T) {
	d := dbtest.Open(t, dbtest.Postgres(t))
	got := make(chan db.Notice, 16)
	d.Subscribe("topic", func(n db.Notice) { got <- n }) // the connection for notices is not up yet
	select {
	case n := <-got:
		if n.Payload != "" {
			t.Errorf("got %v", n)
		}
	case <-time.After(10 * time.Second):
		t.Error("not told")
	}
}

func TestANoticeTooLongForPostgreSQLTellsTheOthersToLookAtEverything(t *testing.T) {
	d := dbtest.Open(t, dbtest.Postgres(t))
	got := make(chan db.Notice, 16)
	d.Subscribe("topic", func(n db.Notice) { got <- n })
	if err := d.Update(t.Context(), func(tx *db.Tx) error { tx.Notify("topic", strings.Repeat("<", 3000)); return nil }); err != nil {
		t.Fatal(err)
	}
}
