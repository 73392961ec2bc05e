package jsonata

import "math"

// lookup is a name applied to a value: a field of an object, or the fields of all an array's items, flattened.
func lookup(in any, name string) any {
	switch v := in.(type) {
	case *Object, map[string]any:
		return getField(v, name)
	case []any:
		return lookupAll(v, name)
	case *list:
		return lookupAll(v.items, name)
	}
	return Undefined{}
}

// lookupAll looks a name up in every item. The result is a sequence, flattened once.
func lookupAll(items []any, name string) any {
	out := &list{seq: true}
	out.collect(items, name, new(budget))
	return out
}

func (l *list) collect(items []any, name string, b *budget) {
	for _, item := range items {
		b.spend()
		if nested, ok := asItems(item); ok {
			l.collect(nested, name, b)
			continue
		}
		v := getField(item, name)
		if isUndefined(v) {
			continue
		}
		if inner, ok := asItems(v); ok {
			l.items = append(l.items, inner...)
		} else {
			l.items = append(l.items, v)
		}
	}
}

// plain tells whether a step is nothing but a name.
func (n *node) plain() bool {
	return n.kind == kindName && n.stages == nil && !n.tuple
}

// runPath takes each step in turn for every item that the step before it gave.
func runPath(e *evaluation, n *node, in any, env *frame) (any, error) {
	if e.depth >= e.maxDepth {
		return nil, newError("U1001", n.pos, "", nil)
	}
	input, isArr := asItems(in)
	at := 0
	if !isArr || n.list[0].kind == kindVariable {
		// Names applied to single objects need no sequences.
		v := in
		for at < len(n.list) && n.list[at].plain() && !isArr {
			v = lookup(v, n.list[at].text)
			_, isArr = asItems(v)
			at++
		}
		if at == len(n.list) {
			return e.finishPath(n, adopt(v), nil, env)
		}
		input = one(v, at > 0)
	}
	var result any = &list{items: input, seq: true}
	var stream *tupleStream
	tuples := false
	for i := at; i < len(n.list); i++ {
		step := n.list[i]
		tuples = tuples || step.tuple
		var err error
		switch {
		case tuples:
			stream, err = e.tupleStep(step, input, stream, env)
		case i == 0 && step.cons:
			result, err = e.eval(step, &list{items: input, seq: true}, env)
		default:
			result, err = e.step(step, input, env, i == len(n.list)-1)
		}
		if err != nil {
			return nil, err
		}
		if !tuples {
			input, isArr = asItems(result)
			if !isArr && !isUndefined(result) {
				input = []any{result}
			}
			if len(input) == 0 {
				break
			}
		}
	}
	if tuples {
		return e.finishPath(n, nil, stream, env)
	}
	return e.finishPath(n, result, nil, env)
}

// one makes the input of a step of one value; a value that a step gave is flattened.
func one(v any, flatten bool) []any {
	if isUndefined(v) && flatten {
		return nil
	}
	if flatten {
		if l, ok := v.(*list); ok && l.cons {
			return []any{v}
		}
		if items, ok := asItems(v); ok {
			return items
		}
	}
	return []any{v}
}

// adopt is the result of a path's last step that gave one value.
func adopt(v any) any {
	switch l := v.(type) {
	case Undefined:
		return &list{seq: true}
	case []any:
		return v
	case *list:
		if !l.seq {
			return v
		}
		return &list{items: l.items, seq: true}
	}
	return &list{items: []any{v}, seq: true}
}

// finishPath takes the items out of the tuples, unless a path around this one needs those, and applies [] and {}.
func (e *evaluation) finishPath(n *node, result any, stream *tupleStream, env *frame) (any, error) {
	if stream != nil {
		if n.tuple && n.group == nil {
			return stream, nil
		}
		result = stream.values()
	}
	if n.keepSeq {
		if l, ok := result.(*list); ok {
			if l.cons && !l.seq {
				result = &list{items: []any{l}, seq: true, keep: true}
			} else if l.seq {
				result = &list{items: l.items, seq: true, keep: true}
			}
		}
	}
	switch {
	case n.group == nil:
		return result, nil
	case stream != nil:
		return e.groupBy(n.group, stream, env)
	}
	return e.groupBy(n.group, result, env)
}

