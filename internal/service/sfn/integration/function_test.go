package integration_test

import (
	"strings"
	"testing"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/sandbox/environment"
)

const (
	lambdaInvoke = "arn:aws:states:::lambda:invoke"
	sdk          = "arn:aws:states:::aws-sdk:"
)

func TestAFunctionsARNIsCalledWithTheInputAndAnswersItsResult(t *testing.T) {
	p := sqlite(t)
	arn := p.function(t, "hello")
	version := p.publish(t, "hello")
	p.alias(t, "hello", "live", version, nil)
	for qualifier, want := range map[string]string{"": "$LATEST", ":1": "1", ":live": "1"} {
		if got := p.result(t, arn+qualifier, `{"a": 1.0, "b": []}`); got != `{"version":"`+want+`","event":{"a": 1.0, "b": []}}` {
			t.Errorf("%s answered %s", qualifier, got)
		}
	}
}

func TestLambdaInvokeTellsOfTheCall(t *testing.T) {
	p := sqlite(t)
	p.function(t, "hello")
	got := p.result(t, lambdaInvoke, `{"FunctionName": "hello", "Payload": {"x": [1, null]}}`)
	for want, path := range map[any][]string{
		"$LATEST": {"ExecutedVersion"}, 200.0: {"StatusCode"}, "application/json": {"SdkHttpMetadata", "HttpHeaders", "Content-Type"},
		"44": {"SdkHttpMetadata", "HttpHeaders", "Content-Length"},
	} {
		if g := get(t, got, path...); g != want {
			t.Errorf("%v is %v, not %v", path, g, want)
		}
	}
	if id := get(t, got, "SdkResponseMetadata", "RequestId"); id == nil || id != p.invoked[0].RequestID {
		t.Errorf("the function saw the request %s, the execution %v", p.invoked[0].RequestID, id)
	}
	order := []string{"ExecutedVersion", "Payload", "SdkHttpMetadata", "SdkResponseMetadata", "StatusCode"}
	for i, at := 0, -1; i < len(order); i++ {
		next := strings.Index(got, `"`+order[i]+`"`)
		if next <= at {
			t.Errorf("%s is not where AWS has it: %s", order[i], got)
		}
		at = next
	}
}

func TestWhatPayloadAFunctionGets(t *testing.T) {
	p := sqlite(t)
	p.function(t, "hello")
	for parameters, want := range map[string]string{
		`{"FunctionName": "hello"}`:                           `{}`,
		`{"FunctionName": "hello", "Payload": null}`:          `{}`,
		`{"FunctionName": "hello", "Payload": "{\"a\": 1}"}`:  `{"a": 1}`, // a text that is JSON
		`{"FunctionName": "hello", "Payload": "plain"}`:       `"plain"`,
		`{"FunctionName": "hello", "Payload": {"a":[true]}}`:  `{"a":[true]}`,
		`{"FunctionName": "hello", "Payload": 0.0}`:           `0.0`,
		`{"FunctionName": "hello:$LATEST", "Payload": ["b"]}`: `["b"]`,
	} {
		p.result(t, lambdaInvoke, parameters)
		if got := string(p.invoked[len(p.invoked)-1].Payload); got != want {
			t.Errorf("%s: the function got %s", parameters, got)
		}
	}
}

func TestInvocationTypesAndLogs(t *testing.T) {
	p := sqlite(t)
	p.function(t, "hello")
	if got := p.result(t, lambdaInvoke, `{"FunctionName": "hello", "InvocationType": "DryRun"}`); get(t, got, "StatusCode") != 204.0 || get(t, got, "Payload") != "" {
		t.Errorf("a dry run answered %s", got)
	}
	if got := p.result(t, lambdaInvoke, `{"FunctionName": "hello", "InvocationType": "Event", "Payload": 1}`); get(t, got, "StatusCode") != 202.0 || get(t, got, "ExecutedVersion") != nil {
		t.Errorf("an event answered %s", got)
	}
	if got := p.result(t, lambdaInvoke, `{"FunctionName": "hello", "LogType": "Tail"}`); get(t, got, "LogResult") == nil {
		t.Errorf("there is no log in %s", got)
	}
}

func TestAFunctionsErrorIsNamedAfterItsType(t *testing.T) {
	p := sqlite(t)
	arn := p.function(t, "hello")
	p.run = func(environment.Function, *environment.Invocation) environment.Outcome {
		return failing(`{"errorMessage": "x", "errorType": "E"}`)
	}
	for resource, want := range map[string]string{arn: `{"errorMessage": "x", "errorType": "E"}`, lambdaInvoke: `{"errorMessage":"x","errorType":"E"}`} {
		if a := p.answer(t, call(t, resource, `{"FunctionName": "hello"}`)); a.Error != "E" || a.Cause != want {
			t.Errorf("%s: %+v", resource, a)
		}
	}
	for payload, want := range map[string][2]string{
		`{"errorMessage":"no","errorType":"MyError","stackTrace":[]}`: {"MyError", `{"errorMessage":"no","errorType":"MyError","stackTrace":[]}`},
		`{"errorMessage":"timed out"}`:                                {"Lambda.Unknown", `The cause could not be determined because Lambda did not return an error type. Returned payload: {"errorMessage":"timed out"}`},
	} {
		p.run = func(environment.Function, *environment.Invocation) environment.Outcome { return failing(payload) }
		for _, c := range []struct{ resource, parameters string }{{arn, `{}`}, {lambdaInvoke, `{"FunctionName": "hello"}`}} {
			a := p.answer(t, call(t, c.resource, c.parameters))
			if !a.Failed || a.Error != want[0] || a.Cause != want[1] || a.Refused {
				t.Errorf("%s: %+v", c.resource, a)
			}
		}
	}
}

func TestLambdasOwnErrorsAreWordedAsByTheFirstSDK(t *testing.T) {
	p := sqlite(t)
	a := p.answer(t, call(t, lambdaInvoke, `{"FunctionName": "missing"}`))
	if a.Error != "Lambda.ResourceNotFoundException" ||
		!strings.HasPrefix(a.Cause, "Function not found: arn:aws:lambda:us-east-1:000000000000:function:missing:$LATEST (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: ") ||
		!strings.HasSuffix(a.Cause, "; Proxy: null)") {
		t.Errorf("%+v", a)
	}
	for parameters, want := range map[string]string{
		`{"Payload": {}}`: "FunctionName",
		`{"FunctionName": "hello", "functionName": "hello"}`: `The field "functionName" is not supported by Step Functions`,
	} {
		a := p.answer(t, call(t, lambdaInvoke, parameters))
		if a.Error != asl.ErrRuntime || !a.Refused || !strings.Contains(a.Cause, want) || !strings.Contains(a.Cause, parameters) {
			t.Errorf("%s: %+v", parameters, a)
		}
	}
}

func TestARepeatedCallIsTheSameRequest(t *testing.T) {
	p := sqlite(t)
	arn := p.function(t, "hello")
	for range 2 { // as after a crash
		p.result(t, arn, `{}`)
	}
	if p.invoked[0].RequestID != p.invoked[1].RequestID {
		t.Errorf("the function saw %s and %s", p.invoked[0].RequestID, p.invoked[1].RequestID)
	}
	c := call(t, arn, `{}`)
	c.Key += "2"
	if p.answer(t, c); p.invoked[2].RequestID == p.invoked[0].RequestID {
		t.Error("two tasks are the same request")
	}
}
