package jsonata

// runWildcard gives all values of an object (or items of an array), arrays among them flattened.
func runWildcard(e *evaluation, _ *node, in any, _ *frame) (any, error) {
	if l, ok := in.(*list); ok && l.outer && len(l.items) > 0 {
		in = l.items[0]
	}
	values, ok := asItems(in)
	if !ok {
		keys := objectKeys(in)
		values = make([]any, len(keys))
		for i, k := range keys {
			values[i] = getField(in, k)
		}
	}
	out := &list{seq: true}
	for _, v := range values {
		if _, ok := asItems(v); ok {
			// Joining with an array makes an array, which stays one even with a single item.
			out.seq = false
			if out.items = e.flatten(out.items, v); float64(len(out.items)) > e.maxRange {
				return nil, e.tooManyItems()
			}
		} else if !isUndefined(v) {
			out.items = append(out.items, v)
		}
	}
	if !out.seq {
		return out.items, nil
	}
	return out, nil
}

// flatten appends a value or, however deep, the items of an array. It stops soon after the limit.
func (e *evaluation) flatten(out []any, v any) []any {
	if float64(len(out)) > e.maxRange {
		return out
	}
	items, ok := asItems(v)
	if !ok {
		return append(out, v)
	}
	for _, item := range items {
		out = e.flatten(out, item)
	}
	return out
}

// runDescendant is **: the context itself and everything below it, depth first.
func runDescendant(e *evaluation, n *node, in any, _ *frame) (any, error) {
	out := &list{seq: true}
	if isUndefined(in) {
		return out, nil
	}
	return out, e.descend(out, n, in, 0)
}

// descend collects a value and everything below it; arrays are not values of their own.
func (e *evaluation) descend(out *list, n *node, v any, depth int) error {
	if depth > maxJSONDepth {
		return newError("U1001", n.pos, "", nil)
	}
	if e.ticks--; e.ticks <= 0 {
		if err := e.check(); err != nil {
			return err
		}
	}
	if items, ok := asItems(v); ok {
		for _, item := range items {
			if err := e.descend(out, n, item, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	if out.items = append(out.items, v); float64(len(out.items)) > e.maxRange {
		return e.tooManyItems()
	}
	for _, k := range objectKeys(v) {
		if err := e.descend(out, n, getField(v, k), depth+1); err != nil {
			return err
		}
	}
	return nil
}
