package asl_test

import (
	"fmt"
	"time"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
)

// A definition is parsed once; an execution is data that Step moves on. Here the driver does the only task itself.
func Example() {
	m, err := asl.Parse([]byte(`{
		"StartAt": "Hello",
		"States": {
			"Hello":  {"Type": "Task", "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:hello:2", "Next": "Decide"},
			"Decide": {"Type": "Choice", "Choices": [{"Variable": "$", "StringEquals": "Approved", "Next": "Good"}], "Default": "Bad"},
			"Good":   {"Type": "Succeed"},
			"Bad":    {"Type": "Fail", "Error": "Refused"}
		}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	x := asl.New(asl.Info{ARN: "arn:aws:states:eu-west-1:123456789012:execution:m:x", Name: "x"}, jsonvalue.FromValue(nil))
	out := m.Step(x, asl.Start{}, now)
	for x.Status == asl.Running {
		for _, e := range out.History {
			fmt.Println(e.ID, e.Type)
		}
		task := out.Commands[0].(asl.ScheduleTask)
		out = m.Step(x, asl.TaskSucceeded{TaskID: task.TaskID, Output: jsonvalue.FromValue("Approved")}, now)
	}
	fmt.Println(x.Status, x.Output.String())
	// Output:
	// 1 ExecutionStarted
	// 2 TaskStateEntered
	// 3 LambdaFunctionScheduled
	// 4 LambdaFunctionStarted
	// SUCCEEDED "Approved"
}
