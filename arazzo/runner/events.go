package runner

import (
	"net/http"
	"time"

	"github.com/headgate/headgate/arazzo"
)

// Observer watches a run. It is called by one goroutine at a time, in the order of what happens, and holds the run up while it works.
type Observer interface {
	Observe(Event)
}

// ObserverFunc makes a function an Observer.
type ObserverFunc func(Event)

// Observe calls the function.
func (f ObserverFunc) Observe(e Event) { f(e) }

// Observers passes events on to several, in order.
func Observers(list ...Observer) Observer {
	return ObserverFunc(func(e Event) {
		for _, o := range list {
			o.Observe(e)
		}
	})
}

// Event is one of the structs of this file. What events carry is masked already: credentials and inputs of format password show as "***".
type Event interface {
	From() Origin
}

// Origin says where and when something happened.
type Origin struct {
	Time       time.Time
	Run        int    // numbers the workflow runs of one Run from 1, so that repeated and parallel ones can be told apart
	Parent     int    // the workflow run whose step this one is; 0: none
	WorkflowID string // empty in events of the whole run
	StepID     string // empty in events of a workflow
	Attempt    int    // of the step's present visit, from 1
	Depth      int    // 0 for workflows that are not steps of others
}

// From implements Event.
func (o Origin) From() Origin { return o }

// WorkflowStarted begins a workflow.
type WorkflowStarted struct {
	Origin
	Summary string
	Steps   []string // its stepIds in document order
	Inputs  map[string]any
}

// StepStarted begins a visit of a step.
type StepStarted struct {
	Origin
	Description string
	Operation   string // "GET /pets/{id}", "send orders", "workflow login"
	Line        int
}

// RequestSent precedes an attempt. In a dry run it is all there is of it.
type RequestSent struct {
	Origin
	Exchange int // numbers the requests of a run; its response carries the same
	Method   string
	URL      string
	Header   http.Header
	Body     []byte
	Security []string // the schemes of the description by which it is signed
	DryRun   bool
}

// ResponseReceived ends an attempt's exchange. Err is set where there was no answer.
type ResponseReceived struct {
	Origin
	Exchange   int
	Proto      string
	StatusCode int
	Header     http.Header
	Body       []byte
	Err        error
	FirstByte  time.Duration // until the header was there
	Duration   time.Duration // until the body was read
}

// MessageSent and MessageReceived are a channel's traffic.
type MessageSent struct {
	Origin
	Channel  string
	Protocol string
	Header   http.Header
	Payload  any
	DryRun   bool
}

// MessageReceived is a message that a step took.
type MessageReceived struct {
	Origin
	Channel  string
	Protocol string
	Header   http.Header
	Payload  any
	Waited   time.Duration
}

// CriterionEvaluated tells what a condition came to, and why.
type CriterionEvaluated struct {
	Origin
	Action    string // the action whose criterion it is; empty: the step's successCriteria
	Index     int
	Condition string
	Passed    bool
	Reason    string // why it did not pass
}

// ActionTaken tells which action decided about what comes next.
type ActionTaken struct {
	Origin
	Name   string
	Type   string // end, goto, retry
	Target string // the step or workflow; may be empty
}

// RetryWaiting precedes the wait before another attempt.
type RetryWaiting struct {
	Origin
	Action   string
	Retry    int // number of the retry that comes, from 1
	Limit    int
	Delay    time.Duration
	ByServer bool   // the delay is the response's Retry-After
	Reason   string // why the attempt failed
}

// StepEnded ends a visit of a step.
type StepEnded struct {
	Origin
	Result *StepResult // not to be changed
}

// WorkflowEnded ends a workflow.
type WorkflowEnded struct {
	Origin
	Result *WorkflowResult // not to be changed
}

// Warned tells of something that was tolerated, once per rule and place.
type Warned struct {
	Origin
	Finding arazzo.Finding
}
