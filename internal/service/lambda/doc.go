// Package lambda is AWS Lambda: functions, immutable versions, weighted aliases, and invocations
// that run them in real processes.
//
// # Two planes
//
// The control plane (function.go, version.go, alias.go …) is SQL. An invocation touches memory only:
//
//	Invoke ─▶ directory: function ─▶ alias ─▶ one version, by weight (route.go)
//	       ─▶ limits: reserved and account concurrency (concurrency.go)
//	       ─▶ pool: a warm environment of that version, or a new one (pool.go)
//	       ─▶ Runtime API, by package sandbox/environment
//	       ─▶ log lines and metrics, in memory, flushed behind (logs.go, metrics.go)
//
// A commit that changes a function sends a notice ("lambda", account/region/function); every node
// then forgets what it knew of it, before the Update that made the change returns.
//
// # States of a version (FACTS §4)
//
//	CreateFunction ──▶ Pending ──package ready──▶ Active
//	                      └──cannot be readied──▶ Failed
//
//	UpdateFunction{Code,Configuration}, on $LATEST, State stays Active:
//
//	    LastUpdateStatus  Successful ──▶ InProgress ──ready──▶ Successful   (serving := shown)
//	                                         └──────────────▶ Failed       (shown   := serving)
//
// A row keeps two snapshots: what the API shows and what invocations run. They differ only while
// an update is in progress, which a durable instance "lambda.prepare" ends, also after kill -9.
//
// # An environment (pool.go)
//
//	starting ──▶ busy ⇄ idle ──idle too long, version gone, host full──▶ closed
//	                └──process ended, timed out───────────────────────▶ closed
//
// # An asynchronous invocation: durable instance "lambda.async" (async.go)
//
//	queued ─▶ attempt ─▶ succeeded ────────────────────────────────────▶ destination ─▶ end
//	   ▲         ├─ function error ── attempts left: 1, then 2 minutes ─▶ queued
//	   │         ├─ throttled, 5xx ── 1 s … 5 min, up to its age ───────▶ queued
//	   └─────────┘└─ given up ────────────────────────────▶ destination, dead letters ─▶ end
//
// # Who keeps a version from being deleted (function.go)
//
//	DeleteFunction f:7  an alias; a deployment under way; a stack that may go back to it; an execution that calls it (Deps.InUse)
//	DeleteFunction f    an execution that is pinned to one of its versions (Deps.Pinned); else it goes with all it has, as on AWS
//
// They are asked in the transaction that deletes. Whoever comes to need a version writes that first, and then looks whether it is
// there: one of the two sees the other.
package lambda
