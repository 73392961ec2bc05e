package execution_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/service/sfn/execution"
	"github.com/headgate/headgate/internal/service/sfn/integration"
	"github.com/headgate/headgate/internal/service/sfn/registry"
)

// role is what the tests' state machines run as.
const role = "arn:aws:iam::000000000000:role/states"

// world is a Step Functions service over a store, with calls that the test answers.
type world struct {
	t testing.TB
	*registry.Registry
	*execution.Service
	engine *durable.Engine
	calls  *calls
}

// calls answers tasks: by the name of the function, or by the action of the resource.
type calls struct {
	mu     sync.Mutex
	answer func(ctx context.Context, c integration.Call) (integration.Answer, error)
	made   map[string]int // by key
	pins   integration.Pins
	named  []string
	items  asl.ItemsRead
	wrote  *integration.MapRun
}

func (c *calls) Run(ctx context.Context, call integration.Call) (integration.Answer, error) {
	c.mu.Lock()
	c.made[call.Key]++
	f := c.answer
	c.mu.Unlock()
	if f == nil {
		return integration.Answer{Output: call.Parameters}, nil
	}
	return f(ctx, call)
}

func (c *calls) ReadItems(context.Context, integration.Call, asl.ReadItems) (asl.ItemsRead, error) {
	return c.items, nil
}

func (c *calls) WriteResults(_ context.Context, _ integration.Call, _ asl.ResultWriter, run integration.MapRun) (asl.ResultsWritten, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrote = &run
	return asl.ResultsWritten{Output: jsonvalue.FromValue("written")}, nil
}

func (c *calls) Resolve(context.Context, integration.Call, []byte) (integration.Pins, error) {
	out := integration.Pins{}
	for k, v := range c.pins {
		out[k] = v
	}
	return out, nil
}

func (c *calls) Versions(context.Context, integration.Call, []byte) ([]string, error) {
	return c.named, nil
}

// newWorld opens a service on a store; close it with close, or leave it.
func newWorld(t testing.TB, d *db.DB, c clock.Clock, node string, more ...func(*execution.Deps)) *world {
	t.Helper()
	w := &world{t: t, engine: durable.New(d, c, node), calls: &calls{made: map[string]int{}}}
	w.Registry = registry.New(registry.Deps{DB: d, Clock: c})
	deps := execution.Deps{DB: d, Engine: w.engine, Clock: c, Registry: w.Registry, Calls: w.calls}
	for _, f := range more {
		f(&deps)
	}
	w.Service = execution.New(deps)
	if err := w.engine.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.Service.Start(context.Background())
	return w
}

func (w *world) close() {
	w.engine.Stop()
	w.Service.Close()
}

func realTime() clock.Clock { return clock.New(clock.Anchor{}) }

func ctx() context.Context { return caller.With(context.Background(), caller.Caller{}) }

// machine creates a state machine and returns its ARN.
func (w *world) machine(definition string, more ...func(*sfn.CreateStateMachineInput)) string {
	w.t.Helper()
	in := &sfn.CreateStateMachineInput{Name: aws.String(fmt.Sprintf("m%d", time.Now().UnixNano())), Definition: &definition, RoleArn: aws.String(role)}
	for _, f := range more {
		f(in)
	}
	out, err := w.CreateStateMachine(ctx(), in)
	if err != nil {
		w.t.Fatal(err)
	}
	return *out.StateMachineArn
}

func (w *world) start(machine, input string) string {
	w.t.Helper()
	out, err := w.StartExecution(ctx(), &sfn.StartExecutionInput{StateMachineArn: &machine, Input: &input})
	if err != nil {
		w.t.Fatal(err)
	}
	return *out.ExecutionArn
}

func (w *world) describe(arn string) *sfn.DescribeExecutionOutput {
	w.t.Helper()
	out, err := w.DescribeExecution(ctx(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// ended waits for an execution's end.
func (w *world) ended(arn string) (out *sfn.DescribeExecutionOutput) {
	w.t.Helper()
	w.eventually("end of "+arn, func() bool {
		out = w.describe(arn)
		return out.Status != types.ExecutionStatusRunning
	})
	return out
}

func (w *world) eventually(what string, ok func() bool) {
	w.t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatal("not within 30 s: " + what)
		}
	}
}

// history reads all events, page by page, and checks that there are neither gaps nor duplicates.
func (w *world) history(arn string) (out []types.HistoryEvent) {
	w.t.Helper()
	in := &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, MaxResults: 7}
	for {
		page, err := w.GetExecutionHistory(ctx(), in)
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, page.Events...)
		if in.NextToken = page.NextToken; in.NextToken == nil {
			break
		}
	}
	for i, e := range out {
		if e.Id != int64(i+1) || e.PreviousEventId >= e.Id {
			w.t.Fatalf("%s: event %d has id %d after %d", arn, i+1, e.Id, e.PreviousEventId)
		}
	}
	return out
}

// kinds are the types of an execution's events.
func (w *world) kinds(arn string) (out []string) {
	w.t.Helper()
	for _, e := range w.history(arn) {
		out = append(out, string(e.Type))
	}
	return out
}

func task(next string) string {
	return `{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", ` + next + `}`
}

func one(state string) string { return `{"StartAt": "S", "States": {"S": ` + state + `}}` }

func jsonOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
