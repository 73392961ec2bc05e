package jsonata

import "strconv"

// processor rewrites the parser's tree into the one that is evaluated: chains of dots become paths, predicates,
// groups, sorts and bindings move to the step they belong to, references to ancestors (%) find the step they
// mean, and calls in tail position become thunks.
type processor struct {
	labels int
}

// process rewrites a tree; what still seeks an ancestor at the root has none.
func process(n *node) (*node, error) {
	p := &processor{}
	n, err := p.node(n)
	if err != nil {
		return nil, err
	}
	if n.kind == kindParent || n.seeking != nil {
		return nil, newError("S0217", n.pos, n.text, nil)
	}
	return n, nil
}

func (p *processor) node(n *node) (*node, error) {
	if n == nil {
		return nil, nil
	}
	out, err := p.rewrite(n)
	if err != nil {
		return nil, err
	}
	if n.keepArray {
		out.keepArray = true
	}
	out.run = runner(out)
	return out, nil
}

func (p *processor) rewrite(n *node) (*node, error) {
	switch n.kind {
	case kindOperatorName:
		n.kind = kindName
		return p.rewrite(n)
	case kindName:
		n.run = runner(n)
		return &node{kind: kindPath, pos: n.pos, list: []*node{n}, keepSeq: n.keepArray}, nil
	case kindVariable:
		n.builtin = library.find(n.text)
	case kindParent:
		n.parent = &slot{label: "!" + strconv.Itoa(p.labels), level: 1}
		p.labels++
	case kindDot:
		return p.dot(n)
	case kindPredicate:
		return p.predicate(n)
	case kindGroup:
		return p.groupBy(n)
	case kindOrderBy:
		return p.orderBy(n)
	case kindFocus:
		return p.focus(n)
	case kindIndex:
		return p.indexBinding(n)
	case kindLambda:
		return n, p.lambda(n)
	case kindFunction, kindPartial:
		return n, p.call(n)
	case kindNegate:
		return p.negate(n)
	case kindBlock:
		return n, p.block(n)
	case kindObject:
		return n, p.pairs(n, n.pairs)
	case kindArray:
		return n, p.children(n)
	default:
		return n, p.operands(n)
	}
	return n, nil
}

// operands processes the operands of an operator, which pass on what ancestors they seek.
func (p *processor) operands(n *node) (err error) {
	for _, child := range []**node{&n.lhs, &n.rhs, &n.third} {
		if *child == nil {
			continue
		}
		if *child, err = p.node(*child); err != nil {
			return err
		}
		if n.kind == kindApply {
			n.keepArray = n.keepArray || (*child).keepArray
		}
		if n.kind != kindTransform {
			n.seek(*child)
		}
	}
	return nil
}

// children processes a list of nodes, whose open references to ancestors become n's.
func (p *processor) children(n *node) (err error) {
	for i, child := range n.list {
		if child.kind == kindPlaceholder {
			continue
		}
		if n.list[i], err = p.node(child); err != nil {
			return err
		}
		n.seek(n.list[i])
	}
	return nil
}

func (p *processor) pairs(n *node, pairs []pair) (err error) {
	for i := range pairs {
		if pairs[i].key, err = p.node(pairs[i].key); err != nil {
			return err
		}
		if pairs[i].value, err = p.node(pairs[i].value); err != nil {
			return err
		}
		n.seek(pairs[i].key)
		n.seek(pairs[i].value)
	}
	return nil
}

// block also finds out whether the block binds variables.
func (p *processor) block(n *node) error {
	if err := p.children(n); err != nil {
		return err
	}
	for _, child := range n.list {
		n.scoped = n.scoped || binds(child)
		n.cons = n.cons || child.cons || child.kind == kindPath && child.list[0].cons
	}
	return nil
}

// binds tells whether evaluating n can bind a variable in the frame that n is evaluated in. $eval can.
func binds(n *node) bool {
	if n == nil {
		return false
	}
	switch n.kind {
	case kindBind:
		return true
	case kindVariable:
		return n.text == "eval"
	case kindBlock, kindLambda, kindThunk:
		return false
	}
	if binds(n.lhs) || binds(n.rhs) || binds(n.third) || n.group != nil {
		return true
	}
	for _, child := range n.list {
		if binds(child) {
			return true
		}
	}
	for _, pr := range n.pairs {
		if binds(pr.key) || binds(pr.value) {
			return true
		}
	}
	return n.stages != nil || n.predicates != nil || n.terms != nil
}

// negate folds a minus before a number into it, so that [-1] is a position.
func (p *processor) negate(n *node) (*node, error) {
	inner, err := p.node(n.lhs)
	if err != nil {
		return nil, err
	}
	if inner.kind == kindNumber {
		inner.value = -inner.value.(float64)
		return inner, nil
	}
	n.lhs = inner
	n.seek(inner)
	return n, nil
}

// call processes the arguments and what is called. Only the arguments pass references to ancestors on: %() calls %.
func (p *processor) call(n *node) (err error) {
	if err = p.children(n); err != nil {
		return err
	}
	n.lhs, err = p.node(n.lhs)
	return err
}

func (p *processor) lambda(n *node) (err error) {
	if n.body, err = p.node(n.body); err == nil {
		n.body = tailCall(n.body)
	}
	return err
}

// tailCall makes the calls that a function body ends in thunks, which the caller runs in a loop rather than one
// inside the other.
func tailCall(n *node) *node {
	switch {
	case n == nil || n.decorated():
	case n.kind == kindFunction:
		thunk := &node{kind: kindThunk, body: n, pos: n.pos}
		thunk.run = runner(thunk)
		return thunk
	case n.kind == kindCondition:
		n.rhs, n.third = tailCall(n.rhs), tailCall(n.third)
	case n.kind == kindBlock && len(n.list) > 0:
		n.list[len(n.list)-1] = tailCall(n.list[len(n.list)-1])
	}
	return n
}
