package jsonata

// dot joins its sides into one path.
func (p *processor) dot(n *node) (*node, error) {
	left, err := p.node(n.lhs)
	if err != nil {
		return nil, err
	}
	path := left
	if left.kind != kindPath {
		path = &node{kind: kindPath, pos: left.pos, list: []*node{left}}
		if left.kind == kindParent {
			path.seeking = []*slot{left.parent}
		}
	}
	right, err := p.node(n.rhs)
	if err != nil {
		return nil, err
	}
	if right.kind == kindPath {
		path.list = append(path.list, right.list...)
	} else {
		right.stages, right.predicates = right.predicates, nil
		path.list = append(path.list, right)
	}
	if err := finishSteps(path); err != nil {
		return nil, err
	}
	return path, resolveAncestry(path)
}

// finishSteps turns string steps into names, refuses other literals, and marks what steps say about the path.
func finishSteps(path *node) error {
	for _, step := range path.list {
		switch step.kind {
		case kindNumber, kindValue:
			return newError("S0213", step.pos, step.text, step.value)
		case kindString:
			step.kind = kindName
			step.run = runner(step)
		}
		path.keepSeq = path.keepSeq || step.keepArray
	}
	last := len(path.list) - 1
	for _, step := range []*node{path.list[0], path.list[last]} {
		if step.kind == kindArray {
			step.cons = true
		}
	}
	return nil
}

func (p *processor) predicate(n *node) (*node, error) {
	left, err := p.node(n.lhs)
	if err != nil {
		return nil, err
	}
	step := left
	if left.kind == kindPath {
		step = left.list[len(left.list)-1]
	}
	if step.group != nil {
		return nil, newError("S0209", n.pos, "", nil)
	}
	filter, err := p.node(n.rhs)
	if err != nil {
		return nil, err
	}
	for _, s := range filter.seeking {
		if s.level > 1 {
			s.level--
		} else if s.level == 1 {
			if err := seekParent(step, s); err != nil {
				return nil, err
			}
		}
	}
	step.seek(filter)
	if left.kind == kindPath {
		step.stages = append(step.stages, stage{filter: filter})
	} else {
		step.predicates = append(step.predicates, stage{filter: filter})
	}
	return left, nil
}

func (p *processor) groupBy(n *node) (*node, error) {
	left, err := p.node(n.lhs)
	if err != nil {
		return nil, err
	}
	if left.group != nil {
		return nil, newError("S0210", n.pos, "", nil)
	}
	left.group = &group{pairs: n.pairs, pos: n.pos}
	// What a group seeks is found by the tuples that it is given, not by the steps before it.
	return left, p.pairs(&node{}, n.pairs)
}

// orderBy makes ^( ) a step of its own, which sees all items together.
func (p *processor) orderBy(n *node) (*node, error) {
	left, err := p.node(n.lhs)
	if err != nil {
		return nil, err
	}
	path := left
	if left.kind != kindPath {
		path = &node{kind: kindPath, pos: left.pos, list: []*node{left}}
	}
	step := &node{kind: kindSort, pos: n.pos, terms: n.terms}
	step.run = runner(step)
	for i := range step.terms {
		term := &step.terms[i]
		if term.expr, err = p.node(term.expr); err != nil {
			return nil, err
		}
		step.seek(term.expr)
	}
	path.list = append(path.list, step)
	return path, resolveAncestry(path)
}

// focus handles @$v: the step's items are bound to the variable and the context stays.
func (p *processor) focus(n *node) (*node, error) {
	left, err := p.node(n.lhs)
	if err != nil {
		return nil, err
	}
	step := left
	if left.kind == kindPath {
		step = left.list[len(left.list)-1]
	}
	if step.stages != nil || step.predicates != nil {
		return nil, newError("S0215", n.pos, "", nil)
	}
	if step.kind == kindSort {
		return nil, newError("S0216", n.pos, "", nil)
	}
	if n.keepArray {
		step.keepArray = true
	}
	step.focus, step.tuple = n.rhs.text, true
	return left, nil
}

// indexBinding handles #$v: the position of each item is bound to the variable.
func (p *processor) indexBinding(n *node) (*node, error) {
	left, err := p.node(n.lhs)
	if err != nil {
		return nil, err
	}
	path := left
	if left.kind != kindPath {
		path = &node{kind: kindPath, pos: left.pos, list: []*node{left}}
		left.stages, left.predicates = left.predicates, nil
		path.keepSeq = left.keepArray
	}
	step := path.list[len(path.list)-1]
	if step.stages == nil {
		step.index = n.rhs.text
	} else {
		step.stages = append(step.stages, stage{index: n.rhs.text})
	}
	step.tuple = true
	return path, nil
}

// seek takes over the references to ancestors that a part of the expression could not resolve itself.
func (n *node) seek(part *node) {
	if part == nil {
		return
	}
	for _, s := range part.seeking {
		if s.level > 0 {
			n.seeking = append(n.seeking, s)
		}
	}
	if part.kind == kindParent {
		n.seeking = append(n.seeking, part.parent)
	}
}

// seekParent offers a step to a reference that looks for its ancestor.
func seekParent(n *node, s *slot) error {
	switch n.kind {
	case kindName, kindWildcard:
		if s.level--; s.level == 0 {
			if n.ancestor != nil {
				s.label = n.ancestor.label
			}
			n.ancestor, n.tuple = s, true
		}
	case kindParent:
		s.level++
	case kindBlock:
		if len(n.list) > 0 {
			n.tuple = true
			return seekParent(n.list[len(n.list)-1], s)
		}
	case kindPath:
		n.tuple = true
		for i := len(n.list) - 1; i >= 0; i-- {
			if err := seekParent(n.list[i], s); err != nil || s.level <= 0 {
				return err
			}
		}
	default:
		return newError("S0217", n.pos, n.text, nil)
	}
	return nil
}

// resolveAncestry looks for the ancestors that the last step of a path seeks among the steps before it.
func resolveAncestry(path *node) error {
	last := path.list[len(path.list)-1]
	slots := last.seeking
	if last.kind == kindParent {
		slots = append(slots[:len(slots):len(slots)], last.parent)
	}
	for _, s := range slots {
		i := len(path.list) - 2
		for s.level > 0 {
			if i < 0 {
				path.seeking = append(path.seeking, s)
				break
			}
			step := path.list[i]
			i--
			// Steps that bind a focus leave the context alone: they are one generation together.
			for i >= 0 && step.focus != "" && path.list[i].focus != "" {
				step = path.list[i]
				i--
			}
			if err := seekParent(step, s); err != nil {
				return err
			}
		}
	}
	return nil
}
