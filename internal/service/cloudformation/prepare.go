package cloudformation

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/template"
	"github.com/headgate/headgate/internal/template/tree"
	"github.com/headgate/headgate/sam"
)

const languageExtensions = "AWS::LanguageExtensions"

// wanted is what a request asks a stack to be.
type wanted struct {
	StackID, Name    string
	Template         string
	Parameters       []types.Parameter
	Capabilities     []types.Capability
	Tags             []types.Tag // nil: as before
	NotificationARNs []string
	RoleARN          *string
	ChangeSet        bool // by a change set, which needs no CAPABILITY_AUTO_EXPAND
}

// basis is what a plan is made against.
type basis struct {
	Caller  caller.Caller
	Stack   *stack // with its templates; nil or in review: there is nothing yet
	Rows    standing
	Exports map[string]string
}

// plan is a request that was found sound.
type plan struct {
	Definition          definition
	Original, Processed string
	Bound               *template.Bound
	Changes             []template.Change
	Changed             bool // Changes, or tags or outputs
}

// transformError is a template that its transform refuses: a change set fails with it.
type transformError struct{ text string }

func (e *transformError) Error() string { return e.text }

func readBasis(tx *db.Tx, c caller.Caller, st *stack) (*basis, error) {
	b := &basis{Caller: c, Stack: st, Rows: standing{}, Exports: map[string]string{}}
	type export struct{ name, value string }
	exports, err := db.All(tx, func(r db.Row) (e export, err error) { return e, r.Scan(&e.name, &e.value) },
		`SELECT name, value FROM cfn_export WHERE account = $1 AND region = $2`, c.Account, c.Region)
	for _, e := range exports {
		b.Exports[e.name] = e.value
	}
	if err != nil || !b.exists() {
		return b, err
	}
	b.Rows, err = standingOf(tx, st.ID)
	return b, err
}

func (b *basis) exists() bool { return b.Stack != nil && b.Stack.Status != "REVIEW_IN_PROGRESS" }

// prepare checks a request and works out what it changes. It changes nothing.
func (s *Service) prepare(w wanted, base *basis) (*plan, error) {
	p := &plan{Original: w.Template, Definition: s.defined(w, base)}
	parameters, err := parametersOf(w, base)
	if err != nil {
		return nil, err
	}
	t, err := s.translate(p, w, base.Caller, parameters)
	if err != nil {
		return nil, err
	}
	if err := s.types.CheckTypes(resourceTypes(t)); err != nil {
		return nil, invalid("%s", err)
	}
	if err := s.checkCapabilities(t, w); err != nil {
		return nil, err
	}
	env := envOf(&stack{Caller: base.Caller, ID: w.StackID, Name: w.Name, Definition: p.Definition})
	env.Parameters = parameters
	env.Import = func(name string) (string, error) {
		v, ok := base.Exports[name]
		if !ok {
			return "", fmt.Errorf("No export named %s found.", name)
		}
		if !slices.Contains(p.Definition.Imports, name) {
			p.Definition.Imports = append(p.Definition.Imports, name)
		}
		return v, nil
	}
	if p.Bound, err = t.Bind(env); err != nil {
		return nil, invalid("%s", err)
	}
	for _, v := range p.Bound.Parameters() {
		p.Definition.Parameters = append(p.Definition.Parameters, parameter{v.Name, v.Value, v.NoEcho})
	}
	p.Definition.Description = t.Description
	if err := s.checkResources(p.Bound, base.Rows); err != nil {
		return nil, err
	}
	if err := p.compare(s, base); err != nil {
		return nil, err
	}
	slices.Sort(p.Definition.Imports)
	return p, nil
}

// defined takes over what a request says beside template and parameters.
func (s *Service) defined(w wanted, base *basis) definition {
	d := definition{NotificationARNs: w.NotificationARNs, RoleARN: aws.ToString(w.RoleARN)}
	for _, c := range w.Capabilities {
		d.Capabilities = append(d.Capabilities, string(c))
	}
	for _, t := range w.Tags {
		d.Tags = append(d.Tags, tag{aws.ToString(t.Key), aws.ToString(t.Value)})
	}
	if base.exists() {
		if w.Tags == nil {
			d.Tags = base.Stack.Definition.Tags
		}
		if d.RoleARN == "" { // a role stays with its stack
			d.RoleARN = base.Stack.Definition.RoleARN
		}
	}
	return d
}

// parametersOf gives the values of a request, with UsePreviousValue looked up.
func parametersOf(w wanted, base *basis) (map[string]string, error) {
	out := map[string]string{}
	for _, p := range w.Parameters {
		key := aws.ToString(p.ParameterKey)
		if !aws.ToBool(p.UsePreviousValue) {
			if p.ParameterValue == nil {
				return nil, invalid("Parameter %s must have a value or use its previous one", key)
			}
			out[key] = *p.ParameterValue
			continue
		}
		var had *parameter
		if base.exists() {
			for _, x := range base.Stack.Definition.Parameters {
				if x.Key == key {
					had = &x
				}
			}
		}
		if had == nil {
			return nil, invalid("Invalid input for parameter key %s. Cannot specify usePreviousValue as true for a parameter key not in the previous template", key)
		}
		out[key] = had.Value
	}
	return out, nil
}

