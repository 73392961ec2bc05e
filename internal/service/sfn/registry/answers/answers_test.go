package answers

import (
	"testing"

	"github.com/headgate/headgate/asl/jsonvalue"
)

func TestMocksAreCheckedAgainstTheModels(t *testing.T) {
	for _, c := range []struct {
		name, service, operation, result string
		lax                              bool
		want                             string
	}{
		{name: "a good one", service: "lambda", operation: "getFunction", result: `{"Configuration":{"MemorySize":128,"Runtime":"python3.12"}}`},
		{name: "nothing required", service: "dynamodb", operation: "putItem", result: `{}`},
		{name: "a member that is not in the model", service: "events", operation: "putEvents", result: `{"new":1}`},
		{name: "a required member is missing", service: "states", operation: "startExecution", result: `{}`, want: "Required field 'ExecutionArn' is missing"},
		{name: "and need not be there", service: "states", operation: "startExecution", result: `{}`, lax: true},
		{name: "a member in the wrong case counts as missing", service: "sfn", operation: "startExecution", result: `{"executionArn":"a","startDate":"b"}`,
			want: "Required field 'ExecutionArn' is missing"},
		{name: "a timestamp is a string", service: "sfn", operation: "startExecution", result: `{"ExecutionArn":"a","StartDate":1}`, want: "Field 'StartDate' must be a string"},
		{name: "too big", service: "lambda", operation: "getFunction", result: `{"Configuration":{"MemorySize":100000}}`, want: "Field 'MemorySize' exceeds the maximum value"},
		{name: "too small", service: "lambda", operation: "getFunction", result: `{"Configuration":{"MemorySize":1}}`, want: "Field 'MemorySize' is less than the minimum value"},
		{name: "a number as text", service: "s3", operation: "getObject", result: `{"ContentLength":"9"}`, want: "Field 'ContentLength' must be a number"},
		{name: "not among the values", service: "s3", operation: "getObject", result: `{"StorageClass":"SHELF"}`, want: "Field 'StorageClass' is not an expected value"},
		{name: "too short", service: "kms", operation: "encrypt", result: `{"CiphertextBlob":""}`, want: "Field 'CiphertextBlob' is smaller than the minimum length"},
		{name: "no boolean", service: "s3", operation: "listObjectsV2", result: `{"IsTruncated":"no"}`, want: "Field 'IsTruncated' must be a boolean"},
		{name: "no array", service: "events", operation: "putEvents", result: `{"Entries":{}}`, want: "Field 'Entries' must be an array"},
		{name: "no object", service: "lambda", operation: "getFunction", result: `{"Configuration":1}`, want: "Field 'Configuration' must be an object"},
		{name: "no object at all", service: "lambda", operation: "getFunction", result: `[]`, want: "Mock result must be a JSON object"},
		{name: "deep in a list", service: "events", operation: "putEvents", result: `{"Entries":[{"EventId":"1"},{"EventId":2}]}`, want: "Field 'EventId' must be a string"},
		{name: "a recursive shape", service: "dynamodb", operation: "getItem", result: `{"Item":{"a":{"L":[{"M":{"b":{"S":1}}}]}}}`, want: "Field 'S' must be a string"},
		{name: "an unknown service", service: "teapot", operation: "brew", result: `{}`},
		{name: "an unknown operation", service: "s3", operation: "brew", result: `{}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Check(c.service, c.operation, jsonvalue.MustDecode(c.result), !c.lax)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
