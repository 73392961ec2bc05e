package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	retries    = 30 // of a transaction that lost a conflict, or never reached the server
	channel    = "headgate"
	maxPayload = 7999 // bytes that PostgreSQL takes in a notification
)

// updatePostgres runs f serializably, again when PostgreSQL says that a concurrent transaction
// was in the way, or when the connection was gone before anything could be committed.
func (d *DB) updatePostgres(ctx context.Context, f func(*Tx) error) error {
	for try := 0; ; try++ {
		tx, err := d.tryPostgres(ctx, f)
		if err == nil {
			d.committed(tx)
			return nil
		}
		if errors.Is(err, errCommit) {
			d.notices.resync() // it may be committed, and nobody would hear of it
			return err
		}
		if try >= retries || !again(err) {
			return err
		}
		wait := time.Duration(1+rand.IntN(1+min(1<<try, 250))) * time.Millisecond
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

var (
	// errBegin marks a failure before the first statement: nothing can have happened.
	errBegin = errors.New("begin")
	// errCommit marks a COMMIT without an answer: it may have happened.
	errCommit = errors.New("commit, of unknown outcome")
)

// tryPostgres is one try. A ctx that ends gives it up, but not while it commits: the outcome must be known.
func (d *DB) tryPostgres(ctx context.Context, f func(*Tx) error) (*Tx, error) {
	caller := ctx
	ctx, cancel := context.WithCancel(context.WithoutCancel(caller))
	defer cancel()
	detach := context.AfterFunc(caller, cancel)
	defer detach()
	t, err := d.pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBegin, err)
	}
	defer t.Rollback() //nolint:errcheck // a no-op after Commit
	tx := &Tx{ctx: ctx, q: t, db: d}
	if err := guarded(f, tx); err != nil {
		return nil, err
	}
	for _, n := range tx.notices {
		b, err := json.Marshal(wireNotice{d.node, n.Topic, n.Payload})
		if err == nil && len(b) > maxPayload { // the other nodes look at everything then
			b, err = json.Marshal(wireNotice{d.node, n.Topic, ""})
		}
		if err != nil {
			return nil, err
		}
		if _, err := tx.Exec("SELECT pg_notify($1, $2)", channel, string(b)); err != nil {
			return nil, err
		}
	}
	if !detach() {
		return nil, caller.Err()
	}
	return tx, commit(t)
}

func commit(t *sql.Tx) error {
	err := t.Commit()
	var pg *pgconn.PgError
	if err == nil || errors.As(err, &pg) && !strings.HasPrefix(pg.Code, "57") { // 57: the server goes away
		return err
	}
	return fmt.Errorf("%w: %w", errCommit, err)
}

func again(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01" // serialization failure, deadlock
	}
	return errors.Is(err, errBegin) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

type wireNotice struct{ Node, Topic, Payload string }

// listen delivers the other nodes' notices until ctx ends. Whenever it begins to listen subscribers
// get a notice without a payload: they may have missed some and must look for themselves.
func (d *DB) listen(ctx context.Context, url string) {
	for ctx.Err() == nil {
		err := d.listenOnce(ctx, url)
		if ctx.Err() != nil {
			return
		}
		slog.Warn("notifications from the database interrupted, connecting again", "error", err)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

func (d *DB) listenOnce(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // going away
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	d.notices.resync()
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		var w wireNotice
		if json.Unmarshal([]byte(n.Payload), &w) == nil && w.Node != d.node {
			d.notices.deliver(Notice{w.Topic, w.Payload})
		}
	}
}
