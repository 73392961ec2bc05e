package asl

import "github.com/headgate/headgate/asl/jsonvalue"

// Query languages of a state machine or a state.
const (
	JSONPath = "JSONPath"
	JSONata  = "JSONata"
)

// Types of state.
const (
	TypeTask     = "Task"
	TypePass     = "Pass"
	TypeChoice   = "Choice"
	TypeWait     = "Wait"
	TypeSucceed  = "Succeed"
	TypeFail     = "Fail"
	TypeParallel = "Parallel"
	TypeMap      = "Map"
)

// StateMachine is a checked definition. It never changes: any number of executions and goroutines may share it.
type StateMachine struct {
	Comment        string
	Version        string
	QueryLanguage  string
	TimeoutSeconds int64 // 0: none
	Scope
}

// Scope is a set of states with a start: a state machine, a branch, or an item processor.
type Scope struct {
	StartAt string
	States  map[string]*State
	names   []string // in the definition's order
}

// Names returns the names of the states in the definition's order.
func (sc *Scope) Names() []string { return sc.names }

// State is one state. Exactly one of its kind's fields is set.
type State struct {
	Name          string
	Type          string
	Comment       string
	QueryLanguage string
	Next          string
	End           bool

	// Data flow, JSONPath. Nil selectors mean the default, $.
	inputPath, outputPath *selector // selector.null: null
	resultPath            *resultPath
	parameters            *template
	resultSelector        *template
	// Data flow, JSONata.
	arguments, output *template
	// Both.
	assign *template
	retry  []retrier
	catch  []catcher

	Task     *Task
	Pass     *Pass
	Choice   *Choice
	Wait     *Wait
	Fail     *Fail
	Parallel *Parallel
	Map      *Map
}

func (s *State) jsonata() bool { return s.QueryLanguage == JSONata }

// Constant returns what a member of Parameters or Arguments is, if it does not depend on any execution: the
// FunctionName that a lambda:invoke task always calls, say.
func (s *State) Constant(name string) (any, bool) {
	t := s.parameters
	if s.jsonata() {
		t = s.arguments
	}
	if t == nil || !t.object {
		return nil, false
	}
	for _, m := range t.members {
		if m.name == name && m.value.constant {
			return m.value.value, true
		}
	}
	return nil, false
}

// terminal tells whether the state ends its scope.
func (s *State) terminal() bool {
	return s.End || s.Type == TypeSucceed || s.Type == TypeFail
}

// scopes returns the scopes inside a state.
func (s *State) scopes() []*Scope {
	var out []*Scope
	if s.Parallel != nil {
		for i := range s.Parallel.Branches {
			out = append(out, &s.Parallel.Branches[i])
		}
	}
	if s.Map != nil {
		out = append(out, &s.Map.Processor)
	}
	return out
}

// Walk calls f for every state, those inside Parallel and Map states included; path is the state's place
// in the definition.
func (m *StateMachine) Walk(f func(path string, s *State)) { m.walk("", f) }

func (sc *Scope) walk(at string, f func(path string, s *State)) {
	for _, name := range sc.names {
		s := sc.States[name]
		path := at + "/States/" + name
		f(path, s)
		if s.Parallel != nil {
			for i := range s.Parallel.Branches {
				s.Parallel.Branches[i].walk(path+"/Branches["+itoa(i)+"]", f)
			}
		}
		if s.Map != nil {
			s.Map.Processor.walk(path+"/"+s.Map.processorField, f)
		}
	}
}

// Object is a JSON object with its members' order.
type Object = jsonvalue.Object

// Text is a JSON value together with its spelling.
type Text = jsonvalue.Text
