package asl

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// SDK gives the event as GetExecutionHistory answers it.
func (e HistoryEvent) SDK() types.HistoryEvent {
	out := types.HistoryEvent{Id: e.ID, PreviousEventId: e.PreviousEventID, Timestamp: &e.Timestamp, Type: types.HistoryEventType(e.Type)}
	switch {
	case strings.HasSuffix(e.Type, "StateEntered"):
		out.StateEnteredEventDetails = &types.StateEnteredEventDetails{Name: &e.Name, Input: e.Input, InputDetails: e.whole()}
	case strings.HasSuffix(e.Type, "StateExited"):
		out.StateExitedEventDetails = e.exited()
	case strings.HasPrefix(e.Type, "Execution"):
		e.execution(&out)
	case strings.HasPrefix(e.Type, "LambdaFunction"):
		e.lambda(&out)
	case strings.HasPrefix(e.Type, "Activity"):
		e.activity(&out)
	case strings.HasPrefix(e.Type, "Task"):
		e.task(&out)
	case strings.HasPrefix(e.Type, "MapIteration"):
		e.iteration(&out)
	case e.Type == "MapStateStarted":
		out.MapStateStartedEventDetails = &types.MapStateStartedEventDetails{}
		if e.Length != nil {
			out.MapStateStartedEventDetails.Length = int32(*e.Length)
		}
	case e.Type == "MapRunStarted":
		out.MapRunStartedEventDetails = &types.MapRunStartedEventDetails{MapRunArn: &e.MapRunARN}
	case e.Type == "MapRunRedriven":
		out.MapRunRedrivenEventDetails = &types.MapRunRedrivenEventDetails{MapRunArn: &e.MapRunARN}
		if e.RedriveCount != nil {
			out.MapRunRedrivenEventDetails.RedriveCount = ptr(int32(*e.RedriveCount))
		}
	case e.Type == "MapRunFailed":
		out.MapRunFailedEventDetails = &types.MapRunFailedEventDetails{Error: text(e.Error), Cause: text(e.Cause)}
	case e.Type == "EvaluationFailed":
		out.EvaluationFailedEventDetails = &types.EvaluationFailedEventDetails{State: &e.State, Error: text(e.Error), Cause: text(e.Cause), Location: text(e.Location)}
	}
	return out
}

// text is nil for what is not there.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (e HistoryEvent) whole() *types.HistoryEventExecutionDataDetails {
	return &types.HistoryEventExecutionDataDetails{}
}

func (e HistoryEvent) exited() *types.StateExitedEventDetails {
	out := &types.StateExitedEventDetails{Name: &e.Name, Output: e.Output, OutputDetails: e.whole()}
	if e.AssignedVariables != nil {
		out.AssignedVariables = e.AssignedVariables
		out.AssignedVariablesDetails = &types.AssignedVariablesDetails{}
	}
	return out
}

// execution adds the details of an event of the whole execution.
func (e HistoryEvent) execution(out *types.HistoryEvent) {
	switch e.Type {
	case "ExecutionStarted":
		out.ExecutionStartedEventDetails = &types.ExecutionStartedEventDetails{Input: e.Input, InputDetails: e.whole(), RoleArn: text(e.RoleARN),
			StateMachineAliasArn: text(e.StateMachineAliasARN), StateMachineVersionArn: text(e.StateMachineVersionARN)}
	case "ExecutionSucceeded":
		out.ExecutionSucceededEventDetails = &types.ExecutionSucceededEventDetails{Output: e.Output, OutputDetails: e.whole()}
	case "ExecutionFailed":
		out.ExecutionFailedEventDetails = &types.ExecutionFailedEventDetails{Error: text(e.Error), Cause: text(e.Cause)}
	case "ExecutionAborted":
		out.ExecutionAbortedEventDetails = &types.ExecutionAbortedEventDetails{Error: text(e.Error), Cause: text(e.Cause)}
	case "ExecutionTimedOut":
		out.ExecutionTimedOutEventDetails = &types.ExecutionTimedOutEventDetails{Error: text(e.Error), Cause: text(e.Cause)}
	case "ExecutionRedriven":
		out.ExecutionRedrivenEventDetails = &types.ExecutionRedrivenEventDetails{}
		if e.RedriveCount != nil {
			out.ExecutionRedrivenEventDetails.RedriveCount = ptr(int32(*e.RedriveCount))
		}
	}
}

// credentials shows the role that a task assumed.
func (e HistoryEvent) credentials() *types.TaskCredentials {
	if e.TaskRoleARN == "" {
		return nil
	}
	return &types.TaskCredentials{RoleArn: &e.TaskRoleARN}
}

