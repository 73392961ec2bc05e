package template

import (
	"regexp"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

var subName = regexp.MustCompile(`^[A-Za-z0-9_.: ]*$`)

// subPart is a piece of a Fn::Sub text: a literal, or the name between ${ and }.
type subPart struct {
	Text string
	Var  bool
}

// parseSub takes a Fn::Sub text apart. ${!Name} is the literal ${Name}.
func parseSub(s string, at *tree.Node, path string) ([]subPart, error) {
	var parts []subPart
	for {
		i := strings.Index(s, "${")
		if i < 0 {
			return append(parts, subPart{Text: s}), nil
		}
		end := strings.IndexByte(s[i:], '}')
		if end < 0 {
			return append(parts, subPart{Text: s}), nil
		}
		name := s[i+2 : i+end]
		parts = append(parts, subPart{Text: s[:i]})
		s = s[i+end+1:]
		if strings.HasPrefix(name, "!") {
			parts = append(parts, subPart{Text: "${" + name[1:] + "}"})
			continue
		}
		if !subName.MatchString(name) {
			return nil, tree.Errorf(at, path, "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons")
		}
		parts = append(parts, subPart{Text: strings.TrimSpace(name), Var: true})
	}
}

// subArguments returns the text and the map of a Fn::Sub in either form; vars may be nil.
func subArguments(v *tree.Node, path string) (text, vars *tree.Node, err error) {
	switch {
	case v.Is(tree.String):
		return v, nil, nil
	case v.Is(tree.List) && len(v.Items) == 2 && v.Items[0].Is(tree.String) && v.Items[1].Is(tree.Map):
		return v.Items[0], v.Items[1], nil
	case v.Is(tree.List) && len(v.Items) == 1 && v.Items[0].Is(tree.String):
		return v.Items[0], nil, nil
	}
	return nil, nil, tree.Errorf(v, path, "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. "+
		"Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string")
}
