package template

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

var alphanumericText = regexp.MustCompile(`^[A-Za-z0-9]+$`)

// alphanumeric tells whether s can be a logical id.
func alphanumeric(s string) bool { return len(s) <= 255 && alphanumericText.MatchString(s) }

// Parse reads a template, YAML or JSON. The error is an *Error.
func Parse(body []byte) (*Template, error) {
	doc, err := tree.Parse(body)
	if err != nil {
		return nil, err
	}
	t, err := FromTree(doc.Root)
	if err != nil {
		return nil, err
	}
	t.Warnings = append(doc.Warnings, t.Warnings...)
	return t, nil
}

// FromTree reads a template that is a tree already, such as what a macro returned. The tree
// belongs to the template from now on.
func FromTree(root *tree.Node) (*Template, error) {
	if !root.Is(tree.Map) {
		return nil, tree.Errorf(root, "", "Template format error: unsupported structure.").
			WithHint("a template is a map with a Resources section")
	}
	t := &Template{Root: root, byID: map[string]*Resource{}}
	for _, step := range []func() error{t.readTop, t.readParameters, t.readMappings, t.readConditions, t.readResources, t.readOutputs} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *Template) readTop() error {
	var unknown []string
	for _, p := range t.Root.Pairs {
		switch p.Key {
		case "AWSTemplateFormatVersion":
			if p.Value.Kind != tree.Null && p.Value.Text != "2010-09-09" {
				return tree.Errorf(p.Value, p.Key, "Template format error: unsupported value for AWSTemplateFormatVersion.")
			}
		case "Description":
			if !p.Value.Is(tree.String) {
				return tree.Errorf(p.Value, p.Key, "Template format error: Description must be a string.")
			}
			t.Description = p.Value.Text
		case "Metadata":
			t.Metadata = p.Value
		case "Transform":
			t.Transforms = transformNames(p.Value)
		case "Rules":
			t.Warnings = append(t.Warnings, tree.Errorf(p.Value, p.Key, "Rules are not checked."))
		case "Parameters", "Mappings", "Conditions", "Resources", "Outputs":
			if p.Value.Kind != tree.Map && !(p.Value.Kind == tree.Null && p.Key != "Resources") {
				return tree.Errorf(p.Value, p.Key, "Template format error: %s must be an object.", p.Key)
			}
		case "Hooks":
			return tree.Errorf(p.Value, p.Key, "Template validation error: the Hooks section is not supported.").
				WithHint("a function's traffic is shifted by the alias's UpdatePolicy")
		default:
			unknown = append(unknown, p.Key)
		}
	}
	if len(unknown) > 0 {
		return tree.Errorf(t.Root, "", "Template format error: Invalid template property or properties [%s]", strings.Join(unknown, ", "))
	}
	return nil
}

func transformNames(n *tree.Node) []string {
	switch n.Kind {
	case tree.String:
		return []string{n.Text}
	case tree.Map:
		return []string{n.Get("Name").Str()}
	case tree.List:
		var all []string
		for _, v := range n.Items {
			all = append(all, transformNames(v)...)
		}
		return all
	}
	return nil
}

func (t *Template) readMappings() error {
	t.Mappings = t.Root.Get("Mappings")
	if t.Mappings.Len() > MaxMappings {
		return tree.Errorf(t.Mappings, "Mappings", "Template format error: Number of mappings, %d, is greater than maximum allowed, %d", t.Mappings.Len(), MaxMappings)
	}
	for _, m := range pairs(t.Mappings) {
		if !m.Value.Is(tree.Map) {
			return tree.Errorf(m.Value, "Mappings."+m.Key, "Template format error: Every Mappings member %s must be a map", m.Key)
		}
		for _, top := range m.Value.Pairs {
			if top.Key == "Fn::Transform" {
				return tree.Errorf(top.Value, "Mappings."+m.Key, "Template format error: Fn::Transform is not supported in Mappings.")
			}
			if !top.Value.Is(tree.Map) {
				return tree.Errorf(top.Value, "Mappings."+m.Key+"."+top.Key, "Template format error: Every Mappings attribute must be a String or a List.")
			}
		}
	}
	return nil
}

func (t *Template) readConditions() error {
	t.Conditions = t.Root.Get("Conditions")
	return nil
}

func (t *Template) readResources() error {
	section := t.Root.Get("Resources")
	if section.Len() == 0 {
		return tree.Errorf(t.Root, "Resources", "Template format error: At least one Resources member must be defined.")
	}
	if section.Len() > MaxResources {
		return tree.Errorf(section, "Resources", "Template format error: Number of resources, %d, is greater than maximum allowed, %d", section.Len(), MaxResources)
	}
	for _, p := range section.Pairs {
		r, err := readResource(p)
		if err != nil {
			return err
		}
		t.Resources = append(t.Resources, r)
		t.byID[r.ID] = r
	}
	return nil
}

