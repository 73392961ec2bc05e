package jsonata

// fnKeys is $keys(object); of an array, the keys of all its objects.
func fnKeys(_ *evaluation, args []any) (any, error) {
	out := &list{seq: true}
	seen := map[string]bool{}
	var b budget
	var collect func(v any)
	collect = func(v any) {
		b.spend()
		if items, ok := asItems(v); ok {
			for _, item := range items {
				collect(item)
			}
			return
		}
		for _, k := range objectKeys(v) {
			if !seen[k] {
				seen[k] = true
				out.items = append(out.items, k)
			}
		}
	}
	collect(args[0])
	return out, nil
}

// fnLookup is $lookup(object, key), a path step with a computed name.
func fnLookup(_ *evaluation, args []any) (any, error) {
	key, ok := args[1].(string)
	if !ok {
		return Undefined{}, nil
	}
	return lookup(args[0], key), nil
}

// fnSpread makes an array of objects with one key each.
func fnSpread(e *evaluation, args []any) (any, error) {
	switch {
	case isObject(args[0]):
	default:
		if _, ok := asItems(args[0]); !ok {
			return args[0], nil
		}
	}
	items := e.spreadInto(nil, args[0])
	if float64(len(items)) > e.maxRange {
		return nil, e.tooManyItems()
	}
	return &list{seq: true, items: items}, nil
}

// spreadInto stops soon after the limit.
func (e *evaluation) spreadInto(out []any, v any) []any {
	if float64(len(out)) > e.maxRange {
		return out
	}
	if items, ok := asItems(v); ok {
		for _, item := range items {
			out = e.spreadInto(out, item)
		}
		return out
	}
	if !isObject(v) {
		return append(out, v)
	}
	for _, k := range objectKeys(v) {
		o := NewObject(1)
		o.Set(k, getField(v, k))
		out = append(out, o)
	}
	return out
}

// fnMerge is $merge(array of objects): later values win, at the place of the earlier ones.
func fnMerge(_ *evaluation, args []any) (any, error) {
	items, ok := asItems(args[0])
	if !ok {
		return args[0], nil
	}
	out := &Object{}
	for _, item := range items {
		for _, k := range objectKeys(item) {
			out.Set(k, getField(item, k))
		}
	}
	return out, nil
}

// fnEach is $each(object, function(value, key)).
func fnEach(e *evaluation, args []any) (any, error) {
	out := &list{seq: true}
	for _, k := range objectKeys(args[0]) {
		v, err := e.callWith(args[1], getField(args[0], k), k, args[0])
		if err != nil {
			return nil, err
		}
		if !isUndefined(v) {
			out.items = append(out.items, v)
		}
	}
	return out, nil
}

// fnSift is $sift(object, function(value, key)), undefined rather than empty.
func fnSift(e *evaluation, args []any) (any, error) {
	out := &Object{}
	for _, k := range objectKeys(args[0]) {
		v := getField(args[0], k)
		keep, err := e.callWith(args[1], v, k, args[0])
		if err != nil {
			return nil, err
		}
		if truthy(keep) {
			out.Set(k, v)
		}
	}
	if out.Len() == 0 {
		return Undefined{}, nil
	}
	return out, nil
}

// fnClone copies by way of JSON: functions become empty strings and numbers keep 15 digits.
func fnClone(_ *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	s, err := stringOf(args[0], 0)
	if err != nil {
		return nil, err
	}
	return Decode([]byte(s))
}
