package lambda

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/sandbox/environment"
)

// Limits of an event, in bytes (FACTS §4).
const (
	maxSync  = 6 << 20
	maxAsync = 1 << 20
)

// maxDeliveries is how many environments may end under an event before it is the function's fault.
const maxDeliveries = 3

// invocation is one event on its way to a function.
type invocation struct {
	target
	request       string // id
	payload       []byte // JSON
	clientContext string // JSON
	tail          bool
}

// result is what became of it.
type result struct {
	version *version
	outcome environment.Outcome
	tailed  string // base64
}

// Invoke runs a function. RequestResponse waits for it, also when the caller has gone away; Event
// returns once the event is stored; DryRun only checks.
func (s *Service) Invoke(ctx context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	t, err := parseTarget(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if err := firstError(notHere(in.TenantId != nil, "Tenant isolation (TenantId) is"), notHere(in.DurableExecutionName != nil, "Durable functions (DurableExecutionName) are")); err != nil {
		return nil, err
	}
	call := invocation{target: t, payload: in.Payload, tail: in.LogType == types.LogTypeTail}
	if call.clientContext, err = decodeClientContext(in.ClientContext); err != nil {
		return nil, err
	}
	limit := maxSync
	if in.InvocationType == types.InvocationTypeEvent {
		limit = maxAsync
	}
	if err := call.checkPayload(limit); err != nil {
		return nil, err
	}
	e, v, err := s.directory.resolve(ctx, t)
	if err == nil && v.serves == nil {
		err = notNow(v.state)
	}
	if err != nil {
		return nil, err
	}
	call.request = s.requests.take(ctx)
	switch in.InvocationType {
	case types.InvocationTypeDryRun:
		return &lambda.InvokeOutput{StatusCode: 204}, nil
	case types.InvocationTypeEvent:
		if err := s.enqueue(ctx, call); err != nil {
			return nil, err
		}
		return &lambda.InvokeOutput{StatusCode: 202}, nil
	}
	r, err := s.run(ctx, call, e, v)
	if err != nil {
		return nil, err
	}
	out := &lambda.InvokeOutput{StatusCode: 200, ExecutedVersion: &v.name, Payload: r.outcome.Payload}
	if r.outcome.FunctionError != "" {
		out.FunctionError = &r.outcome.FunctionError
	}
	if call.tail {
		out.LogResult = &r.tailed
	}
	return out, nil
}

func decodeClientContext(encoded *string) (string, error) {
	if aws.ToString(encoded) == "" {
		return "", nil
	}
	b, err := base64.StdEncoding.DecodeString(*encoded)
	if err != nil || !json.Valid(b) {
		return "", &types.InvalidRequestContentException{Type: aws.String("User"), Message: aws.String("Client context must be a valid Base64-encoded JSON object.")}
	}
	return string(b), nil
}

func (c *invocation) checkPayload(limit int) error {
	if len(c.payload) > limit {
		return &types.RequestTooLargeException{Type: aws.String("User"),
			Message: aws.String(fmt.Sprintf("Request must be smaller than %d bytes for the InvokeFunction operation", limit))}
	}
	if len(c.payload) == 0 {
		c.payload = []byte("{}")
	}
	if json.Valid(c.payload) {
		return nil
	}
	var v any
	err := json.Unmarshal(c.payload, &v)
	return &types.InvalidRequestContentException{Type: aws.String("User"), Message: aws.String(fmt.Sprintf("Could not parse request body into json: %v", err))}
}

// run invokes the version chosen, within the concurrency limits.
func (s *Service) run(ctx context.Context, call invocation, e *entry, v *version) (result, error) {
	m := measured{at: s.Clock.Now()}
	var err error
	if m.concurrent, err = s.usage.begin(e); err != nil {
		m.throttled = true
		s.metrics.record(call.target, v.name, m)
		return result{}, err
	}
	defer s.usage.end(e)
	in := &environment.Invocation{RequestID: call.request, InvokedFunctionARN: call.target.arn(), Payload: call.payload,
		Timeout: v.timeout(), ClientContext: call.clientContext, TraceID: traceID(m.at)}
	for try := 1; ; try++ {
		sl, err := s.pool.get(ctx, v)
		if err != nil {
			return result{}, s.notStarted(ctx, v, err)
		}
		m.at = s.Clock.Now()
		r, err := s.deliver(ctx, sl, call, in, v)
		if errors.Is(err, environment.ErrNotDelivered) {
			if try < maxDeliveries {
				continue // it had ended between two invocations: the event was not seen by anybody
			}
			r, err = result{version: v, outcome: exited(call.request)}, nil
		}
		if err != nil {
			return r, s.notStarted(ctx, v, err)
		}
		m.duration, m.failed = r.outcome.Duration, r.outcome.FunctionError != ""
		s.metrics.record(call.target, v.name, m)
		return r, nil
	}
}

// exited is the outcome where each new process ends before it takes an event.
func exited(request string) environment.Outcome {
	return environment.Outcome{FunctionError: "Unhandled", ErrorType: "Runtime.ExitError", Status: environment.Crashed,
		Payload: []byte(document(struct {
			ErrorType    string `json:"errorType"`
			ErrorMessage string `json:"errorMessage"`
		}{"Runtime.ExitError", "RequestId: " + request + " Error: Runtime exited without providing a reason"}))}
}

// deliver runs one invocation in the environment and gives it back to the pool.
func (s *Service) deliver(ctx context.Context, sl *slot, call invocation, in *environment.Invocation, v *version) (r result, err error) {
	end := environment.AfterFailure
	defer func() { s.pool.put(sl, end) }()
	if !sl.env.Alive() {
		return r, environment.ErrNotDelivered
	}
	if call.tail {
		sl.logs.follow()
	}
	l := lines(&v.serves.Config, sl.logs)
	l.start(s.Clock.Now(), call.request, v)
	r.version = v
	// Lambda finishes what it began: a caller that goes away does not stop the function.
	if r.outcome, err = sl.env.Invoke(context.WithoutCancel(ctx), in); err != nil {
		return r, err
	}
	l.report(s.Clock.Now(), call.request, &r.outcome)
	if call.tail {
		r.tailed = sl.logs.tailed()
	}
	switch r.outcome.Status {
	case environment.TimedOut:
		end = environment.AfterTimeout
	case environment.Crashed:
	default:
		end = ""
	}
	return r, nil
}

// notStarted turns the platform's own trouble into what Lambda answers: a ServiceException, 500.
func (s *Service) notStarted(ctx context.Context, v *version, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.log.Error("function cannot be run", "function", v.arn, "error", err)
	return &types.ServiceException{Type: aws.String("Service"), Message: aws.String("The function could not be started on this host: " + err.Error())}
}

// traceID is an X-Ray trace header; nothing is sampled, since there is no X-Ray here.
func traceID(at time.Time) string {
	return fmt.Sprintf("Root=1-%08x-%016x%08x;Parent=%016x;Sampled=0", uint32(at.Unix()), rand.Uint64(), rand.Uint32(), rand.Uint64())
}
