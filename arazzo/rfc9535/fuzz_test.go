package rfc9535

import "testing"

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`$`, `$.a['b'][0,1:2:3]..*`, `$[?@.a == 'x' && !(@.b > 1.5e3)]`, `$[?match(@.a, '\\p{L}+') || count(@..*) >= 2]`,
		`$.State == "Active"`, `$.items[(@.length-1)]`, `$['\ud83d\ude00']`, `$[?length(value($..a)) < 5]`, `$.a.length > 0`,
	} {
		f.Add(seed)
	}
	data := map[string]any{"a": []any{"x", 1.5, map[string]any{"b": nil, "length": true}}, "State": "Active"}
	f.Fuzz(func(t *testing.T, text string) {
		strict, err := Parse(text)
		if err == nil {
			nodes, err := strict.Nodes(data)
			if err != nil {
				t.Fatalf("%q on small data: %v", text, err)
			}
			for _, n := range nodes {
				again, err := Parse(n.Path())
				if err != nil || !again.Singular() {
					t.Fatalf("%q has the normalized path %s: %v", text, n.Path(), err)
				}
			}
			if again, err := Parse(strict.String()); err != nil || again.Singular() != strict.Singular() {
				t.Fatalf("%q does not read the same twice: %v", text, err)
			}
		}
		lenient, lenientErr := ParseOptions(text, Options{Condition: true, Length: true, Draft: true})
		if err == nil && lenientErr != nil {
			t.Fatalf("%q is a query, but not when lenient: %v", text, lenientErr)
		}
		if lenientErr == nil {
			if _, err := lenient.Test(data); err != nil {
				t.Fatalf("%q on small data: %v", text, err)
			}
		}
	})
}
