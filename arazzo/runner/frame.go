package runner

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/expression"
)

// frame is one run of a workflow. It belongs to one goroutine; background receives work on what they are given.
type frame struct {
	run    *run
	plan   *workflowPlan
	id     int
	parent *frame
	step   *stepPlan // of parent, that this one runs for; nil: none
	depth  int

	values  expression.Values
	env     expression.Environment // values, or what stands for them in a dry run
	steps   map[string]*StepResult
	result  *WorkflowResult
	pending []*background // by step; nil where none is under way
	loops   []loop        // by step
	limit   *timeoutError // of the present attempt; nil: none
	nesting int           // steps run for the sake of retries, within each other
	after   []*WorkflowResult
}

// loop watches a step that is visited again and again.
type loop struct {
	print uint64 // of the last exchange
	same  int
}

// workflow runs a workflow to its end. The error is fatal to the run; the result is there in any case.
func (r *run) workflow(ctx context.Context, p *workflowPlan, inputs map[string]any, from *frame) (*WorkflowResult, []*WorkflowResult, error) {
	f := r.frame(p, inputs, from)
	r.observe(func() Event {
		ids := make([]string, len(p.model.Steps))
		for i, s := range p.model.Steps {
			ids[i] = s.StepID
		}
		shown, _ := r.masker.Data(f.values.Inputs).(map[string]any)
		return WorkflowStarted{f.origin(nil, 0), p.model.Summary, ids, shown}
	})
	var err error
	switch findings := arazzo.ValidateInputs(p.model, f.values.Inputs); {
	case f.depth > r.limits.Depth:
		err = &fatalError{fmt.Errorf("workflows run each other more than %d deep: %s", r.limits.Depth, f.chain())}
		f.fail(err.Error())
	case arazzo.HasErrors(findings) && !r.DryRun:
		f.fail((&InvalidError{What: "the inputs of workflow " + p.model.WorkflowID, Findings: findings}).Error())
	case r.DryRun:
		err = f.dry(ctx)
	default:
		err = f.loop(ctx)
	}
	f.finish()
	return f.result, f.after, err
}

func (r *run) frame(p *workflowPlan, inputs map[string]any, from *frame) *frame {
	f := &frame{
		run: r, plan: p, id: int(r.runs.Add(1)), parent: from, steps: map[string]*StepResult{},
		pending: make([]*background, len(p.steps)), loops: make([]loop, len(p.steps)),
		result: &WorkflowResult{
			WorkflowID: p.model.WorkflowID, Document: p.doc.Location, Status: Success, Outputs: map[string]any{}, Steps: []*StepResult{}, Started: r.clock.Now(),
		},
	}
	if from != nil {
		f.depth = from.depth + 1
	}
	inputs = p.inputs(inputs)
	p.learnSecrets(r.masker, inputs)
	f.values = expression.Values{
		Inputs: inputs, Outputs: f.result.Outputs, Steps: map[string]map[string]any{}, Workflows: map[string]*expression.WorkflowValues{},
		SourceDescriptions: p.doc.sourceField, Components: p.doc.component, Self: p.doc.self,
	}
	f.env = &f.values
	if r.DryRun {
		f.env = &placeholders{&f.values, p}
	}
	r.mu.Lock()
	for other, result := range r.last {
		if other.doc == p.doc {
			f.know(result, nil)
		}
	}
	r.mu.Unlock()
	f.values.Workflows[p.model.WorkflowID] = &expression.WorkflowValues{Inputs: inputs, Outputs: f.result.Outputs, Steps: f.values.Steps}
	return f
}

// know makes a workflow's result available to $workflows.
func (f *frame) know(w *WorkflowResult, inputs map[string]any) {
	steps := make(map[string]map[string]any, len(w.Steps))
	for _, s := range w.Steps {
		steps[s.StepID] = s.Outputs
	}
	f.values.Workflows[w.WorkflowID] = &expression.WorkflowValues{Inputs: inputs, Outputs: w.Outputs, Steps: steps}
}

func (f *frame) origin(s *stepPlan, attempt int) Origin {
	o := Origin{Time: f.run.clock.Now(), Run: f.id, WorkflowID: f.plan.model.WorkflowID, Attempt: attempt, Depth: f.depth}
	if f.parent != nil {
		o.Parent = f.parent.id
	}
	if s != nil {
		o.StepID = s.model.StepID
	}
	return o
}

// chain names the workflows that run each other, the outermost first; only the last few of a long one.
func (f *frame) chain() string {
	const most = 6
	text := f.plan.model.WorkflowID
	up := f.parent
	for range most {
		if up == nil {
			return text
		}
		text, up = up.plan.model.WorkflowID+" → "+text, up.parent
	}
	return "… → " + text
}

