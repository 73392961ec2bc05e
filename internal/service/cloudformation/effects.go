package cloudformation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/service/cloudformation/resource"
)

// patience is how long, in platform time, a step goes on when a service says "not now". On a fast clock that is soon
// over: what a service waits for — a package to be unpacked, a database to come back — takes real time, so it goes on
// for patienceReal as well.
const (
	patience     = 2 * time.Minute
	patienceReal = 5 * time.Second
)

// apply has a handler create, update, restore or delete a resource.
func (s *Service) apply(ctx context.Context, call durable.Call) (any, error) {
	a, err := argsOf(call)
	if err != nil {
		return nil, err
	}
	h := s.types.Handler(a.Type)
	if h == nil {
		return nil, fmt.Errorf("Unrecognized resource types: [%s]", a.Type)
	}
	r, err := s.request(ctx, a)
	if err != nil {
		return nil, durable.Retry(err, time.Second) // the store is in trouble, not the resource
	}
	do := h.Create
	switch a.Action {
	case "update", "restore":
		do = h.Update
	case "delete":
		do = h.Delete
	}
	res, err := s.attempt(ctx, a, func(ctx context.Context) (resource.Result, error) { return do(ctx, r) })
	if err != nil {
		return nil, err
	}
	return applicationOf(res), nil
}

// check goes on with a step until it is done, has failed, or has made progress that must be
// committed before it goes on.
func (s *Service) check(ctx context.Context, call durable.Call) (any, error) {
	a, err := argsOf(call)
	if err != nil {
		return nil, err
	}
	h, ok := s.types.Handler(a.Type).(resource.Checker)
	if !ok {
		return nil, fmt.Errorf("%s has nothing to wait for", a.Type)
	}
	r, err := s.request(ctx, a)
	if err != nil {
		return nil, durable.Retry(err, time.Second)
	}
	w, stop := s.notices.wait(a.Token, "", "")
	defer func() { stop() }()
	for {
		res, err := s.attempt(ctx, a, func(ctx context.Context) (resource.Result, error) { return h.Check(ctx, r) })
		if err != nil {
			return nil, err
		}
		if res.Pending == nil || !bytes.Equal(res.Pending.Progress, a.Progress) {
			return applicationOf(res), nil
		}
		if w.topic != res.Pending.Topic || w.key != res.Pending.Key { // look once more: word may have come in between
			stop()
			w, stop = s.notices.wait(a.Token, res.Pending.Topic, res.Pending.Key)
			continue
		}
		if err := s.pause(ctx, w, res.Pending.After); err != nil {
			return nil, err
		}
	}
}

