package rfc9535

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pb33f/jsonpath/pkg/jsonpath"
	yaml "go.yaml.in/yaml/v4"
	"pgregory.net/rapid"
)

// TestAgreesWithAnotherImplementation compares with pb33f/jsonpath on random
// queries and data. Nodelists are compared without order: that of an object's
// members is free, and the other keeps the order of the text.
func TestAgreesWithAnotherImplementation(t *testing.T) {
	compared, selected := 0, 0
	query, value := queries(), values(3)
	for seed := range 3000 {
		text, data := query.Example(seed), value.Example(seed)
		encoded, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		other, err := jsonpath.NewPath(text)
		if err != nil {
			continue
		}
		ours, err := Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		var root yaml.Node
		if err := yaml.Unmarshal(encoded, &root); err != nil {
			t.Fatal(err)
		}
		var theirs []string
		for _, node := range other.Query(&root) {
			theirs = append(theirs, encodeNode(t, node))
		}
		got, err := ours.Select(data)
		if err != nil {
			t.Fatal(err)
		}
		var mine []string
		for _, v := range got {
			mine = append(mine, encode(t, v))
		}
		slices.Sort(mine)
		slices.Sort(theirs)
		if !slices.Equal(mine, theirs) {
			t.Fatalf("%s on %s\nours:   %v\ntheirs: %v", text, encoded, mine, theirs)
		}
		compared++
		selected += len(mine)
	}
	if compared < 2000 || selected < 1000 {
		t.Errorf("only %d queries with %d nodes were compared", compared, selected)
	}
}

func encode(t *testing.T, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func encodeNode(t *testing.T, n *yaml.Node) string {
	var v any
	if err := n.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return encode(t, v)
}

func values(depth int) *rapid.Generator[any] {
	scalar := rapid.SampledFrom([]any{1, 2, 3.5, "x", "yy", true, false, "a"})
	if depth == 0 {
		return scalar
	}
	return rapid.Custom(func(t *rapid.T) any {
		switch kind := rapid.IntRange(0, 5).Draw(t, "kind"); {
		case kind == 0:
			return scalar.Draw(t, "scalar")
		case kind < 3:
			return rapid.SliceOfN(values(depth-1), 1, 4).Draw(t, "array")
		}
		out := map[string]any{}
		for _, name := range []string{"a", "b", "c"} {
			if rapid.IntRange(0, 3).Draw(t, name) > 0 {
				out[name] = values(depth-1).Draw(t, "member")
			}
		}
		return out
	})
}

// queries generates what both implementations know. Left out are the places
// where the other departs from RFC 9535.
func queries() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		b.WriteByte('$')
		for range rapid.IntRange(1, 2).Draw(t, "segments") {
			b.WriteString(rapid.OneOf(
				rapid.SampledFrom([]string{".a", ".b", "['c']", "[0]", "[1]", "[-1]", "[*]", ".*", "['a','b']", "[0,1]", "[1:]", "[:2]", "[0:3:2]", "..a", "..b"}),
				rapid.Custom(filters),
			).Draw(t, "segment"))
		}
		return b.String()
	})
}

func filters(t *rapid.T) string {
	operand := rapid.SampledFrom([]string{"@.a", "@.b", "@", "@[0]", "@['c']"}).Draw(t, "operand")
	literal := rapid.SampledFrom([]string{"1", "2", "3.5", "'x'", `"a"`, "true"}).Draw(t, "literal")
	operator := rapid.SampledFrom([]string{"==", "<", ">", "<=", ">="}).Draw(t, "operator")
	if rapid.Bool().Draw(t, "existence") {
		return fmt.Sprintf("[?%s]", operand)
	}
	return fmt.Sprintf("[?%s %s %s]", operand, operator, literal)
}
