// Package flow tells which step of a workflow may follow which: the graph that its order, its
// success actions and its failure actions make together. It runs nothing and asks nobody.
//
//	               ┌─ an action whose criteria match ─► step, end, workflow
//	step ─success──┴─ none matches ─────────────────► next step, or end after the last
//	     ─failure──┬─ an action whose criteria match ─► step, end, workflow, retry
//	               └─ none matches ─────────────────► the workflow breaks off
//
// Where the specification is silent, which is where there are actions and none matches, this is the
// reading that implementations share (FACTS §0.3).
package flow

import (
	"slices"

	"github.com/headgate/headgate/arazzo"
)

// Kind is where an exit leads.
type Kind int

// The kinds.
const (
	ToStep     Kind = iota
	ToEnd           // the workflow ends with its outputs
	ToBreak         // the workflow fails
	ToWorkflow      // another workflow takes over
	ToRetry         // the step runs again, after Step or Workflow if one is named
)

// Verdict is what can be said without running.
type Verdict int

// The verdicts.
const (
	Maybe Verdict = iota
	Never
	Always
)

// Exit is one way out of a step.
type Exit struct {
	Failure  bool
	Kind     Kind
	Action   *arazzo.Action // nil for what happens when no action matches
	Step     int            // index of the step, for ToStep and for a ToRetry that names one; else -1
	Workflow string         // as written, for ToWorkflow and for a ToRetry that names one
	Verdict  Verdict        // whether its criteria match, when the exits before it did not
}

// Judge knows more than the form of a document shows; a nil function answers Maybe.
type Judge struct {
	// Action tells whether an action's criteria match after a step; of actions without criteria it is not asked.
	Action func(step *arazzo.Step, a *arazzo.Action) Verdict
	// Success tells whether a step's success criteria hold.
	Success func(step *arazzo.Step) Verdict
}

// Flow is the graph of one workflow. It is for one goroutine.
type Flow struct {
	Workflow *arazzo.Workflow
	// Exits are each step's ways out, in the order in which they are tried, those of success first. What comes after an exit
	// that is always taken is left out; exits that are never taken stay, with their verdict.
	Exits [][]Exit

	into      [][]int // for Before: the steps that lead to each, and which can be reached at all
	reachable []bool
}

// Of makes the graph of a workflow. References to steps that do not exist lead nowhere.
func Of(w *arazzo.Workflow, j Judge) *Flow {
	f := &Flow{Workflow: w, Exits: make([][]Exit, len(w.Steps))}
	for i, s := range w.Steps {
		after := Exit{Kind: ToStep, Step: i + 1}
		if i+1 == len(w.Steps) {
			after = Exit{Kind: ToEnd, Step: -1}
		}
		success, failure := Maybe, Maybe
		if j.Success != nil {
			success = j.Success(s)
		}
		f.Exits[i] = f.side(s, w.EffectiveOnSuccess(s), after, success, j)
		f.Exits[i] = append(f.Exits[i], f.side(s, w.EffectiveOnFailure(s), Exit{Failure: true, Kind: ToBreak, Step: -1}, failure, j)...)
	}
	return f
}

// side lists the exits of success or of failure. If the side itself is never reached, nor are its exits.
func (f *Flow) side(s *arazzo.Step, actions []*arazzo.Action, otherwise Exit, reached Verdict, j Judge) []Exit {
	var out []Exit
	for _, a := range actions {
		e := Exit{Failure: otherwise.Failure, Action: a, Step: -1}
		switch {
		case len(a.Criteria) == 0:
			e.Verdict = Always
		case j.Action != nil:
			e.Verdict = j.Action(s, a)
		}
		always := e.Verdict == Always && a.Type != arazzo.ActionRetry // a retry is used up one day
		if reached == Never {
			e.Verdict = Never
		}
		if f.target(&e) {
			out = append(out, e)
		}
		if always {
			return out
		}
	}
	if reached == Never {
		otherwise.Verdict = Never
	}
	return append(out, otherwise)
}

// target says where an action leads; false if nowhere that exists.
func (f *Flow) target(e *Exit) bool {
	a := e.Action
	if a.StepID != "" {
		if _, e.Step = f.Workflow.Step(a.StepID); e.Step < 0 {
			return false
		}
	}
	e.Workflow = a.WorkflowID
	switch a.Type {
	case arazzo.ActionEnd:
		e.Kind, e.Step, e.Workflow = ToEnd, -1, ""
	case arazzo.ActionRetry:
		e.Kind = ToRetry
	case arazzo.ActionGoto:
		if e.Step >= 0 {
			e.Kind = ToStep
		} else if e.Workflow != "" {
			e.Kind = ToWorkflow
		} else {
			return false
		}
	default:
		return false
	}
	return true
}

// Reachable tells of each step whether a run may come to it.
func (f *Flow) Reachable() []bool {
	seen := make([]bool, len(f.Exits))
	if len(seen) == 0 {
		return seen
	}
	seen[0] = true
	for next := []int{0}; len(next) > 0; {
		at := next[len(next)-1]
		next = next[:len(next)-1]
		for _, e := range f.Exits[at] {
			if e.Verdict != Never && e.Step >= 0 && (e.Kind == ToStep || e.Kind == ToRetry) && !seen[e.Step] {
				seen[e.Step] = true
				next = append(next, e.Step)
			}
		}
	}
	return seen
}

// Before tells of each step whether a run that comes to step i may have been there: what it could know of.
func (f *Flow) Before(i int) []bool {
	if f.into == nil {
		f.into = make([][]int, len(f.Exits))
		for from, exits := range f.Exits {
			for _, e := range exits {
				to := e.Step
				if e.Kind == ToRetry && to < 0 {
					to = from
				}
				if e.Verdict != Never && to >= 0 && to < len(f.Exits) && (e.Kind == ToStep || e.Kind == ToRetry) {
					f.into[to] = append(f.into[to], from)
				}
			}
		}
		f.reachable = f.Reachable()
	}
	before := make([]bool, len(f.Exits))
	for next := []int{i}; len(next) > 0; {
		at := next[len(next)-1]
		next = next[:len(next)-1]
		for _, from := range f.into[at] {
			if !before[from] && f.reachable[from] {
				before[from] = true
				next = append(next, from)
			}
		}
	}
	return before
}

// FallsThrough tells whether step i has success actions and yet a success after which none of them may match.
func (f *Flow) FallsThrough(i int) bool {
	has := slices.ContainsFunc(f.Exits[i], func(e Exit) bool { return !e.Failure && e.Action != nil })
	return has && slices.ContainsFunc(f.Exits[i], func(e Exit) bool { return !e.Failure && e.Action == nil && e.Verdict != Never })
}
