package runner

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// decodeJSON reads one JSON value as encoding/json does with UseNumber. Answers are mostly small, and encoding/json's Decoder costs as much
// for those as half of a step's other work; what this reader finds odd goes to it.
func decodeJSON(b []byte) (any, bool) {
	r := reader{b: b}
	v, ok := r.value(0)
	if ok && r.space() == len(b) {
		return v, true
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		return nil, false
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, false
	}
	return v, true
}

// maxPlainDepth is how deep this reader goes itself.
const maxPlainDepth = 100

type reader struct {
	b []byte
	i int
}

// space skips white space and answers the place after it.
func (r *reader) space() int {
	for r.i < len(r.b) {
		switch r.b[r.i] {
		case ' ', '\t', '\r', '\n':
			r.i++
		default:
			return r.i
		}
	}
	return r.i
}

// next skips white space and answers the byte after it; zero at the end.
func (r *reader) next() byte {
	if r.space() == len(r.b) {
		return 0
	}
	return r.b[r.i]
}

func (r *reader) value(depth int) (any, bool) {
	if depth > maxPlainDepth {
		return nil, false
	}
	switch c := r.next(); c {
	case '{':
		return r.object(depth)
	case '[':
		return r.array(depth)
	case '"':
		return r.text()
	case 't':
		return true, r.word("true")
	case 'f':
		return false, r.word("false")
	case 'n':
		return nil, r.word("null")
	default:
		return r.number()
	}
}

func (r *reader) word(w string) bool {
	if len(r.b)-r.i < len(w) || string(r.b[r.i:r.i+len(w)]) != w {
		return false
	}
	r.i += len(w)
	return true
}

func (r *reader) object(depth int) (any, bool) {
	out := map[string]any{}
	r.i++
	if r.next() == '}' {
		r.i++
		return out, true
	}
	for {
		if r.next() != '"' {
			return nil, false
		}
		key, ok := r.text()
		if !ok || r.next() != ':' {
			return nil, false
		}
		r.i++
		v, ok := r.value(depth + 1)
		if !ok {
			return nil, false
		}
		out[key.(string)] = v
		switch r.next() {
		case ',':
			r.i++
		case '}':
			r.i++
			return out, true
		default:
			return nil, false
		}
	}
}

func (r *reader) array(depth int) (any, bool) {
	out := []any{}
	r.i++
	if r.next() == ']' {
		r.i++
		return out, true
	}
	for {
		v, ok := r.value(depth + 1)
		if !ok {
			return nil, false
		}
		out = append(out, v)
		switch r.next() {
		case ',':
			r.i++
		case ']':
			r.i++
			return out, true
		default:
			return nil, false
		}
	}
}

// text reads a string; the place is at its quote.
func (r *reader) text() (any, bool) {
	start := r.i + 1
	for i := start; i < len(r.b); i++ {
		switch c := r.b[i]; {
		case c == '"':
			r.i = i + 1
			return string(r.b[start:i]), true
		case c < 0x20:
			return nil, false
		case c == '\\' || c >= utf8.RuneSelf:
			r.i = i
			return r.escaped(append([]byte{}, r.b[start:i]...))
		}
	}
	return nil, false
}

// escaped goes on with a string that has escapes or more than ASCII.
func (r *reader) escaped(out []byte) (any, bool) {
	for r.i < len(r.b) {
		switch c := r.b[r.i]; {
		case c == '"':
			r.i++
			return string(out), true
		case c < 0x20:
			return nil, false
		case c == '\\':
			var ok bool
			if out, ok = r.escape(out); !ok {
				return nil, false
			}
		case c < utf8.RuneSelf:
			out = append(out, c)
			r.i++
		default:
			c, n := utf8.DecodeRune(r.b[r.i:])
			out = utf8.AppendRune(out, c) // what is no UTF-8 becomes U+FFFD, as in encoding/json
			r.i += n
		}
	}
	return nil, false
}

func (r *reader) escape(out []byte) ([]byte, bool) {
	if r.i+1 >= len(r.b) {
		return nil, false
	}
	c := r.b[r.i+1]
	r.i += 2
	switch c {
	case '"', '\\', '/':
		return append(out, c), true
	case 'b':
		return append(out, '\b'), true
	case 'f':
		return append(out, '\f'), true
	case 'n':
		return append(out, '\n'), true
	case 'r':
		return append(out, '\r'), true
	case 't':
		return append(out, '\t'), true
	case 'u':
		one, ok := r.hex()
		if !ok {
			return nil, false
		}
		if utf16.IsSurrogate(one) && r.i+1 < len(r.b) && r.b[r.i] == '\\' && r.b[r.i+1] == 'u' {
			at := r.i
			r.i += 2
			two, ok := r.hex()
			if !ok {
				return nil, false
			}
			if both := utf16.DecodeRune(one, two); both != utf8.RuneError {
				return utf8.AppendRune(out, both), true
			}
			r.i = at
		}
		return utf8.AppendRune(out, one), true
	}
	return nil, false
}

func (r *reader) hex() (rune, bool) {
	if r.i+4 > len(r.b) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(r.b[r.i:r.i+4]), 16, 16)
	r.i += 4
	return rune(n), err == nil
}

// number reads a number and keeps its spelling.
func (r *reader) number() (any, bool) {
	start := r.i
	if r.i < len(r.b) && r.b[r.i] == '-' {
		r.i++
	}
	whole := r.digits()
	if whole == 0 || whole > 1 && r.b[r.i-whole] == '0' {
		return nil, false
	}
	if r.i < len(r.b) && r.b[r.i] == '.' {
		r.i++
		if r.digits() == 0 {
			return nil, false
		}
	}
	if r.i < len(r.b) && (r.b[r.i] == 'e' || r.b[r.i] == 'E') {
		r.i++
		if r.i < len(r.b) && (r.b[r.i] == '+' || r.b[r.i] == '-') {
			r.i++
		}
		if r.digits() == 0 {
			return nil, false
		}
	}
	return json.Number(r.b[start:r.i]), true
}

func (r *reader) digits() int {
	start := r.i
	for r.i < len(r.b) && r.b[r.i] >= '0' && r.b[r.i] <= '9' {
		r.i++
	}
	return r.i - start
}