// pause waits for word or for d of platform time.
func (s *Service) pause(ctx context.Context, w *waiter, d time.Duration) error {
	timer, stop := s.clock.After(d)
	defer stop()
	select {
	case <-timer:
	case <-w.woken:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// cancel has a step that is waited for end early, if its handler knows how.
func (s *Service) cancel(ctx context.Context, call durable.Call) (any, error) {
	a, err := argsOf(call)
	if err != nil {
		return nil, err
	}
	h, ok := s.types.Handler(a.Type).(resource.Canceler)
	if !ok {
		return nil, nil
	}
	r, err := s.request(ctx, a)
	if err != nil {
		return nil, durable.Retry(err, time.Second)
	}
	if err := h.Cancel(s.as(ctx, a), r); err != nil {
		s.log.Warn("step not cut short", "stack", a.StackName, "resource", a.Logical, "error", err)
	}
	s.notices.rouse(a.Token)
	return nil, nil
}

// attempt calls a handler, again while a service is busy, and words its error for the events.
func (s *Service) attempt(ctx context.Context, a effectArgs, do func(context.Context) (resource.Result, error)) (resource.Result, error) {
	wait, began := 250*time.Millisecond, time.Now()
	for spent := time.Duration(0); ; spent += wait {
		res, err := do(s.as(ctx, a))
		switch {
		case err == nil || ctx.Err() != nil:
			return res, errors.Join(ctx.Err(), err)
		case !passing(err) || spent >= patience && time.Since(began) >= patienceReal:
			return res, worded(err, a.Token)
		}
		s.log.Debug("step will be tried again", "stack", a.StackName, "resource", a.Logical, "error", err)
		wait = min(2*wait, 5*time.Second)
		if err := errors.Join(clock.Sleep(ctx, s.clock, wait), breathe(ctx)); err != nil {
			return res, err
		}
	}
}

// breathe keeps a loop from spinning on a clock that runs a thousand times as fast.
func breathe(ctx context.Context) error {
	t := time.NewTimer(5 * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// as is the context in which handlers call: that of whoever asked for the operation.
func (s *Service) as(ctx context.Context, a effectArgs) context.Context {
	return caller.With(ctx, a.Caller)
}

// passing tells whether an error says "not now" rather than "no".
func passing(err error) bool {
	var api smithy.APIError
	var failure *resource.Failure
	if errors.As(err, &failure) {
		return false
	}
	if !errors.As(err, &api) {
		return true // a store or a connection in trouble: services say no in the SDK's types
	}
	switch api.ErrorCode() {
	case "ResourceConflictException", "ResourceInUseException", "TooManyRequestsException", "ThrottlingException", "Throttling",
		"OperationAbortedException", "ConcurrentModification", "ServiceUnavailable", "ServiceUnavailableException", "ServiceException",
		"InternalFailure", "InternalServerError", "InternalError":
		return true
	}
	return false
}

// worded frames a handler's error as CloudFormation does.
func worded(err error, token string) error {
	var failure *resource.Failure
	if errors.As(err, &failure) {
		return failure
	}
	message, code := err.Error(), "GeneralServiceException"
	var api smithy.APIError
	if errors.As(err, &api) {
		message = api.ErrorMessage()
		switch api.ErrorCode() {
		case "ResourceNotFoundException", "NoSuchEntity", "NoSuchBucket", "NoSuchKey",
			"ResourceNotFound", "StateMachineDoesNotExist", "ActivityDoesNotExist":
			code = "NotFound"
		case "InvalidParameterValueException", "ValidationException", "ValidationError", "InvalidInput", "MalformedPolicyDocument",
			"InvalidArn", "InvalidName", "InvalidDefinition", "InvalidToken", "InvalidLoggingConfiguration", "InvalidTracingConfiguration",
			"InvalidEncryptionConfiguration", "MissingRequiredParameter":
			code = "InvalidRequest"
		case "StateMachineAlreadyExists", "ActivityAlreadyExists":
			code = "AlreadyExists"
		case "ConflictException", "StateMachineDeleting":
			code = "ResourceConflict"
		case "StateMachineLimitExceeded", "ActivityLimitExceeded", "ServiceQuotaExceededException", "TooManyTags":
			code = "ServiceLimitExceeded"
		case "AccessDeniedException", "AccessDenied":
			code = "AccessDenied"
		}
	}
	return &resource.Failure{Message: fmt.Sprintf("Resource handler returned message: %q (RequestToken: %s, HandlerErrorCode: %s)", message, token, code)}
}

func argsOf(call durable.Call) (a effectArgs, err error) {
	if err := json.Unmarshal(call.Args, &a); err != nil {
		return a, fmt.Errorf("effect %s: %w", call.Key(), err)
	}
	return a, nil
}

func applicationOf(r resource.Result) application {
	a := application{Physical: r.PhysicalID, Attributes: r.Attributes}
	if r.Pending != nil {
		a.Pending, a.Progress = true, r.Pending.Progress
	}
	return a
}

// request makes a handler's request of what was committed.
func (s *Service) request(ctx context.Context, a effectArgs) (resource.Request, error) {
	r := resource.Request{StackID: a.StackID, StackName: a.StackName, LogicalID: a.Logical, Token: a.Token,
		PhysicalID: a.Physical, Progress: a.Progress, Rollback: a.Action == "restore", Now: s.clock.Now, Held: s.held}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		have, err := resourceIn(tx, a.StackID, a.Logical, a.Slot)
		if err != nil {
			return err
		}
		r.Name, r.Properties, r.UpdatePolicy, r.Tags = have.Doc.Name, have.Doc.Properties, have.Doc.UpdatePolicy, have.Doc.Tags
		if a.Action != "update" && a.Action != "restore" {
			return nil
		}
		before, err := resourceIn(tx, a.StackID, a.Logical, slotPrevious)
		if err != nil {
			return err
		}
		r.Previous, r.PreviousTags = before.Doc.Properties, before.Doc.Tags
		if a.Action == "restore" {
			r.Properties, r.Previous, r.UpdatePolicy = r.Previous, r.Properties, before.Doc.UpdatePolicy
			r.Tags, r.PreviousTags = r.PreviousTags, r.Tags
		}
		return nil
	})
	return r, err
}

// held tells whether a stack has a resource with this physical id.
func (s *Service) held(ctx context.Context, physicalID string) (bool, error) {
	return view(ctx, s, func(tx *db.Tx) (bool, error) {
		n, err := db.One(tx, db.Value[int64], `SELECT COUNT(*) FROM cfn_resource r WHERE r.physical_id = $1
			AND r.status <> 'DELETE_COMPLETE' AND r.status <> 'DELETE_SKIPPED'`, physicalID)
		return n > 0, err
	})
}
