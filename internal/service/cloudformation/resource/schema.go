package resource

import (
	"fmt"
	"slices"
	"strings"

	"github.com/headgate/headgate/internal/template"
)

// Schema describes a type: which properties it takes, and what changing them takes.
type Schema struct {
	Type       string
	Attributes []string // for Fn::GetAtt
	Name       NameRule
	IAM        bool // creating it needs CAPABILITY_IAM

	root *property
	rule func(Properties) error // what concerns several properties; those not known yet are not scalars
}

// NameRule says how a physical name comes about. The zero value: the service chooses it.
type NameRule struct {
	Property string // that gives the name; without it, or without a value, one is generated
	Max      int    // length of a generated name
	Lower    bool   // generated in lower case
	Short    bool   // generated without the stack's name, as the younger types have it
}

// property is a node of the tree of properties.
type property struct {
	kind     kind
	required bool
	replace  bool // at the top: a change makes a new resource
	list     bool
	members  map[string]*property
	order    []string
}

type kind string

const (
	text    kind = ""
	integer kind = "int"
	number  kind = "number"
	boolean kind = "bool"
	free    kind = "json" // any value, any members
	object  kind = "object"
)

// schema reads a table of properties, one a line: a path with "." between members, "[]" after a
// list, "!" when required and "*" when a change means replacement, then the kind (a string when
// nothing is said; "json" takes anything).
func schema(typ, table string) *Schema {
	s := &Schema{Type: typ, root: &property{kind: object, members: map[string]*property{}}}
	for _, line := range strings.Split(table, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		at := s.root
		parts := strings.Split(fields[0], ".")
		for i, part := range parts {
			name := strings.TrimRight(part, "!*[]")
			p := at.members[name]
			if p == nil {
				p = &property{}
				if at.members == nil {
					at.members, at.kind = map[string]*property{}, object
				}
				at.members[name] = p
				at.order = append(at.order, name)
			}
			p.required = p.required || strings.Contains(part, "!")
			p.replace = p.replace || strings.Contains(part, "*")
			p.list = p.list || strings.Contains(part, "[]")
			if i == len(parts)-1 && len(fields) > 1 {
				p.kind = kind(fields[1])
			}
			at = p
		}
	}
	return s
}

func (s *Schema) with(f func(*Schema)) *Schema { f(s); return s }

// Replaces tells what changing a top-level property takes.
func (s *Schema) Replaces(name string) template.Replacement {
	if p := s.root.members[name]; p != nil && p.replace {
		return template.ReplaceTrue
	}
	return template.Never
}

// HasAttribute tells whether Fn::GetAtt knows the name.
func (s *Schema) HasAttribute(name string) bool {
	return slices.Contains(s.Attributes, name)
}

// Check tells what is wrong with evaluated properties, in CloudFormation's words; nil if nothing is.
func (s *Schema) Check(p Properties) error {
	if err := s.root.check(map[string]any(p), "#", false); err != nil || s.rule == nil {
		return err
	}
	return s.rule(p)
}

// CheckNames is Check for properties that are not evaluated yet: what an intrinsic function stands
// for is taken on trust.
func (s *Schema) CheckNames(p any) error {
	if p == nil {
		p = map[string]any{}
	}
	if err := s.root.check(p, "#", true); err != nil || s.rule == nil {
		return err
	}
	if m, ok := p.(map[string]any); ok {
		return s.rule(m)
	}
	return nil
}

func (p *property) check(v any, path string, trust bool) error {
	if p.list {
		items, ok := v.([]any)
		if !ok {
			if trust && intrinsic(v) {
				return nil
			}
			items = []any{v} // CloudFormation takes a single value for a list of one
		}
		one := *p
		one.list = false
		for i, item := range items {
			if err := one.check(item, fmt.Sprintf("%s/%d", path, i), trust); err != nil {
				return err
			}
		}
		return nil
	}
	if trust && intrinsic(v) || p.kind == free {
		return nil
	}
	if p.kind != object {
		return p.scalar(v, path)
	}
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: expected type: JSONObject, found: %s", path, found(v))
	}
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		member := p.members[name]
		if member == nil {
			return fmt.Errorf("Encountered unsupported property %s", name)
		}
		if err := member.check(m[name], path+"/"+name, trust); err != nil {
			return err
		}
	}
	for _, name := range p.order {
		if _, ok := m[name]; !ok && p.members[name].required {
			return fmt.Errorf("%s: required key [%s] not found", path, name)
		}
	}
	return nil
}

// intrinsic tells whether v is a function call whose value is not known yet.
func intrinsic(v any) bool {
	if _, ok := v.(template.Unknown); ok {
		return true
	}
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		return false
	}
	for name := range m {
		return name == "Ref" || strings.HasPrefix(name, "Fn::")
	}
	return false
}

// Takes tells whether the type has the top-level property.
func (s *Schema) Takes(name string) bool { return s.root.members[name] != nil }
