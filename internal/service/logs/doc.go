// Package logs is CloudWatch Logs: groups, streams, events, filter patterns, retention.
//
//	PutLogEvents ─▶ memory (bounded) ─ at most 100 ms ─▶ store, a stream's events in one row
//	                   └──────────── readers see both ─────────┘
//
// An event is accepted into memory and gets its id there. Ids grow within a process and by wall
// time between processes, so (timestamp, id) orders a group's events, and is what tokens say. A
// reader looks at the memory first and at the store second, so an event on its way from one to the
// other is seen at least once, and is recognized by its id if seen twice.
//
// A stream's events of one flush are chunks: rows that hold up to a thousand events, in their order,
// and span at most ten seconds. A row for each event would cost more than the work that it is the
// log of. Chunks overlap in time, and a reader merges them: it walks them by their first event,
// and an event's turn has come when no chunk that follows can hold one before it. A chunk is
// removed when all its events are to go; until then readers pass over those that are.
//
//	chunk 1   ├──────────┤
//	chunk 2        ├────────┤
//	chunk 3              ├───┤
//	forwards: up to ─────▶ here all is known when chunk 3 comes; backwards: ten seconds further on
//
// A group and a stream have an id besides their name. Deleting one removes its row; its events,
// which nobody can name any more, are removed by the sweep, a batch at a time:
//
//	          CreateLogGroup               DeleteLogGroup            sweep
//	(none) ───────────────────▶ readable ──────────────────▶ garbage ───────▶ (none)
package logs
