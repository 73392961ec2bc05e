package expression

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// decoded is a Lazy that counts how often it is asked.
type decoded struct {
	v     any
	err   error
	asked int
}

func (d *decoded) Value() (any, error) {
	d.asked++
	return d.v, d.err
}

func environment() *Values {
	order := map[string]any{"id": json.Number("12345678901234567890"), "items": []any{map[string]any{"sku": "a/b"}, map[string]any{"sku": "c"}}, "none": nil, "a~b": true, "": "empty"}
	return &Values{
		URL: "https://api.test/orders?page=2", Method: "POST", StatusCode: 201, Self: "https://api.test/flow.yaml",
		Request:  &Message{Header: http.Header{"Accept": {"application/json"}}, Query: map[string]any{"page": json.Number("2"), "a b": "x"}, Path: map[string]any{"id": "7"}, Body: order},
		Response: &Message{Header: http.Header{"X-Rate-Limit": {"5", "6"}, "x-odd": {"odd"}}, Body: &decoded{v: order}},
		Message:  &Message{Header: http.Header{"Trace": {"t1"}}, Body: order},
		Inputs:   map[string]any{"user": map[string]any{"name": "Bo"}, "user.age": json.Number("4"), "list": []any{json.Number("1")}, "nil": nil, "x-api-key": "k"},
		Outputs:  map[string]any{"total": json.Number("1.50")},
		Steps:    map[string]map[string]any{"create": {"order": order, "id": "9"}},
		Workflows: map[string]*WorkflowValues{"login": {Inputs: map[string]any{"u": "me"}, Outputs: map[string]any{"token": "tok", "r": order},
			Steps: map[string]map[string]any{"first": {"x": "y"}}}},
		SourceDescriptions: func(name, ref string) (any, bool) { return name + "/" + ref, name == "shop" },
		Components:         func(kind, name string) (any, bool) { return kind + "/" + name, name == "page" },
	}
}

func TestEvaluate(t *testing.T) {
	for text, want := range map[string]any{
		"$url":                                     "https://api.test/orders?page=2",
		"$method":                                  "POST",
		"$statusCode":                              json.Number("201"),
		"$self":                                    "https://api.test/flow.yaml",
		"$request.header.accept":                   "application/json",
		"$request.header.ACCEPT":                   "application/json",
		"$request.query.page":                      json.Number("2"),
		"$request.query.a b":                       "x",
		"$request.query.Page":                      Undefined,
		"$request.path.id":                         "7",
		"$request.body#/items/1/sku":               "c",
		"$response.header.X-Rate-Limit":            "5",
		"$response.header.X-ODD":                   "odd",
		"$response.header.Missing":                 Undefined,
		"$response.body#/id":                       json.Number("12345678901234567890"),
		"$response.body#/items/0/sku":              "a/b",
		"$response.body#/none":                     nil,
		"$response.body#/none/x":                   Undefined,
		"$response.body#/a~0b":                     true,
		"$response.body#/":                         "empty",
		"$response.body#/items/2":                  Undefined,
		"$response.body#/items/-":                  Undefined,
		"$response.body#/items/01":                 Undefined,
		"$response.body#/items/x":                  Undefined,
		"$response.body.items[1].sku":              "c",
		"$response.body.items[1]['sku']":           "c",
		"$response.body[0]":                        Undefined,
		"$response.headers.x-odd":                  "odd",
		"$message.payload#/items/0/sku":            "a/b",
		"$message.payload.items[0].sku":            "a/b",
		"$message.header.trace":                    "t1",
		"$inputs.user#/name":                       "Bo",
		"$inputs.user.name":                        "Bo",
		"$inputs.user.age":                         json.Number("4"),
		"$inputs.user.none":                        Undefined,
		"$inputs.list[0]":                          json.Number("1"),
		"$inputs.nil":                              nil,
		"$inputs.missing":                          Undefined,
		"$inputs.x-api-key":                        "k",
		"$outputs.total":                           json.Number("1.50"),
		"$steps.create.outputs.id":                 "9",
		"$steps.create.outputs.order#/items/1/sku": "c",
		"$steps.create.outputs.order.items.1.sku":  "c",
		"$steps.later.outputs.id":                  Undefined,
		"$workflows.login.inputs.u":                "me",
		"$workflows.login.outputs.token":           "tok",
		"$workflows.login.outputs.r#/items/1/sku":  "c",
		"$workflows.login.steps.first.outputs.x":   "y",
		"$workflows.none.outputs.token":            Undefined,
		"$sourceDescriptions.shop.url":             "shop/url",
		"$sourceDescriptions.shop.get/pet:by id":   "shop/get/pet:by id",
		"$sourceDescriptions.none.url":             Undefined,
		"$components.parameters.page":              "parameters/page",
		"$components.successActions.none":          Undefined,
	} {
		e, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := e.Evaluate(environment())
		if err != nil || !cmp.Equal(got, want, cmp.Comparer(func(a, b undefined) bool { return true })) {
			t.Errorf("%s is %v (%T) and %v, want %v", text, got, got, err, want)
		}
		if e.String() != text {
			t.Errorf("%s is written %s", text, e)
		}
	}
}

