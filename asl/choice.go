package asl

import (
	"errors"

	"github.com/headgate/headgate/asl/jsonpath"
	"github.com/headgate/headgate/asl/jsonvalue"
)

// Choice is a Choice state: the first rule that holds decides.
type Choice struct {
	rules   []choiceRule
	Default string
}

// choiceRule is a condition with what follows from it.
type choiceRule struct {
	test   *choiceTest // JSONPath
	cond   *template   // JSONata
	next   string
	output *template
	assign *template
}

// choiceTest is a comparison, or tests joined by And, Or, Not.
type choiceTest struct {
	join     string // And, Or, Not or none
	parts    []*choiceTest
	variable *selector
	operator string
	literal  any
	path     *selector // of an operator that ends in Path
}

// choice reads the rules. A rule's Condition is an expression; without JSONata it is a test, written as members of the
// rule itself.
func (p *parser) choice(s *State, f *fields) {
	s.Choice = &Choice{Default: f.stateName("Default")}
	f.require("Choices")
	list := f.list("Choices")
	if f.has("Choices") && len(list) == 0 {
		f.note("Choices", "Array must have at least 1 element")
	}
	for i, v := range list {
		place := "Choices[" + itoa(i) + "]"
		r := p.fields(v, f.path(place), f.jsonata)
		rule := choiceRule{next: r.stateName("Next"), assign: r.assign()}
		// Failures name the rule as well as the field: Choices[0]/Assign/x.
		rule.assign.prefix(place + "/")
		if f.jsonata {
			r.require("Condition", "Next")
			rule.cond, rule.output = r.template("Condition"), r.template("Output")
			rule.cond.prefix(place + "/")
			rule.output.prefix(place + "/")
		} else {
			r.require("Next")
			rule.test = p.choiceTest(r)
		}
		r.unknown()
		s.Choice.rules = append(s.Choice.rules, rule)
	}
	p.flow(s, f, flowFields{paths: true})
}

// choiceTest reads And, Or, Not or a comparison. The first of them that stands is taken; any other member is unknown
// then, and noted.
func (p *parser) choiceTest(f *fields) *choiceTest {
	if p.depth++; p.depth > maxScopes {
		f.note("", "Conditions are nested too deeply")
		return nil
	}
	defer func() { p.depth-- }()
	for _, join := range []string{"And", "Or", "Not"} {
		if !f.has(join) {
			continue
		}
		t := &choiceTest{join: join}
		var parts []any
		if join == "Not" {
			v, _ := f.get(join)
			parts = []any{v}
		} else if parts = f.list(join); len(parts) == 0 {
			f.note(join, "Array must have at least 1 element")
		}
		for i, v := range parts {
			inner := p.fields(v, f.path(join+"["+itoa(i)+"]"), false)
			t.parts = append(t.parts, p.choiceTest(inner))
			inner.unknown()
		}
		return t
	}
	return p.comparisonTest(f)
}

// comparisonTest reads a Variable and the one operator that it is compared with. The operand's type is checked now, and
// that of an operator ending in Path when the state runs.
func (p *parser) comparisonTest(f *fields) *choiceTest {
	f.require("Variable")
	t := &choiceTest{variable: f.selector("Variable", anySelector)}
	for k := range f.o.All() {
		op, ok := operatorNamed(k)
		if !ok {
			continue
		}
		if t.operator != "" {
			f.note("", "Only one of these fields can be used at once: [%s, %s]", t.operator, k)
		}
		t.operator = k
		if op.path {
			t.path = f.selector(k, anySelector)
			continue
		}
		t.literal, _ = f.get(k)
		if jsonvalue.Type(t.literal) != op.literal {
			f.note(k, "Expected value of type %s", op.literal)
		}
		if _, valid := parseTimestamp(show(t.literal)); op.timestamp && !valid {
			f.note(k, "String does not match RFC3339 timestamp")
		}
	}
	if t.operator == "" {
		f.note("", "A comparison operator is required")
	}
	return t
}

// runChoice goes through the rules in order. None that holds, and no Default, is a failure that cannot be caught: a Choice
// state has no Catch.
func (s *stepper) runChoice(f *Frame, st *State) error {
	e := s.env(f, st)
	in, err := s.input(f, st, e)
	if err != nil {
		return err
	}
	for i, rule := range st.Choice.rules {
		held, err := rule.holds(e, in, i)
		if err != nil {
			return err
		}
		if held {
			return s.choose(f, st, e, in, rule.next, rule.output, rule.assign)
		}
	}
	if st.Choice.Default == "" {
		return &Failure{Code: ErrRuntime, Cause: "Failed to transition out of the state. The state does not point to a next state."}
	}
	return s.choose(f, st, e, in, st.Choice.Default, nil, nil)
}

// choose leaves the state; a rule's own Output and Assign go before the state's.
func (s *stepper) choose(f *Frame, st *State, e *env, in Text, next string, output, assigns *template) error {
	own := *st
	if output != nil {
		own.output = output
	}
	if assigns != nil {
		own.assign = assigns
	}
	// The copy is this run's: the definition is shared by all executions.
	out, assigned, err := s.plainOutput(&own, e, in)
	if err != nil {
		return err
	}
	s.leave(f, st, next, out, assigned)
	return nil
}

// holds evaluates a rule's condition; what is not a boolean is a failure rather than false.
func (r choiceRule) holds(e *env, in Text, index int) (bool, error) {
	if r.test != nil {
		return r.test.holds(e, in.Value())
	}
	v, err := r.cond.fill(e, nil)
	if err != nil {
		return false, err
	}
	held, ok := v.(bool)
	if !ok && r.cond.expr != nil {
		return false, r.cond.expr.typeFailure("boolean", v)
	}
	return held, nil
}

// holds evaluates a test on the state's input, no more of it than decides.
func (t *choiceTest) holds(e *env, data any) (bool, error) {
	switch t.join {
	case "And", "Or":
		for _, part := range t.parts {
			held, err := part.holds(e, data)
			if err != nil || held == (t.join == "Or") {
				return held, err
			}
		}
		return t.join == "And", nil
	case "Not":
		held, err := t.parts[0].holds(e, data)
		return !held, err
	}
	// The variable may be a path into a workflow variable ($name) as well; one never assigned counts as absent.
	left, err := t.variable.get(e, data)
	var missing *jsonpath.NotFoundError
	absent := errors.As(err, &missing) || errors.Is(err, errNoVariable)
	// Only IsPresent may ask for what is not there.
	if t.operator == "IsPresent" {
		return absent == (t.literal == false), nil
	}
	if absent {
		return false, runtimeFailure("Invalid path '%s': The choice state's condition path references an invalid value.", t.variable.src)
	}
	if err != nil {
		return false, err
	}
	right := t.literal
	if t.path != nil {
		if right, err = t.path.get(e, data); err != nil {
			return false, runtimeFailure("Invalid path '%s': The choice state's condition path references an invalid value.", t.path.src)
		}
	}
	return compare(t.operator, left, right), nil
}
