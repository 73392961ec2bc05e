// Package db is the platform's store: SQLite in a file, or PostgreSQL. Services write one SQL
// text for both — $1 placeholders in any order, TEXT, BIGINT, BOOLEAN, BYTEA, ON CONFLICT,
// RETURNING — and keep times as BIGINT unix milliseconds of platform time.
//
//	Update ──▶ writer (SQLite: one goroutine) ── BEGIN ─ f1 ─ f2 ─ … ─ COMMIT ──▶ every caller
//	       └─▶ pool   (PostgreSQL: serializable) ── BEGIN ─ f ─ COMMIT, again on a conflict
//	View   ──▶ a snapshot from the read pool
//
// On SQLite the functions of concurrent Updates share one transaction and so one fsync (group
// commit); each runs under its own savepoint and fails alone. An Update that returned nil is on
// disk (synchronous=FULL). Notify tells subscribers, on this node and on the others, once the
// transaction that called it has been committed.
package db
