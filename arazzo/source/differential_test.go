package source

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the corpus of the differential test anew; then run testdata/oracle")

// TestDifferential compares our reading of descriptions with libopenapi's, which testdata/oracle has written down: that library needs
// another version of the YAML package than ours, so it cannot be called from here.
func TestDifferential(t *testing.T) {
	corpus := differentialCorpus()
	want, err := json.MarshalIndent(corpus, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/differential/corpus.json"
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != string(want) {
		t.Fatal("the corpus has changed: run with -update, then the oracle")
	}
	data, err := os.ReadFile("testdata/differential/oracle.json")
	if err != nil {
		t.Fatal(err)
	}
	var oracle []map[string]comparedOperation
	if err := json.Unmarshal(data, &oracle); err != nil {
		t.Fatal(err)
	}
	if len(oracle) != len(corpus) {
		t.Fatalf("the oracle knows %d of %d descriptions", len(oracle), len(corpus))
	}
	compared := 0
	for i, text := range corpus {
		d, err := Loader{}.Parse(t.Context(), "https://api.example.com/v1/api.yaml", []byte(text))
		if err != nil {
			t.Errorf("%d: %v", i, err)
			continue
		}
		if got, want := len(d.Operations()), len(oracle[i]); got != want {
			t.Errorf("%d: %d operations, libopenapi %d", i, got, want)
		}
		for _, op := range d.Operations() {
			compared++
			theirs, ok := oracle[i][op.Method+" "+op.Path]
			if !ok {
				t.Errorf("%d: libopenapi has no %s %s", i, op.Method, op.Path)
				continue
			}
			ours := readAs(op, d.Kind)
			ours.Parameters, theirs.Parameters = undefaulted(ours.Parameters, theirs.Parameters)
			if theirs.Servers == nil && slices.Equal(ours.Servers, []string{"/"}) { // the default, which we fill in
				ours.Servers = nil
			}
			if diff := cmp.Diff(theirs, ours); diff != "" {
				t.Errorf("%d %s %s: libopenapi − ours +\n%s", i, op.Method, op.Path, diff)
			}
			if found, err := d.Operation(op.ID); err != nil || found.ID != theirs.ID {
				t.Errorf("%d: %s: %v", i, op.ID, err)
			}
		}
	}
	if compared < 300 {
		t.Errorf("only %d operations were compared", compared)
	}
}

// comparedOperation is what is compared; testdata/oracle has its twin.
type comparedOperation struct {
	ID         string
	Parameters []string
	Servers    []string
	Body       []string
	Responses  []string
	Security   [][]string
	Deprecated bool
}

func readAs(op *Operation, kind Kind) comparedOperation {
	r := comparedOperation{ID: op.ID, Deprecated: op.Deprecated}
	for _, p := range op.Parameters {
		style, explode := p.Style, fmt.Sprint(p.Explode)
		if kind == Swagger {
			style, explode = "?", "?"
		}
		r.Parameters = append(r.Parameters, fmt.Sprintf("%s %s %v %s %s %v", p.In, p.Name, p.Required, style, explode, p.AllowReserved))
	}
	slices.Sort(r.Parameters)
	for _, alternative := range op.Security {
		names := []string{}
		for _, use := range alternative {
			names = append(names, use.Name)
		}
		r.Security = append(r.Security, names)
	}
	if kind == Swagger {
		return r // libopenapi reads bodies and servers as 2.0 has them
	}
	for _, s := range op.Servers {
		r.Servers = append(r.Servers, s.URL)
	}
	if op.Body != nil {
		for _, m := range op.Body.Content {
			r.Body = append(r.Body, m.Type)
		}
		slices.Sort(r.Body)
	}
	for _, answer := range op.Responses {
		text := answer.Status
		var types []string
		for _, m := range answer.Content {
			types = append(types, m.Type)
		}
		slices.Sort(types)
		r.Responses = append(r.Responses, strings.Join(append([]string{text}, types...), " "))
	}
	slices.Sort(r.Responses)
	return r
}

// undefaulted forgets our style and explode where the description is silent, which libopenapi tells and we fill in.
func undefaulted(ours, theirs []string) ([]string, []string) {
	if len(ours) != len(theirs) {
		return ours, theirs
	}
	byName := map[string][]string{}
	for _, p := range theirs {
		f := strings.Fields(p)
		byName[f[0]+f[1]] = f
	}
	for i, p := range ours {
		f := strings.Fields(p)
		their := byName[f[0]+f[1]]
		for at := 3; their != nil && at < 5; at++ {
			if their[at] == "?" {
				f[at] = "?"
			}
		}
		ours[i] = strings.Join(f, " ")
	}
	return ours, theirs
}

// differentialCorpus is the same each time: descriptions written by hand, and random ones.
func differentialCorpus() []string {
	corpus := []string{bodies, strings.Replace(schemas, "        Lost: {$ref: \"#/components/schemas/Nowhere\"}\n", "", 1), swagger}
	r := rand.New(rand.NewPCG(4, 2))
	for i := range 36 {
		g := &describer{r, i}
		data, err := json.Marshal(g.document())
		if err != nil {
			panic(err)
		}
		corpus = append(corpus, string(data))
	}
	return corpus
}

// describer makes random descriptions.
type describer struct {
	*rand.Rand
	n int
}

func (g *describer) pick(choices ...string) string { return choices[g.IntN(len(choices))] }

func (g *describer) maybe() bool { return g.IntN(2) == 0 }

func (g *describer) document() map[string]any {
	paths := map[string]any{}
	for i := range 1 + g.IntN(5) {
		paths[fmt.Sprintf("/%s%d/{id}", g.pick("pets", "a.b", "x-y"), i)] = g.pathItem(i)
	}
	doc := map[string]any{
		"openapi": g.pick("3.0.3", "3.1.0"), "info": map[string]any{"title": "t", "version": "1"}, "paths": paths,
		"servers": []any{map[string]any{"url": "https://whole.example.com/" + g.pick("", "v1", "v2/")}},
		"components": map[string]any{
			"parameters": map[string]any{"Id": map[string]any{"name": "id", "in": "path", "required": true, "schema": map[string]any{"type": "string"}},
				"Page": map[string]any{"name": "page", "in": "query", "style": "form", "explode": false, "schema": map[string]any{"type": "array", "items": map[string]any{"type": "string"}}}},
			"requestBodies":   map[string]any{"Body": map[string]any{"content": map[string]any{"application/json": map[string]any{}, "text/plain": map[string]any{}}}},
			"responses":       map[string]any{"Gone": map[string]any{"description": "gone", "content": map[string]any{"application/problem+json": map[string]any{}}}},
			"securitySchemes": map[string]any{"key": map[string]any{"type": "apiKey", "in": "header", "name": "X-Key"}, "login": map[string]any{"type": "http", "scheme": "basic"}},
		},
	}
	if g.maybe() {
		doc["security"] = []any{map[string]any{"key": []any{}}}
	}
	return doc
}

func (g *describer) pathItem(i int) map[string]any {
	item := map[string]any{"parameters": []any{map[string]any{"$ref": "#/components/parameters/Id"}}}
	if g.maybe() {
		item["parameters"] = append(item["parameters"].([]any), g.parameter("shared"))
	}
	if g.maybe() {
		item["servers"] = []any{map[string]any{"url": "https://path.example.com"}, map[string]any{"url": "/second"}}
	}
	for _, m := range []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"} {
		if g.IntN(3) == 0 || m == "get" {
			item[m] = g.operation(fmt.Sprintf("%s_%d_%d", m, g.n, i))
		}
	}
	return item
}

