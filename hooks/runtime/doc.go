// Package runtime runs a Go function on Lambda's provided.* runtimes: it takes events from the
// Lambda Runtime API, calls one handler with each, and posts back what the handler returned. It
// needs nothing but the standard library, so hooks and examples stay small programs.
//
//	            ┌──────────── answer posted ────────────┐
//	            ▼                                       │
//	start ─► init ─► waiting ──event──► running ──result┤
//	            │       │                  │     error  │
//	            │       │                  └─panic─► error posted ─► exit 1
//	            │       └─ Runtime API gone or 5xx ─► exit 1
//	            └─ error or panic ─► init error posted ─► exit 1
//
// One process handles one event at a time; Lambda starts more processes when it needs them. The
// loop keeps a single connection and its buffers, and calls the handler on the goroutine that
// reads the connection: between the event's last byte and the handler stands no other goroutine.
package runtime
