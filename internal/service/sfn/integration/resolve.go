package integration

import (
	"context"
	"crypto/sha256"
	"slices"
	"sync"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/caller"
)

// references are the functions and state machines that a definition names by itself.
type references struct {
	functions []named
	machines  []string // ARNs
	unknown   []string // paths of the tasks whose function depends on the execution's data
}

// named is a function as a task names it.
type named struct{ name, qualifier string }

// findings remembers the references of definitions: every start of an execution asks.
type findings struct {
	mu   sync.Mutex
	seen map[[sha256.Size]byte]*references
}

// maxFindings bounds how many definitions are remembered; beyond it all are forgotten.
const maxFindings = 1000

func (f *findings) of(definition []byte) *references {
	key := sha256.Sum256(definition)
	f.mu.Lock()
	r := f.seen[key]
	f.mu.Unlock()
	if r != nil {
		return r
	}
	r = &references{}
	for _, u := range usesOf(definition) {
		r.add(u)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.seen) >= maxFindings || f.seen == nil {
		f.seen = map[[sha256.Size]byte]*references{}
	}
	f.seen[key] = r
	return r
}

// add notes what a task calls, where the definition alone tells.
func (r *references) add(u use) {
	switch res := u.resource; {
	case u.role != roleTask:
	case res.Kind == asl.LambdaFunction:
		r.function(named{name: res.ARN})
	case invokes(res):
		name, ok := u.text("FunctionName")
		qualifier, qualified := u.text("Qualifier")
		if ok && qualified {
			r.function(named{name, qualifier})
		} else {
			r.unknown = append(r.unknown, u.path)
		}
	case res.Action == "startExecution" && (res.Service == "states" || res.Service == sdkPrefix+"sfn"):
		if machine, ok := u.text("StateMachineArn"); ok && machine != "" && !slices.Contains(r.machines, machine) {
			r.machines = append(r.machines, machine)
		}
	}
}

// invokes tells the resources that call a function which a parameter names.
func invokes(r asl.Resource) bool {
	return r.Kind == asl.Service && r.Action == "invoke" && (r.Service == "lambda" || r.Service == sdkPrefix+"lambda")
}

func (r *references) function(n named) {
	if n.name != "" && !slices.Contains(r.functions, n) {
		r.functions = append(r.functions, n)
	}
}

// eachFunction calls f for every function that the definition names, or one of the state machines that it starts.
func (s *Set) eachFunction(ctx context.Context, c caller.Caller, definition []byte, f func(function) error) error {
	visited := map[string]bool{}
	var visit func(definition []byte) error
	visit = func(definition []byte) error {
		r := s.found.of(definition)
		for _, n := range r.functions {
			if fn, ok := parseFunction(c, n.name, n.qualifier); ok {
				if err := f(fn); err != nil {
					return err
				}
			}
		}
		for _, machine := range r.machines {
			if visited[machine] || s.Machines == nil {
				continue
			}
			visited[machine] = true
			nested, err := s.Machines.Definition(ctx, machine)
			if err != nil {
				if _, answered := apiError(err); answered {
					continue // there is no such state machine, yet
				}
				return err
			}
			if err := visit(nested); err != nil {
				return err
			}
		}
		return nil
	}
	return visit(definition)
}

// Resolve pins every function that the definition names by itself, those of the state machines that it starts included: an
// alias to the version that it leads to, an unqualified function to a version of $LATEST as it is now. Functions that are named
// by their number need no pin; those that are not there get none (see Call.Exact), nor do those that only the execution's data
// name. It waits while a function is being updated.
func (s *Set) Resolve(ctx context.Context, c Call, definition []byte) (Pins, error) {
	pins := Pins{}
	ctx = c.with(ctx)
	err := s.eachFunction(ctx, caller.From(ctx), definition, func(f function) error {
		if _, done := pins[f.arn()]; done || f.pinned() {
			return nil
		}
		version, err := s.pin(ctx, c.Execution, f)
		if err == nil && version != "" {
			pins[f.arn()] = version
		}
		return err
	})
	return pins, err
}

// Versions lists the function versions (qualified ARNs) that an execution of the definition will call whatever it is pinned to:
// those that the definition, or a state machine that it starts, names by their numbers. The values of the execution's Pins are
// needed as well.
func (s *Set) Versions(ctx context.Context, c Call, definition []byte) ([]string, error) {
	var out []string
	ctx = c.with(ctx)
	err := s.eachFunction(ctx, caller.From(ctx), definition, func(f function) error {
		if f.pinned() && !slices.Contains(out, f.arn()) {
			out = append(out, f.arn())
		}
		return nil
	})
	return out, err
}

// Unpinned lists what an execution of the definition calls that Resolve cannot tell: the states whose function depends on the
// execution's data, by path.
func (s *Set) Unpinned(definition []byte) []string {
	return slices.Clone(s.found.of(definition).unknown)
}
