package jsonata

import (
	"math/rand/v2"
	"slices"
)

// fnCount is $count(array): 0 for undefined.
func fnCount(_ *evaluation, args []any) (any, error) {
	items, _ := asItems(args[0])
	return float64(len(items)), nil
}

// fnAppend is $append(a, b).
func fnAppend(e *evaluation, args []any) (any, error) {
	v := appendValues(args[0], args[1])
	if items, ok := asItems(v); ok && float64(len(items)) > e.maxRange {
		return nil, e.tooManyItems()
	}
	return v, nil
}

// fnReverse is $reverse(array).
func fnReverse(_ *evaluation, args []any) (any, error) {
	items, _ := asItems(args[0])
	if len(items) < 2 {
		return args[0], nil
	}
	out := slices.Clone(items)
	slices.Reverse(out)
	return out, nil
}

// fnShuffle is $shuffle(array).
func fnShuffle(e *evaluation, args []any) (any, error) {
	items, _ := asItems(args[0])
	if len(items) < 2 {
		return args[0], nil
	}
	out := slices.Clone(items)
	swap := func(i, j int) { out[i], out[j] = out[j], out[i] }
	if e.rand != nil {
		e.rand.Shuffle(len(out), swap)
	} else {
		rand.Shuffle(len(out), swap)
	}
	return out, nil
}

// fnDistinct is $distinct(array), by deep equality. Values that can be map keys need no comparison with all others.
func fnDistinct(e *evaluation, args []any) (any, error) {
	items, _ := asItems(args[0])
	if len(items) < 2 {
		return args[0], nil
	}
	out := make([]any, 0, len(items))
	seen := map[any]bool{} // of strings, numbers, booleans and null
	for _, item := range items {
		if err := e.tick(); err != nil {
			return nil, err
		}
		switch item.(type) {
		case nil, string, float64, bool:
			if !seen[item] {
				seen[item] = true
				out = append(out, item)
			}
			continue
		}
		if !slices.ContainsFunc(out, func(other any) bool { return equal(item, other) }) {
			out = append(out, item)
		}
	}
	if isSeq(args[0]) {
		return &list{items: out, seq: true}, nil
	}
	return out, nil
}

// fnZip combines the first items of all arrays, the second ones, and so on, as long as all have one.
func fnZip(_ *evaluation, args []any) (any, error) {
	n := -1
	for _, a := range args {
		items, _ := asItems(a)
		if n < 0 || len(items) < n {
			n = len(items)
		}
	}
	out := make([]any, max(n, 0))
	for i := range out {
		row := make([]any, len(args))
		for j, a := range args {
			items, _ := asItems(a)
			row[j] = items[i]
		}
		out[i] = row
	}
	return out, nil
}

// fnSort is $sort(array, after): after(a, b) tells whether a belongs behind b. Without it the items must be all numbers
// or all strings.
func fnSort(e *evaluation, args []any) (any, error) {
	items, _ := asItems(args[0])
	if len(items) < 2 {
		return args[0], nil
	}
	out := slices.Clone(items)
	fn := args[1]
	if isUndefined(fn) {
		if !allNumbers(out) && !allStrings(out) {
			return nil, newError("D3070", 0, "", args[0])
		}
		slices.SortStableFunc(out, compareSame)
		return out, nil
	}
	err := mergeSort(out, func(a, b any) (bool, error) {
		v, err := e.callWithAll(fn, a, b)
		return jsTruthy(v), err
	})
	return out, err
}

// callWithAll calls a function with all the arguments given, whatever its arity.
func (e *evaluation) callWithAll(fn any, args ...any) (any, error) {
	v, err := e.apply(fn, args, nil)
	return collapse(v), err
}

// jsTruthy is JavaScript's own notion, which a comparator's result is judged by: arrays and objects are true.
func jsTruthy(v any) bool {
	switch v.(type) {
	case nil, Undefined:
		return false
	case bool, string, float64:
		return truthy(v)
	}
	return true
}

// fnMap is $map(array, function). Items for which the function gives nothing are left out.
func fnMap(e *evaluation, args []any) (any, error) {
	items, ok := asItems(args[0])
	if !ok {
		return args[0], nil
	}
	out := &list{seq: true, items: make([]any, 0, len(items))}
	n := arity(args[1])
	for i, item := range items {
		v, err := e.callItem(args[1], n, item, i, args[0])
		if err != nil {
			return nil, err
		}
		if !isUndefined(v) {
			out.items = append(out.items, v)
		}
	}
	return out, nil
}

// fnFilter is $filter(array, function).
func fnFilter(e *evaluation, args []any) (any, error) {
	items, ok := asItems(args[0])
	if !ok {
		return args[0], nil
	}
	out := &list{seq: true}
	n := arity(args[1])
	for i, item := range items {
		v, err := e.callItem(args[1], n, item, i, args[0])
		if err != nil {
			return nil, err
		}
		if truthy(v) {
			out.items = append(out.items, item)
		}
	}
	return out, nil
}

// fnSingle is $single(array, function): the one item for which the function is true, else an error.
func fnSingle(e *evaluation, args []any) (any, error) {
	items, ok := asItems(args[0])
	if !ok {
		return args[0], nil
	}
	found := false
	var result any
	n := arity(args[1])
	for i, item := range items {
		if !isUndefined(args[1]) {
			v, err := e.callItem(args[1], n, item, i, args[0])
			if err != nil {
				return nil, err
			}
			if !truthy(v) {
				continue
			}
		}
		if found {
			return nil, newError("D3138", 0, "", nil)
		}
		found, result = true, item
	}
	if !found {
		return nil, newError("D3139", 0, "", nil)
	}
	return result, nil
}

// fnReduce is $reduce(array, function, init). Without init the first item is the first result.
func fnReduce(e *evaluation, args []any) (any, error) {
	items, ok := asItems(args[0])
	if !ok {
		return args[0], nil
	}
	n := arity(args[1])
	if n < 2 {
		return nil, newError("D3050", 0, "", nil)
	}
	result, from := args[2], 0
	if isUndefined(result) && len(items) > 0 {
		result, from = items[0], 1
	}
	for i := from; i < len(items); i++ {
		var err error
		if result, err = e.callWith(args[1], result, items[i], float64(i), args[0]); err != nil {
			return nil, err
		}
	}
	return result, nil
}
