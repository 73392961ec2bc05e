package sam

import (
	"slices"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// kinds is a set of value kinds that a property may have. An intrinsic function is always allowed
// unless literal is set; the empty set allows everything.
type kinds struct {
	of      []tree.Kind
	literal bool
}

var (
	anyValue  = kinds{}
	aString   = kinds{of: []tree.Kind{tree.String}}
	aMap      = kinds{of: []tree.Kind{tree.Map}}
	aBool     = kinds{of: []tree.Kind{tree.Bool}}
	textOrMap = kinds{of: []tree.Kind{tree.String, tree.Map}}
	policies  = kinds{of: []tree.Kind{tree.String, tree.Map, tree.List}}
)

func (k kinds) allows(n *tree.Node) bool {
	if len(k.of) == 0 || slices.Contains(k.of, n.Kind) {
		return true
	}
	return !k.literal && isIntrinsic(n)
}

// checkProperties refuses unknown properties, missing ones and values of the wrong kind, in the
// order in which the transform looks.
func checkProperties(id, samType string, props *tree.Node, known map[string]kinds, required ...string) error {
	for _, p := range pairsOf(props) {
		k, ok := known[p.Key]
		if !ok {
			return resourceError(id, "property %s not defined for resource of type %s", p.Key, samType)
		}
		if p.Value.Kind != tree.Null && !k.allows(p.Value) {
			return resourceError(id, "Type of property '%s' is invalid.", p.Key)
		}
	}
	for _, r := range required {
		if v := props.Get(r); v == nil || v.Kind == tree.Null {
			return resourceError(id, "Missing required property '%s'.", r)
		}
	}
	return nil
}

// isIntrinsic tells whether n is a call of an intrinsic function.
func isIntrinsic(n *tree.Node) bool {
	if !n.Is(tree.Map) || len(n.Pairs) != 1 {
		return false
	}
	k := n.Pairs[0].Key
	return k == "Ref" || k == "Condition" || strings.HasPrefix(k, "Fn::")
}

func isNoValue(n *tree.Node) bool {
	return n.Is(tree.Map) && len(n.Pairs) == 1 && n.Get("Ref").IsString("AWS::NoValue")
}

// isIf tells whether n is a Fn::If with its three arguments.
func isIf(n *tree.Node) bool {
	return n.Is(tree.Map) && len(n.Pairs) == 1 && n.Get("Fn::If").Is(tree.List) && len(n.Get("Fn::If").Items) == 3
}

// Makers of intrinsic calls.
func ref(id string) *tree.Node { return dict("Ref", id) }

func getAtt(id, attribute string) *tree.Node {
	return dict("Fn::GetAtt", tree.NewStrings(id, attribute))
}

func sub(text string) *tree.Node { return dict("Fn::Sub", text) }

func pairsOf(n *tree.Node) []tree.Pair {
	if n == nil {
		return nil
	}
	return n.Pairs
}

func itemsOf(n *tree.Node) []*tree.Node {
	if n == nil {
		return nil
	}
	return n.Items
}

// present gives n unless it is absent or null.
func present(n *tree.Node) *tree.Node {
	if n == nil || n.Kind == tree.Null {
		return nil
	}
	return n
}
