package criterion

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/headgate/headgate/arazzo/expression"
)

// Bounds of a simple condition.
const (
	maxCondition = 64 << 10 // bytes
	maxNesting   = 100
)

// SyntaxError says where and why a simple condition is none.
type SyntaxError struct {
	Text    string
	Offset  int // bytes
	Message string
	Hint    string
}

func (e *SyntaxError) Error() string {
	s := fmt.Sprintf("%s at position %d of %q", e.Message, e.Offset+1, clip(e.Text))
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// parser reads a condition by recursive descent:
//
//	or         = and *( "||" and )
//	and        = comparison *( "&&" comparison )
//	comparison = unary [ operator unary ]
//	unary      = *"!" postfix
//	postfix    = primary *( "." name / "[" or "]" )
//	primary    = "(" or ")" / literal / expression / "{" expression "}"
type parser struct {
	text  string
	at    int
	depth int
	c     *Criterion
}

// readSimple reads the whole condition when the document is read, so that its mistakes show before the first request is sent.
func (c *Criterion) readSimple() error {
	p := &parser{text: c.spec.Condition, c: c}
	if len(p.text) > maxCondition {
		return fmt.Errorf("a condition of %d bytes is too long", len(p.text))
	}
	n, err := p.or()
	if err != nil {
		return err
	}
	p.space()
	if p.at < len(p.text) {
		return p.unexpected()
	}
	c.simple = n
	c.deviations(n.expressions(nil))
	return nil
}

// errorf places an error where the parser stands.
func (p *parser) errorf(hint, format string, args ...any) error {
	return &SyntaxError{Text: p.text, Offset: p.at, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// unexpected guesses what was meant by what cannot follow.
func (p *parser) unexpected() error {
	rest := p.text[p.at:]
	hint := ""
	switch {
	case strings.HasPrefix(rest, "=~"):
		hint = "use a criterion of the type regex"
	case rest[0] == '=':
		hint = "did you mean ==?"
	case rest[0] == '&':
		hint = "did you mean &&?"
	case rest[0] == '|':
		hint = "did you mean ||?"
	case strings.ContainsRune("+-*/%", rune(rest[0])):
		hint = "conditions have no arithmetic"
	}
	return p.errorf(hint, "%q was not expected", clip(rest))
}

// space skips what JSON takes for white space, and no more: a non-breaking space is a mistake that should show.
func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// peek is the next byte, 0 at the end. Bytes do: all syntax is ASCII, and texts are copied whole.
func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// operator takes the first of the given operators that comes next.
func (p *parser) operator(list ...string) string {
	p.space()
	for _, operator := range list {
		if !strings.HasPrefix(p.text[p.at:], operator) {
			continue
		}
		if isLetter(operator[0]) && p.at+len(operator) < len(p.text) && isWord(p.text[p.at+len(operator)]) {
			continue
		}
		p.at += len(operator)
		return operator
	}
	return ""
}

// enter bounds the depth of the recursion.
func (p *parser) enter() error {
	if p.depth++; p.depth > maxNesting {
		return p.errorf("", "the condition is nested more than %d levels deep", maxNesting)
	}
	return nil
}

// or reads the loosest operator; the specification orders none, and every reader expects && to bind tighter than ||. It counts the depth,
// since every recursion comes through here or through unary.
func (p *parser) or() (node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	return p.joined("||", "or", p.and)
}

func (p *parser) and() (node, error) { return p.joined("&&", "and", p.comparison) }

// joined reads operands that the same operator joins. and and or spelled out are a leniency: they are names elsewhere.
func (p *parser) joined(symbol, spelled string, operand func() (node, error)) (node, error) {
	left, err := operand()
	if err != nil {
		return nil, err
	}
	list := []node{left}
	for {
		operator := p.operator(symbol, spelled)
		if operator == "" {
			break
		}
		if operator == spelled {
			p.c.warn("lenient-word-operator", "write "+symbol, "%s is no operator of conditions", spelled)
		}
		next, err := operand()
		if err != nil {
			return nil, err
		}
		list = append(list, next)
	}
	if len(list) == 1 {
		return left, nil
	}
	return &joinNode{symbol == "||", list, p.c.spec.Strict}, nil
}

// comparison reads one operator at most: 1 < 2 < 3 has no meaning in the specification, and another one in every language.
func (p *parser) comparison() (node, error) {
	left, err := p.unary()
	if err != nil {
		return nil, err
	}
	operator := p.operator("===", "!==", "==", "!=", "<=", ">=", "<", ">")
	if operator == "" {
		return left, nil
	}
	if len(operator) == 3 {
		p.c.warn("lenient-word-operator", "write "+operator[:2], "%s is JavaScript's", operator)
		operator = operator[:2]
	}
	right, err := p.unary()
	if err != nil {
		return nil, err
	}
	if p.operator("==", "!=", "<=", ">=", "<", ">") != "" {
		return nil, p.errorf("join two comparisons by &&", "comparisons cannot be chained")
	}
	return &compareNode{operator, left, right, p.c.spec.Strict && p.c.spec.Minor > 0}, nil
}

// unary reads negations. Each counts as a level of nesting, so that a text of a thousand ! is refused and not a stack of a thousand frames.
func (p *parser) unary() (node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	p.space()
	if p.peek() == '!' {
		p.at++
		inner, err := p.unary()
		if err != nil {
			return nil, err
		}
		return &notNode{inner, p.c.spec.Strict}, nil
	}
	return p.postfix()
}

// postfix reads an operand and what dereferences it.
func (p *parser) postfix() (node, error) {
	n, err := p.primary()
	if err != nil {
		return nil, err
	}
	for {
		switch p.peek() {
		case '.':
			p.at++
			start := p.at
			for p.at < len(p.text) && (isWord(p.text[p.at]) || p.text[p.at] == '-' || p.text[p.at] == '$' || p.text[p.at] >= 0x80) {
				p.at++
			}
			name := p.text[start:p.at]
			if name == "" {
				return nil, p.errorf("", "a name must follow the dot")
			}
			n = p.member(n, name)
		case '[':
			p.at++
			index, err := p.or()
			if err != nil {
				return nil, err
			}
			if p.operator("]") == "" {
				return nil, p.errorf("", "the bracket is not closed")
			}
			n = &indexNode{n, index}
		default:
			return n, nil
		}
	}
}

// member dereferences; .length is a leniency where there is no such member.
func (p *parser) member(n node, name string) node {
	if name == "length" {
		p.c.warn("lenient-length", "use a jsonpath criterion with length()", ".length is JavaScript: conditions have no functions")
	}
	return &memberNode{n, name}
}

// primary reads what everything else is made of. A bare word is taken for text, which is a leniency, unless it is true, false or null.
func (p *parser) primary() (node, error) {
	p.space()
	switch c := p.peek(); {
	case p.at == len(p.text):
		return nil, p.errorf("", "an operand is missing")
	case c == '(':
		p.at++
		n, err := p.or()
		if err != nil {
			return nil, err
		}
		if p.operator(")") == "" {
			return nil, p.errorf("", "the parenthesis is not closed")
		}
		return &groupNode{n}, nil
	case c == '\'':
		return p.quoted('\'')
	case c == '"':
		p.c.warn("lenient-double-quotes", "write '…'", "strings stand in single quotes")
		return p.quoted('"')
	case c == '{':
		return p.braced()
	case c == '$':
		return p.runtime()
	case c == '-' || c == '+' || c == '.' || c >= '0' && c <= '9':
		return p.number()
	case isLetter(c):
		return p.word()
	}
	return nil, p.unexpected()
}

// isLetter and isWord tell where a word operator ends: order is a name, or is an operator.
func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

func isWord(c byte) bool { return isLetter(c) || c >= '0' && c <= '9' }

// quoted reads a string; a quote within is doubled. Expressions in braces
// within it are embedded.
func (p *parser) quoted(quote byte) (node, error) {
	start := p.at
	p.at++
	var b strings.Builder
	for {
		end := strings.IndexByte(p.text[p.at:], quote)
		if end < 0 {
			p.at = start
			return nil, p.errorf("a quote within a string is doubled: ''", "the string is not closed")
		}
		b.WriteString(p.text[p.at : p.at+end])
		p.at += end + 1
		if p.peek() != quote {
			break
		}
		b.WriteByte(quote)
		p.at++
	}
	s := b.String()
	if strings.Contains(s, "{$") {
		t, err := expression.ParseTemplate(bracesOnly(s))
		if err != nil {
			return nil, p.errorf("", "%v", err)
		}
		if !t.Literal() {
			return &templateNode{t}, nil
		}
	}
	return &literalNode{s}, nil
}

// braced reads {expression}, which 1.1 asks for in the other languages.
func (p *parser) braced() (node, error) {
	end := strings.IndexByte(p.text[p.at:], '}')
	if end < 0 {
		return nil, p.errorf("", "the brace is not closed")
	}
	e, err := expression.Parse(strings.TrimSpace(p.text[p.at+1 : p.at+end]))
	if err != nil {
		return nil, p.errorf("", "%v", err)
	}
	p.at += end + 1
	return &runtimeNode{e: e}, nil
}

// runtime reads a bare expression up to where the condition goes on.
func (p *parser) runtime() (node, error) {
	e, length, err := expression.ParseOperand(p.text[p.at:])
	if err != nil {
		if strings.HasPrefix(p.text[p.at:], "$.") || strings.HasPrefix(p.text[p.at:], "$[") {
			return nil, p.errorf("add type: jsonpath and context: $response.body", "%q is JSONPath, not a simple condition", clip(p.text[p.at:]))
		}
		return nil, p.errorf("", "%v", err)
	}
	p.at += length
	n := &runtimeNode{e: e}
	if e.Pointer != nil {
		if prefix, counted := strings.CutSuffix(e.Pointer.String(), ".length"); counted && prefix != "" {
			// The pointer's grammar takes the dot: read it the other way too.
			if shorter, err := expression.Parse(strings.TrimSuffix(e.String(), ".length")); err == nil {
				n.counted = p.member(&runtimeNode{e: shorter}, "length")
			}
		}
	}
	return n, nil
}

// number reads JSON's form of numbers, since the literals are those of JSON's data types: no hexadecimal, no leading zeros. A plus before one
// does no harm. Digits stay as they are written, since 64 bits of float would change large ids.
func (p *parser) number() (node, error) {
	start := p.at
	for p.at < len(p.text) && (isWord(p.text[p.at]) || strings.IndexByte("+-.", p.text[p.at]) >= 0) {
		if c := p.text[p.at]; (c == '+' || c == '-') && p.at > start && p.text[p.at-1]|0x20 != 'e' {
			break
		}
		p.at++
	}
	s := strings.TrimPrefix(p.text[start:p.at], "+")
	if !isNumber(s) {
		p.at = start
		return nil, p.errorf("quote it, if it is text", "%q is no number", s)
	}
	return &literalNode{json.Number(s)}, nil
}

// word reads true, false and null; another bare word is taken as a string.
func (p *parser) word() (node, error) {
	start := p.at
	for p.at < len(p.text) && (isWord(p.text[p.at]) || p.text[p.at] == '-') {
		p.at++
	}
	switch w := p.text[start:p.at]; w {
	case "true":
		return &literalNode{true}, nil
	case "false":
		return &literalNode{false}, nil
	case "null":
		return &literalNode{nil}, nil
	case "undefined":
		p.c.warn("lenient-bare-word", "write null", "undefined is no literal of conditions")
		return &literalNode{nil}, nil
	default:
		if p.peek() == '(' {
			p.at = start
			return nil, p.errorf("use a jsonpath or regex criterion", "conditions have no functions: %s(…)", clip(w))
		}
		p.c.warn("lenient-bare-word", "write '"+w+"'", "the string %s is not quoted", w)
		return &literalNode{w}, nil
	}
}
