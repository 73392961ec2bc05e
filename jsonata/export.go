package jsonata

import "slices"

// export takes the evaluator's own array type out of a result, so that a caller meets []any only. What holds none
// of it, above all the input's own parts, is returned as it is.
func (e *evaluation) export(v any, depth int) (any, error) {
	e.exported.spend()
	if err := e.tick(); err != nil {
		return nil, err
	}
	if depth > maxJSONDepth {
		return nil, newError("U1001", 0, "", nil)
	}
	switch v := v.(type) {
	case *list:
		items, err := e.exportItems(v.items, depth)
		if items == nil {
			items = []any{}
		}
		return items, err
	case []any:
		return e.exportItems(v, depth)
	case *Object:
		items, err := e.exportItems(v.values, depth)
		if err != nil || len(items) == 0 || &items[0] == &v.values[0] {
			return v, err
		}
		return &Object{keys: v.keys, values: items, index: v.index}, nil
	}
	return v, nil
}

func (e *evaluation) exportItems(in []any, depth int) ([]any, error) {
	out := in
	copied := false
	for i, item := range in {
		switch item.(type) {
		case *list, []any, *Object:
		default:
			continue
		}
		clean, err := e.export(item, depth+1)
		if err != nil {
			return nil, err
		}
		if !copied {
			if sameExport(item, clean) {
				continue
			}
			out, copied = slices.Clone(in), true
		}
		out[i] = clean
	}
	return out, nil
}

func sameExport(before, after any) bool {
	switch b := before.(type) {
	case []any:
		a := after.([]any)
		return len(a) == 0 || &a[0] == &b[0]
	case *Object:
		return b == after
	}
	return false
}
