package registry

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

const (
	invoke   = `{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"hello","Payload.$":"$"},"Next":"Done"}`
	parallel = `{"Type":"Parallel","Branches":[` + pass + `,` + pass2 + `],"End":true}`
	items    = `{"Type":"Map","ItemsPath":"$.v","ItemProcessor":` + pass + `,"End":true}`
	start    = `{"Type":"Task","Resource":"arn:aws:states:::states:startExecution","Parameters":{"StateMachineArn":"m"},"End":true}`
	sync     = `{"Type":"Task","Resource":"arn:aws:states:::states:startExecution.sync:2","Parameters":{"StateMachineArn":"m"},"End":true}`
)

func TestAStateIsTestedWithAMockInItsWorksPlace(t *testing.T) {
	run(t, func(f *fixture) {
		for _, c := range []struct {
			name   string
			in     sfn.TestStateInput
			status types.TestExecutionStatus
			output string
			next   string
		}{
			{"a result", sfn.TestStateInput{Definition: aws.String(invoke), Mock: mocked(`{"Payload":{"a":1}}`)}, "SUCCEEDED", `{"Payload":{"a":1}}`, "Done"},
			{"of a nested execution", sfn.TestStateInput{Definition: aws.String(sync), Mock: mocked(`{"ExecutionArn":"e","StateMachineArn":"m","StartDate":"d","Status":"SUCCEEDED","Output":{}}`)},
				"SUCCEEDED", `{"ExecutionArn":"e","StateMachineArn":"m","StartDate":"d","Status":"SUCCEEDED","Output":{}}`, ""},
			{"an error", sfn.TestStateInput{Definition: aws.String(invoke), Mock: &types.MockInput{ErrorOutput: &types.MockErrorOutput{Error: aws.String("Bad")}}}, "FAILED", "", ""},
			{"results of branches", sfn.TestStateInput{Definition: aws.String(parallel), Mock: mocked(`[1,2]`)}, "SUCCEEDED", `[1,2]`, ""},
			{"results of iterations", sfn.TestStateInput{Definition: aws.String(items), Input: aws.String(`{"v":[1]}`), Mock: mocked(`[9]`)}, "SUCCEEDED", `[9]`, ""},
			{"a state that needs none", sfn.TestStateInput{Definition: aws.String(`{"Type":"Pass","Result":5,"Next":"N"}`)}, "SUCCEEDED", `5`, "N"},
			{"variables", sfn.TestStateInput{Definition: aws.String(`{"Type":"Pass","Parameters":{"y.$":"$x"},"End":true}`), Variables: aws.String(`{"x":3}`)}, "SUCCEEDED", `{"y":3}`, ""},
			{"a context", sfn.TestStateInput{Definition: aws.String(`{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{},"OutputPath":"$$.Execution.Name","End":true}`),
				Context: aws.String(`{"Execution":{"Name":"n"}}`), Mock: mocked(`{}`)}, "SUCCEEDED", `"n"`, ""},
			{"a state of a machine's Map, for its first item", sfn.TestStateInput{StateName: aws.String("A"), Input: aws.String(`"item"`), Definition: aws.String(
				`{"StartAt":"M","States":{"M":{"Type":"Map","ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Pass","Parameters":{"i.$":"$$.Map.Item"},"End":true}}},"End":true}}}`)},
				"SUCCEEDED", `{"i":{"Index":0,"Value":"item"}}`, ""},
		} {
			out, err := f.TestState(f.ctx, &c.in)
			if err != nil {
				f.Errorf("%s: %v", c.name, err)
				continue
			}
			if out.Status != c.status || aws.ToString(out.Output) != c.output || aws.ToString(out.NextState) != c.next || out.InspectionData != nil {
				f.Errorf("%s: %s %s → %s, inspection %v; error %s", c.name, out.Status, aws.ToString(out.Output), aws.ToString(out.NextState), out.InspectionData, aws.ToString(out.Error))
			}
		}
		if len(f.calls) > 0 {
			f.Errorf("%d calls were made for real", len(f.calls))
		}
	})
}

