package sam

import (
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// policyList collects a role's policies out of a Policies property.
type policyList struct {
	t              *translator
	resource, role string
	managed        *tree.Node
	inline         []*tree.Node
}

// policyKind says how an entry of Policies is to be read.
type policyKind int

const (
	unknownPolicy policyKind = iota
	managedPolicy
	statementPolicy
	templatePolicy
)

func (l *policyList) addAll(n *tree.Node) error {
	if n == nil {
		return nil
	}
	entries := []*tree.Node{n}
	switch {
	case n.Is(tree.List):
		entries = n.Items
	case n.Is(tree.Map) && !isIntrinsic(n) && kindOf(n) == unknownPolicy:
		// A map of several policy templates stands for a list of them.
		entries = nil
		for _, p := range n.Pairs {
			entries = append(entries, tree.NewMap(p.Key, p.Value))
		}
	}
	for i, e := range entries {
		if isNoValue(e) {
			continue
		}
		if err := l.add(i, e); err != nil {
			return err
		}
	}
	return nil
}

func (l *policyList) add(i int, e *tree.Node) error {
	switch kindOf(e) {
	case managedPolicy:
		arn := l.managedARN(e)
		for _, have := range l.managed.Items {
			if have.Equal(arn) {
				return nil
			}
		}
		l.managed.Append(arn)
	case statementPolicy, templatePolicy:
		doc, err := l.document(i, e)
		if err != nil {
			return err
		}
		l.inline = append(l.inline, doc)
	default:
		if e.Is(tree.Map) && len(e.Pairs) == 1 && slices.Contains(laterPolicyTemplates(), e.Pairs[0].Key) {
			return resourceError(l.resource, "The policy template '%s' is not supported yet.", e.Pairs[0].Key)
		}
		return resourceError(l.resource, "Policy at index %d in the 'Policies' property is not valid", i)
	}
	return nil
}

// kindOf reads an entry's kind; a Fn::If has the kind that its branches agree on.
func kindOf(e *tree.Node) policyKind {
	switch {
	case e.Is(tree.String):
		return managedPolicy
	case isIf(e):
		args := e.Get("Fn::If").Items
		a, b := kindOf(args[1]), kindOf(args[2])
		switch {
		case isNoValue(args[1]):
			return b
		case isNoValue(args[2]), a == b:
			return a
		}
		return unknownPolicy
	case isIntrinsic(e):
		return managedPolicy
	case e.Is(tree.Map) && e.Has("Statement"):
		return statementPolicy
	case e.Is(tree.Map) && len(e.Pairs) == 1 && policyTemplate(e.Pairs[0].Key) != nil:
		return templatePolicy
	}
	return unknownPolicy
}

// document wraps a policy document with its name, inside of a Fn::If too.
func (l *policyList) document(i int, e *tree.Node) (*tree.Node, error) {
	switch {
	case isNoValue(e):
		return e.Clone(), nil
	case isIf(e):
		args := e.Get("Fn::If").Items
		out := tree.NewList(args[0].Clone())
		for _, branch := range args[1:] {
			d, err := l.document(i, branch)
			if err != nil {
				return nil, err
			}
			out.Append(d)
		}
		return tree.NewMap("Fn::If", out), nil
	}
	doc := e.Clone()
	if kindOf(e) == templatePolicy {
		var err error
		if doc, err = expandPolicy(l.resource, e.Pairs[0].Key, e.Pairs[0].Value); err != nil {
			return nil, err
		}
	}
	return tree.NewMap("PolicyName", l.role+"Policy"+strconv.Itoa(i), "PolicyDocument", doc), nil
}

// managedARN turns the name of a managed policy into its ARN, inside of a Fn::If too.
func (l *policyList) managedARN(e *tree.Node) *tree.Node {
	if isIf(e) {
		out := e.Clone()
		args := out.Get("Fn::If").Items
		for i, branch := range args[1:] {
			args[i+1] = l.managedARN(branch)
		}
		return out
	}
	if !e.Is(tree.String) || strings.HasPrefix(e.Text, "arn:") {
		return e.Clone()
	}
	if arn := l.t.options.ManagedPolicies[e.Text]; arn != "" {
		return tree.NewString(arn).At(e)
	}
	if path := managedPolicyPath(e.Text); path != "" {
		return tree.NewString(l.t.awsPolicy(path)).At(e)
	}
	return e.Clone()
}