func (g *describer) operation(id string) map[string]any {
	op := map[string]any{"operationId": id, "responses": map[string]any{"200": map[string]any{"description": "ok", "content": map[string]any{"application/json": map[string]any{}}}}}
	answers := op["responses"].(map[string]any)
	if g.maybe() {
		answers[g.pick("404", "4XX", "default")] = map[string]any{"$ref": "#/components/responses/Gone"}
	}
	var parameters []any
	for i := range g.IntN(4) {
		parameters = append(parameters, g.parameter(fmt.Sprintf("p%d", i)))
	}
	if g.maybe() {
		parameters = append(parameters, g.parameter("shared"))
	}
	if g.maybe() {
		parameters = append(parameters, map[string]any{"$ref": "#/components/parameters/Page"})
	}
	if parameters != nil {
		op["parameters"] = parameters
	}
	switch g.IntN(3) {
	case 0:
		op["requestBody"] = map[string]any{"$ref": "#/components/requestBodies/Body"}
	case 1:
		op["requestBody"] = map[string]any{"content": map[string]any{"multipart/form-data": map[string]any{"schema": map[string]any{"type": "object"}}}}
	}
	if g.maybe() {
		op["servers"] = []any{map[string]any{"url": "https://own.example.com"}}
	}
	if g.maybe() {
		op["security"] = []any{map[string]any{"login": []any{}}, map[string]any{"key": []any{}}}
	}
	if g.IntN(4) == 0 {
		op["deprecated"] = true
	}
	return op
}

func (g *describer) parameter(name string) map[string]any {
	styles := map[string][]string{"query": {"form", "spaceDelimited", "pipeDelimited", "deepObject"}, "header": {"simple"}, "cookie": {"form"}}
	in := slices.Sorted(maps.Keys(styles))[g.IntN(3)]
	p := map[string]any{"name": name, "in": in, "schema": map[string]any{"type": "string"}}
	if g.maybe() {
		p["style"] = styles[in][g.IntN(len(styles[in]))]
	}
	if g.maybe() {
		p["explode"] = g.maybe()
	}
	if g.maybe() {
		p["required"] = g.maybe()
	}
	if in == "query" && g.maybe() {
		p["allowReserved"] = g.maybe()
	}
	return p
}
