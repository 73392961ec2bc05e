package asl

import (
	"strings"
	"time"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// StateTest is what TestState is asked for: one state, run alone.
type StateTest struct {
	Definition []byte // a state, or a state machine of which StateName is tested
	StateName  string
	Info       Info
	Input      Text
	// Context replaces the context object if set. Without it a state inside a Map state sees the input as the first item.
	Context    *Object
	Variables  map[string]Text // assigned before
	RetryCount int             // how often the state was retried before
	// Failed is how many iterations of a Map state failed, of which its tolerance decides.
	Failed int
	// ReaderData is what a Map state's ItemReader would read, in the form that its ReaderConfig tells; nil if nothing is given.
	ReaderData []byte
	// Mock stands for the state's work: a Task's result, a Map's or Parallel's. Without it Work does a Task's.
	Mock *Mock
	Work func(ScheduleTask) Event
}

// Mock is a result, or an error.
type Mock struct {
	Result       Text
	Failed       bool
	Error, Cause string
}

// Statuses of a tested state.
const (
	TestSucceeded = "SUCCEEDED"
	TestFailed    = "FAILED"
	TestRetriable = "RETRIABLE"
	TestCaught    = "CAUGHT_ERROR"
)

// StateResult is what a tested state did.
type StateResult struct {
	Status       string
	Output       Text
	NextState    string
	Error, Cause string
	Variables    map[string]Text // as the state left them
	Inspection   Inspection
}

// ParseState reads the state to test: Definition's own, or the one named, which is nil if the definition has none of
// that name.
func (t *StateTest) ParseState() (*StateMachine, *State, error) {
	m, st, _, err := t.parse()
	return m, st, err
}

// parse is ParseState; inMap tells that the state is part of a Map state's item processor.
func (t *StateTest) parse() (_ *StateMachine, _ *State, inMap bool, _ error) {
	v, err := jsonvalue.Decode(t.Definition)
	if o, ok := v.(*jsonvalue.Object); err == nil && ok && t.StateName != "" {
		if _, machine := o.Get("States"); machine {
			m, err := Parse(t.Definition)
			if err != nil {
				return nil, nil, false, err
			}
			var found *State
			m.Walk(func(path string, s *State) {
				if s.Name == t.StateName {
					found = s
					inMap = strings.Contains(path, "/ItemProcessor/States/") || strings.Contains(path, "/Iterator/States/")
				}
			})
			return m, found, inMap, nil
		}
	}
	if err != nil {
		return nil, nil, false, &DefinitionError{[]Diagnostic{jsonDiagnostic(string(t.Definition), err)}}
	}
	const name = "StateName" // what AWS calls a state that has none
	p := &parser{names: map[string]string{}, root: JSONPath}
	f := p.fields(v, "/", false)
	if s := f.text("QueryLanguage"); s == JSONata {
		p.root = JSONata
	}
	s := p.state(name, f, p.root)
	if len(p.found) > 0 {
		return nil, nil, false, &DefinitionError{p.found}
	}
	m := &StateMachine{QueryLanguage: p.root, Scope: Scope{StartAt: name, States: map[string]*State{name: s}, names: []string{name}}}
	return m, s, false, nil
}

// Run runs the state once: no retry is made, no time-out waited for, no next state entered.
func (t *StateTest) Run(now time.Time) (*StateResult, error) {
	_, st, inMap, err := t.parse()
	if err != nil {
		return nil, err
	}
	if st == nil {
		return nil, &DefinitionError{[]Diagnostic{{Severity: SeverityError, Code: CodeTarget, Message: "State not found: " + t.StateName, Location: "/States"}}}
	}
	m := &StateMachine{QueryLanguage: st.QueryLanguage, Scope: Scope{StartAt: st.Name, States: map[string]*State{st.Name: st}, names: []string{st.Name}}}
	info := t.Info
	if inMap && t.Context == nil {
		info.MapRunARN, info.Item = info.MachineARN+"/test", t.Input // that of the iteration's item, index 0
	}
	x := New(info, t.Input)
	x.StartedAt = now.UTC().Truncate(time.Millisecond)
	result := &StateResult{Inspection: Inspection{Data: map[string]Text{"input": t.Input}, Numbers: map[string]float64{}}}
	s := &stepper{m: m, x: x, now: x.StartedAt, inspect: &result.Inspection, overrides: t.Context}
	f := s.spawn(&Frame{State: st.Name, Input: t.Input, EnteredAt: s.now, RetryCount: t.RetryCount, Variables: t.Variables, Retries: map[int]int{}})
	// The test says how often the state was retried, not by which retrier: each is taken to have done all of them.
	for i := range st.retry {
		f.Retries[i] = t.RetryCount
	}
	s.execute(f)
	t.work(s, f, st)
	t.conclude(s, f, st, result)
	result.Variables = f.Variables
	return result, nil
}

// work ends what the state waits for: with the mock, or for a task with what Work does.
func (t *StateTest) work(s *stepper, f *Frame, st *State) {
	if f.Phase == PhaseWaiting {
		s.waited(f)
		return
	}
	if f.Phase != PhaseTask && f.Phase != PhaseMapRun && f.Phase != PhaseChildren {
		return
	}
	if t.Mock == nil {
		if len(s.out.Commands) == 1 && t.Work != nil {
			s.handle(t.Work(s.out.Commands[0].(ScheduleTask)))
		}
		return
	}
	e := s.env(f, st)
	in, _ := s.selectPath(st.inputPath, f.Input, e)
	var run MapRunSpec
	if st.Map != nil {
		if failure := t.inspectItems(s, f, st); failure != nil {
			s.fail(f, failure)
			return
		}
		_ = s.tolerance(st.Map, e, in, &run) // it was evaluated when the run was started
		items, _ := t.Mock.Result.Value().([]any)
		tolerates := st.Map.toleratedCount.set || st.Map.toleratedShare.set
		if tolerates && run.exceeded(t.Failed, len(items)) {
			s.fail(f, &Failure{Code: ErrTolerated, Cause: "The specified tolerated failure threshold was exceeded", placed: true})
			return
		}
	}
	if t.Mock.Failed {
		s.fail(f, &Failure{Code: t.Mock.Error, Cause: t.Mock.Cause, placed: true})
		return
	}
	if st.Task != nil {
		s.inspect.set("result", t.Mock.Result)
	}
	f.Group = nil
	s.complete(f, st, e, t.Mock.Result)
}

// conclude reads off what became of the state.
func (t *StateTest) conclude(s *stepper, f *Frame, st *State, r *StateResult) {
	for _, e := range s.out.History { // a failure that was retried or caught leaves its name here only
		if e.Error != "" || e.Cause != "" {
			r.Error, r.Cause = e.Error, e.Cause
		}
	}
	if s.inspect.failure != nil {
		r.Error, r.Cause = s.inspect.failure.Code, s.inspect.failure.Cause
	}
	switch {
	case f.Phase == PhaseRetrying:
		r.Status = TestRetriable
	case s.x.Status == Failed:
		r.Status, r.Error, r.Cause = TestFailed, s.x.Error, s.x.Cause
	default:
		r.Status = TestSucceeded
		if s.inspect.CatchIndex != nil {
			r.Status = TestCaught
		}
		if r.Output = f.Input; s.x.Status == Succeeded {
			r.Output = s.x.Output
		} else if f.Phase == PhaseReady {
			r.NextState = f.State
		}
	}
}
