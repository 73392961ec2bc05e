package runner_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/report"
	"github.com/headgate/headgate/arazzo/runner"
)

// A workflow that polls until a job is done.
func Example() {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if asked++; asked < 3 {
			fmt.Fprint(w, `{"state":"running"}`)
			return
		}
		fmt.Fprint(w, `{"state":"done","result":42}`)
	}))
	defer server.Close()

	doc, findings := arazzo.Parse([]byte(`
arazzo: 1.0.1
info: {title: Wait for a job, version: 1.0.0}
sourceDescriptions: [{name: jobs, url: jobs.yaml, type: openapi}]
workflows:
- workflowId: wait
  inputs: {type: object, required: [id], properties: {id: {type: string}}}
  steps:
  - stepId: poll
    operationId: getJob
    parameters: [{name: id, in: path, value: $inputs.id}]
    successCriteria: [{condition: $response.body#/state == 'done'}]
    onFailure: [{name: again, type: retry, retryAfter: 0.01, retryLimit: 10}]
    outputs: {result: $response.body#/result}
  outputs: {result: $steps.poll.outputs.result}
`), "wait.arazzo.yaml")
	if arazzo.HasErrors(findings) {
		fmt.Println(findings)
		return
	}
	r := runner.Runner{Servers: map[string]string{"jobs": server.URL}}
	r.Loader.ReadFile = func(string) ([]byte, error) {
		return []byte(`{"openapi":"3.1.0","info":{"title":"Jobs","version":"1"},"paths":{"/jobs/{id}":{"get":{"operationId":"getJob","responses":{"200":{"description":"a job"}}}}}}`), nil
	}
	result, err := r.Run(context.Background(), doc, "wait", map[string]any{"id": "j1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	report.JSON(os.Stdout, result)
	// Output:
	// {
	//   "workflows": [
	//     {
	//       "workflowId": "wait",
	//       "status": "success",
	//       "outputs": {
	//         "result": 42
	//       },
	//       "steps": [
	//         {
	//           "stepId": "poll",
	//           "status": "success",
	//           "attempts": 3,
	//           "outputs": {
	//             "result": 42
	//           }
	//         }
	//       ]
	//     }
	//   ]
	// }
}
