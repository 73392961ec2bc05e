package registry

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
	"github.com/headgate/headgate/internal/service/sfn/registry/answers"
)

// invalid is a ValidationException with AWS's text, or ours where no recording tells it.
func invalid(format string, args ...any) error {
	return &types.ValidationException{Message: text(format, args...)}
}

// readMock checks a TestState request's mock, or that the state can do without one; nil then.
func readMock(in *sfn.TestStateInput, st *asl.State) (*asl.Mock, error) {
	if in.Mock == nil {
		return nil, checkUnmocked(in, st)
	}
	switch st.Type {
	case asl.TypeTask, asl.TypeMap, asl.TypeParallel:
	default:
		return nil, invalid("State type '%s' is not supported when a mock is specified", st.Type)
	}
	if in.RevealSecrets {
		return nil, invalid("TestState does not support RevealSecrets when a mock is specified.")
	}
	if in.Mock.Result != nil && in.Mock.ErrorOutput != nil {
		return nil, invalid("A test mock should have only one of the following fields: [result, errorOutput].")
	}
	// An error needs no checks: any name may be thrown by something.
	if e := in.Mock.ErrorOutput; e != nil {
		return &asl.Mock{Failed: true, Error: aws.ToString(e.Error), Cause: aws.ToString(e.Cause)}, nil
	}
	if in.Mock.Result == nil {
		return nil, invalid("A test mock should have one of the following fields: [result, errorOutput].")
	}
	// The mode bears on the fields of an answer: even NONE wants JSON.
	result, err := jsonvalue.FromText(*in.Mock.Result)
	if err != nil {
		return nil, invalid("Mocked result must be valid JSON")
	}
	if err := checkMock(st, in, result.Value()); err != nil {
		return nil, err
	}
	return &asl.Mock{Result: result}, nil
}

// checkUnmocked refuses what cannot be tested for real.
func checkUnmocked(in *sfn.TestStateInput, st *asl.State) error {
	switch {
	case st.Map != nil || st.Parallel != nil:
		return &types.InvalidDefinition{Message: text("TestState API does not support Map or Parallel states. Supported state types include: " +
			"[Task, Wait, Pass, Succeed, Fail, Choice]")}
	case st.Task == nil:
		return nil
	case st.Task.Resource.Kind == asl.Activity || st.Task.Resource.Pattern != asl.RequestResponse:
		return invalid("TestState does not support activities, '.sync' or '.waitForTaskToken' service integration patterns unless a mock is specified.")
	case in.RoleArn == nil:
		return invalid("RoleArn must be specified when testing a Task state")
	}
	return nil
}

// checkMock checks that the state's work could have had the mocked result.
func checkMock(st *asl.State, in *sfn.TestStateInput, v any) error {
	// A Map's result is one item for each child, or what its ResultWriter tells; a Parallel's one for each branch.
	_, isObject := v.(*jsonvalue.Object)
	items, isArray := v.([]any)
	switch {
	case st.Map != nil && st.Map.HasReader() && (in.StateConfiguration == nil || in.StateConfiguration.MapItemReaderData == nil):
		return invalid("ItemReader data must be specified when testing a Map state with ItemReader specified.")
	case st.Map != nil && st.Map.HasWriter():
		if !isObject {
			return invalid("Mocked result must be a JSON object.")
		}
	case st.Map != nil && !isArray, st.Parallel != nil && !isArray:
		return invalid("Mocked result must be an array.")
	case st.Parallel != nil && len(items) != len(st.Parallel.Branches):
		return invalid("Mocked result must contain the same number of items as number of Parallel branches.")
	// null is let through: it stands for an operation that answers nothing.
	case st.Task != nil && v != nil && in.Mock.FieldValidationMode != types.MockResponseValidationModeNone:
		strict := in.Mock.FieldValidationMode != types.MockResponseValidationModePresent
		if err := checkAnswer(st.Task.Resource, v, strict); err != nil {
			return invalid("Mock result schema validation error: %s", err)
		}
	}
	return nil
}

