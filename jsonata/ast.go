package jsonata

type kind uint8

const (
	kindName kind = iota
	kindString
	kindNumber
	kindValue // true, false, null
	kindVariable
	kindRegex
	kindWildcard
	kindDescendant
	kindParent
	kindNegate
	kindArray
	kindObject
	kindBinary
	kindRange
	kindAnd
	kindOr
	kindBlock
	kindCondition
	kindDefault  // a ?: b
	kindCoalesce // a ?? b
	kindBind
	kindApply
	kindFunction
	kindPartial
	kindPlaceholder
	kindLambda
	kindThunk
	kindTransform
	kindPath
	kindSort
	kindOperatorName // and, or, in where an operand stands: a name after all

	// Only between parsing and processing.
	kindDot
	kindPredicate
	kindGroup
	kindOrderBy
	kindFocus
	kindIndex
)

// node is an element of the syntax tree. The parser makes it, process rewrites it (paths, ancestors, tail calls),
// and from then on it is never written again: an expression is shared by all its evaluations.
type node struct {
	kind  kind
	text  string // a name, an operator, a string literal
	value any    // a literal
	pos   int

	lhs, rhs, third *node   // operands; condition, then, else; pattern, update, delete
	list            []*node // steps, arguments, expressions
	pairs           []pair
	terms           []sortTerm
	body            *node
	params          []string
	sig             *signature
	re              *regex
	builtin         *Function // what a variable means if nothing is bound to it
	scoped          bool      // a block that binds variables, and so needs a frame of its own

	predicates []stage // of an expression outside a path
	stages     []stage // of a step
	group      *group
	keepArray  bool // [] on this node
	keepSeq    bool // [] somewhere in this path
	cons       bool // an array constructor that is a step
	tuple      bool // a step or path that yields tuples
	focus      string
	index      string
	ancestor   *slot   // the step whose context % refers to
	parent     *slot   // what % itself refers to
	seeking    []*slot // references to ancestors that are still to be found

	run evalFunc
}

type pair struct{ key, value *node }

type sortTerm struct {
	expr       *node
	descending bool
}

// stage filters the result of a step, or numbers it when index is set.
type stage struct {
	filter *node
	index  string
}

type group struct {
	pairs []pair
	pos   int
}

// slot is a reference to an ancestor: level steps up from where it stands.
type slot struct {
	label string
	level int
}

// decorated tells whether something is done to the result of the node itself. Such a call is not in tail position.
func (n *node) decorated() bool {
	return n.predicates != nil || n.group != nil || n.keepArray
}
