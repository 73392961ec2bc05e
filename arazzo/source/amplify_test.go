package source

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Documents that are small, and large only for somebody who follows all of their references.
func TestReferencesDoNotAmplify(t *testing.T) {
	var many strings.Builder
	many.WriteString("openapi: 3.1.0\nx-all:\n  parameters:\n")
	for i := range 2000 {
		fmt.Fprintf(&many, "  - {name: p%d, in: query}\n", i)
	}
	many.WriteString("  get: {operationId: op}\npaths:\n")
	for i := range 5000 {
		fmt.Fprintf(&many, "  /p%d: {$ref: '#/x-all'}\n", i)
	}
	start := time.Now()
	d, err := Loader{Limits: Limits{Nodes: 40_000}}.Parse(t.Context(), "x.yml", []byte(many.String()))
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("read in %v", took)
	}
	if _, err := d.OperationAt("#/paths/~1p0/get"); err != nil {
		t.Errorf("the first: %v", err)
	}
	if _, err := d.OperationAt("#/paths/~1p4999/get"); err == nil || !strings.Contains(err.Error(), "repeat too much") {
		t.Errorf("the last: %v", err)
	}
}

func TestLongChainOfSchemas(t *testing.T) {
	const n = 50_000
	var chain strings.Builder
	chain.WriteString("openapi: 3.1.0\npaths: {/a: {get: {operationId: op, responses: {200: {content: {'*/*': {schema: {$ref: '#/components/schemas/S0'}}}}}}}}\ncomponents:\n  schemas:\n")
	for i := range n {
		fmt.Fprintf(&chain, "    S%d: {items: {$ref: '#/components/schemas/S%d'}}\n", i, (i+1)%n)
	}
	s := operation(t, parse(t, chain.String()), "op").ResponseSchema(200, "")
	data, ok := s.Data().(map[string]any)
	if defs, _ := data["$defs"].(map[string]any); !ok || len(defs) != n {
		t.Errorf("%d definitions", len(defs))
	}
	if _, p := s.At(strings.Repeat("/0", 1000)); p != Yes {
		t.Errorf("deep member: %v", p)
	}
	s.Sample()
}

func BenchmarkRequest(b *testing.B) {
	d, err := Loader{}.Parse(b.Context(), "https://api.example.com/api.yaml", []byte(schemas+`
  x-unused: {}
`))
	if err != nil {
		b.Fatal(err)
	}
	op, err := d.Operation("op")
	if err != nil {
		b.Fatal(err)
	}
	op.Path = "/a/{id}/b"
	op.Parameters = []*Parameter{{Name: "id", In: "path", Style: "simple", Required: true}, {Name: "q", In: "query", Style: "form", Explode: true}}
	in := Input{Arguments: []Argument{{"id", "path", "some id"}, {"q", "query", []any{"a", "b"}}}, Payload: &Payload{"application/json", map[string]any{"a": "b", "c": []any{"d"}}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := op.Request(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}
