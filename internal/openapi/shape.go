package openapi

import (
	"io"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"

	"github.com/headgate/headgate/internal/wire"
)

// member is one member of an input or output.
type member struct {
	field  string // of the Go struct
	in     string // path, query, header, status, payload, body; "" for maps of queries and headers
	bind   string // its name there
	typ    reflect.Type
	schema *smithy.Schema
}

// members reads the members of a top-level struct with their HTTP bindings.
func (b *builder) members(t reflect.Type) []member {
	return membersOf(t, wire.SchemaOf(reflect.New(t).Interface()))
}

// membersOf lists the members of a struct in the order of its fields; a field that the schema does not know is none.
func membersOf(t reflect.Type, s *smithy.Schema) []member {
	var all []member
	for i := range t.NumField() {
		sf := t.Field(i)
		if !sf.IsExported() || sf.Name == "ResultMetadata" || sf.Name == "ErrorCodeOverride" {
			continue
		}
		name := strings.TrimSuffix(sf.Name, "_")
		m := member{field: name, in: "body", bind: name, typ: sf.Type}
		if s != nil {
			if m.schema = memberNamed(s, name); m.schema == nil {
				continue // nothing on the wire can name it
			}
			m.bindHTTP()
		}
		all = append(all, m)
	}
	return all
}

// memberNamed finds a member by the name of its Go field, whose first letter the SDK raises.
func memberNamed(s *smithy.Schema, field string) *smithy.Schema {
	for name, m := range s.Members() {
		r, n := utf8.DecodeRuneInString(name)
		if string(unicode.ToUpper(r))+name[n:] == field {
			return m
		}
	}
	return nil
}

// bindHTTP reads where a member travels, as internal/wire does.
func (m *member) bindHTTP() {
	m.bind = m.schema.MemberName()
	if x, ok := smithy.SchemaTrait[*traits.JSONName](m.schema); ok {
		m.bind = x.Name
	}
	if _, ok := smithy.SchemaTrait[*traits.HTTPLabel](m.schema); ok {
		m.in, m.bind = "path", m.schema.MemberName()
	}
	if x, ok := smithy.SchemaTrait[*traits.HTTPQuery](m.schema); ok {
		m.in, m.bind = "query", x.Name
	}
	if x, ok := smithy.SchemaTrait[*traits.HTTPHeader](m.schema); ok {
		m.in, m.bind = "header", x.Name
	}
	if _, ok := smithy.SchemaTrait[*traits.HTTPResponseCode](m.schema); ok {
		m.in = "status"
	}
	if _, ok := smithy.SchemaTrait[*traits.HTTPPayload](m.schema); ok {
		m.in = "payload"
	}
	if _, ok := smithy.SchemaTrait[*traits.HTTPQueryParams](m.schema); ok {
		m.in = ""
	}
	if _, ok := smithy.SchemaTrait[*traits.HTTPPrefixHeaders](m.schema); ok {
		m.in = ""
	}
}

var timeType = reflect.TypeFor[time.Time]()

// shape is the JSON Schema of a Go type. Structures become components, so that those that contain themselves end.
func (b *builder) shape(t reflect.Type, s *smithy.Schema, in string) object {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Struct:
		if t == timeType {
			return timestamp(s, in)
		}
		return b.structure(t, s)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return object{"type": "string", "contentEncoding": "base64"}
		}
		var item *smithy.Schema
		if s != nil {
			item = s.ListMember()
		}
		return object{"type": "array", "items": b.shape(t.Elem(), item, in)}
	case reflect.Map:
		var value *smithy.Schema
		if s != nil {
			value = s.MapValue()
		}
		return object{"type": "object", "additionalProperties": b.shape(t.Elem(), value, in)}
	case reflect.String:
		if values := enumOf(t); len(values) > 0 {
			return object{"type": "string", "enum": values}
		}
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int32, reflect.Int16, reflect.Int8:
		return object{"type": "integer", "format": "int32"}
	case reflect.Int64:
		return object{"type": "integer", "format": "int64"}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.Interface:
		return b.union(t, s)
	}
	return object{}
}

// timestamp follows restJson1: seconds in bodies, HTTP dates in headers, ISO 8601 in queries and paths, unless the model says otherwise.
func timestamp(s *smithy.Schema, in string) object {
	format := map[string]string{"header": "http-date", "query": "date-time", "path": "date-time"}[in]
	if x, ok := smithy.SchemaTrait[*traits.TimestampFormat](s); ok {
		format = x.Format
	}
	switch format {
	case "date-time":
		return object{"type": "string", "format": "date-time"}
	case "http-date":
		return object{"type": "string"}
	}
	return object{"type": "number", "description": "seconds since 1970"}
}

// enumOf asks the SDK's enum types for their values.
func enumOf(t reflect.Type) []any {
	values := reflect.Zero(t).MethodByName("Values")
	if !values.IsValid() {
		return nil
	}
	list := values.Call(nil)[0]
	var all []any
	for i := range list.Len() {
		all = append(all, list.Index(i).String())
	}
	return all
}

// structure enters a struct among the components, by its shape's name, before its members: structures may contain themselves.
func (b *builder) structure(t reflect.Type, s *smithy.Schema) object {
	name := t.Name()
	if own := wire.SchemaOf(reflect.New(t).Interface()); own != nil {
		name = own.ID().Name
		if s == nil {
			s = own
		}
	}
	ref := object{"$ref": "#/components/schemas/" + name}
	if _, known := b.schemas[name]; known {
		return ref
	}
	properties := object{}
	b.schemas[name] = object{"type": "object", "properties": properties}
	for _, m := range membersOf(t, s) {
		properties[m.bind] = b.shape(m.typ, m.schema, "body")
	}
	return ref
}

// union is an object with one of several members. The SDK makes a struct of each, named by the union and the member.
func (b *builder) union(t reflect.Type, s *smithy.Schema) object {
	if t.Implements(reflect.TypeFor[io.Reader]()) {
		return object{}
	}
	var choices []any
	for _, x := range b.cfg.Unions {
		_, name, ok := strings.Cut(reflect.TypeOf(x).Elem().Name(), t.Name()+"Member")
		if !ok || !reflect.TypeOf(x).Implements(t) {
			continue
		}
		var m *smithy.Schema
		if s != nil {
			if m = memberNamed(s, name); m != nil {
				name = m.MemberName()
			}
		}
		choices = append(choices, object{"type": "object", "required": []any{name}, "properties": object{name: b.shape(reflect.TypeOf(x).Elem().Field(0).Type, m, "body")}})
	}
	if len(choices) == 0 {
		return object{}
	}
	return object{"oneOf": choices}
}
