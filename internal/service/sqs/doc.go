// Package sqs is Amazon SQS: standard queues, as far as what is shipped with Headgate needs them: event sources and
// destinations of functions, tasks of state machines, tests. Messages are rows.
//
//	          SendMessage                ReceiveMessage                  DeleteMessage
//	(none) ───────────────▶ visible ───────────────────────▶ in flight ───────────────▶ (gone)
//	       (delayed, first)    ▲                                 │ │
//	                           └──── visibility time-out ────────┘ └─ received too often ─▶ dead-letter queue
//	                                 ChangeMessageVisibility
//
// FIFO queues are refused.
package sqs
