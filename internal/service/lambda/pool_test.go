package lambda

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/headgate/headgate/internal/sandbox/environment"
)

func limits(change func(*Limits)) option { return func(d *Deps) { change(&d.Limits) } }

// block makes functions wait; each value sent on the channel lets one invocation go on.
func block(p *platform) (entered chan string, let chan bool) {
	entered, let = make(chan string, 100), make(chan bool)
	p.envs.run = func(f environment.Function, _ *environment.Invocation, _ func(string)) (environment.Outcome, error) {
		entered <- f.Name
		<-let
		return answer(f.Name), nil
	}
	return entered, let
}

func (p *platform) goInvoke(ctx context.Context, name string) chan error {
	done := make(chan error, 1)
	go func() {
		_, err := p.Invoke(ctx, &lambda.InvokeInput{FunctionName: &name})
		done <- err
	}()
	return done
}

func TestWarmEnvironmentsAreReused(t *testing.T) {
	p := sqlite(t)
	p.create(t, newInput("f", "one"))
	for range 20 {
		p.call(t, "f")
	}
	if p.envs.started != 1 {
		t.Errorf("20 invocations, one after another, started %d environments", p.envs.started)
	}
}

func TestAnEnvironmentGivenBackServesWhileAnotherStarts(t *testing.T) {
	p := sqlite(t)
	p.create(t, newInput("f", "one"))
	entered, let := block(p)
	first := p.goInvoke(t.Context(), "f")
	<-entered
	starting, start := make(chan bool, 1), make(chan bool)
	p.envs.began = func(environment.Function) error { starting <- true; <-start; return nil }
	second := p.goInvoke(t.Context(), "f")
	<-starting // the cold start hangs
	let <- true
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	<-entered // the second runs in the first's environment
	let <- true
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	close(start)
	eventually(t, func() bool { return p.envs.alive() == 2 })
}

func TestHostFullWaitsInOrder(t *testing.T) {
	p := sqlite(t, limits(func(l *Limits) { l.Environments = 2 }))
	for _, n := range []string{"a", "b"} {
		p.create(t, newInput(n, n))
	}
	entered, let := block(p)
	var all []chan error
	for range 4 {
		all = append(all, p.goInvoke(t.Context(), "a"))
	}
	<-entered
	<-entered
	time.Sleep(2 * time.Millisecond) // so that b is the last to wait
	b := p.goInvoke(t.Context(), "b")
	time.Sleep(starved + 10*time.Millisecond)
	for range 5 {
		let <- true
	}
	for _, c := range append(all, b) {
		if err := <-c; err != nil {
			t.Error(err)
		}
	}
	if p.envs.most > 3 { // one may be closing while its successor starts
		t.Errorf("%d environments at the same time", p.envs.most)
	}
	ctx, cancel := context.WithCancel(t.Context())
	busy := []chan error{p.goInvoke(t.Context(), "a"), p.goInvoke(t.Context(), "a")}
	for range 3 + 2 { // the rest of the first part, then these
		<-entered
	}
	late := p.goInvoke(ctx, "b")
	cancel()
	if err := <-late; !errors.Is(err, context.Canceled) {
		t.Errorf("waiting ended with %v", err)
	}
	let <- true
	let <- true
	for _, c := range busy {
		if err := <-c; err != nil {
			t.Error(err)
		}
	}
}

func TestIdleEnvironmentsAreReaped(t *testing.T) {
	p := sqlite(t, limits(func(l *Limits) { l.Idle = 20 * time.Millisecond }))
	p.create(t, newInput("f", "one"))
	p.call(t, "f")
	eventually(t, func() bool { return p.envs.alive() == 0 })
	p.call(t, "f")
}

func TestADeadEnvironmentIsReplaced(t *testing.T) {
	p := sqlite(t)
	p.create(t, newInput("f", "one"))
	p.call(t, "f")
	p.envs.envs[0].Close("")
	p.call(t, "f")
	first := true
	was := p.envs.run
	p.envs.run = func(f environment.Function, in *environment.Invocation, log func(string)) (environment.Outcome, error) {
		if first { // it ends between the check and the delivery
			first = false
			return environment.Outcome{}, environment.ErrNotDelivered
		}
		return was(f, in, log)
	}
	p.call(t, "f")
	p.envs.began = func(environment.Function) error { return errors.New("no room") }
	p.envs.envs[len(p.envs.envs)-1].Close("")
	_, err := p.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f")})
	refused(t, err, "ServiceException", "no room")
}

