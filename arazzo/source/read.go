package source

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// document is one read file or answer. It does not change after reading.
type document struct {
	set      *set
	location string
	base     string // what relative references are relative to: $self, else the location
	root     *yaml.Node
	keys     map[*yaml.Node]map[string]*yaml.Node // of large mappings
	sizes    map[*yaml.Node]int                   // values in large nodes, aliases written out
	bases    map[*yaml.Node]string                // of mappings with a $ref under an $id: its absolute URI
	notes    []string
}

// readDocument turns text into nodes within the limits. Its errors are *Error, and it does not panic.
func readDocument(location string, data []byte, limits Limits) (doc *document, err error) {
	doc = &document{location: location, base: location, keys: map[*yaml.Node]map[string]*yaml.Node{}, sizes: map[*yaml.Node]int{}}
	fail := func(line, column int, format string, args ...any) (*document, error) {
		return nil, &Error{Position: Position{File: location, Line: line, Column: column}, Message: fmt.Sprintf(format, args...)}
	}
	if int64(len(data)) > limits.Bytes {
		return fail(0, 0, "the document has %d bytes, more than the limit of %d", len(data), limits.Bytes)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return fail(0, 0, "the document is not UTF-8 text")
	}
	root, err := parseNodes(data, limits)
	if err != nil {
		var at *Error
		if errors.As(err, &at) {
			at.File = location
			return nil, at
		}
		return fail(0, 0, "%v", err)
	}
	r := &reader{doc: doc, limits: limits, state: map[*yaml.Node]*visit{}}
	doc.root, err = r.visit(root, 0)
	if err != nil {
		return nil, err
	}
	if doc.root == nil || doc.root.Kind != yaml.MappingNode {
		return fail(1, 1, "the document is not an object")
	}
	return doc, nil
}

// parseNodes reads JSON strictly, with positions, and everything else as YAML.
func parseNodes(data []byte, limits Limits) (root *yaml.Node, err error) {
	defer func() { // a parser's panic on strange input must be a refusal
		if r := recover(); r != nil {
			root, err = nil, &Error{Message: fmt.Sprintf("the document cannot be read: %v", r)}
		}
	}()
	var asJSON error
	if t := bytes.TrimLeft(data, " \t\r\n"); len(t) > 0 && t[0] == '{' {
		root, asJSON = parseJSON(data, limits.Depth)
		if asJSON == nil {
			return root, nil
		}
	}
	var y yaml.Node
	err = yaml.Load(data, &y, yaml.WithUniqueKeys(false), yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(limits.Depth), loaderlimits.AliasNone())))
	if err != nil {
		if asJSON != nil {
			return nil, asJSON
		}
		return nil, yamlError(err)
	}
	if y.Kind == yaml.DocumentNode {
		if len(y.Content) == 0 {
			return nil, &Error{Message: "the document is empty"}
		}
		return y.Content[0], nil
	}
	return &y, nil
}

func yamlError(err error) *Error {
	e := &Error{Message: "not well-formed YAML: " + err.Error()}
	var le *yaml.LoadError
	if errors.As(err, &le) {
		e.Line, e.Column, e.Message = le.Mark.Line, le.Mark.Column, "not well-formed YAML: "+le.Message
	}
	if strings.Contains(err.Error(), "no documents") {
		e.Message = "the document is empty"
	}
	return e
}

// reader checks the limits and writes aliases and merges out. Nodes that aliases share stay shared: only their count is unrolled.
type reader struct {
	doc    *document
	limits Limits
	state  map[*yaml.Node]*visit
}

// visit is what is known of a node: open while its members are read, then its unrolled size and depth.
type visit struct {
	open  bool
	size  int
	depth int
	node  *yaml.Node
}

func (r *reader) fail(n *yaml.Node, format string, args ...any) error {
	return &Error{Position: Position{File: r.doc.location, Line: n.Line, Column: n.Column}, Message: fmt.Sprintf(format, args...)}
}

func (r *reader) visit(n *yaml.Node, depth int) (*yaml.Node, error) {
	v, err := r.measure(n, depth)
	if err != nil || v == nil {
		return nil, err
	}
	return v.node, nil
}

// measure visits a node once. A node that aliases share counts each time in the sizes and depths of those that hold it, so that a
// bomb is found without being unrolled.
func (r *reader) measure(n *yaml.Node, depth int) (*visit, error) {
	if depth > r.limits.Depth {
		return nil, r.fail(n, "nested deeper than %d levels", r.limits.Depth)
	}
	if n.Kind == yaml.AliasNode {
		if n.Alias == nil {
			return nil, r.fail(n, "an alias of nothing")
		}
		n = n.Alias
	}
	if v := r.state[n]; v != nil {
		if v.open {
			return nil, r.fail(n, "an anchor contains an alias of itself")
		}
		if depth+v.depth > r.limits.Depth {
			return nil, r.fail(n, "nested deeper than %d levels", r.limits.Depth)
		}
		return v, nil
	}
	v := &visit{open: true, size: 1, node: n}
	r.state[n] = v
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && c.Kind == yaml.AliasNode && c.Alias != nil {
			c = c.Alias
		}
		if n.Kind == yaml.MappingNode && i%2 == 0 && c.Kind != yaml.ScalarNode {
			return nil, r.fail(c, "a key is not a string")
		}
		m, err := r.measure(c, depth+1)
		if err != nil {
			return nil, err
		}
		n.Content[i] = m.node
		v.size += m.size
		v.depth = max(v.depth, m.depth+1)
		if v.size > r.limits.Nodes {
			return nil, r.fail(n, "more than %d values, aliases written out", r.limits.Nodes)
		}
	}
	if v.open = false; v.size > 32 {
		r.doc.sizes[n] = v.size
	}
	if n.Kind == yaml.MappingNode {
		r.mapping(n)
	}
	return v, nil
}

// mapping resolves merges and duplicate keys (the last one counts, as in JSON) and indexes a large mapping.
func (r *reader) mapping(n *yaml.Node) {
	seen := make(map[string]int, len(n.Content)/2) // key → index of its value
	var content, merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Value == "<<" && k.Tag == "!!merge" {
			merges = append(merges, v)
			continue
		}
		if at, twice := seen[k.Value]; twice {
			r.doc.notes = append(r.doc.notes, fmt.Sprintf("%s:%d:%d: the key %q stands twice; the last one counts", r.doc.location, k.Line, k.Column, k.Value))
			content[at] = v
			continue
		}
		seen[k.Value] = len(content) + 1
		content = append(content, k, v)
	}
	for _, m := range merges {
		for _, from := range mergeSources(m) {
			for i := 0; i+1 < len(from.Content); i += 2 {
				if _, own := seen[from.Content[i].Value]; !own {
					seen[from.Content[i].Value] = len(content) + 1
					content = append(content, from.Content[i], from.Content[i+1])
				}
			}
		}
	}
	n.Content = content
	if len(seen) > 16 {
		index := make(map[string]*yaml.Node, len(seen))
		for key, at := range seen {
			index[key] = content[at]
		}
		r.doc.keys[n] = index
	}
}

// mergeSources are the mappings that a merge key names: one, or a list of them, the first of which wins.
func mergeSources(n *yaml.Node) []*yaml.Node {
	switch n.Kind {
	case yaml.MappingNode:
		return []*yaml.Node{n}
	case yaml.SequenceNode:
		var all []*yaml.Node
		for _, c := range n.Content {
			if c.Kind == yaml.MappingNode {
				all = append(all, c)
			}
		}
		return all
	}
	return nil
}
