package wire

import (
	"encoding/base64"
	"reflect"
	"strconv"
	"strings"
)

// decodeJSON reads a whole body into v. An empty body is an empty structure.
func decodeJSON(body []byte, v reflect.Value, sh *shape) error {
	s := &scanner{b: body}
	if s.peek() == 0 && s.i >= len(body) {
		return nil
	}
	if err := s.value(v, sh); err != nil {
		return err
	}
	if s.peek(); s.i < len(body) {
		return s.syntax()
	}
	return nil
}

// value reads the next value into v. A null leaves v absent, as AWS does.
func (s *scanner) value(v reflect.Value, sh *shape) error {
	c := s.peek()
	if c == 'n' {
		return s.literal("null")
	}
	switch sh.kind {
	case kindStruct:
		return s.structure(v, sh)
	case kindUnion:
		return s.union(v, sh)
	case kindList:
		return s.list(v, sh)
	case kindMap:
		return s.dict(v, sh)
	case kindString:
		return s.text(v, sh)
	case kindBlob:
		return s.blob(v, sh)
	case kindBool:
		if c != 't' && c != 'f' {
			return s.mismatch("a Boolean")
		}
		place(v, sh).SetBool(c == 't')
		return s.literal(strconv.FormatBool(c == 't'))
	case kindInt, kindFloat, kindTime:
		return s.scalar(v, sh)
	}
	return badInput("Headgate does not read this member (a document or event stream)")
}

// structure reads members in whatever order they come; of one given twice the last counts.
func (s *scanner) structure(v reflect.Value, sh *shape) error {
	if s.peek() != '{' {
		return s.mismatch("a structure")
	}
	if err := s.enter('{'); err != nil {
		return err
	}
	v = place(v, sh)
	for first := true; ; first = false {
		more, err := s.more(first, '}')
		if err != nil || !more {
			return err
		}
		k, err := s.key()
		if err != nil {
			return err
		}
		at, ok := sh.structure.names[string(k)]
		if !ok { // unknown members are ignored
			if err := s.skip(); err != nil {
				return err
			}
			continue
		}
		f := &sh.structure.fields[at]
		if err := s.value(v.Field(f.index), f.shape); err != nil {
			return within(f.name, err)
		}
	}
}

// union reads an object with one member that is not null. Old clients add a __type.
func (s *scanner) union(v reflect.Value, sh *shape) error {
	if s.peek() != '{' {
		return s.mismatch("a union")
	}
	if err := s.enter('{'); err != nil {
		return err
	}
	for first := true; ; first = false {
		more, err := s.more(first, '}')
		if err != nil || !more {
			return err
		}
		k, err := s.key()
		if err != nil {
			return err
		}
		m := sh.union.byName[string(k)]
		switch {
		case m == nil && string(k) != "__type":
			return badInput("%q is not a member of the union", clip(string(k)))
		case m == nil || s.null():
			if m == nil {
				err = s.skip()
			}
		case !v.IsNil():
			return badInput("a union must have one member only")
		default:
			p := reflect.New(m.typ)
			if err = s.value(p.Elem().Field(0), m.value); err != nil {
				return within(m.name, err)
			}
			v.Set(p)
		}
		if err != nil {
			return err
		}
	}
}

// list reads an array. A null element stays, as the zero value: positions carry meaning.
func (s *scanner) list(v reflect.Value, sh *shape) error {
	if s.peek() != '[' {
		return s.mismatch("a list")
	}
	if err := s.enter('['); err != nil {
		return err
	}
	v = place(v, sh)
	out := reflect.MakeSlice(sh.typ, 0, 4)
	zero := reflect.Zero(sh.typ.Elem())
	for n := 0; ; n++ {
		more, err := s.more(n == 0, ']')
		if err != nil {
			return err
		}
		if !more {
			v.Set(out)
			return nil
		}
		out = reflect.Append(out, zero)
		if err := s.value(out.Index(n), sh.elem); err != nil {
			return within(index(n), err)
		}
	}
}

// dict reads an object into a map; an empty one gives an empty map, which differs from none (an
// alias's weights are cleared so).
func (s *scanner) dict(v reflect.Value, sh *shape) error {
	if s.peek() != '{' {
		return s.mismatch("a map")
	}
	if err := s.enter('{'); err != nil {
		return err
	}
	v = place(v, sh)
	out := reflect.MakeMap(sh.typ)
	for first := true; ; first = false {
		more, err := s.more(first, '}')
		if err != nil {
			return err
		}
		if !more {
			v.Set(out)
			return nil
		}
		k, err := s.key()
		if err != nil {
			return err
		}
		key := validUTF8(k)
		if s.null() { // AWS drops null entries of maps that are not sparse
			continue
		}
		e := reflect.New(sh.typ.Elem()).Elem()
		if err := s.value(e, sh.elem); err != nil {
			return within(key, err)
		}
		out.SetMapIndex(reflect.ValueOf(key).Convert(sh.typ.Key()), e)
	}
}

func (s *scanner) text(v reflect.Value, sh *shape) error {
	if s.peek() != '"' {
		return s.mismatch("a String")
	}
	b, err := s.str()
	if err != nil {
		return err
	}
	setString(v, sh, validUTF8(b))
	return nil
}

// blob decodes base64 straight from the body: packages of 50 MB come this way.
func (s *scanner) blob(v reflect.Value, sh *shape) error {
	if s.peek() != '"' {
		return s.mismatch("a Blob")
	}
	b, err := s.str()
	if err != nil {
		return err
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(b)))
	n, err := base64.StdEncoding.Decode(out, b)
	if err != nil {
		return badInput("the value is not base64")
	}
	place(v, sh).SetBytes(out[:n])
	return nil
}

// scalar reads numbers and timestamps; of strings it takes the words that stand for numbers JSON
// cannot write, and textual timestamps.
func (s *scanner) scalar(v reflect.Value, sh *shape) error {
	if s.peek() == '"' {
		b, err := s.str()
		if err != nil {
			return err
		}
		word := string(b)
		if sh.kind == kindTime || sh.kind == kindFloat && (word == "NaN" || word == "Infinity" || word == "-Infinity") {
			return setText(v, sh, word)
		}
		return badInput("STRING_VALUE can not be converted to %s", numeric(sh))
	}
	if c := s.peek(); c != '-' && (c < '0' || c > '9') {
		return s.mismatch(numeric(sh))
	}
	n, err := s.number()
	if err != nil {
		return err
	}
	return setText(v, sh, n)
}

// numeric names the type that scalar wanted.
func numeric(sh *shape) string {
	switch sh.kind {
	case kindInt:
		return "an Integer"
	case kindFloat:
		return "a Double"
	}
	return "a Timestamp"
}

// mismatch says, in AWS's words, that the value ahead is of the wrong type; or that there is
// none, which is a syntax error.
func (s *scanner) mismatch(want string) error {
	switch c := s.peek(); {
	case c == '{' || c == '[':
		return badInput("Start of structure or map found where not expected, wanted %s", want)
	case c == '"':
		return badInput("STRING_VALUE can not be converted to %s", want)
	case c == 't' || c == 'f':
		return badInput("%s_VALUE can not be converted to %s", map[byte]string{'t': "TRUE", 'f': "FALSE"}[c], want)
	case c == '-' || c >= '0' && c <= '9':
		return badInput("NUMBER_VALUE can not be converted to %s", want)
	}
	return s.syntax()
}

func validUTF8(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }
