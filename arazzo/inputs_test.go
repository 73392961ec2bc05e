package arazzo

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestValidateInputsReportsEveryError(t *testing.T) {
	w := read(t, "testdata/orders.arazzo.yaml").Workflow("place-order")
	for _, c := range []struct {
		inputs map[string]any
		want   []string // path and rule
	}{
		{map[string]any{"sku": "a"}, nil},
		{nil, []string{" input-missing"}},
		{map[string]any{"sku": "", "amount": json.Number("0"), "kind": "old", "user": true, "other": 1},
			[]string{"/sku input", "/amount input", "/user input", "/kind input"}},
		{map[string]any{"sku": "a", "address": map[string]any{"country": 5}}, []string{"/address/country input"}},
		{map[string]any{"sku": "a", "amount": json.Number("1.5")}, []string{"/amount input"}},
		{map[string]any{"sku": "a", "amount": json.Number("1e999999999")}, []string{"/amount input"}},
	} {
		var got []string
		for _, f := range ValidateInputs(w, c.inputs) {
			got = append(got, f.Path+" "+f.Rule)
			if f.Severity != SeverityError || f.Line < 29 || f.Message == "" {
				t.Errorf("%+v", f)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%v\n%s", c.inputs, diff)
		}
	}
	findings := ValidateInputs(w, map[string]any{"amount": "x"})
	if got := fmt.Sprint(findings); !strings.Contains(got, "the inputs: missing property 'sku'") || !strings.Contains(got, "the input amount: got string, want integer") {
		t.Errorf("%s", got)
	}
}

func TestTextsOfInputsAreNotTold(t *testing.T) {
	const text = head10 + `
workflows:
- workflowId: w
  inputs: {properties: {a: {pattern: '^x'}, b: {enum: [x]}, c: {const: x}, d: {maxLength: 2}, e: {type: integer}, f: {not: {type: string}}}}
  steps: [{stepId: s, operationId: o}]
`
	d, findings := Parse([]byte(text), "")
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	inputs := map[string]any{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		inputs[name] = "hunter2"
	}
	got := ValidateInputs(d.Workflows[0], inputs)
	if len(got) != len(inputs) || strings.Contains(fmt.Sprint(got), "hunter2") {
		t.Errorf("%v", got)
	}
}

func TestDefaultsAreApplied(t *testing.T) {
	w := read(t, "testdata/orders.arazzo.yaml").Workflow("place-order")
	given := map[string]any{"sku": "a", "address": map[string]any{}}
	got := w.WithDefaults(given)
	want := map[string]any{"sku": "a", "amount": json.Number("1"), "trace": "none", "kind": "new", "address": map[string]any{"country": "CH"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"sku": "a", "address": map[string]any{}}, given); diff != "" {
		t.Errorf("the given inputs were changed\n%s", diff)
	}
	if got := w.WithDefaults(map[string]any{"amount": json.Number("7"), "kind": nil}); got["amount"] != json.Number("7") || got["kind"] != nil || got["address"] != nil {
		t.Errorf("what is given is replaced: %v", got)
	}
	if got := read(t, "testdata/orders.arazzo.yaml").Workflow("login").WithDefaults(nil); got["password"] != "secret" {
		t.Errorf("the defaults of login are %v", got)
	}
}

func TestSchemasThatReferToThemselvesEnd(t *testing.T) {
	const text = head10 + `
workflows:
- workflowId: w
  inputs: {$ref: '#/components/inputs/node'}
  steps: [{stepId: s, operationId: o}]
components:
  inputs:
    node:
      type: object
      properties:
        next: {$ref: '#/components/inputs/node', default: {}}
        n: {type: integer, default: 1}
      allOf: [{$ref: '#/components/inputs/node'}]
`
	d, findings := Parse([]byte(text), "")
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	Validate(d, Lenient)
	if got := d.Workflows[0].WithDefaults(map[string]any{}); got["n"] != json.Number("1") {
		t.Errorf("%.200v", got)
	}
}

func TestReferencesInCirclesAreNoSchema(t *testing.T) {
	for inputs, valid := range map[string]bool{
		`{$ref: '#/components/inputs/a'}`:                                                                       false,
		`{$ref: '#/components/inputs/tree'}`:                                                                    true,
		`{type: object, properties: {next: {$ref: '#/workflows/0/inputs'}}}`:                                    true,
		`{$ref: '#/components/inputs/tree', type: object, properties: {x: {$ref: '#/components/inputs/tree'}}}`: true,
	} {
		doc, findings := Parse([]byte("arazzo: 1.0.1\ninfo: {title: T, version: '1'}\nsourceDescriptions: [{name: api, url: x.yaml, type: openapi}]\nworkflows:\n- workflowId: w\n  inputs: "+inputs+
			"\n  steps: [{stepId: a, operationId: x}]\ncomponents:\n  inputs:\n    a: {$ref: '#/components/inputs/b'}\n    b: {$ref: '#/components/inputs/a'}\n    tree: {type: object, properties: {left: {$ref: '#/components/inputs/tree'}}}\n"), "x.yaml")
		findings = append(findings, Validate(doc, Lenient)...)
		inWorkflow := false
		for _, f := range findings {
			inWorkflow = inWorkflow || f.Rule == "schema" && f.Line == 6
		}
		if inWorkflow == valid {
			t.Errorf("%s: %v", inputs, findings)
		}
	}
}
