package report

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/expression"
	"github.com/headgate/headgate/arazzo/runner"
)

// Text writes plain lines while a run goes on. It is an Observer.
type Text struct {
	w       io.Writer
	verbose bool
	width   map[int]int    // of the step column, by workflow run
	called  map[int]string // what the present step of a workflow run calls
}

var _ runner.Observer = (*Text)(nil)

// NewText writes to w; verbose adds requests, answers and every condition.
func NewText(w io.Writer, verbose bool) *Text {
	return &Text{w: w, verbose: verbose, width: map[int]int{}, called: map[int]string{}}
}

// Observe implements runner.Observer.
func (t *Text) Observe(e runner.Event) {
	o := e.From()
	switch e := e.(type) {
	case runner.WorkflowStarted:
		t.width[o.Run] = longest(e.Steps)
		t.line(o, "workflow %s%s", e.WorkflowID, suffix(": ", e.Summary))
	case runner.StepStarted:
		t.called[o.Run] = e.Operation
	case runner.RequestSent:
		t.request(e)
	case runner.ResponseReceived:
		if t.verbose {
			t.response(e)
		}
	case runner.MessageSent:
		if t.verbose || e.DryRun {
			t.step(o, "send", "to %s: %s", e.Channel, show(e.Payload))
		}
	case runner.MessageReceived:
		if t.verbose {
			t.step(o, "got", "from %s after %s: %s", e.Channel, round(e.Waited), show(e.Payload))
		}
	case runner.CriterionEvaluated:
		if t.verbose {
			t.criterion(e)
		}
	case runner.ActionTaken:
		if e.Type != "retry" {
			t.step(o, "→", "%s%s (action %s)", e.Type, suffix(" ", e.Target), e.Name)
		}
	case runner.RetryWaiting:
		by := ""
		if e.ByServer {
			by = ", as the answer asks"
		}
		t.step(o, "again", "retry %d of %d in %s%s (action %s)%s", e.Retry, e.Limit, round(e.Delay), by, e.Action, suffix(": ", e.Reason))
	case runner.StepEnded:
		t.stepEnded(e)
	case runner.WorkflowEnded:
		t.workflowEnded(e)
	case runner.Warned:
		// Summary lists them together.
	}
}

func (t *Text) line(o runner.Origin, format string, args ...any) {
	fmt.Fprintf(t.w, "%s%s\n", strings.Repeat("    ", o.Depth), printable(fmt.Sprintf(format, args...)))
}

// printable replaces control characters: what a server answers must not command the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r < 0xa0 {
			return '·'
		}
		return r
	}, strings.ToValidUTF8(s, "·"))
}

// step writes a line of a step: a mark, the step, and what there is to say.
func (t *Text) step(o runner.Origin, mark, format string, args ...any) {
	t.line(o, "  %-5s %-*s  %s", mark, t.width[o.Run], o.StepID, fmt.Sprintf(format, args...))
}

// more goes on with what the last line says.
func (t *Text) more(o runner.Origin, format string, args ...any) {
	t.line(o, "  %-5s %-*s  %s", "", t.width[o.Run], "", fmt.Sprintf(format, args...))
}

func (t *Text) request(e runner.RequestSent) {
	switch {
	case e.DryRun:
		t.step(e.Origin, "would", "%s %s%s", e.Method, e.URL, suffix(" signed by ", strings.Join(e.Security, ", ")))
	case t.verbose:
		t.step(e.Origin, "send", "%s %s", e.Method, e.URL)
	default:
		return
	}
	for _, h := range pairs(e.Header) {
		t.more(e.Origin, "  %s: %s", h.Name, h.Value)
	}
	if len(e.Body) > 0 {
		t.more(e.Origin, "  %s", content(e.Body))
	}
}

func (t *Text) response(e runner.ResponseReceived) {
	if e.Err != nil {
		t.step(e.Origin, "got", "no answer after %s: %v", round(e.Duration), e.Err)
		return
	}
	t.step(e.Origin, "got", "%d in %s, %d bytes", e.StatusCode, round(e.Duration), len(e.Body))
	if len(e.Body) > 0 {
		t.more(e.Origin, "  %s", content(e.Body))
	}
}

func (t *Text) criterion(e runner.CriterionEvaluated) {
	of, mark := "successCriteria", "holds"
	if e.Action != "" {
		of = "action " + e.Action
	}
	if !e.Passed {
		mark = "not"
	}
	t.step(e.Origin, mark, "%s, %s%s", e.Condition, of, suffix(": ", e.Reason))
}

func (t *Text) stepEnded(e runner.StepEnded) {
	r := e.Result
	mark := "ok"
	if r.Status != runner.Success {
		mark = "FAIL"
	}
	text := t.called[e.Run]
	if r.StatusCode != 0 {
		text += fmt.Sprintf("  %d", r.StatusCode)
	}
	if r.Attempts > 1 {
		text += fmt.Sprintf("  %d attempts", r.Attempts)
	}
	t.step(e.Origin, mark, "%s  %s", text, round(r.Duration))
	if r.Status != runner.Success {
		t.more(e.Origin, "  %s", r.Reason)
		if r.Hint != "" {
			t.more(e.Origin, "  %s", r.Hint)
		}
	}
}

func (t *Text) workflowEnded(e runner.WorkflowEnded) {
	r := e.Result
	if r.Status == runner.Success {
		t.line(e.Origin, "%s succeeded in %s", r.WorkflowID, round(r.Duration))
	} else {
		reason := r.Reason
		if what, _, told := strings.Cut(reason, " failed: "); told && strings.HasPrefix(reason, "step ") { // its own lines said why
			reason = what + " failed"
		}
		t.line(e.Origin, "%s FAILED in %s: %s", r.WorkflowID, round(r.Duration), reason)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Outputs)) {
		t.line(e.Origin, "  %s: %s", name, show(r.Outputs[name]))
	}
	delete(t.width, e.Run)
	delete(t.called, e.Run)
}

// Summary ends the report: warnings, and how many workflows succeeded.
func (t *Text) Summary(result *runner.Result) {
	for _, f := range result.Warnings {
		if f.Severity != arazzo.SeverityInfo || t.verbose {
			fmt.Fprintln(t.w, f)
		}
	}
	failed := 0
	for _, w := range result.Workflows {
		if w.Status != runner.Success {
			failed++
		}
	}
	switch n := len(result.Workflows); {
	case n < 2:
	case failed == 0:
		fmt.Fprintf(t.w, "all %d workflows succeeded in %s\n", n, round(result.Duration))
	default:
		fmt.Fprintf(t.w, "%d of %d workflows failed in %s\n", failed, n, round(result.Duration))
	}
}

func longest(list []string) int {
	n := 0
	for _, s := range list {
		n = max(n, len(s))
	}
	return min(n, 40)
}

func suffix(by, s string) string {
	if s == "" {
		return ""
	}
	return by + s
}

func show(v any) string {
	if s, ok := v.(string); ok {
		return clip(s)
	}
	if out, err := json.Marshal(v); err == nil {
		return clip(string(out))
	}
	return clip(expression.Text(v))
}

// content is the beginning of a body, if that is text.
func content(b []byte) string {
	if !utf8.Valid(b) {
		return fmt.Sprintf("(%d bytes that are no text)", len(b))
	}
	return clip(string(b))
}

// clip keeps a line readable.
func clip(s string) string {
	const most = 400
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// round writes a duration with three digits at most.
func round(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}