func TestNothingIsSetBeforeTheRequest(t *testing.T) {
	for _, text := range []string{"$url", "$method", "$statusCode", "$self", "$request.body", "$response.header.a", "$response.body#/a", "$message.payload", "$inputs.a",
		"$outputs.a", "$steps.a.outputs.b", "$workflows.a.outputs.b", "$sourceDescriptions.a.url", "$components.parameters.a"} {
		e, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := e.Evaluate(&Values{}); err != nil || !IsUndefined(got) {
			t.Errorf("%s is %v and %v, want Undefined", text, got, err)
		}
	}
	e, _ := Parse("$response.body")
	if got, _ := e.Evaluate(&Values{Response: &Message{}}); got != nil {
		t.Errorf("a null body is %v, want nil", got)
	}
	if got, _ := e.Evaluate(&Values{Response: &Message{NoBody: true}}); !IsUndefined(got) {
		t.Errorf("no body is %v, want Undefined", got)
	}
}

func TestLazyBodiesAreDecodedWhenNeeded(t *testing.T) {
	body := &decoded{err: errors.New("broken JSON")}
	env := &Values{StatusCode: 200, Response: &Message{Body: body}}
	for text, asked := range map[string]int{"$statusCode": 0, "$response.header.a": 0, "$response.body#/a": 1} {
		body.asked = 0
		e, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Evaluate(env); (err != nil) != (asked > 0) || body.asked != asked {
			t.Errorf("%s gives %v and asks %d times, want %d", text, err, body.asked, asked)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, hint := range map[string]string{
		"":                           "$inputs.name",
		"inputs.a":                   "$inputs.name",
		"$":                          "the roots are",
		"$.State":                    "JSONPath",
		"$[0]":                       "JSONPath",
		"$statuscode":                "did you mean $statusCode?",
		"$step.a.outputs.b":          "did you mean $steps?",
		"$input.a":                   "did you mean $inputs?",
		"$env.HOME":                  "the roots are",
		"$urls":                      "did you mean $url?",
		"$url.host":                  "not part of the grammar",
		"$statusCode 200":            "not part of the grammar",
		"$response":                  "$response.body",
		"$response.":                 "the parts are",
		"$response.status":           "$statusCode",
		"$response.header":           "$response.header.name",
		"$response.header.":          "$response.header.name",
		"$response.header.a b":       "RFC 9110",
		"$response.header.a#/b":      "no pointer",
		"$response.body#a":           "#/items/0/id",
		"$response.body#/a~2":        "~0",
		"$response.body#/{a}":        "braces",
		"$response.body/a":           "no part",
		"$response.body.a..b":        "#/<pointer>",
		"$response.body[x]":          "#/<pointer>",
		"$response.body[0":           "#/<pointer>",
		"$inputs.":                   "followed by a name",
		"$inputs.{a}":                "followed by a name",
		"$steps":                     "$steps.<stepId>",
		"$steps.a":                   "$steps.<stepId>.outputs",
		"$steps.a.output.b":          "$steps.<stepId>.outputs",
		"$steps..outputs.b":          "$steps.<stepId>",
		"$workflows.a":               ".inputs or .outputs",
		"$workflows.a.result.b":      "inputs and outputs",
		"$sourceDescriptions.a":      "an id or a field",
		"$sourceDescriptions.a.{b}":  "an id or a field",
		"$components.headers.a":      "component type",
		"$components.parameters.a b": "letters",
		"$inputs." + strings.Repeat("a", maxText): "too long",
	} {
		e, err := Parse(text)
		if err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("%.60q gives %v and %v, want a hint with %q", text, e, err, hint)
		}
	}
}

func TestConforms(t *testing.T) {
	for text, want := range map[string]struct{ in10, in11 string }{
		"$response.body#/a":              {"", ""},
		"$response.body.a":               {"lenient-path", "lenient-path"},
		"$response.headers.a":            {"lenient-headers", "lenient-headers"},
		"$inputs":                        {"lenient-whole-map", "lenient-whole-map"},
		"$inputs.a b":                    {"", "lenient-name"},
		"$steps.a b.outputs.c":           {"", "lenient-name"},
		"$workflows.a.steps.b.outputs.c": {"", "lenient-workflow-steps"},
		"$components.inputs.a":           {"", "lenient-component-inputs"},
	} {
		e, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		rules := func(minor int) string {
			var out []string
			for _, d := range e.Conforms(minor) {
				out = append(out, d.Rule)
			}
			return strings.Join(out, " ")
		}
		if rules(0) != want.in10 || rules(1) != want.in11 {
			t.Errorf("%s departs by %q in 1.0 and %q in 1.1, want %v", text, rules(0), rules(1), want)
		}
	}
}

func TestOperandsEndWhereTheConditionGoesOn(t *testing.T) {
	for text, want := range map[string]string{
		"$statusCode == 200":            "$statusCode",
		"$statusCode==200":              "$statusCode",
		"$response.body.count > 1":      "$response.body",
		"$response.body#/a/b<1":         "$response.body#/a/b",
		"$response.body#/a.b!=1":        "$response.body#/a.b",
		"$response.body[0].id == 1":     "$response.body",
		"$response.header.X-A||$url":    "$response.header.X-A",
		"$response.header.a!b != 1":     "$response.header.a!b",
		"$inputs.a-b.c)":                "$inputs.a-b.c",
		"$steps.a.outputs.b[$inputs.i]": "$steps.a.outputs.b",
		"$request.query.page&&true":     "$request.query.page",
		"$inputs.a#/b == $inputs.c":     "$inputs.a#/b",
		"$url":                          "$url",
	} {
		e, n, err := ParseOperand(text)
		if err != nil || e.String() != want || n != len(want) {
			t.Errorf("%s starts with %v, %d, %v, want %s", text, e, n, err, want)
		}
	}
}

func TestTemplates(t *testing.T) {
	for text, want := range map[string]any{
		"plain":                        "plain",
		"":                             "",
		"$5.00":                        "$5.00",
		"$inputs.list":                 []any{json.Number("1")},
		"{$inputs.list}":               "[1]",
		"{$statusCode}":                "201",
		"a{$statusCode}b{$inputs.nil}": "a201bnull",
		"{$inputs.missing}.":           ".",
		"https://{$request.header.Accept}/{$steps.create.outputs.id}": "https://application/json/9",
		`{"id": "{$inputs.user#/name}", "n": {}}`:                     `{"id": "Bo", "n": {}}`,
		"{$inputs.user}":  `{"name":"Bo"}`,
		"{$.x} {$price}":  "{$.x} {$price}",
		"{{$statusCode}}": "{201}",
		"$inputs.missing": Undefined,
		"a $statusCode":   "a $statusCode",
	} {
		tpl, err := ParseTemplate(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := tpl.Evaluate(environment())
		if err != nil || !cmp.Equal(got, want, cmp.Comparer(func(a, b undefined) bool { return true })) {
			t.Errorf("%s is %#v and %v, want %#v", text, got, err, want)
		}
	}
	for _, text := range []string{"a {$inputs.x", "{$steps.a.b}", "$inputs.", "{$response}"} {
		if tpl, err := ParseTemplate(text); err == nil {
			t.Errorf("%s gives %v, want an error", text, tpl)
		}
	}
	tpl, err := ParseTemplate("{$inputs.missing}/{$statusCode}")
	if err != nil {
		t.Fatal(err)
	}
	if unset := tpl.Unset(environment()); len(unset) != 1 || unset[0].String() != "$inputs.missing" {
		t.Errorf("unset are %v", unset)
	}
}

func TestReferences(t *testing.T) {
	for text, want := range map[string]StepReference{
		"a":                                 {Step: "a"},
		"$steps.a":                          {Step: "a"},
		"$workflows.w.steps.a":              {Workflow: "w", Step: "a"},
		"$sourceDescriptions.d.w.steps.a":   {Source: "d", Workflow: "w", Step: "a"},
		"$sourceDescriptions.d.w.x.steps.a": {Source: "d", Workflow: "w.x", Step: "a"},
	} {
		if got, err := ParseStepReference(text); err != nil || got != want {
			t.Errorf("%s is %v and %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"$inputs.a", "$workflows.w.a", "$steps.", "$steps.a.outputs.b"} {
		if got, err := ParseStepReference(text); err == nil {
			t.Errorf("%s is %v, want an error", text, got)
		}
	}
	if got, err := ParseWorkflowReference("$sourceDescriptions.d.w"); err != nil || got != (WorkflowReference{"d", "w"}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := ParseWorkflowReference("$inputs.w"); err == nil {
		t.Error("$inputs.w names a workflow")
	}
}

// TestPointersRoundTrip follows the pointer to every place of random data.
func TestPointersRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.StringOf(rapid.RuneFrom([]rune("a~/ é0.\"{"))), 1, 5).Draw(t, "names")
		var data any = "leaf"
		pointer := ""
		for i := len(names) - 1; i >= 0; i-- {
			data = map[string]any{names[i]: data, names[i] + "x": 1}
			pointer = "/" + EscapePointer(names[i]) + pointer
		}
		p, err := ParsePointer(pointer)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Get(data); got != "leaf" {
			t.Fatalf("%s leads to %v in %v", pointer, got, data)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"$url", "$response.body#/a~1b/0", "$inputs.a.b[0]['c']", "x {$steps.a.outputs.b#/c} y", "$sourceDescriptions.s.get", "$workflows.w.steps.s.outputs.o", "$components.parameters.p", "{$", "$response.header.X"} {
		f.Add(seed)
	}
	env := environment()
	f.Fuzz(func(t *testing.T, text string) {
		if e, err := Parse(text); err == nil {
			if e.String() != text {
				t.Fatalf("%q is written %q", text, e)
			}
			if _, err := e.Evaluate(env); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			if again, err := Parse(e.String()); err != nil || again.Reference != e.Reference {
				t.Fatalf("%q reads otherwise again: %v", text, err)
			}
			if !IsExpression(text) {
				t.Fatalf("%q is parsed but is no expression", text)
			}
		}
		if tpl, err := ParseTemplate(text); err == nil {
			if _, err := tpl.Evaluate(env); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			var b strings.Builder
			for part, e := range tpl.Parts() {
				b.WriteString(part)
				if e != nil && tpl.Whole() == nil {
					b.WriteString("{" + e.String() + "}")
				} else if e != nil {
					b.WriteString(e.String())
				}
			}
			if b.String() != text {
				t.Fatalf("the parts of %q are %q", text, b.String())
			}
		}
		if e, n, err := ParseOperand(text); err == nil && (n > len(text) || e.String() != text[:n]) {
			t.Fatalf("%q starts with %q of %d bytes", text, e, n)
		}
		_, _ = ParseStepReference(text)
		_, _ = ParseWorkflowReference(text)
	})
}

func BenchmarkEvaluate(b *testing.B) {
	e, err := Parse("$steps.create.outputs.order#/items/1/sku")
	if err != nil {
		b.Fatal(err)
	}
	env := environment()
	b.ReportAllocs()
	for b.Loop() {
		if v, err := e.Evaluate(env); v != "c" || err != nil {
			b.Fatal(v, err)
		}
	}
}
