// Package cloudwatch is CloudWatch: metrics, statistics, metric math, and alarms.
//
// # Metrics
//
//	PutMetricData ─▶ buckets in memory ─ at most 200 ms ─▶ store ─ 3 h, 15 d, 63 d ─▶ wider buckets
//	                     │   └───────── readers see both ─────┘
//	                     └─▶ alarms that cannot wait
//
// A bucket holds what fell into a minute (a second, for high-resolution metrics): count, sum,
// minimum, maximum and a distribution for percentiles. Every process writes rows of its own, with
// running totals, so a flush may be repeated and nodes need not agree on anything; readers add
// the rows up.
//
// # Alarms
//
//	                  PutMetricAlarm
//	                        │
//	                        ▼
//	┌──────────────▶ INSUFFICIENT_DATA ◀──────────────┐
//	│ no evidence        │        │        no evidence │
//	│                    │        │                    │
//	│   fewer than M ────┘        └──── M breaches     │
//	│   breach │                            │          │
//	│          ▼        M of N breach       ▼          │
//	└───────── OK ──────────────────────▶ ALARM ───────┘
//	           ◀──────────────────────────
//	               fewer than M breach
//
// SetAlarmState goes from any state to any other and lasts until the next period ends. PutMetricAlarm
// on an existing alarm leaves its state.
//
// An alarm is evaluated when a period ends: a period of 10, 20 or 30 s by itself, longer ones as a
// window that slides by the minute (from an hour on by ten minutes). Besides, when data arrive: for periods that have ended (late
// data), and for the one that still runs if what it holds already breaches and more data cannot
// undo that (Sum, SampleCount and Maximum above a threshold, Minimum below one). decide.go has the
// rules and is pure; watch.go knows when; evaluate.go reads, decides and commits.
//
// A change of state is one transaction: the row (only if it still is in the state that the decision
// started from), the history, the queued actions, and the notice TopicAlarm. So any number of nodes may
// evaluate the same alarm, and one of them changes it.
package cloudwatch
