package template

import (
	"fmt"
	"slices"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// reference is one mention of a parameter or resource. Attribute is empty for a Ref, "*" for an
// attribute whose name is computed.
type reference struct {
	ID, Attribute string
	Node          *tree.Node
	Path          string
}

// intrinsic returns the name and argument of a function call, which is a map with that one member.
func intrinsic(n *tree.Node) (name string, arg *tree.Node, ok bool) {
	if !n.Is(tree.Map) || len(n.Pairs) != 1 {
		return "", nil, false
	}
	p := n.Pairs[0]
	if p.Key == "Ref" || p.Key == "Condition" && p.Value.Is(tree.String) || strings.HasPrefix(p.Key, "Fn::") {
		return p.Key, p.Value, true
	}
	return "", nil, false
}

// references lists what n mentions. With a branch function only the chosen branch of each Fn::If
// counts.
func references(n *tree.Node, path string, branch func(condition string) bool) ([]reference, error) {
	w := &walker{branch: branch}
	err := w.walk(n, path)
	return w.found, err
}

type walker struct {
	branch func(string) bool
	found  []reference
}

func (w *walker) walk(n *tree.Node, path string) error {
	if n == nil {
		return nil
	}
	if name, arg, ok := intrinsic(n); ok {
		if done, err := w.call(name, arg, path+"."+name); done || err != nil {
			return err
		}
	}
	for i, v := range n.Items {
		if err := w.walk(v, fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	for _, p := range n.Pairs {
		if err := w.walk(p.Value, path+"."+p.Key); err != nil {
			return err
		}
	}
	return nil
}

// call notes what a function mentions itself; done tells that its argument needs no walk.
func (w *walker) call(name string, arg *tree.Node, path string) (done bool, err error) {
	switch name {
	case "Ref":
		if !arg.Is(tree.String) {
			return true, tree.Errorf(arg, path, "Template error: every Ref object must have a single String value.")
		}
		w.found = append(w.found, reference{ID: arg.Text, Node: arg, Path: path})
		return true, nil
	case "Fn::GetAtt":
		id, attr, err := getAttArguments(arg, path)
		if err != nil {
			return true, err
		}
		r := reference{ID: id, Attribute: attr.Str(), Node: arg, Path: path}
		if r.Attribute == "" {
			r.Attribute = "*"
		}
		w.found = append(w.found, r)
		return true, w.walk(attr, path)
	case "Fn::Sub":
		text, vars, err := subArguments(arg, path)
		if err != nil {
			return true, err
		}
		parts, err := parseSub(text.Text, text, path)
		if err != nil {
			return true, err
		}
		for _, p := range parts {
			if p.Var && !vars.Has(p.Text) {
				id, attr, _ := strings.Cut(p.Text, ".")
				w.found = append(w.found, reference{ID: id, Attribute: attr, Node: text, Path: path})
			}
		}
		return true, w.walk(vars, path)
	case "Fn::If":
		if w.branch != nil && arg.Is(tree.List) && len(arg.Items) == 3 {
			i := 2
			if w.branch(arg.Items[0].Str()) {
				i = 1
			}
			return true, w.walk(arg.Items[i], fmt.Sprintf("%s[%d]", path, i))
		}
	}
	return false, nil
}

// getAttArguments reads [id, attribute] or "id.attribute". The attribute may be a Ref.
func getAttArguments(arg *tree.Node, path string) (id string, attr *tree.Node, err error) {
	switch {
	case arg.Is(tree.String):
		id, a, ok := strings.Cut(arg.Text, ".")
		if ok && id != "" && a != "" {
			return id, tree.NewString(a).At(arg), nil
		}
	case arg.Is(tree.List) && len(arg.Items) >= 2 && arg.Items[0].Str() != "":
		// The short form with two dots gives three items to some writers: X, Outputs, Y.
		all := true
		names := []string{}
		for _, v := range arg.Items[1:] {
			all = all && v.Str() != ""
			names = append(names, v.Str())
		}
		if all {
			return arg.Items[0].Text, tree.NewString(strings.Join(names, ".")).At(arg), nil
		}
		if _, _, ok := intrinsic(arg.Items[1]); ok && len(arg.Items) == 2 {
			return arg.Items[0].Text, arg.Items[1], nil
		}
	}
	return "", nil, tree.Errorf(arg, path, "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute")
}

var pseudoParameters = []string{"AWS::AccountId", "AWS::NotificationARNs", "AWS::NoValue", "AWS::Partition",
	"AWS::Region", "AWS::StackId", "AWS::StackName", "AWS::URLSuffix"}

// checkReferences refuses mentions of what is not there, in any branch of any condition.
func (t *Template) checkReferences() error {
	for _, r := range t.Resources {
		for _, d := range r.DependsOn {
			if t.byID[d] == nil {
				return t.unresolved([]string{d}, "Resources", r.Node, "Resources."+r.ID+".DependsOn")
			}
			if d == r.ID {
				return circular([]string{d}, r.Node)
			}
		}
		for _, part := range []*tree.Node{r.Properties, r.UpdatePolicy, r.CreationPolicy} {
			if err := t.checkPart(part, "Resources", "Resources."+r.ID); err != nil {
				return err
			}
		}
	}
	for _, o := range t.Outputs {
		for _, part := range []*tree.Node{o.Value, o.ExportName} {
			if err := t.checkPart(part, "Outputs", "Outputs."+o.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *Template) checkPart(n *tree.Node, section, path string) error {
	refs, err := references(n, path, nil)
	if err != nil {
		return err
	}
	for _, r := range refs {
		if r.Attribute != "" && t.byID[r.ID] == nil {
			if _, _, isSub := strings.Cut(r.Path, "Fn::Sub"); !isSub {
				return tree.Errorf(r.Node, r.Path, "Template error: instance of Fn::GetAtt references undefined resource %s", r.ID)
			}
			return t.unresolved([]string{r.ID}, section, r.Node, r.Path)
		}
		if r.Attribute == "" && !t.declares(r.ID) {
			return t.unresolved([]string{r.ID}, section, r.Node, r.Path)
		}
	}
	return nil
}

// declares tells whether Ref may name id.
func (t *Template) declares(id string) bool {
	return t.byID[id] != nil || slices.Contains(pseudoParameters, id) ||
		slices.ContainsFunc(t.Parameters, func(p *Parameter) bool { return p.Name == id })
}

func (t *Template) unresolved(ids []string, section string, at *tree.Node, path string) error {
	return tree.Errorf(at, path, "Template format error: Unresolved resource dependencies [%s] in the %s block of the template",
		strings.Join(ids, ", "), section).WithHint(t.nearest(ids[0]))
}

// nearest suggests a declared name that differs only in case or by little.
func (t *Template) nearest(id string) string {
	best, bestAt := "", 3
	try := func(name string) {
		if d := distance(strings.ToLower(id), strings.ToLower(name)); d < bestAt {
			best, bestAt = name, d
		}
	}
	for _, r := range t.Resources {
		try(r.ID)
	}
	for _, p := range t.Parameters {
		try(p.Name)
	}
	if best == "" {
		return ""
	}
	return "did you mean " + best + "?"
}

// distance is the number of single-letter edits between a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}

func circular(ids []string, at *tree.Node) error {
	slices.Sort(ids)
	return tree.Errorf(at, "Resources", "Circular dependency between resources: [%s]", strings.Join(ids, ", "))
}
