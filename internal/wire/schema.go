package wire

import (
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"
)

// probe is a serializer that only notes the schema a generated struct announces itself with. It
// stops there: the members that follow need values that an empty struct does not have.
type probe struct {
	smithy.ShapeSerializer
	found *smithy.Schema
}

// probed is what probe stops with; any other panic is a real one.
type probed struct{}

func (p *probe) WriteStruct(s *smithy.Schema) {
	p.found = s
	panic(probed{})
}

// SchemaOf returns the schema of a generated struct (given by pointer), or nil if the SDK ships
// none for it.
func SchemaOf(v any) (s *smithy.Schema) {
	z, ok := v.(smithy.Serializable)
	if !ok {
		return nil
	}
	p := &probe{}
	defer func() {
		if r := recover(); r != nil {
			if _, ours := r.(probed); !ours {
				panic(r)
			}
			s = p.found
		}
	}()
	z.Serialize(p)
	return nil
}

// structure compiles the members of t. Without a schema, every exported field is a body member
// named like the field, but for the few in Config.Names.
func (c *shapes) structure(t reflect.Type, s *smithy.Schema) *structure {
	key := structKey{typ: t}
	if s != nil {
		if key.id = s.TargetID(); key.id.Name == "" {
			key.id = s.ID()
		}
	}
	if st := c.structs[key]; st != nil {
		return st
	}
	st := &structure{names: map[string]int{}, payload: -1}
	c.structs[key] = st // before the members: structures may contain themselves
	members := membersByField(s)
	for i := range t.NumField() {
		sf := t.Field(i)
		if !sf.IsExported() || sf.Name == "ResultMetadata" || sf.Name == "ErrorCodeOverride" {
			continue
		}
		name := strings.TrimSuffix(sf.Name, "_") // the SDK's escape for its own method names
		m := members[name]
		if s != nil && m == nil {
			continue // not a member: nothing on the wire can name it
		}
		f := field{index: i, name: name, shape: c.compile(sf.Type, m)}
		if m != nil {
			f.name = m.MemberName()
			f.bindHTTP(m)
		} else if wire, ok := c.names[t.Name()+"."+name]; ok {
			f.name = wire
		}
		st.add(f)
	}
	return st
}

// add files a member by where it travels, so that requests need not ask.
func (st *structure) add(f field) {
	at := len(st.fields)
	st.fields = append(st.fields, f)
	switch f.loc {
	case inBody:
		st.names[f.name] = at
		st.body++
	case inPayload:
		st.payload = at
	default:
		st.bound = append(st.bound, at)
	}
}

// bindHTTP reads where m travels. The bindings matter to RestJSON alone; the other protocols'
// schemas carry none.
func (f *field) bindHTTP(m *smithy.Schema) {
	if x, ok := smithy.SchemaTrait[*traits.JSONName](m); ok {
		f.name = x.Name
	}
	if _, ok := smithy.SchemaTrait[*traits.HTTPLabel](m); ok {
		f.loc, f.bind = inLabel, m.MemberName()
	}
	if x, ok := smithy.SchemaTrait[*traits.HTTPQuery](m); ok {
		f.loc, f.bind = inQuery, x.Name
	}
	if _, ok := smithy.SchemaTrait[*traits.HTTPQueryParams](m); ok {
		f.loc = inQueryMap
	}
	if x, ok := smithy.SchemaTrait[*traits.HTTPHeader](m); ok {
		f.loc, f.bind = inHeader, x.Name
	}
	if x, ok := smithy.SchemaTrait[*traits.HTTPPrefixHeaders](m); ok {
		f.loc, f.bind = inPrefixHeaders, x.Prefix
	}
	if _, ok := smithy.SchemaTrait[*traits.HTTPResponseCode](m); ok {
		f.loc = inStatus
	}
	if _, ok := smithy.SchemaTrait[*traits.HTTPPayload](m); ok {
		f.loc = inPayload
	}
}

// union finds the structs behind an interface type: those of the service's Unions that
// implement it. A member's name is what follows "Member" in the SDK's type name.
func (c *shapes) union(t reflect.Type, s *smithy.Schema) (kind, *union) {
	if t.Implements(readerType) {
		return kindStream, nil
	}
	u := &union{byName: map[string]*variant{}, byType: map[reflect.Type]*variant{}}
	members := membersByField(s)
	for _, x := range c.unions {
		pt := reflect.TypeOf(x)
		_, name, ok := strings.Cut(pt.Elem().Name(), t.Name()+"Member")
		if !ok || !pt.Implements(t) {
			continue
		}
		m := members[name]
		if m != nil {
			name = m.MemberName()
		}
		v := &variant{name: name, typ: pt.Elem(), value: c.compile(pt.Elem().Field(0).Type, m)}
		u.byName[name], u.byType[pt] = v, v
	}
	if len(u.byName) == 0 {
		return kindUnsupported, nil
	}
	return kindUnion, u
}

// membersByField keys a schema's members by the name that the SDK gives the Go field.
func membersByField(s *smithy.Schema) map[string]*smithy.Schema {
	if s == nil {
		return nil
	}
	out := make(map[string]*smithy.Schema, len(s.Members()))
	for name, m := range s.Members() {
		out[upperFirst(name)] = m
	}
	return out
}

// upperFirst is the SDK's rule for a Go field: the member's name with its first letter raised.
func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// listMember, mapValue and xmlName look into a schema that may be nil, as it is for the services
// of which the SDK ships none.
func listMember(s *smithy.Schema) *smithy.Schema {
	if s == nil {
		return nil
	}
	return s.ListMember()
}

func mapValue(s *smithy.Schema) *smithy.Schema {
	if s == nil {
		return nil
	}
	return s.MapValue()
}

func xmlName(s *smithy.Schema, otherwise string) string {
	if x, ok := smithy.SchemaDirectTrait[*traits.XMLName](s); ok {
		return x.Name
	}
	return otherwise
}
