package eventfilter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Pattern is one that was read. It does not change; any number of goroutines may use it.
type Pattern struct{ root *fields }

// fields are conditions on an object's members: all of them, and one of each group of alternatives.
type fields struct {
	leaves map[string][]condition
	below  map[string]*fields
	or     []*fields // nil without $or
}

// MaxLength is how many bytes a pattern may have.
const MaxLength = 4096

// Parse reads a pattern.
func Parse(text string) (*Pattern, error) {
	if len(text) > MaxLength {
		return nil, fmt.Errorf("it is longer than %d bytes", MaxLength)
	}
	v, err := Decode([]byte(text))
	if err != nil {
		return nil, errors.New("it is not a JSON document")
	}
	root, err := compile(v, "")
	if err != nil {
		return nil, err
	}
	return &Pattern{root}, nil
}

// Decode reads JSON as Match wants it, with numbers as they are written.
func Decode(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is more than one document")
	}
	return v, nil
}

// compile reads the conditions of an object that stands at path.
func compile(v any, path string) (*fields, error) {
	o, ok := v.(map[string]any)
	switch {
	case !ok:
		return nil, fmt.Errorf("%s is not an object", where(path))
	case len(o) == 0:
		return nil, fmt.Errorf("%s is empty", where(path))
	}
	f := &fields{leaves: map[string][]condition{}, below: map[string]*fields{}}
	for name, v := range o {
		at := path + "." + name
		var err error
		switch v := v.(type) {
		case []any:
			if name == "$or" {
				f.or, err = alternatives(v, at)
			} else {
				f.leaves[name], err = conditions(v, at)
			}
		case map[string]any:
			f.below[name], err = compile(v, at)
		default:
			err = fmt.Errorf("%s is neither an object nor a list", where(at))
		}
		if err != nil {
			return nil, err
		}
	}
	return f, nil
}

func where(path string) string {
	if path == "" {
		return "the pattern"
	}
	return path[1:]
}

func alternatives(list []any, path string) ([]*fields, error) {
	if len(list) < 2 {
		return nil, fmt.Errorf("%s needs two alternatives", where(path))
	}
	var out []*fields
	for i, v := range list {
		f, err := compile(v, fmt.Sprintf("%s[%d]", path, i))
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// Nested tells whether the pattern looks below a member of the event.
func (p *Pattern) Nested(member string) bool { return p.root.nested(member) }

func (f *fields) nested(member string) bool {
	if f.below[member] != nil {
		return true
	}
	for _, o := range f.or {
		if !o.nested(member) {
			return false
		}
	}
	return len(f.or) > 0
}

// Match tells whether an event, as Decode gives it, has what the pattern asks for.
func (p *Pattern) Match(event any) bool { return p.root.match(event) }

func (f *fields) match(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return f.object(v)
	case []any: // one of the objects in it
		found := false
		for _, e := range v {
			switch e.(type) {
			case map[string]any, []any:
				if f.match(e) {
					return true
				}
				found = true
			}
		}
		return !found && f.object(nil)
	}
	return f.object(nil)
}

// object matches an object's members; those of nothing are missing.
func (f *fields) object(o map[string]any) bool {
	for name, list := range f.leaves {
		if !anyOf(list, scalars(o[name], has(o, name), nil)) {
			return false
		}
	}
	for name, below := range f.below {
		if !below.match(o[name]) {
			return false
		}
	}
	for _, alternative := range f.or {
		if alternative.object(o) {
			return true
		}
	}
	return len(f.or) == 0
}

func has(o map[string]any, name string) bool { _, ok := o[name]; return ok }

// scalars are the values at a leaf: of a list all of them, of an object none.
func scalars(v any, there bool, out []any) []any {
	switch v := v.(type) {
	case map[string]any:
	case []any:
		for _, e := range v {
			out = scalars(e, true, out)
		}
	default:
		if there {
			out = append(out, v)
		}
	}
	return out
}
