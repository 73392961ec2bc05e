package diagram

import "github.com/headgate/headgate/arazzo"

// WorkflowOutline is what a drawing of a workflow shows, for machines.
type WorkflowOutline struct {
	WorkflowID string        `json:"workflowId"`
	Summary    string        `json:"summary"`
	Inputs     []string      `json:"inputs"` // with a * where they are required
	Outputs    []string      `json:"outputs"`
	Steps      []StepOutline `json:"steps"`
}

// StepOutline is a box of the drawing.
type StepOutline struct {
	StepID    string        `json:"stepId"`
	Calls     []string      `json:"calls"`
	Criteria  []string      `json:"successCriteria"`
	Outputs   []string      `json:"outputs"`
	Reachable bool          `json:"reachable"`
	Exits     []ExitOutline `json:"next"`
}

// ExitOutline is an arrow of the drawing.
type ExitOutline struct {
	On     string `json:"on"` // success or failure
	Action string `json:"action,omitempty"`
	When   string `json:"when,omitempty"`
	To     string `json:"to"`              // stepId, or what happens
	Never  bool   `json:"never,omitempty"` // it is known that it is never taken
}

// Outline is a drawing's content.
func Outline(d *arazzo.Document, o Options) []WorkflowOutline {
	out := []WorkflowOutline{}
	for _, c := range charts(d, o) {
		w := WorkflowOutline{WorkflowID: c.title, Summary: c.summary, Inputs: list(c.inputs), Outputs: list(c.outputs), Steps: []StepOutline{}}
		for _, b := range c.boxes {
			s := StepOutline{StepID: b.title, Calls: list(b.calls), Criteria: list(b.criteria), Outputs: list(b.outputs), Reachable: !b.isolated, Exits: []ExitOutline{}}
			for _, e := range b.exits {
				x := ExitOutline{On: "success", Action: e.action, When: e.when, To: e.text, Never: e.never}
				if e.failure {
					x.On = "failure"
				}
				if e.kind == toBox {
					x.To = c.boxes[e.to].title
				}
				s.Exits = append(s.Exits, x)
			}
			w.Steps = append(w.Steps, s)
		}
		out = append(out, w)
	}
	return out
}

// list is never null in JSON.
func list(l []string) []string {
	if l == nil {
		return []string{}
	}
	return l
}
