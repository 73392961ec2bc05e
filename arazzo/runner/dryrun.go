package runner

import (
	"context"
	"fmt"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/expression"
)

// placeholders is the environment of a dry run: what only an answer could give is named by its own expression, in braces.
type placeholders struct {
	*expression.Values
	plan *workflowPlan
}

// Lookup implements expression.Environment.
func (p *placeholders) Lookup(ref *expression.Reference) (any, error) {
	v, err := p.Values.Lookup(ref)
	if err != nil || !expression.IsUndefined(v) {
		return v, err
	}
	switch ref.Root {
	case expression.RootSteps:
		if s, _ := p.plan.model.Step(ref.Owner); s != nil {
			return "{$steps." + ref.Owner + ".outputs." + ref.Name + "}", nil
		}
	case expression.RootResponse, expression.RootMessage:
		text := ref.Root.String() + "." + ref.Part.String()
		if ref.Name != "" {
			text += "." + ref.Name
		}
		return "{" + text + "}", nil
	case expression.RootWorkflows:
		return fmt.Sprintf("{$workflows.%s.%s.%s}", ref.Owner, ref.Field, ref.Name), nil
	case expression.RootStatusCode:
		return "{$statusCode}", nil
	}
	return v, nil
}

// dry visits each step once, in order, and shows what it would send.
func (f *frame) dry(ctx context.Context) error {
	for _, s := range f.plan.steps {
		if err := f.run.begin(ctx); err != nil {
			return err
		}
		res := f.enterStep(s)
		out := f.dryAttempt(ctx, s)
		f.settle(s, res, &out)
		f.leaveStep(s, res)
		if !out.ok {
			f.fail(fmt.Sprintf("step %s: %s", s.model.StepID, out.reason))
		}
	}
	return nil
}

func (f *frame) dryAttempt(ctx context.Context, s *stepPlan) outcome {
	r := f.run
	out := outcome{ok: true}
	switch {
	case s.sub != nil:
		inputs, err := f.named(s.parameters)
		if err != nil {
			return outcome{reason: err.Error()}
		}
		if f.depth >= r.limits.Depth {
			return outcome{reason: "workflows run each other too deep: " + f.chain()}
		}
		result, _, err := f.enter(ctx, s.sub, inputs, s)
		out.workflow, out.fatal = result, err
		f.values.Outputs = result.Outputs
	case s.channel != nil:
		f.drySend(s)
	default:
		req, err := f.request(ctx, s)
		if err != nil {
			return outcome{reason: err.Error()}
		}
		body, err := bodyOf(req)
		if err != nil {
			return outcome{reason: err.Error()}
		}
		r.observe(func() Event {
			return RequestSent{f.origin(s, 1), int(r.exchanges.Add(1)), req.Method, r.masker.URL(r.masker.Text(req.URL.String())), r.masker.Header(req.Header), r.maskBody(req.Header, body), schemes(s), true}
		})
	}
	out.outputs = map[string]any{}
	for name, v := range s.model.Outputs.All() {
		if whole, err := v.Evaluate(f.env); err == nil && !expression.IsUndefined(whole) && s.sub != nil {
			out.outputs[name] = whole
			continue
		}
		out.outputs[name] = "{$steps." + s.model.StepID + ".outputs." + name + "}"
	}
	f.values.Outputs = f.result.Outputs
	return out
}

func (f *frame) drySend(s *stepPlan) {
	if s.action != arazzo.ActionSend {
		return
	}
	msg, env, address, err := f.compose(s)
	if err != nil {
		return
	}
	f.run.observe(func() Event {
		return MessageSent{f.origin(s, 1), address, "", f.run.masker.Header(msg.Header), f.run.masker.Data(env.Body), true}
	})
}

// schemes names what would sign the step's requests.
func schemes(s *stepPlan) []string {
	if len(s.op.Security) == 0 {
		return nil
	}
	var names []string
	for _, use := range s.op.Security[0] {
		names = append(names, use.Name)
	}
	return names
}
