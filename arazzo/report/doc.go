// Package report tells people and machines what came of a run of workflows.
//
//	events ──► Text   lines for a terminal or a log, as things happen
//	       └─► HAR    the exchanges, HTTP Archive 1.2, written as they come
//	result ──► JSON   the contract of `headgate arazzo run --json`
//	       ├─► JUnit  a test suite for each workflow, a test case for each step
//	       └─► Text.Summary
//
// Events carry no secrets, so neither do the reports of them. JSON holds outputs as they are: they are what was asked for.
package report
