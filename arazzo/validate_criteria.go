package arazzo

import (
	"errors"
	"slices"
	"strings"

	"github.com/headgate/headgate/arazzo/criterion"
	"github.com/headgate/headgate/arazzo/expression"
	"github.com/headgate/headgate/arazzo/rfc9535"
)

func (v *validator) criteria(sc scope, list []*Criterion) {
	for _, c := range list {
		v.criterion(sc, c)
	}
}

// criterion compiles a criterion, reports its leniencies and checks what its
// expressions refer to.
func (v *validator) criterion(sc scope, c *Criterion) {
	if !v.filled(&c.Object, "condition", c.Condition) {
		return
	}
	if c.Type != nil {
		v.criterionType(c.Type)
	}
	// Leniencies are reported below, so that each is a finding of its own.
	compiled, err := c.Compile(v.doc, false)
	if err != nil {
		rule, where := "condition", c.field("condition")
		var syntax *criterion.SyntaxError
		var query *rfc9535.SyntaxError
		switch {
		case errors.As(err, &query):
			v.fail(rule, at{c.inCondition(query.Offset), where.path}, query.Hint, "%s", query.Message)
			return
		case errors.As(err, &syntax):
			v.fail(rule, at{c.inCondition(syntax.Offset), where.path}, syntax.Hint, "%s", syntax.Message)
			return
		case strings.Contains(err.Error(), "context"):
			rule, where = "criterion-context", c.field("context")
		case strings.Contains(err.Error(), "type of condition"), strings.Contains(err.Error(), "version"):
			rule, where = "criterion-type", c.field("type")
		}
		v.fail(rule, where, "", "%v", err)
		return
	}
	for _, w := range compiled.Warnings() {
		v.lenient(w.Rule, c.field("condition"), w.Hint, "%s", w.Message)
	}
	for i, e := range compiled.Expressions() {
		where := c.field("condition")
		if i == 0 && compiled.Context() == e {
			where = c.field("context")
		}
		v.refersTo(sc, e, where)
	}
}

// inCondition is the place of a byte of the condition, where that is on the
// condition's first line.
func (c *Criterion) inCondition(offset int) Pos {
	pos := c.At("condition")
	if offset <= len(c.Condition) && !strings.Contains(c.Condition[:offset], "\n") {
		pos.Column += len([]rune(c.Condition[:offset]))
		if c.quoted {
			pos.Column++
		}
	}
	return pos
}

// criterionType checks a type against the versions of the specification.
func (v *validator) criterionType(t *ExpressionType) {
	v.knownVersion(t)
	if t.Type == "jsonpointer" && t.Version == "" {
		v.lenient("criterion-type", t.self(), "write type: jsonpointer with version: rfc6901 in an Expression Type Object", "jsonpointer is no type of condition by itself")
	}
}

// selectorType checks the type of a selector or target; false if it is none.
func (v *validator) selectorType(t *ExpressionType) bool {
	if !slices.Contains([]string{"jsonpath", "xpath", "jsonpointer"}, t.Type) {
		v.fail("selector-type", t.self(), "jsonpath, xpath or jsonpointer", "%q is no type of selector", t.Type)
		return false
	}
	v.knownVersion(t)
	return true
}

// knownVersion reports a version of a language that came with 1.1.
func (v *validator) knownVersion(t *ExpressionType) {
	known := criterion.Versions(t.Type, v.doc.Minor)
	if t.Version != "" && !slices.Contains(known, t.Version) && slices.Contains(criterion.Versions(t.Type, 1), t.Version) {
		v.lenient("field-of-1.1", t.field("version"), "write arazzo: 1.1.0", "the version %s of %s is known since version 1.1, and the document says %s", t.Version, t.Type, v.doc.Version)
	}
}

// values checks the expressions and selectors of a value, at any depth.
func (v *validator) values(sc scope, value *Value) {
	if value == nil {
		return
	}
	where := at{value.Pos, value.Path}
	if s := value.Selector; s != nil && (s.Type == nil || !v.selectorType(s.Type)) {
		return
	}
	if value.err != nil {
		v.expressionError(value.err, where)
		return
	}
	if meant := meantExpression(value); meant != "" && !sc.output {
		v.warn("expression-like", where, meant, "%q is no runtime expression: it is taken as text", value.Scalar)
	}
	if value.template != nil {
		for _, e := range value.template.Expressions() {
			v.refersTo(sc, e, where)
			v.conforms(e, where)
		}
	}
	if value.Kind == KindSelector {
		v.refersTo(sc, value.context, value.Selector.field("context"))
		v.conforms(value.context, value.Selector.field("context"))
		for _, w := range value.query.Warnings() {
			v.lenient(w.Rule, value.Selector.field("selector"), w.Hint, "%s", w.Message)
		}
		return
	}
	for _, item := range value.Items {
		v.values(sc, item)
	}
	for _, m := range value.Members {
		v.values(sc, m.Value)
	}
}

// meantExpression answers the hint for a text that is nearly an expression,
// such as $responses.body.
func meantExpression(value *Value) string {
	s, is := value.Scalar.(string)
	if !is || value.template != nil || !strings.HasPrefix(s, "$") {
		return ""
	}
	var syntax *expression.SyntaxError
	if _, err := expression.Parse(s); errors.As(err, &syntax) && strings.HasPrefix(syntax.Hint, "did you mean") {
		return syntax.Hint
	}
	return ""
}

func (v *validator) expressionError(err error, where at) {
	var syntax *expression.SyntaxError
	if errors.As(err, &syntax) {
		v.fail("expression", where, syntax.Hint, "%s", syntax.Message)
		return
	}
	v.fail("selector", where, "", "%v", err)
}

// conforms reports departures from the grammar.
func (v *validator) conforms(e *expression.Expression, where at) {
	for _, d := range e.Conforms(v.doc.Minor) {
		v.lenient(d.Rule, where, d.Hint, "%s", d.Message)
	}
}
