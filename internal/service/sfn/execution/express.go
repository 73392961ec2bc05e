package execution

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/id"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

// expressTime is how long an Express execution may take.
const expressTime = 5 * time.Minute

// express is an Express execution. It is in memory alone, as AWS promises no more.
type express struct {
	s        *Service
	x        *asl.Execution
	def      *definition
	m        *asl.StateMachine
	caller   caller.Caller
	pins     integration.Pins
	exact    bool
	expires  time.Time
	events   chan asl.Event
	ctx      context.Context
	inFlight sync.WaitGroup
	unlogged []asl.HistoryEvent
}

// logEvery bounds how long the events of an Express execution wait to be logged, in real time: mostly they are logged
// together, when it ends.
const logEvery = 30 * time.Second

// startExpress starts an Express execution and does not wait for it.
func (s *Service) startExpress(ctx context.Context, r *request) (*sfn.StartExecutionOutput, error) {
	e, err := s.newExpress(ctx, r)
	if err != nil {
		return nil, err
	}
	started := s.clock.Now().Truncate(time.Millisecond)
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		e.run(s.ctx)
	}()
	return &sfn.StartExecutionOutput{ExecutionArn: &e.x.ARN, StartDate: &started}, nil
}

// StartSyncExecution runs an Express execution and answers with its end.
func (s *Service) StartSyncExecution(ctx context.Context, in *sfn.StartSyncExecutionInput, _ ...func(*sfn.Options)) (*sfn.StartSyncExecutionOutput, error) {
	r, err := s.request(ctx, &sfn.StartExecutionInput{StateMachineArn: in.StateMachineArn, Name: in.Name, Input: in.Input, TraceHeader: in.TraceHeader})
	if err != nil {
		return nil, err
	}
	if err := s.resolve(ctx, r, in.StateMachineArn); err != nil {
		return nil, err
	}
	if r.machine.Type != types.StateMachineTypeExpress {
		return nil, &types.StateMachineTypeNotSupported{Message: text("This operation is not supported by this type of state machine")}
	}
	e, err := s.newExpress(ctx, r)
	if err != nil {
		return nil, err
	}
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	e.run(run)
	if err := run.Err(); err != nil && e.x.Status == asl.Running {
		return nil, fmt.Errorf("execution %s: %w", e.x.ARN, err)
	}
	return e.answer(in.IncludedData), nil
}

func (e *express) answer(data types.IncludedData) *sfn.StartSyncExecutionOutput {
	x := e.x
	details := &types.CloudWatchEventsExecutionDataDetails{Included: true}
	took := x.StoppedAt.Sub(x.StartedAt).Milliseconds()
	out := &sfn.StartSyncExecutionOutput{ExecutionArn: &x.ARN, Name: &x.Name, StateMachineArn: &x.MachineARN, Status: types.SyncExecutionStatus(x.Status),
		StartDate: &x.StartedAt, StopDate: &x.StoppedAt, Error: optional(x.Error), Cause: optional(x.Cause), InputDetails: details, OutputDetails: details,
		BillingDetails: &types.BillingDetails{BilledDurationInMilliseconds: max(100, (took+99)/100*100), BilledMemoryUsedInMB: 64}}
	if data == types.IncludedDataMetadataOnly {
		out.InputDetails, out.OutputDetails = &types.CloudWatchEventsExecutionDataDetails{}, &types.CloudWatchEventsExecutionDataDetails{}
		return out
	}
	out.Input = aws.String(x.Input.String())
	if x.Status == asl.Succeeded {
		out.Output = aws.String(x.Output.String())
	}
	return out
}

func (s *Service) newExpress(ctx context.Context, r *request) (*express, error) {
	def, err := s.definitions.of(r.machine)
	if err != nil {
		return nil, err
	}
	e := &express{s: s, def: def, m: def.asl, caller: r.caller, events: make(chan asl.Event, 64)}
	info := r.info("express:" + r.machine.Name + ":" + r.name + ":" + id.Request())
	info.Express = true
	e.x = asl.New(info, r.input)
	e.exact, e.pins, err = s.pin(ctx, r, info.ARN)
	return e, err
}

