package runtime

import (
	"context"
	"encoding/json"
	"time"
)

// traceVariable is where X-Ray's SDKs look for the current trace.
const traceVariable = "_X_AMZN_TRACE_ID"

// Invocation is what the Runtime API says about an event besides its payload.
type Invocation struct {
	RequestID     string
	FunctionARN   string // as invoked: with the alias or version, if the caller named one
	TraceID       string
	Deadline      time.Time       // zero if the platform named none
	ClientContext json.RawMessage // nil unless the caller sent one
	Identity      json.RawMessage // Cognito identity; nil unless a mobile SDK called
}

type invocationKey struct{}

// From returns the invocation that ctx belongs to; false outside a handler.
func From(ctx context.Context) (*Invocation, bool) {
	inv, ok := ctx.Value(invocationKey{}).(*Invocation)
	return inv, ok
}

// context returns the handler's context: it carries inv and ends at the function's deadline.
func (inv *Invocation) context() (context.Context, context.CancelFunc) {
	ctx := context.WithValue(context.Background(), invocationKey{}, inv)
	if inv.Deadline.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, inv.Deadline)
}
