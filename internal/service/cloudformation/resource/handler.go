package resource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/smithy-go"
)

// Properties are a resource's evaluated properties: map[string]any, []any, string, bool, json.Number.
type Properties map[string]any

// Request is what a handler is asked to bring about. It must not be changed.
type Request struct {
	StackID, StackName string
	LogicalID          string
	Token              string // the same for every repeat of the same step

	// Name is the physical name that was decided before the first call: the one the template gives,
	// or a generated one. Types without a NameRule get a generated one as well, for what they need.
	Name       string
	PhysicalID string // of what exists; empty in Create, and in Delete of what was never made

	Properties   Properties        // wanted; in Delete: those that it has
	Previous     Properties        // Update: those that it has, or may have, if an earlier attempt failed
	UpdatePolicy map[string]any    // evaluated; nil when the template has none
	Tags         map[string]string // of the stack
	PreviousTags map[string]string // Update: those that it had
	Rollback     bool              // the stack goes back to what it was: nothing gradual any more

	Progress json.RawMessage // Check and Cancel: what the last Pending carried

	// Now is the platform's time. A step that takes time decides from it and from its Progress.
	Now func() time.Time

	// Held tells whether a resource of any stack has this physical id.
	Held func(ctx context.Context, physicalID string) (bool, error)
}

// Result is what a step has come to.
type Result struct {
	PhysicalID string         // what Ref gives
	Attributes map[string]any // what Fn::GetAtt gives, beside what never changes
	Pending    *Pending       // not done: Check goes on
}

// Pending says how to go on. Its Progress is committed before Check is called with it.
type Pending struct {
	Progress json.RawMessage
	After    time.Duration // platform time until the next Check, unless the notice comes before
	Topic    string        // notices that may mean progress (db.Subscribe) …
	Key      string        // … if their payload contains this, or is empty
}

// Handler makes, changes and removes resources of one type.
type Handler interface {
	Schema() *Schema
	Create(ctx context.Context, r Request) (Result, error)
	// Update changes the resource in place. It is not asked to change what requires replacement.
	Update(ctx context.Context, r Request) (Result, error)
	// Delete removes the resource; one that is gone is no error.
	Delete(ctx context.Context, r Request) (Result, error)
}

// Checker is a Handler some of whose steps take time.
type Checker interface {
	// Check goes on with a step that was Pending.
	Check(ctx context.Context, r Request) (Result, error)
}

// Canceler is a Handler whose steps can be cut short.
type Canceler interface {
	// Cancel hastens the end of a Pending step; Check then reports how it ended.
	Cancel(ctx context.Context, r Request) error
}

// Prober is a Handler that can tell whether a name that the template gives is taken.
type Prober interface {
	// Exists is asked before anything is committed: what exists then is not the stack's own.
	Exists(ctx context.Context, r Request) (bool, error)
}

// Failure is an error whose text stands in the stack's events as it is, without the frame that
// other errors of handlers get.
type Failure struct{ Message string }

func (f *Failure) Error() string { return f.Message }

func failf(format string, args ...any) error { return &Failure{fmt.Sprintf(format, args...)} }

// code is the API error's code, or "".
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// is tells whether err is an API error with one of the codes.
func is(err error, codes ...string) bool {
	c := code(err)
	for _, x := range codes {
		if c == x && c != "" {
			return true
		}
	}
	return false
}

// pending makes the result of a step that goes on, with v as its progress.
func pending(physicalID string, attributes map[string]any, v any, p Pending) (Result, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return Result{}, fmt.Errorf("progress: %w", err)
	}
	p.Progress = raw
	if p.After <= 0 {
		p.After = time.Second
	}
	return Result{PhysicalID: physicalID, Attributes: attributes, Pending: &p}, nil
}

func progress(r Request, v any) error {
	if err := json.Unmarshal(r.Progress, v); err != nil {
		return fmt.Errorf("progress: %w", err)
	}
	return nil
}
