package asl

import (
	"strings"
	"testing"
)

func TestParseRefuses(t *testing.T) {
	state := func(s string) string { return `{"StartAt":"X","States":{"X":` + s + `}}` }
	for name, c := range map[string]struct{ definition, want string }{
		"text":              {`not a definition`, "INVALID_JSON_DESCRIPTION: Unrecognized token 'not': was expecting"},
		"no states":         {`{"StartAt":"X"}`, "SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'"},
		"no type":           {state(`{"End":true}`), "These fields are required: [Type] at /States/X"},
		"strange type":      {state(`{"Type":"Loop","End":true}`), "at /States/X/Type"},
		"next and end":      {state(`{"Type":"Pass","End":true,"Next":"X"}`), "Only one of these fields can be used at once: [Next, End] at /States/X"},
		"neither":           {state(`{"Type":"Pass"}`), "One of these fields is required: [Next, End] at /States/X"},
		"missing target":    {state(`{"Type":"Pass","Next":"Y"}`), "MISSING_TRANSITION_TARGET: Missing 'Next' target: Y at /States/X/Next"},
		"missing start":     {`{"StartAt":"Y","States":{"X":{"Type":"Succeed"}}}`, "Missing 'Next' target: Y at /StartAt"},
		"unreachable":       {`{"StartAt":"X","States":{"X":{"Type":"Succeed"},"Y":{"Type":"Succeed"}}}`, `State "Y" is not reachable. at /States/Y`},
		"no end":            {state(`{"Type":"Pass","Next":"X"}`), "There is no way to end"},
		"unknown field":     {state(`{"Type":"Pass","End":true,"Nxt":"Y"}`), "Field is not supported at /States/X/Nxt"},
		"path":              {state(`{"Type":"Pass","InputPath":"$.a[","End":true}`), "Value is not a valid JSONPath at /States/X/InputPath"},
		"reference path":    {state(`{"Type":"Pass","ResultPath":"$.a[*]","End":true}`), "Value is not a Reference Path at /States/X/ResultPath"},
		"template path":     {state(`{"Type":"Pass","Parameters":{"a":{"b.$":"c"}},"End":true}`), "The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call at /States/X/Parameters/a/b.$"},
		"timestamp":         {state(`{"Type":"Wait","Timestamp":"tomorrow","End":true}`), "String does not match RFC3339 timestamp at /States/X/Timestamp"},
		"two waits":         {state(`{"Type":"Wait","Seconds":1,"SecondsPath":"$.a","End":true}`), "Only one of these fields can be used at once: [Seconds, SecondsPath] at /States/X"},
		"credentials":       {state(`{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Credentials":{},"End":true}`), "The field 'RoleArn' is required but was missing at /States/X/Credentials"},
		"resource":          {state(`{"Type":"Task","Resource":"lambda","End":true}`), "at /States/X/Resource"},
		"language":          {`{"QueryLanguage":"JSONata",` + state(`{"Type":"Pass","QueryLanguage":"JSONPath","End":true}`)[1:], "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/X"},
		"expression":        {`{"QueryLanguage":"JSONata",` + state(`{"Type":"Pass","Output":"{% 1 + %}","End":true}`)[1:], "at /States/X/Output"},
		"JSONPath fields":   {`{"QueryLanguage":"JSONata",` + state(`{"Type":"Pass","Parameters":{},"End":true}`)[1:], "Field is not supported at /States/X/Parameters"},
		"retry all first":   {state(`{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Retry":[{"ErrorEquals":["States.ALL"]},{"ErrorEquals":["E"]}],"End":true}`), "at /States/X/Retry[0]/ErrorEquals"},
		"branch":            {state(`{"Type":"Parallel","Branches":[{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"X"}}}],"End":true}`), "at /States/X/Branches[0]/States/A/Next"},
		"duplicate name":    {state(`{"Type":"Parallel","Branches":[{"StartAt":"X","States":{"X":{"Type":"Succeed"}}}],"End":true}`), "DUPLICATE_STATE_NAME"},
		"choice operator":   {state(`{"Type":"Choice","Choices":[{"Variable":"$.a","Next":"X"}]}`), "A comparison operator is required at /States/X/Choices[0]"},
		"reserved variable": {state(`{"Type":"Pass","Assign":{"states":1},"End":true}`), "Variable name is not valid at /States/X/Assign/states"},
		"label":             {state(`{"Type":"Map","Label":"a:b","ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Succeed"}}},"End":true}`), "at /States/X/Label"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(c.definition))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant …%s…", err, c.want)
			}
		})
	}
}

func TestExpressLacksCallbacks(t *testing.T) {
	definition := []byte(`{"StartAt":"X","States":{"X":{"Type":"Task","Resource":"arn:aws:states:::states:startExecution.sync","End":true}}}`)
	if _, err := Parse(definition); err != nil {
		t.Error(err)
	}
	want := "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Express state machine does not support '.sync' service integration at /States/X/Resource'"
	if _, err := Parse(definition, Express()); err == nil || err.Error() != want {
		t.Error(err)
	}
}

func TestParseResource(t *testing.T) {
	for arn, want := range map[string]Resource{
		"arn:aws:states:::aws-sdk:s3:getObject":             {Kind: Service, Service: "aws-sdk:s3", Action: "getObject"},
		"arn:aws:states:::states:startExecution.sync:2":     {Kind: Service, Service: "states", Action: "startExecution", Pattern: Sync2},
		"arn:aws:states:::sqs:sendMessage.waitForTaskToken": {Kind: Service, Service: "sqs", Action: "sendMessage", Pattern: WaitForTaskToken},
		"arn:aws:lambda:eu-west-1:1:function:f:3":           {Kind: LambdaFunction},
		"arn:aws-cn:states:cn-north-1:1:activity:a":         {Kind: Activity},
	} {
		want.ARN = arn
		if got, ok := ParseResource(arn); !ok || got != want {
			t.Errorf("%s: %+v", arn, got)
		}
	}
	for _, arn := range []string{"", "x", "arn:aws:s3:::bucket", "arn:aws:states:::lambda", "arn:aws:states:::lambda:invoke.later", "arn:aws:states:eu-west-1:1:stateMachine:m"} {
		if r, ok := ParseResource(arn); ok {
			t.Errorf("%s: %+v", arn, r)
		}
	}
}

func TestConstantsOfParameters(t *testing.T) {
	m, err := Parse([]byte(`{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload.$":"$"},"Next":"B"},
		"B":{"Type":"Task","QueryLanguage":"JSONata","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"{% $x %}","Qualifier":"live"},"End":true}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		state, name string
		want        any
	}{{"A", "FunctionName", "f"}, {"A", "Payload", nil}, {"B", "FunctionName", nil}, {"B", "Qualifier", "live"}} {
		if got, ok := m.States[c.state].Constant(c.name); got != c.want || ok != (c.want != nil) {
			t.Errorf("%s of %s: %v", c.name, c.state, got)
		}
	}
}
