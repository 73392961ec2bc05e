package runner

import (
	"context"
	"fmt"
	"slices"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/criterion"
	"github.com/headgate/headgate/arazzo/expression"
	"github.com/headgate/headgate/arazzo/source"
)

// workflowPlan is a workflow with everything resolved and compiled that can be before it runs.
type workflowPlan struct {
	doc       *document
	model     *arazzo.Workflow
	steps     []*stepPlan // in the order of execution
	index     map[string]int
	dependsOn []*workflowPlan
	secrets   []string        // the inputs that nobody is to see
	after     []*workflowPlan // whose steps this one's wait for; ordered so where both are asked for
}

// stepPlan is a step that knows what it calls. One of op, channel and sub is set.
type stepPlan struct {
	workflow *workflowPlan
	model    *arazzo.Step
	at       int // index in workflow.steps
	label    string

	source  *apiSource
	op      *source.Operation
	channel *source.Channel
	async   *source.AsyncOperation // nil for steps by channelPath
	action  string                 // send, receive
	sub     *workflowPlan

	parameters []*arazzo.Parameter
	body       *bodyPlan
	embedded   []*arazzo.Value // strings with expressions embedded, of parameters and body
	criteria   []*conditionPlan
	onSuccess  []*actionPlan
	onFailure  []*actionPlan
	dependsOn  []stepDependency
	awaits     []int // background steps that it joins first
	background bool  // a receive that others wait for: the workflow goes on meanwhile
}

// stepDependency is a step that must have run.
type stepDependency struct {
	workflow *workflowPlan
	stepID   string
}

type conditionPlan struct {
	model    *arazzo.Criterion
	compiled *criterion.Criterion
	err      error // of compiling: the condition fails always
}

type actionPlan struct {
	model      *arazzo.Action
	criteria   []*conditionPlan
	step       int // to go to, or to run before a retry; -1: none
	workflow   *workflowPlan
	parameters []*arazzo.Parameter
}

// planError is what is wrong with a place in a document, found while planning.
func (d *document) planError(rule string, at arazzo.Pos, path string, err error) error {
	f := arazzo.Finding{Rule: rule, Severity: arazzo.SeverityError, Message: err.Error(), Line: at.Line, Column: at.Column, Path: path}
	return &InvalidError{What: name(d.Document), Findings: []arazzo.Finding{f}}
}

// plan makes the plan of a workflow; its steps are resolved later, by resolve, so that workflows may name each other.
func (d *document) plan(ctx context.Context, id string) (*workflowPlan, error) {
	if p := d.workflows[id]; p != nil {
		return p, nil
	}
	model := d.Workflow(id)
	if model == nil {
		ids := make([]string, len(d.Workflows))
		for i, w := range d.Workflows {
			ids[i] = w.WorkflowID
		}
		return nil, &InvalidError{What: name(d.Document), Err: fmt.Errorf("%w: %q; it has %q", errNoWorkflow, id, ids)}
	}
	p := &workflowPlan{doc: d, model: model, index: map[string]int{}}
	d.workflows[id] = p
	d.run.pending = append(d.run.pending, p)
	for _, text := range model.DependsOn {
		on, err := d.workflowRef(ctx, text.Text)
		if err != nil {
			return nil, d.planError("unknown-workflow", text.Pos, model.Path, err)
		}
		p.dependsOn = append(p.dependsOn, on)
	}
	return p, nil
}

// resolve completes the plans of all workflows that can be reached, and refuses cycles that could never end.
func (r *run) resolve(ctx context.Context) error {
	var all []*workflowPlan
	for len(r.pending) > 0 {
		p := r.pending[0]
		r.pending = r.pending[1:]
		all = append(all, p)
		if err := p.resolve(ctx); err != nil {
			return err
		}
	}
	for _, p := range all {
		for _, on := range p.dependsOn {
			if on.reaches(p, map[*workflowPlan]bool{}) {
				err := fmt.Errorf("workflow %s depends on %s, which in turn needs %s", p.model.WorkflowID, on.model.WorkflowID, p.model.WorkflowID)
				return p.doc.planError("dependency-cycle", p.model.At("dependsOn"), p.model.Path, err)
			}
		}
	}
	return nil
}

// reaches tells whether running p may wait for target: by dependsOn, or by a step or an action that runs another workflow.
func (p *workflowPlan) reaches(target *workflowPlan, seen map[*workflowPlan]bool) bool {
	if p == target {
		return true
	}
	if seen[p] {
		return false
	}
	seen[p] = true
	return slices.ContainsFunc(p.needs(), func(n *workflowPlan) bool { return n.reaches(target, seen) })
}

func (p *workflowPlan) needs() []*workflowPlan {
	out := slices.Clone(p.dependsOn)
	for _, s := range p.steps {
		if s.sub != nil {
			out = append(out, s.sub)
		}
		for _, a := range slices.Concat(s.onSuccess, s.onFailure) {
			if a.workflow != nil {
				out = append(out, a.workflow)
			}
		}
	}
	return out
}

