package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/auth"
	"github.com/headgate/headgate/arazzo/source"
)

// run is one call of Run or RunAll.
type run struct {
	*Runner
	client   source.Doer
	clock    Clock
	limits   Limits
	signer   *auth.Signer
	masker   *auth.Masker
	recorder *recorder
	player   *player
	slots    chan struct{} // a token for each workflow that may run at present
	mail     mailroom
	http     *HTTP
	bus      Bus // carries what the steps send to each other in process

	docs    []*document
	pending []*workflowPlan // whose steps are not resolved yet
	plans   []*workflowPlan // asked for
	inputs  map[string]map[string]any

	steps     atomic.Int64
	runs      atomic.Int64
	exchanges atomic.Int64

	observing sync.Mutex
	mu        sync.Mutex
	entries   map[*workflowPlan]*entry
	last      map[*workflowPlan]*WorkflowResult // of the latest run of each, steps' included
	lazy      []*WorkflowResult                 // dependencies that only a sub-workflow asked for
	warnings  []arazzo.Finding
	warned    map[string]bool
}

func newRun(r *Runner) (*run, error) {
	n := &run{
		Runner: r, client: r.Client, clock: r.Clock, limits: r.Limits.filled(),
		entries: map[*workflowPlan]*entry{}, last: map[*workflowPlan]*WorkflowResult{}, warned: map[string]bool{},
	}
	if n.client == nil {
		n.client = NewClient(r.AllowLinkLocal)
	}
	if n.clock == nil {
		n.clock = systemClock{}
	}
	parallel := r.Parallel
	if parallel <= 0 {
		parallel = 4
	}
	n.http = NewHTTP(n.client, nil)
	n.slots = make(chan struct{}, parallel)
	o := r.Auth
	if o.Client == nil {
		o.Client = n.client
	}
	if o.Clock == nil {
		o.Clock = n.clock
	}
	n.signer = auth.New(o)
	n.masker = n.signer.Masker()
	var err error
	if r.Record != nil {
		if n.recorder, err = newRecorder(r.Record); err != nil {
			return nil, err
		}
	}
	if r.Replay != nil {
		if n.player, err = newPlayer(r.Replay); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// checkInputs refuses the inputs that the user gave for a workflow, with every error at once.
func (r *run) checkInputs(p *workflowPlan, inputs map[string]any) error {
	full := p.inputs(inputs)
	if findings := arazzo.ValidateInputs(p.model, full); arazzo.HasErrors(findings) {
		return &InvalidError{What: "the inputs of workflow " + p.model.WorkflowID, Findings: findings}
	}
	p.learnSecrets(r.masker, full)
	return nil
}

// entry is a workflow that runs once in a run because it was asked for or others depend on it.
type entry struct {
	done   chan struct{}
	result *WorkflowResult
	after  []*WorkflowResult // where it transferred control to
	err    error
}

// all runs the workflows and gathers their results: dependencies before dependants, transfers after.
func (r *run) all(ctx context.Context, plans []*workflowPlan, inputs map[string]map[string]any) (*Result, error) {
	result := &Result{Started: r.clock.Now()}
	r.plans, r.inputs = plans, inputs
	requested := map[*workflowPlan]bool{}
	for _, p := range plans {
		requested[p] = true
	}
	orderAfter(plans, requested)
	var wg sync.WaitGroup
	for _, p := range plans {
		// A place is taken before the work is: who waits for a workflow that has begun waits for one that goes on.
		r.slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-r.slots }()
			r.complete(ctx, p, r.given(p, nil), nil)
		})
	}
	wg.Wait()
	seen := map[*workflowPlan]bool{}
	result.Workflows = append(result.Workflows, r.lazy...)
	var errs []error
	var collect func(p *workflowPlan)
	collect = func(p *workflowPlan) {
		e := r.entries[p]
		if seen[p] || e == nil {
			return
		}
		seen[p] = true
		for _, d := range p.dependsOn {
			collect(d)
		}
		if !slices.Contains(result.Workflows, e.result) {
			result.Workflows = append(result.Workflows, e.result)
		}
		result.Workflows = append(result.Workflows, e.after...)
		if e.err != nil {
			errs = append(errs, e.err)
		}
	}
	for _, p := range plans {
		collect(p)
	}
	result.Warnings = r.warnings
	result.Duration = r.clock.Now().Sub(result.Started)
	if len(errs) > 0 {
		return result, asError(errs[0])
	}
	return result, nil
}

// given are the inputs for a workflow: its own where the user gave them, else those of the workflow that depends on it, as far as it
// declares them. The specification does not say where a dependency's inputs come from.
func (r *run) given(p *workflowPlan, others map[string]any) map[string]any {
	if own, ok := r.inputs[p.model.WorkflowID]; ok && slices.Contains(r.plans, p) {
		return own
	}
	return p.declared(others)
}

