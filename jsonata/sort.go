package jsonata

// sortable is an item with the scope and the keys to order it by; keys are evaluated when first needed.
type sortable struct {
	tuple *tuple
	env   *frame
	keys  []any
}

// sortStep orders the items of a path.
func (e *evaluation) sortStep(step *node, input []any, env *frame) (any, error) {
	items := make([]*sortable, len(input))
	for i, v := range input {
		items[i] = &sortable{tuple: &tuple{at: v}, env: env}
	}
	if err := e.order(step, items); err != nil {
		return nil, err
	}
	out := &list{items: make([]any, len(items)), seq: true}
	for i, s := range items {
		out.items[i] = s.tuple.at
	}
	var v any = out
	for _, st := range step.stages {
		var err error
		if v, err = e.filter(st.filter, v, env); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// sortTuples orders items with their bindings, which the terms may use.
func (e *evaluation) sortTuples(step *node, in *tupleStream, env *frame) (*tupleStream, error) {
	items := make([]*sortable, len(in.tuples))
	for i, t := range in.tuples {
		items[i] = &sortable{tuple: t, env: t.frame(env)}
	}
	if err := e.order(step, items); err != nil {
		return nil, err
	}
	out := &tupleStream{tuples: make([]*tuple, len(items))}
	for i, s := range items {
		out.tuples[i] = s.tuple
	}
	return out, nil
}

func (e *evaluation) order(step *node, items []*sortable) error {
	return mergeSort(items, func(a, b *sortable) (bool, error) {
		c, err := e.compareTerms(step, a, b)
		return c > 0, err
	})
}

// compareTerms compares by the first term that tells a and b apart.
func (e *evaluation) compareTerms(step *node, a, b *sortable) (int, error) {
	for i, term := range step.terms {
		x, err := e.sortKey(term.expr, a, i)
		if err != nil {
			return 0, err
		}
		y, err := e.sortKey(term.expr, b, i)
		if err != nil {
			return 0, err
		}
		xt, yt := typeOf(x), typeOf(y)
		if xt == isMissing || yt == isMissing { // what has no key goes last
			if xt == yt {
				continue
			}
			if xt == isMissing {
				return 1, nil
			}
			return -1, nil
		}
		const sortableTypes = isString | isNumber
		if xt&sortableTypes == 0 || yt&sortableTypes == 0 {
			bad := x
			if xt&sortableTypes != 0 {
				bad = y
			}
			return 0, newError("T2008", step.pos, "", bad)
		}
		if xt != yt {
			err := &Error{Code: "T2007", Position: step.pos, Value: x, value2: y}
			return 0, err.fill()
		}
		c := compareSame(x, y)
		if term.descending {
			c = -c
		}
		if c != 0 {
			return c, nil
		}
	}
	return 0, nil
}

func (e *evaluation) sortKey(n *node, s *sortable, i int) (any, error) {
	for len(s.keys) <= i {
		s.keys = append(s.keys, nil)
		v, err := e.eval(n, s.tuple.at, s.env)
		if err != nil {
			return nil, err
		}
		s.keys[len(s.keys)-1] = v
	}
	return s.keys[i], nil
}

// mergeSort sorts stably with a comparison that may fail; after tells whether a belongs behind b.
func mergeSort[T any](items []T, after func(a, b T) (bool, error)) error {
	return mergeInto(items, make([]T, len(items)), after)
}

func mergeInto[T any](items, scratch []T, after func(a, b T) (bool, error)) error {
	if len(items) < 2 {
		return nil
	}
	mid := len(items) / 2
	if err := mergeInto(items[:mid], scratch[:mid], after); err != nil {
		return err
	}
	if err := mergeInto(items[mid:], scratch[mid:], after); err != nil {
		return err
	}
	copy(scratch, items)
	left, right := scratch[:mid], scratch[mid:len(items)]
	for k := range items {
		if len(left) == 0 || len(right) == 0 {
			copy(items[k:], left)
			copy(items[k+len(left):], right)
			return nil
		}
		swap, err := after(left[0], right[0])
		if err != nil {
			return err
		}
		if swap {
			items[k], right = right[0], right[1:]
		} else {
			items[k], left = left[0], left[1:]
		}
	}
	return nil
}
