package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Tx is a running transaction. It belongs to the function that got it.
type Tx struct {
	ctx      context.Context
	q        querier
	db       *DB
	onCommit []func()
	notices  []Notice
}

type querier interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

// Stmt is a statement as a value: what a pure decision wants written.
type Stmt struct {
	SQL  string
	Args []any
}

// Context is the context of the Update or View.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Exec runs a statement and returns the number of rows that it changed.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	r, err := tx.q.ExecContext(tx.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Run executes statements in order and stops at the first error.
func (tx *Tx) Run(stmts ...Stmt) error {
	for _, s := range stmts {
		if _, err := tx.Exec(s.SQL, s.Args...); err != nil {
			return fmt.Errorf("%s: %w", s.SQL, err)
		}
	}
	return nil
}

// OnCommit has f called once the transaction is committed, before Update returns. f must not
// block: other writers wait for it.
func (tx *Tx) OnCommit(f func()) { tx.onCommit = append(tx.onCommit, f) }

// Row is what a scan function reads one row from.
type Row interface{ Scan(dest ...any) error }

// All returns what scan makes of every row of the query.
func All[T any](tx *Tx, scan func(Row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := tx.q.QueryContext(tx.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// One returns what scan makes of the query's first row, or ErrNotFound.
func One[T any](tx *Tx, scan func(Row) (T, error), query string, args ...any) (T, error) {
	var none T
	rows, err := tx.q.QueryContext(tx.ctx, query, args...)
	if err != nil {
		return none, err
	}
	defer rows.Close()
	if !rows.Next() {
		return none, errors.Join(rows.Err(), ErrNotFound)
	}
	return scan(rows)
}

// Value scans a row of one column, for All and One: db.One(tx, db.Value[int64], "SELECT …").
func Value[T any](r Row) (v T, err error) { return v, r.Scan(&v) }

// Values is the list of an insert of several rows: Values(2, 2) is "($1,$2),($3,$4)".
func Values(rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i > 0 && i%columns == 0:
			b.WriteString("),(")
		case i > 0:
			b.WriteByte(',')
		default:
			b.WriteByte('(')
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	b.WriteByte(')')
	return b.String()
}