// orderAfter turns the steps' waiting for steps of other workflows into an order of those that the run was asked for, unless that order
// would be a circle: then they just run, and such a step fails if what it waits for has not run.
func orderAfter(plans []*workflowPlan, requested map[*workflowPlan]bool) {
	var before func(p, target *workflowPlan, seen map[*workflowPlan]bool) bool
	before = func(p, target *workflowPlan, seen map[*workflowPlan]bool) bool {
		if p.reaches(target, map[*workflowPlan]bool{}) {
			return true
		}
		if seen[p] {
			return false
		}
		seen[p] = true
		for _, n := range slices.Concat(p.needs(), p.after) {
			if before(n, target, seen) {
				return true
			}
		}
		return false
	}
	for _, p := range plans {
		for _, s := range p.steps {
			for _, d := range s.dependsOn {
				if d.workflow == p || !requested[d.workflow] || slices.Contains(p.after, d.workflow) {
					continue
				}
				if !before(d.workflow, p, map[*workflowPlan]bool{}) {
					p.after = append(p.after, d.workflow)
				}
			}
		}
	}
}

func (p *workflowPlan) resolve(ctx context.Context) error {
	order, err := executionOrder(p.model)
	if err != nil {
		return p.doc.planError("step-dependency-cycle", p.model.At("steps"), p.model.Path, err)
	}
	for at, i := range order {
		s := &stepPlan{workflow: p, model: p.model.Steps[i], at: at}
		p.steps = append(p.steps, s)
		p.index[s.model.StepID] = at
	}
	for _, s := range p.steps {
		if err := s.resolve(ctx); err != nil {
			return err
		}
	}
	p.backgrounds()
	p.secrets = p.secretInputs()
	return nil
}

func (s *stepPlan) resolve(ctx context.Context) error {
	d := s.workflow.doc
	if err := s.target(ctx); err != nil {
		return err
	}
	s.parameters = s.workflow.model.EffectiveParameters(s.model)
	if s.model.RequestBody != nil {
		body, err := planBody(s)
		if err != nil {
			return d.planError("bad-replacement", s.model.RequestBody.Pos, s.model.RequestBody.Path, err)
		}
		s.body = body
	}
	s.embeds()
	s.criteria = d.conditions(s.model.SuccessCriteria)
	var err error
	if s.onSuccess, err = s.actions(ctx, s.workflow.model.EffectiveOnSuccess(s.model)); err != nil {
		return err
	}
	if s.onFailure, err = s.actions(ctx, s.workflow.model.EffectiveOnFailure(s.model)); err != nil {
		return err
	}
	for _, text := range s.model.DependsOn {
		dep, err := s.dependency(ctx, text.Text)
		if err != nil {
			return d.planError("unknown-step", text.Pos, s.model.Path, err)
		}
		s.dependsOn = append(s.dependsOn, dep)
	}
	return nil
}

// dependency finds the step that an entry of dependsOn names.
func (s *stepPlan) dependency(ctx context.Context, text string) (stepDependency, error) {
	ref, err := expression.ParseStepReference(text)
	if err != nil {
		return stepDependency{}, err
	}
	d, w := s.workflow.doc, s.workflow
	if ref.Source != "" {
		from, err := d.source(ctx, ref.Source)
		if err != nil {
			return stepDependency{}, err
		}
		if from.doc == nil {
			return stepDependency{}, fmt.Errorf("source description %s is no Arazzo document", ref.Source)
		}
		d = from.doc
	}
	if ref.Workflow != "" {
		if w, err = d.plan(ctx, ref.Workflow); err != nil {
			return stepDependency{}, err
		}
	}
	if step, _ := w.model.Step(ref.Step); step == nil {
		return stepDependency{}, fmt.Errorf("workflow %s has no step %q", w.model.WorkflowID, ref.Step)
	}
	return stepDependency{w, ref.Step}, nil
}

// conditions compiles criteria. One that does not compile fails whenever it is asked (1.1, "Evaluation Errors").
func (d *document) conditions(list []*arazzo.Criterion) []*conditionPlan {
	var out []*conditionPlan
	for _, model := range list {
		c := &conditionPlan{model: model}
		if c.compiled, c.err = model.Compile(d.Document, d.run.Strict); c.err != nil {
			d.run.warn(arazzo.Finding{
				Rule: "condition-never-holds", Message: fmt.Sprintf("the condition cannot be evaluated and therefore fails always: %v", c.err),
				Line: model.Line, Column: model.Column, Path: model.Path,
			})
		}
		out = append(out, c)
	}
	return out
}

func (s *stepPlan) actions(ctx context.Context, list []*arazzo.Action) ([]*actionPlan, error) {
	var out []*actionPlan
	d := s.workflow.doc
	for _, model := range list {
		a := &actionPlan{model: model, step: -1, criteria: d.conditions(model.Criteria)}
		if model.StepID != "" {
			at, found := s.workflow.index[model.StepID]
			if !found {
				return nil, d.planError("unknown-step", model.At("stepId"), model.Path, fmt.Errorf("workflow %s has no step %q", s.workflow.model.WorkflowID, model.StepID))
			}
			a.step = at
		}
		if model.WorkflowID != "" {
			var err error
			if a.workflow, err = d.workflowRef(ctx, model.WorkflowID); err != nil {
				return nil, d.planError("unknown-workflow", model.At("workflowId"), model.Path, err)
			}
			a.parameters = s.workflow.model.ActionParameters(model)
		}
		out = append(out, a)
	}
	return out, nil
}
