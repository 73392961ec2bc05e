package jsonata

// frame is a scope of variables.
type frame struct {
	parent *frame
	vars   *binding
	table  map[string]any // of the outermost frame: the caller's bindings
}

// binding is one variable; a newer one for the same name comes first and hides the older. Lists of bindings are
// shared between frames and tuples, hence never changed.
type binding struct {
	name  string
	value any
	next  *binding
}

func (f *frame) bind(name string, value any) {
	f.vars = &binding{name, value, f.vars}
}

func (f *frame) lookup(name string) (any, bool) {
	for ; f != nil; f = f.parent {
		for b := f.vars; b != nil; b = b.next {
			if b.name == name {
				return b.value, true
			}
		}
		if f.table != nil {
			if v, ok := f.table[name]; ok {
				return v, true
			}
		}
	}
	return nil, false
}

// value looks a name up among the variables and then the library.
func (f *frame) value(name string) any {
	if v, ok := f.lookup(name); ok {
		return v
	}
	if fn := library.find(name); fn != nil {
		return fn
	}
	return Undefined{}
}
