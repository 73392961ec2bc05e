package runner_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/headgate/headgate/arazzo"
)

// The document 'Amazon Lambda Update Code and Verify' runs unmodified and does what FACTS §0 says that it does: it never polls, since its
// criteria look for State where GetFunction does not have it.
func TestLambdaUpdateDocument(t *testing.T) {
	dir := os.Getenv("HEADGATE_SEEDS")
	if dir == "" {
		t.Skip("HEADGATE_SEEDS names no folder with the document")
	}
	text, err := os.ReadFile(filepath.Join(dir, "amazon-lambda-update-code-and-verify-workflow.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, state, want, outputs string
		strict                     bool
		requests                   int
	}{
		{"as AWS answers", `{"Configuration":{"State":"Active","LastUpdateStatus":"InProgress"}}`, "updateCode=success waitForActive=success verifyInvoke=success",
			`{"functionArn":"arn:f","invocationResult":{"ok":true}}`, false, 3},
		{"as its author thought", `{"State":"Failed"}`, "updateCode=success waitForActive=success reportFailure=success", `{"functionArn":"arn:f","failedState":"Failed"}`, false, 3},
		{"strictly neither action matches", `{"State":"Failed"}`, "updateCode=success waitForActive=success verifyInvoke=success",
			`{"functionArn":"arn:f","invocationResult":{"ok":true}}`, true, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, map[string][]reply{
				"PUT /functions/f/code":         {{body: `{"FunctionArn":"arn:f","LastModified":"now"}`}},
				"GET /functions/f":              {{body: c.state}},
				"POST /functions/f/invocations": {{body: `{"ok":true}`}},
			})
			s.files["lambda.yaml"] = openapi("UpdateFunctionCode PUT /functions/{FunctionName}/code", "GetFunction GET /functions/{FunctionName}",
				"InvokeFunction POST /functions/{FunctionName}/invocations")
			s.runner.Sources, s.runner.Strict = map[string]string{"amazonLambdaApi": folder + "/lambda.yaml"}, c.strict
			r := s.run(string(text), "", map[string]any{"FunctionName": "f", "S3Bucket": "b", "S3Key": "k", "invocationPayload": map[string]any{"a": 1}})
			s.ended(r, "update-code-and-verify=success["+c.want+"]")
			s.outputs(r, c.outputs)
			if calls := s.calls.all(); len(calls) != c.requests || calls[0] != `PUT /functions/f/code {"S3Bucket":"b","S3Key":"k"}` {
				t.Errorf("asked %q", calls)
			}
			if len(r.Warnings) == 0 {
				t.Error("no warning")
			}
		})
	}
}

var _ arazzo.Finding
