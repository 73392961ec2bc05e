package sam

import (
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// values are the parameters that Refs are replaced by where the transform needs to know them.
type values struct {
	params   map[string]*tree.Node
	mappings *tree.Node
}

func newValues(root *tree.Node, o Options) values {
	v := values{params: map[string]*tree.Node{}, mappings: root.Get("Mappings")}
	for k, s := range o.Parameters {
		v.params[k] = tree.NewString(s)
	}
	for _, p := range pairsOf(root.Get("Parameters")) {
		if d := p.Value.Get("Default"); d != nil && v.params[p.Key] == nil {
			v.params[p.Key] = d
		}
	}
	v.params["AWS::Region"] = tree.NewString(o.Region)
	v.params["AWS::Partition"] = tree.NewString(o.Partition)
	return v
}

// resolve returns a copy of n in which Refs to known parameters, and their like in Fn::Sub, are
// replaced by their values. Everything else stays.
func (v values) resolve(n *tree.Node) *tree.Node {
	if n == nil {
		return nil
	}
	return v.walk(n.Clone())
}

func (v values) walk(n *tree.Node) *tree.Node {
	for i, item := range n.Items {
		n.Items[i] = v.walk(item)
	}
	for i := range n.Pairs {
		n.Pairs[i].Value = v.walk(n.Pairs[i].Value)
	}
	if !n.Is(tree.Map) || len(n.Pairs) != 1 {
		return n
	}
	switch p := n.Pairs[0]; {
	case p.Key == "Ref" && p.Value.Is(tree.String):
		if x := v.params[p.Value.Text]; x != nil {
			return x.Clone()
		}
	case p.Key == "Fn::Sub":
		text := p.Value
		if text.Is(tree.List) && len(text.Items) > 0 {
			text = text.Items[0]
		}
		if text.Is(tree.String) {
			text.Text = replaceVariables(text.Text, func(name string) (string, bool) {
				x := v.params[name]
				return textOf(x), x != nil
			})
		}
	}
	return n
}

// replaceVariables rewrites the ${Name}s of a Fn::Sub text that f knows.
func replaceVariables(s string, f func(name string) (string, bool)) string {
	var b strings.Builder
	for {
		i := strings.Index(s, "${")
		if i < 0 {
			break
		}
		end := strings.IndexByte(s[i:], '}')
		if end < 0 {
			break
		}
		b.WriteString(s[:i])
		if r, ok := f(s[i+2 : i+end]); ok {
			b.WriteString(r)
		} else {
			b.WriteString(s[i : i+end+1])
		}
		s = s[i+end+1:]
	}
	return b.String() + s
}

// lookup is resolve, and then Fn::FindInMap too.
func (v values) lookup(n *tree.Node) *tree.Node {
	n = v.resolve(n)
	args := n.Get("Fn::FindInMap")
	if !isIntrinsic(n) || !args.Is(tree.List) || len(args.Items) < 3 {
		return n
	}
	if x := v.mappings.Path(args.Items[0].Str(), args.Items[1].Str(), args.Items[2].Str()); x != nil {
		return x.Clone()
	}
	return n
}

// textOf is a scalar's text.
func textOf(n *tree.Node) string {
	if n.Is(tree.String) || n.Is(tree.Number) || n.Is(tree.Bool) {
		return n.Text
	}
	return ""
}
