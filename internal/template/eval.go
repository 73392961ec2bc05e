package template

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// noValue is what Ref AWS::NoValue gives: the member or item that holds it is left out.
type noValue struct{}

// evaluator computes values; section is the block that error texts name.
type evaluator struct {
	b         *Bound
	resolver  Resolver // nil where resources may not be mentioned
	section   string
	condition func(name string, at *tree.Node) (bool, error)
}

func (b *Bound) evaluator(r Resolver, section string) *evaluator {
	e := &evaluator{b: b, resolver: r, section: section}
	e.condition = func(name string, at *tree.Node) (bool, error) {
		v, ok := b.conds[name]
		if !ok {
			return false, tree.Errorf(at, section, "Template error: unresolved condition dependency: %s", name)
		}
		return v, nil
	}
	return e
}

// maxValue bounds a computed text, in bytes: functions in each other can double it at every level.
const maxValue = tree.MaxBytes

func tooLong(at *tree.Node, path string) error {
	return tree.Errorf(at, path, "Template error: a computed value is longer than %d bytes", maxValue)
}

// eval gives map[string]any, []any, string, json.Number, bool, noValue or Unknown.
func (e *evaluator) eval(n *tree.Node, path string) (any, error) {
	if name, arg, ok := intrinsic(n); ok && !(name == "Condition" && e.section != "Conditions") {
		v, err := e.call(name, arg, path+"."+name)
		if s, ok := v.(string); ok && len(s) > maxValue {
			return nil, tooLong(arg, path)
		}
		return v, err
	}
	switch {
	case n.Is(tree.List):
		out := make([]any, 0, len(n.Items))
		for i, item := range n.Items {
			v, err := e.eval(item, fmt.Sprintf("%s[%d]", path, i))
			if err != nil {
				return nil, err
			}
			if _, none := v.(noValue); !none {
				out = append(out, v)
			}
		}
		return out, nil
	case n.Is(tree.Map):
		out := make(map[string]any, len(n.Pairs))
		for _, p := range n.Pairs {
			v, err := e.eval(p.Value, path+"."+p.Key)
			if err != nil {
				return nil, err
			}
			if _, none := v.(noValue); !none {
				out[p.Key] = v
			}
		}
		return out, nil
	}
	return n.Value(), nil
}

func (e *evaluator) call(name string, arg *tree.Node, path string) (any, error) {
	switch name {
	case "Ref":
		if !arg.Is(tree.String) {
			return nil, tree.Errorf(arg, path, "Template error: every Ref object must have a single String value.")
		}
		return e.ref(arg.Text, arg, path)
	case "Fn::GetAtt":
		return e.getAtt(arg, path)
	case "Fn::Sub":
		return e.sub(arg, path)
	case "Fn::Join":
		return e.join(arg, path)
	case "Fn::Select":
		return e.selectItem(arg, path)
	case "Fn::Split":
		return e.split(arg, path)
	case "Fn::If":
		return e.ifThen(arg, path)
	case "Fn::FindInMap":
		return e.findInMap(arg, path)
	case "Fn::ImportValue":
		return e.importValue(arg, path)
	case "Fn::Base64":
		return e.base64(arg, path)
	case "Fn::GetAZs":
		return e.zones(arg, path)
	case "Fn::Cidr":
		return e.cidr(arg, path)
	case "Fn::ToJsonString":
		return e.toJSONString(arg, path)
	case "Fn::Length":
		return e.length(arg, path)
	case "Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals", "Condition":
		return e.logic(name, arg, path)
	}
	return nil, tree.Errorf(arg, path, "Template error: Encountered unsupported function: %s Supported functions are: "+
		"[Fn::Base64, Fn::GetAtt, Fn::GetAZs, Fn::ImportValue, Fn::Join, Fn::Split, Fn::FindInMap, Fn::Select, Ref, Fn::Equals, Fn::If, "+
		"Fn::Not, Condition, Fn::And, Fn::Or, Fn::Sub, Fn::Cidr, Fn::ToJsonString, Fn::Length]", name)
}

// ref is Ref, and ${Name} of Fn::Sub.
func (e *evaluator) ref(id string, at *tree.Node, path string) (any, error) {
	env := e.b.env
	switch id {
	case "AWS::NoValue":
		return noValue{}, nil
	case "AWS::AccountId":
		return env.AccountID, nil
	case "AWS::Region":
		return env.Region, nil
	case "AWS::Partition":
		return env.Partition, nil
	case "AWS::StackName":
		return env.StackName, nil
	case "AWS::StackId":
		return env.StackID, nil
	case "AWS::URLSuffix":
		if env.Partition == "aws-cn" {
			return "amazonaws.com.cn", nil
		}
		return "amazonaws.com", nil
	case "AWS::NotificationARNs":
		list := []any{}
		for _, a := range env.NotificationARNs {
			list = append(list, a)
		}
		return list, nil
	}
	if v, ok := e.b.params[id]; ok {
		if l, isList := v.([]any); isList {
			return append([]any{}, l...), nil
		}
		return v, nil
	}
	if err := e.reachable(id, at, path); err != nil {
		return nil, err
	}
	return e.resolver.Ref(id)
}

