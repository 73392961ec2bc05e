package lint

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/expression"
	"github.com/headgate/headgate/arazzo/flow"
	"github.com/headgate/headgate/arazzo/source"
)

// Options say what lint may look at besides the document.
type Options struct {
	// Sources are the descriptions that could be read, by the name of the source. The others are taken as not readable.
	Sources Sources
	// Unreadable says why a source could not be read.
	Unreadable map[string]error
	// Text is the document's text; without it no finding carries edits.
	Text []byte

	lambda *source.Description // the built-in description, if it has been read already
}

// Run lints a document that is valid. Findings are sorted by place; of each, Rule is the id of one of Rules.
func Run(d *arazzo.Document, o Options) []arazzo.Finding {
	l := newLinter(d, o)
	for _, w := range l.workflows {
		for _, s := range w.steps {
			l.operation(s)
			l.request(s)
			l.statuses(s)
			l.responses(s)
			l.criteria(s)
			l.retries(s)
		}
		l.order(w)
		l.lambda(w)
		l.timeouts(w)
	}
	l.outputs()
	l.recursion()
	l.unused()
	l.secrets()
	slices.SortStableFunc(l.findings, func(a, b arazzo.Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Rule, b.Rule))
	})
	return slices.CompactFunc(l.findings, func(a, b arazzo.Finding) bool {
		return a.Rule == b.Rule && a.Line == b.Line && a.Column == b.Column && a.Message == b.Message
	})
}

// Judge tells a flow what lint knows: which actions can never match after a step, and which always do.
func Judge(d *arazzo.Document, o Options) flow.Judge {
	l := newLinter(d, o)
	steps := map[*arazzo.Step]*stepView{}
	for _, w := range l.workflows {
		for _, s := range w.steps {
			steps[s.Step] = s
		}
	}
	return flow.Judge{Action: func(s *arazzo.Step, a *arazzo.Action) flow.Verdict {
		if v := steps[s]; v != nil {
			return v.verdicts[a]
		}
		return flow.Maybe
	}}
}

func newLinter(d *arazzo.Document, o Options) *linter {
	l := &linter{doc: d, sources: o.Sources.clone(), text: newText(o.Text), unreadable: o.Unreadable, builtIn: o.lambda, rules: map[string]Rule{}}
	for _, r := range Rules() {
		l.rules[r.ID] = r
	}
	l.substitute()
	for _, w := range d.Workflows {
		l.workflows = append(l.workflows, l.look(w))
	}
	return l
}

type linter struct {
	doc       *arazzo.Document
	sources   Sources
	text      *text
	rules     map[string]Rule
	workflows []*workflowView
	findings  []arazzo.Finding

	unreadable map[string]error
	builtIn    *source.Description
}

// workflowView is a workflow with what is known about it.
type workflowView struct {
	*arazzo.Workflow
	steps []*stepView
	flow  *flow.Flow
	uses  []use
	reads map[string][]string // the names of outputs that are read, by step
}

// stepView is a step with what is known about it.
type stepView struct {
	*arazzo.Step
	w       *workflowView
	index   int
	op      *source.Operation // nil where it is not known
	desc    *source.Description
	success []*condition // the parsed success criteria
	// codes are the status codes to look at: what the description and the conditions name, their neighbours, and one of each kind.
	codes []int
	// accepted are the status codes with which the step may succeed, met those with which it does whatever the body says.
	accepted, met map[int]bool
	actions       map[*arazzo.Action][]*condition
	verdicts      map[*arazzo.Action]flow.Verdict
}

// look gathers what is known about a workflow.
func (l *linter) look(w *arazzo.Workflow) *workflowView {
	v, byStep := &workflowView{Workflow: w}, map[*arazzo.Step]*stepView{}
	for i, s := range w.Steps {
		sv := &stepView{Step: s, w: v, index: i, actions: map[*arazzo.Action][]*condition{}, verdicts: map[*arazzo.Action]flow.Verdict{}}
		sv.op, sv.desc, _ = l.sources.find(l.doc, s)
		for _, c := range s.SuccessCriteria {
			sv.success = append(sv.success, parseCriterion(c))
		}
		sv.gatherCodes()
		sv.weighStatuses()
		for _, a := range w.EffectiveOnSuccess(s) {
			sv.weigh(a)
		}
		for _, a := range w.EffectiveOnFailure(s) {
			sv.weigh(a)
		}
		v.steps = append(v.steps, sv)
		byStep[s] = sv
	}
	v.uses, v.reads = usesOfWorkflow(w), map[string][]string{}
	for _, u := range v.uses {
		if u.Root == expression.RootSteps {
			v.reads[u.Owner] = append(v.reads[u.Owner], u.Name)
		}
	}
	v.flow = flow.Of(w, flow.Judge{
		Action: func(s *arazzo.Step, a *arazzo.Action) flow.Verdict {
			return byStep[s].verdicts[a]
		},
	})
	return v
}

// report adds a finding of a rule. fix says in words what to write.
func (l *linter) report(rule string, at arazzo.Pos, path, fix, format string, args ...any) *arazzo.Finding {
	r, known := l.rules[rule]
	if !known {
		panic("lint: no rule " + rule)
	}
	l.findings = append(l.findings, arazzo.Finding{Rule: rule, Severity: r.Severity, Message: fmt.Sprintf(format, args...),
		Line: at.Line, Column: at.Column, Path: path, Hint: r.Why, Fix: fix})
	return &l.findings[len(l.findings)-1]
}