// run runs the execution until it ends, or ctx does.
func (e *express) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(caller.With(ctx, e.caller))
	defer e.s.unpin(ctx, e.x.ARN, e.pins)
	defer e.inFlight.Wait()
	defer cancel()
	e.ctx = ctx
	e.expires = e.s.clock.Now().Add(expressTime)
	e.step(asl.Start{})
	defer e.log()
	ticker := time.NewTicker(logEvery)
	defer ticker.Stop()
	for e.x.Status == asl.Running {
		wake := e.x.NextWake()
		if wake.IsZero() || e.expires.Before(wake) {
			wake = e.expires
		}
		due, stop := e.s.clock.After(wake.Sub(e.s.clock.Now()))
		select {
		case ev := <-e.events:
			e.step(ev)
		case <-ticker.C:
			e.log()
		case <-due:
			if !e.s.clock.Now().Before(e.expires) {
				e.x.TimeoutAt = e.expires
			}
			e.step(asl.Wake{})
		case <-ctx.Done():
			stop()
			return
		}
		stop()
	}
}

func (e *express) step(ev asl.Event) {
	if p, ok := ev.(pinnedEvent); ok {
		e.keep(p.pins)
		ev = p.Event
	}
	out := e.m.Step(e.x, ev, e.s.clock.Now())
	e.unlogged = append(e.unlogged, out.History...)
	for _, c := range out.Commands {
		if c, ok := c.(asl.ScheduleTask); ok {
			e.schedule(c)
		}
	}
}

// log logs and counts what has happened since it was called last.
func (e *express) log() {
	e.s.record(e.def, e.x, e.unlogged)()
	e.unlogged = nil
}

// pinnedEvent is an event that comes with pins for the calls to come.
type pinnedEvent struct {
	asl.Event
	pins integration.Pins
}

func (e *express) keep(pins integration.Pins) {
	if len(pins) == 0 {
		return
	}
	all := integration.Pins{}
	for _, m := range []integration.Pins{pins, e.pins} {
		for k, v := range m {
			all[k] = v
		}
	}
	e.pins = all
}

// schedule makes a task's call.
func (e *express) schedule(c asl.ScheduleTask) {
	call := integration.Call{Caller: e.caller, Role: e.x.RoleARN, Execution: e.x.ARN, State: c.State, Resource: c.Resource, Parameters: c.Parameters,
		Token: c.Token, Credentials: c.Credentials, Key: e.x.ARN + "/" + c.TaskID, Exact: e.exact, Pins: e.pins}
	e.inFlight.Add(1)
	go func() {
		defer e.inFlight.Done()
		a, err := e.call(call, c.TaskID)
		ev := asl.Event(asl.TaskSucceeded{TaskID: c.TaskID, Output: a.Output})
		switch {
		case err != nil:
			ev = asl.TaskFailed{TaskID: c.TaskID, Error: asl.ErrTaskFailed, Cause: err.Error()}
		case a.Failed:
			ev = asl.TaskFailed{TaskID: c.TaskID, Error: a.Error, Cause: a.Cause, Refused: a.Refused}
		}
		select {
		case e.events <- pinnedEvent{ev, a.Pinned}:
		case <-e.ctx.Done():
		}
	}()
}

func (e *express) call(call integration.Call, task string) (integration.Answer, error) {
	if startsExecution(call.Resource) {
		out, err := e.s.runChild(e.ctx, durable.Call{Kind: "express", Instance: e.x.ARN, EffectID: task, Args: encode(call)})
		a, _ := out.(integration.Answer)
		return a, err
	}
	return e.s.calls.Run(e.ctx, call)
}
