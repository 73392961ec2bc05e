package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// parseJSON reads JSON into YAML nodes with positions. YAML's own reader takes most JSON, but neither keys of more than 1,024
// characters nor surrogate pairs, and it is slow on the large generated descriptions that JSON is used for.
func parseJSON(data []byte, maxDepth int) (*yaml.Node, error) {
	p := &jsonParser{data: data, line: 1, maxDepth: maxDepth}
	n, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(data) {
		return nil, p.fail("something follows the document's end")
	}
	return n, nil
}

// jsonParser reads JSON as RFC 8259 has it: no comments, no trailing commas.
type jsonParser struct {
	data      []byte
	at        int
	line      int
	lineStart int // index of the line's first byte
	maxDepth  int
}

func (p *jsonParser) fail(format string, args ...any) error {
	return &Error{Position: Position{Line: p.line, Column: p.column()}, Message: "not well-formed JSON: " + fmt.Sprintf(format, args...)}
}

// column counts characters, not bytes.
func (p *jsonParser) column() int {
	return utf8.RuneCount(p.data[min(p.lineStart, len(p.data)):min(p.at, len(p.data))]) + 1
}

func (p *jsonParser) space() {
	for p.at < len(p.data) {
		switch p.data[p.at] {
		case '\n':
			p.line++
			p.lineStart = p.at + 1
		case ' ', '\t', '\r':
		default:
			return
		}
		p.at++
	}
}

func (p *jsonParser) value(depth int) (*yaml.Node, error) {
	p.space()
	if p.at >= len(p.data) {
		return nil, p.fail("it ends too early")
	}
	if depth > p.maxDepth {
		return nil, p.fail("nested deeper than %d levels", p.maxDepth)
	}
	n := &yaml.Node{Line: p.line, Column: p.column()}
	switch c := p.data[p.at]; c {
	case '{':
		n.Kind, n.Tag, n.Style = yaml.MappingNode, "!!map", yaml.FlowStyle
		return n, p.list(n, depth, '}')
	case '[':
		n.Kind, n.Tag, n.Style = yaml.SequenceNode, "!!seq", yaml.FlowStyle
		return n, p.list(n, depth, ']')
	case '"':
		n.Kind, n.Tag, n.Style = yaml.ScalarNode, "!!str", yaml.DoubleQuotedStyle
		return n, p.text(n)
	}
	n.Kind = yaml.ScalarNode
	return n, p.word(n)
}

// list reads the members of an object or an array, after its opening bracket.
func (p *jsonParser) list(n *yaml.Node, depth int, end byte) error {
	p.at++
	for {
		if p.space(); p.at < len(p.data) && p.data[p.at] == end {
			p.at++
			return nil
		}
		if end == '}' {
			key, err := p.value(depth + 1)
			if err != nil {
				return err
			}
			if key.Kind != yaml.ScalarNode || key.Tag != "!!str" {
				return p.fail("a key is not a string")
			}
			if p.space(); p.at >= len(p.data) || p.data[p.at] != ':' {
				return p.fail("':' is missing after a key")
			}
			p.at++
			n.Content = append(n.Content, key)
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		n.Content = append(n.Content, v)
		p.space()
		switch {
		case p.at >= len(p.data):
			return p.fail("%q is missing", end)
		case p.data[p.at] == ',':
			p.at++
			if p.space(); p.at < len(p.data) && p.data[p.at] == end {
				return p.fail("a comma before %q", end)
			}
		case p.data[p.at] != end:
			return p.fail("',' or %q is missing", end)
		}
	}
}

// text reads a string; encoding/json undoes the escapes, where there are any.
func (p *jsonParser) text(n *yaml.Node) error {
	start := p.at
	for p.at++; p.at < len(p.data) && p.data[p.at] != '"'; p.at++ {
		if p.data[p.at] == '\\' {
			p.at++
		} else if p.data[p.at] < ' ' {
			return p.fail("a control character in a string")
		}
	}
	if p.at >= len(p.data) {
		return p.fail("a string does not end")
	}
	p.at++
	raw := p.data[start:p.at]
	if bytes.IndexByte(raw, '\\') < 0 {
		n.Value = string(raw[1 : len(raw)-1])
		return nil
	}
	if err := json.Unmarshal(raw, &n.Value); err != nil {
		return p.fail("%v", err)
	}
	return nil
}

// word reads null, booleans and numbers, and keeps the spelling of numbers.
func (p *jsonParser) word(n *yaml.Node) error {
	start := p.at
	for p.at < len(p.data) && strings.IndexByte(" \t\r\n,:]}[{\"", p.data[p.at]) < 0 {
		p.at++
	}
	n.Value = string(p.data[start:p.at])
	switch {
	case n.Value == "null":
		n.Tag = "!!null"
	case n.Value == "true" || n.Value == "false":
		n.Tag = "!!bool"
	case json.Valid(p.data[start:p.at]):
		n.Tag = "!!int"
		if strings.ContainsAny(n.Value, ".eE") {
			n.Tag = "!!float"
		}
	default:
		p.at = start
		return p.fail("%.20q is no value", n.Value)
	}
	return nil
}