// checkAnswer checks a task's mocked result against the model of what is called. A token's owner may answer anything,
// and a job is polled until it ends: its result is what the poll answers, of which only a nested execution's is known.
func checkAnswer(r asl.Resource, v any, strict bool) error {
	service, operation := strings.TrimPrefix(r.Service, "aws-sdk:"), r.Action
	// HTTP endpoints, API Gateway and EKS are not in the facts, and so not checked: AWS does not check them either.
	var free []string // members of another form than the operation's own
	switch {
	// Functions called by their ARN and activities answer whatever their code does.
	case r.Kind != asl.Service || r.Pattern == asl.WaitForTaskToken:
		return nil
	case r.Pattern == asl.Sync || r.Pattern == asl.Sync2:
		if service != "states" || operation != "startExecution" {
			return nil
		}
		operation = "describeExecution"
		if r.Pattern == asl.Sync2 {
			free = []string{"Input", "Output"} // JSON, no longer text
		}
	case service == "lambda" && operation == "invoke":
		free = []string{"Payload"}
	}
	if o, ok := v.(*jsonvalue.Object); ok && len(free) > 0 {
		kept := jsonvalue.NewObject(o.Len())
		for k, value := range o.All() {
			if !slices.Contains(free, k) {
				kept.Set(k, value)
			}
		}
		v = kept
	}
	return answers.Check(service, operation, v, strict)
}

// fields of the context object that a request may set.
var contextFields = map[string][]string{
	"Execution":    {"Id", "Input", "Name", "RoleArn", "StartTime", "RedriveCount", "RedriveTime"},
	"State":        {"EnteredTime", "Name", "RetryCount"},
	"StateMachine": {"Id", "Name"},
	"Map":          {"Item"},
	"Task":         {"Token"},
}

// readContext reads the context object that a request sets; nil if it sets none.
func readContext(in *sfn.TestStateInput, st *asl.State) (*asl.Object, error) {
	if in.Context == nil {
		return nil, nil
	}
	if in.Mock == nil {
		return nil, invalid("Context object can only be specified when a mock is specified.")
	}
	v, err := jsonvalue.Decode([]byte(*in.Context))
	o, ok := v.(*asl.Object)
	if err != nil || !ok {
		return nil, invalid("Invalid Context object provided: Context object must be a JSON object")
	}
	// What may stand is checked, not what must: an empty context object is fine.
	for k, part := range o.All() {
		allowed, known := contextFields[k]
		if !known {
			return nil, invalid("Invalid Context object provided: Field '%s' is not allowed", k)
		}
		fields, ok := part.(*asl.Object)
		if !ok {
			return nil, invalid("Invalid Context object provided: Field '%s' must be an object", k)
		}
		for name := range fields.All() {
			if !slices.Contains(allowed, name) {
				return nil, invalid("Invalid Context object provided: Field '%s' is not allowed", name)
			}
		}
	}
	if _, has := o.Get("Task"); has && (st.Task == nil || st.Task.Resource.Pattern == asl.RequestResponse) {
		return nil, invalid("Invalid Context object provided: Context object contains 'Task' when state is not a Task state " +
			"with a '.sync' or '.waitForTaskToken' service integration pattern")
	}
	return o, nil
}

// readVariables reads the variables that a request sets.
func readVariables(s *string) (map[string]asl.Text, error) {
	if s == nil {
		return nil, nil
	}
	// Each variable is taken as it is; the names are not checked, since a wrong one cannot be referred to.
	v, err := jsonvalue.Decode([]byte(*s))
	o, ok := v.(*asl.Object)
	if err != nil || !ok {
		return nil, invalid("Variables must be a JSON object")
	}
	out := map[string]asl.Text{}
	for k, value := range o.All() {
		out[k] = jsonvalue.FromValue(value)
	}
	return out, nil
}

// encodeVariables writes variables as one object, by name.
func encodeVariables(variables map[string]asl.Text) string {
	o := jsonvalue.NewObject(len(variables))
	for _, k := range slices.Sorted(maps.Keys(variables)) {
		v := variables[k]
		o.Set(k, v.Value())
	}
	return jsonvalue.Encode(o)
}
