// Package dbtest runs a test on every store that the platform supports.
package dbtest

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// EnvPostgres names the variable with the URL of a PostgreSQL server on which tests may create
// databases.
const EnvPostgres = "HEADGATE_TEST_POSTGRES"

// Run runs test on a fresh SQLite store and, where HEADGATE_TEST_POSTGRES names a server, on a
// fresh PostgreSQL database. An unset variable skips the second, visibly.
func Run(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, Open(t, SQLite(t))) })
	t.Run("postgres", func(t *testing.T) { test(t, Open(t, Postgres(t))) })
}

// Open opens the store at url and closes it when the test ends.
func Open(t testing.TB, url string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// SQLite is the path of a store that does not exist yet.
func SQLite(t testing.TB) string { return filepath.Join(t.TempDir(), "headgate.db") }

// Postgres is the URL of an empty database, dropped when the test ends; it skips the test where
// no server is named.
func Postgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv(EnvPostgres)
	if server == "" {
		t.Skip("no PostgreSQL: set " + EnvPostgres + "=postgres://… to run this on it too")
	}
	name := "headgate_test_" + id.Hex(12)
	admin(t, server, "CREATE DATABASE "+name)
	t.Cleanup(func() { admin(t, server, "DROP DATABASE "+name+" WITH (FORCE)") })
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func admin(t testing.TB, server, statement string) {
	t.Helper()
	c, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Exec(statement); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", statement, err))
	}
}
