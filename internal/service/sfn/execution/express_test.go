package execution_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/internal/db/dbtest"
	"github.com/headgate/headgate/internal/service/sfn/execution"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

// records keep what is logged and counted.
type records struct {
	mu     sync.Mutex
	lines  []map[string]any
	counts map[string]float64 // metric name, and its dimensions' values
}

func (r *records) CreateLogStream(context.Context, *cloudwatchlogs.CreateLogStreamInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogStreamOutput, error) {
	return &cloudwatchlogs.CreateLogStreamOutput{}, nil
}

func (r *records) PutLogEvents(_ context.Context, in *cloudwatchlogs.PutLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutLogEventsOutput, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range in.LogEvents {
		line := map[string]any{}
		if err := json.Unmarshal([]byte(*e.Message), &line); err != nil {
			return nil, err
		}
		r.lines = append(r.lines, line)
	}
	return &cloudwatchlogs.PutLogEventsOutput{}, nil
}

func (r *records) PutMetricData(_ context.Context, in *cloudwatch.PutMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range in.MetricData {
		key := *d.MetricName
		for _, dim := range d.Dimensions {
			key += " " + *dim.Name + "=" + (*dim.Value)[strings.LastIndexByte(*dim.Value, ':')+1:]
		}
		for _, n := range d.Counts {
			r.counts[key] += n
		}
	}
	return &cloudwatch.PutMetricDataOutput{}, nil
}

func (r *records) types() (out []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lines {
		out = append(out, l["type"].(string))
	}
	return out
}

func logged(level types.LogLevel, data bool) func(*sfn.CreateStateMachineInput) {
	return func(in *sfn.CreateStateMachineInput) {
		in.LoggingConfiguration = &types.LoggingConfiguration{Level: level, IncludeExecutionData: data, Destinations: []types.LogDestination{
			{CloudWatchLogsLogGroup: &types.CloudWatchLogsLogGroup{LogGroupArn: aws.String("arn:aws:logs:us-east-1:000000000000:log-group:/states:*")}}}}
	}
}

func express(in *sfn.CreateStateMachineInput) { in.Type = types.StateMachineTypeExpress }

func TestExpressExecutionsRunInMemory(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	r := &records{counts: map[string]float64{}}
	w := newWorld(t, d, realTime(), "a", func(deps *execution.Deps) { deps.Logs, deps.Metrics = r, r })
	defer w.close()
	w.calls.answer = func(_ context.Context, c integration.Call) (integration.Answer, error) {
		return integration.Answer{Failed: true, Error: "E", Cause: "C"}, nil
	}
	caught := w.machine(`{"StartAt": "T", "States": {"T": `+task(`"Catch": [{"ErrorEquals": ["E"], "Next": "P"}], "End": true`)+`, "P": {"Type": "Pass", "End": true}}}`,
		express, logged(types.LogLevelAll, true))
	out, err := w.StartSyncExecution(ctx(), &sfn.StartSyncExecutionInput{StateMachineArn: &caught, Input: aws.String(`{"a": 1}`)})
	if err != nil {
		t.Fatal(err)
	}
	if out.Status != types.SyncExecutionStatusSucceeded || *out.Output != `{"Error":"E","Cause":"C"}` || !strings.Contains(*out.ExecutionArn, ":express:") || *out.Input != `{"a": 1}` {
		t.Error(jsonOf(out))
	}
	w.eventually("nine lines", func() bool { return len(r.types()) == 9 })
	if _, err := w.StartExecution(ctx(), &sfn.StartExecutionInput{StateMachineArn: &caught}); err != nil {
		t.Fatal(err)
	}
	w.eventually("the other's lines", func() bool { return len(r.types()) == 18 })
	standard := w.machine(passes)
	if _, err := w.StartSyncExecution(ctx(), &sfn.StartSyncExecutionInput{StateMachineArn: &standard}); code(err) != "StateMachineTypeNotSupported" {
		t.Error(err)
	}
	if n := count(t, d, `SELECT COUNT(*) FROM sfn_execution`); n != 0 {
		t.Errorf("%d rows", n)
	}
}

func TestEventsAreLoggedByLevelAndExecutionsCounted(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	for _, c := range []struct {
		level types.LogLevel
		data  bool
		want  string
	}{
		{types.LogLevelAll, true, "ExecutionStarted FailStateEntered ExecutionFailed"},
		{types.LogLevelError, false, "FailStateEntered ExecutionFailed"},
		{types.LogLevelFatal, true, "ExecutionFailed"},
		{types.LogLevelOff, true, ""},
	} {
		r := &records{counts: map[string]float64{}}
		w := newWorld(t, d, realTime(), "a", func(deps *execution.Deps) { deps.Logs, deps.Metrics = r, r })
		machine := w.machine(one(`{"Type": "Fail", "Error": "E"}`), logged(c.level, c.data))
		arn := w.start(machine, `{"secret": 1}`)
		w.close() // delivers what waits
		if got := strings.Join(r.types(), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.level, got, c.want)
		}
		for _, l := range r.lines {
			details := l["details"].(map[string]any)
			if _, has := details["input"]; has != (c.data && l["type"] != "ExecutionFailed") || l["execution_arn"] != arn || l["redrive_count"] != "0" {
				t.Error(jsonOf(l))
			}
		}
		name := machine[strings.LastIndexByte(machine, ':')+1:]
		for _, metric := range []string{"ExecutionsStarted", "ExecutionsFailed", "ExecutionTime"} {
			if n := r.counts[metric+" StateMachineArn="+name]; n != 1 {
				t.Errorf("%s: %v; %v", metric, n, r.counts)
			}
		}
	}
}
