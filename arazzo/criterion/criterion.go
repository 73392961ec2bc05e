package criterion

import (
	"errors"
	"fmt"
	"strings"

	"github.com/headgate/headgate/arazzo/expression"
)

// Spec is a Criterion Object as a document writes it.
type Spec struct {
	Context   string // a runtime expression, "" where absent
	Condition string
	Type      string // simple (or ""), regex, jsonpath, xpath, jsonpointer
	Version   string // of an Expression Type Object, "" otherwise
	Minor     int    // the feature set 1.<Minor> of the document
	Strict    bool   // refuse leniencies
}

// Warning is a leniency that Compile used.
type Warning struct {
	Rule    string // the id, e.g. "lenient-jsonpath-condition"
	Message string
	Hint    string
}

func (w Warning) String() string {
	if w.Hint == "" {
		return w.Message
	}
	return w.Message + " (" + w.Hint + ")"
}

// Criterion is a compiled criterion, safe for many goroutines.
type Criterion struct {
	spec     Spec
	language language
	context  *expression.Expression // nil where absent
	simple   node                   // of a simple condition
	template *expression.Template   // of another condition with expressions
	matcher  matcher                // of another condition without
	warnings []Warning
}

// matcher is a condition in a language other than simple.
type matcher interface {
	// match decides on a context that is neither null nor Undefined; reason
	// says why it did not match.
	match(context any) (passed bool, reason string, err error)
}

// Result is the outcome of a criterion.
type Result struct {
	// Passed is false as well when the criterion could not be evaluated.
	Passed bool
	// Err says why it could not be evaluated.
	Err error
	// Reason says in words why it did not pass, e.g. "$statusCode: expected
	// 200, got 404". It is empty where it passed.
	Reason string
}

// Compile reads a criterion. A condition with embedded expressions is read
// when it is evaluated, since its text depends on them.
func Compile(spec Spec) (*Criterion, error) {
	l, err := languageOf(spec.Type, spec.Version)
	if err != nil {
		return nil, err
	}
	c := &Criterion{spec: spec, language: l}
	if err := c.readContext(); err != nil {
		return nil, err
	}
	if l.kind == kindSimple {
		if err = c.readSimple(); err != nil && isPath(spec.Condition) {
			c, err = compileUntyped(spec, err)
		}
	} else {
		err = c.readOther()
	}
	if err != nil {
		return nil, err
	}
	if spec.Strict && len(c.warnings) > 0 {
		return nil, &LeniencyError{c.warnings[0]}
	}
	return c, nil
}

// isPath tells whether a condition starts like JSONPath, as no runtime expression does.
func isPath(condition string) bool {
	condition = strings.TrimLeft(condition, " \t\n(!")
	return strings.HasPrefix(condition, "$.") || strings.HasPrefix(condition, "$[")
}

// compileUntyped reads a condition in JSONPath whose criterion does not say so. It is no simple condition (err says why), and
// without a type it can be nothing else to the letter; the world forgets the type, and the context, where the text shows them.
func compileUntyped(spec Spec, err error) (*Criterion, error) {
	typed := spec
	typed.Type, typed.Strict = string(kindJSONPath), false
	hint := "add type: jsonpath"
	if spec.Context == "" {
		typed.Context, hint = "$response.body", "add type: jsonpath and context: $response.body"
	}
	c, other := Compile(typed)
	if other != nil {
		return nil, err // the text as it is typed is what the author sees
	}
	c.spec.Strict = spec.Strict
	c.warnings = append([]Warning{{Rule: "lenient-untyped-jsonpath", Message: fmt.Sprintf("%q is JSONPath, not a simple condition", clip(spec.Condition)), Hint: hint}}, c.warnings...)
	return c, nil
}

// LeniencyError is a leniency that Strict refuses.
type LeniencyError struct{ Warning Warning }

func (e *LeniencyError) Error() string { return e.Warning.String() }

