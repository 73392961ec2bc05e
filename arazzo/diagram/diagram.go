// Package diagram draws workflows: their steps as boxes, and what may follow upon each as arrows, as
// text for a terminal and as SVG. The layout is made here, from the control flow alone:
//
//	    ●                      start
//	┌───▼────┐
//	│ 1 step ├── criteria ──┐ to the right: success actions
//	└─▲─┬────┘              │ to the left:  failure actions, retries as loops
//	  └─┤                   │ downward:     what leads to the next step
//	┌───▼────┐              │
//	│ 2 step │◄─────────────┘
//	└────────┘
package diagram

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/flow"
)

// Options choose what is drawn. The zero value draws every workflow of the document by itself.
type Options struct {
	Workflow string // the workflowId; empty: all
	// Operation tells the method and path of the operation that a step calls, empty where it is not known. May be nil.
	Operation func(step *arazzo.Step) (method, path string)
	Judge     flow.Judge // decides more about what may follow
}

// Text draws workflows with box characters.
func Text(w io.Writer, d *arazzo.Document, o Options) error {
	for i, c := range charts(d, o) {
		if i > 0 {
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
		}
		if err := c.writeText(w); err != nil {
			return err
		}
	}
	return nil
}

// SVG draws workflows as one picture that follows the reader's colour scheme.
func SVG(d *arazzo.Document, o Options) []byte {
	title := "Arazzo workflows"
	if d.Info != nil && d.Info.Title != "" {
		title = d.Info.Title
	}
	return drawing(title, charts(d, o))
}

func charts(d *arazzo.Document, o Options) []*chart {
	var all []*chart
	for _, w := range d.Workflows {
		if o.Workflow == "" || o.Workflow == w.WorkflowID {
			all = append(all, newChart(w, o))
		}
	}
	return all
}

func newChart(w *arazzo.Workflow, o Options) *chart {
	c := &chart{title: oneLine(w.WorkflowID), summary: oneLine(w.Summary), inputs: inputs(w), outputs: w.Outputs.Keys()}
	if len(w.DependsOn) > 0 {
		c.notes = append(c.notes, "after "+names(w.DependsOn))
	}
	f := flow.Of(w, o.Judge)
	reachable := f.Reachable()
	for i, s := range w.Steps {
		b := box{title: oneLine(s.StepID), calls: calls(s, o), outputs: s.Outputs.Keys(), isolated: !reachable[i]}
		for _, k := range s.SuccessCriteria {
			b.criteria = append(b.criteria, criterionText(k))
		}
		for _, e := range f.Exits[i] {
			b.exits = append(b.exits, exitOf(w, i, e, f.Exits[i]))
		}
		c.boxes = append(c.boxes, b)
	}
	return c
}

// inputs are the names of a workflow's inputs, with a star where they are required.
func inputs(w *arazzo.Workflow) []string {
	if w.Inputs == nil {
		return nil
	}
	required := map[string]bool{}
	if list := w.Inputs.Member("required"); list != nil {
		for _, item := range list.Items {
			if name, ok := item.Scalar.(string); ok {
				required[name] = true
			}
		}
	}
	var names []string
	if properties := w.Inputs.Member("properties"); properties != nil {
		for _, m := range properties.Members {
			name := oneLine(m.Name)
			if required[m.Name] {
				name += "*"
			}
			names = append(names, name)
		}
	}
	return names
}

// calls says what a step does.
func calls(s *arazzo.Step, o Options) []string {
	var out []string
	switch {
	case s.WorkflowID != "":
		out = []string{"workflow " + s.WorkflowID}
	case s.ChannelPath != "":
		out = []string{after(s.Action, " ", s.ChannelPath)}
	case s.OperationID != "":
		out = []string{after(s.OperationID, "  ", s.Action)}
	default:
		out = []string{s.OperationPath}
	}
	if o.Operation != nil {
		if method, path := o.Operation(s); path != "" {
			if s.OperationPath != "" {
				out = nil
			}
			out = append(out, method+" "+path)
		}
	}
	if len(s.DependsOn) > 0 {
		out = append(out, "after "+names(s.DependsOn))
	}
	if s.Timeout != nil {
		out = append(out, fmt.Sprintf("at most %s ms", strconv.FormatInt(*s.Timeout, 10)))
	}
	for i := range out {
		out[i] = oneLine(out[i])
	}
	return out
}

func names(list []arazzo.String) string {
	var ids []string
	for _, d := range list {
		ids = append(ids, oneLine(d.Text))
	}
	return strings.Join(ids, ", ")
}

func criterionText(c *arazzo.Criterion) string {
	text := oneLine(c.Condition)
	if c.Type == nil || c.Type.Type == "" || c.Type.Type == "simple" {
		return text
	}
	text = c.Type.Type + " " + text
	if c.Context != "" && c.Context != "$response.body" {
		text += " in " + oneLine(c.Context)
	}
	return text
}

// exitOf describes one way out of step i; all are its siblings, which decide whether it is the only one of its side.
func exitOf(w *arazzo.Workflow, i int, e flow.Exit, all []flow.Exit) exit {
	out := exit{failure: e.Failure, to: e.Step, never: e.Verdict == flow.Never}
	switch e.Kind {
	case flow.ToStep:
		out.kind = toBox
	case flow.ToEnd:
		out.kind, out.text = toEnd, "end"
		if e.Failure {
			out.text = "end, failed"
		}
	case flow.ToBreak:
		out.kind, out.text = toFailure, "fails"
	case flow.ToWorkflow:
		out.kind, out.text = toWorkflow, "workflow "+oneLine(e.Workflow)
	case flow.ToRetry:
		out.kind, out.text = toSelf, retryText(w, i, e)
	}
	if e.Action != nil {
		var when []string
		for _, c := range e.Action.Criteria {
			when = append(when, criterionText(c))
		}
		out.action, out.when = oneLine(e.Action.Name), strings.Join(when, " and ")
		return out
	}
	for _, other := range all {
		if other.Failure == e.Failure && other.Action != nil && !e.Failure {
			out.when = "otherwise"
		}
	}
	return out
}

// retryText says when and how often a step is tried again.
func retryText(w *arazzo.Workflow, i int, e flow.Exit) string {
	a := e.Action
	text := "again"
	if a.RetryAfter != nil {
		text += fmt.Sprintf(" after %s s", strconv.FormatFloat(*a.RetryAfter, 'f', -1, 64))
	}
	switch {
	case e.Workflow != "":
		text += ", workflow " + oneLine(e.Workflow) + " first"
	case e.Step >= 0 && e.Step != i: // one that names its own step is a plain retry (FACTS §0.6)
		text += ", " + oneLine(w.Steps[e.Step].StepID) + " first"
	}
	switch {
	case a.RetryLimit == nil || *a.RetryLimit == 1:
		return text + ", once"
	default:
		return text + fmt.Sprintf(", at most %d times", *a.RetryLimit)
	}
}