func mocked(result string) *types.MockInput { return &types.MockInput{Result: &result} }

func TestWhatTestStateRefuses(t *testing.T) {
	run(t, func(f *fixture) {
		reader := `{"Type":"Map","ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"JSON"},"Parameters":{"Bucket":"b","Key":"k"}},` +
			`"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}},"End":true}`
		for _, c := range []struct {
			in            sfn.TestStateInput
			code, message string
		}{
			{sfn.TestStateInput{Definition: aws.String(`{"Type":"Tea"}`)}, "InvalidDefinition", ""},
			{sfn.TestStateInput{Definition: aws.String(pass), StateName: aws.String("Z")}, "ValidationException", ""},
			{sfn.TestStateInput{Definition: aws.String(invoke)}, "ValidationException", "RoleArn must be specified when testing a Task state"},
			{sfn.TestStateInput{Definition: aws.String(sync), RoleArn: aws.String(role)}, "ValidationException", ""},
			{sfn.TestStateInput{Definition: aws.String(items), RoleArn: aws.String(role)}, "InvalidDefinition",
				"TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]"},
			{sfn.TestStateInput{Definition: aws.String(`{"Type":"Succeed"}`), Mock: mocked("1")}, "ValidationException", "State type 'Succeed' is not supported when a mock is specified"},
			{sfn.TestStateInput{Definition: aws.String(invoke), Mock: mocked("{"), RoleArn: aws.String(role)}, "ValidationException", "Mocked result must be valid JSON"},
			{sfn.TestStateInput{Definition: aws.String(invoke), Mock: mocked(`{"StatusCode":"200"}`)}, "ValidationException", "Mock result schema validation error: Field 'StatusCode' must be a number"},
			{sfn.TestStateInput{Definition: aws.String(start), Mock: mocked(`{}`)}, "ValidationException", "Mock result schema validation error: Required field 'ExecutionArn' is missing"},
			{sfn.TestStateInput{Definition: aws.String(invoke), Mock: mocked("{}"), RevealSecrets: true}, "ValidationException", "TestState does not support RevealSecrets when a mock is specified."},
			{sfn.TestStateInput{Definition: aws.String(invoke), Mock: &types.MockInput{Result: aws.String("{}"), ErrorOutput: &types.MockErrorOutput{}}}, "ValidationException",
				"A test mock should have only one of the following fields: [result, errorOutput]."},
			{sfn.TestStateInput{Definition: aws.String(invoke), Mock: &types.MockInput{}}, "ValidationException", ""},
			{sfn.TestStateInput{Definition: aws.String(parallel), Mock: mocked("{}")}, "ValidationException", "Mocked result must be an array."},
			{sfn.TestStateInput{Definition: aws.String(parallel), Mock: mocked("[1]")}, "ValidationException", "Mocked result must contain the same number of items as number of Parallel branches."},
			{sfn.TestStateInput{Definition: aws.String(reader), Mock: mocked("[1]")}, "ValidationException", "ItemReader data must be specified when testing a Map state with ItemReader specified."},
			{sfn.TestStateInput{Definition: aws.String(`{"Type":"Succeed"}`), Input: aws.String("{")}, "InvalidExecutionInput", ""},
			{sfn.TestStateInput{Definition: aws.String(`{"Type":"Succeed"}`), Context: aws.String("{}")}, "ValidationException", ""},
			{sfn.TestStateInput{Definition: aws.String(`{"Type":"Succeed"}`), Variables: aws.String("[]")}, "ValidationException", ""},
			{sfn.TestStateInput{Definition: aws.String(`{"Type":"Succeed"}`), RoleArn: aws.String("r")}, "InvalidArn", ""},
			{sfn.TestStateInput{Definition: aws.String(invoke), Mock: mocked("{}"), Context: aws.String(`{"Execution":{"x":1}}`)}, "ValidationException", "Invalid Context object provided: Field 'x' is not allowed"},
			{sfn.TestStateInput{Definition: aws.String(invoke), Mock: mocked("{}"), Context: aws.String(`{"Task":{"Token":"t"}}`)}, "ValidationException",
				"Invalid Context object provided: Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' service integration pattern"},
		} {
			f.Log(*c.in.Definition)
			refused(f, f.TestState, &c.in, c.code, c.message)
		}
		in := sfn.TestStateInput{Definition: aws.String(start), Mock: mocked(`{}`)}
		in.Mock.FieldValidationMode = types.MockResponseValidationModePresent
		ok(f, f.TestState)(&in)
	})
}

