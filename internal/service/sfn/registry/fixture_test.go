package registry

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

const (
	role   = "arn:aws:iam::123456789012:role/machine"
	prefix = "arn:aws:states:eu-west-1:123456789012:"
	pass   = `{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}`
	pass2  = `{"StartAt":"B","States":{"B":{"Type":"Pass","End":true}}}`
)

// fixture is a registry with peers that a test may script.
type fixture struct {
	*Registry
	*testing.T
	ctx       context.Context
	clock     *clock.Fake
	running   map[string]bool // machines with running executions
	used      map[string]bool // revisions that executions refer to
	forgotten []string        // state machines that are gone
	groups    []string        // log groups
	lacking   []asl.Diagnostic
	answer    integration.Answer
	calls     []integration.Call
}

func run(t *testing.T, test func(f *fixture)) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := &fixture{T: t, clock: clock.NewFake(time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)), running: map[string]bool{}, used: map[string]bool{}}
		f.ctx = caller.With(t.Context(), caller.Caller{Partition: "aws", Region: "eu-west-1", Account: "123456789012"})
		f.Registry = New(Deps{DB: d, Clock: f.clock, Logs: f, Integrations: f})
		f.Attach(f)
		test(f)
	})
}

func (f *fixture) Running(_ *db.Tx, machine string) (bool, error)  { return f.running[machine], nil }
func (f *fixture) Uses(_ *db.Tx, _, revision string) (bool, error) { return f.used[revision], nil }
func (f *fixture) Forget(_ *db.Tx, machine string) error {
	f.forgotten = append(f.forgotten, machine)
	return nil
}

func (f *fixture) CheckDefinition([]byte) []asl.Diagnostic { return f.lacking }

func (f *fixture) Run(_ context.Context, c integration.Call) (integration.Answer, error) {
	f.calls = append(f.calls, c)
	return f.answer, nil
}

func (f *fixture) DescribeLogGroups(_ context.Context, in *cloudwatchlogs.DescribeLogGroupsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
	out := &cloudwatchlogs.DescribeLogGroupsOutput{}
	for _, g := range f.groups {
		out.LogGroups = append(out.LogGroups, logstypes.LogGroup{LogGroupName: &g})
	}
	return out, nil
}

// create makes a state machine.
func (f *fixture) create(name, definition string, change ...func(*sfn.CreateStateMachineInput)) *sfn.CreateStateMachineOutput {
	f.Helper()
	in := &sfn.CreateStateMachineInput{Name: &name, Definition: &definition, RoleArn: aws.String(role)}
	for _, c := range change {
		c(in)
	}
	return ok(f, f.CreateStateMachine)(in)
}

// publish changes a machine's definition and publishes it.
func (f *fixture) publish(machine, definition string) *sfn.UpdateStateMachineOutput {
	f.Helper()
	return ok(f, f.UpdateStateMachine)(&sfn.UpdateStateMachineInput{StateMachineArn: &machine, Definition: &definition, Publish: true})
}

// ok calls an operation that must succeed.
func ok[I, O any](f *fixture, op func(context.Context, *I, ...func(*sfn.Options)) (*O, error)) func(*I) *O {
	return func(in *I) *O {
		f.Helper()
		out, err := op(f.ctx, in)
		if err != nil {
			f.Fatal(err)
		}
		return out
	}
}

// refused calls an operation that must fail with this code and message; an empty message is not compared.
func refused[I, O any](f *fixture, op func(context.Context, *I, ...func(*sfn.Options)) (*O, error), in *I, code, message string) {
	f.Helper()
	_, err := op(f.ctx, in)
	var api smithy.APIError
	if !errors.As(err, &api) {
		f.Errorf("got %v, want %s", err, code)
		return
	}
	if api.ErrorCode() != code || message != "" && api.ErrorMessage() != message {
		f.Errorf("got %s: %s, want %s: %s", api.ErrorCode(), api.ErrorMessage(), code, message)
	}
}

// resolve is what an execution would be started with.
func (f *fixture) resolve(arn string) (m *Machine, err error) {
	f.Helper()
	if e := f.db.View(f.ctx, func(tx *db.Tx) error { m, err = f.Resolve(f.ctx, tx, arn); return nil }); e != nil {
		f.Fatal(e)
	}
	return m, err
}

// revisions counts what is stored.
func (f *fixture) revisions() (n int64) {
	f.Helper()
	if err := f.db.View(f.ctx, func(tx *db.Tx) (err error) {
		n, err = db.One(tx, db.Value[int64], `SELECT COUNT(*) FROM sfn_revision`)
		return err
	}); err != nil {
		f.Fatal(err)
	}
	return n
}
