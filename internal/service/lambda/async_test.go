package lambda

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/sandbox/environment"
)

// journal notes what functions were given, by name.
type journal struct {
	mu    sync.Mutex
	got   map[string][]string
	ids   map[string]bool
	fails int // as often as this, f fails
}

func (j *journal) attach(p *platform) *journal {
	j.got, j.ids = map[string][]string{}, map[string]bool{}
	p.envs.run = func(f environment.Function, in *environment.Invocation, _ func(string)) (environment.Outcome, error) {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.got[f.Name] = append(j.got[f.Name], string(in.Payload))
		if f.Name == "f" {
			j.ids[in.RequestID] = true
			if j.fails > 0 {
				j.fails--
				return functionError("no"), nil
			}
		}
		return answer("done"), nil
	}
	return j
}

func (j *journal) count(name string) int { j.mu.Lock(); defer j.mu.Unlock(); return len(j.got[name]) }

func (p *platform) send(t testing.TB, function, payload string) {
	t.Helper()
	out := must(p.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &function, InvocationType: types.InvocationTypeEvent, Payload: []byte(payload)}))(t)
	if out.StatusCode != 202 || out.Payload != nil || out.ExecutedVersion != nil {
		t.Errorf("%+v", out)
	}
}

// rest is how many asynchronous invocations have not ended.
func (p *platform) rest(t testing.TB) (n int64) {
	t.Helper()
	if err := p.db.View(t.Context(), func(tx *db.Tx) (err error) {
		n, err = db.One(tx, db.Value[int64], `SELECT COUNT(*) FROM lambda_async_event`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// advance moves platform time once the engine waits for it.
func (p *platform) advance(t testing.TB, d time.Duration) {
	t.Helper()
	eventually(t, func() bool { return p.clock.Waiting() > 0 })
	time.Sleep(20 * time.Millisecond) // the engine may still be about to wait for an earlier time
	p.clock.Advance(d)
}

func TestEventIsRetriedTwice(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		j := (&journal{fails: 2}).attach(p)
		p.create(t, newInput("f", "one"))
		p.send(t, "f", `{"n":1}`)
		eventually(t, func() bool { return j.count("f") == 1 })
		p.advance(t, 59*time.Second)
		time.Sleep(20 * time.Millisecond)
		if j.count("f") != 1 {
			t.Error("retried before a minute was over")
		}
		p.advance(t, time.Second)
		eventually(t, func() bool { return j.count("f") == 2 })
		p.advance(t, 2*time.Minute)
		eventually(t, func() bool { return j.count("f") == 3 && p.rest(t) == 0 })
		if len(j.ids) != 1 {
			t.Errorf("request ids %v", j.ids)
		}
	})
}

func TestEventOutlivesTheProcess(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		p.create(t, newInput("f", "one"))
		p.engine.Stop()
		p.send(t, "f", `{"n":1}`)
		p.Close()
		again := open(t, p.db, p.dir)
		defer again.close()
		eventually(t, func() bool { return again.rest(t) == 0 && again.envs.started == 1 })
	})
}

func TestExhaustedEventGoesToItsDestination(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		ctx := t.Context()
		j := (&journal{fails: 1}).attach(p)
		for _, n := range []string{"f", "good", "bad"} {
			p.create(t, newInput(n, n))
		}
		arn := "arn:aws:lambda:us-east-1:000000000000:function:"
		must(p.PutFunctionEventInvokeConfig(ctx, &lambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("f"), MaximumRetryAttempts: aws.Int32(0),
			DestinationConfig: &types.DestinationConfig{OnSuccess: &types.OnSuccess{Destination: aws.String(arn + "good")}, OnFailure: &types.OnFailure{Destination: aws.String(arn + "bad")}}}))(t)
		p.send(t, "f", `{"n":1}`)
		eventually(t, func() bool { return j.count("bad") == 1 && p.rest(t) == 0 })
		p.send(t, "f", `{"n":2}`)
		eventually(t, func() bool { return j.count("good") == 1 && p.rest(t) == 0 })
		for name, want := range map[string]record{
			"bad": {RequestContext: requestContext{Condition: "RetriesExhausted"}, RequestPayload: json.RawMessage(`{"n":1}`),
				ResponseContext: &responded{200, latest, "Unhandled"}, ResponsePayload: json.RawMessage(`{"errorMessage":"no","errorType":"Error"}`)},
			"good": {RequestContext: requestContext{Condition: "Success"}, RequestPayload: json.RawMessage(`{"n":2}`),
				ResponseContext: &responded{200, latest, ""}, ResponsePayload: json.RawMessage(`"done"`)},
		} {
			got := decode[record](t, []byte(j.got[name][0]))
			if got.Version != "1.0" || got.RequestContext.Condition != want.RequestContext.Condition || got.RequestContext.FunctionARN != arn+"f:$LATEST" ||
				got.RequestContext.ApproximateInvokeCount != 1 || string(got.RequestPayload) != string(want.RequestPayload) ||
				*got.ResponseContext != *want.ResponseContext || string(got.ResponsePayload) != string(want.ResponsePayload) {
				t.Errorf("%s got %s", name, j.got[name][0])
			}
		}
	})
}