// reachable refuses resources that do not exist here.
func (e *evaluator) reachable(id string, at *tree.Node, path string) error {
	if e.resolver == nil {
		return tree.Errorf(at, path, "Template format error: Unresolved dependencies [%s]. Cannot reference resources in the %s block of the template", id, e.section)
	}
	if e.b.Resource(id) == nil {
		return e.b.Template.unresolved([]string{id}, e.section, at, path)
	}
	return nil
}

func (e *evaluator) getAtt(arg *tree.Node, path string) (any, error) {
	id, attr, err := getAttArguments(arg, path)
	if err != nil {
		return nil, err
	}
	name, unknown, err := e.text(attr, path)
	if err != nil || unknown != nil {
		return orUnknown(unknown, err)
	}
	return e.attribute(id, name, arg, path)
}

func (e *evaluator) attribute(id, attribute string, at *tree.Node, path string) (any, error) {
	if e.b.Template.byID[id] == nil {
		return nil, tree.Errorf(at, path, "Template error: instance of Fn::GetAtt references undefined resource %s", id)
	}
	if err := e.reachable(id, at, path); err != nil {
		return nil, err
	}
	return e.resolver.GetAtt(id, attribute)
}

func (e *evaluator) sub(arg *tree.Node, path string) (any, error) {
	text, vars, err := subArguments(arg, path)
	if err != nil {
		return nil, err
	}
	parts, err := parseSub(text.Text, text, path)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	known := map[string]any{} // each is computed once, however often it stands there
	for _, p := range parts {
		if b.Len() > maxValue {
			return nil, tooLong(text, path)
		}
		if !p.Var {
			b.WriteString(p.Text)
			continue
		}
		v, ok := known[p.Text]
		if !ok {
			if v, err = e.subVariable(p.Text, text, vars, path); err != nil {
				return nil, err
			}
			known[p.Text] = v
		}
		if u, ok := v.(Unknown); ok {
			return u, nil
		}
		s, ok := toText(v)
		if !ok {
			return nil, tree.Errorf(text, path, "Template error: the value of ${%s} in Fn::Sub must be a string", p.Text)
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

func (e *evaluator) subVariable(name string, at, vars *tree.Node, path string) (any, error) {
	if v := vars.Get(name); v != nil {
		return e.eval(v, path+"."+name)
	}
	if id, attr, ok := strings.Cut(name, "."); ok {
		return e.attribute(id, attr, at, path)
	}
	return e.ref(name, at, path)
}

// text evaluates n to a string, or to an Unknown.
func (e *evaluator) text(n *tree.Node, path string) (string, *Unknown, error) {
	v, err := e.eval(n, path)
	if err != nil {
		return "", nil, err
	}
	if u, ok := v.(Unknown); ok {
		return "", &u, nil
	}
	s, ok := toText(v)
	if !ok {
		return "", nil, tree.Errorf(n, path, "Template error: a string is expected here, not %s", describe(v))
	}
	return s, nil, nil
}

// list evaluates n to a list, or to an Unknown.
func (e *evaluator) list(n *tree.Node, path, otherwise string) ([]any, *Unknown, error) {
	v, err := e.eval(n, path)
	if err != nil {
		return nil, nil, err
	}
	switch x := v.(type) {
	case []any:
		return x, nil, nil
	case Unknown:
		return nil, &x, nil
	}
	return nil, nil, tree.Errorf(n, path, "%s", otherwise)
}

func orUnknown(u *Unknown, err error) (any, error) {
	if err != nil || u == nil {
		return nil, err
	}
	return *u, nil
}

// toText writes a scalar as CloudFormation does when it needs a string.
func toText(v any) (string, bool) {
	switch x := v.(type) {
	case string:
		return x, true
	case json.Number:
		return x.String(), true
	case bool:
		return strconv.FormatBool(x), true
	case Unknown:
		return x.String(), true
	}
	return "", false
}

func describe(v any) string {
	switch v.(type) {
	case []any:
		return "a list"
	case map[string]any:
		return "a map"
	case noValue:
		return "AWS::NoValue"
	case nil:
		return "null"
	}
	return fmt.Sprintf("%T", v)
}
