package integration_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

const function = "arn:aws:lambda:us-east-1:000000000000:function:"

// definition has a Task for each resource and its parameters.
func definition(tasks ...string) []byte {
	states := ""
	for i := 0; i < len(tasks); i += 2 {
		states += fmt.Sprintf(`"T%d": {"Type": "Task", "Resource": %q, "Parameters": %s, "Next": "E"},`, i/2, tasks[i], tasks[i+1])
	}
	return []byte(`{"StartAt": "E", "States": {` + states + `"E": {"Type": "Succeed"}}}`)
}

func (p *platform) resolve(t *testing.T, execution string, definition []byte) integration.Pins {
	t.Helper()
	c := call(t, lambdaInvoke, `{}`)
	c.Execution = execution
	pins, err := p.Resolve(t.Context(), c, definition)
	if err != nil {
		t.Fatal(err)
	}
	return pins
}

func TestFunctionsArePinnedToVersions(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		p := open(t, d)
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			p.function(t, name)
		}
		p.publish(t, "b")
		p.alias(t, "b", "live", "1", nil)
		p.alias(t, "c", "head", "$LATEST", nil)
		pins := p.resolve(t, "x", definition(
			function+"a", `{}`,
			lambdaInvoke, `{"FunctionName": "b:live", "Payload.$": "$"}`,
			lambdaInvoke, `{"FunctionName": "b", "Qualifier": "1"}`,
			lambdaInvoke+".waitForTaskToken", `{"FunctionName": "c", "Qualifier": "head"}`,
			sdk+"lambda:invoke", `{"FunctionName": "function:d:$LATEST"}`,
			lambdaInvoke, `{"FunctionName.$": "$.f"}`,
			lambdaInvoke, `{"FunctionName": "missing"}`,
			lambdaInvoke, `{"FunctionName": "e", "Qualifier.$": "$.q"}`,
		))
		want := integration.Pins{function + "a": function + "a:1", function + "b:live": function + "b:1", function + "c:head": function + "c:1", function + "d:$LATEST": function + "d:1"}
		if !maps.Equal(pins, want) {
			t.Errorf("pinned %v", pins)
		}
	})
}

func TestAPinnedExecutionKeepsItsCode(t *testing.T) {
	p := sqlite(t)
	arn := p.function(t, "hello")
	pins := p.resolve(t, "x", definition(arn, `{}`))
	if again := p.resolve(t, "y", definition(arn, `{}`)); !maps.Equal(again, pins) {
		t.Errorf("without a change, another execution is pinned to %v", again)
	}
	p.update(t, "hello", "two")
	next := p.resolve(t, "z", definition(arn, `{}`)) // waits for the update
	if next[arn] != arn+":2" {
		t.Errorf("after the change: %v", next)
	}
	for _, c := range []struct {
		resource, parameters string
		pins                 integration.Pins
		version              string
	}{
		{arn, `{}`, pins, "1"}, {arn, `{}`, next, "2"}, {arn, `{}`, nil, "$LATEST"}, {arn + ":2", `{}`, pins, "2"},
		{lambdaInvoke, `{"FunctionName": "hello"}`, pins, "1"},
		{lambdaInvoke, `{"FunctionName": "000000000000:function:hello"}`, pins, "1"},
		{sdk + "lambda:invoke", `{"FunctionName": "hello"}`, pins, "1"},
	} {
		task := call(t, c.resource, c.parameters)
		task.Pins, task.Exact = c.pins, c.pins != nil
		a := p.answer(t, task)
		if a.Failed || len(a.Pinned) != 0 {
			t.Fatalf("%s: %+v", c.resource, a)
		}
		if got := a.Output.String(); !containsVersion(got, c.version) {
			t.Errorf("%s %s with %v: %s", c.resource, c.parameters, c.pins, got)
		}
	}
}

func containsVersion(result, version string) bool {
	return strings.Contains(strings.ReplaceAll(result, `\"`, `"`), `"version":"`+version+`"`)
}

