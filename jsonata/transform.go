package jsonata

// runTransform makes the function |pattern|update,delete|, which returns a changed copy of its argument.
func runTransform(e *evaluation, n *node, _ any, env *frame) (any, error) {
	f := &Function{arity: 1, sig: &signature{params: []param{{accepts: isObj | isArray | isMissing}}}}
	f.impl = func(e *evaluation, args []any) (any, error) {
		if isUndefined(args[0]) {
			return args[0], nil
		}
		clone := env.value("clone")
		if !isFunction(clone) {
			return nil, newError("T2013", n.pos, "", nil)
		}
		doc, err := e.apply(clone, []any{args[0]}, nil)
		if err != nil {
			return nil, err
		}
		if clone != any(library.find("clone")) { // whatever a $clone of the user's returns is not ours to change
			if doc, err = fnClone(e, []any{doc}); err != nil {
				return nil, err
			}
		}
		matches, err := e.eval(n.lhs, doc, env)
		if err != nil {
			return nil, err
		}
		own := map[*Object]bool{}
		owned(own, doc)
		return doc, e.transformAll(n, matches, own, env)
	}
	return f, nil
}

// owned collects the objects of a document. The pattern may lead outside it, to the input, which must not change.
func owned(own map[*Object]bool, v any) {
	if o, ok := v.(*Object); ok {
		own[o] = true
		for _, inner := range o.values {
			owned(own, inner)
		}
		return
	}
	items, _ := asItems(v)
	for _, item := range items {
		owned(own, item)
	}
}

func (e *evaluation) transformAll(n *node, matches any, own map[*Object]bool, env *frame) error {
	if isUndefined(matches) {
		return nil
	}
	if s, ok := matches.(*tupleStream); ok {
		matches = s.values()
	}
	items, ok := asItems(matches)
	if !ok {
		items = []any{matches}
	}
	for _, m := range items {
		if err := e.transformOne(n, m, own, env); err != nil {
			return err
		}
	}
	return nil
}

// transformOne updates one match. Matches that are not objects have nothing to update, but the clauses are checked.
func (e *evaluation) transformOne(n *node, match any, own map[*Object]bool, env *frame) error {
	update, err := e.eval(n.rhs, match, env)
	if err != nil {
		return err
	}
	target, _ := match.(*Object)
	if !own[target] {
		target = nil
	}
	if !isUndefined(update) {
		if !isObject(update) {
			return newError("T2011", n.rhs.pos, "", update)
		}
		if target != nil {
			for _, k := range objectKeys(update) {
				target.Set(k, getField(update, k))
			}
		}
	}
	if n.third == nil {
		return nil
	}
	deletions, err := e.eval(n.third, match, env)
	if err != nil || isUndefined(deletions) {
		return err
	}
	names, ok := asItems(deletions)
	if !ok {
		names = []any{deletions}
	}
	if !allStrings(names) {
		return newError("T2012", n.third.pos, "", deletions)
	}
	if target != nil {
		for _, name := range names {
			target.Delete(name.(string))
		}
	}
	return nil
}

func allStrings(items []any) bool {
	for _, item := range items {
		if _, ok := item.(string); !ok {
			return false
		}
	}
	return true
}
