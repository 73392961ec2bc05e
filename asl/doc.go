// Package asl is Amazon States Language: it parses and checks definitions, and runs executions as data. It is pure:
// no clock, no network, no goroutines. A driver keeps executions, does what they ask for, and tells them how it went.
//
//	m, err := asl.Parse(definition)              // *StateMachine, or *DefinitionError with AWS's texts
//	x := asl.New(info, input)                    // *Execution, which encoding/json writes and reads
//	out := m.Step(x, asl.Start{}, now)           // history to append, commands to do
//	out = m.Step(x, asl.TaskSucceeded{…}, now)   // and so on, until x.Status is no longer RUNNING
//
// An execution is a set of frames, each one flow of control: the main one, and one for each branch of a Parallel
// state and each iteration of an inline Map state. A frame goes from state to state until it must wait:
//
//	              Start, Next                      Wake
//	   ┌────────▶ ready ──────────▶ waiting ────────────────┐
//	   │            │ │ │                                   │
//	   │            │ │ └─▶ task ──TaskSucceeded────────────┤
//	   │            │ │      │ TaskFailed, time-out         ├─▶ the state exits
//	   │            │ └────▶ children ──last child done─────┤      │       │
//	   │            │        │ a child failed               │      │ Next  │ End
//	   │            └──────▶ mapRun ──MapRunEnded───────────┘      │       ▼
//	   │                     │                                     │     done ─▶ the parent goes on,
//	   │                     ▼                                     │             or the execution SUCCEEDED
//	   │      Retry? ─▶ retrying ─Wake─▶ (the state again)         │
//	   │      Catch? ─▶ the state exits with the error ────────────┤
//	   │      else   ─▶ the parent fails, or the execution FAILED  │
//	   └───────────────────────────────────────────────────────────┘
//
//	RUNNING ─▶ SUCCEEDED | FAILED | TIMED_OUT | ABORTED;  Redrive leads from the last three back to RUNNING
//
// Frames of an execution that stopped stay where they were: done, or failed, which all that were given up count as.
// Redrive goes on with the failed ones. Only a failure that is retried or caught discards the frames below it.
//
// Time enters as Step's last argument: an execution says through NextWake when it wants a Wake. Randomness (jitter,
// UUIDs, task tokens) is drawn from the execution's ARN, its start and a counter, so a step repeated after a crash gives
// the same outcome.
//
// The children of a distributed Map state are executions of their own. StartMapRun hands over what a MapRun, a second
// and smaller machine of the same kind, decides on: what to read, which children to start, when the run has failed.
//
// Histories equal AWS's event for event, previousEventId and texts included; quirks that recordings show are marked
// where they are reproduced. The files: one for each type of state (parsing and running together), selector, template
// and expression for what definitions evaluate, flow for transitions, retry, catch, group for children, and so on.
package asl
