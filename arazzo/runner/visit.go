package runner

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/headgate/headgate/arazzo"
)

// visit takes a step from its first attempt to the decision about what comes next. first is the outcome of an attempt that was made in the
// background; nil: there was none.
func (f *frame) visit(ctx context.Context, s *stepPlan, first *outcome) (direction, error) {
	r := f.run
	res := f.enterStep(s)
	retries := make([]int, len(s.onFailure))
	for attempt := 1; ; attempt++ {
		var out outcome
		if first != nil {
			out, first = f.judged(s, attempt, *first), nil
		} else {
			if err := r.begin(ctx); err != nil {
				return direction{}, f.broken(s, res, err)
			}
			out = f.attempt(ctx, s, attempt)
		}
		res.Attempts++
		if out.fatal != nil {
			return direction{}, f.broken(s, res, out.fatal)
		}
		f.settle(s, res, &out)
		if out.ok {
			d, err := f.onSuccess(s, attempt)
			f.leaveStep(s, res)
			return f.progress(s, &out, d, err)
		}
		again, d, err := f.onFailure(ctx, s, attempt, &out, retries)
		if err != nil {
			return direction{}, f.broken(s, res, err)
		}
		if !again {
			f.leaveStep(s, res)
			return f.progress(s, &out, d, nil)
		}
	}
}

// enterStep makes or renews the step's result.
func (f *frame) enterStep(s *stepPlan) *StepResult {
	res := f.steps[s.model.StepID]
	if res == nil {
		res = &StepResult{StepID: s.model.StepID, Line: s.model.Line}
		f.steps[s.model.StepID] = res
		f.result.Steps = append(f.result.Steps, res)
	}
	res.Started = f.run.clock.Now()
	f.run.observe(func() Event {
		return StepStarted{f.origin(s, 0), s.model.Description, s.label, s.model.Line}
	})
	return res
}

// settle writes an attempt's outcome into the step's result and makes its outputs known.
func (f *frame) settle(s *stepPlan, res *StepResult, out *outcome) {
	res.Status, res.Reason, res.Hint = Success, "", ""
	if !out.ok {
		res.Status, res.Reason, res.Hint = Failure, out.reason, out.hint
	}
	res.StatusCode, res.Workflow = out.statusCode, out.workflow
	res.Outputs = out.outputs
	if res.Outputs == nil {
		res.Outputs = map[string]any{}
	}
	f.values.Steps[s.model.StepID] = res.Outputs
	if out.workflow != nil && !f.run.Strict { // documents name outputs of the workflow that the step does not declare; validation has warned
		f.values.Steps[s.model.StepID] = merged(out.workflow.Outputs, res.Outputs)
	}
}

// merged is both maps in one; the second one wins.
func merged(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]any{}
	}
	maps.Copy(out, b)
	return out
}

func (f *frame) leaveStep(s *stepPlan, res *StepResult) {
	res.Duration = since(f.run.clock, res.Started)
	f.run.observe(func() Event {
		return StepEnded{f.origin(s, 0), f.run.shownStep(res)}
	})
}

// broken ends a step that takes the whole run with it.
func (f *frame) broken(s *stepPlan, res *StepResult, err error) error {
	res.Status, res.Reason = Failure, err.Error()
	if res.Outputs == nil {
		res.Outputs = map[string]any{}
	}
	f.leaveStep(s, res)
	return err
}

// progress refuses a loop that gets nowhere: a step that goto brings back again and again while its exchange stays the same.
func (f *frame) progress(s *stepPlan, out *outcome, d direction, err error) (direction, error) {
	if err != nil || d.end || d.fail || d.other != nil || d.to > s.at || out.answer == nil {
		return d, err
	}
	l := &f.loops[s.at]
	if print := fingerprint(out.request, out.answer); l.print != print {
		*l = loop{print: print}
	}
	if l.same++; l.same > f.run.limits.Loops {
		return d, &fatalError{fmt.Errorf("step %s goes back by goto without progress: %d times in a row its request and its answer were the same", s.model.StepID, l.same)}
	}
	return d, nil
}

// onSuccess decides what follows a successful step: its first matching action, else the next step.
func (f *frame) onSuccess(s *stepPlan, attempt int) (direction, error) {
	for _, a := range s.onSuccess {
		if !f.all(s, attempt, a.model.Name, a.criteria) {
			continue
		}
		f.took(s, attempt, a)
		switch {
		case a.model.Type == arazzo.ActionEnd:
			return direction{end: true}, nil
		case a.workflow != nil:
			with, err := f.arguments(s, a)
			return direction{end: true, other: a.workflow, with: with}, err
		case a.step >= 0:
			return direction{to: a.step}, nil
		}
	}
	return direction{to: s.at + 1}, nil
}

