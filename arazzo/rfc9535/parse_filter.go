package rfc9535

import (
	"encoding/json"
	"regexp"
)

// logical reads a logical expression: || of && of basic expressions.
func (p *parser) logical() (expr, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxNesting {
		return nil, p.errorf("", "the query is nested more than %d levels deep", maxNesting)
	}
	return p.joined("||", func(list []expr) expr { return or(list) }, func() (expr, error) {
		return p.joined("&&", func(list []expr) expr { return and(list) }, p.basic)
	})
}

// joined reads operands between which an operator stands.
func (p *parser) joined(operator string, join func([]expr) expr, operand func() (expr, error)) (expr, error) {
	first, err := operand()
	if err != nil {
		return nil, err
	}
	list := []expr{first}
	for {
		before := p.at
		p.space()
		if !p.take(operator) {
			p.at = before
			break
		}
		p.space()
		next, err := operand()
		if err != nil {
			return nil, err
		}
		list = append(list, next)
	}
	if len(list) == 1 {
		return first, nil
	}
	return join(list), nil
}

// basic reads a parenthesis, a comparison or a test.
func (p *parser) basic() (expr, error) {
	negated := false
	start := p.at
	if p.peek() == '!' {
		p.at++
		p.space()
		negated = true
	}
	if p.peek() == '(' {
		e, err := p.parenthesis()
		if err == nil && negated {
			e = not{e}
		}
		return e, err
	}
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	before := p.at
	p.space()
	operator := p.operator()
	if operator == "" {
		p.at = before
		e, err := p.test(left, start)
		if err == nil && negated {
			e = not{e}
		}
		return e, err
	}
	if negated {
		p.at = start
		return nil, p.errorf("negate the operator, or use parentheses", "! cannot stand before a comparison")
	}
	left = p.counting(left, start)
	if err := p.comparable(left, start); err != nil {
		return nil, err
	}
	p.space()
	at := p.at
	right, err := p.operand()
	if err != nil {
		return nil, err
	}
	right = p.counting(right, at)
	if err := p.comparable(right, at); err != nil {
		return nil, err
	}
	return comparison{operator, left, right, p.loose}, nil
}

// parenthesis reads a logical expression in parentheses. A value cannot stand there: (1) == 1 is no query of RFC 9535.
func (p *parser) parenthesis() (expr, error) {
	p.at++
	p.space()
	e, err := p.logical()
	if err != nil {
		return nil, err
	}
	p.space()
	if !p.take(")") {
		return nil, p.errorf("", "the parenthesis is not closed")
	}
	return e, nil
}

// operator takes a comparison operator, the longer first. === is left where it is, for explain to say what to write.
func (p *parser) operator() string {
	for _, operator := range []string{"==", "!=", "<=", ">=", "<", ">"} {
		if p.take(operator) {
			if operator == "==" && p.peek() == '=' {
				p.at -= 2
				return ""
			}
			return operator
		}
	}
	return ""
}

// operand reads a literal, a query or a function.
func (p *parser) operand() (operand, error) {
	switch c := p.peek(); {
	case c == '\'' || c == '"':
		s, err := p.stringLiteral()
		return literal{s}, err
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	case c == '@' && p.filters == 0:
		return nil, p.errorf("", "@ is known within a filter only")
	case c == '$' || c == '@':
		q, err := p.query()
		return nodes{&q}, err
	case c >= 'a' && c <= 'z':
		return p.word()
	}
	return nil, p.errorf("a literal, a query that starts with @ or $, or a function", "an operand is missing")
}

// numberForm is number of §2.3.5.1. It allows -0, which an index does not.
var numberForm = regexp.MustCompile(`^(-?(0|[1-9][0-9]*)|-0)(\.[0-9]+)?([eE][-+]?[0-9]+)?`)

// number reads a literal as JSON does, -0 included.
func (p *parser) number() (operand, error) {
	s := numberForm.FindString(p.text[p.at:])
	end := p.at + len(s)
	if s == "" || end < len(p.text) && (p.text[end] >= '0' && p.text[end] <= '9' || p.text[end] == '.') {
		return nil, p.errorf("as in JSON: no leading zeros, digits on both sides of the point", "the number is malformed")
	}
	p.at = end
	return literal{json.Number(s)}, nil
}

// word reads true, false, null or a function.
func (p *parser) word() (operand, error) {
	start := p.at
	for c := p.peek(); c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_'; c = p.peek() {
		p.at++
	}
	name := p.text[start:p.at]
	if p.peek() == '(' {
		return p.function(name, start)
	}
	switch name {
	case "true":
		return literal{true}, nil
	case "false":
		return literal{false}, nil
	case "null":
		return literal{nil}, nil
	}
	p.at = start
	return nil, p.errorf("quote it, if it is text", "%q is neither a literal nor a function", name)
}