func readResource(p tree.Pair) (*Resource, error) {
	path, n := "Resources."+p.Key, p.Value
	if p.Key == "Fn::ForEach" || strings.HasPrefix(p.Key, "Fn::ForEach::") {
		return nil, tree.Errorf(n, path, "Template error: Encountered unsupported function: Fn::ForEach").
			WithHint("write the resources out")
	}
	if !alphanumeric(p.Key) {
		return nil, tree.Errorf(n, path, "Template format error: Resource name %s is non alphanumeric.", p.Key)
	}
	if !n.Is(tree.Map) {
		return nil, tree.Errorf(n, path, "Template format error: Resource %s must be an object.", p.Key)
	}
	r := &Resource{ID: p.Key, Node: n}
	if !n.Has("Type") {
		return nil, tree.Errorf(n, path, "Template format error: [/Resources/%s] Every Resources object must contain a Type member.", p.Key)
	}
	for _, m := range n.Pairs {
		if err := r.readMember(m, path); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *Resource) readMember(m tree.Pair, path string) error {
	path += "." + m.Key
	v := m.Value
	text := func(into *string) error {
		if !v.Is(tree.String) {
			return tree.Errorf(v, path, "Template format error: Every %s member must be a string.", m.Key)
		}
		*into = v.Text
		return nil
	}
	switch m.Key {
	case "Type":
		return text(&r.Type)
	case "Condition":
		return text(&r.Condition)
	case "DeletionPolicy", "UpdateReplacePolicy":
		into := &r.DeletionPolicy
		if m.Key == "UpdateReplacePolicy" {
			into = &r.UpdateReplacePolicy
		}
		if err := text(into); err != nil {
			return err
		}
		if !slices.Contains([]string{"Delete", "Retain", "RetainExceptOnCreate", "Snapshot"}, v.Text) {
			return tree.Errorf(v, path, "Template format error: Unrecognized %s %s for resource %s", m.Key, v.Text, r.ID)
		}
	case "Properties", "UpdatePolicy", "CreationPolicy", "Metadata":
		if v.Kind == tree.Null && m.Key != "Properties" {
			return nil
		}
		if !v.Is(tree.Map) {
			return tree.Errorf(v, path, "Template format error: Any %s member must be an object.", m.Key)
		}
		*map[string]**tree.Node{"Properties": &r.Properties, "UpdatePolicy": &r.UpdatePolicy,
			"CreationPolicy": &r.CreationPolicy, "Metadata": &r.Metadata}[m.Key] = v
		if m.Key == "Metadata" {
			return nil
		}
		return checkValues(v, "/Resources/"+r.ID+"/"+m.Key, path)
	case "DependsOn":
		return r.readDependsOn(v, path)
	case "Description", "Version":
	default:
		return tree.Errorf(v, path, "Invalid template resource property '%s'", m.Key)
	}
	return nil
}

func (r *Resource) readDependsOn(v *tree.Node, path string) error {
	items := []*tree.Node{v}
	if v.Is(tree.List) {
		items = v.Items
	}
	for _, i := range items {
		if !i.Is(tree.String) {
			return tree.Errorf(i, path, "Template format error: Every DependsOn value must be a string.")
		}
		r.DependsOn = append(r.DependsOn, i.Text)
	}
	return nil
}

// checkValues refuses null anywhere in n, as CloudFormation does, and dynamic references, which
// would otherwise reach a resource as plain text.
func checkValues(n *tree.Node, pointer, path string) error {
	switch n.Kind {
	case tree.Null:
		return tree.Errorf(n, path, "[%s] 'null' values are not allowed in templates", pointer)
	case tree.String:
		if strings.Contains(n.Text, "{{resolve:") {
			return tree.Errorf(n, path, "Template validation error: dynamic references are not supported: %s", n.Text).
				WithHint("pass the value as a parameter")
		}
	case tree.List:
		for i, v := range n.Items {
			if err := checkValues(v, fmt.Sprintf("%s/%d", pointer, i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	case tree.Map:
		for _, p := range n.Pairs {
			if err := checkValues(p.Value, pointer+"/"+p.Key, path+"."+p.Key); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *Template) readOutputs() error {
	section := t.Root.Get("Outputs")
	if section.Len() > MaxOutputs {
		return tree.Errorf(section, "Outputs", "Template format error: Number of outputs, %d, is greater than maximum allowed, %d", section.Len(), MaxOutputs)
	}
	for _, p := range pairs(section) {
		path := "Outputs." + p.Key
		if !alphanumeric(p.Key) {
			return tree.Errorf(p.Value, path, "Template format error: Output name %s is non alphanumeric.", p.Key)
		}
		if !p.Value.Is(tree.Map) {
			return tree.Errorf(p.Value, path, "Template format error: Output %s must be an object.", p.Key)
		}
		if !p.Value.Has("Value") {
			return tree.Errorf(p.Value, path, "Template format error: Every Outputs member must contain a Value object")
		}
		if err := checkValues(p.Value, "/Outputs/"+p.Key, path); err != nil {
			return err
		}
		t.Outputs = append(t.Outputs, &Output{
			Name: p.Key, Node: p.Value, Value: p.Value.Get("Value"), Description: p.Value.Get("Description").Str(),
			Condition: p.Value.Get("Condition").Str(), ExportName: p.Value.Path("Export", "Name"),
		})
	}
	return nil
}

func pairs(n *tree.Node) []tree.Pair {
	if n == nil {
		return nil
	}
	return n.Pairs
}