func TestAMapStateShowsWhatItsChildrenWouldGet(t *testing.T) {
	run(t, func(f *fixture) {
		state := func(more string) *string {
			return aws.String(`{"Type":"Map","ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"JSON","ItemsPointer":"/orders","MaxItems":3},` +
				`"Parameters":{"Bucket":"b","Key":"k"}},` + more + `"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}},"End":true}`)
		}
		in := &sfn.TestStateInput{Definition: state(`"ItemSelector":{"i.$":"$$.Map.Item.Index","v.$":"$$.Map.Item.Value"},"ItemBatcher":{"MaxItemsPerBatch":2,"BatchInput":{"x":1}},`),
			Mock: mocked(`[1,2]`), StateConfiguration: &types.TestStateConfiguration{MapItemReaderData: aws.String(`{"orders":["a","b","c","d"]}`)}, InspectionLevel: "DEBUG"}
		d := ok(f, f.TestState)(in).InspectionData
		if got := aws.ToString(d.AfterItemsPointer); got != `["a","b","c"]` {
			f.Errorf("after the pointer: %s", got)
		}
		if got := aws.ToString(d.AfterItemSelector); got != `[{"v":"a","i":0},{"v":"b","i":1},{"v":"c","i":2}]` {
			f.Errorf("after the selector: %s", got)
		}
		if got := aws.ToString(d.AfterItemBatcher); got != `[{"BatchInput":{"x":1},"Items":[{"v":"a","i":0},{"v":"b","i":1}]},{"BatchInput":{"x":1},"Items":[{"v":"c","i":2}]}]` {
			f.Errorf("after the batcher: %s", got)
		}
		in.Definition = state(`"ItemSelector":{"v.$":"$.nothing"},`)
		if out := ok(f, f.TestState)(in); out.Status != types.TestExecutionStatusFailed {
			f.Errorf("a selector that leads nowhere: %s", out.Status)
		}
		in.StateConfiguration.MapItemReaderData = aws.String(`[`)
		if out := ok(f, f.TestState)(in); aws.ToString(out.Error) != "States.ItemReaderFailed" {
			f.Errorf("data that cannot be read: %s", aws.ToString(out.Error))
		}
	})
}

func TestATaskWithoutAMockIsDoneForReal(t *testing.T) {
	run(t, func(f *fixture) {
		in := &sfn.TestStateInput{Definition: aws.String(invoke), RoleArn: aws.String(role), Input: aws.String(`{"a":1}`), InspectionLevel: types.InspectionLevelDebug}
		f.answer = integration.Answer{Output: jsonvalue.FromValue("hi")}
		out := ok(f, f.TestState)(in)
		if aws.ToString(out.Output) != `"hi"` || out.Status != types.TestExecutionStatusSucceeded {
			f.Errorf("got %s %s", out.Status, aws.ToString(out.Output))
		}
		if d := out.InspectionData; aws.ToString(d.AfterParameters) != `{"FunctionName":"hello","Payload":{"a":1}}` || aws.ToString(d.Result) != `"hi"` || *d.Input != `{"a":1}` {
			f.Errorf("inspection: parameters %s, result %s", aws.ToString(d.AfterParameters), aws.ToString(d.Result))
		}
		f.answer = integration.Answer{Failed: true, Error: "Lambda.ResourceNotFoundException", Cause: "gone"}
		if out = ok(f, f.TestState)(in); out.Status != types.TestExecutionStatusFailed || *out.Error != "Lambda.ResourceNotFoundException" || *out.Cause != "gone" {
			f.Errorf("got %s %s", out.Status, aws.ToString(out.Error))
		}
		f.answer = integration.Answer{Failed: true, Error: "Sfn.StateMachineDoesNotExistException"}
		in.Definition = aws.String(start)
		if out = ok(f, f.TestState)(in); *out.Error != "StepFunctions.StateMachineDoesNotExistException" {
			f.Errorf("got %s", aws.ToString(out.Error))
		}
		if c := f.calls[2]; len(f.calls) != 3 || c.Role != role || c.Caller.Account != "123456789012" || c.Resource.Service != "aws-sdk:sfn" || c.Key == f.calls[0].Key {
			f.Errorf("calls %+v", f.calls)
		}
	})
}

