// Package answers checks made-up results of AWS operations against the public API models, as TestState does with mocks:
// types, lengths, ranges, enums and required members.
//
// The facts stand in facts.tsv.gz, written by gen; see parse for their form.
package answers

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/headgate/headgate/asl/jsonvalue"
)

//go:embed facts.tsv.gz
var packed []byte

// service is what is known of one service.
type service struct {
	outputs map[string]string // operation, in lower case → shape
	shapes  map[string]*shape
}

// shape is one line of the facts. Its kind is the line's first letter, or that of a type without constraints.
type shape struct {
	kind     byte
	members  []member
	elem     string // of a list or map
	min, max string
	enum     []string
}

type member struct {
	name, shape string
	required    bool
}

// all reads the facts when they are first asked for.
var all = sync.OnceValue(func() map[string]*service {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic(err) // it is our own file
	}
	text, err := io.ReadAll(z)
	if err != nil {
		panic(err)
	}
	return parse(string(text))
})

// parse reads lines of tab-separated columns:
//
//   - name name…                    the service that follows, by the names of its integrations
//     O operation shape               what an operation answers
//     S name member!shape member:shape …   a structure; ! is required
//     L name shape     M name shape   a list, or a map, of these
//     T B N D Y name min max enum     a text, blob, number, timestamp or boolean with constraints
//
// A shape named by one small letter (t b n d y, x for any) has no constraints but its type.
func parse(text string) map[string]*service {
	out := map[string]*service{}
	var s *service
	for line := range strings.Lines(text) {
		c := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch c[0] {
		case "#":
			s = &service{outputs: map[string]string{}, shapes: map[string]*shape{}}
			for _, name := range c[1:] {
				out[name] = s
			}
		case "O":
			s.outputs[strings.ToLower(c[1])] = c[2]
		case "S":
			f := &shape{kind: 'S'}
			for _, m := range c[2:] {
				at := strings.IndexAny(m, "!:")
				f.members = append(f.members, member{memberName(m[:at]), m[at+1:], m[at] == '!'})
			}
			s.shapes[c[1]] = f
		case "L", "M":
			s.shapes[c[1]] = &shape{kind: c[0][0], elem: c[2]}
		default:
			f := &shape{kind: c[0][0], min: c[2], max: c[3]}
			if c[4] != "" {
				f.enum = strings.Split(c[4], "|")
			}
			s.shapes[c[1]] = f
		}
	}
	return out
}

// memberName is what Step Functions calls a member: with a capital at its start.
func memberName(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// Check checks the result of a service's operation (lambda, getFunction), as integrations name them. The required
// members are required if strict; members that the model does not have are let through, and so are services and
// operations that the facts do not have. The error is worded as TestState words it.
func Check(name, operation string, result any, strict bool) error {
	s := all()[strings.ToLower(name)]
	if s == nil {
		return nil
	}
	output := s.outputs[strings.ToLower(operation)]
	if output == "" {
		return nil
	}
	return s.check("", output, result, strict)
}

// check checks a value; field is the name of the innermost member that holds it.
func (s *service) check(field, ref string, v any, strict bool) error {
	f := s.shapes[ref]
	if f == nil {
		f = &shape{kind: strings.ToUpper(ref)[0]}
	}
	switch f.kind {
	case 'S', 'M':
		return s.checkObject(field, f, v, strict)
	case 'L':
		items, ok := v.([]any)
		if !ok {
			return fmt.Errorf("Field '%s' must be an array", field)
		}
		for _, item := range items {
			if err := s.check(field, f.elem, item, strict); err != nil {
				return err
			}
		}
		return nil
	case 'X':
		return nil
	}
	return f.checkScalar(field, v)
}

func (s *service) checkObject(field string, f *shape, v any, strict bool) error {
	o, ok := v.(*jsonvalue.Object)
	if !ok {
		if field == "" {
			return fmt.Errorf("Mock result must be a JSON object")
		}
		return fmt.Errorf("Field '%s' must be an object", field)
	}
	if f.kind == 'S' && strict {
		for _, m := range f.members {
			if _, has := o.Get(m.name); m.required && !has {
				return fmt.Errorf("Required field '%s' is missing", m.name)
			}
		}
	}
	for k, value := range o.All() {
		ref := f.elem
		if f.kind == 'S' {
			i := slices.IndexFunc(f.members, func(m member) bool { return m.name == k })
			if i < 0 {
				continue
			}
			ref = f.members[i].shape
		}
		if err := s.check(k, ref, value, strict); err != nil {
			return err
		}
	}
	return nil
}

// checkScalar checks texts, blobs and timestamps, which are all strings here, numbers and booleans.
func (f *shape) checkScalar(field string, v any) error {
	switch f.kind {
	case 'Y':
		if _, ok := v.(bool); !ok {
			return fmt.Errorf("Field '%s' must be a boolean", field)
		}
		return nil
	case 'N':
		n, ok := jsonvalue.Number(v)
		if !ok {
			return fmt.Errorf("Field '%s' must be a number", field)
		}
		switch {
		case f.below(n):
			return fmt.Errorf("Field '%s' is less than the minimum value", field)
		case f.above(n):
			return fmt.Errorf("Field '%s' exceeds the maximum value", field)
		}
		return nil
	}
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("Field '%s' must be a string", field)
	}
	length := float64(utf8.RuneCountInString(text))
	switch {
	case f.enum != nil && !slices.Contains(f.enum, text):
		return fmt.Errorf("Field '%s' is not an expected value", field)
	case f.below(length):
		return fmt.Errorf("Field '%s' is smaller than the minimum length", field)
	case f.above(length):
		return fmt.Errorf("Field '%s' exceeds the maximum length", field)
	}
	return nil
}

func (f *shape) below(n float64) bool {
	low, err := strconv.ParseFloat(f.min, 64)
	return err == nil && n < low
}

func (f *shape) above(n float64) bool {
	high, err := strconv.ParseFloat(f.max, 64)
	return err == nil && n > high
}
