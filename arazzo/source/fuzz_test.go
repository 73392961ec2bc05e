package source

import (
	"context"
	"encoding/json"
	"testing"
)

// FuzzDescription reads whatever comes and asks it everything: nothing may panic, hang or grow without bound.
func FuzzDescription(f *testing.F) {
	for _, seed := range []string{tiny, lookups, bodies, schemas, swagger, async2, async3,
		`{"openapi":"3.1.0","paths":{"/a":{"$ref":"#/paths/~1a"}}}`, "openapi: 3.1.0\npaths: {/a: &a {get: {operationId: op, x: [*a]}}}", `{"a":"\ud83d\ude00"`,
		"openapi: 3.0.0\ncomponents: {schemas: {A: {allOf: [{$ref: '#/components/schemas/A'}]}}}\npaths: {/a: {get: {responses: {200: {content: {'*/*': {schema: {$ref: '#/components/schemas/A'}}}}}}}}"} {
		f.Add([]byte(seed))
	}
	value := map[string]any{"name": "a", "tags": []any{"b", json.Number("1"), nil}, "o": map[string]any{"k": map[string]any{}}}
	f.Fuzz(func(t *testing.T, data []byte) {
		ctx := context.Background()
		d, err := Loader{Limits: Limits{Bytes: 1 << 16, Nodes: 20_000, Depth: 50}}.Parse(ctx, "", data)
		if err != nil {
			return
		}
		for _, op := range d.Operations() {
			if again, err := d.OperationAt("#" + op.Pointer); err == nil && again.Method != op.Method {
				t.Errorf("%s gives %s", op.Pointer, again.Method)
			}
			_, _ = d.Operation(op.ID + "x")
			in := Input{Server: "http://h.example", Payload: &Payload{Value: value}}
			for _, p := range op.Parameters {
				in.Arguments = append(in.Arguments, Argument{p.Name, p.In, value})
			}
			if req, err := op.Request(ctx, in); err == nil && req.URL.Host != "h.example" {
				t.Errorf("another host: %s", req.URL)
			}
			for _, r := range op.Responses {
				for _, m := range r.Content {
					if m.Schema != nil {
						_, _ = m.Schema.At("/a/0/b")
						_, _, _ = m.Schema.Types(), m.Schema.Sample(), m.Schema.Data()
					}
				}
			}
		}
		for _, c := range d.Channels() {
			_, _ = c.Expand(nil)
			_ = c.Protocols()
			_, _ = d.ChannelAt("#" + c.Pointer)
		}
	})
}
