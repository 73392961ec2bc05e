package runner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/expression"
)

// executionOrder is the order in which a workflow's steps run, as indexes: the document's, except where some step has a dependsOn (1.1).
// Then a step comes after those it depends on, and as well, where that makes no circle, after those whose outputs it names; the document's
// order is kept as far as possible.
func executionOrder(w *arazzo.Workflow) ([]int, error) {
	n := len(w.Steps)
	index := map[string]int{}
	explicit := false
	for i, s := range w.Steps {
		index[s.StepID] = i
		explicit = explicit || len(s.DependsOn) > 0
	}
	order := make([]int, 0, n)
	if !explicit {
		for i := range n {
			order = append(order, i)
		}
		return order, nil
	}
	before := make([][]int, n)
	for i, s := range w.Steps {
		for _, text := range s.DependsOn {
			ref, err := expression.ParseStepReference(text.Text)
			if err == nil && ref.Source == "" && (ref.Workflow == "" || ref.Workflow == w.WorkflowID) {
				if j, found := index[ref.Step]; found {
					before[i] = append(before[i], j)
				}
			}
		}
	}
	if circle := findCircle(before); circle != nil {
		names := make([]string, len(circle))
		for i, at := range circle {
			names[i] = w.Steps[at].StepID
		}
		return nil, fmt.Errorf("steps depend on each other in a circle: %s", strings.Join(names, " → "))
	}
	for i, s := range w.Steps {
		for _, e := range stepExpressions(s) {
			j, found := index[e.Owner]
			if e.Root != expression.RootSteps || !found || j == i || slices.Contains(before[i], j) {
				continue
			}
			before[i] = append(before[i], j)
			if findCircle(before) != nil { // a loop by goto, say: then the document's order decides
				before[i] = before[i][:len(before[i])-1]
			}
		}
	}
	placed := make([]bool, n)
	for len(order) < n {
		for i := range n {
			if !placed[i] && !slices.ContainsFunc(before[i], func(j int) bool { return !placed[j] }) {
				placed[i] = true
				order = append(order, i)
				break
			}
		}
	}
	return order, nil
}

// findCircle finds a circle in a graph of "comes after", nil where there is none.
func findCircle(before [][]int) []int {
	state := make([]int, len(before)) // 1: on the path, 2: done
	var path, circle []int
	var visit func(i int) bool
	visit = func(i int) bool {
		if state[i] == 2 {
			return false
		}
		path = append(path, i)
		if state[i] == 1 {
			circle = path[slices.Index(path, i):]
			return true
		}
		state[i] = 1
		if slices.ContainsFunc(before[i], visit) {
			return true
		}
		state[i] = 2
		path = path[:len(path)-1]
		return false
	}
	for i := range before {
		if visit(i) {
			return circle
		}
	}
	return nil
}

// stepExpressions are the expressions by which a step makes its request and judges its answer.
func stepExpressions(s *arazzo.Step) []*expression.Expression {
	var out []*expression.Expression
	add := func(v *arazzo.Value) {
		for _, e := range v.Expressions() {
			out = append(out, e.Expression)
		}
	}
	for _, p := range s.Parameters {
		add(p.Value)
	}
	if s.RequestBody != nil {
		add(s.RequestBody.Payload)
		for _, r := range s.RequestBody.Replacements {
			add(r.Value)
		}
	}
	add(s.CorrelationID)
	for _, v := range s.Outputs.All() {
		add(v)
	}
	return out
}

// backgrounds finds the receives that run beside the workflow: those that a later step, but not the very next one, waits for by dependsOn.
// The steps between are what makes the message come. Every other receive holds the workflow up, as its place in the list says.
func (p *workflowPlan) backgrounds() {
	for at, s := range p.steps {
		if s.action != arazzo.ActionReceive {
			continue
		}
		for _, later := range p.steps[at+1:] {
			waits := slices.Contains(later.dependsOn, stepDependency{p, s.model.StepID})
			if waits && later.at > at+1 {
				s.background = true
			}
		}
		if !s.background {
			continue
		}
		for _, later := range p.steps[at+1:] {
			named := slices.ContainsFunc(stepExpressions(later.model), func(e *expression.Expression) bool {
				return e.Root == expression.RootSteps && e.Owner == s.model.StepID
			})
			if named || slices.Contains(later.dependsOn, stepDependency{p, s.model.StepID}) {
				later.awaits = append(later.awaits, at)
			}
		}
	}
}
