package rfc9535

import (
	"fmt"
	"strconv"
	"strings"
)

// place is a node's place as a chain up to the root, which is nil.
type place struct {
	parent *place
	name   string
	index  int // where number is set
	number bool
}

// member is a child node by name. Locations are kept only if asked for: most queries want values, and a path costs an allocation a node.
func (r *run) member(parent node, name string, v any) node {
	if !r.places {
		return node{value: v}
	}
	return node{v, &place{parent: parent.place, name: name}}
}

// element is a child node by index.
func (r *run) element(parent node, index int, v any) node {
	if !r.places {
		return node{value: v}
	}
	return node{v, &place{parent: parent.place, index: index, number: true}}
}

// Node is a selected value and its place.
type Node struct {
	Value any
	// Location leads from the root to the value: names are strings, indexes
	// are ints.
	Location []any
}

// Nodes answers the values that the query selects, with their places. A
// condition that holds selects the root.
func (p *Path) Nodes(root any) ([]Node, error) {
	r := run{root: root, places: true}
	var out []Node
	if p.condition != nil {
		if p.condition.test(&r, root) {
			out = append(out, Node{Value: root})
		}
		return out, r.err()
	}
	r.each(&p.query, root, func(n node) bool {
		out = append(out, Node{n.value, n.place.location()})
		return true
	})
	if err := r.err(); err != nil {
		return nil, err
	}
	return out, nil
}

// location turns the chain around.
func (p *place) location() []any {
	depth := 0
	for q := p; q != nil; q = q.parent {
		depth++
	}
	out := make([]any, depth)
	for q := p; q != nil; q = q.parent {
		depth--
		if q.number {
			out[depth] = q.index
		} else {
			out[depth] = q.name
		}
	}
	return out
}

// Path is the node's normalized path (RFC 9535 §2.7).
func (n Node) Path() string {
	var b strings.Builder
	b.WriteByte('$')
	for _, step := range n.Location {
		switch step := step.(type) {
		case int:
			b.WriteString("[" + strconv.Itoa(step) + "]")
		case string:
			b.WriteString("['")
			normalizedName(&b, step)
			b.WriteString("']")
		}
	}
	return b.String()
}

// normalizedName writes a name within single quotes with the escapes of §2.7: each location has one spelling, so that they can be compared.
func normalizedName(b *strings.Builder, name string) {
	for _, r := range name {
		switch {
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20:
			if i := strings.IndexRune("\b\f\n\r\t", r); i >= 0 {
				b.WriteByte('\\')
				b.WriteByte("bfnrt"[i])
			} else {
				fmt.Fprintf(b, "\\u%04x", r)
			}
		default:
			b.WriteRune(r)
		}
	}
}

// Fixed answers the location that a singular query names, whether or not the
// root has it; false for other queries or a negative index.
func (p *Path) Fixed() ([]any, bool) {
	if !p.Singular() {
		return nil, false
	}
	out := make([]any, 0, len(p.query.segments))
	for _, s := range p.query.segments {
		switch selected := s.selectors[0]; {
		case selected.kind == selectName:
			out = append(out, selected.name)
		case selected.index >= 0:
			out = append(out, int(selected.index))
		default:
			return nil, false
		}
	}
	return out, true
}
