package cloudformation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/service/cloudformation/resource"
	"github.com/headgate/headgate/internal/template"
)

// evaluate finds out what a resource is to be, now that what it depends on is done, and what that
// takes: nothing, an update, a replacement or a new resource with its physical name.
func (s *Service) evaluate(ctx context.Context, call durable.Call) (any, error) {
	a, err := argsOf(call)
	if err != nil {
		return nil, err
	}
	w, err := s.inForce(ctx, call.Instance, a)
	if err != nil {
		return nil, err
	}
	rows, err := view(ctx, s, func(tx *db.Tx) (standing, error) {
		return someStanding(tx, a.StackID, append(w.bound.Dependencies(a.Logical), a.Logical))
	})
	if err != nil {
		return nil, durable.Retry(err, time.Second)
	}
	e := &evaluation{}
	if e.Doc, err = s.document(w, a, rows); err != nil {
		return nil, err
	}
	return e, s.choose(ctx, a, rows[a.Logical], e)
}

// force is what an operation evaluates with. It does not change while the operation goes forward.
type force struct {
	stack *stack
	bound *template.Bound
}

// inForce reads and binds the operation's template, once on each node.
func (s *Service) inForce(ctx context.Context, operation string, a effectArgs) (*force, error) {
	s.mu.Lock()
	w := s.forces[operation]
	s.mu.Unlock()
	if w != nil {
		return w, nil
	}
	st, err := view(ctx, s, func(tx *db.Tx) (*stack, error) { return findStack(tx, a.Caller, a.StackID, true) })
	if err != nil {
		return nil, durable.Retry(err, time.Second)
	}
	t, err := template.Parse([]byte(st.Processed))
	if err != nil {
		return nil, err
	}
	env := envOf(st)
	env.Import = func(name string) (string, error) {
		return view(context.Background(), s, func(tx *db.Tx) (string, error) { return exportValue(tx, st.Caller, name) })
	}
	w = &force{stack: st}
	if w.bound, err = t.Bind(env); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.forces) > 32 { // operations that ended: begin anew
		clear(s.forces)
	}
	s.forces[operation] = w
	return w, nil
}

func envOf(st *stack) template.Env {
	c := st.Caller
	env := template.Env{Partition: caller.PartitionOf(c.Region), Region: c.Region, AccountID: c.Account, StackName: st.Name, StackID: st.ID,
		NotificationARNs: st.Definition.NotificationARNs, Parameters: map[string]string{}}
	for _, p := range st.Definition.Parameters {
		env.Parameters[p.Key] = p.Value
	}
	return env
}

// document evaluates all that is kept of a resource.
func (s *Service) document(w *force, a effectArgs, rows standing) (doc document, err error) {
	b, st := w.bound, w.stack
	r := b.Resource(a.Logical)
	if r == nil {
		return doc, fmt.Errorf("resource %s is not in the template", a.Logical)
	}
	doc = document{DependsOn: b.Dependencies(a.Logical), DeletionPolicy: r.DeletionPolicy, UpdateReplacePolicy: r.UpdateReplacePolicy}
	if doc.Properties, err = b.Properties(a.Logical, rows); err != nil {
		return doc, err
	}
	if doc.UpdatePolicy, err = b.UpdatePolicy(a.Logical, rows); err != nil {
		return doc, err
	}
	if s.types.Schema(a.Type).Takes("Tags") && len(st.Definition.Tags) > 0 {
		doc.Tags = map[string]string{}
		for _, t := range st.Definition.Tags {
			doc.Tags[t.Key] = t.Value
		}
	}
	if r.Metadata != nil {
		raw, err := json.Marshal(r.Metadata)
		if err != nil {
			return doc, err
		}
		doc.Metadata = string(raw)
	}
	if err := s.types.Schema(a.Type).Check(doc.Properties); err != nil {
		return doc, malformed(a.Logical, err)
	}
	return doc, nil
}

func malformed(logical string, err error) error {
	if strings.HasPrefix(err.Error(), "Encountered unsupported property") {
		return err
	}
	return fmt.Errorf("Properties validation failed for resource %s with message: [%w]", logical, err)
}

