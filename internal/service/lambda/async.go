package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
)

// kindAsync is a durable instance for each invocation of type Event.
const kindAsync = "lambda.async"

// Defaults of asynchronous invocations, in platform time (FACTS §4).
const (
	defaultRetries = 2
	defaultMaxAge  = 6 * time.Hour
	maxBackoff     = 5 * time.Minute
)

// asyncState is an event's state; its payload is in lambda_async_event.
type asyncState struct {
	ID                    string // the request id, the same for every attempt
	Caller                caller.Caller
	Account, Region, Name string
	Qualifier             string
	ClientContext         string `json:",omitempty"`
	Created               time.Time
	Attempts              int // that ran the function
	Refused               int // in a row, by throttles or by the platform's own trouble
	Tries                 int // in all: numbers the effects
	Owed                  int `json:",omitempty"` // deliveries under way, after the last try
}

func (a asyncState) target() target { return target{key{a.Account, a.Region, a.Name}, a.Qualifier} }

// attempt is the result of one try.
type attempt struct {
	Refused         bool // throttled, or the platform failed: the function has not run
	Gone            bool // there is no such function any more
	FunctionError   string
	ExecutedVersion string
	Payload         json.RawMessage `json:",omitempty"`
	Error           string          // why it was refused
	Throttled       bool            `json:",omitempty"` // that is why

	Retries              int
	MaxAge               time.Duration
	OnSuccess, OnFailure string
	DeadLetters          string `json:",omitempty"` // the queue of DeadLetterConfig
}

// enqueue stores the event; once it returns nil the function will be invoked. A repeated request, whose event is there still,
// is stored already.
func (s *Service) enqueue(ctx context.Context, call invocation) error {
	c := caller.From(ctx)
	c.RequestID = ""
	st := asyncState{ID: call.request, Caller: c, Account: call.account, Region: call.region, Name: call.name, Qualifier: call.qualifier,
		ClientContext: call.clientContext, Created: s.Clock.Now()}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		if n, err := db.One(tx, db.Value[int64], `SELECT COUNT(*) FROM lambda_async_event WHERE id = $1`, st.ID); err != nil || n > 0 {
			return wrap(err, "look for the event")
		}
		if _, err := tx.Exec(`INSERT INTO lambda_async_event (id, payload) VALUES ($1, $2)`, st.ID, call.payload); err != nil {
			return wrap(err, "store event")
		}
		return s.Engine.Create(tx, kindAsync, st.ID, st)
	})
}

func (s *Service) asyncInvocation() durable.Machine[asyncState] {
	return durable.Machine[asyncState]{Kind: kindAsync, Decide: decideAsync,
		Effects: map[string]durable.EffectFunc{"attempt": s.attempt, "destination": s.toDestination, "deadletter": s.toDeadLetters}}
}

func decideAsync(a asyncState, ev durable.Event, now time.Time) durable.Decision[asyncState] {
	switch ev.Name {
	case durable.Started, durable.Woken:
		a.Tries++
		return durable.Decision[asyncState]{State: a, Effects: []durable.Effect{{ID: "attempt-" + versionName(int64(a.Tries)), Name: "attempt", Args: a}}}
	case "attempt":
		var r attempt
		if ev.Failure != nil {
			r = attempt{Refused: true, Error: ev.Failure.Message, MaxAge: defaultMaxAge}
		} else if err := ev.Decode(&r); err != nil {
			r = attempt{Refused: true, Error: err.Error(), MaxAge: defaultMaxAge}
		}
		return a.after(r, now)
	case "destination", "deadletter":
		if a.Owed--; a.Owed <= 0 {
			return a.end()
		}
	}
	return durable.Decision[asyncState]{State: a}
}

// after decides what follows from a try.
func (a asyncState) after(r attempt, now time.Time) durable.Decision[asyncState] {
	if r.Gone {
		return a.end()
	}
	var wait time.Duration
	if r.Refused {
		wait = min(time.Second<<min(a.Refused, 20), maxBackoff)
		a.Refused++
	} else {
		a.Attempts, a.Refused = a.Attempts+1, 0
		if r.FunctionError == "" {
			return a.finish(r, "Success", r.OnSuccess)
		}
		if a.Attempts > r.Retries {
			return a.finish(r, "RetriesExhausted", r.OnFailure)
		}
		wait = time.Duration(a.Attempts) * time.Minute // 1, then 2
	}
	if now.Add(wait).Sub(a.Created) > r.MaxAge {
		return a.finish(r, "EventAgeExceeded", r.OnFailure)
	}
	return durable.Decision[asyncState]{State: a, WakeAt: now.Add(wait)}
}

