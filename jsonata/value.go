package jsonata

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
)

// Undefined is the value of an expression that selects nothing. It is not null, which is nil.
// As an input or a binding it means that there is no value.
type Undefined struct{}

// IsUndefined tells a result without value from null.
func IsUndefined(v any) bool { return isUndefined(v) }

func isUndefined(v any) bool {
	_, ok := v.(Undefined)
	return ok
}

// maxString bounds the strings that an expression can build, in bytes.
const maxString = 64 << 20

func errTooLong() error {
	return &Error{Code: "U1001", Message: "A string grew beyond the limit"}
}

// list is an array with the marks that the language's rules about sequences need. A plain []any has none of them.
type list struct {
	items []any
	seq   bool // a sequence: with one item it means the item, with none it is undefined
	keep  bool // a sequence that stays an array even with one item ([])
	cons  bool // made by an array constructor in a path: the path does not flatten it
	outer bool // holds an array input as its only item
}

func newSeq(items ...any) *list { return &list{items: items, seq: true} }

// asItems returns the items of any array value.
func asItems(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case *list:
		return v.items, true
	}
	return nil, false
}

func isSeq(v any) bool {
	l, ok := v.(*list)
	return ok && l.seq
}

// collapse gives a sequence its meaning.
func collapse(v any) any {
	l, ok := v.(*list)
	if !ok || !l.seq {
		return v
	}
	switch {
	case len(l.items) == 0:
		return Undefined{}
	case len(l.items) == 1 && !l.keep:
		return l.items[0]
	}
	return v
}

// appendValues concatenates two values as arrays, undefined counting as none ($append).
func appendValues(a, b any) any {
	if isUndefined(a) {
		return b
	}
	if isUndefined(b) {
		return a
	}
	x, ok := asItems(a)
	if !ok {
		x = []any{a}
	}
	y, ok := asItems(b)
	if !ok {
		y = []any{b}
	}
	out := make([]any, 0, len(x)+len(y))
	return append(append(out, x...), y...)
}

func isObject(v any) bool {
	switch v.(type) {
	case *Object, map[string]any:
		return true
	}
	return false
}

func isFunction(v any) bool {
	switch v.(type) {
	case *Function, *lambda, *regex:
		return true
	}
	return false
}

// getField returns the value under a key of an object, undefined for everything else.
func getField(o any, key string) any {
	switch o := o.(type) {
	case *Object:
		if i := o.find(key); i >= 0 {
			return o.values[i]
		}
	case map[string]any:
		if v, ok := o[key]; ok {
			return v
		}
	}
	return Undefined{}
}

// objectKeys returns the keys of an object in order; a Go map has none, so its keys are sorted.
func objectKeys(o any) []string {
	switch o := o.(type) {
	case *Object:
		return o.keys
	case map[string]any:
		return sortedKeys(o)
	}
	return nil
}

func sortedKeys(m map[string]any) []string {
	return slices.Sorted(maps.Keys(m))
}

// truthy is $boolean: whether the value counts as true. Undefined does not.
func truthy(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case string:
		return v != ""
	case float64:
		return v != 0 && !math.IsNaN(v)
	case *Object:
		return v.Len() > 0
	case map[string]any:
		return len(v) > 0
	case []any:
		return anyTruthy(v, new(budget))
	case *list:
		return anyTruthy(v.items, new(budget))
	}
	return false
}

// anyTruthy tells whether an item counts as true, however deep.
func anyTruthy(items []any, b *budget) bool {
	for _, item := range items {
		b.spend()
		if inner, ok := asItems(item); ok {
			if anyTruthy(inner, b) {
				return true
			}
		} else if truthy(item) {
			return true
		}
	}
	return false
}

// equal is the language's deep equality. Functions equal only themselves.
func equal(a, b any) bool { return equalDeep(a, b, new(budget)) }

func equalDeep(a, b any, left *budget) bool {
	switch x := a.(type) {
	case nil:
		return b == nil
	case Undefined:
		return isUndefined(b)
	case string:
		y, ok := b.(string)
		return ok && x == y
	case float64:
		y, ok := b.(float64)
		return ok && x == y
	case bool:
		y, ok := b.(bool)
		return ok && x == y
	case []any, *list:
		xs, _ := asItems(a)
		ys, ok := asItems(b)
		if !ok || len(xs) != len(ys) {
			return false
		}
		return len(xs) == 0 || &xs[0] == &ys[0] || slices.EqualFunc(xs, ys, func(x, y any) bool {
			left.spend()
			return equalDeep(x, y, left)
		})
	case *Object, map[string]any:
		return isObject(b) && equalObjects(a, b, left)
	case *Function, *lambda, *regex:
		return a == b
	}
	return false
}

