package lint

import (
	"encoding/json"
	"strings"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/expression"
)

// condition is a criterion as lint reads it: the comparisons that it makes, where they can be told.
type condition struct {
	*arazzo.Criterion
	root *node // nil where the condition is in another language, or cannot be read
	// compared is set for a jsonpath condition that compares outside of a filter, which is no RFC 9535 query.
	compared *jsonpathComparison
	query    *jsonpathQuery // of another jsonpath condition
}

// node is an operator, a literal or an expression.
type node struct {
	op   string // && || ! == != < <= > >= length; empty for a leaf
	kids []*node
	expr *expression.Expression
	lit  any // nil, bool, json.Number, string
}

func (n *node) isLiteral() bool { return n.op == "" && n.expr == nil }

// expressions calls visit for each expression below n.
func (n *node) expressions(visit func(*expression.Expression)) {
	if n == nil {
		return
	}
	if n.expr != nil {
		visit(n.expr)
	}
	for _, k := range n.kids {
		k.expressions(visit)
	}
}

func parseCriterion(c *arazzo.Criterion) *condition {
	out := &condition{Criterion: c}
	switch kindOf(c) {
	case "simple":
		p := &conditionParser{rest: c.Condition}
		if n := p.or(); n != nil && strings.TrimSpace(p.rest) == "" {
			out.root = n
		}
	case "jsonpath":
		if j := parseJSONPathComparison(c.Condition); j != nil {
			out.compared = j
			out.root = j.node(c.Context)
		} else {
			out.query = parseJSONPathQuery(c)
		}
	}
	return out
}

func kindOf(c *arazzo.Criterion) string {
	if c.Type == nil || c.Type.Type == "" {
		return "simple"
	}
	return c.Type.Type
}

// conditionParser reads the grammar of simple conditions. It answers nil for what it cannot read:
// whether that is valid is not lint's to say.
type conditionParser struct{ rest string }

func (p *conditionParser) take(token string) bool {
	trimmed := strings.TrimLeft(p.rest, " \t\r\n")
	if rest, ok := strings.CutPrefix(trimmed, token); ok {
		p.rest = rest
		return true
	}
	return false
}

func (p *conditionParser) or() *node { return p.chain("||", p.and) }

func (p *conditionParser) and() *node { return p.chain("&&", p.not) }

func (p *conditionParser) chain(op string, next func() *node) *node {
	n := next()
	for n != nil && p.take(op) {
		right := next()
		if right == nil {
			return nil
		}
		n = &node{op: op, kids: []*node{n, right}}
	}
	return n
}

func (p *conditionParser) not() *node {
	trimmed := strings.TrimLeft(p.rest, " \t\r\n")
	if strings.HasPrefix(trimmed, "!") && !strings.HasPrefix(trimmed, "!=") {
		p.rest = trimmed[1:]
		if n := p.not(); n != nil {
			return &node{op: "!", kids: []*node{n}}
		}
		return nil
	}
	if p.take("(") {
		n := p.or()
		if n == nil || !p.take(")") {
			return nil
		}
		return n
	}
	return p.comparison()
}

// comparators are in an order in which the longer of two with the same beginning comes first.
var comparators = []string{"==", "!=", "<=", ">=", "<", ">"}

func (p *conditionParser) comparison() *node {
	left := p.operand()
	if left == nil {
		return nil
	}
	for _, op := range comparators {
		if p.take(op) {
			if right := p.operand(); right != nil {
				return &node{op: op, kids: []*node{left, right}}
			}
			return nil
		}
	}
	return left
}

func (p *conditionParser) operand() *node {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	switch {
	case p.rest == "":
		return nil
	case p.rest[0] == '\'' || p.rest[0] == '"':
		text, rest, ok := quoted(p.rest)
		if !ok {
			return nil
		}
		p.rest = rest
		return &node{lit: text}
	case p.rest[0] == '$':
		return p.expression()
	}
	end := strings.IndexAny(p.rest, " \t\r\n()=!<>&|")
	if end < 0 {
		end = len(p.rest)
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	var v any
	d := json.NewDecoder(strings.NewReader(word))
	d.UseNumber()
	if word == "" || d.Decode(&v) != nil || d.More() {
		return nil
	}
	return &node{lit: v}
}

// expression takes what begins with $ up to white space, an operator or a closing parenthesis; brackets may hold any of these.
func (p *conditionParser) expression() *node {
	depth, end := 0, len(p.rest)
	for i, r := range p.rest {
		switch r {
		case '[':
			depth++
		case ']':
			depth--
		}
		if depth <= 0 && strings.ContainsRune(" \t\r\n()=!<>&|", r) {
			end = i
			break
		}
	}
	e, err := expression.Parse(p.rest[:end])
	if err != nil {
		return nil
	}
	p.rest = p.rest[end:]
	return &node{expr: e}
}

// quoted reads a string in single quotes, where a quote is doubled, or in double quotes as JSON has them.
func quoted(s string) (text, rest string, ok bool) {
	if s[0] == '"' {
		d := json.NewDecoder(strings.NewReader(s))
		if d.Decode(&text) != nil {
			return "", "", false
		}
		return text, s[d.InputOffset():], true
	}
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			i++
			continue
		}
		return strings.ReplaceAll(s[1:i], "''", "'"), s[i+1:], true
	}
	return "", "", false
}
