package resource

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Decode puts properties into the members of an SDK struct that bear their names. Properties that
// the struct has no member for are left out: a schema has refused what the type does not take.
func Decode(p Properties, into any) error {
	if err := decodeStruct(map[string]any(p), reflect.ValueOf(into).Elem(), ""); err != nil {
		return &Failure{err.Error()} // the template's fault: trying again would not help
	}
	return nil
}

func decodeStruct(m map[string]any, v reflect.Value, path string) error {
	for name, x := range m {
		f := member(v, name)
		if !f.IsValid() {
			continue
		}
		if err := decodeValue(x, f, path+"/"+name); err != nil {
			return err
		}
	}
	return nil
}

// member finds a field by a property's name. The two languages differ in the case of a few
// abbreviations (KmsKeyArn, KMSKeyArn).
func member(v reflect.Value, name string) reflect.Value {
	if f := v.FieldByName(name); f.IsValid() {
		return f
	}
	return v.FieldByNameFunc(func(s string) bool { return strings.EqualFold(s, name) })
}

func decodeValue(x any, v reflect.Value, path string) error {
	if x == nil || !v.CanSet() {
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		if err := decodeValue(x, p.Elem(), path); err != nil {
			return err
		}
		v.Set(p)
		return nil
	case reflect.Struct:
		m, ok := x.(map[string]any)
		if !ok {
			return fmt.Errorf("#%s: expected type: JSONObject, found: %s", path, found(x))
		}
		return decodeStruct(m, v, path)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			s, _ := asText(x)
			v.SetBytes([]byte(s))
			return nil
		}
		return decodeList(x, v, path)
	case reflect.Map:
		return decodeMap(x, v, path)
	}
	return decodeScalar(x, v, path)
}

func decodeList(x any, v reflect.Value, path string) error {
	items, ok := x.([]any)
	if !ok {
		items = []any{x}
	}
	list := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		if err := decodeValue(item, list.Index(i), fmt.Sprintf("%s/%d", path, i)); err != nil {
			return err
		}
	}
	v.Set(list)
	return nil
}

func decodeMap(x any, v reflect.Value, path string) error {
	members, ok := x.(map[string]any)
	if !ok {
		return fmt.Errorf("#%s: expected type: JSONObject, found: %s", path, found(x))
	}
	m := reflect.MakeMapWithSize(v.Type(), len(members))
	for name, item := range members {
		e := reflect.New(v.Type().Elem()).Elem()
		if err := decodeValue(item, e, path+"/"+name); err != nil {
			return err
		}
		m.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), e)
	}
	v.Set(m)
	return nil
}

func decodeScalar(x any, v reflect.Value, path string) error {
	s, ok := asText(x)
	if !ok {
		return fmt.Errorf("#%s: expected type: String, found: %s", path, found(x))
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Bool:
		b, ok := asBool(x)
		if !ok {
			return fmt.Errorf("#%s: expected type: Boolean, found: %s", path, found(x))
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(s, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("#%s: expected type: Integer, found: %s", path, found(x))
		}
		v.SetInt(n)
	case reflect.Float32, reflect.Float64:
		n, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return fmt.Errorf("#%s: expected type: Number, found: %s", path, found(x))
		}
		v.SetFloat(n)
	default:
		return fmt.Errorf("#%s: no way to set a %s", path, v.Type())
	}
	return nil
}
