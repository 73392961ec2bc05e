package lint

import (
	"fmt"
	"strings"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/expression"
	"github.com/headgate/headgate/arazzo/flow"
)

// order checks what may follow upon what.
func (l *linter) order(w *workflowView) {
	reachable := w.flow.Reachable()
	for i, s := range w.steps {
		if !reachable[i] {
			l.report("step-unreachable", s.At("stepId"), s.Path, "let an action that can match lead to it, or take it out", "no run comes to step %q%s", s.StepID, w.unreachableWhy(i))
			continue
		}
		l.fallsThrough(s)
		l.early(s)
	}
}

// unreachableWhy names the actions that would lead to step i if they ever matched.
func (w *workflowView) unreachableWhy(i int) string {
	var would []string
	for from, exits := range w.flow.Exits {
		for _, e := range exits {
			if e.Action != nil && e.Step == i && e.Verdict == flow.Never {
				would = append(would, fmt.Sprintf("action %q of step %q", e.Action.Name, w.steps[from].StepID))
			}
		}
	}
	if len(would) == 0 {
		return ""
	}
	return ": " + strings.Join(would, ", ") + " would lead to it, but never matches"
}

// fallsThrough reports a step whose success actions may all fail to match, if that makes a difference (FACTS §0.3).
func (l *linter) fallsThrough(s *stepView) {
	if !s.w.flow.FallsThrough(s.index) {
		return
	}
	next, same := "the workflow ends, successfully", true
	if s.index+1 < len(s.w.steps) {
		next = fmt.Sprintf("step %q runs", s.w.steps[s.index+1].StepID)
	}
	never := true
	var first *arazzo.Action
	for _, e := range s.w.flow.Exits[s.index] {
		if e.Failure || e.Action == nil {
			continue
		}
		if first == nil {
			first = e.Action
		}
		never = never && e.Verdict == flow.Never
		ends := e.Kind == flow.ToEnd && s.index+1 == len(s.w.steps)
		same = same && (ends || e.Kind == flow.ToStep && e.Step == s.index+1)
	}
	if same && !looksAtBody(s) {
		return
	}
	text := "where none of the success actions of step %q matches, %s"
	if never {
		text = "none of the success actions of step %q ever matches: %s always"
	}
	l.report("success-falls-through", first.Pos, s.Path,
		"put what is waited for into successCriteria, so that its absence is a failure, or add a last action without criteria", text, s.StepID, next)
}

// looksAtBody tells whether any success action of a step depends on the response's body.
func looksAtBody(s *stepView) bool {
	for _, a := range s.w.EffectiveOnSuccess(s.Step) {
		for _, c := range a.Criteria {
			if strings.Contains(c.Context+c.Condition, "$response.body") || strings.Contains(c.Context+c.Condition, "$message.payload") {
				return true
			}
		}
	}
	return false
}

// early reports uses of outputs of steps that cannot have run.
func (l *linter) early(s *stepView) {
	var before []bool
	use := func(e *expression.Expression, at arazzo.Pos, path string, after bool) {
		if e.Root != expression.RootSteps {
			return
		}
		if before == nil {
			before = s.w.flow.Before(s.index)
		}
		other, i := s.w.Step(e.Owner)
		if other == nil || before[i] || after && i == s.index || s.dependsOn(e.Owner) {
			return
		}
		l.report("step-output-early", at, path, "move step "+e.Owner+" before this one", "%s: step %q cannot have run when step %q does", e, e.Owner, s.StepID)
	}
	for _, u := range usesOfStep(s.w.Workflow, s.Step) {
		use(u.Expression, u.pos, u.path, u.after)
	}
}

func (s *stepView) dependsOn(id string) bool {
	for _, d := range s.DependsOn {
		if d.Text == id || strings.HasSuffix(d.Text, "."+id) {
			return true
		}
	}
	return false
}

// retries checks a step's retry actions.
func (l *linter) retries(s *stepView) {
	for _, a := range s.w.EffectiveOnFailure(s.Step) {
		if a.Type != arazzo.ActionRetry {
			continue
		}
		l.retryLimits(a)
		if a.StepID == s.StepID && a.StepID != "" {
			f := l.report("retry-names-itself", a.At("stepId"), a.Path, "leave stepId out", "retry %q of step %q names its own step", a.Name, s.StepID)
			f.Edits = l.text.removeKey(a.KeyAt("stepId"), "stepId", a.StepID)
		}
		switch {
		case s.verdicts[a] == flow.Never:
			l.report("retry-never-fires", a.Pos, a.Path, "give the retry criteria that a failure of this step can meet", "retry %q of step %q never fires: its criteria match no failure", a.Name, s.StepID)
		case l.pollsByStatus(s, a):
			l.report("retry-never-fires", a.Pos, a.Path, "put the state that is waited for into successCriteria: "+s.awaited(),
				"retry %q of step %q does not fire while the state is not reached: the step succeeds as soon as the status is right", a.Name, s.StepID)
		}
	}
}

// pollsByStatus tells a poll that never polls: success hangs on the status alone, while what the success actions wait for is in the body
// (FACTS §0.3).
func (l *linter) pollsByStatus(s *stepView, a *arazzo.Action) bool {
	if len(s.success) == 0 || !looksAtBody(s) || a.RetryLimit == nil || *a.RetryLimit < 2 {
		return false
	}
	for _, c := range s.success {
		if c.root == nil {
			return false
		}
		only := true
		c.root.expressions(func(e *expression.Expression) { only = only && e.Root == expression.RootStatusCode })
		if !only {
			return false
		}
	}
	for _, c := range a.Criteria {
		if strings.Contains(c.Condition, "$statusCode") {
			return false // meant for certain errors
		}
	}
	return true
}

// awaited is the condition that a poll's success criteria lack: that of its first success action.
func (s *stepView) awaited() string {
	for _, a := range s.w.EffectiveOnSuccess(s.Step) {
		if len(s.actions[a]) == 0 {
			continue
		}
		c := s.actions[a][0]
		if c.compared == nil {
			return c.Condition
		}
		if right, ok := strings.CutPrefix(s.rightPath(c), "$response.body#/"); ok {
			return c.compared.simple(c.Context, strings.Split(right, "/"))
		}
		return c.compared.simple(c.Context, c.compared.path)
	}
	return ""
}

const (
	longRetry    = 3600.0 // seconds
	manyRetries  = 1000
	hastyRetries = 10
)

func (l *linter) retryLimits(a *arazzo.Action) {
	limit, pause := 1, 0.0
	if a.RetryLimit != nil {
		limit = *a.RetryLimit
	}
	if a.RetryAfter != nil {
		pause = *a.RetryAfter
	}
	switch {
	case limit > manyRetries || float64(limit)*pause > longRetry:
		l.report("retry-long", a.At("retryLimit"), a.Path, "lower retryLimit or retryAfter", "retry %q may wait %d times %g s", a.Name, limit, pause)
	case limit > hastyRetries && pause == 0:
		l.report("retry-without-pause", a.Pos, a.Path, "add retryAfter", "retry %q tries up to %d times without a pause", a.Name, limit)
	}
}

// timeouts reports receive steps that wait for ever.
func (l *linter) timeouts(w *workflowView) {
	for _, s := range w.steps {
		if s.Action == arazzo.ActionReceive && s.Timeout == nil {
			l.report("timeout-missing", s.At("stepId"), s.Path, "add timeout, in milliseconds", "step %q waits for a message without timeout", s.StepID)
		}
	}
}
