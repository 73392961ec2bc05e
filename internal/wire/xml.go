package wire

import (
	"encoding/base64"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
)

// appendXML writes v as the element name, or as several of that name if it is a flattened list
// or map.
func appendXML(b []byte, name string, v reflect.Value, sh *shape) []byte {
	if sh.ptr {
		if v.IsNil() {
			return appendTag(appendTag(b, name, false), name, true)
		}
		v = v.Elem()
	}
	if sh.flat {
		switch sh.kind {
		case kindList:
			for i := range v.Len() {
				b = appendXML(b, name, v.Index(i), sh.elem)
			}
			return b
		case kindMap:
			return appendXMLEntries(b, name, v, sh)
		}
	}
	b = appendTag(b, name, false)
	switch sh.kind {
	case kindStruct:
		b = appendXMLMembers(b, v, sh.structure)
	case kindUnion:
		if m := sh.union.of(v); m != nil {
			b = appendXML(b, m.name, v.Elem().Elem().Field(0), m.value)
		}
	case kindList:
		for i := range v.Len() {
			b = appendXML(b, sh.item, v.Index(i), sh.elem)
		}
	case kindMap:
		b = appendXMLEntries(b, "entry", v, sh)
	default:
		b = appendXMLScalar(b, v, sh)
	}
	return appendTag(b, name, true)
}

// appendXMLMembers writes the members that are present.
func appendXMLMembers(b []byte, v reflect.Value, st *structure) []byte {
	for i := range st.fields {
		f := &st.fields[i]
		if fv := v.Field(f.index); f.loc == inBody && !isNil(fv) {
			b = appendXML(b, f.name, fv, f.shape)
		}
	}
	return b
}

// appendXMLEntries writes each entry of a map as an element of the name given.
func appendXMLEntries(b []byte, name string, v reflect.Value, sh *shape) []byte {
	for _, k := range sortedKeys(v) {
		b = appendTag(appendTag(b, name, false), sh.key, false)
		b = appendTag(appendXMLText(b, k.String()), sh.key, true)
		b = appendXML(b, sh.item, v.MapIndex(k), sh.elem)
		b = appendTag(b, name, true)
	}
	return b
}

// appendXMLScalar writes a leaf's text; timestamps are date-time unless the schema says otherwise.
func appendXMLScalar(b []byte, v reflect.Value, sh *shape) []byte {
	switch sh.kind {
	case kindString:
		return appendXMLText(b, v.String())
	case kindBool:
		return strconv.AppendBool(b, v.Bool())
	case kindInt:
		return strconv.AppendInt(b, v.Int(), 10)
	case kindFloat:
		return append(b, formatFloat(v.Float(), sh.typ.Bits())...)
	case kindBlob:
		return base64.StdEncoding.AppendEncode(b, v.Bytes())
	case kindTime:
		return append(b, formatTime(v.Interface().(time.Time), sh.time)...)
	}
	return b
}

// appendTag writes <name> or, at the end, </name>.
func appendTag(b []byte, name string, end bool) []byte {
	b = append(b, '<')
	if end {
		b = append(b, '/')
	}
	return append(append(b, name...), '>')
}

// appendXMLText escapes s. Characters that XML 1.0 cannot carry become U+FFFD; a carriage return
// is escaped because parsers would turn it into a line feed.
func appendXMLText(b []byte, s string) []byte {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '&':
			b = append(b, "&amp;"...)
		case r == '<':
			b = append(b, "&lt;"...)
		case r == '>':
			b = append(b, "&gt;"...)
		case r == '\r':
			b = append(b, "&#xD;"...)
		case r < 0x20 && r != '\n' && r != '\t', r == 0xFFFE, r == 0xFFFF:
			b = append(b, "\uFFFD"...)
		default:
			b = utf8.AppendRune(b, r)
		}
		i += n
	}
	return b
}
