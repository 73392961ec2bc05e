package wire

import (
	"io"
	"reflect"
	"sync"
	"time"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"
)

type kind uint8

const (
	kindUnsupported kind = iota // documents and event streams
	kindStruct
	kindUnion
	kindList
	kindMap
	kindString
	kindBool
	kindInt
	kindFloat
	kindBlob
	kindTime
	kindStream // io.Reader of an input, io.ReadCloser of an output; only as a payload
)

// shape is a Go type compiled for the codecs: everything a request needs to know about it, so
// that no schema and no trait is looked up again. Immutable once compiled.
type shape struct {
	kind kind
	typ  reflect.Type // without the pointer
	ptr  bool         // the Go value is a *typ
	time string       // timestampFormat trait, or empty for the protocol's own
	elem *shape       // of a list's elements, a map's values

	flat bool   // xmlFlattened
	item string // XML name of a list's elements or of a map's values
	key  string // XML name of a map's keys

	structure *structure
	union     *union
}

// structure is the compiled form of a struct type, shared by all shapes of that type.
type structure struct {
	fields  []field
	names   map[string]int // wire name → position in fields
	bound   []int          // fields that HTTP carries outside the body
	payload int            // the field that is the whole body, or -1
	body    int            // number of fields in the body
}

// location says where an HTTP message carries a member.
type location uint8

const (
	inBody location = iota
	inLabel
	inQuery
	inQueryMap
	inHeader
	inPrefixHeaders
	inStatus
	inPayload
)

// field is one member of a structure.
type field struct {
	index int    // in the Go struct
	name  string // on the wire
	loc   location
	bind  string // label, query or header name
	shape *shape
}

// union maps member names to the Go structs that stand for them, whose only field is Value.
type union struct {
	byName map[string]*variant
	byType map[reflect.Type]*variant
}

// variant is one member of a union.
type variant struct {
	name  string
	typ   reflect.Type // the struct
	value *shape
}

// shapes compiles and caches the types of one service.
type shapes struct {
	mu      sync.Mutex
	structs map[structKey]*structure
	unions  []any             // Config.Unions
	names   map[string]string // Config.Names
}

// structKey tells apart the same Go struct under different models; a member's schema counts as
// the schema it targets, so that all members of a type share one structure.
type structKey struct {
	typ reflect.Type
	id  smithy.ShapeID
}

var (
	timeType   = reflect.TypeFor[time.Time]()
	readerType = reflect.TypeFor[io.Reader]()
)

// of returns the shape of a top-level input or output struct.
func (c *shapes) of(t reflect.Type) *shape {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.compile(t, SchemaOf(reflect.New(t).Interface()))
}

// compile returns the shape of t, described by s or, where that is nil, by t alone. It is called
// with the lock held. Only structures are cached: every cycle of types goes through one.
func (c *shapes) compile(t reflect.Type, s *smithy.Schema) *shape {
	sh := &shape{item: "member", key: "key"}
	if t.Kind() == reflect.Pointer {
		sh.ptr, t = true, t.Elem()
	}
	sh.typ = t
	if x, ok := smithy.SchemaTrait[*traits.TimestampFormat](s); ok {
		sh.time = x.Format
	}
	if _, ok := smithy.SchemaTrait[*traits.XMLFlattened](s); ok {
		sh.flat = true
	}
	switch t.Kind() {
	case reflect.Struct:
		if sh.kind = kindTime; t != timeType {
			sh.kind, sh.structure = kindStruct, c.structure(t, s)
		}
	case reflect.Slice:
		if sh.kind = kindBlob; t.Elem().Kind() != reflect.Uint8 {
			sh.kind, sh.elem = kindList, c.compile(t.Elem(), listMember(s))
			sh.item = xmlName(listMember(s), sh.item)
		}
	case reflect.Map:
		sh.kind, sh.elem, sh.item = kindMap, c.compile(t.Elem(), mapValue(s)), "value"
	case reflect.String:
		sh.kind = kindString
	case reflect.Bool:
		sh.kind = kindBool
	case reflect.Int32, reflect.Int64, reflect.Int16, reflect.Int8:
		sh.kind = kindInt
	case reflect.Float32, reflect.Float64:
		sh.kind = kindFloat
	case reflect.Interface:
		sh.kind, sh.union = c.union(t, s)
	}
	return sh
}
