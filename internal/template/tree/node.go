package tree

import (
	"encoding/json"
	"slices"
	"strconv"
)

// Kind says what a node is.
type Kind uint8

// The kinds.
const (
	Null Kind = iota
	Bool
	Number
	String
	List
	Map
)

// String names the kind as a template's author would.
func (k Kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "a list", "a map"}[k]
}

// Node is one value of a template. Methods that only read accept a nil node, as an absent one.
type Node struct {
	Kind  Kind
	Text  string  // of a String; "true" or "false" of a Bool; JSON text of a Number
	Items []*Node // of a List
	Pairs []Pair  // of a Map, in order, with unique keys

	Line, Column int // 1-based; 0 in nodes that were made, not read
}

// Pair is one member of a map.
type Pair struct {
	Key          string
	Value        *Node
	Line, Column int // of the key
}

// NewString and the other constructors make nodes without a place in a text.
func NewString(s string) *Node { return &Node{Kind: String, Text: s} }

// NewBool makes a boolean.
func NewBool(b bool) *Node { return &Node{Kind: Bool, Text: strconv.FormatBool(b)} }

// NewInt makes a whole number.
func NewInt(i int) *Node { return &Node{Kind: Number, Text: strconv.Itoa(i)} }

// NewNumber makes a number of its JSON text.
func NewNumber(text string) *Node { return &Node{Kind: Number, Text: text} }

// NewNull makes a null.
func NewNull() *Node { return &Node{} }

// NewList makes a list of the items.
func NewList(items ...*Node) *Node { return &Node{Kind: List, Items: items} }

// NewStrings makes a list of strings.
func NewStrings(items ...string) *Node {
	l := NewList()
	for _, s := range items {
		l.Items = append(l.Items, NewString(s))
	}
	return l
}

// NewMap makes a map of alternating keys (string) and values (*Node, string, bool or int). A nil
// *Node leaves its member out.
func NewMap(pairs ...any) *Node {
	m := &Node{Kind: Map}
	for i := 0; i+1 < len(pairs); i += 2 {
		var v *Node
		switch x := pairs[i+1].(type) {
		case *Node:
			v = x
		case string:
			v = NewString(x)
		case bool:
			v = NewBool(x)
		case int:
			v = NewInt(x)
		}
		if v != nil {
			m.Set(pairs[i].(string), v)
		}
	}
	return m
}

// Is tells whether n is there and of kind k.
func (n *Node) Is(k Kind) bool { return n != nil && n.Kind == k }

// IsString tells whether n is the string s.
func (n *Node) IsString(s string) bool { return n.Is(String) && n.Text == s }

// Str is the text of a string node, else "".
func (n *Node) Str() string {
	if n.Is(String) {
		return n.Text
	}
	return ""
}

// Bool tells whether n is the boolean true.
func (n *Node) Bool() bool { return n.Is(Bool) && n.Text == "true" }

// Truthy follows Python: null, false, 0, "", [] and {} are not.
func (n *Node) Truthy() bool {
	if n == nil {
		return false
	}
	switch n.Kind {
	case Null:
		return false
	case Bool:
		return n.Text == "true"
	case Number:
		f, err := strconv.ParseFloat(n.Text, 64)
		return err != nil || f != 0
	case String:
		return n.Text != ""
	case List:
		return len(n.Items) > 0
	}
	return len(n.Pairs) > 0
}

// Len is the number of items or members.
func (n *Node) Len() int {
	if n == nil {
		return 0
	}
	return len(n.Items) + len(n.Pairs)
}

func (n *Node) find(key string) int {
	if n.Is(Map) {
		for i := range n.Pairs {
			if n.Pairs[i].Key == key {
				return i
			}
		}
	}
	return -1
}

// Get returns the member key, or nil.
func (n *Node) Get(key string) *Node {
	if i := n.find(key); i >= 0 {
		return n.Pairs[i].Value
	}
	return nil
}

// Path is Get along several keys.
func (n *Node) Path(keys ...string) *Node {
	for _, k := range keys {
		n = n.Get(k)
	}
	return n
}

// Has tells whether the map has the member, even a null one.
func (n *Node) Has(key string) bool { return n.find(key) >= 0 }

// Set replaces the member key in its place, or appends it.
func (n *Node) Set(key string, v *Node) {
	if i := n.find(key); i >= 0 {
		n.Pairs[i].Value = v
		return
	}
	n.Pairs = append(n.Pairs, Pair{Key: key, Value: v, Line: v.Line, Column: v.Column})
}

// Delete removes the member key, if there.
func (n *Node) Delete(key string) {
	if i := n.find(key); i >= 0 {
		n.Pairs = slices.Delete(n.Pairs, i, i+1)
	}
}

// Keys returns the member names in order.
func (n *Node) Keys() []string {
	if n == nil {
		return nil
	}
	keys := make([]string, len(n.Pairs))
	for i, p := range n.Pairs {
		keys[i] = p.Key
	}
	return keys
}

// Append adds items to a list.
func (n *Node) Append(items ...*Node) { n.Items = append(n.Items, items...) }

// Clone copies n and all below it.
func (n *Node) Clone() *Node {
	if n == nil {
		return nil
	}
	c := *n
	if n.Items != nil {
		c.Items = make([]*Node, len(n.Items))
		for i, v := range n.Items {
			c.Items[i] = v.Clone()
		}
	}
	if n.Pairs != nil {
		c.Pairs = slices.Clone(n.Pairs)
		for i := range c.Pairs {
			c.Pairs[i].Value = c.Pairs[i].Value.Clone()
		}
	}
	return &c
}

// At returns n with the place of where, for made nodes that stand for read ones.
func (n *Node) At(where *Node) *Node {
	if n != nil && where != nil {
		n.Line, n.Column = where.Line, where.Column
	}
	return n
}

// Equal compares values, not places; the order of members does not matter.
func (n *Node) Equal(o *Node) bool {
	if n == nil || o == nil {
		return n == o
	}
	if n.Kind != o.Kind || n.Text != o.Text || len(n.Items) != len(o.Items) || len(n.Pairs) != len(o.Pairs) {
		return false
	}
	for i, v := range n.Items {
		if !v.Equal(o.Items[i]) {
			return false
		}
	}
	for _, p := range n.Pairs {
		if v := o.Get(p.Key); v == nil || !p.Value.Equal(v) {
			return false
		}
	}
	return true
}

// Value returns n as plain Go: map[string]any, []any, string, json.Number, bool, nil.
func (n *Node) Value() any {
	if n == nil {
		return nil
	}
	switch n.Kind {
	case Bool:
		return n.Text == "true"
	case Number:
		return json.Number(n.Text)
	case String:
		return n.Text
	case List:
		l := make([]any, len(n.Items))
		for i, v := range n.Items {
			l[i] = v.Value()
		}
		return l
	case Map:
		m := make(map[string]any, len(n.Pairs))
		for _, p := range n.Pairs {
			m[p.Key] = p.Value.Value()
		}
		return m
	}
	return nil
}
