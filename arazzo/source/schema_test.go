package source

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const schemas = `
openapi: 3.0.3
paths:
  /a:
    get:
      operationId: op
      responses:
        "200": {content: {application/json: {schema: {$ref: "#/components/schemas/Function"}}, text/*: {schema: {type: string}}}}
        4XX: {content: {application/problem+json: {schema: {type: object, properties: {title: {type: string}}}}}}
        default: {content: {"*/*": {schema: {type: integer}}}}
components:
  schemas:
    Function:
      type: object
      required: [Configuration]
      properties:
        Configuration: {$ref: "#/components/schemas/Configuration"}
        Tags: {type: object, additionalProperties: {type: string}}
        Free: {type: object}
        Any: {}
        Layers: {type: array, items: {$ref: "#/components/schemas/Layer"}}
        Lost: {$ref: "#/components/schemas/Nowhere"}
        Shape: {oneOf: [{$ref: "#/components/schemas/Layer"}, {type: object, properties: {radius: {type: number}}}]}
        Parent: {$ref: "#/components/schemas/Function"}
    Configuration:
      allOf:
      - {type: object, required: [State], properties: {State: {type: string, enum: [Active, Failed]}}}
      - {type: object, properties: {Memory: {type: integer, nullable: true, minimum: 128, exclusiveMinimum: true}}}
    Layer: {type: object, properties: {Arn: {type: string, format: uuid}}, additionalProperties: false}
`

func TestSchemaAt(t *testing.T) {
	s := operation(t, parse(t, schemas), "op").ResponseSchema(200, "application/json; charset=utf-8")
	for pointer, want := range map[string]Presence{
		"": Yes, "/Configuration/State": Yes, "/Configuration/Memory": Yes, "/State": No, "/Configuration/state": No, "/Tags/x": Maybe, "/Tags/x/y": No,
		"/Free/x": Maybe, "/Any/x/y": Maybe, "/Layers/0/Arn": Yes, "/Layers/0/Nope": No, "/Layers/Arn": No, "/Lost/x": Maybe, "/Shape/radius": Yes, "/Shape/Arn": Yes,
		"/Shape/x": No, "/Parent/Parent/Parent/Configuration/State": Yes, "/Configuration/State/x": No, "State": No, "/Any~1x": No,
	} {
		if _, got := s.At(pointer); got != want {
			t.Errorf("%s: %v, want %v", pointer, got, want)
		}
	}
	state, _ := s.At("/Configuration/State")
	if !slices.Equal(state.Types(), []string{"string"}) || !slices.Equal(state.Enum(), []any{"Active", "Failed"}) || state.Position().Line == 0 {
		t.Errorf("%v %v", state.Types(), state.Enum())
	}
	if tag, _ := s.At("/Tags/x"); tag == nil || !slices.Equal(tag.Types(), []string{"string"}) {
		t.Error("an additional member has the schema of all")
	}
	if memory, _ := s.At("/Configuration/Memory"); !slices.Equal(memory.Types(), []string{"integer", "null"}) {
		t.Errorf("%v", memory.Types())
	}
	configuration, _ := s.At("/Configuration")
	if !slices.Equal(configuration.Properties(), []string{"State", "Memory"}) || !slices.Equal(configuration.Required(), []string{"State"}) {
		t.Errorf("%v %v", configuration.Properties(), configuration.Required())
	}
}

func TestResponseSchemaTakesTheNearestEntry(t *testing.T) {
	op := operation(t, parse(t, schemas), "op")
	for _, c := range []struct {
		status      int
		contentType string
		want        []string
	}{
		{200, "", []string{"object"}}, {200, "text/html", []string{"string"}}, {200, "image/png", nil}, {404, "application/problem+json", []string{"object"}},
		{500, "anything/else", []string{"integer"}}, {201, "", []string{"integer"}},
	} {
		var got []string
		if s := op.ResponseSchema(c.status, c.contentType); s != nil {
			got = s.Types()
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%d %s: %v", c.status, c.contentType, got)
		}
	}
	if (&Operation{}).Response(200) != nil {
		t.Error("a response from nowhere")
	}
}

func TestSchemaDataStandsAlone(t *testing.T) {
	s := operation(t, parse(t, schemas), "op").ResponseSchema(200, "")
	var doc any
	data, err := json.Marshal(s.Data())
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("x.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("x.json")
	if err != nil {
		t.Fatal(err)
	}
	for value, valid := range map[string]bool{
		`{"Configuration":{"State":"Active","Memory":null}}`:                                 true,
		`{"Configuration":{"State":"Active","Memory":128}}`:                                  false, // exclusive in 3.0's way
		`{"Configuration":{"State":"Gone"}}`:                                                 false,
		`{"Configuration":{"State":"Active"},"Parent":{}}`:                                   false,
		`{"Configuration":{"State":"Active"},"Parent":{"Configuration":{"State":"Failed"}}}`: true,
		`{}`: false,
	} {
		var v any
		if err := json.Unmarshal([]byte(value), &v); err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(v); (err == nil) != valid {
			t.Errorf("%s: %v", value, err)
		}
	}
	sample := s.Sample()
	if diff := cmp.Diff(map[string]any{"Configuration": map[string]any{"State": "Active"}}, sample); diff != "" {
		t.Error(diff)
	}
}
