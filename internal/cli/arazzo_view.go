package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/headgate/headgate/arazzo/report"
	"github.com/headgate/headgate/arazzo/runner"
)

// runView shows a run while it goes on: lines for what has happened, and on a terminal below them how every step stands.
type runView struct {
	text  *report.Text
	board *board
	runs  []*shownRun
}

// shownRun is a workflow on the board.
type shownRun struct {
	run, depth int
	id         string
	steps      []string
	state      map[string]string // mark by stepId
	note       string
	over       bool
}

func newRunView(e *env, verbose bool) *runView {
	v := &runView{board: newBoard(e)}
	if e.json { // standard output is the result's
		v.text, v.board = report.NewText(e.stderr, verbose), nil
		return v
	}
	v.text = report.NewText(above{v.board}, verbose)
	return v
}

// above writes lines above the board.
type above struct{ *board }

func (a above) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		a.line(strings.TrimSuffix(line, "\n"))
	}
	return len(p), nil
}

// Observe implements runner.Observer.
func (v *runView) Observe(e runner.Event) {
	v.text.Observe(e)
	if v.board == nil || !v.board.live {
		return
	}
	o := e.From()
	if e, ok := e.(runner.WorkflowStarted); ok {
		v.runs = append(v.runs, &shownRun{run: o.Run, depth: o.Depth, id: o.WorkflowID, steps: e.Steps, state: map[string]string{}})
	}
	for _, r := range v.runs {
		if r.run == o.Run {
			r.observe(e)
		}
	}
	v.board.show(v.lines())
}

func (r *shownRun) observe(e runner.Event) {
	id := e.From().StepID
	switch e := e.(type) {
	case runner.StepStarted:
		r.state[id], r.note = "◐", e.Operation
	case runner.RetryWaiting:
		r.state[id], r.note = "↻", fmt.Sprintf("retry %d of %d in %s", e.Retry, e.Limit, e.Delay.Round(time.Millisecond))
	case runner.RequestSent:
		r.state[id], r.note = "◐", e.Method+" "+e.URL
	case runner.StepEnded:
		r.state[id], r.note = "●", ""
		if e.Result.Status != runner.Success {
			r.state[id] = "✗"
		}
	case runner.WorkflowEnded:
		r.over = true
	}
}

// lines are the board's: for each workflow that has not ended its steps, and what is going on.
func (v *runView) lines() []string {
	var out []string
	for _, r := range v.runs {
		if r.over {
			continue
		}
		line := strings.Repeat("  ", r.depth) + r.id + " "
		for _, s := range r.steps {
			mark := r.state[s]
			if mark == "" {
				mark = "○"
			}
			line += " " + mark + " " + s
		}
		out = append(out, line)
		if r.note != "" {
			out = append(out, strings.Repeat("  ", r.depth)+"  "+r.note)
		}
	}
	return out
}

// end takes the board away and writes the summary.
func (v *runView) end(result *runner.Result) {
	if v.board != nil {
		v.board.show(nil)
		v.board.close()
	}
	v.text.Summary(result)
}
