package source

import (
	"encoding/json"
	"iter"
	"math/big"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// node is a YAML node together with the document that it stands in: a reference inside it is relative to that document. Aliases and
// merges are resolved when a document is read, so that nobody else meets them. The zero node is "not there".
type node struct {
	doc *document
	*yaml.Node
}

func (n node) ok() bool { return n.Node != nil }

func (n node) isMap() bool { return n.Node != nil && n.Kind == yaml.MappingNode }

func (n node) isList() bool { return n.Node != nil && n.Kind == yaml.SequenceNode }

func (n node) isScalar() bool { return n.Node != nil && n.Kind == yaml.ScalarNode }

// position is where the node stands, or just its document.
func (n node) position() Position {
	if n.Node == nil {
		if n.doc != nil {
			return Position{File: n.doc.location}
		}
		return Position{}
	}
	return Position{File: n.doc.location, Line: n.Line, Column: n.Column}
}

// get is the value of a key; the zero node where there is none.
func (n node) get(key string) node {
	if !n.isMap() {
		return node{}
	}
	if keys := n.doc.keys[n.Node]; keys != nil {
		if v := keys[key]; v != nil {
			return node{n.doc, v}
		}
		return node{}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return node{n.doc, n.Content[i+1]}
		}
	}
	return node{}
}

// str is the text of a scalar member; empty where there is none.
func (n node) str(key string) string {
	if v := n.get(key); v.isScalar() && v.Tag != "!!null" {
		return v.Value
	}
	return ""
}

// flag is a boolean member and whether it is there.
func (n node) flag(key string) (value, present bool) {
	v := n.get(key)
	if !v.isScalar() {
		return false, false
	}
	return v.Value == "true", true
}

func (n node) isTrue(key string) bool {
	v, _ := n.flag(key)
	return v
}

// members yields key and value of a mapping, in the document's order.
func (n node) members() iter.Seq2[*yaml.Node, node] {
	return func(yield func(*yaml.Node, node) bool) {
		if !n.isMap() {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], node{n.doc, n.Content[i+1]}) {
				return
			}
		}
	}
}

// items yields the members of a sequence.
func (n node) items() iter.Seq2[int, node] {
	return func(yield func(int, node) bool) {
		if !n.isList() {
			return
		}
		for i, c := range n.Content {
			if !yield(i, node{n.doc, c}) {
				return
			}
		}
	}
}

// strings is a sequence of scalars, or a single scalar as a sequence of one.
func (n node) strings() []string {
	if n.isScalar() {
		return []string{n.Value}
	}
	var all []string
	for _, c := range n.items() {
		if c.isScalar() {
			all = append(all, c.Value)
		}
	}
	return all
}

// extensions are the x- members as plain data.
func (n node) extensions() map[string]any {
	var all map[string]any
	for k, v := range n.members() {
		if strings.HasPrefix(k.Value, "x-") {
			if all == nil {
				all = map[string]any{}
			}
			all[k.Value] = v.data()
		}
	}
	return all
}

// data is the node as encoding/json would give it with UseNumber. The reader has bounded what aliases unroll to.
func (n node) data() any {
	switch {
	case n.isMap():
		m := make(map[string]any, len(n.Content)/2)
		for k, v := range n.members() {
			m[k.Value] = v.data()
		}
		return m
	case n.isList():
		list := make([]any, 0, len(n.Content))
		for _, v := range n.items() {
			list = append(list, v.data())
		}
		return list
	case n.isScalar():
		return scalar(n.Node)
	}
	return nil
}

// scalar gives the types of YAML's JSON schema; whatever is not JSON (timestamps, binary, infinities) stays a string.
func scalar(n *yaml.Node) any {
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int", "!!float":
		if number, ok := jsonNumber(n.Value); ok {
			return number
		}
	}
	return n.Value
}

// jsonNumber gives a number in JSON's spelling: what YAML writes 0x10, 0o7, +1 or 1_000 is translated, however large.
func jsonNumber(text string) (json.Number, bool) {
	if json.Valid([]byte(text)) {
		return json.Number(text), true
	}
	plain := strings.ReplaceAll(strings.TrimPrefix(text, "+"), "_", "")
	if i, ok := new(big.Int).SetString(plain, 0); ok && len(plain) < 100 {
		return json.Number(i.String()), true
	}
	f, err := strconv.ParseFloat(plain, 64)
	if err != nil || f != f || f > maxFloat || f < -maxFloat {
		return "", false
	}
	return json.Number(strconv.FormatFloat(f, 'g', -1, 64)), true
}

const maxFloat = 1.7976931348623157e308
