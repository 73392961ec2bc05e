package arazzo

import "iter"

// Object is what every object of the model has: its place, its path and the
// places of its fields.
type Object struct {
	Pos
	// Path is the JSON pointer of the object within its document.
	Path string
	// Extensions holds the fields x-….
	Extensions *Map[*Value]

	fields map[string]field
}

// field is where a field's key and value stand.
type field struct {
	key, value Pos
	wrong      bool // of a wrong type: reported already
}

// Has tells whether the object has the field, as it was written.
func (o *Object) Has(name string) bool {
	_, found := o.fields[name]
	return found
}

// At answers the place of a field's value, or of the object where it lacks
// that field.
func (o *Object) At(name string) Pos {
	if f, found := o.fields[name]; found {
		return f.value
	}
	return o.Pos
}

// KeyAt answers the place of a field's key, or of the object.
func (o *Object) KeyAt(name string) Pos {
	if f, found := o.fields[name]; found {
		return f.key
	}
	return o.Pos
}

// Map is a map in the order of the document. A nil Map is empty.
type Map[T any] struct {
	Object
	keys   []string
	values map[string]T
}

// Len is the number of entries.
func (m *Map[T]) Len() int {
	if m == nil {
		return 0
	}
	return len(m.keys)
}

// Get answers the entry called name.
func (m *Map[T]) Get(name string) (T, bool) {
	if m == nil {
		var zero T
		return zero, false
	}
	v, found := m.values[name]
	return v, found
}

// Keys lists the names in the order of the document.
func (m *Map[T]) Keys() []string {
	if m == nil {
		return nil
	}
	return m.keys
}

// All iterates over the entries in the order of the document.
func (m *Map[T]) All() iter.Seq2[string, T] {
	return func(yield func(string, T) bool) {
		if m == nil {
			return
		}
		for _, key := range m.keys {
			if !yield(key, m.values[key]) {
				return
			}
		}
	}
}

func (m *Map[T]) put(key string, v T) {
	if m.values == nil {
		m.values = map[string]T{}
	}
	if _, found := m.values[key]; !found {
		m.keys = append(m.keys, key)
	}
	m.values[key] = v
}