// choose completes an evaluation with the action and the physical name.
func (s *Service) choose(ctx context.Context, a effectArgs, have *resourceRow, e *evaluation) error {
	schema := s.types.Schema(a.Type)
	e.Named = schema.Name.Max > 0
	if a.Old && have != nil {
		e.Doc.Name = have.Doc.Name
		replace := false
		for _, name := range changed(have.Doc.Properties, e.Doc.Properties) {
			e.Changed = append(e.Changed, name)
			replace = replace || schema.Replaces(name) == template.ReplaceTrue
		}
		switch {
		case !replace && len(e.Changed) == 0 && !a.Force && maps.Equal(have.Doc.Tags, e.Doc.Tags):
			e.Action = "none"
			return nil
		case !replace:
			e.Action = "update"
			return nil
		}
		e.Action = "replace"
	} else {
		e.Action = "create"
	}
	var given bool
	e.Doc.Name, given = schema.PhysicalName(e.Doc.Properties, a.StackName, a.Logical, a.Token)
	if e.Action == "create" && a.Physical != "" && e.Named && !given { // a creation that failed goes on under its name
		e.Doc.Name = a.Physical
	}
	if e.Action == "replace" && given && have.Doc.Name == e.Doc.Name {
		return fmt.Errorf("CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename %s and update the stack again.", e.Doc.Name)
	}
	return s.free(ctx, a, e, given)
}

// free makes sure that what is going to be made is not there already, somebody else's: afterwards
// what exists under the name counts as made by this stack.
func (s *Service) free(ctx context.Context, a effectArgs, e *evaluation, given bool) error {
	p, ok := s.types.Handler(a.Type).(resource.Prober)
	if !ok || e.Named && !given {
		return nil
	}
	taken, err := p.Exists(s.as(ctx, a), resource.Request{StackID: a.StackID, StackName: a.StackName, LogicalID: a.Logical,
		Name: e.Doc.Name, Properties: e.Doc.Properties})
	switch {
	case err != nil && passing(err):
		return durable.Retry(err, time.Second)
	case err != nil:
		return worded(err, a.Token)
	case taken:
		id := e.Doc.Name
		if !e.Named {
			id = a.Logical
		}
		return fmt.Errorf("%s already exists", id)
	}
	return nil
}

// changed lists the top-level properties that differ, sorted.
func changed(before, after map[string]any) []string {
	before, after = plain(before), plain(after)
	var names []string
	for name, v := range after {
		if old, ok := before[name]; !ok || !reflect.DeepEqual(old, v) {
			names = append(names, name)
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// plain writes properties the way they come back from the store.
func plain(m map[string]any) map[string]any {
	out := map[string]any{}
	if err := decodeJSON(encodeJSON(m), &out); err != nil {
		return m
	}
	return out
}

// standing answers for a stack's resources as they stand. It implements template.Resolver.
type standing map[string]*resourceRow

func standingOf(tx *db.Tx, stackID string) (standing, error) {
	rows, err := resourcesOf(tx, stackID, slotCurrent)
	if err != nil {
		return nil, err
	}
	out := standing{}
	for _, r := range rows {
		out[r.Logical] = r
	}
	return out, nil
}

// someStanding is standingOf for the resources given.
func someStanding(tx *db.Tx, stackID string, ids []string) (standing, error) {
	out := standing{}
	for _, id := range ids {
		r, err := resourceIn(tx, stackID, id, slotCurrent)
		if err == nil {
			out[id] = r
		} else if !errors.Is(err, db.ErrNotFound) {
			return nil, err
		}
	}
	return out, nil
}

// Ref implements template.Resolver.
func (s standing) Ref(id string) (any, error) {
	if r := s[id]; r != nil && r.Physical != "" {
		return r.Physical, nil
	}
	return template.Unknown{ID: id}, nil
}

// GetAtt implements template.Resolver.
func (s standing) GetAtt(id, attribute string) (any, error) {
	r := s[id]
	if r == nil || r.Physical == "" {
		return template.Unknown{ID: id, Attribute: attribute}, nil
	}
	if v, ok := r.Attributes[attribute]; ok {
		return v, nil
	}
	return nil, errors.New("Requested attribute " + attribute + " does not exist in schema for " + r.Type)
}
