package wire

import (
	"encoding/base64"
	"math"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
)

// appendJSON writes v. Members that are absent are left out; timestamps are epoch seconds unless
// the schema says otherwise.
func appendJSON(b []byte, v reflect.Value, sh *shape) []byte {
	if sh.ptr {
		if v.IsNil() {
			return append(b, "null"...)
		}
		v = v.Elem()
	}
	switch sh.kind {
	case kindStruct:
		return appendJSONStruct(b, v, sh.structure)
	case kindUnion:
		if m := sh.union.of(v); m != nil {
			b = append(appendJSONString(append(b, '{'), m.name), ':')
			return append(appendJSON(b, v.Elem().Elem().Field(0), m.value), '}')
		}
		return append(b, "null"...)
	case kindList:
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, v.Index(i), sh.elem)
		}
		return append(b, ']')
	case kindMap:
		b = append(b, '{')
		for i, k := range sortedKeys(v) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendJSONString(b, k.String()), ':')
			b = appendJSON(b, v.MapIndex(k), sh.elem)
		}
		return append(b, '}')
	case kindString:
		return appendJSONString(b, v.String())
	case kindBool:
		return strconv.AppendBool(b, v.Bool())
	case kindInt:
		return strconv.AppendInt(b, v.Int(), 10)
	case kindFloat:
		return appendJSONFloat(b, v.Float(), sh.typ.Bits())
	case kindBlob:
		return append(base64.StdEncoding.AppendEncode(append(b, '"'), v.Bytes()), '"')
	case kindTime:
		t := v.Interface().(time.Time)
		if sh.time == "" || sh.time == formatEpoch {
			return strconv.AppendFloat(b, float64(t.UnixMilli())/1e3, 'f', -1, 64)
		}
		return appendJSONString(b, formatTime(t, sh.time))
	}
	return append(b, "null"...)
}

// appendJSONStruct writes the members that travel in the body, in the order of the Go struct.
func appendJSONStruct(b []byte, v reflect.Value, st *structure) []byte {
	b = append(b, '{')
	first := true
	for i := range st.fields {
		f := &st.fields[i]
		if f.loc != inBody {
			continue
		}
		fv := v.Field(f.index)
		if isNil(fv) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(appendJSONString(b, f.name), ':')
		b = appendJSON(b, fv, f.shape)
	}
	return append(b, '}')
}

// appendJSONFloat writes what JSON numbers cannot say as AWS's words, in quotes.
func appendJSONFloat(b []byte, f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return appendJSONString(b, formatFloat(f, bits))
	}
	return strconv.AppendFloat(b, f, 'g', -1, bits)
}

// appendJSONString escapes what JSON demands and no more; invalid UTF-8 becomes U+FFFD. The
// standard library would escape <, > and & as well.
func appendJSONString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			if r, n := utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
			b = append(append(b, s[start:i]...), "\uFFFD"...)
			i++
			start = i
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\t':
			b = append(b, '\\', 't')
		case '\r':
			b = append(b, '\\', 'r')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

// of returns the member that a union value holds, nil if none or one that is unknown.
func (u *union) of(v reflect.Value) *variant {
	if v.IsNil() {
		return nil
	}
	return u.byType[v.Elem().Type()]
}
