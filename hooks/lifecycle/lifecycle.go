// Package lifecycle is the frame of a CodeDeploy lifecycle hook on Lambda. CodeDeploy starts the
// hook asynchronously and looks at nothing but its callback (FACTS §0.14): a hook that dies, hangs
// or forgets leaves the deployment waiting for up to an hour. A Hook therefore calls back exactly
// once for each event, whatever its check does, and before the function's own time-out.
//
//	event ─► check ──returns nil──► Succeeded ─┐
//	           ├─error, panic─────► Failed ────┼─► PutLifecycleEventHookExecutionStatus ─► result
//	           └─out of time──────► Failed ────┘       ├─ already completed: done, too (a retry of Lambda's)
//	                                                   └─ any other error: returned, so that Lambda retries
package lifecycle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"runtime/debug"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

// Event is what CodeDeploy sends to a hook; its keys are in PascalCase.
type Event struct {
	DeploymentID string `json:"DeploymentId"`
	ExecutionID  string `json:"LifecycleEventHookExecutionId"`
}

// Check decides a hook's outcome: nil lets the deployment go on. The report is returned and
// logged in either case. It should return soon after ctx ends.
type Check func(ctx context.Context, e Event) (report any, err error)

// Callback is the one call of CodeDeploy's that a Hook needs.
type Callback interface {
	PutLifecycleEventHookExecutionStatus(ctx context.Context, in *codedeploy.PutLifecycleEventHookExecutionStatusInput, optFns ...func(*codedeploy.Options)) (*codedeploy.PutLifecycleEventHookExecutionStatusOutput, error)
}

var _ Callback = (*codedeploy.Client)(nil)

// Hook answers CodeDeploy's events. Handle is its handler for runtime.Start.
type Hook struct {
	CodeDeploy Callback
	Check      Check
	Log        *slog.Logger
}

// Outcome is the hook function's result.
type Outcome struct {
	DeploymentID string `json:"deploymentId"`
	ExecutionID  string `json:"lifecycleEventHookExecutionId"`
	Status       string `json:"status"` // Succeeded or Failed
	ErrorType    string `json:"errorType,omitempty"`
	Error        string `json:"error,omitempty"`
	// AlreadyCompleted says that an earlier attempt had called back; its status stands.
	AlreadyCompleted bool `json:"alreadyCompleted,omitempty"`
	Report           any  `json:"report,omitempty"`
}

// Error is an error of the frame itself, or one that a check wants to name.
type Error struct{ Code, Message string }

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// ErrorType names the error in Lambda's error payload.
func (e *Error) ErrorType() string { return e.Code }

// Handle serves one event. It returns an error only if CodeDeploy could not be told the outcome.
func (h *Hook) Handle(ctx context.Context, raw json.RawMessage) (any, error) {
	var e Event
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, &Error{"BadEvent", fmt.Sprintf("the event is not a lifecycle event: %v", err)}
	}
	if e.ExecutionID == "" { // nobody waits for a callback
		return nil, &Error{"BadEvent", "the event has no LifecycleEventHookExecutionId"}
	}
	o := Outcome{DeploymentID: e.DeploymentID, ExecutionID: e.ExecutionID, Status: string(types.LifecycleEventStatusSucceeded)}
	report, err := h.run(ctx, e)
	o.Report = report
	if err != nil {
		o.Status, o.ErrorType, o.Error = string(types.LifecycleEventStatusFailed), errorType(err), err.Error()
	}
	_, err = h.CodeDeploy.PutLifecycleEventHookExecutionStatus(ctx, &codedeploy.PutLifecycleEventHookExecutionStatusInput{
		DeploymentId: &e.DeploymentID, LifecycleEventHookExecutionId: &e.ExecutionID, Status: types.LifecycleEventStatus(o.Status),
	})
	var done *types.LifecycleEventAlreadyCompletedException
	switch {
	case errors.As(err, &done):
		o.AlreadyCompleted = true
	case err != nil:
		h.Log.Error("callback failed", "outcome", o, "callbackError", err.Error())
		return nil, fmt.Errorf("tell CodeDeploy %s for deployment %s: %w", o.Status, e.DeploymentID, err)
	}
	if o.Status == string(types.LifecycleEventStatusFailed) {
		h.Log.Error("called back", "outcome", o)
	} else {
		h.Log.Info("called back", "outcome", o)
	}
	return o, nil
}

type checked struct {
	report any
	err    error
}

// run calls the check with a context that leaves time for the callback, and gives up on a check
// that does not return although its time is over.
func (h *Hook) run(ctx context.Context, e Event) (any, error) {
	if e.DeploymentID == "" {
		return nil, &Error{"BadEvent", "the event has no DeploymentId"}
	}
	giveUp := (<-chan time.Time)(nil)
	limit := ctx
	if deadline, ok := ctx.Deadline(); ok {
		keep := margin(time.Until(deadline))
		var cancel context.CancelFunc
		limit, cancel = context.WithDeadline(ctx, deadline.Add(-keep))
		defer cancel()
		timer := time.NewTimer(time.Until(deadline) - keep*3/4) // a quarter to collect a late report
		defer timer.Stop()
		giveUp = timer.C
	}
	done := make(chan checked, 1)
	go func() {
		var c checked
		defer func() {
			if p := recover(); p != nil {
				h.Log.Error("the check panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				c = checked{err: &Error{"Panic", fmt.Sprint(p)}}
			}
			done <- c
		}()
		c.report, c.err = h.Check(limit, e)
	}()
	select {
	case c := <-done:
		if c.err != nil && limit.Err() != nil {
			c.err = fmt.Errorf("the time for the check is over: %w", c.err)
		}
		return c.report, c.err
	case <-giveUp:
		return nil, &Error{"TimedOut", "the check did not return in time"}
	}
}

// margin is the part of the time left that is kept for the callback: a fifth, between 0.5 s and
// 2 s, but never more than half.
func margin(left time.Duration) time.Duration {
	return max(0, min(max(left/5, 500*time.Millisecond), 2*time.Second, left/2))
}

// errorType is the name that err, or an error within it, gives itself; else its Go type's.
func errorType(err error) string {
	var named interface{ ErrorType() string }
	if errors.As(err, &named) {
		return named.ErrorType()
	}
	var coded interface{ ErrorCode() string } // errors of AWS's APIs
	if errors.As(err, &coded) {
		return coded.ErrorCode()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "TimedOut"
	}
	t := reflect.TypeOf(err)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}
