package sam

import (
	"regexp"
	"slices"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

var pathVariable = regexp.MustCompile(`{([a-zA-Z0-9._-]+|[a-zA-Z0-9._-]+\+|proxy\+)}`)

// starred replaces a path's variables by stars, for use in an ARN.
func starred(path string) string { return pathVariable.ReplaceAllString(path, "*") }

// resourcePolicy adds what a ResourcePolicy says about a path.
func (s *swagger) resourcePolicy(p *tree.Node, path, stage *tree.Node) error {
	if present(p) == nil {
		return nil
	}
	if !p.Is(tree.Map) {
		return structureError("Resource Policy is not a valid dictionary.")
	}
	resources := s.methodARNs(path, stage)
	for _, x := range [][2]string{{"AwsAccountWhitelist", "Allow"}, {"AwsAccountBlacklist", "Deny"}} {
		if v := p.Get(x[0]); v.Truthy() {
			if !v.Is(tree.List) && !v.Is(tree.Map) {
				return structureError("Type of '%s' must be a list or dictionary", textOf(v))
			}
			s.allowOnly(dict("Effect", x[1], "Action", "execute-api:Invoke", "Resource", resources.Clone(),
				"Principal", dict("AWS", listOf(v))))
		}
	}
	for _, x := range [][2]string{{"IpRangeWhitelist", "NotIpAddress"}, {"IpRangeBlacklist", "IpAddress"}} {
		if v := p.Get(x[0]); v.Truthy() {
			s.denyIf(resources, dict(x[1], dict("aws:SourceIp", listOf(v))))
		}
	}
	for _, x := range [][2]string{{"Blacklist", "StringEquals"}, {"Whitelist", "StringNotEquals"}} {
		given := p.Get("SourceVpc" + x[0])
		if given.Is(tree.List) && slices.ContainsFunc(given.Items, func(n *tree.Node) bool { return !n.Is(tree.String) }) {
			return structureError("SourceVpc%s must be a list of strings. Use IntrinsicVpc%s instead for values that use Intrinsic Functions", x[0], x[0])
		}
		condition := dict()
		add := func(key string, items []*tree.Node) {
			if len(items) == 0 {
				return
			}
			if !condition.Has(key) {
				put(condition, key, nil, tree.NewList())
			}
			for _, i := range items {
				condition.Get(key).Append(i.Clone())
			}
		}
		for _, kind := range []string{"vpc-", "vpce-"} {
			var of []*tree.Node
			for _, i := range itemsOf(given) {
				if strings.HasPrefix(i.Text, kind) {
					of = append(of, i)
				}
			}
			add("aws:SourceVpc"+strings.TrimPrefix(strings.TrimSuffix(kind, "-"), "vpc"), of)
		}
		add("aws:SourceVpc", itemsOf(p.Get("IntrinsicVpc"+x[0])))
		add("aws:SourceVpce", itemsOf(p.Get("IntrinsicVpce"+x[0])))
		if condition.Len() > 0 {
			s.denyIf(resources, dict(x[1], condition))
		}
	}
	put(s.doc, policyKey, nil, s.policy)
	return nil
}

func listOf(v *tree.Node) *tree.Node {
	if v.Is(tree.List) {
		return v.Clone()
	}
	return tree.NewList(v.Clone())
}

// methodARNs are the ARNs of a path's methods; without a stage it is null, as for state machines.
func (s *swagger) methodARNs(path, stage *tree.Node) *tree.Node {
	list := tree.NewList()
	for _, item := range s.items(path.Text) {
		for _, m := range pythonOrder(pairsOf(item)) {
			method := strings.ToUpper(m.Key)
			if m.Key == anyMethodKey || method == "ANY" {
				method = "*"
			}
			at := tree.NewNull()
			if stage != nil {
				at = stage.Clone()
			}
			text := readString("execute-api:/${__Stage__}/"+method+starred(path.Text), path)
			list.Append(dict("Fn::Sub", tree.NewList(text, dict("__Stage__", at))))
		}
	}
	return list
}

// allowOnly adds a statement: alone it is no list.
func (s *swagger) allowOnly(statement *tree.Node) {
	put(s.policy, "Version", nil, tree.NewString("2012-10-17"))
	have := s.policy.Get("Statement")
	if have == nil {
		put(s.policy, "Statement", nil, statement)
		return
	}
	if !have.Is(tree.List) {
		have = tree.NewList(have)
	}
	have.Append(statement)
	put(s.policy, "Statement", nil, have)
}

// denyIf allows all, but for what the condition says.
func (s *swagger) denyIf(resources, condition *tree.Node) {
	put(s.policy, "Version", nil, tree.NewString("2012-10-17"))
	allow := dict("Effect", "Allow", "Action", "execute-api:Invoke", "Resource", resources.Clone(), "Principal", "*")
	deny := dict("Effect", "Deny", "Action", "execute-api:Invoke", "Resource", resources.Clone(), "Principal", "*", "Condition", condition)
	s.addStatements(allow, deny)
}

// addStatements adds those that are not there yet.
func (s *swagger) addStatements(statements ...*tree.Node) {
	have := s.policy.Get("Statement")
	switch {
	case have == nil:
		put(s.policy, "Statement", nil, tree.NewList(statements...))
		return
	case !have.Is(tree.List):
		have = tree.NewList(have)
	}
	for _, x := range statements {
		if !slices.ContainsFunc(have.Items, x.Equal) {
			have.Append(x)
		}
	}
	put(s.policy, "Statement", nil, have)
}

// customStatements adds statements that the template writes out.
func (s *swagger) customStatements(v *tree.Node) {
	if !v.Truthy() {
		return
	}
	put(s.policy, "Version", nil, tree.NewString("2012-10-17"))
	if s.policy.Get("Statement") == nil {
		put(s.policy, "Statement", nil, v.Clone())
	} else {
		s.addStatements(listOf(v).Items...)
	}
	put(s.doc, policyKey, nil, s.policy)
}
