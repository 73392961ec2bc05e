package expression

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	theirs "github.com/pb33f/libopenapi/arazzo/expression"
	yaml "go.yaml.in/yaml/v4"
)

// TestAgreesWithAnotherEngine compares expressions with libopenapi's engine;
// where something is not set the other has an error and we have Undefined.
func TestAgreesWithAnotherEngine(t *testing.T) {
	body := `{"n": 5, "s": "abc", "t": true, "l": [{"id": 1, "k": "x"}, {"id": 2}], "o": {"a/b": {"~": 7}}}`
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(body), &node); err != nil {
		t.Fatal(err)
	}
	inputs := map[string]any{"i": 3, "w": "abc"}
	ours := &Values{
		URL: "https://x.test/a", Method: "PUT", StatusCode: 202, Inputs: inputs,
		Response: &Message{Header: http.Header{"X-A": {"v1"}}, Body: decode(t, body)},
		Steps:    map[string]map[string]any{"one": {"out": "abc"}},
	}
	other := &theirs.Context{
		URL: "https://x.test/a", Method: "PUT", StatusCode: 202, Inputs: inputs,
		ResponseHeaders: map[string]string{"X-A": "v1"}, ResponseBody: node.Content[0],
		Steps: map[string]*theirs.StepContext{"one": {Outputs: map[string]any{"out": "abc"}}},
	}
	set := 0
	for _, text := range []string{
		"$url", "$method", "$statusCode", "$inputs.i", "$inputs.none", "$steps.one.outputs.out", "$steps.one.outputs.none", "$steps.two.outputs.out",
		"$response.header.X-A", "$response.header.X-B", "$response.body", "$response.body#/n", "$response.body#/l/0/id", "$response.body#/l/1/k",
		"$response.body#/l/2", "$response.body#/o/a~1b/~0", "$response.body#/t", "$response.body#/s", "$response.body#/none/deep",
	} {
		e, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		mine, err := e.Evaluate(ours)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := theirs.Parse(text)
		if err != nil {
			t.Fatalf("the other refuses %s: %v", text, err)
		}
		got, err := theirs.Evaluate(parsed, other)
		if (err != nil) != IsUndefined(mine) {
			t.Errorf("%s is %v, with the other %v and %v", text, mine, got, err)
			continue
		}
		if err == nil {
			set++
			if encoded(t, mine) != encoded(t, got) {
				t.Errorf("%s is %s, with the other %s", text, encoded(t, mine), encoded(t, got))
			}
		}
	}
	if set < 10 {
		t.Errorf("only %d values were compared", set)
	}
}

func encoded(t *testing.T, v any) string {
	if n, is := v.(*yaml.Node); is {
		var plain any
		if err := n.Decode(&plain); err != nil {
			t.Fatal(err)
		}
		v = plain
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func decode(t *testing.T, text string) any {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestTheGrammarAgrees compares which texts are expressions of 1.1. Of 1.0 the
// other takes any name after $steps. and $workflows., which names nothing.
func TestTheGrammarAgrees(t *testing.T) {
	taken := 0
	texts := []string{
		"$url", "$self", "$method", "$statusCode", "$request.body", "$request.payload", "$response.query.a", "$response.path.a", "$message.payload#/a", "$message.body",
		"$message.header.a", "$inputs.a", "$inputs.a#/b", "$inputs.a b", "$inputs.a.b", "$inputs", "$outputs.a#/b", "$steps.a.outputs.b", "$steps.a.outputs.b#/c", "$steps.a.b",
		"$steps.a", "$steps.a.inputs.b", "$steps.a b.outputs.c", "$workflows.a.inputs.b", "$workflows.a.outputs.b#/c", "$workflows.a", "$workflows.a.steps.b.outputs.c",
		"$sourceDescriptions.a.b", "$sourceDescriptions.a", "$sourceDescriptions.a.b.c d", "$components.parameters.a", "$components.inputs.a", "$components.a.b",
		"$response.body.a", "$response.header.a#b", "$response.body#", "$response.body#/a/", "$response.body#/~2", "$response.body#a", "$inputs.a#", "$request.query.a#/b",
		"$components.parameters.a.b", "$components.successActions.a#/b", "$inputs.ü", "$steps.a.outputs", "$url#/a", "$response.header.é", "$", "", "a", "$urls", "$responses.body",
	}
	for _, text := range texts {
		e, err := Parse(text)
		mine := err == nil && len(e.Conforms(1)) == 0
		_, other := theirs.ParseWithVersion(text, theirs.Arazzo11)
		if mine != (other == nil) {
			t.Errorf("%s: ours %v (%v), with the other %v", text, mine, err, other)
		}
		if mine {
			taken++
		}
	}
	if taken < 20 || taken > len(texts)-20 {
		t.Errorf("%d of %d texts are expressions", taken, len(texts))
	}
}
