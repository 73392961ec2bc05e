// Package registry keeps state machines and activities: their revisions, versions, aliases and tags, and what can be
// told of a definition without an execution (ValidateStateMachineDefinition, TestState).
//
// A state machine is a name for its newest revision: definition, role and configuration as they were between two
// updates. Revisions never change. A version is a number for a revision, an alias a weighted choice of one or two
// versions:
//
//	stateMachine:M ──────────────────────────────▶ revision (newest)
//	stateMachine:M:7 ────────────────▶ version 7 ─▶ revision
//	stateMachine:M:live ─┬─ weight 90 ▶ version 7 ─▶ revision
//	                     └─ weight 10 ▶ version 8 ─▶ revision
//
// An execution is started with one revision and keeps it to its end, whatever becomes of the names above. A revision is
// dropped when no machine, no version and no execution refers to it any more (see Trim). When the machine is gone, its
// executions go, too (Executions.Forget).
//
//	CreateStateMachine ─▶ ACTIVE ─DeleteStateMachine─▶ DELETING ─the last execution ends (Ended)─▶ gone
//	                         └────────DeleteStateMachine, no execution runs────────────────────────▶ gone
//
// Versions are numbered from 1 and numbers are not given twice, but for a namesake that is made after the machine is gone.
//
// The package knows nothing of executions: whoever keeps them answers what it asks (Executions), and takes from it what
// an execution is started with (Resolve, Revision, Activity). Files: create, update and machine for state machines,
// version, alias, activity, tag; definition and configuration for checks; teststate and mock for TestState, which
// checks mocks against the models in package answers; resolve for executions; store for rows.
package registry
