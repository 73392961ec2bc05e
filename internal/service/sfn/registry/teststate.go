package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/uuid"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

// testTimeout is how long a task may take that TestState runs: five minutes of real time, as on AWS.
const testTimeout = 5 * time.Minute

// TestState runs one state alone, with a mock in its work's place or, for a task without one, for real.
func (r *Registry) TestState(ctx context.Context, in *sfn.TestStateInput, _ ...func(*sfn.Options)) (*sfn.TestStateOutput, error) {
	t, err := r.stateTest(ctx, in)
	if err != nil {
		return nil, err
	}
	// Trouble of ours comes out of the test by the side: the language knows failures of tasks only.
	var trouble error
	t.Work = func(task asl.ScheduleTask) (ev asl.Event) {
		ev, trouble = r.work(ctx, t, task)
		return ev
	}
	result, err := t.Run(r.clock.Now())
	if err := errors.Join(trouble, err); err != nil {
		return nil, invalidDefinition(aws.ToString(in.Definition), err)
	}
	out := &sfn.TestStateOutput{Status: types.TestExecutionStatus(result.Status), NextState: optional(result.NextState),
		Error: optional(result.Error), Cause: optional(result.Cause)}
	// A state that failed or would be retried has no output, not even null.
	if !result.Output.IsZero() {
		out.Output = aws.String(result.Output.String())
	}
	if in.InspectionLevel == types.InspectionLevelDebug || in.InspectionLevel == types.InspectionLevelTrace {
		out.InspectionData = inspection(result)
	}
	return out, nil
}

// stateTest checks a request and makes the test that it asks for.
func (r *Registry) stateTest(ctx context.Context, in *sfn.TestStateInput) (*asl.StateTest, error) {
	t := &asl.StateTest{Definition: []byte(aws.ToString(in.Definition)), StateName: aws.ToString(in.StateName), Info: testInfo(ctx, aws.ToString(in.RoleArn))}
	// As far as recordings tell, AWS checks the definition first, then the mock, then the data.
	_, st, err := t.ParseState()
	if err != nil {
		return nil, invalidDefinition(string(t.Definition), err)
	}
	if st == nil {
		return nil, invalid("State '%s' not found in the definition", t.StateName)
	}
	if in.RoleArn != nil {
		if err := checkRole(*in.RoleArn); err != nil {
			return nil, err
		}
	}
	if t.Mock, err = readMock(in, st); err != nil {
		return nil, err
	}
	// Unlike StartExecution's, an input that was not given is an empty object for every state.
	input := aws.ToString(in.Input)
	if in.Input == nil {
		input = "{}"
	}
	if t.Input, err = jsonvalue.FromText(input); err != nil {
		return nil, &types.InvalidExecutionInput{Message: text("Invalid State Machine Execution Input: '%s'", asl.JSONError(input))}
	}
	if t.Context, err = readContext(in, st); err != nil {
		return nil, err
	}
	if t.Variables, err = readVariables(in.Variables); err != nil {
		return nil, err
	}
	if c := in.StateConfiguration; c != nil {
		t.RetryCount, t.Failed = int(aws.ToInt32(c.RetrierRetryCount)), int(aws.ToInt32(c.MapIterationFailureCount))
		if c.MapItemReaderData != nil {
			t.ReaderData = []byte(*c.MapItemReaderData)
		}
	}
	return t, nil
}

// testInfo is the execution that a tested state sees itself in: of an Express state machine, both with made-up names.
func testInfo(ctx context.Context, role string) asl.Info {
	// The names are of the form that recorded contexts show, and not those of anything that exists.
	c := caller.From(ctx)
	machine, name := uuid.NewString(), uuid.NewString()
	return asl.Info{ARN: arn.For(c, "states", "express:"+machine+":"+name), Name: name, RoleARN: role,
		MachineARN: arn.For(c, "states", "stateMachine:"+machine), MachineName: machine,
		Partition: c.Partition, Region: c.Region, Account: c.Account, Express: true}
}

// work does a task for real. The error is trouble of ours; a service's is part of the event.
func (r *Registry) work(ctx context.Context, t *asl.StateTest, task asl.ScheduleTask) (asl.Event, error) {
	if r.calls == nil {
		return nil, errors.New("TestState has no integrations to call")
	}
	// The operation is the same as aws-sdk:sfn:startExecution; only the names of errors differ.
	nested := task.Resource.Service == "states" // an optimised integration that executions do themselves
	if nested {
		task.Resource.Service = "aws-sdk:sfn"
	}
	// Real time: the test waits for the task as its caller waits for the answer.
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	answer, err := r.calls.Run(ctx, integration.Call{Caller: caller.From(ctx), Role: t.Info.RoleARN, Execution: t.Info.ARN, State: task.State,
		Resource: task.Resource, Parameters: task.Parameters, Token: task.Token, Credentials: task.Credentials, Key: t.Info.ARN + task.TaskID})
	switch {
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil:
		return asl.TaskFailed{TaskID: task.TaskID, Error: asl.ErrTimeout}, nil
	case err != nil:
		return nil, fmt.Errorf("test the state %s: %w", task.State, err)
	// A time-out of ours is the state's: States.Timeout may have a Catch.
	case answer.Failed:
		if name, ok := strings.CutPrefix(answer.Error, "Sfn."); nested && ok {
			answer.Error = "StepFunctions." + name
		}
		return asl.TaskFailed{TaskID: task.TaskID, Error: answer.Error, Cause: answer.Cause, Refused: answer.Refused}, nil
	}
	return asl.TaskSucceeded{TaskID: task.TaskID, Output: answer.Output}, nil
}

// inspection is what the levels DEBUG and TRACE show.
func inspection(result *asl.StateResult) *types.InspectionData {
	i := result.Inspection
	// Stages that the state did not come to are left out.
	stage := func(name string) *string {
		v, ok := i.Data[name]
		if !ok {
			return nil
		}
		return aws.String(v.String())
	}
	out := &types.InspectionData{Input: stage("input"), AfterInputPath: stage("afterInputPath"), AfterParameters: stage("afterParameters"),
		AfterArguments: stage("afterArguments"), AfterItemsPath: stage("afterItemsPath"), AfterItemSelector: stage("afterItemSelector"),
		AfterItemBatcher: stage("afterItemBatcher"), AfterItemsPointer: stage("afterItemsPointer"),
		Result: stage("result"), AfterResultSelector: stage("afterResultSelector"), AfterResultPath: stage("afterResultPath")}
	if n, ok := i.Numbers["maxConcurrency"]; ok {
		out.MaxConcurrency = aws.Int32(int32(n))
	}
	if n, ok := i.Numbers["toleratedFailureCount"]; ok {
		out.ToleratedFailureCount = aws.Int32(int32(n))
	}
	if n, ok := i.Numbers["toleratedFailurePercentage"]; ok {
		out.ToleratedFailurePercentage = aws.Float32(float32(n))
	}
	if i.CatchIndex != nil {
		out.ErrorDetails = &types.InspectionErrorDetails{CatchIndex: aws.Int32(int32(*i.CatchIndex))}
	}
	// A retry that is due and a catcher exclude each other: what is retried is not caught yet.
	if i.RetryIndex != nil {
		out.ErrorDetails = &types.InspectionErrorDetails{RetryIndex: aws.Int32(int32(*i.RetryIndex)),
			RetryBackoffIntervalSeconds: aws.Int32(int32(i.RetryBackoff.Seconds()))}
	}
	if len(result.Variables) > 0 {
		out.Variables = aws.String(encodeVariables(result.Variables))
	}
	return out
}
