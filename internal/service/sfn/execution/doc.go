// Package execution runs state machines: Standard executions as durable instances, Express ones in memory.
//
//	StartExecution ──▶ RUNNING ──▶ SUCCEEDED
//	                     │  ▲
//	                     │  └──── RedriveExecution, within 14 days
//	                     ▼                  │
//	               FAILED │ TIMED_OUT │ ABORTED
//
// What has ended is kept for 90 days, or until its state machine is gone: then it is hidden at once, and swept in
// portions. A redrive takes up the state that the end has kept, of map runs and their children likewise.
//
// A decision (package durable) lets the events that wait happen to the execution (package asl), and commits in one
// transaction what follows: the frames that changed, the history, tokens and workers' tasks, what the end of a child
// means to its parent. So a history has neither gaps nor duplicates, and a task whose result was recorded never runs
// again. A task's call runs after the commit, at least once, with a key that is stable over repeats.
//
//	event ─▶ asl.Step ─┬─▶ history ─▶ sfn_history       task ──▶ integration ──▶ its result is the next event
//	                   ├─▶ frames  ─▶ durable_part      token, activity ──▶ SendTask… signals the execution
//	                   └─▶ commands ─────────────────▶  nested execution, map run ──▶ its end signals it
package execution
