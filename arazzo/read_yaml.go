package arazzo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v4"

	"github.com/headgate/headgate/arazzo/expression"
)

// Bounds of a document. Aliases count each time they are used, so that a small
// text cannot grow into gigabytes.
const (
	MaxBytes = 8 << 20
	MaxDepth = 128
	MaxNodes = 200_000

	maxPaths    = 64 << 20 // bytes of all values' paths
	maxFindings = 1000
)

// nodes turns YAML into Values within the bounds.
type nodes struct {
	findings []Finding
	lenient  []Finding // reported by Validate, see Document.lenient
	count    int
	paths    int                 // bytes of paths so far
	active   map[*yaml.Node]bool // aliases being expanded
	stopped  bool                // a bound was hit: one finding is enough
}

func (n *nodes) fail(rule string, at Pos, path, hint, format string, args ...any) {
	if len(n.findings) >= maxFindings {
		return
	}
	n.findings = append(n.findings, Finding{Rule: rule, Severity: SeverityError, Message: fmt.Sprintf(format, args...),
		Line: at.Line, Column: at.Column, Path: path, Hint: hint})
}

func (n *nodes) tolerate(rule string, at Pos, path, hint, format string, args ...any) {
	if len(n.lenient) >= maxFindings {
		return
	}
	n.lenient = append(n.lenient, Finding{Rule: rule, Severity: SeverityWarning, Message: fmt.Sprintf(format, args...),
		Line: at.Line, Column: at.Column, Path: path, Hint: hint})
}

// readText answers the root value, or nil with findings.
func (n *nodes) readText(data []byte) *Value {
	start := Pos{1, 1}
	switch {
	case len(data) > MaxBytes:
		n.fail("document-too-large", start, "", "", "the document has %d bytes; at most %d are read", len(data), MaxBytes)
		return nil
	case !utf8.Valid(data):
		n.fail("document-encoding", start, "", "save it as UTF-8", "the document is not UTF-8")
		return nil
	}
	root, more, err := loadYAML(jsonSurrogates(data))
	if err != nil {
		at, text := yamlError(err)
		n.fail("syntax", at, "", "", "the document is neither YAML 1.2 nor JSON: %s", text)
		return nil
	}
	if root == nil || len(root.Content) == 0 {
		n.fail("empty-document", start, "", "an Arazzo document starts with the field arazzo", "the document is empty")
		return nil
	}
	if more {
		n.fail("many-documents", start, "", "split it into files", "the text holds more than one YAML document")
	}
	v := n.value(root.Content[0], "", 0)
	if n.stopped {
		return nil
	}
	return v
}

// loadYAML answers the first document, and whether there are more.
func loadYAML(data []byte) (root *yaml.Node, more bool, err error) {
	// The library is foreign code that reads hostile text: a defect in it must
	// not end the process.
	defer func() {
		if p := recover(); p != nil {
			root, more, err = nil, false, fmt.Errorf("the YAML reader failed: %v", p)
		}
	}()
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		return nil, false, err
	}
	var first, second yaml.Node
	if err := loader.Load(&first); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, false, nil
		}
		return nil, false, err
	}
	err = loader.Load(&second)
	switch {
	case errors.Is(err, io.EOF):
		return &first, false, nil
	case err != nil:
		return nil, false, err
	}
	return &first, true, nil
}

func yamlError(err error) (Pos, string) {
	var load *yaml.LoadError
	if errors.As(err, &load) {
		text := load.Message
		if load.ContextMsg != "" {
			text = load.ContextMsg + ": " + text
		}
		return Pos{max(load.Mark.Line, 1), max(load.Mark.Column, 1)}, text
	}
	return Pos{1, 1}, err.Error()
}

var surrogatePair = regexp.MustCompile(`\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}`)

// jsonSurrogates rewrites the surrogate pairs of JSON's escapes, which YAML
// does not know, as YAML's escape of the character.
func jsonSurrogates(data []byte) []byte {
	trimmed := bytes.TrimLeft(data, " \t\r\n\ufeff")
	if !bytes.HasPrefix(trimmed, []byte("{")) || !surrogatePair.Match(data) || !json.Valid(trimmed) {
		return data
	}
	return surrogatePair.ReplaceAllFunc(data, func(pair []byte) []byte {
		var s string
		if json.Unmarshal([]byte(`"`+string(pair)+`"`), &s) != nil {
			return pair
		}
		r, _ := utf8.DecodeRuneInString(s)
		return fmt.Appendf(nil, `\U%08X`, r)
	})
}

