package expression

// Evaluate answers the expression's value in env with its type kept, or
// Undefined where nothing is set. An error is env's.
func (e *Expression) Evaluate(env Environment) (any, error) {
	v, err := lookup(env, &e.Reference)
	if err != nil {
		return nil, err
	}
	path := e.Path
	if IsUndefined(v) {
		for i := range e.splits {
			if v, err = lookup(env, &e.splits[i].ref); err != nil {
				return nil, err
			}
			if !IsUndefined(v) {
				v = Walk(v, e.splits[i].path)
				break
			}
		}
	}
	if e.Pointer != nil {
		v = e.Pointer.Get(v)
	}
	return Walk(v, path), nil
}

// lookup asks env and computes what is lazy.
func lookup(env Environment, ref *Reference) (any, error) {
	v, err := env.Lookup(ref)
	if err != nil {
		return nil, err
	}
	if lazy, is := v.(Lazy); is {
		return lazy.Value()
	}
	return v, nil
}

// Walk follows member names and indexes into v; Undefined where they lead
// nowhere.
func Walk(v any, path []Segment) any {
	for _, s := range path {
		switch node := v.(type) {
		case map[string]any:
			child, found := node[s.Name]
			if s.Name == "" || !found {
				return Undefined
			}
			v = child
		case []any:
			i := s.Index
			if s.Name != "" {
				var ok bool
				if i, ok = Index(s.Name, len(node)); !ok {
					// The wild writes .length as JavaScript does.
					return Undefined
				}
			}
			if i < 0 || i >= len(node) {
				return Undefined
			}
			v = node[i]
		default:
			return Undefined
		}
	}
	return v
}
