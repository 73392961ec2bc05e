package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	_ "modernc.org/sqlite"             // driver "sqlite"

	"github.com/headgate/headgate/internal/id"
)

// ErrNotFound is what One returns when no row matches.
var ErrNotFound = errors.New("no such row")

// DB is an open store. Its methods are safe for concurrent use.
type DB struct {
	pool     *sql.DB // reads; on PostgreSQL writes as well
	postgres bool
	write    chan *update // SQLite only
	done     chan struct{}
	closing  chan struct{}
	node     string
	notices  *notices
	cancel   context.CancelFunc
}

// Open opens the store that url names — postgres://… or the path of a SQLite file — and brings
// its tables up to date. A SQLite file is created, readable by its owner alone.
func Open(ctx context.Context, url string) (*DB, error) {
	life, cancel := context.WithCancel(context.Background())
	d := &DB{node: id.Hex(16), notices: newNotices(), cancel: cancel,
		done: make(chan struct{}), closing: make(chan struct{})}
	var err error
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		d.postgres = true
		err = d.openPostgres(life, ctx, url)
	} else {
		err = d.openSQLite(ctx, url)
	}
	if err != nil {
		cancel()
		return nil, err
	}
	return d, nil
}

func (d *DB) openSQLite(ctx context.Context, path string) error {
	if dir := filepath.Dir(path); dir != "" {
		if err := os.MkdirAll(dir, 0o711); err != nil {
			return fmt.Errorf("open store: %w", err)
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	f.Close()
	const pragmas = "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
		"&_pragma=foreign_keys(ON)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-4096)&_txlock=immediate"
	// The drivers take file: URIs; a path with '?' or '#' in it would be cut there.
	dsn := "file:" + strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path) + pragmas
	w, err := sql.Open("sqlite", dsn)
	if err != nil {
		return fmt.Errorf("open store %s: %w", path, err)
	}
	w.SetMaxOpenConns(1)
	if err := migrate(ctx, w, false); err != nil {
		w.Close()
		return fmt.Errorf("open store %s: %w", path, err)
	}
	if d.pool, err = sql.Open("sqlite", dsn+"&_pragma=query_only(ON)"); err != nil {
		return fmt.Errorf("open store %s: %w", path, err)
	}
	d.pool.SetMaxOpenConns(max(4, runtime.NumCPU()))
	conn, err := w.Conn(ctx)
	if err != nil {
		return fmt.Errorf("open store %s: %w", path, err)
	}
	d.write = make(chan *update, 512)
	go func() {
		defer close(d.done)
		d.writer(conn)
		conn.Close()
		w.Close()
	}()
	return nil
}

func (d *DB) openPostgres(life, ctx context.Context, url string) error {
	pool, err := sql.Open("pgx", url)
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(16)
	if err := pool.PingContext(ctx); err != nil {
		pool.Close()
		return fmt.Errorf("reach PostgreSQL (check --db and that the server runs): %w", err)
	}
	if err := migrate(ctx, pool, true); err != nil {
		pool.Close()
		return err
	}
	d.pool = pool
	go func() {
		defer close(d.done)
		d.listen(life, url)
	}()
	return nil
}

// Postgres tells whether the store is shared PostgreSQL rather than a SQLite file.
func (d *DB) Postgres() bool { return d.postgres }

// Close waits for what was accepted and closes the store.
func (d *DB) Close() error {
	close(d.closing)
	d.cancel()
	<-d.done
	return d.pool.Close()
}

// View runs f on one consistent snapshot. f must only read, and not keep tx.
func (d *DB) View(ctx context.Context, f func(tx *Tx) error) error {
	t, err := d.pool.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: d.snapshot()})
	if err != nil {
		return fmt.Errorf("read the store: %w", err)
	}
	defer t.Rollback() //nolint:errcheck // nothing was written
	return f(&Tx{ctx: ctx, q: t, db: d})
}

func (d *DB) snapshot() sql.IsolationLevel {
	if d.postgres {
		return sql.LevelRepeatableRead
	}
	return sql.LevelDefault
}

// Update runs f in a transaction and commits it; a nil error means that everything f wrote is
// durable. f may run more than once (a conflict on PostgreSQL): it acts on the world only through
// tx. It must be brief, since other writers wait, and must not call Update.
func (d *DB) Update(ctx context.Context, f func(tx *Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.postgres {
		return d.updatePostgres(ctx, f)
	}
	return d.updateSQLite(ctx, f)
}
