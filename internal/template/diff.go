package template

import (
	"reflect"
	"slices"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// ChangeAction is what happens to a resource.
type ChangeAction string

// The actions, in CloudFormation's words.
const (
	Add    ChangeAction = "Add"
	Modify ChangeAction = "Modify"
	Remove ChangeAction = "Remove"
)

// Replacement tells whether a change makes a new resource; in a Detail it is RequiresRecreation.
type Replacement string

// The answers.
const (
	Never       Replacement = "Never"
	Maybe       Replacement = "Conditionally"
	ReplaceTrue Replacement = "Always"
)

// Sources of a change, as in a change set's ChangeSource.
const (
	DirectModification = "DirectModification"
	ParameterReference = "ParameterReference"
	ResourceReference  = "ResourceReference"
	ResourceAttribute  = "ResourceAttribute"
)

// Detail is one changed property or attribute of a resource.
type Detail struct {
	Attribute          string // Properties, Metadata, UpdatePolicy, CreationPolicy, DeletionPolicy, UpdateReplacePolicy, Tags
	Name               string // the top-level property, when Attribute is Properties
	RequiresRecreation Replacement
	Static             bool // false: decided only when the resource that it depends on has been updated
	Source             string
	CausingEntity      string // the parameter, resource or attribute behind it, or ""
	Before, After      any    // evaluated; After may hold an Unknown
}

// Change is what a new template does to one resource.
type Change struct {
	Action      ChangeAction
	ID, Type    string
	Replacement Replacement // the strongest of its details; of a Modify only
	Scope       []string    // the attributes that change
	Details     []Detail
}

// Diff compares two bound templates: additions and modifications in the new template's order, then
// removals in the old one's. r gives ids and attributes of the stack as it stands; it is asked only
// for resources of old. replaces says what changing a property of a type takes; nil means Never.
func Diff(old, new *Bound, r Resolver, replaces func(resourceType, property string) Replacement) ([]Change, error) {
	d := &differ{old: old, new: new, resolver: standing{old, r}, replaces: replaces}
	if d.replaces == nil {
		d.replaces = func(string, string) Replacement { return Never }
	}
	if err := d.sameTypes(); err != nil {
		return nil, err
	}
	changed := map[string]Change{}
	for _, level := range new.Levels() { // dependencies first: their changes reach the dependents
		for _, id := range level {
			c, err := d.resource(new.Resource(id), changed)
			if err != nil {
				return nil, err
			}
			if c != nil {
				changed[id] = *c
			}
		}
	}
	var out []Change
	for _, x := range new.Resources() {
		if c, ok := changed[x.ID]; ok {
			out = append(out, c)
		}
	}
	for _, x := range old.Resources() {
		if new.Resource(x.ID) == nil {
			out = append(out, Change{Action: Remove, ID: x.ID, Type: x.Type})
		}
	}
	return out, nil
}

// standing answers for the resources that exist, and Unknown for the others.
type standing struct {
	old *Bound
	r   Resolver
}

func (s standing) Ref(id string) (any, error) {
	if s.old.Resource(id) == nil || s.r == nil {
		return Unknown{ID: id}, nil
	}
	return s.r.Ref(id)
}

func (s standing) GetAtt(id, attribute string) (any, error) {
	if s.old.Resource(id) == nil || s.r == nil {
		return Unknown{id, attribute}, nil
	}
	return s.r.GetAtt(id, attribute)
}

type differ struct {
	old, new *Bound
	resolver Resolver
	replaces func(string, string) Replacement
}

func (d *differ) sameTypes() error {
	var ids []string
	for _, x := range d.new.Resources() {
		if o := d.old.Resource(x.ID); o != nil && o.Type != x.Type {
			ids = append(ids, x.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return &Error{Message: "Update of resource type is not permitted. The new template modifies resource type of the following resources: [" +
		strings.Join(ids, ", ") + "]", Path: "Resources." + ids[0] + ".Type", Hint: "give the resource a new logical id"}
}

func (d *differ) resource(x *Resource, changed map[string]Change) (*Change, error) {
	o := d.old.Resource(x.ID)
	if o == nil {
		return &Change{Action: Add, ID: x.ID, Type: x.Type}, nil
	}
	c := Change{Action: Modify, ID: x.ID, Type: x.Type, Replacement: Never}
	before, err := d.old.Properties(x.ID, d.resolver)
	if err != nil {
		return nil, err
	}
	after, err := d.new.Properties(x.ID, d.resolver)
	if err != nil {
		return nil, err
	}
	for _, name := range names(o.Properties, x.Properties) {
		more, err := d.property(x, o, name, before[name], after[name], changed)
		if err != nil {
			return nil, err
		}
		c.Details = append(c.Details, more...)
	}
	for _, a := range []struct {
		name     string
		old, new *tree.Node
	}{
		{"Metadata", o.Metadata, x.Metadata}, {"UpdatePolicy", o.UpdatePolicy, x.UpdatePolicy}, {"CreationPolicy", o.CreationPolicy, x.CreationPolicy},
		{"DeletionPolicy", optional(o.DeletionPolicy), optional(x.DeletionPolicy)},
		{"UpdateReplacePolicy", optional(o.UpdateReplacePolicy), optional(x.UpdateReplacePolicy)},
	} {
		if !a.old.Equal(a.new) {
			c.Details = append(c.Details, Detail{Attribute: a.name, RequiresRecreation: Never, Static: true, Source: DirectModification,
				Before: a.old.Value(), After: a.new.Value()})
		}
	}
	if len(c.Details) == 0 {
		return nil, nil
	}
	for _, det := range c.Details {
		if !slices.Contains(c.Scope, det.Attribute) {
			c.Scope = append(c.Scope, det.Attribute)
		}
		c.Replacement = stronger(c.Replacement, det)
	}
	return &c, nil
}

// stronger folds one detail into a resource's replacement: what is not sure to change is not sure
// to replace either.
func stronger(r Replacement, d Detail) Replacement {
	switch {
	case d.RequiresRecreation == ReplaceTrue && d.Static:
		return ReplaceTrue
	case d.RequiresRecreation != Never && r == Never:
		return Maybe
	}
	return r
}

// property compares one property: its value as things stand, and what it mentions that is going
// to change.
func (d *differ) property(x, o *Resource, name string, before, after any, changed map[string]Change) ([]Detail, error) {
	attribute := "Properties"
	if name == "Tags" {
		attribute = "Tags"
	}
	det := Detail{Attribute: attribute, Name: name, RequiresRecreation: d.replaces(x.Type, name), Before: before, After: after}
	node := x.Properties.Get(name)
	refs, err := references(node, "Resources."+x.ID+".Properties."+name, d.new.Condition)
	if err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(before, after) {
		det.Static, det.Source = true, DirectModification
		if o.Properties.Get(name).Equal(node) {
			d.explain(&det, refs)
		}
		return []Detail{det}, nil
	}
	var out []Detail
	for _, ref := range refs {
		c, ok := changed[ref.ID]
		if !ok || d.new.isParameter(ref.ID) {
			continue
		}
		dynamic := det
		if ref.Attribute != "" {
			dynamic.Source, dynamic.CausingEntity = ResourceAttribute, ref.ID+"."+ref.Attribute
		} else if c.Replacement != Never && c.Action == Modify {
			dynamic.Source, dynamic.CausingEntity = ResourceReference, ref.ID
		} else {
			continue
		}
		if !slices.ContainsFunc(out, func(x Detail) bool { return x.CausingEntity == dynamic.CausingEntity }) {
			out = append(out, dynamic)
		}
	}
	return out, nil
}

// explain finds the parameter behind a change of value in an unchanged text.
func (d *differ) explain(det *Detail, refs []reference) {
	for _, ref := range refs {
		if ref.Attribute == "" && d.new.isParameter(ref.ID) && d.old.given[ref.ID] != d.new.given[ref.ID] {
			det.Source, det.CausingEntity = ParameterReference, ref.ID
			return
		}
	}
}

// names lists the members of both maps, the new one's first.
func names(old, new *tree.Node) []string {
	out := new.Keys()
	for _, k := range old.Keys() {
		if !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

func optional(s string) *tree.Node {
	if s == "" {
		return nil
	}
	return tree.NewString(s)
}
