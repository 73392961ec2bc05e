package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/auth"
	"github.com/headgate/headgate/arazzo/expression"
)

// attempt makes the step's call once and judges it.
func (f *frame) attempt(ctx context.Context, s *stepPlan, attempt int) outcome {
	if reason := f.missing(s); reason != "" {
		return outcome{reason: reason}
	}
	v := &f.values
	v.URL, v.Method, v.StatusCode, v.Request, v.Response, v.Message, v.Outputs = "", "", 0, nil, nil, nil, f.result.Outputs
	if t := s.model.Timeout; t != nil && *t > 0 && s.action != arazzo.ActionReceive {
		d := time.Duration(min(*t, math.MaxInt64/int64(time.Millisecond))) * time.Millisecond
		mine, outer := &timeoutError{"the step", d}, f.limit
		var cancel context.CancelFunc
		ctx, cancel = deadline(ctx, f.run.clock, d, mine)
		f.limit = mine
		defer func() { f.limit = outer; cancel() }()
	}
	switch {
	case s.sub != nil:
		return f.callWorkflow(ctx, s, attempt)
	case s.action == arazzo.ActionReceive:
		return f.judged(s, attempt, f.wait(s).receive(ctx))
	case s.action == arazzo.ActionSend:
		return f.judged(s, attempt, f.send(ctx, s, attempt))
	}
	return f.judged(s, attempt, f.call(ctx, s, attempt))
}

// missing tells which of the steps that this one depends on has not run.
func (f *frame) missing(s *stepPlan) string {
	for _, d := range s.dependsOn {
		var ran *StepResult
		if d.workflow == f.plan {
			ran = f.steps[d.stepID]
		} else if w := f.run.latest(d.workflow); w != nil {
			ran = w.Step(d.stepID)
		}
		if ran == nil {
			where := ""
			if d.workflow != f.plan {
				where = " of workflow " + d.workflow.model.WorkflowID
			}
			return fmt.Sprintf("it depends on step %s%s, which has not run", d.stepID, where)
		}
	}
	return ""
}

// judged applies the success criteria to an exchange that took place and computes the outputs, of a failed step too: its failure actions
// and the workflow's outputs may want them.
func (f *frame) judged(s *stepPlan, attempt int, out outcome) outcome {
	if out.message != nil {
		f.values.Message = out.message
	}
	if !out.ok {
		return out
	}
	if len(s.criteria) == 0 {
		out.ok = s.welcome(out.statusCode)
		if !out.ok {
			out.reason = fmt.Sprintf("the answer was %d, and the step has no successCriteria that allow it", out.statusCode)
		}
	} else {
		out.ok, out.reason = f.holds(s, attempt, "", s.criteria)
	}
	if !out.ok {
		out.hint = f.run.statusHint(&out)
	}
	var err error
	if out.outputs, err = f.outputs(s); err != nil && out.ok {
		out.ok, out.reason = false, err.Error()
	}
	return out
}

// welcome tells whether a status is a success where no criteria say so; the specification is silent. An error status is none, so that failure
// actions can fire; a redirect is one where the description announces it.
func (s *stepPlan) welcome(status int) bool {
	switch {
	case s.op == nil || status >= 200 && status < 300:
		return true
	case status >= 400 || status < 200:
		return false
	}
	announced := s.op.Response(status)
	return announced != nil && announced.Status != "default"
}

// outputs computes the step's outputs; what is not set is absent.
func (f *frame) outputs(s *stepPlan) (map[string]any, error) {
	if s.model.Outputs.Len() == 0 {
		return nil, nil
	}
	out := make(map[string]any, s.model.Outputs.Len())
	var failed error
	for name, v := range s.model.Outputs.All() {
		got, err := v.Evaluate(f.env)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("output %s: %w", name, err))
			continue
		}
		if !expression.IsUndefined(got) {
			out[name] = got
		}
	}
	return out, failed
}

// all tells whether an action's criteria hold.
func (f *frame) all(s *stepPlan, attempt int, action string, list []*conditionPlan) bool {
	ok, _ := f.holds(s, attempt, action, list)
	return ok
}

