package asl

import (
	"time"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// testState runs a TestState call that needs no service: its state has no task, or a mock.
func (r *replay) testState(s *Object, id string, param func(string) string) {
	if get(s, "expect_error") == true {
		return // what the service refuses is the service's
	}
	input := param("input")
	if input == "" {
		input = "{}"
	}
	in, err := jsonvalue.FromText(input)
	if err != nil {
		return
	}
	t := &StateTest{Definition: []byte(param("definition")), StateName: param("stateName"), Input: in,
		Info: Info{Express: true, ARN: "arn:aws:states:us-east-1:123456789012:express:M:N", Name: "N", RoleARN: "arn:aws:iam::123456789012:role/role1",
			MachineARN: "arn:aws:states:us-east-1:123456789012:stateMachine:M", MachineName: "M", Region: "us-east-1", Account: "123456789012"}}
	if text, ok := get(s, "params", "context").(string); ok {
		v, err := jsonvalue.Decode([]byte(r.fill(text)))
		if err != nil {
			return
		}
		t.Context = v.(*Object)
	}
	if n, ok := jsonvalue.Integer(get(s, "params", "stateConfiguration", "retrierRetryCount")); ok {
		t.RetryCount = int(n)
	}
	if n, ok := jsonvalue.Integer(get(s, "params", "stateConfiguration", "mapIterationFailureCount")); ok {
		t.Failed = int(n)
	}
	if mock, ok := get(s, "params", "mock").(*Object); ok {
		t.Mock = &Mock{}
		if text, ok := mock.Get("result"); ok {
			if t.Mock.Result, err = jsonvalue.FromText(r.fill(str(text))); err != nil {
				return
			}
		} else {
			t.Mock.Failed = true
			t.Mock.Error, t.Mock.Cause = str(get(mock, "errorOutput", "error")), str(get(mock, "errorOutput", "cause"))
		}
	}
	_, st, err := t.ParseState()
	if err != nil || st == nil || st.Task != nil && t.Mock == nil {
		return
	}
	result, err := t.Run(time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC))
	if err != nil {
		return
	}
	r.answers[id] = testAnswer(result, str(get(s, "params", "inspectionLevel")))
}

func testAnswer(result *StateResult, level string) *Object {
	out := jsonvalue.Of("status", result.Status)
	set := func(o *Object, k, v string) {
		if v != "" {
			o.Set(k, v)
		}
	}
	set(out, "error", result.Error)
	set(out, "cause", result.Cause)
	set(out, "nextState", result.NextState)
	if !result.Output.IsZero() {
		out.Set("output", result.Output.String())
	}
	if level == "" || level == "INFO" {
		return out
	}
	i := result.Inspection
	data := jsonvalue.NewObject(4)
	for k, v := range i.Data {
		data.Set(k, v.String())
	}
	for k, n := range i.Numbers {
		data.Set(k, n)
	}
	details := jsonvalue.NewObject(2)
	if i.CatchIndex != nil {
		details.Set("catchIndex", int64(*i.CatchIndex))
	}
	if i.RetryIndex != nil {
		details.Set("retryIndex", int64(*i.RetryIndex))
		details.Set("retryBackoffIntervalSeconds", int64(i.RetryBackoff.Seconds()))
	}
	if details.Len() > 0 {
		data.Set("errorDetails", details)
	}
	out.Set("inspectionData", data)
	return out
}
