package integration_test

import (
	"strings"
	"testing"

	"github.com/headgate/headgate/asl"
)

func TestWhatThePlatformLacksIsRefusedWithWhatItHas(t *testing.T) {
	p := sqlite(t)
	for resource, want := range map[string]string{
		lambdaInvoke:                                        "",
		lambdaInvoke + ".waitForTaskToken":                  "",
		"arn:aws:states:::states:startExecution":            "",
		"arn:aws:states:::states:startExecution.sync:2":     "",
		"arn:aws:states:::http:invoke":                      "",
		sdk + "s3:listBuckets":                              "",
		sdk + "s3:listBuckets.waitForTaskToken":             "",
		function + "hello":                                  "",
		"arn:aws:states:us-east-1:000000000000:activity:a":  "",
		lambdaInvoke + ".sync":                              "Supported: lambda:invoke, lambda:invoke.waitForTaskToken.",
		"arn:aws:states:::lambda:listFunctions":             "Supported: lambda:invoke, ",
		"arn:aws:states:::http:invoke.waitForTaskToken":     "Supported: http:invoke.",
		"arn:aws:states:::s3:getObject":                     "use aws-sdk:s3:getObject",
		"arn:aws:states:::dynamodb:putItem":                 "This platform has no service dynamodb. Supported: http:invoke, lambda:invoke, sqs:sendMessage, states:startExecution, and operations (aws-sdk:SERVICE:operation) of cloudwatch, cloudwatchlogs, iam, lambda, s3, sqs.",
		"arn:aws:states:::sqs:sendMessage.waitForTaskToken": "",
		"arn:aws:states:::sqs:receiveMessage":               "Supported: sqs:sendMessage, sqs:sendMessage.waitForTaskToken.",
		sdk + "dynamodb:putItem":                            "This platform has no service dynamodb.",
		sdk + "s3:ListBuckets":                              "API action names begin with a lower-case letter: aws-sdk:s3:listBuckets.",
		sdk + "lambda:getFunctions":                         "This platform's Lambda has no getFunctions. Similar: getFunction, listFunctions, ",
		sdk + "s3:listBuckets.sync":                         "Supported: aws-sdk:s3:listBuckets, aws-sdk:s3:listBuckets.waitForTaskToken.",
	} {
		r, ok := asl.ParseResource(resource)
		if !ok {
			t.Fatal(resource)
		}
		err := p.Check(r, nil)
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", resource, err)
			}
			continue
		}
		const aws = " is not recognized. The value is not a valid resource ARN, or the resource is not available in this region."
		if err == nil || !strings.HasPrefix(err.Error(), "The resource provided "+resource+aws) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", resource, err)
		}
	}
}

func TestDefinitionsAreCheckedWhereverTheyCall(t *testing.T) {
	p := sqlite(t)
	for name, c := range map[string]struct{ definition, location, text string }{
		"a parameter that AWS does not know": {`{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "` + sdk + `s3:getObject", "Parameters": {"bucket": "b", "Key.$": "$.k"}, "End": true}}}`,
			"/States/A/Parameters", `The field "bucket" is not supported by Step Functions`},
		"an argument in a branch": {`{"QueryLanguage": "JSONata", "StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "` + lambdaInvoke + `", "Arguments": {"FunctionName": "f", "payload": 1}, "End": true}}}]}}}`,
			"/States/P/Branches[0]/States/A/Arguments", `The field "payload" is not supported by Step Functions`},
		"a reader": {`{"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "ItemReader": {"Resource": "arn:aws:states:::dynamodb:scan"}, "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}}}}`,
			"/States/M/ItemReader/Resource", "Supported by ItemReader: s3:getObject, s3:listObjectsV2"},
		"an endpoint that is not https": {`{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Parameters": {"ApiEndpoint": "http://x", "Method": "GET"}, "End": true}}}`,
			"/States/A/Parameters", "ApiEndpoint must be an https URL"},
		"a connection": {`{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Parameters": {"ApiEndpoint.$": "$.u", "Method": "GET", "Authentication": {"ConnectionArn": "arn:aws:events:us-east-1:1:connection/c"}}, "End": true}}}`,
			"/States/A/Parameters", "this platform has no EventBridge connections"},
		"a service in a map": {`{"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "Parameters": {}, "End": true}}}}}}`,
			"/States/M/ItemProcessor/States/A/Resource", "no service dynamodb"},
	} {
		d := p.CheckDefinition([]byte(c.definition))
		if len(d) != 1 || d[0].Location != c.location || !strings.Contains(d[0].Message, c.text) || d[0].Severity != asl.SeverityError {
			t.Errorf("%s: %v", name, d)
		}
	}
	for name, d := range map[string]string{
		"paths and comments": `{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "` + lambdaInvoke + `", "Parameters": {"FunctionName.$": "$.f", "Payload": {"any": 1}, "InvocationType": "Event", "LogType": "Tail", "ClientContext": "e30=", "Qualifier": "1"}, "End": true}}}`,
		"an expression":      `{"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "` + sdk + `s3:getObject", "Arguments": "{% $states.input %}", "End": true}}}`,
		"reader and writer":  `{"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "ItemReader": {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b", "Prefix.$": "$.p"}}, "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "p"}}, "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}}}}`,
		"not JSON":           `{`,
	} {
		if found := p.CheckDefinition([]byte(d)); len(found) != 0 {
			t.Errorf("%s: %v", name, found)
		}
	}
}

func FuzzCheckDefinition(f *testing.F) {
	f.Add([]byte(`{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "` + lambdaInvoke + `", "Parameters": {"FunctionName.$": "$.f"}, "End": true}}}`))
	f.Add([]byte(`{"States": {"M": {"Type": "Map", "ItemReader": {"Resource": 1}, "Branches": [null], "Iterator": {"States": {"x": {}}}}}}`))
	f.Fuzz(func(_ *testing.T, d []byte) {
		s := newSet()
		s.CheckDefinition(d)
		s.Unpinned(d)
	})
}
