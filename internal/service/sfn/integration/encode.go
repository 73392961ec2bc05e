package integration

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// maxStream bounds what is read of a streaming body, in bytes. It is more than a result may hold, so that one that is too
// large is seen to be.
const maxStream = 1 << 20

// encode makes an SDK output, or a part of one, the JSON that Step Functions shows: members that are set, by name, a stream's
// text last.
func (k *codec) encode(v reflect.Value) (any, error) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil, nil
		}
		if r, ok := v.Interface().(io.Reader); ok {
			return encodeStream(r)
		}
		if v.Kind() == reflect.Interface {
			return k.encodeUnion(v.Elem())
		}
		return k.encode(v.Elem())
	case reflect.Struct:
		if v.Type() == timeType {
			return instant(v.Interface().(time.Time)), nil
		}
		return k.encodeStruct(v)
	case reflect.Slice:
		return k.encodeList(v)
	case reflect.Map:
		return k.encodeMap(v)
	case reflect.String:
		return v.String(), nil
	case reflect.Bool:
		return v.Bool(), nil
	case reflect.Float32, reflect.Float64:
		return v.Float(), nil
	}
	return json.Number(strconv.FormatInt(v.Int(), 10)), nil
}

func (k *codec) encodeStruct(v reflect.Value) (any, error) {
	p := k.plan(v.Type())
	out := jsonvalue.NewObject(len(p.names))
	var streams []string
	names := slices.Sorted(slices.Values(p.names))
	for _, name := range names {
		f := v.Field(p.fields[name])
		if absent(f) {
			continue
		}
		if f.Type().Implements(readerType) {
			streams = append(streams, name)
			continue
		}
		member, err := k.encode(f)
		if err != nil {
			return nil, err
		}
		out.Set(name, member)
	}
	for _, name := range streams {
		text, err := k.encode(v.Field(p.fields[name]))
		if err != nil {
			return nil, err
		}
		out.Set(name, text)
	}
	return out, nil
}

// absent tells a member that is not set. An empty list is, an enum's empty text is not.
func absent(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		return v.IsNil()
	case reflect.String:
		return v.Len() == 0
	}
	return false
}

func (k *codec) encodeList(v reflect.Value) (any, error) {
	if v.Type() == bytesType {
		return content(v.Bytes()), nil
	}
	out := make([]any, v.Len())
	var err error
	for i := range out {
		if out[i], err = k.encode(v.Index(i)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (k *codec) encodeMap(v reflect.Value) (any, error) {
	out := jsonvalue.NewObject(v.Len())
	keys := make([]string, 0, v.Len())
	for _, key := range v.MapKeys() {
		keys = append(keys, key.String())
	}
	slices.Sort(keys)
	for _, key := range keys {
		member, err := k.encode(v.MapIndex(reflect.ValueOf(key).Convert(v.Type().Key())))
		if err != nil {
			return nil, err
		}
		out.Set(key, member)
	}
	return out, nil
}

// encodeUnion writes {"Member": …}: what follows "Member" in the SDK's name of the struct.
func (k *codec) encodeUnion(v reflect.Value) (any, error) {
	v = reflect.Indirect(v)
	if v.Kind() != reflect.Struct || v.NumField() == 0 {
		return nil, nil
	}
	name := v.Type().Name()
	for i := 0; i+6 < len(name); i++ {
		if name[i:i+6] == "Member" {
			name = name[i+6:]
			break
		}
	}
	member, err := k.encode(v.Field(0))
	return jsonvalue.Of(name, member), err
}

func encodeStream(r io.Reader) (any, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxStream))
	if c, ok := r.(io.Closer); ok {
		c.Close()
	}
	return content(b), err
}

// content is a blob as text, or in base64 if it is none.
func content(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return base64.StdEncoding.EncodeToString(b)
}

// instant is a time as Java's Instant writes it.
func instant(t time.Time) string {
	if t.Nanosecond()/1e6 != 0 {
		return t.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}