func equalObjects(a, b any, left *budget) bool {
	if x, ok := a.(*Object); ok && b == x {
		return true
	}
	keys := objectKeys(a)
	if len(keys) != len(objectKeys(b)) {
		return false
	}
	for _, k := range keys {
		v := getField(b, k)
		left.spend()
		if isUndefined(v) || !equalDeep(getField(a, k), v, left) {
			return false
		}
	}
	return true
}

// Prepared is a value that Prepare has checked and converted. Wherever Eval meets one, in the input or in bindings,
// it spares itself the walk through it: worthwhile for a large document that is evaluated often.
type Prepared struct{ v any }

// Prepare readies a value for many evaluations. The value must not be changed afterwards.
func Prepare(v any) (Prepared, error) {
	in, err := importValue(v)
	return Prepared{in}, err
}

// importValue turns a caller's value into one of those that the evaluator knows. Values that need no change,
// which is what Decode and encoding/json make, are returned as they are, not copied.
func importValue(v any) (any, error) { return importDeep(v, 0) }

func importDeep(v any, depth int) (any, error) {
	if depth > maxJSONDepth {
		return nil, fmt.Errorf("jsonata: value nested more than %d deep", maxJSONDepth)
	}
	switch v := v.(type) {
	case nil, bool, string, float64, Undefined, *Function, *lambda, *regex:
		return v, nil
	case *Object:
		if v == nil {
			return nil, nil
		}
		return importObject(v, depth)
	case map[string]any:
		return importMap(v, depth)
	case []any:
		return importArray(v, depth)
	case Prepared:
		return v.v, nil
	case int:
		return float64(v), nil
	case int64:
		return float64(v), nil
	case json.Number:
		f, err := v.Float64()
		if err != nil {
			return nil, fmt.Errorf("jsonata: number %s: %w", v, err)
		}
		return f, nil
	}
	return importOther(v, depth)
}

// importArray copies the array only once an item turns out to need a change. importMap and importObject do the same.
func importArray(v []any, depth int) (any, error) {
	var out []any
	for i, item := range v {
		in, err := importDeep(item, depth+1)
		if err != nil {
			return nil, err
		}
		if out == nil && foreign(item) {
			out = slices.Clone(v)
		}
		if out == nil && !sameContainer(item, in) {
			out = slices.Clone(v)
		}
		if out != nil {
			out[i] = in
		}
	}
	if out == nil {
		if v == nil {
			return []any{}, nil
		}
		return v, nil
	}
	return out, nil
}

func importMap(v map[string]any, depth int) (any, error) {
	var out map[string]any
	for k, item := range v {
		in, err := importDeep(item, depth+1)
		if err != nil {
			return nil, err
		}
		if out == nil && (foreign(item) || !sameContainer(item, in)) {
			out = maps.Clone(v)
		}
		if out != nil {
			out[k] = in
		}
	}
	if out == nil {
		return v, nil
	}
	return out, nil
}

func importObject(v *Object, depth int) (any, error) {
	var out *Object
	for i, item := range v.values {
		in, err := importDeep(item, depth+1)
		if err != nil {
			return nil, err
		}
		if out == nil && (foreign(item) || !sameContainer(item, in)) {
			out = &Object{keys: slices.Clone(v.keys), values: slices.Clone(v.values), index: v.index}
		}
		if out != nil {
			out.values[i] = in
		}
	}
	if out == nil {
		return v, nil
	}
	return out, nil
}

// foreign tells whether a value is of a type that the evaluator does not know as such.
func foreign(v any) bool {
	switch v := v.(type) {
	case nil, bool, string, float64, Undefined, *Function, *lambda, *regex, []any, map[string]any:
		return false
	case *Object:
		return v == nil
	}
	return true
}

// sameContainer tells whether importing a known value left it alone.
func sameContainer(before, after any) bool {
	switch b := before.(type) {
	case []any:
		a := after.([]any)
		return b != nil && (len(a) == 0 || &a[0] == &b[0])
	case map[string]any:
		return reflect.ValueOf(b).Pointer() == reflect.ValueOf(after).Pointer()
	case *Object:
		return b == after
	}
	return true
}

// importOther takes everything else: numbers of other types, and by way of JSON whatever encoding/json can write.
func importOther(v any, depth int) (any, error) {
	switch rv := reflect.ValueOf(v); rv.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return float64(rv.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return float64(rv.Uint()), nil
	case reflect.Float32:
		return rv.Float(), nil
	}
	if l, ok := v.(*list); ok {
		return importArray(l.items, depth)
	}
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("jsonata: value of type %T: %w", v, err)
	}
	return Decode(data)
}