func TestThrottledEventWaitsAndThenRuns(t *testing.T) {
	p := sqlite(t)
	j := (&journal{}).attach(p)
	p.create(t, newInput("f", "one"))
	reserve := func(n int32) {
		must(p.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String("f"), ReservedConcurrentExecutions: &n}))(t)
	}
	reserve(0)
	p.send(t, "f", `1`)
	eventually(t, func() bool { n, _ := p.logs.sum("Throttles", "FunctionName=f"); return n == 1 })
	p.advance(t, time.Second)
	eventually(t, func() bool { n, _ := p.logs.sum("Throttles", "FunctionName=f"); return n == 2 })
	reserve(1)
	p.advance(t, 2*time.Second)
	eventually(t, func() bool { return j.count("f") == 1 && p.rest(t) == 0 })
}

// The decisions, without a clock or a store.
func TestAsyncDecisions(t *testing.T) {
	now := time.Unix(1_000_000, 0).UTC()
	base := attempt{Retries: 2, MaxAge: 6 * time.Hour, OnFailure: "arn:bad", OnSuccess: "arn:good"}
	with := func(change func(*attempt)) attempt { r := base; change(&r); return r }
	failed := with(func(r *attempt) { r.FunctionError = "Unhandled" })
	refused := with(func(r *attempt) { r.Refused = true })
	for name, c := range map[string]struct {
		state asyncState
		r     attempt
		want  string // "wait D", "to arn:… condition" or "end"
	}{
		"success":                  {asyncState{Created: now}, base, "to arn:good Success"},
		"success, no destination":  {asyncState{Created: now}, with(func(r *attempt) { r.OnSuccess = "" }), "end"},
		"first error":              {asyncState{Created: now}, failed, "wait 1m0s"},
		"second error":             {asyncState{Created: now, Attempts: 1}, failed, "wait 2m0s"},
		"third error":              {asyncState{Created: now, Attempts: 2}, failed, "to arn:bad RetriesExhausted"},
		"error, no retries":        {asyncState{Created: now}, with(func(r *attempt) { r.FunctionError, r.Retries = "Unhandled", 0 }), "to arn:bad RetriesExhausted"},
		"error, too old":           {asyncState{Created: now.Add(-30 * time.Second)}, with(func(r *attempt) { r.FunctionError, r.MaxAge = "Unhandled", time.Minute }), "to arn:bad EventAgeExceeded"},
		"throttle":                 {asyncState{Created: now}, refused, "wait 1s"},
		"fourth throttle":          {asyncState{Created: now, Refused: 3}, refused, "wait 8s"},
		"many throttles":           {asyncState{Created: now, Refused: 100}, refused, "wait 5m0s"},
		"throttled for six hours":  {asyncState{Created: now.Add(-6 * time.Hour), Refused: 80}, refused, "to arn:bad EventAgeExceeded"},
		"dead letters":             {asyncState{Created: now, Attempts: 2}, with(func(r *attempt) { r.FunctionError, r.OnFailure, r.DeadLetters = "Unhandled", "", "arn:dead" }), "to  RetriesExhausted by deadletter"},
		"both":                     {asyncState{Created: now, Attempts: 2}, with(func(r *attempt) { r.FunctionError, r.DeadLetters = "Unhandled", "arn:dead" }), "to arn:bad RetriesExhausted by destination deadletter"},
		"success, dead letters":    {asyncState{Created: now}, with(func(r *attempt) { r.DeadLetters = "arn:dead" }), "to arn:good Success"},
		"the function is gone":     {asyncState{Created: now}, with(func(r *attempt) { r.Gone = true }), "end"},
		"error, after a throttle":  {asyncState{Created: now, Refused: 5}, failed, "wait 1m0s"},
		"throttle, after an error": {asyncState{Created: now, Attempts: 1}, refused, "wait 1s"},
	} {
		t.Run(name, func(t *testing.T) {
			raw, _ := json.Marshal(c.r)
			d := decideAsync(c.state, durable.Event{Name: "attempt", EffectID: "attempt-1", Data: raw}, now)
			got := "nothing"
			switch {
			case d.Done && len(d.Rows) == 1:
				got = "end"
			case !d.WakeAt.IsZero():
				got = "wait " + d.WakeAt.Sub(now).String()
			case len(d.Effects) > 0:
				to := d.Effects[0].Args.(delivery)
				got = fmt.Sprintf("to %s %s", to.Destination, to.Condition)
				if to.Result.DeadLetters != "" && to.Condition != "Success" {
					got += " by"
					for _, e := range d.Effects {
						got += " " + e.Name
					}
				}
				if d.State.Owed != len(d.Effects) {
					t.Errorf("%d deliveries are owed, of %d", d.State.Owed, len(d.Effects))
				}
			}
			if got != c.want {
				t.Errorf("decided %q, want %q", got, c.want)
			}
		})
	}
}

