// Package sandbox runs the processes of functions, each environment apart from the host's files,
// from the platform's data and from every other environment.
//
// An environment is a set of namespaces (mount, pid, ipc, uts; a user namespace; optionally
// network) whose pid 1 is this executable started again (package boot). The platform sends it
// orders over a socket: what to mount, which limits to set, what to run. It reports every process's
// end. When that socket closes, even by kill -9 of the platform, pid 1 exits and the kernel kills
// the rest, so nothing is ever orphaned.
//
//	Start ──▶ clone pid 1 ──▶ join cgroups ──▶ mounts, pivot_root, limits ──▶ Spawn…
//	                                                                           │ exits
//	removed ◀── cgroups removed, uid free ◀── reaped ◀── Kill ◀────────────────┘
//
// As root, each environment has a host uid of its own; the processes see themselves as Lambda's
// sbx_user1051. As an ordinary user everything happens inside a user namespace, with that user's
// own uid outside.
//
// What the kernel or the account does not allow is listed by Missing; without namespaces at all,
// New fails unless Config.AllowUnisolated is set.
package sandbox