// value converts a node; it never answers nil.
func (n *nodes) value(node *yaml.Node, path string, depth int) *Value {
	v := &Value{Pos: Pos{node.Line, node.Column}, Path: path}
	n.count++
	n.paths += len(path)
	switch {
	case n.stopped:
		return v
	case depth > MaxDepth:
		n.stop("document-too-deep", v, "the document is nested more than %d levels deep", MaxDepth)
		return v
	case n.count > MaxNodes || n.paths > maxPaths:
		n.stop("document-too-large", v, "the document expands to more than %d values, or its keys are too long", MaxNodes)
		return v
	}
	switch node.Kind {
	case yaml.AliasNode:
		return n.alias(node, path, depth)
	case yaml.MappingNode:
		n.mapping(v, node, depth)
	case yaml.SequenceNode:
		v.Kind = KindArray
		items := make([]any, 0, len(node.Content))
		for i, child := range node.Content {
			if n.stopped {
				break
			}
			item := n.value(child, path+"/"+strconv.Itoa(i), depth+1)
			v.Items = append(v.Items, item)
			items = append(items, item.data)
		}
		v.data = items
	default:
		n.scalar(v, node)
	}
	return v
}

// stop ends the reading: a document beyond the bounds has one finding only.
func (n *nodes) stop(rule string, v *Value, format string, args ...any) {
	n.stopped = true
	n.findings = nil // what bounds the document comes first
	n.fail(rule, v.Pos, v.Path, "", format, args...)
}

// alias expands an alias at its place: everything in it is counted again, and
// stands where the alias does.
func (n *nodes) alias(node *yaml.Node, path string, depth int) *Value {
	at := Pos{node.Line, node.Column}
	if node.Alias == nil || n.active[node.Alias] {
		n.fail("yaml-cycle", at, path, "", "the alias *%s refers to what contains it", node.Value)
		return &Value{Pos: at, Path: path}
	}
	if n.active == nil {
		n.active = map[*yaml.Node]bool{}
	}
	n.active[node.Alias] = true
	v := n.value(node.Alias, path, depth+1)
	delete(n.active, node.Alias)
	v.Pos = at
	return v
}

// mapping reads an object. Of a key that is given twice the first counts.
func (n *nodes) mapping(v *Value, node *yaml.Node, depth int) {
	v.Kind = KindObject
	data := make(map[string]any, len(node.Content)/2)
	v.data = data
	first := make(map[string]Pos, len(node.Content)/2)
	var merges []*Member
	for i := 0; i+1 < len(node.Content) && !n.stopped; i += 2 {
		key, child := node.Content[i], node.Content[i+1]
		at := Pos{key.Line, key.Column}
		if key.Kind == yaml.AliasNode && key.Alias != nil {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			n.fail("yaml-key", at, v.Path, "keys are plain strings", "a key of an object is a string, not an object or a list")
			continue
		}
		name := key.Value
		m := &Member{Key: at, Name: name, Value: n.value(child, v.Path+"/"+expression.EscapePointer(name), depth+1)}
		if key.Tag == "!!merge" {
			merges = append(merges, m)
			continue
		}
		if before, found := first[name]; found {
			n.fail("duplicate-key", at, m.Value.Path, "keep one of them", "the key %q was given at line %d already", name, before.Line)
			continue
		}
		first[name] = at
		data[name] = m.Value.data
		v.Members = append(v.Members, m)
	}
	n.merge(v, merges, data)
}

// merge adds the members of YAML 1.1's merge keys, which the world still
// writes, behind those that the object has itself.
func (n *nodes) merge(v *Value, merges []*Member, data map[string]any) {
	for _, m := range merges {
		n.tolerate("lenient-yaml-merge", m.Key, v.Path, "write the members out", "YAML 1.2 has no merge key <<")
		sources := []*Value{m.Value}
		if m.Value.Kind == KindArray {
			sources = m.Value.Items
		}
		for _, source := range sources {
			if source.Kind != KindObject {
				n.fail("yaml-merge", m.Key, v.Path, "", "the merge key << takes an object, not %s", source.Kind)
				continue
			}
			for _, inherited := range source.Members {
				if _, found := data[inherited.Name]; !found {
					data[inherited.Name] = inherited.Value.data
					v.Members = append(v.Members, inherited)
				}
			}
		}
	}
}
