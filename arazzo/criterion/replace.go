package criterion

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/antchfx/xmlquery"

	"github.com/headgate/headgate/arazzo/expression"
)

// Replace answers the payload with value set wherever the query leads, and at
// how many places that was. The payload itself is not changed. What the last
// step of a JSON pointer, or of a JSONPath that names one node, does not find
// is added: a member, or an element at the end. Text that holds JSON is read
// as JSON. XPath takes and answers XML text.
func (q *Query) Replace(payload, value any) (any, int, error) {
	switch {
	case q.pointer != nil:
		return replaceAt(clone(structured(payload)), q.pointer.Tokens(), value)
	case q.path != nil:
		return q.replacePath(clone(structured(payload)), value)
	}
	doc, err := parseXML(payload)
	if err != nil {
		return nil, 0, err
	}
	selected, err := q.xpath.evaluate(doc)
	if err != nil {
		return nil, 0, err
	}
	nodes, is := selected.([]*xmlquery.Node)
	if !is {
		return nil, 0, fmt.Errorf("the target %s names no node but %s", clip(q.text), show(selected))
	}
	for _, n := range nodes {
		setText(n, expression.Text(value))
	}
	return doc.OutputXMLWithOptions(xmlquery.WithPreserveSpace()), len(nodes), nil
}

// setText replaces all of an element's content, or an attribute's value.
func setText(n *xmlquery.Node, text string) {
	switch n.Type {
	case xmlquery.AttributeNode:
		name := n.Data
		if n.Prefix != "" {
			name = n.Prefix + ":" + name
		}
		n.Parent.SetAttr(name, text)
	case xmlquery.ElementNode:
		n.FirstChild, n.LastChild = nil, nil
		xmlquery.AddChild(n, &xmlquery.Node{Type: xmlquery.TextNode, Data: text})
	case xmlquery.TextNode, xmlquery.CharDataNode, xmlquery.CommentNode:
		n.Data = text
	}
}

// replacePath sets every node of the query, which are found before any is set.
func (q *Query) replacePath(payload, value any) (any, int, error) {
	if location, fixed := q.path.Fixed(); fixed {
		return replaceAt(payload, tokens(location), value)
	}
	nodes, err := q.path.Nodes(payload)
	if err != nil {
		return nil, 0, err
	}
	for _, n := range nodes {
		// What an earlier place replaced may be gone: then there is no place.
		if payload, _, err = replaceAt(payload, tokens(n.Location), value); err != nil {
			return nil, 0, err
		}
	}
	return payload, len(nodes), nil
}

// tokens turns a normalized path's steps into those of a JSON pointer, which is what the replacement walks by.
func tokens(location []any) []string {
	out := make([]string, len(location))
	for i, step := range location {
		switch step := step.(type) {
		case string:
			out[i] = step
		case int:
			out[i] = strconv.Itoa(step)
		}
	}
	return out
}

// replaceAt sets value within v, which it may change; it answers 0 where the
// way to the last token is not there.
func replaceAt(v any, path []string, value any) (any, int, error) {
	if len(path) == 0 {
		return value, 1, nil
	}
	switch node := v.(type) {
	case map[string]any:
		child, found := node[path[0]]
		if !found && len(path) > 1 {
			return v, 0, nil
		}
		replaced, n, err := replaceAt(child, path[1:], value)
		if n > 0 {
			node[path[0]] = replaced
		}
		return v, n, err
	case []any:
		i, ok := expression.Index(path[0], len(node))
		if i == len(node) && len(path) == 1 && (ok || path[0] == strconv.Itoa(i)) {
			return append(node, value), 1, nil
		}
		if !ok || i >= len(node) {
			return v, 0, nil
		}
		replaced, n, err := replaceAt(node[i], path[1:], value)
		node[i] = replaced
		return v, n, err
	}
	return v, 0, nil
}

// clone copies objects and arrays, so that the caller's stay as they are.
func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, child := range v {
			out[key] = clone(child)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, child := range v {
			out[i] = clone(child)
		}
		return out
	}
	return v
}

// numberOfFloat spells a number of XPath; NaN and the infinities, which JSON
// lacks, stay text.
func numberOfFloat(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return json.Number(strconv.FormatFloat(f, 'f', -1, 64))
}
