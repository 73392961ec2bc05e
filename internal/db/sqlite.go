package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxBatch bounds how many Updates share a transaction, and so how long the first one waits.
const maxBatch = 256

// ErrClosed is returned by Update on a store that has been closed.
var ErrClosed = errors.New("the store is closed")

type update struct {
	ctx  context.Context
	f    func(*Tx) error
	tx   *Tx
	err  error
	done chan struct{}
}

type inWriter struct{}

func (d *DB) updateSQLite(ctx context.Context, f func(*Tx) error) error {
	if ctx.Value(inWriter{}) != nil {
		return errors.New("db.Update called within db.Update: it would wait for itself")
	}
	u := &update{ctx: context.WithoutCancel(ctx), f: f, done: make(chan struct{})}
	select {
	case d.write <- u:
	case <-d.closing:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-u.done: // from here on the outcome is known or coming; ctx may no longer change it
		return u.err
	case <-d.done:
		select {
		case <-u.done:
			return u.err
		default:
			return ErrClosed
		}
	}
}

// writer owns the one writing connection: it takes what is waiting and commits it together.
func (d *DB) writer(conn *sql.Conn) {
	w := &connWriter{conn: conn, stmts: map[string]*sql.Stmt{}}
	for {
		select {
		case u := <-d.write:
			d.batch(w, u)
		case <-d.closing:
			for {
				select {
				case u := <-d.write:
					d.batch(w, u)
				default:
					return
				}
			}
		}
	}
}

func (d *DB) batch(w *connWriter, first *update) {
	var ok []*update
	fail := func(err error, us ...*update) {
		for _, u := range us {
			u.err = err
			close(u.done)
		}
	}
	if err := w.do("BEGIN IMMEDIATE"); err != nil {
		w.do("ROLLBACK") //nolint:errcheck // of one that a full disk left behind, if that is it
		fail(fmt.Errorf("begin: %w", err), first)
		return
	}
	for u := first; u != nil; u = next(d.write, len(ok)) {
		err := d.runOne(w, u)
		if errors.Is(err, errAborted) { // a full disk: SQLite has rolled everything back
			w.do("ROLLBACK") //nolint:errcheck // if anything is left
			fail(err, append(ok, u)...)
			return
		}
		if err != nil {
			fail(err, u)
			continue
		}
		ok = append(ok, u)
	}
	if err := w.do("COMMIT"); err != nil {
		w.do("ROLLBACK") //nolint:errcheck // the commit's error is the one to tell
		fail(fmt.Errorf("commit: %w", err), ok...)
		return
	}
	for _, u := range ok {
		d.committed(u.tx)
		close(u.done)
	}
}

func next(queue <-chan *update, n int) *update {
	if n >= maxBatch {
		return nil
	}
	select {
	case u := <-queue:
		return u
	default:
		return nil
	}
}

// errAborted marks a failure that took the whole transaction with it.
var errAborted = errors.New("the transaction was aborted")

// runOne runs one Update under a savepoint, so that its failure leaves the others alone.
func (d *DB) runOne(w *connWriter, u *update) error {
	if err := w.do("SAVEPOINT u"); err != nil {
		return fmt.Errorf("%w: %w", errAborted, err)
	}
	u.tx = &Tx{ctx: context.WithValue(u.ctx, inWriter{}, true), q: w, db: d}
	if err := guarded(u.f, u.tx); err != nil {
		if gone := errors.Join(w.do("ROLLBACK TO u"), w.do("RELEASE u")); gone != nil {
			return fmt.Errorf("%w: %w", errAborted, err)
		}
		return err
	}
	if err := w.do("RELEASE u"); err != nil {
		return fmt.Errorf("%w: %w", errAborted, err)
	}
	return nil
}

func guarded(f func(*Tx) error, tx *Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a transaction: %v", p)
		}
	}()
	return f(tx)
}

// connWriter runs statements on the writing connection and keeps them prepared.
type connWriter struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func (w *connWriter) do(q string) error {
	_, err := w.ExecContext(context.Background(), q)
	return err
}

func (w *connWriter) prepared(q string) (*sql.Stmt, error) {
	if s := w.stmts[q]; s != nil {
		return s, nil
	}
	if len(w.stmts) > 512 { // texts with lists of placeholders: do not grow without end
		for k, s := range w.stmts {
			s.Close()
			delete(w.stmts, k)
		}
	}
	s, err := w.conn.PrepareContext(context.Background(), unnumbered(q))
	if err == nil {
		w.stmts[q] = s
	}
	return s, err
}

func (w *connWriter) ExecContext(ctx context.Context, q string, args ...any) (sql.Result, error) {
	s, err := w.prepared(q) //nolint:sqlclosecheck // it stays prepared
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

func (w *connWriter) QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	s, err := w.prepared(q) //nolint:sqlclosecheck // it stays prepared
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// unnumbered writes placeholders that stand in order, each once ($1, $2, $3 …), as ?. To SQLite $1
// is a name, which the driver looks up in a list at every execution: in an insert of many rows
// that is most of the time. Other texts stay as they are.
func unnumbered(q string) string {
	if strings.ContainsAny(q, "'\"") {
		return q // a $ may stand within the quotes
	}
	parts := strings.Split(q, "$")
	for i, p := range parts[1:] {
		n := strconv.Itoa(i + 1)
		rest, ok := strings.CutPrefix(p, n)
		if !ok || rest != "" && rest[0] >= '0' && rest[0] <= '9' {
			return q
		}
		parts[i+1] = rest
	}
	return strings.Join(parts, "?")
}