func TestValidationTellsAsMuchAsIsAskedFor(t *testing.T) {
	run(t, func(f *fixture) {
		v := func(in sfn.ValidateStateMachineDefinitionInput) *sfn.ValidateStateMachineDefinitionOutput {
			return ok(f, f.ValidateStateMachineDefinition)(&in)
		}
		if out := v(sfn.ValidateStateMachineDefinitionInput{Definition: aws.String(pass)}); out.Result != "OK" || out.Diagnostics == nil || len(out.Diagnostics) != 0 || *out.Truncated {
			f.Errorf("a good one: %+v", out)
		}
		bad := aws.String(`{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"X"},"B":{"Type":"Tea"},"C":{"Type":"Tea"}}}`)
		all := v(sfn.ValidateStateMachineDefinitionInput{Definition: bad})
		one := v(sfn.ValidateStateMachineDefinitionInput{Definition: bad, MaxResults: 1})
		if len(all.Diagnostics) < 3 || *all.Truncated || len(one.Diagnostics) != 1 || !*one.Truncated || one.Result != "FAIL" {
			f.Errorf("%d and %d diagnostics, truncated %v and %v", len(all.Diagnostics), len(one.Diagnostics), *all.Truncated, *one.Truncated)
		}
		if out := v(sfn.ValidateStateMachineDefinitionInput{Definition: aws.String("no json")}); *out.Diagnostics[0].Code != "INVALID_JSON_DESCRIPTION" {
			f.Errorf("no JSON: %v", *out.Diagnostics[0].Code)
		}
		wait := aws.String(`{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:::states:startExecution.sync","Parameters":{"StateMachineArn":"m"},"End":true}}}`)
		if v(sfn.ValidateStateMachineDefinitionInput{Definition: wait}).Result != "OK" || v(sfn.ValidateStateMachineDefinitionInput{Definition: wait, Type: "EXPRESS"}).Result != "FAIL" {
			f.Error("an Express workflow may wait")
		}
	})
}

func TestABadLabelIsToldInTheRecordedWords(t *testing.T) {
	for label, want := range map[string]string{
		``:        `Error=ValueError Args=['Label cannot be empty'] in definition 'D'.`,
		`a b`:     `Error=ValueError Args=["Label contains invalid character: ' '"] in definition 'D'.`,
		`a\"`:     `Error=ValueError Args=['Label contains invalid character: \'"\''] in definition 'D'.`,
		`\\`:      `Error=ValueError Args=["Label contains invalid character: '\\\\'"] in definition 'D'.`,
		`a\u000b`: `Error=ValueError Args=["Label contains invalid character: '\\x0b'"] in definition 'D'.`,
	} {
		_, found := asl.Validate([]byte(`{"StartAt":"M","States":{"M":{"Type":"Map","Label":"` + label + `","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED",` +
			`"ExecutionType":"STANDARD"},"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}},"End":true}}}`))
		if got := labelError("D", found); got != want {
			t.Errorf("%s: got %s, want %s", label, got, want)
		}
	}
}
