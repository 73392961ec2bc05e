// Package durable runs everything that takes time: deployments, stack operations, executions,
// asynchronous invocations. An instance is a row with a state. What happens to it is an event; a
// pure function decides what follows:
//
//	Decide(state, event, now) → {state, rows, effects, wakeAt}
//
//	        event ──▶ Decide ──▶ commit: state, rows, effects ──▶ run effects ──┐
//	          ▲                  (one transaction, many instances)              │
//	          └───────────────── result, committed with its decision ◀──────────┘
//
// The decision is on disk before any effect runs, and an effect's row stays until its result has
// been decided on. So after kill -9 at any point every effect whose result was not recorded runs
// again: effects must be idempotent, for which each has an id that is stable over repeats. Events
// (Signal) are rows too, written in the transaction of whoever sends them.
//
// An instance sleeps as a row. It is in memory only while it decides or has effects under way. All events that wait for
// it when its turn comes share one decision's load, state and commit.
//
// A Machine's state is one JSON document, decided on event by event. A Process has a bigger state: decoded once, kept in
// memory while the instance is awake, stored in parts of which a decision writes those that changed, and deciding on
// all waiting events at once. A state whose commit failed is thrown away: what is in memory is never ahead of the store.
//
// Open has a new instance decide on its start before it is written. So an instance that needs no more than that costs
// its creator's commit and leaves no row.
//
// On several machines each instance belongs to one node, which renews a lease. When the lease has
// run out, another node takes the instance over and raises its fence; a commit under the old
// fence changes nothing.
//
//	        Create                      lease expired
//	(none) ───────▶ owned by node A ──────────────────▶ owned by node B, fence+1
//	                     │ Done                             │ Done
//	                     ▼                                  ▼
//	                (row deleted)                      (row deleted)
package durable
