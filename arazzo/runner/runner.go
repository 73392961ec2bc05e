package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/auth"
	"github.com/headgate/headgate/arazzo/source"
)

// Runner runs workflows. The zero value does: it uses the machine's network, clock and files. A Runner is not changed by running and may
// run several documents at once.
type Runner struct {
	// Client sends requests; nil is NewClient. It should not follow redirects: documents test for them.
	Client source.Doer
	Clock  Clock // nil: the machine's
	// Loader reads the source descriptions.
	Loader source.Loader
	// Auth says what the user has; its Client and Clock are the runner's unless set.
	Auth auth.Options

	// Sources replaces where source descriptions are read from, by name: paths or URLs.
	Sources map[string]string
	// Servers replaces the base URL of the operations of a source description, by its name; "*" is for those not named.
	Servers map[string]string
	// ServerVariables fill the templates of server URLs.
	ServerVariables map[string]string
	// Documents are at hand for references to other Arazzo documents by their $self.
	Documents []*arazzo.Document
	// Header is added to every request of a step.
	Header http.Header
	// Bindings carry AsyncAPI messages, by protocol. http and https are there for sending unless replaced, and in-process (also inproc, in-memory
	// and memory) for what the steps of a run send to each other.
	Bindings map[string]Binding

	// Strict follows the specification to the letter: what Arazzo documents in the wild do beyond it fails.
	Strict bool
	// AllowLinkLocal permits requests to link-local addresses. Client must permit them as well.
	AllowLinkLocal bool
	// Timeout bounds the whole run; zero: nothing but the context does.
	Timeout time.Duration
	Limits  Limits
	// Parallel is how many workflows run at a time; zero: 4. Steps of a workflow run one after the other.
	Parallel int

	Observer Observer // nil: nobody watches
	// DryRun sends nothing: each step is visited once, in order, and its request is shown, with the expressions themselves in the place of
	// values that only a response gives.
	DryRun bool
	// Record receives the exchanges of the run, for Replay, which answers from them without network, waits and credentials.
	Record io.Writer
	Replay io.Reader
}

// InvalidError is a document, or the inputs for it, that cannot be run.
type InvalidError struct {
	What     string // "the document", "the inputs of workflow x"
	Findings []arazzo.Finding
	Err      error // instead of findings
}

// Error names the first finding and how many there are.
func (e *InvalidError) Error() string {
	if e.Err != nil {
		return e.What + ": " + e.Err.Error()
	}
	var first *arazzo.Finding
	n := 0
	for i, f := range e.Findings {
		if f.Severity != arazzo.SeverityError {
			continue
		}
		if n++; first == nil {
			first = &e.Findings[i]
		}
	}
	switch {
	case first == nil:
		return e.What + " cannot be run"
	case n == 1:
		return fmt.Sprintf("%s: %s", e.What, first)
	}
	return fmt.Sprintf("%s: %s (and %d more)", e.What, first, n-1)
}

// Unwrap gives the cause.
func (e *InvalidError) Unwrap() error { return e.Err }

// Run runs one workflow, and before it those that it depends on. An empty workflowID is the document's first.
//
// The error tells that the run could not take place or go on as asked (an *InvalidError, a *source.Error, an *auth.MissingError, a
// *MismatchError, the end of ctx); a workflow that fails is not an error but a Result. Both are given where the run had begun.
func (r *Runner) Run(ctx context.Context, doc *arazzo.Document, workflowID string, inputs map[string]any) (*Result, error) {
	if workflowID == "" && len(doc.Workflows) > 0 {
		workflowID = doc.Workflows[0].WorkflowID
	}
	return r.start(ctx, doc, []string{workflowID}, map[string]map[string]any{workflowID: inputs})
}

// RunAll runs all workflows of the document in the order of their dependencies, in parallel where these allow it. Inputs are by workflowId.
func (r *Runner) RunAll(ctx context.Context, doc *arazzo.Document, inputs map[string]map[string]any) (*Result, error) {
	ids := make([]string, len(doc.Workflows))
	for i, w := range doc.Workflows {
		ids[i] = w.WorkflowID
	}
	return r.start(ctx, doc, ids, inputs)
}

func (r *Runner) start(ctx context.Context, doc *arazzo.Document, ids []string, inputs map[string]map[string]any) (*Result, error) {
	run, err := newRun(r)
	if err != nil {
		return nil, err
	}
	if r.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = deadline(ctx, run.clock, r.Timeout, &timeoutError{"the run", r.Timeout})
		defer cancel()
	}
	d, err := run.document(doc)
	if err != nil {
		return nil, err
	}
	plans := make([]*workflowPlan, len(ids))
	for i, id := range ids {
		if plans[i], err = d.plan(ctx, id); err != nil {
			return nil, err
		}
	}
	if err := run.resolve(ctx); err != nil {
		return nil, err
	}
	for i, p := range plans {
		if err := run.checkInputs(p, inputs[ids[i]]); err != nil {
			return nil, err
		}
	}
	if err := run.subscribe(ctx); err != nil {
		return nil, err
	}
	defer run.close()
	return run.all(ctx, plans, inputs)
}

// timeoutError is a limit of time that passed.
type timeoutError struct {
	what  string
	limit time.Duration
}

func (e *timeoutError) Error() string {
	return fmt.Sprintf("%s was not done within %v", e.what, e.limit)
}

// ended tells whether it was this limit that ended the context.
func (e *timeoutError) ended(ctx context.Context) bool {
	var cause *timeoutError
	return e != nil && errors.As(context.Cause(ctx), &cause) && cause == e
}

// fatalError ends the whole run, whatever failure actions there are.
type fatalError struct{ err error }

func (e *fatalError) Error() string { return e.err.Error() }
func (e *fatalError) Unwrap() error { return e.err }

// asError tells which fatal errors are the caller's to hear: those that say the run was not possible as asked.
func asError(err error) error {
	var missing *auth.MissingError
	var mismatch *MismatchError
	var tape *tapeError
	switch {
	case errors.As(err, &missing), errors.As(err, &mismatch), errors.As(err, &tape), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return nil
}
