package asl

import (
	"maps"
	"regexp"
	"slices"
)

// VariableReferences lists for each state the variables it refers to, as DescribeStateMachine answers them; states
// without any are left out.
func (m *StateMachine) VariableReferences() map[string][]string {
	out := map[string][]string{}
	// States of the same name in several Map processors would share an entry, as they do on AWS.
	m.Walk(func(_ string, s *State) {
		found := references{}
		s.references(found)
		if len(found) > 0 {
			out[s.Name] = slices.Sorted(maps.Keys(found))
		}
	})
	return out
}

// references collects names of variables. Its methods, one for each thing that definitions are made of, add what that
// refers to and take nil for nothing.
type references map[string]bool

// selector adds the variable that a path begins with, and those of the paths inside a call.
func (r references) selector(s *selector) {
	if s == nil {
		return
	}
	if s.variable != "" {
		r[s.variable] = true
	}
	if s.call != nil {
		for _, p := range s.call.Paths() {
			if inner, err := parseSelector(p); err == nil {
				r.selector(inner)
			}
		}
	}
}

// variableName finds variables in JSONata texts; quoted texts are taken out before.
var (
	variableName = regexp.MustCompile(`\$([A-Za-z_][A-Za-z0-9_]*)\b\s*(\(|:=)?`)
	quotedText   = regexp.MustCompile(`"(\\.|[^"\\])*"|'(\\.|[^'\\])*'`)
)

// expression adds the variables of an expression that it neither calls nor binds itself.
func (r references) expression(x *expression) {
	if x == nil {
		return
	}
	bound := map[string]bool{"states": true}
	matches := variableName.FindAllStringSubmatch(quotedText.ReplaceAllString(x.src, "''"), -1)
	// A name bound anywhere in the expression is taken as its own, wherever else it stands: scopes are not followed.
	for _, m := range matches {
		if m[2] == ":=" {
			bound[m[1]] = true
		}
	}
	for _, m := range matches {
		if m[2] == "" && !bound[m[1]] {
			r[m[1]] = true
		}
	}
}

// template adds the variables of all paths and expressions in a value.
func (r references) template(t *template) {
	if t == nil {
		return
	}
	r.selector(t.selector)
	r.expression(t.expr)
	for _, item := range t.items {
		r.template(item)
	}
	for _, m := range t.members {
		r.template(m.value)
	}
}

// quantity adds those of a number that may come from a path or an expression.
func (r references) quantity(q quantity) {
	r.selector(q.path)
	r.expression(q.expr)
}

// test adds those that a Choice rule compares.
func (r references) test(t *choiceTest) {
	if t == nil {
		return
	}
	r.selector(t.variable)
	r.selector(t.path)
	for _, part := range t.parts {
		r.test(part)
	}
}

// references adds all variables of a state, but not those of the states inside it: each state answers for itself.
func (s *State) references(r references) {
	r.selector(s.inputPath)
	r.selector(s.outputPath)
	for _, t := range []*template{s.parameters, s.resultSelector, s.arguments, s.output, s.assign} {
		r.template(t)
	}
	for _, c := range s.catch {
		r.template(c.output)
		r.template(c.assign)
	}
	if s.Task != nil {
		r.quantity(s.Task.timeout)
		r.quantity(s.Task.heartbeat)
		r.template(s.Task.credentials)
	}
	if s.Choice != nil {
		for _, rule := range s.Choice.rules {
			r.test(rule.test)
			r.template(rule.cond)
			r.template(rule.output)
			r.template(rule.assign)
		}
	}
	if w := s.Wait; w != nil {
		r.selector(w.secondsPath)
		r.selector(w.timestampPath)
		r.expression(w.secondsExpr)
		r.expression(w.timestampExpr)
	}
	if s.Fail != nil {
		for _, t := range []textField{s.Fail.code, s.Fail.cause} {
			r.selector(t.path)
			r.expression(t.expr)
		}
	}
	// A Parallel state's branches are states of their own, and it has nothing else.
	if s.Map != nil {
		s.Map.references(r)
	}
}

// references adds what a Map state's own fields refer to.
func (m *Map) references(r references) {
	r.selector(m.itemsPath)
	r.template(m.items)
	r.template(m.selector)
	for _, q := range []quantity{m.maxConcurrency, m.toleratedCount, m.toleratedShare} {
		r.quantity(q)
	}
	if m.reader != nil {
		r.template(m.reader.parameters)
		r.quantity(m.reader.maxItems)
	}
	if m.batcher != nil {
		r.quantity(m.batcher.maxItems)
		r.quantity(m.batcher.maxBytes)
		r.template(m.batcher.input)
	}
	if m.writer != nil {
		r.template(m.writer.parameters)
	}
}