// onFailure decides what follows a failed step: its first matching action, where a retry that is used up lets the later ones have their
// turn; else the workflow breaks off.
func (f *frame) onFailure(ctx context.Context, s *stepPlan, attempt int, out *outcome, retries []int) (again bool, d direction, err error) {
	for i, a := range s.onFailure {
		if !f.all(s, attempt, a.model.Name, a.criteria) {
			continue
		}
		switch {
		case a.model.Type == arazzo.ActionEnd:
			f.took(s, attempt, a)
			return false, direction{fail: true}, nil
		case a.model.Type == arazzo.ActionRetry:
			limit := 1
			if a.model.RetryLimit != nil {
				limit = *a.model.RetryLimit
			}
			if retries[i] >= limit {
				continue
			}
			if retries[i]++; retries[i] > f.run.limits.Retries {
				return false, d, &fatalError{fmt.Errorf("action %s asks for %d retries; the limit is %d", a.model.Name, limit, f.run.limits.Retries)}
			}
			f.took(s, attempt, a)
			return true, d, f.beforeRetry(ctx, s, attempt, a, out, retries[i], limit)
		case a.workflow != nil:
			f.took(s, attempt, a)
			with, err := f.arguments(s, a)
			return false, direction{fail: true, other: a.workflow, with: with}, err
		case a.step >= 0:
			f.took(s, attempt, a)
			return false, direction{to: a.step}, nil
		}
	}
	return false, direction{fail: true}, nil
}

func (f *frame) took(s *stepPlan, attempt int, a *actionPlan) {
	f.run.observe(func() Event {
		target := a.model.StepID
		if target == "" {
			target = a.model.WorkflowID
		}
		return ActionTaken{f.origin(s, attempt), a.model.Name, a.model.Type, target}
	})
}

// beforeRetry waits as the action or, rather, the response says, and then runs what the action refers to. A reference to the step itself
// means no more than the retry (FACTS §0, trap 6).
func (f *frame) beforeRetry(ctx context.Context, s *stepPlan, attempt int, a *actionPlan, out *outcome, number, limit int) error {
	r := f.run
	var wait time.Duration
	if a.model.RetryAfter != nil {
		wait = seconds2duration(*a.model.RetryAfter)
	}
	if out.byServer {
		wait = out.retryAfter
	}
	if wait > r.limits.Wait {
		return &fatalError{fmt.Errorf("step %s is to be retried after %v; the limit is %v", s.model.StepID, wait, r.limits.Wait)}
	}
	r.observe(func() Event {
		return RetryWaiting{f.origin(s, attempt), a.model.Name, number, limit, wait, out.byServer, r.masker.Text(out.reason)}
	})
	if r.player == nil {
		if err := sleep(ctx, r.clock, wait); err != nil {
			return &fatalError{err}
		}
	}
	switch {
	case a.workflow != nil:
		with, err := f.arguments(s, a)
		if err != nil {
			return err
		}
		result, _, err := f.enter(ctx, a.workflow, with, s)
		f.know(result, with)
		return err
	case a.step >= 0 && a.step != s.at:
		return f.aside(ctx, f.plan.steps[a.step])
	}
	return nil
}

// aside runs a step for the sake of a retry: the context returns afterwards, so its goto and end do not count, whatever it came to.
func (f *frame) aside(ctx context.Context, s *stepPlan) error {
	if f.nesting++; f.nesting > f.run.limits.Depth {
		return &fatalError{fmt.Errorf("steps are run for the sake of each other's retries more than %d deep, at %s", f.run.limits.Depth, s.model.StepID)}
	}
	defer func() { f.nesting-- }()
	_, err := f.visit(ctx, s, nil)
	return err
}

// arguments evaluates the parameters of an action that runs a workflow. Without any, the other workflow gets the inputs of this one that it
// declares: 1.0 has no parameters on actions.
func (f *frame) arguments(s *stepPlan, a *actionPlan) (map[string]any, error) {
	if len(a.parameters) == 0 {
		return a.workflow.declared(f.values.Inputs), nil
	}
	with, err := f.named(a.parameters)
	if err != nil {
		return nil, &fatalError{fmt.Errorf("step %s, action %s: %w", s.model.StepID, a.model.Name, err)}
	}
	return with, nil
}