func TestAFunctionThatEndsBeforeEachEventFails(t *testing.T) {
	p := sqlite(t)
	p.create(t, newInput("f", "one"))
	p.envs.run = func(environment.Function, *environment.Invocation, func(string)) (environment.Outcome, error) {
		return environment.Outcome{}, environment.ErrNotDelivered
	}
	out := p.event(t, "f", `{}`, "Unhandled")
	if got := decode[map[string]string](t, out.Payload); got["errorType"] != "Runtime.ExitError" || p.envs.started != maxDeliveries {
		t.Errorf("%s after %d environments", out.Payload, p.envs.started)
	}
}

func TestReservedConcurrencyThrottles(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		ctx, f := t.Context(), aws.String("f")
		p.create(t, newInput("f", "one"))
		p.create(t, newInput("g", "one"))
		_, err := p.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: f, ReservedConcurrentExecutions: aws.Int32(3)})
		refused(t, err, "InvalidParameterValueException", "below its minimum value of [100]")
		must(p.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: f, ReservedConcurrentExecutions: aws.Int32(1)}))(t)
		if got := must(p.GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: f}))(t); *got.ReservedConcurrentExecutions != 1 {
			t.Errorf("%+v", got)
		}
		if got := must(p.GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{}))(t); *got.AccountLimit.UnreservedConcurrentExecutions != 101 || got.AccountUsage.FunctionCount != 2 || got.AccountUsage.TotalCodeSize == 0 {
			t.Errorf("%+v %+v", got.AccountLimit, got.AccountUsage)
		}
		entered, let := block(p)
		busy := p.goInvoke(ctx, "f")
		<-entered
		_, err = p.Invoke(ctx, &lambda.InvokeInput{FunctionName: f})
		refused(t, err, "TooManyRequestsException", "Rate Exceeded.")
		var all []chan error
		for range 101 {
			all = append(all, p.goInvoke(ctx, "g"))
		}
		for range 60 { // as many as the host runs: the others are counted too, and wait
			<-entered
		}
		eventually(t, func() bool {
			p.usage.mu.Lock()
			defer p.usage.mu.Unlock()
			return p.usage.functions[key{"000000000000", "us-east-1", "g"}] == 101
		})
		_, err = p.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("g")})
		refused(t, err, "TooManyRequestsException", "Rate Exceeded.")
		close(let)
		for _, c := range append(all, busy) {
			if err := <-c; err != nil {
				t.Error(err)
			}
		}
		must(p.DeleteFunctionConcurrency(ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: f}))(t)
		if got := must(p.GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: f}))(t); got.ReservedConcurrentExecutions != nil {
			t.Errorf("%+v", got)
		}
		p.Invoke(ctx, &lambda.InvokeInput{FunctionName: f})
		p.usage.mu.Lock()
		defer p.usage.mu.Unlock()
		if len(p.usage.functions) != 0 || len(p.usage.unreserved) != 0 {
			t.Errorf("counts are left: %v %v", p.usage.functions, p.usage.unreserved)
		}
	}, limits(func(l *Limits) { l.Concurrency, l.Environments = 102, 61 }))
}

func TestCloseDrains(t *testing.T) {
	p := sqlite(t)
	p.create(t, newInput("f", "one"))
	entered, let := block(p)
	done := p.goInvoke(t.Context(), "f")
	<-entered
	var wg sync.WaitGroup
	wg.Add(1)
	go func() { defer wg.Done(); p.Service.Close() }()
	eventually(t, func() bool { p.pool.mu.Lock(); defer p.pool.mu.Unlock(); return p.pool.closed })
	_, err := p.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f")})
	refused(t, err, "ServiceException", "shutting down")
	let <- true
	if err := <-done; err != nil {
		t.Errorf("the invocation under way: %v", err)
	}
	wg.Wait()
	if p.envs.alive() != 0 {
		t.Error("environments are left")
	}
	if m := p.logs.messages("/aws/lambda/f"); len(m) == 0 || m[len(m)-1][:6] != "REPORT" {
		t.Errorf("the last lines were not written: %q", m)
	}
}