// step evaluates one step for all items and flattens what comes out.
func (e *evaluation) step(step *node, input []any, env *frame, last bool) (any, error) {
	if step.kind == kindSort {
		return e.sortStep(step, input, env)
	}
	out := &list{seq: true}
	var first any
	count := 0
	for _, item := range input {
		v, err := e.stepItem(step, item, env)
		if err != nil {
			return nil, err
		}
		if isUndefined(v) {
			continue
		}
		switch count++; count {
		case 1:
			first = v
			continue
		case 2:
			out.items = make([]any, 0, len(input))
			out.spread(first)
		}
		out.spread(v)
		if float64(len(out.items)) > e.maxRange {
			return nil, e.tooManyItems()
		}
	}
	if count == 1 {
		if items, ok := asItems(first); ok && last && !isSeq(first) {
			if l, ok := first.(*list); ok {
				return l, nil
			}
			return items, nil
		}
		out.spread(first)
	}
	return out, nil
}

// stepItem evaluates a step and its predicates for one item: predicates see the items of one context at a time.
func (e *evaluation) stepItem(step *node, item any, env *frame) (v any, err error) {
	if step.plain() {
		return collapse(lookup(item, step.text)), nil
	}
	if v, err = e.eval(step, item, env); err != nil {
		return nil, err
	}
	if s, ok := v.(*tupleStream); ok {
		v = s.values()
	}
	for _, st := range step.stages {
		if st.filter == nil {
			continue
		}
		if v, err = e.filter(st.filter, v, env); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// spread appends a value, or its items if it is an array that the path may flatten.
func (l *list) spread(v any) {
	if inner, ok := v.(*list); ok && inner.cons {
		l.items = append(l.items, v)
	} else if items, ok := asItems(v); ok {
		l.items = append(l.items, items...)
	} else {
		l.items = append(l.items, v)
	}
}

// filter applies a predicate: a number picks by position, anything else keeps the items for which it is true.
func (e *evaluation) filter(pred *node, v any, env *frame) (any, error) {
	if s, ok := v.(*tupleStream); ok {
		return e.filterTuples(pred, s, env)
	}
	items, isArr := asItems(v)
	if !isArr {
		items = []any{v}
	}
	if pred.kind == kindNumber && !pred.decorated() {
		i := position(pred.value.(float64), len(items))
		if i < 0 || i >= len(items) || isUndefined(items[i]) {
			return &list{seq: true}, nil
		}
		if _, ok := asItems(items[i]); ok {
			return items[i], nil
		}
		return newSeq(items[i]), nil
	}
	out := &list{seq: true}
	for i, item := range items {
		keep, err := e.selects(pred, item, env, i, len(items))
		if err != nil {
			return nil, err
		}
		for range keep {
			out.items = append(out.items, item)
		}
	}
	return out, nil
}

// selects tells how often a predicate picks the item at index i of n: numbers pick by position, each on its own.
func (e *evaluation) selects(pred *node, item any, env *frame, i, n int) (int, error) {
	v, err := e.eval(pred, item, env)
	if err != nil {
		return 0, err
	}
	switch v := v.(type) {
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return 0, newError("D1001", pred.pos, "", v)
		}
		if position(v, n) == i {
			return 1, nil
		}
		return 0, nil
	}
	if picks, ok := asItems(v); ok && len(picks) > 0 && allNumbers(picks) {
		count := 0
		for _, p := range picks {
			if position(p.(float64), n) == i {
				count++
			}
		}
		return count, nil
	}
	if truthy(v) {
		return 1, nil
	}
	return 0, nil
}

// position turns an index, which may be negative or have a fraction, into one from 0.
func position(f float64, n int) int {
	if f = math.Floor(f); f < 0 {
		f += float64(n)
	}
	if f < 0 || f >= float64(n) {
		return -1
	}
	return int(f)
}

func allNumbers(items []any) bool {
	for _, item := range items {
		if _, ok := item.(float64); !ok {
			return false
		}
	}
	return true
}