// test checks that an operand may stand alone: a query, or a function that
// answers a truth or nodes.
func (p *parser) test(o operand, start int) (expr, error) {
	switch o := o.(type) {
	case nodes:
		return exists(o), nil
	case call:
		if o.result == logicalType {
			return truth{o}, nil
		}
		p.at = start
		return nil, p.errorf("compare it, for instance "+o.name+"(…) > 0", "%s() answers a value and cannot stand alone", o.name)
	}
	p.at = start
	return nil, p.errorf("compare it", "a literal cannot stand alone")
}

// comparable checks that an operand may be compared: RFC 9535 §2.3.5.
func (p *parser) comparable(o operand, start int) error {
	switch o := o.(type) {
	case nodes:
		if !o.query.singular {
			p.at = start
			return p.errorf("use count() or value(), or name one node", "only a query for a single node can be compared")
		}
	case call:
		if o.result == logicalType {
			p.at = start
			return p.errorf("leave the comparison away", "%s() answers a truth and cannot be compared", o.name)
		}
	}
	return nil
}

// counting marks a query that ends in .length, see Options.Length.
func (p *parser) counting(o operand, start int) operand {
	n, is := o.(nodes)
	if !is || !p.options.Length && !p.options.Draft || len(n.query.segments) == 0 {
		return o
	}
	// Only a plain child called length counts: after .. or in a union it is
	// one name among others, and no length of anything.
	segments := n.query.segments
	last := segments[len(segments)-1]
	if s := last.selectors[0]; len(last.selectors) != 1 || last.descendant || s.kind != selectName || s.name != "length" {
		return o
	}
	if n.query.singular {
		n.query.length = true
		p.tolerate("length", start, "write length(…)", ".length is JavaScript: in RFC 9535 it names a member called length")
		return n
	}
	// $.a[?@.b].length: the length of what the filter leaves.
	p.tolerate("length", start, "write count(…)", ".length is JavaScript: in RFC 9535 it names a member called length of each node")
	counted := *n.query
	counted.segments = segments[:len(segments)-1]
	return call{name: "count", result: valueTyped, args: []operand{nodes{&counted}}}
}

// function reads the arguments and checks their types: RFC 9535 §2.4.3.
func (p *parser) function(name string, start int) (operand, error) {
	signature, known := signatures(name)
	if !known {
		p.at = start
		return nil, p.errorf("the functions are length, count, match, search and value", "there is no function %s()", name)
	}
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxNesting {
		return nil, p.errorf("", "the query is nested more than %d levels deep", maxNesting)
	}
	p.at++
	c := call{name: name, result: signature.result}
	p.space()
	for p.peek() != ')' {
		if len(c.args) > 0 {
			if !p.take(",") {
				return nil, p.errorf("", "arguments of %s() are separated by commas", name)
			}
			p.space()
		}
		at := p.at
		arg, err := p.operand()
		if err != nil {
			return nil, err
		}
		if len(c.args) < len(signature.args) {
			if err := p.argument(name, signature.args[len(c.args)], arg, at); err != nil {
				return nil, err
			}
		}
		c.args = append(c.args, arg)
		p.space()
	}
	p.at++
	if len(c.args) != len(signature.args) {
		p.at = start
		return nil, p.errorf("", "%s() takes %d arguments, not %d", name, len(signature.args), len(c.args))
	}
	p.pattern(&c, start)
	return c, nil
}

// argument checks that an argument has the type that the function wants. A
// query for one node stands for its value.
func (p *parser) argument(name string, want valueType, arg operand, at int) error {
	switch arg := arg.(type) {
	case nodes:
		if want == nodesType || arg.query.singular {
			return nil
		}
		p.at = at
		return p.errorf("use value(), or name one node", "%s() takes a value: the query may select many", name)
	case call:
		if want == valueTyped && arg.result == valueTyped {
			return nil
		}
	case literal:
		if want == valueTyped {
			return nil
		}
	}
	p.at = at
	if want == nodesType {
		return p.errorf("", "%s() takes a query", name)
	}
	return p.errorf("", "%s() takes a value", name)
}

// pattern compiles a literal pattern once.
func (p *parser) pattern(c *call, start int) {
	if c.result != logicalType {
		return
	}
	l, is := c.args[1].(literal)
	if !is {
		return
	}
	c.fixed = true
	text, is := l.v.(string)
	if !is {
		return
	}
	compiled, err := compilePattern(text, c.name == "match")
	if err != nil {
		p.tolerate("regexp", start, "RFC 9485 defines the regular expressions", "%s() never matches: %v", c.name, err)
		return
	}
	c.regexp = compiled
}
