package db

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// migrating is the advisory lock of whoever changes a PostgreSQL store's tables.
const migrating = 0x6865616467617465 // "headgate"

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the tables to the newest version; a store that a newer Headgate wrote is
// refused rather than misread.
func migrate(ctx context.Context, pool *sql.DB, postgres bool) error {
	dialect := goose.DialectSQLite3
	if postgres {
		dialect = goose.DialectPostgres
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, pool, files)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if postgres { // nodes that start together take turns
		conn, err := pool.Conn(ctx)
		if err != nil {
			return fmt.Errorf("wait for other nodes to migrate: %w", err)
		}
		defer conn.Close()
		if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", migrating); err != nil {
			return fmt.Errorf("wait for other nodes to migrate: %w", err)
		}
		defer conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", migrating) //nolint:errcheck // it ends with the connection
	}
	sources := p.ListSources()
	if have, err := p.GetDBVersion(ctx); err == nil && len(sources) > 0 && have > sources[len(sources)-1].Version {
		return fmt.Errorf("the store is at version %d, newer than this headgate knows (%d): run a newer one", have, sources[len(sources)-1].Version)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring the store's tables up to date: %w", err)
	}
	return nil
}
