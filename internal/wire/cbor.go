package wire

import (
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// cborMode reads bodies into maps, slices and scalars. Timestamps come as tag 1; the library
// bounds nesting.
var cborMode = func() cbor.DecMode {
	m, err := cbor.DecOptions{
		DefaultMapType:  reflect.TypeFor[map[string]any](),
		MaxNestedLevels: maxDepth,
		TimeTag:         cbor.DecTagOptional,
	}.DecMode()
	if err != nil {
		panic(err) // the options are constant
	}
	return m
}()

// decodeCBOR reads a whole body into v. An empty body is an empty structure.
func decodeCBOR(body []byte, v reflect.Value, sh *shape) error {
	if len(body) == 0 {
		return nil
	}
	var tree any
	if err := cborMode.Unmarshal(body, &tree); err != nil {
		return &BadInput{Reason: "the body is not CBOR: " + err.Error()}
	}
	return fromCBOR(tree, v, sh)
}

// fromCBOR moves a decoded tree into v; nulls leave it absent.
func fromCBOR(x any, v reflect.Value, sh *shape) error {
	if x == nil {
		return nil
	}
	switch sh.kind {
	case kindStruct, kindMap, kindUnion:
		m, ok := x.(map[string]any)
		if !ok {
			return badInput("expected a map")
		}
		switch sh.kind {
		case kindStruct:
			return structFromCBOR(m, v, sh)
		case kindMap:
			return mapFromCBOR(m, v, sh)
		}
		return unionFromCBOR(m, v, sh)
	case kindList:
		items, ok := x.([]any)
		if !ok {
			return badInput("expected a list")
		}
		out := reflect.MakeSlice(sh.typ, len(items), len(items))
		for i, e := range items {
			if err := fromCBOR(e, out.Index(i), sh.elem); err != nil {
				return within(index(i), err)
			}
		}
		place(v, sh).Set(out)
		return nil
	}
	return scalarFromCBOR(x, v, sh)
}

// structFromCBOR is scanner.structure for CBOR: unknown members are ignored.
func structFromCBOR(m map[string]any, v reflect.Value, sh *shape) error {
	v = place(v, sh)
	for k, x := range m {
		at, ok := sh.structure.names[k]
		if !ok {
			continue
		}
		f := &sh.structure.fields[at]
		if err := fromCBOR(x, v.Field(f.index), f.shape); err != nil {
			return within(k, err)
		}
	}
	return nil
}

// mapFromCBOR is scanner.dict for CBOR.
func mapFromCBOR(m map[string]any, v reflect.Value, sh *shape) error {
	out := reflect.MakeMapWithSize(sh.typ, len(m))
	for k, x := range m {
		if x == nil {
			continue
		}
		e := reflect.New(sh.typ.Elem()).Elem()
		if err := fromCBOR(x, e, sh.elem); err != nil {
			return within(k, err)
		}
		out.SetMapIndex(reflect.ValueOf(k).Convert(sh.typ.Key()), e)
	}
	place(v, sh).Set(out)
	return nil
}

// unionFromCBOR is scanner.union for CBOR.
func unionFromCBOR(m map[string]any, v reflect.Value, sh *shape) error {
	for k, x := range m {
		u := sh.union.byName[k]
		switch {
		case x == nil || k == "__type":
		case u == nil:
			return badInput("%q is not a member of the union", clip(k))
		case !v.IsNil():
			return badInput("a union must have one member only")
		default:
			p := reflect.New(u.typ)
			if err := fromCBOR(x, p.Elem().Field(0), u.value); err != nil {
				return within(k, err)
			}
			v.Set(p)
		}
	}
	return nil
}

// scalarFromCBOR is strict about types but for numbers: clients send a whole number for a double
// and, rarely, the reverse.
func scalarFromCBOR(x any, v reflect.Value, sh *shape) error {
	switch x := x.(type) {
	case string:
		if sh.kind == kindString {
			setString(v, sh, strings.ToValidUTF8(x, "\uFFFD"))
			return nil
		}
	case []byte:
		if sh.kind == kindBlob {
			place(v, sh).SetBytes(x)
			return nil
		}
	case bool:
		if sh.kind == kindBool {
			place(v, sh).SetBool(x)
			return nil
		}
	case time.Time:
		if sh.kind == kindTime {
			place(v, sh).Set(reflect.ValueOf(x.Round(time.Millisecond).UTC()))
			return nil
		}
	case uint64:
		if sh.kind == kindInt && (x > math.MaxInt64 || place(v, sh).OverflowInt(int64(x))) {
			break
		}
		return numberFromCBOR(float64(x), int64(x), v, sh)
	case int64:
		return numberFromCBOR(float64(x), x, v, sh)
	case float64:
		if sh.kind == kindInt {
			if x != math.Trunc(x) || math.Abs(x) >= math.MaxInt64 {
				break
			}
		}
		return numberFromCBOR(x, int64(x), v, sh)
	}
	return badInput("the value is of another type")
}

// numberFromCBOR sets v from whichever of f and i its kind takes.
func numberFromCBOR(f float64, i int64, v reflect.Value, sh *shape) error {
	switch sh.kind {
	case kindInt:
		p := place(v, sh)
		if p.OverflowInt(i) {
			return badInput("the number is out of range")
		}
		p.SetInt(i)
	case kindFloat:
		place(v, sh).SetFloat(f)
	case kindTime:
		t, ok := epoch(f)
		if !ok {
			return badInput("the timestamp is out of range")
		}
		place(v, sh).Set(reflect.ValueOf(t))
	default:
		return badInput("the value is of another type")
	}
	return nil
}

// appendCBOR writes v. Structures have an indefinite length, since absent members are left out.
func appendCBOR(b []byte, v reflect.Value, sh *shape) []byte {
	if sh.ptr {
		if v.IsNil() {
			return append(b, 0xf6)
		}
		v = v.Elem()
	}
	switch sh.kind {
	case kindStruct:
		b = append(b, 0xbf)
		for i := range sh.structure.fields {
			f := &sh.structure.fields[i]
			if fv := v.Field(f.index); f.loc == inBody && !isNil(fv) {
				b = appendCBOR(appendCBORString(b, f.name), fv, f.shape)
			}
		}
		return append(b, 0xff)
	case kindUnion:
		if m := sh.union.of(v); m != nil {
			b = appendCBORString(cborHead(b, 5, 1), m.name)
			return appendCBOR(b, v.Elem().Elem().Field(0), m.value)
		}
		return append(b, 0xf6)
	case kindList:
		b = cborHead(b, 4, uint64(v.Len()))
		for i := range v.Len() {
			b = appendCBOR(b, v.Index(i), sh.elem)
		}
		return b
	case kindMap:
		b = cborHead(b, 5, uint64(v.Len()))
		for _, k := range sortedKeys(v) {
			b = appendCBOR(appendCBORString(b, k.String()), v.MapIndex(k), sh.elem)
		}
		return b
	}
	return appendCBORScalar(b, v, sh)
}

// appendCBORScalar writes what is no container. Doubles are never shortened: the SDKs read all
// widths, and shortening costs more than it saves.
func appendCBORScalar(b []byte, v reflect.Value, sh *shape) []byte {
	switch sh.kind {
	case kindString:
		return appendCBORString(b, v.String())
	case kindBool:
		if v.Bool() {
			return append(b, 0xf5)
		}
		return append(b, 0xf4)
	case kindInt:
		if i := v.Int(); i < 0 {
			return cborHead(b, 1, uint64(-1-i))
		}
		return cborHead(b, 0, uint64(v.Int()))
	case kindFloat:
		return binary.BigEndian.AppendUint64(append(b, 0xfb), math.Float64bits(v.Float()))
	case kindBlob:
		return append(cborHead(b, 2, uint64(v.Len())), v.Bytes()...)
	case kindTime: // tag 1, a double
		f := float64(v.Interface().(time.Time).UnixMilli()) / 1e3
		return binary.BigEndian.AppendUint64(append(b, 0xc1, 0xfb), math.Float64bits(f))
	}
	return append(b, 0xf6)
}

func appendCBORString(b []byte, s string) []byte {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return append(cborHead(b, 3, uint64(len(s))), s...)
}

// cborHead writes a major type and its argument in the shortest form.
func cborHead(b []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(b, major<<5|byte(n))
	case n <= math.MaxUint8:
		return append(b, major<<5|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, major<<5|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, major<<5|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major<<5|27), n)
}

// sortedKeys orders a map's keys, so that equal outputs give equal bytes.
func sortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}
