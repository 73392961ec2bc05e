package runner_test

import (
	"strings"
	"testing"

	"github.com/headgate/headgate/arazzo/runner"
)

func TestSuccessCriteria(t *testing.T) {
	const body = `{"State":"Active","n":5,"s":"10","list":[{"id":1},{"id":2}],"none":null,"flag":true}`
	for _, c := range []struct {
		name, criteria string
		ok             bool
	}{
		{"all must hold", "[{condition: $statusCode == 200}, {condition: $response.body#/n == 6}]", false},
		{"and", "[{condition: $statusCode == 200 && $response.body#/n == 5}]", true},
		{"or", "[{condition: $statusCode == 404 || $response.body#/n == 5}]", true},
		{"not and groups", "[{condition: '!($statusCode == 404) && ($response.body#/n > 4)'}]", true},
		{"strings regardless of case", "[{condition: $response.body#/State == 'ACTIVE'}]", true},
		{"doubled quotes", "[{condition: $response.body#/State != 'it''s'}]", true},
		{"numeric strings", "[{condition: $response.body#/s > 9}]", true},
		{"null only equals null", "[{condition: $response.body#/none == null}, {condition: $response.body#/n != null}]", true},
		{"an absent header is null", "[{condition: $response.header.X-Amz-Function-Error == null}]", true},
		{"dereferences", "[{condition: '$response.body.list[1].id == 2'}]", true},
		{"booleans", "[{condition: $response.body#/flag}]", true},
		{"<= and >=", "[{condition: $response.body#/n <= 5 && $response.body#/n >= 5}]", true},
		{"<", "[{condition: $response.body#/n < 5}]", false},
		{"regex", `[{context: $statusCode, condition: '^2\d\d$', type: regex}]`, true},
		{"regex that does not match", `[{context: $statusCode, condition: '^4', type: regex}]`, false},
		{"jsonpath", `[{context: $response.body, condition: '$.list[?@.id == 2]', type: jsonpath}]`, true},
		{"jsonpath of nothing", `[{context: $response.body, condition: '$.list[?@.id == 3]', type: jsonpath}]`, false},
		{"jsonpath of RFC 9535 on the root", `[{context: $response.body, condition: '$[?count(@.*) > 0]', type: jsonpath}]`, true},
		{"jsonpath of the draft", `[{context: $response.body, condition: '$.list[?(@.id==2)]', type: {type: jsonpath, version: draft-goessner-dispatch-jsonpath-00}}]`, true},
		{"embedded expressions", `[{context: $response.body, condition: '$.list[?@.id == {$inputs.want}]', type: jsonpath}]`, true},
		{"xpath", `[{context: $inputs.xml, condition: '/a/b = "1"', type: xpath}]`, true},
		{"xpath of a version", `[{context: $inputs.xml, condition: 'count(/a/b) > 1', type: {type: xpath, version: xpath-10}}]`, false},
		{"a condition that cannot be evaluated fails", `[{context: $response.body, condition: '$.list[?', type: jsonpath}]`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, map[string][]reply{"GET /x": {{body: body}}})
			s.files["api.yaml"] = openapi("get GET /x")
			want := "main=success[get=success]"
			if !c.ok {
				want = "main=failure[get=failure]"
			}
			r, err := s.try(head11+`
- workflowId: main
  inputs: {type: object}
  steps:
  - {stepId: get, operationId: get, successCriteria: `+c.criteria+`}
`, "", map[string]any{"want": 2, "xml": "<a><b>1</b></a>"})
			if err != nil {
				if c.name == "a condition that cannot be evaluated fails" {
					return // validation may refuse it already
				}
				t.Fatal(err)
			}
			s.ended(r, want)
		})
	}
}

func TestWithoutSuccessCriteriaAnErrorStatusFails(t *testing.T) {
	for _, c := range []struct {
		status int
		want   runner.Status
	}{{200, runner.Success}, {204, runner.Success}, {302, runner.Success}, {303, runner.Failure}, {404, runner.Failure}, {500, runner.Failure}} {
		s := newStage(t, map[string][]reply{"GET /x": {{status: c.status, header: map[string]string{"Location": "/y"}}}})
		s.files["api.yaml"] = `{"openapi":"3.0.3","info":{"title":"t","version":"1"},"servers":[{"url":"SERVER"}],"paths":{"/x":{"get":{"operationId":"get",
			"responses":{"302":{"description":"elsewhere"}}}}}}`
		r := s.run(head+`
- workflowId: main
  steps: [{stepId: get, operationId: get, outputs: {to: $response.header.location}}]
`, "", nil)
		if r.Workflows[0].Status != c.want || r.Workflows[0].Steps[0].Outputs["to"] != "/y" {
			t.Errorf("%d: %s, outputs %v", c.status, r.Workflows[0].Status, r.Workflows[0].Steps[0].Outputs)
		}
	}
}

// What documents in the wild write works, with a warning; strictly it never holds.
func TestLenientConditions(t *testing.T) {
	for _, condition := range []string{`$.State == "Active"`, `$.Functions.length > 0`} {
		s := newStage(t, map[string][]reply{"GET /x": {{body: `{"State":"Active","Functions":[1]}`}}, "GET /y": {{body: "{}"}}})
		s.files["api.yaml"] = openapi("get GET /x", "other GET /y")
		doc := head + `
- workflowId: main
  steps:
  - stepId: get
    operationId: get
    onSuccess:
    - {name: is, type: end, criteria: [{context: $response.body, condition: '` + condition + `', type: jsonpath}]}
  - {stepId: other, operationId: other}
`
		r := s.run(doc, "", nil)
		s.ended(r, "main=success[get=success]")
		lenient := false
		for _, f := range r.Warnings {
			lenient = lenient || strings.HasPrefix(f.Rule, "lenient-") && f.Line > 0
		}
		if !lenient {
			t.Errorf("%s: warnings %v", condition, r.Warnings)
		}
		s.runner.Strict = true
		r = s.run(doc, "", nil)
		s.ended(r, "main=success[get=success other=success]")
		if !warned(r, "condition-never-holds") {
			t.Errorf("strict, %s: warnings %v", condition, r.Warnings)
		}
	}
}

func TestWarningsComeOnce(t *testing.T) {
	s := newStage(t, map[string][]reply{"GET /x": {{status: 503, body: `{}`}}})
	s.files["api.yaml"] = openapi("get GET /x")
	r := s.run(head+`
- workflowId: main
  steps:
  - stepId: get
    operationId: get
    successCriteria: [{context: $response.body, condition: '$.State == "Active"', type: jsonpath}]
    onFailure: [{name: again, type: retry, retryLimit: 5}]
`, "", nil)
	s.ended(r, "main=failure[get=failure*6]")
	seen := map[string]int{}
	for _, f := range r.Warnings {
		seen[f.String()]++
	}
	for text, n := range seen {
		if n > 1 {
			t.Errorf("%d times: %s", n, text)
		}
	}
	if len(seen) == 0 {
		t.Error("no warning")
	}
}
