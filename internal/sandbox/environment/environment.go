package environment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/headgate/headgate/internal/runtime"
	"github.com/headgate/headgate/internal/runtimeapi"
)

// Environment is one execution environment of one version.
type Environment struct {
	host        *Host
	function    Function
	interpreter runtime.Interpreter
	log         func([]byte)
	id          string
	starts      int

	current atomic.Pointer[generation]
	dead    atomic.Bool

	busy         sync.Mutex // held by Invoke
	initFailure  *fault
	initDuration time.Duration // reported with the first invocation, then 0
	timer        *time.Timer
	event        runtimeapi.Invocation // reused
}

// Invocation is one event.
type Invocation struct {
	RequestID          string
	InvokedFunctionARN string
	Payload            []byte
	Timeout            time.Duration // the function's, in real time
	ClientContext      string        // JSON, decoded from the header's base64
	CognitoIdentity    string        // JSON
	TraceID            string
	Stream             io.Writer // receives a streamed response; nil collects it in Payload
}

// Status is how an invocation ended.
type Status string

// The ends.
const (
	Success  Status = "success"
	Failed   Status = "error"   // the function reported an error
	Crashed  Status = "failure" // a process ended, or the function could not be initialized
	TimedOut Status = "timeout"
)

// Outcome is an invocation's end. All output of the invocation has been handed to the log
// callback when Invoke returns it.
type Outcome struct {
	Payload       []byte
	FunctionError string // "" or "Unhandled"
	ErrorType     string // e.g. "Sandbox.Timedout"
	Status        Status
	ContentType   string // of a streamed response

	Duration     time.Duration // without the initialization before the first invocation
	Billed       time.Duration // whole milliseconds, with the initialization
	InitDuration time.Duration // not zero on the first invocation only
	MaxMemoryMB  int           // the environment's peak so far

	// Line is what Lambda logs about an end that the function did not log itself, e.g.
	// "2026-… <id> Task timed out after 3.00 seconds". It belongs before END.
	Line string
}

// ErrNotDelivered says that the function never saw the event, as its environment had ended: the
// invocation may be given to another one.
var ErrNotDelivered = errors.New("environment: the event was not delivered")

// Alive reports whether the environment can take another invocation.
func (e *Environment) Alive() bool {
	if e.dead.Load() {
		return false
	}
	select {
	case <-e.current.Load().ended:
		return e.initFailure != nil // its init will be tried again
	default:
		return true
	}
}

// Done is closed when one of the processes has ended, so the environment can no longer be used;
// for a failed init, until that is repeated, it is closed already.
func (e *Environment) Done() <-chan struct{} { return e.current.Load().ended }

// Substitute tells which interpreter stands in for the runtime asked for; empty if none does.
func (e *Environment) Substitute() string { return e.interpreter.Substitute }

// Invoke runs one invocation and enforces its time-out. The error is ErrNotDelivered, or ctx's,
// whose end kills the environment; what the function does wrong is in the Outcome.
func (e *Environment) Invoke(ctx context.Context, inv *Invocation) (Outcome, error) {
	if !e.busy.TryLock() {
		return Outcome{}, fmt.Errorf("environment: %w", runtimeapi.ErrBusy)
	}
	defer e.busy.Unlock()
	if e.dead.Load() {
		return Outcome{}, ErrNotDelivered
	}
	began := time.Now()
	g := e.current.Load()
	if e.initFailure != nil {
		f, err := e.reinitialize(ctx, began, inv.Timeout)
		g = e.current.Load()
		if err == errTimeout {
			return e.timeout(g, inv, began), nil
		}
		if err != nil {
			e.dead.Store(true)
			return Outcome{}, err
		}
		if f != nil {
			return e.crash(g, inv, began, *f), nil
		}
	}
	return e.run(ctx, g, inv, began)
}

