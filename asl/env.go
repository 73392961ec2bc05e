package asl

import (
	"strings"
	"time"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// env is what the templates, paths and expressions of a state see.
type env struct {
	s   *stepper
	f   *Frame
	st  *State
	now time.Time

	item      *item // of an ItemSelector
	token     string
	result    any // $states.result
	hasResult bool
	failure   any // $states.errorOutput; nil: none

	context *jsonvalue.Object
}

func (s *stepper) env(f *Frame, st *State) *env {
	return &env{s: s, f: f, st: st, now: s.now}
}

func (e *env) random() uint64 { return e.s.random() }

// variable looks a variable up in the frame and those around it.
func (e *env) variable(name string) (any, bool) {
	for f := e.f; f != nil; f = e.s.x.Frames[f.Parent] {
		if v, ok := f.Variables[name]; ok {
			return v.Value(), true
		}
	}
	return nil, false
}

// bindings are the variables that an expression uses: $states, those assigned, and Step Functions' functions.
func (e *env) bindings(x *expression) map[string]any {
	out := map[string]any{}
	addFunctions(out, x.src, e.random)
	for f := e.f; f != nil; f = e.s.x.Frames[f.Parent] {
		for name, v := range f.Variables {
			if _, inner := out[name]; !inner && strings.Contains(x.src, "$"+name) {
				out[name] = v.Value()
				f.Variables[name] = v // keeps the decoded form
			}
		}
	}
	if len(x.parts) == 0 {
		return out
	}
	states := jsonvalue.NewObject(4)
	if x.parts["input"] {
		states.Set("input", e.f.Input.Value())
	}
	if x.parts["context"] {
		states.Set("context", e.contextObject())
	}
	if x.parts["result"] && e.hasResult {
		states.Set("result", e.result)
	}
	if x.parts["errorOutput"] && e.failure != nil {
		states.Set("errorOutput", e.failure)
	}
	out["states"] = states
	return out
}

// withResult is e for what runs after the state's work.
func (e *env) withResult(v any) *env {
	out := *e
	out.result, out.hasResult = v, true
	return &out
}