// complete runs a workflow once, after those it depends on, or waits until it has run. from is the workflow run that asks; nil: the user.
func (r *run) complete(ctx context.Context, p *workflowPlan, inputs map[string]any, from *frame) *entry {
	r.mu.Lock()
	e := r.entries[p]
	if e != nil {
		r.mu.Unlock()
		<-e.done
		return e
	}
	e = &entry{done: make(chan struct{})}
	r.entries[p] = e
	r.mu.Unlock()
	defer close(e.done)

	if failed := r.dependencies(ctx, p, inputs, from); failed != "" {
		e.result = &WorkflowResult{
			WorkflowID: p.model.WorkflowID, Document: p.doc.Location, Status: Failure, Outputs: map[string]any{}, Steps: []*StepResult{}, Started: r.clock.Now(),
			Reason: "it was not run: it depends on " + failed,
		}
		r.ended(p, e.result)
		r.observe(func() Event {
			return WorkflowEnded{Origin{Time: r.clock.Now(), WorkflowID: p.model.WorkflowID}, e.result}
		})
	} else {
		for _, before := range p.after {
			r.complete(ctx, before, r.given(before, nil), from)
		}
		e.result, e.after, e.err = r.workflow(ctx, p, inputs, from)
	}
	if from != nil {
		r.mu.Lock()
		r.lazy = append(r.lazy, e.result)
		r.mu.Unlock()
	}
	return e
}

// dependencies completes what a workflow depends on, in parallel, and names those that failed.
func (r *run) dependencies(ctx context.Context, p *workflowPlan, inputs map[string]any, from *frame) string {
	if len(p.dependsOn) == 0 {
		return ""
	}
	entries := make([]*entry, len(p.dependsOn))
	var wg sync.WaitGroup
	for i, d := range p.dependsOn {
		wg.Go(func() { entries[i] = r.complete(ctx, d, r.given(d, inputs), from) })
		if cap(r.slots) == 1 {
			wg.Wait()
		}
	}
	wg.Wait()
	var failed []string
	for i, e := range entries {
		if e.result.Status != Success {
			failed = append(failed, fmt.Sprintf("workflow %s, which failed", p.dependsOn[i].model.WorkflowID))
		}
	}
	return strings.Join(failed, " and on ")
}

// ended remembers a workflow's latest result for $workflows and for steps that wait for its steps.
func (r *run) ended(p *workflowPlan, result *WorkflowResult) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last[p] = result
}

func (r *run) latest(p *workflowPlan) *WorkflowResult {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last[p]
}

// observe builds and passes on an event, if anybody watches.
func (r *run) observe(event func() Event) {
	if r.Observer == nil {
		return
	}
	e := event()
	r.observing.Lock()
	defer r.observing.Unlock()
	r.Observer.Observe(e)
}

// shownStep is a copy of a result for observers, with secrets masked.
func (r *run) shownStep(s *StepResult) *StepResult {
	shown := *s
	shown.Outputs, _ = r.masker.Data(s.Outputs).(map[string]any)
	shown.Reason = r.masker.Text(s.Reason)
	if s.Workflow != nil {
		shown.Workflow = r.shownWorkflow(s.Workflow)
	}
	return &shown
}

func (r *run) shownWorkflow(w *WorkflowResult) *WorkflowResult {
	shown := *w
	shown.Outputs, _ = r.masker.Data(w.Outputs).(map[string]any)
	shown.Reason = r.masker.Text(w.Reason)
	shown.Steps = make([]*StepResult, len(w.Steps))
	for i, s := range w.Steps {
		shown.Steps[i] = r.shownStep(s)
	}
	return &shown
}

// warn keeps a finding once per rule and place.
func (r *run) warn(f arazzo.Finding) {
	if f.Severity == "" {
		f.Severity = arazzo.SeverityWarning
	}
	key := fmt.Sprintf("%s %d:%d %s", f.Rule, f.Line, f.Column, f.Message)
	r.mu.Lock()
	again := r.warned[key]
	r.warned[key] = true
	if !again {
		r.warnings = append(r.warnings, f)
	}
	r.mu.Unlock()
	if !again {
		r.observe(func() Event { return Warned{Origin{Time: r.clock.Now()}, f} })
	}
}

// begin counts a step and tells whether the run may go on.
func (r *run) begin(ctx context.Context) error {
	if ctx.Err() != nil {
		return &fatalError{context.Cause(ctx)}
	}
	if n := r.steps.Add(1); n > int64(r.limits.Steps) {
		return &fatalError{fmt.Errorf("the run began more than %d steps: either it loops for ever, or its limit of steps is too low", r.limits.Steps)}
	}
	return nil
}

func (r *run) close() { r.mail.close() }

var errNoWorkflow = errors.New("the document has no such workflow")

func since(c Clock, t time.Time) time.Duration { return c.Now().Sub(t) }
