package sam

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// policyTemplates holds SAM's policy templates, as the guide 'AWS SAM policy templates' documents
// them. A line without indent names a template and its parameters. Each indented line is one
// statement: actions, "@", resources. A resource "svc:rest" stands for the ARN
// arn:${AWS::Partition}:svc:${AWS::Region}:${AWS::AccountId}:rest, one with "::" keeps its own
// colons, ${Param} is the parameter; "[ ]" around the resources makes a list of even one, "!" after
// the actions a text of a single one. Param=name names the variable in Fn::Sub, which otherwise is
// the parameter with a small first letter.
//
//go:embed policy_templates.txt
var policyTemplates string

// template is one policy template.
type template struct {
	name       string
	params     []string
	vars       []string // the name of each in Fn::Sub
	statements []string
}

// policyTemplate finds a template by its name, or nil.
func policyTemplate(name string) *template {
	var t *template
	for line := range strings.Lines(policyTemplates) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "" || line[0] == '#':
		case line[0] != ' ':
			if t != nil {
				return t
			}
			if f := strings.Fields(line); f[0] == name {
				t = newTemplate(f)
			}
		case t != nil:
			t.statements = append(t.statements, strings.TrimSpace(line))
		}
	}
	return t
}

func newTemplate(head []string) *template {
	t := &template{name: head[0]}
	for _, p := range head[1:] {
		name, v, ok := strings.Cut(p, "=")
		if !ok {
			v = strings.ToLower(name[:1]) + name[1:]
		}
		t.params, t.vars = append(t.params, name), append(t.vars, v)
	}
	return t
}

// laterPolicyTemplates are templates that the transform knows and that are not written out yet.
func laterPolicyTemplates() []string {
	return strings.Fields(`AMIDescribePolicy AWSSecretsManagerRotationPolicy CodeCommitCrudPolicy CodeCommitReadPolicy AthenaQueryPolicy
		EFSWriteAccessPolicy StepFunctionsExecutionPolicy_v2 StepFunctionsCallbackPolicy SESBulkTemplatedCrudPolicy_v2 KMSEncryptPolicy_v2`)
}

// expandPolicy makes the policy document of a template. A parameter may be any value that Fn::Sub
// takes, intrinsic calls included.
func expandPolicy(resource, name string, args *tree.Node) (*tree.Node, error) {
	t := policyTemplate(name)
	if present(args) != nil && !args.Is(tree.Map) {
		return nil, resourceError(resource, "Must specify valid parameter values for policy template '%s'", name)
	}
	var missing []string
	for _, p := range t.params {
		if args.Get(p) == nil {
			missing = append(missing, p)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return nil, resourceError(resource, "Following required parameters of template '%s' don't have values: %s", name, pythonList(missing))
	}
	list := tree.NewList()
	for _, s := range t.statements {
		list.Append(t.statement(s, args))
	}
	return tree.NewMap("Statement", list), nil
}

func (t *template) statement(s string, args *tree.Node) *tree.Node {
	actions, resources, _ := strings.Cut(s, " @ ")
	action := tree.NewStrings(strings.Fields(strings.TrimSuffix(actions, " !"))...)
	if strings.HasSuffix(actions, " !") { // a single action that is no list
		action = action.Items[0]
	}
	resources, condition, conditional := strings.Cut(resources, " ? ")
	fields := strings.Fields(resources)
	bracket := fields[0] == "["
	if bracket {
		fields = fields[1 : len(fields)-1]
	}
	list := tree.NewList()
	for _, r := range fields {
		list.Append(t.resource(r, args))
	}
	out := tree.NewMap("Effect", "Allow", "Action", action)
	if bracket || len(fields) > 1 {
		out.Set("Resource", list)
	} else {
		out.Set("Resource", list.Items[0])
	}
	if conditional {
		key, arn, _ := strings.Cut(condition, " ")
		out.Set("Condition", tree.NewMap("StringEquals", tree.NewMap(key, t.resource(arn, args))))
	}
	return out
}

// resource writes an ARN as Fn::Sub over the parameters that it mentions.
func (t *template) resource(r string, args *tree.Node) *tree.Node {
	if r == "*" {
		return tree.NewString("*")
	}
	text := r
	if !strings.HasPrefix(r, "${") {
		service, rest, _ := strings.Cut(r, ":")
		if strings.HasPrefix(rest, ":") {
			text = "arn:${AWS::Partition}:" + r
		} else {
			text = "arn:${AWS::Partition}:" + service + ":${AWS::Region}:${AWS::AccountId}:" + rest
		}
	}
	vars := tree.NewMap()
	for i, p := range t.params {
		v := t.vars[i]
		if strings.Contains(text, "${"+p+"}") {
			text = strings.ReplaceAll(text, "${"+p+"}", "${"+v+"}")
			vars.Set(v, args.Get(p).Clone())
		}
	}
	if vars.Len() == 0 {
		return sub(text)
	}
	return tree.NewMap("Fn::Sub", tree.NewList(tree.NewString(text), vars))
}
