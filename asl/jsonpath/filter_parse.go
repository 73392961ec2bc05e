package jsonpath

import (
	"regexp"
	"strings"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// filter reads ?(condition).
func (p *parser) filter() (step, error) {
	p.pos++
	p.space()
	start := p.pos
	if p.depth++; p.depth > maxNesting {
		return nil, p.fail("nested too deeply")
	}
	defer func() { p.depth-- }()
	cond, err := p.or()
	if err != nil {
		return nil, err
	}
	return filterStep{cond: cond, src: p.src[start:p.pos]}, nil
}

// or reads conditions joined by ||, the weakest of the operators.
func (p *parser) or() (condition, error) {
	var parts anyOf
	for {
		c, err := p.and()
		if err != nil {
			return nil, err
		}
		parts = append(parts, c)
		if p.space(); !p.accept("||") {
			break
		}
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return parts, nil
}

// and reads terms joined by &&.
func (p *parser) and() (condition, error) {
	var parts allOf
	for {
		c, err := p.term()
		if err != nil {
			return nil, err
		}
		parts = append(parts, c)
		if p.space(); !p.accept("&&") {
			break
		}
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return parts, nil
}

// term reads a comparison, or a condition in parentheses or behind a !.
func (p *parser) term() (condition, error) {
	if p.depth++; p.depth > maxNesting {
		return nil, p.fail("nested too deeply")
	}
	defer func() { p.depth-- }()
	p.space()
	if p.peek() == '!' && !strings.HasPrefix(p.src[p.pos:], "!=") {
		p.pos++
		c, err := p.term()
		return not{c}, err
	}
	if p.accept("(") {
		c, err := p.or()
		if err != nil {
			return nil, err
		}
		if p.space(); !p.accept(")") {
			return nil, p.fail("')' expected")
		}
		return c, nil
	}
	return p.comparison()
}

// operators in the order in which they must be tried.
func operators() []string {
	return []string{"===", "!==", "==", "!=", "<=", ">=", "=~", "<", ">", "in ", "nin ", "in[", "nin[", "subsetof ", "anyof ",
		"noneof ", "contains ", "size ", "empty "}
}

// comparison reads an operand with an operator and another one; alone it asks whether there is something.
func (p *parser) comparison() (condition, error) {
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	p.space()
	for _, op := range operators() {
		if !strings.HasPrefix(strings.ToLower(p.src[p.pos:]), op) {
			continue
		}
		// A bracket that tells the operator's end belongs to the list behind it.
		name := strings.TrimRight(op, " [")
		p.pos += len(name)
		right, err := p.operand()
		if err != nil {
			return nil, err
		}
		return comparison{op: name, left: left, right: right}, nil
	}
	return exists{left}, nil
}

// operand reads a path from the item or the document, a literal, or a pattern. Paths may have filters of their own.
func (p *parser) operand() (operand, error) {
	p.space()
	switch c := p.peek(); {
	case c == '@' || c == '$':
		path, err := p.path(c)
		return operand{path: path, item: c == '@'}, err
	case c == '\'' || c == '"':
		text, err := p.quoted()
		return operand{literal: text}, err
	case c == '/':
		return p.pattern()
	case c == '[':
		return p.list()
	case p.accept("true"):
		return operand{literal: true}, nil
	case p.accept("false"):
		return operand{literal: false}, nil
	case p.accept("null"):
		return operand{}, nil
	case c == '-' || c >= '0' && c <= '9':
		start := p.pos
		for p.pos < len(p.src) && strings.IndexByte("+-.eE0123456789", p.src[p.pos]) >= 0 {
			p.pos++
		}
		v, err := jsonvalue.Decode([]byte(p.src[start:p.pos]))
		if err != nil {
			return operand{}, p.fail("not a number")
		}
		return operand{literal: v}, nil
	}
	return operand{}, p.fail("a value is expected")
}

// list reads a JSON array with either kind of quotes.
func (p *parser) list() (operand, error) {
	p.pos++
	if p.depth++; p.depth > maxNesting {
		return operand{}, p.fail("nested too deeply")
	}
	defer func() { p.depth-- }()
	items := []any{}
	for p.space(); !p.accept("]"); p.space() {
		if len(items) > 0 && !p.accept(",") {
			return operand{}, p.fail("',' expected")
		}
		item, err := p.operand()
		if err != nil {
			return item, err
		}
		// A list is compared as a whole, so there is nothing for a path to be relative to.
		if item.path != nil || item.pattern != nil {
			return item, p.fail("a literal is expected")
		}
		items = append(items, item.literal)
	}
	return operand{literal: items}, nil
}

// pattern reads /regular expression/ with the flags i, d, s, m, u, x or none.
func (p *parser) pattern() (operand, error) {
	p.pos++
	start := p.pos
	for p.pos < len(p.src) && p.src[p.pos] != '/' {
		// An escaped slash does not end the pattern.
		if p.src[p.pos] == '\\' {
			p.pos++
		}
		p.pos++
	}
	if p.pos >= len(p.src) {
		p.pos = len(p.src)
		return operand{}, p.fail("a pattern without end")
	}
	text := p.src[start:p.pos]
	p.pos++
	// Go's expressions know i, m and s. The others bear on characters beyond ASCII and comments, and are passed over.
	flags := ""
	for p.pos < len(p.src) && strings.IndexByte("imsudx", p.src[p.pos]) >= 0 {
		if c := p.src[p.pos]; strings.IndexByte("ims", c) >= 0 {
			flags += string(c)
		}
		p.pos++
	}
	if flags != "" {
		flags = "(?" + flags + ")"
	}
	re, err := regexp.Compile(flags + "^(?:" + text + ")$") // Jayway matches the whole text
	if err != nil {
		return operand{}, p.fail("not a pattern")
	}
	return operand{pattern: re}, nil
}
