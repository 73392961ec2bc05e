package expression

import (
	"fmt"
	"strings"
)

// StepReference is what a step's dependsOn names (1.1): a step of the same
// workflow, of another workflow, or of a workflow in another document.
type StepReference struct {
	Source   string // name of the source description, or ""
	Workflow string // workflowId, or "" for the current one
	Step     string
}

// ParseStepReference reads <stepId>, $workflows.<workflowId>.steps.<stepId> or
// $sourceDescriptions.<name>.<workflowId>.steps.<stepId>. The lenient
// $steps.<stepId> is taken as <stepId>.
func ParseStepReference(s string) (StepReference, error) {
	if !strings.HasPrefix(s, "$") {
		return StepReference{Step: s}, nil
	}
	words := strings.Split(s, ".")
	n := len(words)
	switch {
	case words[0] == "$steps" && n == 2 && words[1] != "":
		return StepReference{Step: words[1]}, nil
	case words[0] == "$workflows" && n == 4 && words[2] == "steps":
		return StepReference{Workflow: words[1], Step: words[3]}, nil
	case words[0] == "$sourceDescriptions" && n >= 5 && words[n-2] == "steps":
		return StepReference{Source: words[1], Workflow: strings.Join(words[2:n-2], "."), Step: words[n-1]}, nil
	}
	return StepReference{}, fmt.Errorf("%q names no step: write <stepId>, $workflows.<workflowId>.steps.<stepId> or $sourceDescriptions.<name>.<workflowId>.steps.<stepId>", clip(s))
}

// WorkflowReference is what a workflowId or a workflow's dependsOn names.
type WorkflowReference struct {
	Source   string // name of the source description, or "" for this document
	Workflow string
}

// ParseWorkflowReference reads <workflowId> or
// $sourceDescriptions.<name>.<workflowId>.
func ParseWorkflowReference(s string) (WorkflowReference, error) {
	if !strings.HasPrefix(s, "$") {
		return WorkflowReference{Workflow: s}, nil
	}
	e, err := Parse(s)
	if err != nil {
		return WorkflowReference{}, err
	}
	if e.Root != RootSourceDescriptions {
		return WorkflowReference{}, fmt.Errorf("%q names no workflow: write <workflowId> or $sourceDescriptions.<name>.<workflowId>", clip(s))
	}
	return WorkflowReference{Source: e.Owner, Workflow: e.Name}, nil
}
