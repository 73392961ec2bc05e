// Package environment joins a function's processes (package sandbox) with the Runtime API that
// serves them (package runtimeapi): one Environment runs one version of one function, one
// invocation at a time.
//
//	      init ok                  Invoke
//	Start ───────▶ initialized ─────────────▶ running ──▶ initialized
//	  │                                          │ time-out, process ended
//	  │ init error, 10 s, process ended          ▼
//	  └──────────▶ failed ── first Invoke:     dead ── Close ──▶ gone
//	                         init again           ▲
//	                           │ fails again      │
//	                           └──────────────────┘
//
// A failed init is not an error of Start: Lambda repeats it as a part of the first invocation, and
// that invocation reports what went wrong. A dead environment refuses invocations with
// ErrNotDelivered; the pool, which belongs to the lambda service, closes it and takes another.
//
// Everything here is real time: a function's run is the one thing that the platform's clock does
// not speed up.
package environment
