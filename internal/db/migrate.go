package db

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

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
	sources := p.ListSources()
	if have, err := p.GetDBVersion(ctx); err == nil && len(sources) > 0 && have > sources[len(sources)-1].Version {
		return fmt.Errorf("the store is at version %d, newer than this headgate knows (%d): run a newer one", have, sources[len(sources)-1].Version)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring the store's tables up to date: %w", err)
	}
	return nil
}
