package gateway_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The AWS CLI (botocore) is another implementation of every protocol and of the signature: here
// it talks to a gateway that verifies.
func TestAWSCLI(t *testing.T) {
	aws, err := exec.LookPath("aws")
	if err != nil || testing.Short() {
		t.Skip("no AWS CLI, or -short")
	}
	p := verified(t)
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	object := filepath.Join(dir, "object")
	if err := os.WriteFile(object, []byte("object body"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, args, want string
		fails            bool
	}{
		{"restJson1", "lambda list-tags --resource arn:aws:lambda:us-east-1:111111111111:function:fn", `"of": "arn:aws:lambda:us-east-1:111111111111:function:fn"`, false},
		{"restJson1 payload", "lambda invoke --function-name fn --payload {} " + out, `"StatusCode": 200`, false},
		{"restJson1 missing operation", "lambda get-function --function-name fn", "(UnsupportedOperation) when calling the GetFunction operation: Headgate does not implement lambda:GetFunction yet", true},
		{"restJson1 constraint", "lambda invoke --function-name a/b --payload {} " + out, "(ValidationException) when calling the Invoke operation: 1 validation error detected: Value 'a/b' at 'functionName'", true},
		{"awsJson1.1", "deploy get-deployment --deployment-id d-1", `"deploymentId": "d-1"`, false},
		{"awsJson1.0", "cloudwatch put-metric-data --namespace N --metric-name m --value 1", "", false},
		{"query", "cloudformation describe-stacks --stack-name s", `"StackStatus": "CREATE_COMPLETE"`, false},
		{"query caller", "sts get-caller-identity", `"Account": "111111111111"`, false},
		{"s3", "s3api put-object --bucket b --key a+b/c --body " + object, "", false},
		{"s3 presigned", "s3 presign s3://b/key --region eu-central-1", "X-Amz-Signature=", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command(aws, strings.Fields(c.args)...)
			cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+p.url, "AWS_ACCESS_KEY_ID="+key, "AWS_SECRET_ACCESS_KEY="+secret, "AWS_SESSION_TOKEN=",
				"AWS_DEFAULT_REGION=us-east-1", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_MAX_ATTEMPTS=1", "AWS_PAGER=")
			b, err := cmd.CombinedOutput()
			if (err != nil) != c.fails || !strings.Contains(string(b), c.want) {
				t.Errorf("aws %s: %v\n%s", c.args, err, b)
			}
			if c.name == "s3 presigned" {
				if res, body := do(t, "GET", strings.TrimSpace(string(b)), ""); res.StatusCode != 200 {
					t.Errorf("%d %s", res.StatusCode, body)
				}
			}
		})
	}
	if b, err := os.ReadFile(out); err != nil || string(b) != "to fn {}" {
		t.Errorf("payload %q %v", b, err)
	}
}
