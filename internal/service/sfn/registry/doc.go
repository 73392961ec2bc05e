// Package registry keeps state machines and activities: their revisions, versions, aliases and tags, and what can be
// told of a definition without an execution (ValidateStateMachineDefinition, TestState).
package registry
