package jsonata

import "strings"

// maxNesting bounds how deep an expression's text may nest.
const maxNesting = 5_000

// parser is a top-down operator-precedence parser.
type parser struct {
	lex   lexer
	tok   token // the token to be read next
	depth int
}

func parse(src string) (*node, error) {
	p := &parser{lex: lexer{src: src}}
	if err := p.advance(true); err != nil {
		return nil, err
	}
	n, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEnd {
		return nil, newError("S0201", p.tok.pos, p.tok.text, nil)
	}
	return n, nil
}

// advance reads the next token; operand tells whether a slash would begin a regular expression.
func (p *parser) advance(operand bool) (err error) {
	p.tok, err = p.lex.next(operand)
	return err
}

// expect passes the operator op; after a closing bracket a slash is a division.
func (p *parser) expect(op string) error {
	if !p.tok.is(op) {
		code := "S0202"
		if p.tok.kind == tokEnd {
			code = "S0203"
		}
		return newError(code, p.tok.pos, p.tok.text, op)
	}
	return p.advance(op != ")" && op != "]" && op != "}")
}

// bindingPower is how tightly an operator holds its left operand; 0 ends an expression.
func bindingPower(t *token) int {
	if t.kind != tokOperator {
		return 0
	}
	switch t.text {
	case "[", "(", "@", "#":
		return 80
	case ".":
		return 75
	case "{":
		return 70
	case "*", "/", "%":
		return 60
	case "+", "-", "&":
		return 50
	case "=", "!=", "<", "<=", ">", ">=", "in", "~>", "^", "?:", "??":
		return 40
	case "and":
		return 30
	case "or":
		return 25
	case "?":
		return 20
	case ":=":
		return 10
	}
	return 0
}

// expression parses operators that bind tighter than power to the left, and their operands.
func (p *parser) expression(power int) (*node, error) {
	if p.depth++; p.depth > maxNesting {
		return nil, newError("U1001", p.tok.pos, "", nil)
	}
	defer func() { p.depth-- }()
	t := p.tok
	if err := p.advance(startsOperand(&t)); err != nil {
		return nil, err
	}
	left, err := p.operand(t)
	if err != nil {
		return nil, err
	}
	for power < bindingPower(&p.tok) {
		t = p.tok
		if err := p.advance(true); err != nil {
			return nil, err
		}
		if left, err = p.operator(t, left); err != nil {
			return nil, err
		}
	}
	if p.tok.kind == tokOperator && (p.tok.text == "!" || p.tok.text == "~") {
		return nil, newError("S0204", p.tok.pos, p.tok.text, nil)
	}
	return left, nil
}

// startsOperand tells whether an operand follows the token when it begins an expression itself.
func startsOperand(t *token) bool {
	return t.kind == tokOperator && strings.Contains("-([{|", t.text)
}

// operand parses what begins an expression.
func (p *parser) operand(t token) (*node, error) {
	n := &node{text: t.text, value: t.value, pos: t.pos}
	switch t.kind {
	case tokName:
		n.kind = kindName
	case tokVariable:
		n.kind = kindVariable
	case tokString:
		n.kind, n.value = kindString, t.text
	case tokNumber:
		n.kind = kindNumber
	case tokValue:
		n.kind = kindValue
	case tokRegex:
		n.kind, n.re = kindRegex, t.re
	case tokEnd:
		return nil, newError("S0207", t.pos, "", nil)
	default:
		return p.prefix(t, n)
	}
	return n, nil
}

func (p *parser) prefix(t token, n *node) (*node, error) {
	var err error
	switch t.text {
	case "and", "or", "in":
		n.kind = kindOperatorName
	case "*":
		n.kind = kindWildcard
	case "**":
		n.kind = kindDescendant
	case "%":
		n.kind = kindParent
	case "-":
		n.kind = kindNegate
		n.lhs, err = p.expression(70)
	case "(":
		n.kind = kindBlock
		n.list, err = p.sequence(";", ")")
	case "[":
		n.kind = kindArray
		n.list, err = p.arrayItems()
	case "{":
		n.kind = kindObject
		n.pairs, err = p.objectPairs()
	case "|":
		err = p.transform(n)
	case "!", "~":
		return nil, newError("S0204", t.pos, t.text, nil)
	default:
		return nil, newError("S0211", t.pos, t.text, nil)
	}
	return n, err
}

// operator parses what follows a left operand.
func (p *parser) operator(t token, left *node) (*node, error) {
	n := &node{text: t.text, pos: t.pos, lhs: left}
	var err error
	switch t.text {
	case "(":
		return p.call(n, left)
	case "[":
		return p.predicate(n, left)
	case "{":
		n.kind = kindGroup
		n.pairs, err = p.objectPairs()
		return n, err
	case "^":
		n.kind = kindOrderBy
		n.terms, err = p.sortTerms()
		return n, err
	case "?":
		return p.condition(n, left)
	case ":=":
		if left.kind != kindVariable {
			return nil, newError("S0212", left.pos, left.text, nil)
		}
		n.kind = kindBind
		n.rhs, err = p.expression(bindingPower(&t) - 1)
		return n, err
	case "?:", "??":
		n.kind = kindDefault
		if t.text == "??" {
			n.kind = kindCoalesce
		}
		n.rhs, err = p.expression(0)
		return n, err
	case ".":
		n.kind = kindDot
	case "@":
		n.kind = kindFocus
	case "#":
		n.kind = kindIndex
	case "~>":
		n.kind = kindApply
	case "and":
		n.kind = kindAnd
	case "or":
		n.kind = kindOr
	default:
		n.kind = kindBinary
	}
	if n.rhs, err = p.expression(bindingPower(&t)); err != nil {
		return nil, err
	}
	if (n.kind == kindFocus || n.kind == kindIndex) && n.rhs.kind != kindVariable {
		return nil, newError("S0214", n.rhs.pos, t.text, nil)
	}
	return n, nil
}
