// Package logs is CloudWatch Logs: groups, streams, events, filter patterns, retention.
//
//	PutLogEvents ─▶ memory (bounded) ─ at most 100 ms ─▶ store, many events in one statement
//	                   └──────────── readers see both ─────────┘
//
// An event is accepted into memory and gets its id there. Ids grow within a process and by wall
// time between processes, so (timestamp, id) orders a group's events, and is what tokens say. A
// reader looks at the memory first and at the store second, so an event on its way from one to the
// other is seen at least once, and is recognized by its id if seen twice.
//
// A group and a stream have an id besides their name. Deleting one removes its row; its events,
// which nobody can name any more, are removed by the sweep, a batch at a time:
//
//	          CreateLogGroup               DeleteLogGroup            sweep
//	(none) ───────────────────▶ readable ──────────────────▶ garbage ───────▶ (none)
package logs