func TestWhatOnlyTheDataNameIsPinnedWhenItIsFirstCalled(t *testing.T) {
	p := sqlite(t)
	arn := p.function(t, "hello")
	p.publish(t, "hello")
	p.alias(t, "hello", "live", "1", nil)
	task := call(t, lambdaInvoke, `{"FunctionName": "hello", "Qualifier": "live"}`)
	task.Exact, task.Pins = true, integration.Pins{}
	a := p.answer(t, task)
	if a.Failed || a.Pinned[arn+":live"] != arn+":1" {
		t.Fatalf("%+v", a)
	}
	task.Exact = false
	if a := p.answer(t, task); a.Failed || a.Pinned != nil {
		t.Errorf("an execution that is not pinned: %+v", a)
	}
	task = call(t, lambdaInvoke, `{"FunctionName": "missing"}`)
	task.Exact = true
	if a := p.answer(t, task); a.Error != "Lambda.ResourceNotFoundException" || a.Pinned != nil {
		t.Errorf("a function that is not there: %+v", a)
	}
	if u := p.Unpinned(definition(lambdaInvoke, `{"FunctionName.$": "$.f"}`, lambdaInvoke, `{"FunctionName": "hello"}`)); !slices.Equal(u, []string{"/States/T0"}) {
		t.Errorf("beforehand: %v", u)
	}
}

func TestAnAliasWithWeightsIsChosenOncePerExecution(t *testing.T) {
	p := sqlite(t)
	arn := p.function(t, "hello")
	p.publish(t, "hello")
	p.update(t, "hello", "two")
	p.publish(t, "hello")
	p.alias(t, "hello", "live", "1", map[string]float64{"2": 0.3})
	d := definition(arn+":live", `{}`)
	second := 0
	for i := range 400 {
		execution := fmt.Sprint("execution", i)
		pins := p.resolve(t, execution, d)
		if !maps.Equal(pins, p.resolve(t, execution, d)) {
			t.Fatalf("%s was pinned twice differently", execution)
		}
		if pins[arn+":live"] == arn+":2" {
			second++
		}
	}
	if second < 80 || second > 160 { // 30 % of 400, within more than four deviations
		t.Errorf("%d of 400 go to version 2", second)
	}
}

// definitions are state machines by ARN.
type definitions map[string]string

func (d definitions) Definition(_ context.Context, arn string) ([]byte, error) {
	if text, ok := d[arn]; ok {
		return []byte(text), nil
	}
	return nil, &sfntypes.StateMachineDoesNotExist{Message: aws.String("State Machine Does Not Exist: '" + arn + "'")}
}

func TestNestedStateMachinesArePinnedToo(t *testing.T) {
	p := sqlite(t)
	for _, name := range []string{"a", "b", "c"} {
		p.function(t, name)
	}
	const machine, start = "arn:aws:states:us-east-1:000000000000:stateMachine:", "arn:aws:states:::states:startExecution.sync:2"
	p.Machines = definitions{
		machine + "child": string(definition(function+"b", `{}`, start, `{"StateMachineArn": "`+machine+`child"}`, start, `{"StateMachineArn": "`+machine+`gone"}`, function+"c:7", `{}`)),
	}
	d := []byte(`{"QueryLanguage": "JSONata", "StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
		{"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "T", "States": {
			"T": {"Type": "Task", "Resource": "` + lambdaInvoke + `", "Arguments": {"FunctionName": "a", "Payload": "{% $states.input %}"}, "End": true}}}}}},
		{"StartAt": "N", "States": {"N": {"Type": "Task", "Resource": "` + start + `", "Arguments": {"StateMachineArn": "` + machine + `child"}, "Next": "D"},
			"D": {"Type": "Task", "Resource": "` + lambdaInvoke + `", "Arguments": {"FunctionName": "{% $states.input.f %}"}, "End": true}}}]}}}`)
	if pins := p.resolve(t, "x", d); !maps.Equal(pins, integration.Pins{function + "a": function + "a:1", function + "b": function + "b:1"}) {
		t.Errorf("pinned %v", pins)
	}
	versions, err := p.Versions(t.Context(), call(t, lambdaInvoke, `{}`), d)
	if err != nil || !slices.Equal(versions, []string{function + "c:7"}) {
		t.Errorf("needs %v, %v", versions, err)
	}
}

func TestAnUpdateInProgressIsWaitedFor(t *testing.T) {
	p := sqlite(t)
	arn := p.function(t, "hello")
	p.engine.Stop() // nothing ends the update
	p.update(t, "hello", "two")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := p.Resolve(ctx, call(t, lambdaInvoke, `{}`), definition(arn, `{}`))
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("it was not waited for: %v", err)
	case <-t.Context().Done():
	default:
	}
	cancel()
	if err := <-done; err == nil {
		t.Error("a pin was made of an update in progress")
	}
	if out, err := p.lambda.ListVersionsByFunction(t.Context(), &lambda.ListVersionsByFunctionInput{FunctionName: &arn}); err != nil || len(out.Versions) != 1 {
		t.Errorf("versions: %v, %v", out, err)
	}
}
