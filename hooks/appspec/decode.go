package appspec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"go.yaml.in/yaml/v4"
)

// maxNodes bounds what aliases may expand to; an AppSpec has a few dozen nodes.
const maxNodes = 100_000

// decode reads JSON or YAML into map[string]any, []any, string and nil. Every scalar is kept as
// the text that stands there: version 0.0 stays "0.0", TargetVersion 007 is not silently 7.
func decode(text []byte) (any, error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	var jsonErr error
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		v, err := decodeJSON(text)
		if err == nil {
			return v, nil
		}
		jsonErr = err // it may still be YAML in flow style
	}
	v, err := decodeYAML(text)
	if err != nil && jsonErr != nil {
		return nil, jsonErr
	}
	return v, err
}

func decodeJSON(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not JSON: more text follows the value")
	}
	return texts(v), nil
}

// texts turns JSON's scalars into text, as decodeYAML does.
func texts(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			v[key] = texts(member)
		}
	case []any:
		for i, member := range v {
			v[i] = texts(member)
		}
	case json.Number:
		return v.String()
	case bool:
		return fmt.Sprint(v)
	}
	return v
}

func decodeYAML(text []byte) (any, error) {
	var doc yaml.Node
	if err := yaml.Load(text, &doc); err != nil {
		return nil, fmt.Errorf("not YAML: %w", err)
	}
	left := maxNodes
	return fromNode(&doc, &left)
}

func fromNode(n *yaml.Node, left *int) (any, error) {
	if *left--; *left < 0 {
		return nil, fmt.Errorf("more than %d values", maxNodes)
	}
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) != 1 {
			return nil, errors.New("not one document")
		}
		return fromNode(n.Content[0], left)
	case yaml.AliasNode:
		return fromNode(n.Alias, left)
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			v, err := fromNode(c, left)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	case yaml.MappingNode:
		return fromMapping(n, left)
	case yaml.ScalarNode:
		if n.ShortTag() == "!!null" {
			return nil, nil
		}
		return n.Value, nil
	}
	return nil, errors.New("nothing there")
}

func fromMapping(n *yaml.Node, left *int) (any, error) {
	out := map[string]any{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("line %d: a key that is not text", key.Line)
		}
		if _, twice := out[key.Value]; twice {
			return nil, fmt.Errorf("line %d: key %q stands twice", key.Line, key.Value)
		}
		v, err := fromNode(n.Content[i+1], left)
		if err != nil {
			return nil, err
		}
		out[key.Value] = v
	}
	return out, nil
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
