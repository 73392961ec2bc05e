package jsonvalue

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/headgate/headgate/jsonata"
)

// Encode writes a value as compact JSON, as Step Functions writes outputs: members in order, characters beyond
// ASCII as they are, numbers as Double writes them (see FormatDouble).
func Encode(v any) string { return string(Append(nil, v)) }

// Append is Encode onto buf.
func Append(buf []byte, v any) []byte {
	switch v := v.(type) {
	case nil, jsonata.Undefined:
		return append(buf, "null"...)
	case bool:
		return strconv.AppendBool(buf, v)
	case string:
		return appendString(buf, v)
	case json.Number:
		return appendNumber(buf, v)
	case float64:
		return appendFloat(buf, v)
	case int64:
		return strconv.AppendInt(buf, v, 10)
	case int:
		return strconv.AppendInt(buf, int64(v), 10)
	case []any:
		buf = append(buf, '[')
		for i, item := range v {
			if i > 0 {
				buf = append(buf, ',')
			}
			buf = Append(buf, item)
		}
		return append(buf, ']')
	case *Object:
		buf = append(buf, '{')
		first := true
		for k, item := range v.All() {
			if !first {
				buf = append(buf, ',')
			}
			first = false
			buf = append(appendString(buf, k), ':')
			buf = Append(buf, item)
		}
		return append(buf, '}')
	}
	// Nothing else comes from JSON or JSONata; what cannot be written, such as a function, is nothing.
	text, err := json.Marshal(v)
	if err != nil {
		return append(buf, "null"...)
	}
	return append(buf, text...)
}

// appendNumber keeps the spelling of integers, however long; other numbers are doubles.
func appendNumber(buf []byte, n json.Number) []byte {
	if IsInteger(n) {
		return append(buf, n...)
	}
	f, err := n.Float64()
	if err != nil {
		return append(buf, n...)
	}
	return append(buf, FormatDouble(f)...)
}

// appendFloat writes what a function or JSONata computed: a whole number as an integer.
func appendFloat(buf []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(buf, "null"...)
	}
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return strconv.AppendInt(buf, int64(f), 10)
	}
	return append(buf, FormatDouble(f)...)
}

// FormatDouble writes a number as Java's Double.toString does: always with a point, and with an exponent from
// 10^7 up and below 10^-3. So 1e3 read from an input leaves as 1000.0.
func FormatDouble(f float64) string {
	abs := math.Abs(f)
	if f == 0 || abs >= 1e-3 && abs < 1e7 {
		s := strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	s := strconv.FormatFloat(f, 'E', -1, 64)
	mantissa, exponent, _ := strings.Cut(s, "E")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	n, _ := strconv.Atoi(exponent)
	return mantissa + "E" + strconv.Itoa(n)
}

const hex = "0123456789ABCDEF"

// appendString escapes only what JSON demands, with the short forms where there are any.
func appendString(buf []byte, s string) []byte {
	buf = append(buf, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf || c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		buf = append(buf, s[start:i]...)
		if short := strings.IndexByte("\"\\\b\f\n\r\t", c); short >= 0 {
			buf = append(buf, '\\', `"\bfnrt`[short])
		} else {
			buf = append(buf, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	return append(append(buf, s[start:]...), '"')
}