// lambda adds the details of a task that names a function as its resource. Started has none.
func (e HistoryEvent) lambda(out *types.HistoryEvent) {
	switch strings.TrimPrefix(e.Type, "LambdaFunction") {
	case "Scheduled":
		out.LambdaFunctionScheduledEventDetails = &types.LambdaFunctionScheduledEventDetails{Resource: &e.Resource, Input: e.Input,
			InputDetails: e.whole(), TimeoutInSeconds: e.TimeoutInSeconds, TaskCredentials: e.credentials()}
	case "StartFailed":
		out.LambdaFunctionStartFailedEventDetails = &types.LambdaFunctionStartFailedEventDetails{Error: text(e.Error), Cause: text(e.Cause)}
	case "Succeeded":
		out.LambdaFunctionSucceededEventDetails = &types.LambdaFunctionSucceededEventDetails{Output: e.Output, OutputDetails: e.whole()}
	case "Failed":
		out.LambdaFunctionFailedEventDetails = &types.LambdaFunctionFailedEventDetails{Error: text(e.Error), Cause: text(e.Cause)}
	case "TimedOut":
		out.LambdaFunctionTimedOutEventDetails = &types.LambdaFunctionTimedOutEventDetails{Error: text(e.Error), Cause: text(e.Cause)}
	}
}

// activity adds the details of an activity's task.
func (e HistoryEvent) activity(out *types.HistoryEvent) {
	switch strings.TrimPrefix(e.Type, "Activity") {
	case "Scheduled":
		out.ActivityScheduledEventDetails = &types.ActivityScheduledEventDetails{Resource: &e.Resource, Input: e.Input,
			InputDetails: e.whole(), TimeoutInSeconds: e.TimeoutInSeconds, HeartbeatInSeconds: e.HeartbeatInSeconds}
	case "ScheduleFailed":
		out.ActivityScheduleFailedEventDetails = &types.ActivityScheduleFailedEventDetails{Error: text(e.Error), Cause: text(e.Cause)}
	case "Started":
		out.ActivityStartedEventDetails = &types.ActivityStartedEventDetails{WorkerName: text(e.WorkerName)}
	case "Succeeded":
		out.ActivitySucceededEventDetails = &types.ActivitySucceededEventDetails{Output: e.Output, OutputDetails: e.whole()}
	case "Failed":
		out.ActivityFailedEventDetails = &types.ActivityFailedEventDetails{Error: text(e.Error), Cause: text(e.Cause)}
	case "TimedOut":
		out.ActivityTimedOutEventDetails = &types.ActivityTimedOutEventDetails{Error: text(e.Error), Cause: text(e.Cause)}
	}
}

func (e HistoryEvent) task(out *types.HistoryEvent) {
	resource, kind := &e.Resource, &e.ResourceType
	switch strings.TrimPrefix(e.Type, "Task") {
	case "Scheduled":
		out.TaskScheduledEventDetails = &types.TaskScheduledEventDetails{Resource: resource, ResourceType: kind, Region: &e.Region, Parameters: e.Parameters,
			TimeoutInSeconds: e.TimeoutInSeconds, HeartbeatInSeconds: e.HeartbeatInSeconds, TaskCredentials: e.credentials()}
	case "Started":
		out.TaskStartedEventDetails = &types.TaskStartedEventDetails{Resource: resource, ResourceType: kind}
	case "SubmitFailed":
		out.TaskSubmitFailedEventDetails = &types.TaskSubmitFailedEventDetails{Resource: resource, ResourceType: kind, Error: text(e.Error), Cause: text(e.Cause)}
	case "Submitted":
		out.TaskSubmittedEventDetails = &types.TaskSubmittedEventDetails{Resource: resource, ResourceType: kind, Output: e.Output, OutputDetails: e.whole()}
	case "Succeeded":
		out.TaskSucceededEventDetails = &types.TaskSucceededEventDetails{Resource: resource, ResourceType: kind, Output: e.Output, OutputDetails: e.whole()}
	case "Failed":
		out.TaskFailedEventDetails = &types.TaskFailedEventDetails{Resource: resource, ResourceType: kind, Error: text(e.Error), Cause: text(e.Cause)}
	case "TimedOut":
		out.TaskTimedOutEventDetails = &types.TaskTimedOutEventDetails{Resource: resource, ResourceType: kind, Error: text(e.Error), Cause: text(e.Cause)}
	}
}

func (e HistoryEvent) iteration(out *types.HistoryEvent) {
	details := &types.MapIterationEventDetails{Name: &e.Name}
	if e.Index != nil {
		details.Index = int32(*e.Index)
	}
	switch strings.TrimPrefix(e.Type, "MapIteration") {
	case "Started":
		out.MapIterationStartedEventDetails = details
	case "Succeeded":
		out.MapIterationSucceededEventDetails = details
	case "Failed":
		out.MapIterationFailedEventDetails = details
	case "Aborted":
		out.MapIterationAbortedEventDetails = details
	}
}
