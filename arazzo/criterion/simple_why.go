package criterion

import (
	"fmt"
	"strings"

	"github.com/headgate/headgate/arazzo/expression"
)

// why says in words why a condition did not pass: "$statusCode: expected 200,
// got 404". It evaluates again, which costs nothing where conditions pass.
func why(n node, env expression.Environment, strict bool) string {
	switch n := n.(type) {
	case *groupNode:
		return why(n.inner, env, strict)
	case *notNode:
		return fmt.Sprintf("expected %s not to hold", n.inner)
	case *compareNode:
		return n.why(env)
	case *joinNode:
		return n.why(env, strict)
	}
	v, err := n.eval(env)
	if err != nil {
		return err.Error()
	}
	if strict && !absent(v) && v != false {
		return fmt.Sprintf("%s: expected true, got %s, which is no boolean", n, show(v))
	}
	return fmt.Sprintf("%s: expected true, got %s", n, show(v))
}

// why of && is that of the operands that failed first; of || that of all.
func (n *joinNode) why(env expression.Environment, strict bool) string {
	var reasons []string
	for _, operand := range n.list {
		v, err := operand.eval(env)
		if err != nil {
			return err.Error()
		}
		if truthy(v, strict) {
			continue
		}
		reasons = append(reasons, why(operand, env, strict))
		if !n.or {
			break
		}
	}
	return strings.Join(reasons, "; and ")
}

// why speaks of the side that is no literal.
func (n *compareNode) why(env expression.Environment) string {
	left, err := n.left.eval(env)
	if err != nil {
		return err.Error()
	}
	right, err := n.right.eval(env)
	if err != nil {
		return err.Error()
	}
	subject, expected, got, operator := n.left, right, left, n.operator
	if _, is := n.left.(*literalNode); is {
		subject, expected, got, operator = n.right, left, right, turned(n.operator)
	}
	return fmt.Sprintf("%s: expected %s%s, got %s", subject, inWords(operator), show(expected), show(got))
}

// inWords says what an operator expects, as it stands before the expected value.
func inWords(operator string) string {
	switch operator {
	case "!=":
		return "anything but "
	case "<":
		return "less than "
	case "<=":
		return "at most "
	case ">":
		return "more than "
	case ">=":
		return "at least "
	}
	return ""
}

// turned is the operator with its sides exchanged.
func turned(operator string) string {
	switch operator {
	case "<":
		return ">"
	case "<=":
		return ">="
	case ">":
		return "<"
	case ">=":
		return "<="
	}
	return operator
}
