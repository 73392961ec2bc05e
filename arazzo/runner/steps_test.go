package runner_test

import "testing"

func TestStepsRunInOrderAndPassOutputsOn(t *testing.T) {
	s := newStage(t, map[string][]reply{
		"POST /pets":  {{status: 201, body: `{"id": 12345678901234567890, "tags": ["a", "b"]}`}},
		"GET /pets/7": {{body: `{"name": "Rex"}`, header: map[string]string{"X-Rate": "9"}}},
	})
	s.files["api.yaml"] = openapi("add POST /pets", "get GET /pets/{petId}")
	r := s.run(head+`
- workflowId: main
  inputs: {type: object, properties: {name: {type: string}, age: {type: integer}}}
  steps:
  - stepId: add
    operationId: add
    requestBody:
      contentType: application/json
      payload: {name: $inputs.name, age: $inputs.age, label: "{$inputs.name}!"}
    successCriteria:
    - condition: $statusCode == 201
    outputs:
      id: $response.body#/id
      tag: $response.body#/tags/1
      missing: $response.body#/nothing
  - stepId: get
    operationId: get
    parameters:
    - {name: petId, in: path, value: 7}
    - {name: after, in: query, value: $steps.add.outputs.id}
    outputs:
      name: $response.body#/name
      rate: $response.header.x-rate
  outputs:
    id: $steps.add.outputs.id
    name: $steps.get.outputs.name
    rate: $steps.get.outputs.rate
    missing: $steps.add.outputs.missing
`, "", map[string]any{"name": "Rex"})
	s.ended(r, "main=success[add=success get=success]")
	s.outputs(r, `{"id": 12345678901234567890, "name": "Rex", "rate": "9"}`)
	s.asked(`POST /pets {"label":"Rex!","name":"Rex"}`, "GET /pets/7?after=12345678901234567890")
}
