package db_test

import (
	"errors"
	"fmt"
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
	there.Subscribe("topic", func(n db.Notice) { remote <- n })
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