func TestEventInvokeConfig(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		ctx, f := t.Context(), aws.String("f")
		p.create(t, newInput("f", "one"))
		_, err := p.GetFunctionEventInvokeConfig(ctx, &lambda.GetFunctionEventInvokeConfigInput{FunctionName: f})
		refused(t, err, "ResourceNotFoundException", "The function arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST doesn't have an EventInvokeConfig")
		_, err = p.UpdateFunctionEventInvokeConfig(ctx, &lambda.UpdateFunctionEventInvokeConfigInput{FunctionName: f, MaximumRetryAttempts: aws.Int32(1)})
		refused(t, err, "ResourceNotFoundException", "doesn't have an EventInvokeConfig")
		_, err = p.PutFunctionEventInvokeConfig(ctx, &lambda.PutFunctionEventInvokeConfigInput{FunctionName: f})
		refused(t, err, "InvalidParameterValueException", "You must specify at least one")
		for arn, message := range map[string]string{"arn:aws:sqs:us-east-1:000000000000:q": "has no queues", "arn:aws:sns:us-east-1:000000000000:t": "Amazon SNS",
			"arn:aws:events:us-east-1:000000000000:event-bus/b": "Amazon EventBridge", "arn:aws:lambda:us-east-1:000000000000:function:f": "destination for itself",
			"arn:aws:lambda:us-east-1:000000000000:function:no": "is invalid", "nothing": "is invalid"} {
			_, err = p.PutFunctionEventInvokeConfig(ctx, &lambda.PutFunctionEventInvokeConfigInput{FunctionName: f,
				DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: &arn}}})
			refused(t, err, "InvalidParameterValueException", message)
		}
		must(p.PutFunctionEventInvokeConfig(ctx, &lambda.PutFunctionEventInvokeConfigInput{FunctionName: f, MaximumRetryAttempts: aws.Int32(0), MaximumEventAgeInSeconds: aws.Int32(60)}))(t)
		must(p.UpdateFunctionEventInvokeConfig(ctx, &lambda.UpdateFunctionEventInvokeConfigInput{FunctionName: f, MaximumRetryAttempts: aws.Int32(1)}))(t)
		c := must(p.GetFunctionEventInvokeConfig(ctx, &lambda.GetFunctionEventInvokeConfigInput{FunctionName: f}))(t)
		if *c.MaximumRetryAttempts != 1 || *c.MaximumEventAgeInSeconds != 60 || !strings.HasSuffix(*c.FunctionArn, ":f:$LATEST") {
			t.Errorf("%+v", c)
		}
		if l := must(p.ListFunctionEventInvokeConfigs(ctx, &lambda.ListFunctionEventInvokeConfigsInput{FunctionName: f}))(t); len(l.FunctionEventInvokeConfigs) != 1 {
			t.Errorf("%+v", l)
		}
		must(p.DeleteFunctionEventInvokeConfig(ctx, &lambda.DeleteFunctionEventInvokeConfigInput{FunctionName: f}))(t)
		_, err = p.DeleteFunctionEventInvokeConfig(ctx, &lambda.DeleteFunctionEventInvokeConfigInput{FunctionName: f})
		refused(t, err, "ResourceNotFoundException", "EventInvokeConfig")
	})
}