// delivery is what a destination is told.
type delivery struct {
	State       asyncState
	Result      attempt
	Condition   string
	Destination string
}

// finish has the record sent to the destination, and what failed to the dead letters too: each where it is set.
func (a asyncState) finish(r attempt, condition, destination string) durable.Decision[asyncState] {
	var out []durable.Effect
	if destination != "" {
		out = append(out, durable.Effect{ID: "destination", Name: "destination"})
	}
	if r.DeadLetters != "" && condition != "Success" {
		out = append(out, durable.Effect{ID: "deadletter", Name: "deadletter"})
	}
	if a.Owed = len(out); a.Owed == 0 {
		return a.end()
	}
	for i := range out {
		out[i].Args = delivery{a, r, condition, destination}
	}
	return durable.Decision[asyncState]{State: a, Effects: out}
}

func (a asyncState) end() durable.Decision[asyncState] {
	return durable.Decision[asyncState]{State: a, Done: true,
		Rows: []db.Stmt{{SQL: `DELETE FROM lambda_async_event WHERE id = $1`, Args: []any{a.ID}}}}
}

func (s *Service) event(ctx context.Context, request string) (payload []byte, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		payload, err = db.One(tx, db.Value[[]byte], `SELECT payload FROM lambda_async_event WHERE id = $1`, request)
		return wrap(err, "read event")
	})
	return payload, err
}

// attempt is the effect that invokes the function once.
func (s *Service) attempt(ctx context.Context, call durable.Call) (any, error) {
	var a asyncState
	if err := json.Unmarshal(call.Args, &a); err != nil {
		return nil, err
	}
	select { // so that a flood of events does not crowd out synchronous invocations
	case s.async <- struct{}{}:
		defer func() { <-s.async }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	payload, err := s.event(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	r, err := s.settings(ctx, a.target())
	if err != nil {
		return nil, err
	}
	ctx = caller.With(ctx, a.Caller)
	e, v, err := s.directory.resolve(ctx, a.target())
	var gone *types.ResourceNotFoundException
	switch {
	case errors.As(err, &gone):
		r.Gone = true
		return r, nil
	case err == nil && v.serves == nil:
		err = notNow(v.state)
	}
	if err != nil {
		return nil, err
	}
	res, err := s.run(ctx, invocation{target: a.target(), request: a.ID, payload: payload, clientContext: a.ClientContext}, e, v)
	r.ExecutedVersion = v.name
	if d := v.serves.Config.DeadLetterConfig; d != nil {
		r.DeadLetters = aws.ToString(d.TargetArn)
	}
	if err != nil {
		r.Refused, r.Throttled, r.Error = true, hasCode(err, "TooManyRequestsException"), err.Error()
		return r, ctx.Err()
	}
	r.FunctionError = res.outcome.FunctionError
	if r.OnSuccess != "" || r.OnFailure != "" || r.DeadLetters != "" {
		if r.Payload = res.outcome.Payload; !json.Valid(r.Payload) {
			r.Payload = json.RawMessage(document(string(res.outcome.Payload)))
		}
	}
	return r, nil
}

// settings are the EventInvokeConfig of what was invoked, or the defaults.
func (s *Service) settings(ctx context.Context, t target) (attempt, error) {
	r := attempt{Retries: defaultRetries, MaxAge: defaultMaxAge}
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		c, err := readEventConfig(tx, t)
		if errors.Is(err, db.ErrNotFound) {
			return nil
		}
		if c.MaximumRetryAttempts != nil {
			r.Retries = int(*c.MaximumRetryAttempts)
		}
		if c.MaximumEventAgeInSeconds != nil {
			r.MaxAge = time.Duration(aws.ToInt32(c.MaximumEventAgeInSeconds)) * time.Second
		}
		r.OnSuccess, r.OnFailure = onSuccess(c.DestinationConfig), onFailure(c.DestinationConfig)
		return err
	})
	return r, err
}
