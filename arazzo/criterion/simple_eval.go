package criterion

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/headgate/headgate/arazzo/expression"
)

// node is a part of a simple condition.
type node interface {
	eval(env expression.Environment) (any, error)
	expressions(out []*expression.Expression) []*expression.Expression
	String() string
}

// The kinds of nodes. Each keeps how it was written, for a condition that fails is explained in the author's own words; a group is a node of
// its own for that reason only.
type (
	literalNode struct{ v any }
	runtimeNode struct {
		e *expression.Expression
		// counted is another reading, for $response.body#/items.length.
		counted node
	}
	templateNode struct{ t *expression.Template }
	groupNode    struct{ inner node }
	memberNode   struct {
		of   node
		name string
	}
	indexNode struct{ of, index node }
	notNode   struct {
		inner  node
		strict bool
	}
	joinNode struct {
		or     bool
		list   []node
		strict bool
	}
	compareNode struct {
		operator    string
		left, right node
		strict      bool // no coercion of booleans
	}
)

// evaluateSimple evaluates once for the outcome, and again in parts to say why, which is rarely needed and then worth its time.
func (c *Criterion) evaluateSimple(env expression.Environment) Result {
	v, err := c.simple.eval(env)
	if err != nil {
		return failed(err)
	}
	if truthy(v, c.spec.Strict) {
		return Result{Passed: true}
	}
	return Result{Reason: why(c.simple, env, c.spec.Strict)}
}

// truthy decides a value that stands alone. Strictly only true passes; the
// specification does not say what strings and numbers do.
func truthy(v any, strict bool) bool {
	if b, is := v.(bool); is || strict {
		return b
	}
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case json.Number:
		f, err := v.Float64()
		return err != nil || f != 0
	case float64:
		return v != 0
	case int:
		return v != 0
	}
	return !expression.IsUndefined(v)
}

func (n *literalNode) eval(expression.Environment) (any, error) { return n.v, nil }

func (n *templateNode) eval(env expression.Environment) (any, error) { return n.t.Evaluate(env) }

func (n *groupNode) eval(env expression.Environment) (any, error) { return n.inner.eval(env) }

// eval takes the reading that finds something: the grammar has the name end where the pointer's token does, and authors mean the length.
func (n *runtimeNode) eval(env expression.Environment) (any, error) {
	v, err := n.e.Evaluate(env)
	if err == nil && n.counted != nil && expression.IsUndefined(v) {
		return n.counted.eval(env)
	}
	return v, err
}

// eval dereferences with a dot (Operators: property de-reference). What has no such member is Undefined, not an error: an optional member
// that is missing is what conditions ask about.
func (n *memberNode) eval(env expression.Environment) (any, error) {
	of, err := n.of.eval(env)
	if err != nil {
		return nil, err
	}
	return memberOf(of, n.name), nil
}

// memberOf is the member of an object, the element of a list by its number, or JavaScript's length, which the parser has warned about.
func memberOf(of any, name string) any {
	switch of := of.(type) {
	case map[string]any:
		if v, found := of[name]; found {
			return v
		}
	case []any:
		if name == "length" {
			return json.Number(strconv.Itoa(len(of)))
		}
		if i, ok := expression.Index(name, len(of)); ok && i < len(of) {
			return of[i]
		}
	case string:
		if name == "length" {
			return json.Number(strconv.Itoa(utf8.RuneCountInString(of)))
		}
	}
	return expression.Undefined
}

// eval indexes from 0 (Operators). Beyond the end is Undefined, as with members; a list's index must be a whole number.
func (n *indexNode) eval(env expression.Environment) (any, error) {
	of, err := n.of.eval(env)
	if err != nil {
		return nil, err
	}
	index, err := n.index.eval(env)
	if err != nil {
		return nil, err
	}
	if name, is := index.(string); is {
		return memberOf(of, name), nil
	}
	text, is := index.(json.Number)
	list, isList := of.([]any)
	if !is || !isList {
		return expression.Undefined, nil
	}
	if i, ok := expression.Index(string(text), len(list)); ok && i < len(list) {
		return list[i], nil
	}
	return expression.Undefined, nil
}

// eval negates the truth of what stands alone, so that !$response.body#/error holds where there is no such member.
func (n *notNode) eval(env expression.Environment) (any, error) {
	v, err := n.inner.eval(env)
	return !truthy(v, n.strict), err
}

// eval stops at the first operand that decides.
func (n *joinNode) eval(env expression.Environment) (any, error) {
	for _, operand := range n.list {
		v, err := operand.eval(env)
		if err != nil {
			return nil, err
		}
		if truthy(v, n.strict) == n.or {
			return n.or, nil
		}
	}
	return !n.or, nil
}

// eval gives true or false and never fails: what cannot be ordered is not in order, see compare.
func (n *compareNode) eval(env expression.Environment) (any, error) {
	left, err := n.left.eval(env)
	if err != nil {
		return nil, err
	}
	right, err := n.right.eval(env)
	if err != nil {
		return nil, err
	}
	return n.compare(left, right), nil
}

// The expressions of a condition are what validation, lint and the order of steps look at: 1.1 has a step wait for those it names.
func (n *literalNode) expressions(out []*expression.Expression) []*expression.Expression { return out }

func (n *runtimeNode) expressions(out []*expression.Expression) []*expression.Expression {
	return append(out, n.e)
}

func (n *templateNode) expressions(out []*expression.Expression) []*expression.Expression {
	return append(out, n.t.Expressions()...)
}

func (n *groupNode) expressions(out []*expression.Expression) []*expression.Expression {
	return n.inner.expressions(out)
}

func (n *memberNode) expressions(out []*expression.Expression) []*expression.Expression {
	return n.of.expressions(out)
}

func (n *indexNode) expressions(out []*expression.Expression) []*expression.Expression {
	return n.index.expressions(n.of.expressions(out))
}

func (n *notNode) expressions(out []*expression.Expression) []*expression.Expression {
	return n.inner.expressions(out)
}

func (n *joinNode) expressions(out []*expression.Expression) []*expression.Expression {
	for _, operand := range n.list {
		out = operand.expressions(out)
	}
	return out
}

func (n *compareNode) expressions(out []*expression.Expression) []*expression.Expression {
	return n.right.expressions(n.left.expressions(out))
}

// String writes a literal as a condition has it; a quote within a text is doubled.
func (n *literalNode) String() string {
	if s, is := n.v.(string); is {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return expression.Text(n.v)
}

func (n *runtimeNode) String() string  { return n.e.String() }
func (n *templateNode) String() string { return "'" + strings.TrimPrefix(n.t.String(), " ") + "'" }
func (n *groupNode) String() string    { return "(" + n.inner.String() + ")" }
func (n *memberNode) String() string   { return n.of.String() + "." + n.name }
func (n *indexNode) String() string    { return n.of.String() + "[" + n.index.String() + "]" }
func (n *notNode) String() string      { return "!" + n.inner.String() }
func (n *compareNode) String() string {
	return n.left.String() + " " + n.operator + " " + n.right.String()
}

func (n *joinNode) String() string {
	words := make([]string, len(n.list))
	for i, operand := range n.list {
		words[i] = operand.String()
	}
	if n.or {
		return strings.Join(words, " || ")
	}
	return strings.Join(words, " && ")
}
