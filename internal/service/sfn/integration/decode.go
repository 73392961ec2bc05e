package integration

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"
	"sync"
	"time"

	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
)

var (
	timeType   = reflect.TypeFor[time.Time]()
	readerType = reflect.TypeFor[io.Reader]()
	bytesType  = reflect.TypeFor[[]byte]()
)

// plan says which field of a struct a member is.
type plan struct {
	fields map[string]int // by member name
	names  []string       // in the struct's order
}

// codec makes SDK structs of JSON, and JSON of SDK structs. It remembers how; the zero codec works.
type codec struct{ plans sync.Map } // reflect.Type → *plan

func (k *codec) plan(t reflect.Type) *plan {
	if p, ok := k.plans.Load(t); ok {
		return p.(*plan)
	}
	p := &plan{fields: map[string]int{}}
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() || f.Name == "ResultMetadata" {
			continue
		}
		name := memberName(f.Name)
		p.fields[name] = i
		p.names = append(p.names, name)
	}
	k.plans.Store(t, p)
	return p
}

// parameterError is what is wrong with parameters, in AWS's words.
type parameterError struct{ text string }

func (e *parameterError) Error() string { return e.text }

func parameterErrorf(format string, args ...any) error {
	return &parameterError{fmt.Sprintf(format, args...)}
}

// decode fills an SDK input from parameters.
func (k *codec) decode(v any, into reflect.Value) error {
	o, ok := v.(*asl.Object)
	if !ok {
		if v == nil {
			return nil
		}
		return parameterErrorf("The Parameters must be an object, but they are: %s", jsonvalue.Encode(v))
	}
	return k.decodeStruct(o, into)
}

func (k *codec) decodeStruct(o *asl.Object, into reflect.Value) error {
	p := k.plan(into.Type())
	for name, v := range o.All() {
		i, ok := p.fields[name]
		if !ok {
			return parameterErrorf("The field %q is not supported by Step Functions", name)
		}
		if err := k.decodeValue(name, v, into.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

func wrongType(name, want string) error {
	return parameterErrorf("The value for the field '%s' must be %s", name, want)
}

// decodeValue sets a member. What is no text becomes one, its JSON, where a text is wanted, as on AWS.
func (k *codec) decodeValue(name string, v any, into reflect.Value) error {
	if v == nil {
		return nil
	}
	t := into.Type()
	switch {
	case t.Kind() == reflect.Pointer:
		into.Set(reflect.New(t.Elem()))
		return k.decodeValue(name, v, into.Elem())
	case t == timeType:
		return decodeTime(name, v, into)
	case t == bytesType:
		b, err := blob(name, v)
		into.SetBytes(b)
		return err
	case t.Kind() == reflect.Interface && reflect.TypeFor[*bytes.Reader]().Implements(t) && t.Implements(readerType):
		b, err := blob(name, v)
		into.Set(reflect.ValueOf(bytes.NewReader(b)))
		return err
	}
	switch t.Kind() {
	case reflect.String:
		s, ok := v.(string)
		if !ok {
			s = jsonvalue.Encode(v)
		}
		into.SetString(s)
		return nil
	case reflect.Bool:
		b, ok := v.(bool)
		if !ok {
			return wrongType(name, "a BOOLEAN")
		}
		into.SetBool(b)
		return nil
	case reflect.Struct:
		o, ok := v.(*asl.Object)
		if !ok {
			return wrongType(name, "a valid JSON object")
		}
		return k.decodeStruct(o, into)
	case reflect.Slice:
		return k.decodeList(name, v, into)
	case reflect.Map:
		return k.decodeMap(name, v, into)
	case reflect.Interface:
		return k.decodeUnion(name, v, into)
	}
	return decodeNumber(name, v, into)
}

func decodeNumber(name string, v any, into reflect.Value) error {
	f, ok := jsonvalue.Number(v)
	if !ok {
		return wrongType(name, "a NUMBER")
	}
	if into.CanFloat() {
		into.SetFloat(f)
		return nil
	}
	n, ok := jsonvalue.Integer(v)
	if !ok || !into.CanInt() || into.OverflowInt(n) {
		return wrongType(name, "an INTEGER")
	}
	into.SetInt(n)
	return nil
}

// decodeTime reads ISO 8601, or seconds since 1970.
func decodeTime(name string, v any, into reflect.Value) error {
	if s, ok := v.(string); ok {
		at, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return wrongType(name, "a valid timestamp")
		}
		into.Set(reflect.ValueOf(at.UTC()))
		return nil
	}
	f, ok := jsonvalue.Number(v)
	if !ok {
		return wrongType(name, "a valid timestamp")
	}
	whole, part := math.Modf(f)
	into.Set(reflect.ValueOf(time.Unix(int64(whole), int64(part*1e9)).UTC()))
	return nil
}

// blob is the content of a blob or a stream: JSON, texts with their quotation marks, as AWS writes what putObject is given. Only
// packages, which no JSON can be, are taken as base64.
func blob(name string, v any) ([]byte, error) {
	if s, ok := v.(string); ok && name == "ZipFile" {
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return nil, wrongType(name, "base64")
		}
		return b, nil
	}
	return []byte(jsonvalue.Encode(v)), nil
}

func (k *codec) decodeList(name string, v any, into reflect.Value) error {
	items, ok := v.([]any)
	if !ok {
		return wrongType(name, "an ARRAY")
	}
	list := reflect.MakeSlice(into.Type(), len(items), len(items))
	for i, item := range items {
		if err := k.decodeValue(name, item, list.Index(i)); err != nil {
			return err
		}
	}
	into.Set(list)
	return nil
}

func (k *codec) decodeMap(name string, v any, into reflect.Value) error {
	o, ok := v.(*asl.Object)
	if !ok {
		return wrongType(name, "a valid JSON object")
	}
	m := reflect.MakeMapWithSize(into.Type(), o.Len())
	for key, item := range o.All() {
		elem := reflect.New(into.Type().Elem()).Elem()
		if err := k.decodeValue(name, item, elem); err != nil {
			return err
		}
		m.SetMapIndex(reflect.ValueOf(key).Convert(into.Type().Key()), elem)
	}
	into.Set(m)
	return nil
}

// unions are the structs behind the interfaces that services of ours take: reflection cannot find them.
var unions = []any{
	&cwtypes.EvaluationCriteriaMemberPromQLCriteria{},
	&cwtypes.EvaluationWindowMemberSlidingWindow{}, &cwtypes.EvaluationWindowMemberWallClockWindow{},
}

func (k *codec) decodeUnion(name string, v any, into reflect.Value) error {
	o, ok := v.(*asl.Object)
	if !ok || o.Len() != 1 {
		return wrongType(name, "an object with exactly one member")
	}
	for member, value := range o.All() {
		for _, x := range unions {
			t := reflect.TypeOf(x)
			if t.Implements(into.Type()) && strings.HasSuffix(t.Elem().Name(), "Member"+member) {
				made := reflect.New(t.Elem())
				into.Set(made)
				return k.decodeValue(member, value, made.Elem().Field(0))
			}
		}
		return parameterErrorf("The field %q is not supported by Step Functions", member)
	}
	return nil
}

// invalidParameters is the failure of a task whose parameters cannot be used.
func invalidParameters(parameters asl.Text, bad *parameterError) Answer {
	return Answer{Failed: true, Refused: true, Error: asl.ErrRuntime,
		Cause: fmt.Sprintf("The Parameters '%s' could not be used to start the Task: [%s]", parameters.String(), bad.text)}
}
