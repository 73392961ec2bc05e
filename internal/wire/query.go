package wire

import (
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// node is one level of a form whose names are paths: Tags.member.1.Key=a.
type node struct {
	value    string
	children map[string]*node
}

// formTree turns a form into a tree. Of a name given twice the first value counts.
func formTree(form url.Values) (*node, error) {
	root := &node{}
	for name, values := range form {
		if len(values) == 0 || strings.Count(name, ".") >= maxDepth {
			return nil, &BadInput{Reason: "a parameter is nested too deeply"}
		}
		at := root
		for part := range strings.SplitSeq(name, ".") {
			next := at.children[part]
			if next == nil {
				next = &node{}
				if at.children == nil {
					at.children = map[string]*node{}
				}
				at.children[part] = next
			}
			at = next
		}
		at.value = values[0]
	}
	return root, nil
}

// decode moves a tree into v. Names that are no members (Action, Version, and the signature's, when
// presigned) are ignored.
func (n *node) decode(v reflect.Value, sh *shape) error {
	switch sh.kind {
	case kindStruct:
		v = place(v, sh)
		for name, child := range n.children {
			at, ok := sh.structure.names[name]
			if !ok {
				continue
			}
			f := &sh.structure.fields[at]
			if err := child.decode(v.Field(f.index), f.shape); err != nil {
				return within(name, err)
			}
		}
		return nil
	case kindList:
		return n.list(v, sh)
	case kindMap:
		return n.dict(v, sh)
	case kindUnion:
		for name, child := range n.children {
			m := sh.union.byName[name]
			if m == nil || !v.IsNil() {
				return badInput("a union must have one of its members")
			}
			p := reflect.New(m.typ)
			if err := child.decode(p.Elem().Field(0), m.value); err != nil {
				return within(name, err)
			}
			v.Set(p)
		}
		return nil
	}
	if n.children != nil {
		return badInput("a structure or list was found where it was not expected")
	}
	return setText(v, sh, n.value)
}

// list reads Name.member.N and the flattened Name.N, whichever was sent. Name= is an empty list.
func (n *node) list(v reflect.Value, sh *shape) error {
	items, err := n.numbered(sh.item)
	if err != nil {
		return err
	}
	out := reflect.MakeSlice(sh.typ, len(items), len(items))
	for i, item := range items {
		if err := item.decode(out.Index(i), sh.elem); err != nil {
			return within(index(i), err)
		}
	}
	place(v, sh).Set(out)
	return nil
}

// dict reads Name.entry.N.key and Name.entry.N.value, or the same without entry.
func (n *node) dict(v reflect.Value, sh *shape) error {
	entries, err := n.numbered("entry")
	if err != nil {
		return err
	}
	out := reflect.MakeMapWithSize(sh.typ, len(entries))
	for _, e := range entries {
		k, val := e.children[sh.key], e.children[sh.item]
		if k == nil || val == nil {
			return badInput("a map entry needs a %s and a %s", sh.key, sh.item)
		}
		x := reflect.New(sh.typ.Elem()).Elem()
		if err := val.decode(x, sh.elem); err != nil {
			return within(k.value, err)
		}
		out.SetMapIndex(reflect.ValueOf(k.value).Convert(sh.typ.Key()), x)
	}
	place(v, sh).Set(out)
	return nil
}

// numbered returns the children 1, 2, 3 … in order, below the wrapper element if there is one.
// Gaps close up: the numbers order, they do not index.
func (n *node) numbered(wrapper string) ([]*node, error) {
	if w := n.children[wrapper]; w != nil && len(n.children) == 1 {
		n = w
	}
	if len(n.children) == 0 && n.value != "" {
		return nil, badInput("expected numbered members")
	}
	numbers := make([]int, 0, len(n.children))
	for name := range n.children {
		i, err := strconv.Atoi(name)
		if err != nil || strconv.Itoa(i) != name {
			return nil, badInput("%q is not the number of a member", clip(name))
		}
		numbers = append(numbers, i)
	}
	slices.Sort(numbers)
	out := make([]*node, len(numbers))
	for i, at := range numbers {
		out[i] = n.children[strconv.Itoa(at)]
	}
	return out, nil
}