func (f *frame) fail(reason string) {
	f.result.Status, f.result.Reason = Failure, reason
}

// finish computes the outputs, whatever happened: what nothing set is left out.
func (f *frame) finish() {
	f.values.Outputs = f.result.Outputs
	for name, v := range f.plan.model.Outputs.All() {
		got, err := v.Evaluate(f.env)
		switch {
		case err != nil && f.result.Status == Success:
			f.fail(fmt.Sprintf("output %s: %v", name, err))
		case err == nil && !expression.IsUndefined(got):
			f.result.Outputs[name] = got
		}
	}
	if f.parent != nil {
		f.result.last = &expression.Values{URL: f.values.URL, Method: f.values.Method, StatusCode: f.values.StatusCode, Request: f.values.Request, Response: f.values.Response}
	}
	f.result.Duration = since(f.run.clock, f.result.Started)
	f.run.ended(f.plan, f.result)
	f.run.observe(func() Event { return WorkflowEnded{f.origin(nil, 0), f.run.shownWorkflow(f.result)} })
}

// outcome is what an attempt came to.
type outcome struct {
	ok         bool
	reason     string
	hint       string
	fatal      error
	statusCode int
	retryAfter time.Duration // the response's; meaningful with byServer
	byServer   bool
	request    *http.Request
	answer     *answer // nil: there was none
	message    *expression.Message
	outputs    map[string]any
	workflow   *WorkflowResult // of a sub-workflow
}

// direction is where the workflow goes after a step.
type direction struct {
	to    int            // index of the next step; len(steps): the end
	end   bool           // the workflow ends as a success
	fail  bool           // it ends as a failure
	other *workflowPlan  // it ends and control goes there
	with  map[string]any // its inputs
}

// loop takes the workflow from step to step.
func (f *frame) loop(ctx context.Context) error {
	steps := f.plan.steps
	at := 0
	for at < len(steps) {
		s := steps[at]
		decider, d, err := f.join(ctx, s.awaits, false)
		switch {
		case err != nil || decider != nil:
		case s.background:
			f.background(ctx, s)
			d = direction{to: at + 1}
		default:
			decider = s
			d, err = f.visit(ctx, s, nil)
		}
		if err == nil && d.to == len(steps) && !d.stops() {
			// The end is reached only when everything under way is done, which may lead elsewhere.
			var last *stepPlan
			var other direction
			if last, other, err = f.join(ctx, nil, true); last != nil {
				decider, d = last, other
			}
		}
		if err != nil {
			f.fail(err.Error())
			f.abandon()
			return err
		}
		if d.stops() {
			f.abandon()
			return f.stop(ctx, decider, d)
		}
		at = d.to
	}
	return nil
}

func (d direction) stops() bool { return d.end || d.fail || d.other != nil }

// stop ends the workflow where a direction says so.
func (f *frame) stop(ctx context.Context, s *stepPlan, d direction) error {
	if d.fail {
		f.fail(fmt.Sprintf("step %s failed: %s", s.model.StepID, f.steps[s.model.StepID].Reason))
	}
	if d.other != nil {
		return f.transfer(ctx, d)
	}
	return nil
}

// transfer hands control to another workflow for good. The success of the one that hands over is then the other's.
func (f *frame) transfer(ctx context.Context, d direction) error {
	result, after, err := f.enter(ctx, d.other, d.with, nil)
	f.after = append(append(f.after, result), after...)
	f.know(result, d.with)
	if result.Status != Success && f.result.Status == Success {
		f.fail(fmt.Sprintf("workflow %s, to which control went, failed: %s", d.other.model.WorkflowID, result.Reason))
	}
	return err
}

// enter runs another workflow from within this one: first what it depends on, if that has not run yet.
func (f *frame) enter(ctx context.Context, p *workflowPlan, inputs map[string]any, s *stepPlan) (*WorkflowResult, []*WorkflowResult, error) {
	if failed := f.run.dependencies(ctx, p, inputs, f); failed != "" {
		return &WorkflowResult{
			WorkflowID: p.model.WorkflowID, Document: p.doc.Location, Status: Failure, Outputs: map[string]any{}, Steps: []*StepResult{}, Started: f.run.clock.Now(),
			Reason: "it was not run: it depends on " + failed,
		}, nil, nil
	}
	f.step = s
	defer func() { f.step = nil }()
	return f.run.workflow(ctx, p, inputs, f)
}
