package jsonata

import (
	"cmp"
	"math"
	"strconv"
	"strings"
)

// Marshal writes a result of Eval as compact JSON: objects in order (a map by sorted key), numbers as JavaScript
// writes them, undefined as null.
func Marshal(v any) ([]byte, error) {
	w := jsonWriter{exact: true}
	if err := w.value(v, 0); err != nil {
		return nil, err
	}
	return w.buf, nil
}

// displayJSON shows a value in an error message; it never fails.
func displayJSON(v any) string {
	if isUndefined(v) {
		return ""
	}
	w := jsonWriter{exact: true, limit: 4 << 10}
	if w.value(v, 0) != nil {
		return string(w.buf) + "…"
	}
	return string(w.buf)
}

// jsonWriter serialises as $string does, unless exact: then numbers keep all their digits.
type jsonWriter struct {
	buf    []byte
	indent int
	exact  bool
	limit  int // of bytes, for messages, where no value is an error; 0 for maxString
}

func (w *jsonWriter) value(v any, depth int) error {
	if depth > maxJSONDepth {
		return newError("U1001", 0, "", nil)
	}
	if limit := cmp.Or(w.limit, maxString); len(w.buf) > limit {
		return errTooLong()
	}
	switch v := v.(type) {
	case nil, Undefined:
		w.buf = append(w.buf, "null"...)
	case string:
		w.buf = appendQuoted(w.buf, v)
	case bool:
		w.buf = strconv.AppendBool(w.buf, v)
	case float64:
		return w.number(v)
	case []any:
		return w.array(v, depth)
	case *list:
		return w.array(v.items, depth)
	case *Object:
		return w.object(v.keys, v, depth)
	case map[string]any:
		return w.object(sortedKeys(v), v, depth)
	case *Function, *lambda, *regex:
		w.buf = append(w.buf, `""`...)
	default:
		in, err := importValue(v)
		if err != nil {
			return err
		}
		return w.value(in, depth+1)
	}
	return nil
}

func (w *jsonWriter) number(f float64) error {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		if w.limit > 0 {
			w.buf = append(w.buf, formatFloat(f)...)
			return nil
		}
		return newError("D1001", 0, "", f)
	}
	if !w.exact {
		f = round15(f)
	}
	w.buf = appendFloat(w.buf, f)
	return nil
}

func (w *jsonWriter) newline(depth int) {
	if w.indent > 0 {
		w.buf = append(w.buf, '\n')
		w.buf = append(w.buf, strings.Repeat(" ", w.indent*depth)...)
	}
}

func (w *jsonWriter) array(items []any, depth int) error {
	w.buf = append(w.buf, '[')
	for i, item := range items {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.newline(depth + 1)
		if err := w.value(item, depth+1); err != nil {
			return err
		}
	}
	if len(items) > 0 {
		w.newline(depth)
	}
	w.buf = append(w.buf, ']')
	return nil
}

func (w *jsonWriter) object(keys []string, o any, depth int) error {
	w.buf = append(w.buf, '{')
	n := 0
	for _, k := range keys {
		v := getField(o, k)
		if isUndefined(v) {
			continue
		}
		if n++; n > 1 {
			w.buf = append(w.buf, ',')
		}
		w.newline(depth + 1)
		w.buf = append(appendQuoted(w.buf, k), ':')
		if w.indent > 0 {
			w.buf = append(w.buf, ' ')
		}
		if err := w.value(v, depth+1); err != nil {
			return err
		}
	}
	if n > 0 {
		w.newline(depth)
	}
	w.buf = append(w.buf, '}')
	return nil
}

const hexDigits = "0123456789abcdef"

// appendQuoted writes a JSON string as JSON.stringify does: only what must be escaped is, lone surrogates included.
func appendQuoted(buf []byte, s string) []byte {
	buf = append(buf, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c != 0xED {
			continue
		}
		if c == 0xED {
			u, lone := surrogateAt(s[i:])
			if !lone {
				continue
			}
			buf = append(append(buf, s[start:i]...), '\\', 'u', hexDigits[u>>12], hexDigits[u>>8&15], hexDigits[u>>4&15], hexDigits[u&15])
			i += 2
			start = i + 1
			continue
		}
		buf = append(buf, s[start:i]...)
		if short := strings.IndexByte("\"\\\b\f\n\r\t", c); short >= 0 {
			buf = append(buf, '\\', `"\bfnrt`[short])
		} else {
			buf = append(buf, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		start = i + 1
	}
	return append(append(buf, s[start:]...), '"')
}

func formatFloat(f float64) string { return string(appendFloat(nil, f)) }

// appendFloat writes a number as JavaScript does: the shortest digits that read back the same, with an exponent
// from 1e21 up and below 1e-6.
func appendFloat(buf []byte, f float64) []byte {
	abs := math.Abs(f)
	switch {
	case math.IsNaN(f):
		return append(buf, "NaN"...)
	case math.IsInf(f, 1):
		return append(buf, "Infinity"...)
	case math.IsInf(f, -1):
		return append(buf, "-Infinity"...)
	case f == 0:
		return append(buf, '0')
	case abs < 1e15 && f == math.Trunc(f):
		return strconv.AppendInt(buf, int64(f), 10)
	case abs < 1e21 && abs >= 1e-6:
		return strconv.AppendFloat(buf, f, 'f', -1, 64)
	}
	from := len(buf)
	buf = strconv.AppendFloat(buf, f, 'e', -1, 64)
	// Go pads the exponent to two digits, JavaScript does not.
	for i := from; i < len(buf); i++ {
		if buf[i] == 'e' && i+2 < len(buf) && buf[i+2] == '0' {
			return append(buf[:i+2], buf[i+3:]...)
		}
	}
	return buf
}

// round15 rounds to 15 significant digits, which hides the noise of binary fractions; integers stay exact.
func round15(f float64) float64 {
	if f == math.Trunc(f) {
		return f
	}
	var scratch [32]byte
	r, err := strconv.ParseFloat(string(strconv.AppendFloat(scratch[:0], f, 'e', 14, 64)), 64)
	if err != nil {
		return f
	}
	return r
}
