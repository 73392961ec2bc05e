package jsonata

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// maxJSONDepth bounds the nesting of decoded documents and converted inputs, so that no document can
// exhaust the stack.
const maxJSONDepth = 10_000

var errNotObject = errors.New("jsonata: not a JSON object")

// Decode reads one JSON document into the values that Eval works on: *Object (order kept), []any, string, float64,
// bool and nil. Unlike encoding/json it keeps a lone UTF-16 surrogate (as its three-byte generalised UTF-8 form)
// instead of replacing it, because JavaScript strings can hold one.
func Decode(data []byte) (any, error) {
	d := decoder{data: data}
	v, err := d.value(0)
	if err != nil {
		return nil, err
	}
	d.space()
	if d.pos < len(data) {
		return nil, d.fail("unexpected text after the document")
	}
	return v, nil
}

type decoder struct {
	data []byte
	pos  int
}

func (d *decoder) fail(why string) error {
	return fmt.Errorf("jsonata: invalid JSON at byte %d: %s", d.pos, why)
}

func (d *decoder) space() {
	for d.pos < len(d.data) {
		switch d.data[d.pos] {
		case ' ', '\t', '\n', '\r':
			d.pos++
		default:
			return
		}
	}
}

func (d *decoder) peek() byte {
	d.space()
	if d.pos < len(d.data) {
		return d.data[d.pos]
	}
	return 0
}

func (d *decoder) value(depth int) (any, error) {
	if depth > maxJSONDepth {
		return nil, d.fail("nested too deeply")
	}
	switch c := d.peek(); {
	case c == '{':
		return d.object(depth)
	case c == '[':
		return d.array(depth)
	case c == '"':
		return d.string()
	case c == '-' || c >= '0' && c <= '9':
		return d.number()
	case c == 't':
		return true, d.word("true")
	case c == 'f':
		return false, d.word("false")
	case c == 'n':
		return nil, d.word("null")
	}
	return nil, d.fail("value expected")
}

func (d *decoder) word(w string) error {
	if d.pos+len(w) <= len(d.data) && string(d.data[d.pos:d.pos+len(w)]) == w {
		d.pos += len(w)
		return nil
	}
	return d.fail("value expected")
}

func (d *decoder) object(depth int) (any, error) {
	d.pos++
	o := &Object{}
	if d.peek() == '}' {
		d.pos++
		return o, nil
	}
	for {
		if d.peek() != '"' {
			return nil, d.fail("key expected")
		}
		key, err := d.string()
		if err != nil {
			return nil, err
		}
		if d.peek() != ':' {
			return nil, d.fail("colon expected")
		}
		d.pos++
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		o.Set(key, v)
		switch d.peek() {
		case ',':
			d.pos++
		case '}':
			d.pos++
			return o, nil
		default:
			return nil, d.fail("comma or } expected")
		}
	}
}

func (d *decoder) array(depth int) (any, error) {
	d.pos++
	items := []any{}
	if d.peek() == ']' {
		d.pos++
		return items, nil
	}
	for {
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
		switch d.peek() {
		case ',':
			d.pos++
		case ']':
			d.pos++
			return items, nil
		default:
			return nil, d.fail("comma or ] expected")
		}
	}
}

func (d *decoder) number() (any, error) {
	n := numberLength(d.data[d.pos:], true)
	f, err := strconv.ParseFloat(string(d.data[d.pos:d.pos+n]), 64)
	if n == 0 || (err != nil && !math.IsInf(f, 0)) {
		return nil, d.fail("number expected")
	}
	d.pos += n
	return f, nil
}

func (d *decoder) string() (string, error) {
	d.pos++
	start := d.pos
	for d.pos < len(d.data) {
		switch c := d.data[d.pos]; {
		case c == '"':
			d.pos++
			return string(d.data[start : d.pos-1]), nil
		case c == '\\':
			return d.escaped(start)
		case c < ' ':
			return "", d.fail("control character in string")
		}
		d.pos++
	}
	return "", d.fail("string without end")
}

// escaped goes on with a string from its first escape.
func (d *decoder) escaped(start int) (string, error) {
	buf := append([]byte(nil), d.data[start:d.pos]...)
	for d.pos < len(d.data) {
		c := d.data[d.pos]
		switch {
		case c == '"':
			d.pos++
			return string(buf), nil
		case c < ' ':
			return "", d.fail("control character in string")
		case c != '\\':
			buf = append(buf, c)
			d.pos++
			continue
		}
		out, n := unescape(buf, string(d.data[d.pos+1:min(d.pos+6, len(d.data))]))
		if n <= 0 {
			return "", d.fail("invalid escape")
		}
		buf = out
		d.pos += 1 + n
	}
	return "", d.fail("string without end")
}

// unescape appends the character that an escape sequence stands for; rest begins after the backslash. It returns
// how many bytes of rest it used: 0 for an unknown escape, -1 for a \u without four hex digits. A low surrogate
// joins a high one that ends buf.
func unescape(buf []byte, rest string) ([]byte, int) {
	if rest == "" {
		return buf, 0
	}
	switch rest[0] {
	case '"', '\\', '/':
		return append(buf, rest[0]), 1
	case 'b':
		return append(buf, '\b'), 1
	case 'f':
		return append(buf, '\f'), 1
	case 'n':
		return append(buf, '\n'), 1
	case 'r':
		return append(buf, '\r'), 1
	case 't':
		return append(buf, '\t'), 1
	case 'u':
		if len(rest) < 5 {
			return buf, -1
		}
		unit, err := strconv.ParseUint(rest[1:5], 16, 16)
		if err != nil {
			return buf, -1
		}
		return appendUnit(buf, uint16(unit)), 5
	}
	return buf, 0
}

// numberLength measures the JSON number at the start of text, 0 if there is none.
func numberLength[T string | []byte](text T, signed bool) int {
	i := 0
	digits := func() bool {
		from := i
		for i < len(text) && text[i] >= '0' && text[i] <= '9' {
			i++
		}
		return i > from
	}
	if signed && i < len(text) && text[i] == '-' {
		i++
	}
	if i < len(text) && text[i] == '0' {
		i++
	} else if !digits() {
		return 0
	}
	if end := i; i < len(text) && text[i] == '.' {
		i++
		if !digits() {
			return end
		}
	}
	if end := i; i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		if !digits() {
			return end
		}
	}
	return i
}

// validRune tells whether the first character of s is a well-formed UTF-8 one.
func validRune(s string) (rune, int, bool) {
	r, n := utf8.DecodeRuneInString(s)
	return r, n, r != utf8.RuneError || n > 1
}
