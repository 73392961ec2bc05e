package sam

import (
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// rewriter changes references once all is expanded.
type rewriter struct {
	renamed map[string]string            // logical id → new one (layers)
	parts   map[string]map[string]string // resource → Alias, Version … → generated logical id
}

func newRewriter() *rewriter {
	return &rewriter{renamed: map[string]string{}, parts: map[string]map[string]string{}}
}

// part registers what resource.name refers to.
func (w *rewriter) part(resource, name, id string) {
	if w.parts[resource] == nil {
		w.parts[resource] = map[string]string{}
	}
	w.parts[resource][name] = id
}

// find translates the beginning of a dotted reference; rest keeps its dot.
func (w *rewriter) find(s string) (id, rest string, ok bool) {
	first, tail, dotted := strings.Cut(s, ".")
	if dotted {
		second, more, deeper := strings.Cut(tail, ".")
		if id := w.parts[first][second]; id != "" {
			if deeper {
				more = "." + more
			}
			return id, more, true
		}
		tail = "." + tail
	}
	if id := w.renamed[first]; id != "" {
		return id, tail, true
	}
	return "", "", false
}

// walk rewrites n in place.
func (w *rewriter) walk(n *tree.Node) {
	for _, item := range n.Items {
		w.walk(item)
	}
	for _, p := range n.Pairs {
		w.walk(p.Value)
	}
	if !n.Is(tree.Map) || len(n.Pairs) != 1 {
		return
	}
	arg := n.Pairs[0].Value
	switch n.Pairs[0].Key {
	case "Ref":
		if id, rest, ok := w.find(arg.Str()); ok && rest == "" {
			arg.Text = id
		}
	case "Fn::GetAtt":
		w.getAtt(n, arg)
	case "Fn::Sub":
		if arg.Is(tree.List) && len(arg.Items) > 0 {
			arg = arg.Items[0]
		}
		if arg.Is(tree.String) {
			arg.Text = replaceVariables(arg.Text, func(name string) (string, bool) {
				id, rest, ok := w.find(name)
				return "${" + id + rest + "}", ok
			})
		}
	}
}

func (w *rewriter) getAtt(n, arg *tree.Node) {
	text := arg.Str()
	if arg.Is(tree.List) {
		var names []string
		for _, i := range arg.Items {
			if !i.Is(tree.String) {
				if len(arg.Items) == 2 && arg.Items[0].Is(tree.String) {
					if id := w.renamed[arg.Items[0].Text]; id != "" {
						arg.Items[0].Text = id
					}
				}
				return
			}
			names = append(names, i.Text)
		}
		text = strings.Join(names, ".")
	}
	if id, rest, ok := w.find(text); ok && rest != "" {
		n.Pairs[0].Value = tree.NewStrings(id, rest[1:]).At(arg)
	}
}
