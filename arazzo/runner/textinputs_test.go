package runner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/runner"
)

const inputsDocument = head + `
- workflowId: main
  inputs:
    $ref: "#/components/inputs/all"
  steps: [{stepId: x, operationId: x}]
components:
  inputs:
    all:
      required: [name]
      properties:
        name: {type: string, description: who}
        n: {type: integer, default: 3}
        flag: {type: [boolean, "null"]}
        list: {type: array}
        any: {}
      allOf:
      - required: [token]
        properties: {token: {type: string, format: password}}
`

func TestDeclaredInputs(t *testing.T) {
	doc, _ := arazzo.Parse([]byte(inputsDocument), "x")
	var got []string
	for _, d := range runner.DeclaredInputs(doc.Workflows[0]) {
		text := d.Name
		if d.Required {
			text += " required"
		}
		if d.Secret {
			text += " secret"
		}
		if d.Default != nil {
			text += " default"
		}
		got = append(got, text+" "+d.Description)
	}
	want := []string{"name required who", "token required secret ", "any ", "flag ", "list ", "n default "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseInput(t *testing.T) {
	doc, _ := arazzo.Parse([]byte(inputsDocument), "x")
	for _, c := range []struct{ name, text, want string }{
		{"name", "123", `"123"`},
		{"name", `"a"`, `"\"a\""`},
		{"n", "12345678901234567890", "12345678901234567890"},
		{"flag", "true", "true"},
		{"list", `["a"]`, `["a"]`},
		{"any", "text", `"text"`},
		{"any", "[1]", "[1]"},
		{"any", `"x"`, `"\"x\""`},
		{"unknown", "5", "5"},
		{"n", "many", ""},
		{"list", "a,b", ""},
	} {
		v, err := runner.ParseInput(doc.Workflows[0], c.name, c.text)
		if c.want == "" {
			if err == nil {
				t.Errorf("%s=%s is %v", c.name, c.text, v)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s=%s: %v", c.name, c.text, err)
			continue
		}
		sameJSON(t, v, c.want)
	}
}
