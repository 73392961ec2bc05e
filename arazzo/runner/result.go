package runner

import (
	"time"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/expression"
)

// Status is how a workflow or a step ended.
type Status string

// The two ways to end. What did not run is not in the result.
const (
	Success Status = "success"
	Failure Status = "failure"
)

// Result is what a run came to. Its JSON form is the contract of `headgate arazzo run --json`.
type Result struct {
	// Workflows are those asked for, those they depend on (before them) and those that control was transferred to (after them). A workflow
	// that ran as a step stands in that step.
	Workflows []*WorkflowResult `json:"workflows"`
	Warnings  []arazzo.Finding  `json:"-"` // each once, in the order of their discovery
	Started   time.Time         `json:"-"`
	Duration  time.Duration     `json:"-"`
}

// Success tells whether every workflow succeeded.
func (r *Result) Success() bool {
	for _, w := range r.Workflows {
		if w.Status != Success {
			return false
		}
	}
	return true
}

// Workflow finds a workflow's result; nil where it did not run.
func (r *Result) Workflow(id string) *WorkflowResult {
	for _, w := range r.Workflows {
		if w.WorkflowID == id {
			return w
		}
	}
	return nil
}

// WorkflowResult is what one workflow came to.
type WorkflowResult struct {
	WorkflowID string         `json:"workflowId"`
	Status     Status         `json:"status"`
	Outputs    map[string]any `json:"outputs"` // without those that nothing set
	Steps      []*StepResult  `json:"steps"`   // those that ran, in the order of their first visit
	Reason     string         `json:"-"`       // why it failed; empty on success
	Document   string         `json:"-"`       // where the workflow stands
	Started    time.Time      `json:"-"`
	Duration   time.Duration  `json:"-"`

	last *expression.Values // the last exchange, for the step that the workflow is
}

// Step finds a step's result; nil where it did not run.
func (w *WorkflowResult) Step(id string) *StepResult {
	for _, s := range w.Steps {
		if s.StepID == id {
			return s
		}
	}
	return nil
}

// StepResult is what the last visit of a step came to.
type StepResult struct {
	StepID     string          `json:"stepId"`
	Status     Status          `json:"status"`
	Attempts   int             `json:"attempts"` // of all visits together
	Outputs    map[string]any  `json:"outputs"`
	Reason     string          `json:"-"` // why it failed
	Hint       string          `json:"-"` // what to do about it, where something is known
	StatusCode int             `json:"-"` // of the last response; 0: none
	Line       int             `json:"-"` // of the step in its document
	Workflow   *WorkflowResult `json:"-"` // of a step that is a workflow
	Started    time.Time       `json:"-"` // of the last visit
	Duration   time.Duration   `json:"-"` // of the last visit, waits included
}
