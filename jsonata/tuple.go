package jsonata

// tuple is an item on its way through a path that binds variables: the item and what is bound so far.
type tuple struct {
	at   any
	vars *binding
}

// tupleStream is a sequence of tuples.
type tupleStream struct {
	tuples []*tuple
}

func (t *tuple) frame(env *frame) *frame { return &frame{parent: env, vars: t.vars} }

// values returns the stream's items as a plain sequence.
func (s *tupleStream) values() *list {
	out := &list{seq: true, items: make([]any, 0, len(s.tuples))}
	for _, t := range s.tuples {
		out.items = append(out.items, t.at)
	}
	return out
}

// tupleStep takes a step for each tuple, or for each item of input if it is the first that needs tuples.
func (e *evaluation) tupleStep(step *node, input []any, in *tupleStream, env *frame) (*tupleStream, error) {
	if in == nil {
		in = &tupleStream{}
		for _, item := range input {
			if !isUndefined(item) {
				in.tuples = append(in.tuples, &tuple{at: item})
			}
		}
	}
	var out *tupleStream
	if step.kind == kindSort {
		sorted, err := e.sortTuples(step, in, env)
		if err != nil {
			return nil, err
		}
		if out = sorted; step.index != "" {
			number(out, step.index)
		}
	} else {
		out = &tupleStream{}
		for _, t := range in.tuples {
			if err := e.tupleItem(out, step, t, env); err != nil {
				return nil, err
			}
		}
	}
	for _, st := range step.stages {
		if st.index != "" {
			number(out, st.index)
			continue
		}
		var err error
		if out, err = e.filterTuples(st.filter, out, env); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// number binds each tuple's position to a variable.
func number(s *tupleStream, name string) {
	for i, t := range s.tuples {
		s.tuples[i] = &tuple{at: t.at, vars: &binding{name, float64(i), t.vars}}
	}
}

// tupleItem evaluates a step for one tuple: each value becomes a tuple with the bindings so far and the step's own.
func (e *evaluation) tupleItem(out *tupleStream, step *node, t *tuple, env *frame) error {
	v, err := e.eval(step, t.at, t.frame(env))
	if err != nil || isUndefined(v) {
		return err
	}
	inner, isStream := v.(*tupleStream)
	items, ok := asItems(v)
	switch {
	case isStream:
		items = make([]any, len(inner.tuples))
	case !ok:
		items = []any{v}
	}
	for i, item := range items {
		next := &tuple{at: item, vars: t.vars}
		switch {
		case isStream:
			next.at = inner.tuples[i].at
			next.vars = stack(inner.tuples[i].vars, t.vars)
		case step.focus != "":
			next.at = t.at
			next.vars = &binding{step.focus, item, next.vars}
		}
		if step.index != "" {
			next.vars = &binding{step.index, float64(i), next.vars}
		}
		if step.ancestor != nil {
			next.vars = &binding{step.ancestor.label, t.at, next.vars}
		}
		out.tuples = append(out.tuples, next)
	}
	return nil
}

// stack puts the bindings of top before those of base.
func stack(top, base *binding) *binding {
	if top == nil {
		return base
	}
	return &binding{top.name, top.value, stack(top.next, base)}
}

// filterTuples is filter with each tuple's bindings in scope. Positions count across the whole stream.
func (e *evaluation) filterTuples(pred *node, s *tupleStream, env *frame) (*tupleStream, error) {
	out := &tupleStream{}
	if pred.kind == kindNumber && !pred.decorated() {
		if i := position(pred.value.(float64), len(s.tuples)); i >= 0 {
			out.tuples = append(out.tuples, s.tuples[i])
		}
		return out, nil
	}
	for i, t := range s.tuples {
		keep, err := e.selects(pred, t.at, t.frame(env), i, len(s.tuples))
		if err != nil {
			return nil, err
		}
		for range keep {
			out.tuples = append(out.tuples, t)
		}
	}
	return out, nil
}

// merge makes one tuple of many: the item and each variable become all their values.
func merge(tuples []*tuple) *tuple {
	if len(tuples) == 1 {
		return tuples[0]
	}
	out := &tuple{at: Undefined{}}
	var names []string
	values := map[string]any{}
	for _, t := range tuples {
		out.at = appendValues(out.at, t.at)
		seen := map[string]bool{}
		for b := t.vars; b != nil; b = b.next {
			if seen[b.name] {
				continue
			}
			seen[b.name] = true
			old, ok := values[b.name]
			if !ok {
				names = append(names, b.name)
				old = Undefined{}
			}
			values[b.name] = appendValues(old, b.value)
		}
	}
	for _, name := range names {
		out.vars = &binding{name, values[name], out.vars}
	}
	return out
}
