package runner_test

import (
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/arazzo/runner"
)

func TestParametersInEveryPlace(t *testing.T) {
	var got []string
	s := newHandlerStage(t, func(w http.ResponseWriter, r *http.Request) {
		session, _ := r.Cookie("session")
		got = append(got, r.Method+" "+r.URL.EscapedPath()+"?"+r.URL.RawQuery, r.Header.Get("X-Trace"), session.String(), r.Header.Get("X-Everywhere"))
	})
	s.files["api.yaml"] = openapi("get GET /pets/{name}")
	s.runner.Header = http.Header{"X-Everywhere": {"yes"}}
	r := s.run(head+`
- workflowId: main
  inputs: {type: object, properties: {name: {type: string}, none: {type: string}}}
  steps:
  - stepId: get
    operationId: get
    parameters:
    - {name: name, in: path, value: $inputs.name}
    - {name: limit, in: query, value: 3}
    - {name: tag, in: query, value: [a, b]}
    - {name: unset, in: query, value: $inputs.none}
    - {name: X-Trace, in: header, value: "t-{$inputs.name}"}
    - {name: session, in: cookie, value: s1}
    outputs:
      path: $request.path.name
      limit: $request.query.limit
      trace: $request.header.x-trace
      url: $url
      method: $method
`, "", map[string]any{"name": "a/b c"})
	s.ended(r, "main=success[get=success]")
	want := []string{"GET /pets/a%2Fb%20c?limit=3&tag=a&tag=b", "t-a/b c", "session=s1", "yes"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	out := r.Workflow("main").Step("get").Outputs
	sameJSON(t, out, `{"path":"a/b c","limit":3,"trace":"t-a/b c","method":"GET","url":"`+s.server.URL+`/pets/a%2Fb%20c?limit=3&tag=a&tag=b"}`)
}

func TestQuerystringParameter(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /find": {{body: "{}"}}})
	s.files["api.yaml"] = openapi("find GET /find")
	s.ended(s.run(head11+`
- workflowId: main
  inputs: {type: object, properties: {kind: {type: string}}}
  steps:
  - stepId: find
    operationId: find
    parameters: [{name: all, in: querystring, value: "kind={$inputs.kind}&sort=desc"}]
`, "", map[string]any{"kind": "cat"}), "main=success[find=success]")
	s.asked("GET /find?kind=cat&sort=desc")
}

func TestStepParametersOverrideTheWorkflows(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /a": {{body: "{}"}}, "GET /b": {{body: "{}"}}})
	s.files["api.yaml"] = openapi("a GET /a", "b GET /b")
	s.run(head+`
- workflowId: main
  parameters:
  - {name: page, in: query, value: 1}
  - {reference: $components.parameters.size}
  steps:
  - {stepId: a, operationId: a}
  - stepId: b
    operationId: b
    parameters:
    - {name: page, in: query, value: 2}
    - {reference: $components.parameters.size, value: 50}
components:
  parameters:
    size: {name: size, in: query, value: 10}
`, "", nil)
	s.asked("GET /a?page=1&size=10", "GET /b?page=2&size=50")
}

func TestRequestBodies(t *testing.T) {
	inputs := map[string]any{"id": 7, "name": "Rex & Co", "tags": []any{"x", 2}, "whole": map[string]any{"a": nil}, "xml": "<n>1</n>"}
	for _, c := range []struct {
		name, minor, body string
		contentType, want string
	}{
		{"types are kept, unset members left out", "1.0.1", `{contentType: application/json, payload: {id: $inputs.id, none: $inputs.none, list: [$inputs.none, $inputs.tags], nothing: null, text: "7"}}`,
			"application/json", `{"id":7,"list":[["x",2]],"nothing":null,"text":"7"}`},
		{"a whole expression", "1.0.1", `{contentType: application/json, payload: $inputs.whole}`, "application/json", `{"a":null}`},
		{"JSON text with embedded expressions", "1.0.1", `{contentType: application/json, payload: '{"id": {$inputs.id}, "name": "{$inputs.name}", "tags": {$inputs.tags}}'}`,
			"application/json", `{"id":7,"name":"Rex & Co","tags":["x",2]}`},
		{"a string of an expression is a JSON string", "1.0.1", `{contentType: application/json, payload: $inputs.name}`, "application/json", `"Rex & Co"`},
		{"form from an object", "1.0.1", `{contentType: application/x-www-form-urlencoded, payload: {id: $inputs.id, name: $inputs.name, none: $inputs.none}}`,
			"application/x-www-form-urlencoded", "id=7&name=Rex+%26+Co"},
		{"form from a string", "1.0.1", `{contentType: application/x-www-form-urlencoded, payload: "id={$inputs.id}&x=1"}`, "application/x-www-form-urlencoded", "id=7&x=1"},
		{"XML text", "1.0.1", `{contentType: application/xml, payload: "<pet><id>{$inputs.id}</id></pet>"}`, "application/xml", "<pet><id>7</id></pet>"},
		{"plain text", "1.0.1", `{contentType: text/plain, payload: "hello {$inputs.id}"}`, "text/plain", "hello 7"},
		{"content type of the description", "1.0.1", `{payload: {id: $inputs.id}}`, "application/vnd.pet+json", `{"id":7}`},
		{"replacements by JSON pointer", "1.0.1", `{contentType: application/json, payload: {a: {b: 1}, c: [1, 2]}, replacements: [{target: /a/b, value: $inputs.id}, {target: /c/1, value: {x: $inputs.name}}, {target: /a/b, value: $inputs.none}]}`,
			"application/json", `{"a":{"b":7},"c":[1,{"x":"Rex & Co"}]}`},
		{"replacements by XPath", "1.0.1", `{contentType: application/xml, payload: "<pet><id>0</id><name>n</name></pet>", replacements: [{target: /pet/id, value: $inputs.id}]}`,
			"application/xml", "<pet><id>7</id><name>n</name></pet>"},
		{"replacements by a chosen JSONPath", "1.1.0", `{contentType: application/json, payload: {items: [{sku: A, n: 1}, {sku: B, n: 1}]}, replacements: [{target: "$.items[?@.sku=='B'].n", targetSelectorType: jsonpath, value: $inputs.id}]}`,
			"application/json", `{"items":[{"n":1,"sku":"A"},{"n":7,"sku":"B"}]}`},
		{"replacements by an Expression Type Object", "1.1.0", `{contentType: application/json, payload: {a: 1}, replacements: [{target: /a, targetSelectorType: {type: jsonpointer, version: rfc6901}, value: $inputs.id}]}`,
			"application/json", `{"a":7}`},
		{"Selector Objects", "1.1.0", `{contentType: application/json, payload: {tag: {context: $inputs.tags, selector: "$[0]", type: jsonpath}, n: {context: $inputs.xml, selector: /n, type: {type: xpath, version: xpath-10}}}}`,
			"application/json", `{"n":"1","tag":"x"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var contentType, body string
			s := newHandlerStage(t, func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				contentType, body = r.Header.Get("Content-Type"), string(b)
			})
			s.files["api.yaml"] = `{"openapi":"3.1.0","info":{"title":"t","version":"1"},"servers":[{"url":"SERVER"}],"paths":{"/p":{"post":{"operationId":"add",
				"requestBody":{"content":{"application/vnd.pet+json":{}}},"responses":{"200":{"description":"ok"}}}}}}`
			s.ended(s.run(strings.Replace(head, "1.0.1", c.minor, 1)+`
- workflowId: main
  inputs: {type: object}
  steps:
  - {stepId: add, operationId: add, requestBody: `+c.body+`}
`, "", inputs), "main=success[add=success]")
			if !strings.HasPrefix(contentType, c.contentType) || strings.TrimPrefix(strings.TrimSpace(body), `<?xml version="1.0"?>`) != c.want {
				t.Errorf("sent %s %s\nwant %s %s", contentType, body, c.contentType, c.want)
			}
		})
	}
}

func TestMultipartBody(t *testing.T) {
	got := map[string]string{}
	s := newHandlerStage(t, func(w http.ResponseWriter, r *http.Request) {
		_, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		parts := multipart.NewReader(r.Body, params["boundary"])
		for {
			p, err := parts.NextPart()
			if err != nil {
				return
			}
			b, _ := io.ReadAll(p)
			got[p.FormName()] = string(b)
		}
	})
	s.files["api.yaml"] = openapi("add POST /p")
	s.run(head+`
- workflowId: main
  inputs: {type: object}
  steps:
  - {stepId: add, operationId: add, requestBody: {contentType: multipart/form-data, payload: {name: $inputs.name, meta: {a: 1}}}}
`, "", map[string]any{"name": "Rex"})
	if want := map[string]string{"name": "Rex", "meta": `{"a":1}`}; !maps.Equal(got, want) {
		t.Errorf("parts %v, want %v", got, want)
	}
}

func TestReplacementThatFindsNoPlaceFails(t *testing.T) {
	s := newStage(t, nil)
	s.files["api.yaml"] = openapi("add POST /p")
	r := s.run(head+`
- workflowId: main
  steps:
  - {stepId: add, operationId: add, requestBody: {contentType: application/xml, payload: <a/>, replacements: [{target: /b/c, value: 1}]}}
`, "", nil)
	s.ended(r, "main=failure[add=failure]")
	if reason := r.Workflows[0].Steps[0].Reason; !strings.Contains(reason, "/b/c") {
		t.Errorf("reason %q", reason)
	}
	s.asked()
}

func TestOutputsBySelectorObject(t *testing.T) {
	s := newStage(t, map[string][]reply{
		"GET /json": {{body: `{"user":{"emails":["a@x","b@x"]}}`}},
		"GET /xml":  {{body: `<inv><no>42</no></inv>`, header: map[string]string{"Content-Type": "application/xml"}}},
	})
	s.files["api.yaml"] = openapi("json GET /json", "xml GET /xml")
	r := s.run(head11+`
- workflowId: main
  steps:
  - stepId: json
    operationId: json
    outputs:
      email: {context: $response.body, selector: "$.user.emails[1]", type: jsonpath}
      all: {context: $response.body, selector: "$.user.emails[*]", type: jsonpath}
      pointed: {context: $response.body, selector: /user/emails/0, type: jsonpointer}
  - stepId: xml
    operationId: xml
    parameters: [{name: mail, in: query, value: {context: $steps.json.outputs.all, selector: "$[0]", type: jsonpath}}]
    outputs:
      no: {context: $response.body, selector: /inv/no, type: {type: xpath, version: xpath-10}}
  outputs:
    email: {context: $steps.json.outputs.all, selector: "$[1]", type: jsonpath}
`, "", nil)
	s.ended(r, "main=success[json=success xml=success]")
	sameJSON(t, r.Workflows[0].Steps[0].Outputs, `{"email":"b@x","all":["a@x","b@x"],"pointed":"a@x"}`)
	sameJSON(t, r.Workflows[0].Steps[1].Outputs, `{"no":"42"}`)
	if r.Workflows[0].Outputs["email"] != "b@x" {
		t.Errorf("outputs %v", r.Workflows[0].Outputs)
	}
	s.asked("GET /json", "GET /xml?mail=a%40x")
}

func TestOperationReferences(t *testing.T) {
	for _, c := range []struct{ name, target string }{
		{"operationId", "operationId: get"},
		{"operationId with its source", "operationId: $sourceDescriptions.api.get"},
		{"operationPath", "operationPath: '{$sourceDescriptions.api.url}#/paths/~1pets~1{petId}/get'"},
		{"lenient: a path without its method", "operationPath: '{$sourceDescriptions.api.url}#/paths/~1pets~1{petId}'"},
		{"lenient: source.operationId", "operationId: api.get"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, map[string][]reply{"GET /pets/1": {{body: "{}"}}})
			s.files["api.yaml"] = openapi("get GET /pets/{petId}")
			doc := head + `
- workflowId: main
  steps:
  - {stepId: get, ` + c.target + `, parameters: [{name: petId, in: path, value: 1}]}
`
			s.ended(s.run(doc, "", nil), "main=success[get=success]")
			s.asked("GET /pets/1")
			s.runner.Strict = true
			_, err := s.try(doc, "", nil)
			if lenient := strings.HasPrefix(c.name, "lenient"); lenient != (err != nil) {
				t.Errorf("strict: %v", err)
			}
		})
	}
}

func TestUnknownOperationIsRefusedBeforeAnythingRuns(t *testing.T) {
	s := newStage(t, nil)
	s.files["api.yaml"] = openapi("get GET /pets")
	_, err := s.try(head+`
- workflowId: main
  steps:
  - {stepId: a, operationId: get}
  - {stepId: b, operationId: Get}
`, "", nil)
	if err == nil || !strings.Contains(err.Error(), "Get") || !strings.Contains(err.Error(), "10:") {
		t.Errorf("error %v", err)
	}
	s.asked()
}

func TestServersAndSourcesCanBeReplaced(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /base/pets": {{body: "{}"}}})
	s.files["api.yaml"] = openapi("get GET /wrong")
	s.files["better.yaml"] = openapi("get GET /pets")
	s.runner.Sources = map[string]string{"api": folder + "/better.yaml"}
	s.runner.Servers = map[string]string{"*": s.server.URL + "/base"}
	s.ended(s.run(head+`
- workflowId: main
  steps: [{stepId: get, operationId: get, parameters: [{name: url, in: query, value: $sourceDescriptions.api.url}]}]
`, "", nil), "main=success[get=success]")
	s.asked("GET /base/pets?url=api.yaml")
}

func TestUnsetEmbeddedExpressionsAreToldOf(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /x": {{body: "{}"}}})
	s.files["api.yaml"] = openapi("get GET /x")
	r := s.run(head+`
- workflowId: main
  inputs: {type: object, properties: {a: {type: string}, b: {type: string}}}
  steps: [{stepId: get, operationId: get, parameters: [{name: q, in: query, value: "{$inputs.a}-{$inputs.b}"}]}]
`, "", map[string]any{"a": "1"})
	s.asked("GET /x?q=1-")
	if !warned(r, "unset-expression") || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0].Message, "{$inputs.b}") {
		t.Errorf("warnings %v", r.Warnings)
	}
}

var _ runner.Status

// A text payload whose expressions break its JSON goes out as it is written, not as a JSON string of itself, and with a warning.
func TestTextPayloadThatIsNoJSON(t *testing.T) {
	s := newStage(t, map[string][]reply{"POST /x": {{status: 200}}})
	s.files["api.yaml"] = openapi("post POST /x")
	doc := head + `
- workflowId: main
  inputs: {type: object, properties: {name: {type: string}}}
  steps:
  - stepId: post
    operationId: post
    requestBody: {contentType: application/json, payload: '{"name": "{$inputs.name}"}'}
`
	r := s.run(doc, "main", map[string]any{"name": "plain"})
	if len(r.Warnings) != 0 {
		t.Errorf("warnings: %v", r.Warnings)
	}
	r = s.run(doc, "main", map[string]any{"name": `say "hi"`})
	if len(r.Warnings) != 1 || r.Warnings[0].Rule != "payload-not-json" || r.Warnings[0].Line == 0 {
		t.Errorf("warnings: %v", r.Warnings)
	}
	s.ended(r, "main=success[post=success]")
	s.asked(`POST /x {"name":"plain"}`, `POST /x {"name": "say "hi""}`)
}