// warn notes a leniency. Compile decides at its end whether that is an error, so that readers need not know of strictness.
func (c *Criterion) warn(rule, hint, format string, args ...any) {
	c.warnings = append(c.warnings, Warning{Rule: rule, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// readContext reads the context, which every type but simple must have.
func (c *Criterion) readContext() error {
	if c.spec.Context == "" {
		switch {
		case c.language.kind != kindSimple:
			return fmt.Errorf("a criterion of the type %s must have a context, for instance $response.body", c.spec.Type)
		case c.spec.Type != "" && c.spec.Minor == 0:
			c.warn("lenient-context", "leave the type away", "in version 1.0 a criterion with a type must have a context")
		}
		return nil
	}
	e, err := expression.Parse(c.spec.Context)
	if err != nil {
		return fmt.Errorf("the context: %w", err)
	}
	c.context = e
	c.deviations([]*expression.Expression{e})
	return nil
}

// deviations notes what the expressions take beyond the grammar of the document's version: 1.1 narrowed the names and added roots.
func (c *Criterion) deviations(list []*expression.Expression) {
	for _, e := range list {
		for _, d := range e.Conforms(c.spec.Minor) {
			c.warn(d.Rule, d.Hint, "%s", d.Message)
		}
	}
}

// readOther compiles a condition that is not simple, unless embedded
// expressions delay that until it is evaluated.
func (c *Criterion) readOther() error {
	t, err := expression.ParseTemplate(bracesOnly(c.spec.Condition))
	if err != nil {
		return err
	}
	if exprs := t.Expressions(); len(exprs) > 0 {
		if c.spec.Minor == 0 {
			c.warn("lenient-embedded-condition", "write arazzo: 1.1.0", "expressions in braces within a %s condition are known since version 1.1", c.language.kind)
		}
		c.template = t
		c.deviations(exprs)
		return nil
	}
	m, warnings, err := c.language.compile(c.spec.Condition)
	c.warnings = append(c.warnings, warnings...)
	c.matcher = m
	return err
}

// bracesOnly keeps ParseTemplate from taking a JSONPath that starts with a
// root's name for an expression as a whole: $inputs is no such thing here.
func bracesOnly(condition string) string {
	if expression.IsExpression(condition) {
		return " " + condition
	}
	return condition
}

// Warnings lists the leniencies that were needed.
func (c *Criterion) Warnings() []Warning { return c.warnings }

// Language is the name of the condition's language: simple, regex, jsonpath,
// xpath or jsonpointer.
func (c *Criterion) Language() string { return string(c.language.kind) }

// Context is the parsed context, nil where absent.
func (c *Criterion) Context() *expression.Expression { return c.context }

// Expressions lists the runtime expressions in context and condition.
func (c *Criterion) Expressions() []*expression.Expression {
	var out []*expression.Expression
	if c.context != nil {
		out = append(out, c.context)
	}
	if c.simple != nil {
		out = c.simple.expressions(out)
	}
	if c.template != nil {
		out = append(out, c.template.Expressions()...)
	}
	return out
}

// Evaluate decides the criterion in env.
func (c *Criterion) Evaluate(env expression.Environment) Result {
	if c.simple != nil {
		return c.evaluateSimple(env)
	}
	context, err := c.context.Evaluate(env)
	switch {
	case err != nil:
		return failed(fmt.Errorf("the context %s: %w", c.context, err))
	case context == nil || expression.IsUndefined(context):
		return Result{Reason: fmt.Sprintf("the context %s is %s", c.context, show(context))}
	}
	m := c.matcher
	if c.template != nil {
		text, err := c.language.substitute(c.template, env)
		if err != nil {
			return failed(err)
		}
		if m, _, err = c.language.compile(text); err != nil {
			return failed(fmt.Errorf("the condition became %s: %w", clip(text), err))
		}
	}
	passed, reason, err := m.match(context)
	if err != nil {
		return failed(err)
	}
	if passed {
		return Result{Passed: true}
	}
	return Result{Reason: c.context.String() + ": " + reason}
}

var errUnknown = errors.New("it could not be evaluated")

// failed is the outcome of what could not be evaluated. Specification 1.1, Evaluation Errors: the condition fails and the error is reported;
// it never ends the workflow by itself.
func failed(err error) Result {
	if err == nil {
		err = errUnknown
	}
	return Result{Err: err, Reason: err.Error()}
}
