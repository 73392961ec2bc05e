package tree

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// reader turns YAML's nodes into ours.
type reader struct {
	nodes    int
	text     int                 // bytes of scalars
	open     map[*yaml.Node]bool // aliases on the way down: one that contains itself has no value
	warnings []*Error
}

func (r *reader) fail(y *yaml.Node, format string, args ...any) *Error {
	return &Error{Message: "Template format error: " + fmt.Sprintf(format, args...), Line: y.Line, Column: y.Column}
}

func (r *reader) node(y *yaml.Node, depth int) (*Node, error) {
	if r.nodes++; r.nodes > maxNodes {
		return nil, r.fail(y, "the template has more than %d values once its aliases are written out.", maxNodes)
	}
	if depth > maxDepth {
		return nil, r.fail(y, "values are nested more than %d deep.", maxDepth)
	}
	if y.Kind == yaml.AliasNode {
		if r.open[y.Alias] || y.Alias == nil {
			return nil, r.fail(y, "the alias *%s stands for something that contains it.", y.Value)
		}
		return r.node(y.Alias, depth+1)
	}
	if y.Anchor != "" {
		r.open[y] = true
		defer delete(r.open, y)
	}
	n, err := r.bare(y, depth)
	if err != nil {
		return nil, err
	}
	if r.text += len(n.Text); r.text > maxText {
		return nil, r.fail(y, "the template is longer than %d bytes once its aliases are written out.", maxText)
	}
	n.Line, n.Column = y.Line, y.Column
	if tag := y.Tag; y.Style&yaml.TaggedStyle != 0 && strings.HasPrefix(tag, "!") && !strings.HasPrefix(tag, "!!") && len(tag) > 1 {
		return longForm(tag[1:], n), nil
	}
	return n, nil
}

// bare reads y without its short tag.
func (r *reader) bare(y *yaml.Node, depth int) (*Node, error) {
	switch y.Kind {
	case yaml.ScalarNode:
		return r.scalar(y)
	case yaml.SequenceNode:
		n := &Node{Kind: List}
		for _, c := range y.Content {
			v, err := r.node(c, depth+1)
			if err != nil {
				return nil, err
			}
			n.Items = append(n.Items, v)
		}
		return n, nil
	case yaml.MappingNode:
		return r.mapping(y, depth)
	}
	return nil, r.fail(y, "unexpected YAML construct.")
}

func (r *reader) scalar(y *yaml.Node) (*Node, error) {
	if y.Style&yaml.TaggedStyle != 0 {
		switch y.Tag {
		case "!!str", "tag:yaml.org,2002:str", "!!binary", "tag:yaml.org,2002:binary", "!!timestamp", "tag:yaml.org,2002:timestamp":
			return NewString(y.Value), nil
		case "!!int", "!!float", "!!bool", "!!null", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float",
			"tag:yaml.org,2002:bool", "tag:yaml.org,2002:null":
			n := plain(y.Value)
			return &n, nil
		}
		if strings.HasPrefix(y.Tag, "!!") || strings.HasPrefix(y.Tag, "tag:") {
			return nil, r.fail(y, "unsupported tag %s.", y.Tag)
		}
		return NewString(y.Value), nil // !Ref and the like take the text as it stands
	}
	if y.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return NewString(y.Value), nil
	}
	n := plain(y.Value)
	return &n, nil
}

// longForm writes !Name value as {"Fn::Name": value}. !GetAtt a.b.c is split at its first dot.
func longForm(name string, v *Node) *Node {
	key := "Fn::" + name
	switch {
	case name == "Ref" || name == "Condition":
		key = name
	case name == "GetAtt" && v.Kind == String:
		l := &Node{Kind: List, Line: v.Line, Column: v.Column}
		for _, part := range strings.SplitN(v.Text, ".", 2) {
			l.Items = append(l.Items, NewString(part).At(v))
		}
		v = l
	}
	return NewMap(key, v).At(v)
}

// mapping reads a map: merged members come first, own ones replace them, and of two own ones with
// the same key the last counts, where the first stood.
func (r *reader) mapping(y *yaml.Node, depth int) (*Node, error) {
	merged, own := members{}, members{}
	for i := 0; i+1 < len(y.Content); i += 2 {
		k, v := y.Content[i], y.Content[i+1]
		if isMerge(k) {
			if err := r.merge(&merged, v, depth); err != nil {
				return nil, err
			}
			continue
		}
		key, err := r.key(k, depth)
		if err != nil {
			return nil, err
		}
		value, err := r.node(v, depth+1)
		if err != nil {
			return nil, err
		}
		if own.set(Pair{Key: key, Value: value, Line: k.Line, Column: k.Column}) {
			r.warnings = append(r.warnings, &Error{Message: fmt.Sprintf("Duplicate key %q; the last one counts.", key), Line: k.Line, Column: k.Column})
		}
	}
	if len(merged.pairs) > 0 {
		for _, p := range own.pairs {
			merged.set(p)
		}
		own = merged
	}
	return &Node{Kind: Map, Pairs: own.pairs}, nil
}

// members builds a map's pairs without searching through them.
type members struct {
	pairs []Pair
	index map[string]int
}

// set puts p in the place of the member with its key, or at the end; it tells whether there was one.
func (m *members) set(p Pair) bool {
	if m.index == nil {
		m.index = map[string]int{}
	}
	if i, ok := m.index[p.Key]; ok {
		m.pairs[i] = p
		return true
	}
	m.index[p.Key] = len(m.pairs)
	m.pairs = append(m.pairs, p)
	return false
}

func isMerge(k *yaml.Node) bool {
	return k.Kind == yaml.ScalarNode && k.Value == "<<" &&
		k.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
}

// merge adds the members of v, a map or a list of maps in which the first has precedence.
func (r *reader) merge(into *members, v *yaml.Node, depth int) error {
	m, err := r.node(v, depth+1)
	if err != nil {
		return err
	}
	maps := []*Node{m}
	if m.Kind == List {
		maps = maps[:0]
		for i := len(m.Items) - 1; i >= 0; i-- {
			maps = append(maps, m.Items[i])
		}
	}
	for _, m := range maps {
		if m.Kind != Map {
			return r.fail(v, "expected a mapping or list of mappings for merging.")
		}
		for _, p := range m.Pairs {
			into.set(p) // read anew for every mention, so nothing is shared
		}
	}
	return nil
}

// key is a member's name: JSON has only strings, so 200 becomes "200" and on becomes "true".
func (r *reader) key(k *yaml.Node, depth int) (string, error) {
	n, err := r.node(k, depth+1)
	if err != nil {
		return "", err
	}
	switch n.Kind {
	case String, Number, Bool:
		return n.Text, nil
	case Null:
		return "null", nil
	}
	return "", r.fail(k, "a key must be a scalar, not %s.", n.Kind)
}