// translate runs the transforms that the template names and reads the result.
func (s *Service) translate(p *plan, w wanted, c caller.Caller, parameters map[string]string) (*template.Template, error) {
	doc, err := tree.Parse([]byte(w.Template))
	if err != nil {
		return nil, invalid("%s", err)
	}
	p.Processed = w.Template
	root := doc.Root
	names := transforms(root)
	if len(names) > 0 && !w.ChangeSet && !slices.Contains(w.Capabilities, types.CapabilityCapabilityAutoExpand) {
		return nil, insufficient(types.CapabilityCapabilityAutoExpand)
	}
	for _, name := range names {
		if name != sam.TransformName && name != languageExtensions {
			return nil, invalid("No transform named %s found.", name)
		}
	}
	if slices.Contains(names, sam.TransformName) {
		out, err := sam.TranslateTree(root, sam.Options{Region: c.Region, Partition: c.Partition, Parameters: parameters})
		if err != nil {
			return nil, &transformError{"Transform " + sam.TransformName + " failed with: " + err.Error()}
		}
		root = out.Tree()
		if slices.Contains(names, languageExtensions) { // its functions are understood where they stand
			root.Set("Transform", tree.NewString(languageExtensions))
		}
		p.Processed = string(root.Indent("  "))
	}
	t, err := template.FromTree(root)
	if err != nil {
		return nil, invalid("%s", err)
	}
	return t, nil
}

func transforms(root *tree.Node) []string {
	n := root.Get("Transform")
	switch {
	case n.Is(tree.String):
		return []string{n.Text}
	case n.Is(tree.Map):
		return []string{n.Get("Name").Str()}
	case n.Is(tree.List):
		var out []string
		for _, x := range n.Items {
			if x.Is(tree.Map) {
				x = x.Get("Name")
			}
			out = append(out, x.Str())
		}
		return out
	}
	return nil
}

func resourceTypes(t *template.Template) []string {
	var out []string
	for _, r := range t.Resources {
		out = append(out, r.Type)
	}
	return out
}

// compare finds what the plan changes.
func (p *plan) compare(s *Service, base *basis) error {
	if !base.exists() {
		for _, r := range p.Bound.Resources() {
			p.Changes = append(p.Changes, template.Change{Action: template.Add, ID: r.ID, Type: r.Type})
		}
		p.Changed = true
		return nil
	}
	old, err := s.boundOf(base)
	if err != nil {
		return err
	}
	if p.Changes, err = template.Diff(old, p.Bound, base.Rows, s.types.Replaces); err != nil {
		return invalid("%s", err)
	}
	p.Changed = len(p.Changes) > 0
	if !slices.Equal(p.Definition.Tags, base.Stack.Definition.Tags) {
		p.retag(s)
		p.Changed = true
	}
	for _, r := range base.Rows { // what failed is tried again, even unchanged
		p.Changed = p.Changed || r.Status == "UPDATE_FAILED" || r.Status == "CREATE_FAILED"
	}
	if !p.Changed {
		outputs, err := p.Bound.Outputs(base.Rows)
		if err != nil {
			return invalid("%s", err)
		}
		var now []output
		for _, o := range outputs {
			now = append(now, output{o.Name, o.Value, o.Description, o.ExportName})
		}
		p.Changed = !slices.Equal(now, base.Stack.Outputs) && len(now)+len(base.Stack.Outputs) > 0
	}
	return nil
}

// retag adds the resources that take the stack's tags to those that change.
func (p *plan) retag(s *Service) {
	for _, r := range p.Bound.Resources() {
		known := slices.ContainsFunc(p.Changes, func(c template.Change) bool { return c.ID == r.ID })
		if !known && s.types.Schema(r.Type).Takes("Tags") {
			p.Changes = append(p.Changes, template.Change{Action: template.Modify, ID: r.ID, Type: r.Type, Replacement: template.Never,
				Scope: []string{"Tags"}, Details: []template.Detail{{Attribute: "Tags", RequiresRecreation: template.Never, Static: true, Source: template.DirectModification}}})
		}
	}
}

// boundOf is the template that a stack has now.
func (s *Service) boundOf(base *basis) (*template.Bound, error) {
	t, err := template.Parse([]byte(base.Stack.Processed))
	if err != nil {
		return nil, fmt.Errorf("template of stack %s: %w", base.Stack.Name, err)
	}
	env := envOf(base.Stack)
	env.Import = func(name string) (string, error) {
		if v, ok := base.Exports[name]; ok {
			return v, nil
		}
		return "", errors.New("No export named " + name + " found.")
	}
	b, err := t.Bind(env)
	if err != nil {
		return nil, fmt.Errorf("template of stack %s: %w", base.Stack.Name, err)
	}
	return b, nil
}