// holds evaluates criteria until one fails and says why.
func (f *frame) holds(s *stepPlan, attempt int, action string, list []*conditionPlan) (bool, string) {
	for i, c := range list {
		passed, reason := false, ""
		if c.err != nil {
			reason = c.err.Error()
		} else {
			res := c.compiled.Evaluate(f.env)
			passed, reason = res.Passed, res.Reason
			if res.Err != nil {
				passed, reason = false, res.Err.Error()
			}
		}
		f.run.observe(func() Event {
			return CriterionEvaluated{f.origin(s, attempt), action, i, c.model.Condition, passed, f.run.masker.Text(reason)}
		})
		if !passed {
			if reason == "" {
				return false, fmt.Sprintf("the condition %s does not hold", c.model.Condition)
			}
			return false, fmt.Sprintf("the condition %s does not hold: %s", c.model.Condition, reason)
		}
	}
	return true, ""
}

// named evaluates parameters into a workflow's inputs.
func (f *frame) named(list []*arazzo.Parameter) (map[string]any, error) {
	out := make(map[string]any, len(list))
	for _, p := range list {
		v, err := p.Value.Evaluate(f.env)
		if err != nil {
			return nil, fmt.Errorf("parameter %s: %w", p.Name, err)
		}
		if !expression.IsUndefined(v) {
			out[p.Name] = v
		}
	}
	return out, nil
}

// callWorkflow runs a workflow as a step. Its outputs are $outputs in the step's criteria and outputs; and, as documents in the wild expect,
// its last response is $response and $statusCode.
func (f *frame) callWorkflow(ctx context.Context, s *stepPlan, attempt int) outcome {
	inputs, err := f.named(s.parameters)
	if err != nil {
		return outcome{reason: err.Error()}
	}
	result, after, err := f.enter(ctx, s.sub, inputs, s)
	outputs := map[string]any{}
	for _, w := range append([]*WorkflowResult{result}, after...) {
		for name, v := range w.Outputs {
			outputs[name] = v
		}
	}
	f.know(result, inputs)
	v := &f.values
	v.Outputs = outputs
	if !f.run.Strict && result.last != nil {
		v.URL, v.Method, v.StatusCode, v.Request, v.Response = result.last.URL, result.last.Method, result.last.StatusCode, result.last.Request, result.last.Response
	}
	out := outcome{ok: result.Status == Success, reason: "workflow " + result.WorkflowID + " failed: " + result.Reason, workflow: result}
	if err != nil {
		out.ok, out.fatal = false, err
		if f.limit.ended(ctx) {
			out.fatal, out.reason = nil, f.limit.Error()
		}
		return out
	}
	if !out.ok {
		out.outputs, _ = f.outputs(s) // what cannot be computed is absent; the step has failed already
		return out
	}
	out.reason = ""
	return f.judged(s, attempt, out)
}

// failed turns an error of a call into an outcome: the end of the step's own time is a failure of the step, that of the run is fatal.
func (f *frame) failed(ctx context.Context, err error) outcome {
	if cause := context.Cause(ctx); cause != nil {
		if f.limit.ended(ctx) {
			return outcome{reason: cause.Error()}
		}
		return outcome{fatal: &fatalError{cause}}
	}
	return f.run.failure(err)
}

// failure tells which errors end the run and which are the step's.
func (r *run) failure(err error) outcome {
	var missing *auth.MissingError
	var refused *RefusedError
	var mismatch *MismatchError
	var tape *tapeError
	if errors.As(err, &missing) || errors.As(err, &mismatch) || errors.As(err, &tape) || errors.As(err, &refused) {
		return outcome{fatal: &fatalError{err}}
	}
	return outcome{reason: r.masker.Text(err.Error()), hint: hint(err)}
}

// statusHint says what the server said of an error, else what such a status mostly means.
func (r *run) statusHint(out *outcome) string {
	if a := out.answer; a != nil && a.status >= 400 && len(bytes.TrimSpace(a.body)) > 0 && utf8.Valid(a.body) {
		return "the server says: " + excerpt(string(r.maskBody(a.header, a.body)))
	}
	switch out.statusCode {
	case 401, 403:
		return "the server did not accept the credentials, or had none: see the security schemes of the description"
	case 404:
		return "the server does not know this path or resource: is the server's URL right, with its base path?"
	case 405:
		return "the server knows the path but not the method: is the server's URL right?"
	case 429:
		return "the server asks for patience: a retry action waits as long as its Retry-After says"
	}
	return ""
}

// hint says what to do about an error that people meet often.
func hint(err error) string {
	text := err.Error()
	switch {
	case strings.Contains(text, "connection refused"):
		return "nothing listens there: is the server up, and is its URL right? --server NAME=URL replaces it"
	case strings.Contains(text, "no such host"):
		return "the host is not known: --server NAME=URL replaces the server"
	case strings.Contains(text, "certificate"):
		return "the server's certificate was not accepted"
	}
	return ""
}
