package execution_test

import (
	"context"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
	"github.com/headgate/headgate/internal/service/sfn/execution"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

const fn = "arn:aws:lambda:us-east-1:000000000000:function:f"

// functions knows some versions. The first look at one may find it deleted.
type functions struct {
	there []string
	gone  func(version string)
}

func (f *functions) GetFunctionConfiguration(_ context.Context, in *lambda.GetFunctionConfigurationInput, _ ...func(*lambda.Options)) (*lambda.GetFunctionConfigurationOutput, error) {
	if !slices.Contains(f.there, *in.FunctionName) {
		if f.gone != nil {
			f.gone(*in.FunctionName)
		}
		return nil, &lambdatypes.ResourceNotFoundException{Message: aws.String("gone")}
	}
	return &lambda.GetFunctionConfigurationOutput{}, nil
}

func exact(in *sfn.CreateStateMachineInput) {
	in.Tags = []types.Tag{{Key: aws.String(execution.PinTag), Value: aws.String(execution.PinExact)}}
}

func (w *world) users(d *db.DB, version string) (out []string) {
	w.t.Helper()
	if err := d.Update(ctx(), func(tx *db.Tx) (err error) {
		out, err = w.InUse(ctx(), tx, version)
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	return out
}

func TestAPinnedExecutionCallsAndProtectsTheVersionsOfItsStart(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := &functions{there: []string{fn + ":2", fn + ":9"}}
		w := newWorld(t, d, realTime(), "a", func(deps *execution.Deps) { deps.Functions = f })
		defer w.close()
		w.calls.pins = integration.Pins{fn: fn + ":1"}
		f.gone = func(string) { w.calls.pins = integration.Pins{fn: fn + ":2"} } // version 1 was deleted just now
		release, called := make(chan struct{}), make(chan integration.Call, 10)
		w.calls.answer = func(_ context.Context, c integration.Call) (integration.Answer, error) {
			called <- c
			<-release
			return integration.Answer{Output: c.Parameters, Pinned: integration.Pins{fn + "2": fn + "2:7"}}, nil
		}
		arn := w.start(w.machine(`{"StartAt": "A", "States": {"A": `+task(`"Next": "B"`)+`, "B": `+task(`"End": true`)+`}}`, exact), `{}`)
		if c := <-called; !c.Exact || c.Pins[fn] != fn+":2" {
			t.Error(jsonOf(c))
		}
		if u := w.users(d, fn+":2"); !slices.Equal(u, []string{"execution " + arn}) {
			t.Error(u)
		}
		if u := w.users(d, fn+":1"); len(u) != 0 {
			t.Error(u)
		}
		w.calls.named = []string{fn + ":9"} // the definition names a version by its number
		if u := w.users(d, fn+":9"); !slices.Equal(u, []string{"execution " + arn}) {
			t.Error(u)
		}
		close(release)
		if c := <-called; c.Pins[fn+"2"] != fn+"2:7" {
			t.Error("what a call has pinned is not told to the next", jsonOf(c))
		}
		w.ended(arn)
		if u := append(w.users(d, fn+":2"), w.users(d, fn+":9")...); len(u) != 0 {
			t.Error(u)
		}
		pins, err := w.Pins(ctx(), arn)
		if err != nil || pins[fn] != fn+":2" || pins[fn+"2"] != fn+"2:7" {
			t.Error(pins, err)
		}
		for _, e := range w.history(arn) {
			if s := e.LambdaFunctionScheduledEventDetails; s != nil && *s.Resource != fn+":2" {
				t.Error("the history does not tell what was pinned:", *s.Resource)
			}
		}
	})
}

func TestWithoutTheTagNothingIsPinned(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	w := newWorld(t, d, realTime(), "a")
	defer w.close()
	w.calls.pins = integration.Pins{fn: fn + ":1"}
	arn := w.start(w.machine(one(task(`"End": true`))), `{}`)
	w.ended(arn)
	if pins, err := w.Pins(ctx(), arn); len(pins) != 0 || err != nil {
		t.Error(pins, err)
	}
}
