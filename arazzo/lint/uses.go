package lint

import (
	"regexp"
	"slices"
	"strings"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/expression"
)

// use is an expression somewhere in a document.
type use struct {
	*expression.Expression
	pos   arazzo.Pos
	path  string
	after bool // evaluated after the step's answer
}

// usesOfStep lists the expressions of a step, those of reusable parameters and actions included.
func usesOfStep(w *arazzo.Workflow, s *arazzo.Step) []use {
	var out []use
	for _, p := range w.EffectiveParameters(s) {
		out = append(out, usesOfValue(p.Value, false)...)
	}
	if b := s.RequestBody; b != nil {
		out = append(out, usesOfValue(b.Payload, false)...)
		for _, r := range b.Replacements {
			out = append(out, usesOfValue(r.Value, false)...)
		}
	}
	out = append(out, usesOfValue(s.CorrelationID, false)...)
	out = append(out, usesOfCriteria(s.SuccessCriteria)...)
	for _, v := range s.Outputs.All() {
		out = append(out, usesOfValue(v, true)...)
	}
	for _, a := range slices.Concat(w.EffectiveOnSuccess(s), w.EffectiveOnFailure(s)) {
		out = append(out, usesOfCriteria(a.Criteria)...)
		for _, p := range w.ActionParameters(a) {
			out = append(out, usesOfValue(p.Value, true)...)
		}
	}
	return out
}

// usesOfWorkflow lists the expressions of a workflow.
func usesOfWorkflow(w *arazzo.Workflow) []use {
	var out []use
	for _, s := range w.Steps {
		out = append(out, usesOfStep(w, s)...)
	}
	for _, v := range w.Outputs.All() {
		out = append(out, usesOfValue(v, true)...)
	}
	return out
}

func usesOfValue(v *arazzo.Value, after bool) []use {
	var out []use
	for _, e := range v.Expressions() {
		out = append(out, use{e.Expression, e.At.Pos, e.At.Path, after})
	}
	return out
}

// spoken finds expressions within conditions of any language.
var spoken = regexp.MustCompile(`\$(?:url|method|statusCode|self|(?:request|response|message|inputs|outputs|steps|workflows|sourceDescriptions|components)(?:[.#][A-Za-z0-9_.#/~\-%]+(?:\[[^\]]*\][A-Za-z0-9_.#/~\-%]*)*)?)`)

func usesOfCriteria(list []*arazzo.Criterion) []use {
	var out []use
	for _, c := range list {
		for _, field := range []struct{ name, text string }{{"context", c.Context}, {"condition", c.Condition}} {
			for _, text := range spoken.FindAllString(field.text, -1) {
				if e, err := expression.Parse(strings.TrimRight(text, ".-")); err == nil {
					out = append(out, use{e, c.At(field.name), c.Path, true})
				}
			}
		}
	}
	return out
}

// names tells whether an expression names what is called name, or something within it.
func names(e *expression.Expression, name string) bool { return covers(e.Name, name) }

// covers tells whether what is read is called name, or within it: $inputs.user.name may be the member name of the input user.
func covers(read, name string) bool {
	return read == "" || read == name || strings.HasPrefix(read, name+".") || strings.HasPrefix(read, name+"[")
}