// run hands the event over and waits for whatever ends the invocation.
func (e *Environment) run(ctx context.Context, g *generation, inv *Invocation, began time.Time) (Outcome, error) {
	e.event = runtimeapi.Invocation{
		RequestID: inv.RequestID, Deadline: began.Add(inv.Timeout), InvokedFunctionARN: inv.InvokedFunctionARN,
		TraceID: inv.TraceID, ClientContext: inv.ClientContext, CognitoIdentity: inv.CognitoIdentity, Payload: inv.Payload, Stream: inv.Stream,
	}
	results, err := g.api.Send(&e.event)
	if err != nil {
		e.dead.Store(true)
		return Outcome{}, fmt.Errorf("%w: %w", ErrNotDelivered, err)
	}
	if e.timer == nil {
		e.timer = time.NewTimer(time.Until(e.event.Deadline))
	} else {
		e.timer.Reset(time.Until(e.event.Deadline))
	}
	defer e.timer.Stop()
	select {
	case r := <-results:
		return e.answered(g, began, r), nil
	case <-g.ended:
		select {
		case r := <-results: // it answered, and then ended
			return e.answered(g, began, r), nil
		default:
		}
		if g.api.Withdraw() {
			e.dead.Store(true)
			return Outcome{}, ErrNotDelivered
		}
		return e.crash(g, inv, began, g.end), nil
	case <-e.timer.C:
		return e.timeout(g, inv, began), nil
	case <-ctx.Done():
		e.dead.Store(true)
		g.kill()
		return Outcome{}, fmt.Errorf("environment: %w", ctx.Err())
	}
}

// reinitialize repeats a failed init within the first invocation, whose time-out bounds it.
func (e *Environment) reinitialize(ctx context.Context, began time.Time, limit time.Duration) (*fault, error) {
	e.initDuration = 0 // it becomes a part of the invocation
	e.current.Load().kill()
	ctx, cancel := context.WithDeadlineCause(ctx, began.Add(limit), errTimeout)
	defer cancel()
	g, err := e.begin(ctx)
	if err == nil {
		e.current.Store(g)
		if f := g.initialize(ctx); f != nil && ctx.Err() == nil {
			return f, nil
		}
	}
	if ctx.Err() != nil {
		if context.Cause(ctx) == errTimeout {
			return nil, errTimeout
		}
		return nil, fmt.Errorf("environment: %w", ctx.Err())
	}
	if err == nil {
		e.initFailure = nil
	}
	return nil, err
}

func (e *Environment) answered(g *generation, began time.Time, r runtimeapi.Result) Outcome {
	o := Outcome{Payload: r.Payload, FunctionError: r.FunctionError, ErrorType: r.ErrorType, Status: Success, ContentType: r.ContentType}
	if r.FunctionError != "" {
		o.Status = Failed
	}
	return e.report(g, o, began)
}

// crash is the outcome of an invocation whose processes ended or did not initialize.
func (e *Environment) crash(g *generation, inv *Invocation, began time.Time, f fault) Outcome {
	e.dead.Store(true)
	text := "RequestId: " + inv.RequestID + " Error: " + f.message
	o := Outcome{Payload: f.payload, FunctionError: "Unhandled", ErrorType: f.kind, Status: Crashed}
	if o.Payload == nil {
		o.Payload, o.Line = document(f.kind, text), text+"\n"+f.kind
	}
	if g.proc != nil && g.proc.OutOfMemory() {
		g.meter.Add(e.function.MemoryMB << 10)
	}
	return e.report(g, o, began)
}

// timeout ends the function: at once, unless extensions are still to be told, which Close does.
func (e *Environment) timeout(g *generation, inv *Invocation, began time.Time) Outcome {
	e.dead.Store(true)
	text := fmt.Sprintf("Task timed out after %.2f seconds", inv.Timeout.Seconds())
	o := Outcome{
		Payload:       document("Sandbox.Timedout", "RequestId: "+inv.RequestID+" Error: "+text),
		FunctionError: "Unhandled", ErrorType: "Sandbox.Timedout", Status: TimedOut,
		Line: time.Now().UTC().Format("2006-01-02T15:04:05.000Z ") + inv.RequestID + " " + text,
	}
	o = e.report(g, o, began)
	if n, _ := g.api.Registered(); n == 0 {
		g.kill()
	} else {
		g.proc.Signal(runtimeName, syscall.SIGKILL)
	}
	g.flush()
	o.Duration = inv.Timeout // as Lambda reports it
	o.Billed = billed(o.Duration + o.InitDuration)
	return o
}

// report adds the measurements, and flushes the output.
func (e *Environment) report(g *generation, o Outcome, began time.Time) Outcome {
	now := time.Now()
	o.Duration = now.Sub(began)
	o.InitDuration, e.initDuration = e.initDuration, 0
	o.Billed = billed(o.Duration + o.InitDuration)
	if g.meter != nil {
		o.MaxMemoryMB = g.meter.PeakMB(now)
	}
	g.flush()
	return o
}

// billed rounds up to whole milliseconds.
func billed(d time.Duration) time.Duration {
	return (d + time.Millisecond - 1).Truncate(time.Millisecond)
}

func document(kind, message string) []byte {
	b, _ := json.Marshal(struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}{kind, message})
	return b
}
