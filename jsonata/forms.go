package jsonata

// The bracketed forms of the grammar: lists, objects, calls, definitions, predicates, transforms.

// sequence parses expressions between sep up to end. A separator may trail.
func (p *parser) sequence(sep, end string) ([]*node, error) {
	var list []*node
	for !p.tok.is(end) {
		n, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
		if !p.tok.is(sep) {
			break
		}
		if err := p.advance(true); err != nil {
			return nil, err
		}
	}
	return list, p.expect(end)
}

func (p *parser) arrayItems() ([]*node, error) {
	var list []*node
	for !p.tok.is("]") || len(list) > 0 {
		n, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		if p.tok.is("..") {
			r := &node{kind: kindRange, text: "..", pos: p.tok.pos, lhs: n}
			if err := p.advance(true); err != nil {
				return nil, err
			}
			if r.rhs, err = p.expression(0); err != nil {
				return nil, err
			}
			n = r
		}
		list = append(list, n)
		if !p.tok.is(",") {
			break
		}
		if err := p.advance(true); err != nil {
			return nil, err
		}
	}
	return list, p.expect("]")
}

func (p *parser) objectPairs() ([]pair, error) {
	var pairs []pair
	for !p.tok.is("}") || len(pairs) > 0 {
		key, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		if err := p.expect(":"); err != nil {
			return nil, err
		}
		value, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, pair{key, value})
		if !p.tok.is(",") {
			break
		}
		if err := p.advance(true); err != nil {
			return nil, err
		}
	}
	return pairs, p.expect("}")
}

// call parses arguments; `function` and `λ` are definitions, and a ? makes the call a partial application.
func (p *parser) call(n, left *node) (*node, error) {
	n.kind = kindFunction
	for !p.tok.is(")") || len(n.list) > 0 {
		if p.tok.is("?") {
			n.kind = kindPartial
			n.list = append(n.list, &node{kind: kindPlaceholder, pos: p.tok.pos})
			if err := p.advance(false); err != nil {
				return nil, err
			}
		} else {
			arg, err := p.expression(0)
			if err != nil {
				return nil, err
			}
			n.list = append(n.list, arg)
		}
		if !p.tok.is(",") {
			break
		}
		if err := p.advance(true); err != nil {
			return nil, err
		}
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	if left.kind == kindName && (left.text == "function" || left.text == "λ") {
		return p.lambda(n)
	}
	return n, nil
}

func (p *parser) lambda(n *node) (*node, error) {
	n.kind = kindLambda
	for i, arg := range n.list {
		if arg.kind != kindVariable {
			return nil, newError("S0208", arg.pos, arg.text, float64(i+1))
		}
		n.params = append(n.params, arg.text)
	}
	n.list, n.lhs = nil, nil
	if p.tok.is("<") {
		if err := p.lambdaSignature(n); err != nil {
			return nil, err
		}
	}
	if err := p.expect("{"); err != nil {
		return nil, err
	}
	var err error
	if n.body, err = p.expression(0); err != nil {
		return nil, err
	}
	return n, p.expect("}")
}

func (p *parser) lambdaSignature(n *node) error {
	start := p.tok.start
	text, ok := p.lex.signature(start)
	if !ok {
		return newError("S0202", p.tok.pos, p.tok.text, ">")
	}
	sig, err := parseSignature(text)
	if err != nil {
		err.locate(start+1, "")
		return err
	}
	n.sig = sig
	return p.advance(true)
}

func (p *parser) predicate(n, left *node) (*node, error) {
	if p.tok.is("]") {
		step := left
		for step.kind == kindPredicate {
			step = step.lhs
		}
		step.keepArray = true
		return left, p.expect("]")
	}
	n.kind = kindPredicate
	var err error
	if n.rhs, err = p.expression(0); err != nil {
		return nil, err
	}
	return n, p.expect("]")
}

func (p *parser) sortTerms() ([]sortTerm, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var terms []sortTerm
	for {
		term := sortTerm{descending: p.tok.is(">")}
		if p.tok.is("<") || p.tok.is(">") {
			if err := p.advance(true); err != nil {
				return nil, err
			}
		}
		var err error
		if term.expr, err = p.expression(0); err != nil {
			return nil, err
		}
		terms = append(terms, term)
		if !p.tok.is(",") {
			return terms, p.expect(")")
		}
		if err := p.advance(true); err != nil {
			return nil, err
		}
	}
}

func (p *parser) condition(n, left *node) (*node, error) {
	n.kind, n.lhs = kindCondition, left
	var err error
	if n.rhs, err = p.expression(0); err != nil {
		return nil, err
	}
	if p.tok.is(":") {
		if err = p.advance(true); err != nil {
			return nil, err
		}
		n.third, err = p.expression(0)
	}
	return n, err
}

func (p *parser) transform(n *node) error {
	n.kind = kindTransform
	var err error
	if n.lhs, err = p.expression(0); err != nil {
		return err
	}
	if err = p.expect("|"); err != nil {
		return err
	}
	if n.rhs, err = p.expression(0); err != nil {
		return err
	}
	if p.tok.is(",") {
		if err = p.advance(true); err != nil {
			return err
		}
		if n.third, err = p.expression(0); err != nil {
			return err
		}
	}
	if !p.tok.is("|") {
		return p.expect("|")
	}
	return p.advance(false)
}
