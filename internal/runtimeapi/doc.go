// Package runtimeapi serves Lambda's Runtime API (2018-06-01) and Extensions API (2020-01-01) to
// the processes of one environment. Every environment has a Server of its own, on its own loopback
// port; Config.Admit keeps the neighbours' processes out.
//
// The runtime's states, and the only transitions there are:
//
//	           init/error
//	Starting ─────────────▶ InitFailed
//	   │ next
//	   ▼          Send            response | error            next
//	 Ready ────────────▶ Running ────────────────▶ Responded ──────▶ Ready
//
// A `next` in Ready is a client that lost its connection while it waited: the newer poll replaces
// the older. Any other request is answered 403 InvalidStateTransition and changes nothing.
//
// An extension's states:
//
//	register ──▶ Registered ── event/next ──▶ Waiting ◀──────────────┐
//	                 │                          │ INVOKE or SHUTDOWN │ event/next
//	                 │ init/error               ▼                    │
//	                 ▼                        Busy ──────────────────┘
//	               Failed ◀── exit/error ───────┘
//
// The environment is initialized once the runtime is Ready and every extension Waiting, and it is
// ready for the next invocation under the same condition.
//
// Two servers share each connection. The two requests of the warm path (a `next`, a `response` of
// known length) are read and answered by hand, without allocating; at the first request that is
// anything else the connection goes over to net/http for good, with what was already read.
package runtimeapi
