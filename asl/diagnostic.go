package asl

import (
	"fmt"
	"strings"
)

// Diagnostic codes, as ValidateStateMachineDefinition answers them.
const (
	CodeJSON   = "INVALID_JSON_DESCRIPTION"
	CodeSchema = "SCHEMA_VALIDATION_FAILED"
	CodeTarget = "MISSING_TRANSITION_TARGET"
	CodeName   = "DUPLICATE_STATE_NAME"
)

// Severities of diagnostics.
const (
	SeverityError   = "ERROR"
	SeverityWarning = "WARNING"
)

// Diagnostic is one finding in a definition.
type Diagnostic struct {
	Severity string
	Code     string
	Message  string
	Location string // a path in the definition, such as /States/Hello/Next
}

// String is the form that CreateStateMachine's error quotes.
func (d Diagnostic) String() string {
	return d.Code + ": " + d.Message + " at " + d.Location
}

// DefinitionError is a definition that cannot run. There is at least one diagnostic.
type DefinitionError struct{ Diagnostics []Diagnostic }

// Error is the text that CreateStateMachine and UpdateStateMachine answer with the code InvalidDefinition.
func (e *DefinitionError) Error() string {
	texts := make([]string, len(e.Diagnostics))
	for i, d := range e.Diagnostics {
		texts[i] = d.String()
	}
	return fmt.Sprintf("Invalid State Machine Definition: '%s'", strings.Join(texts, ", "))
}
