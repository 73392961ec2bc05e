package rfc9535

import (
	"errors"
	"fmt"
)

// MaxVisits bounds the nodes that one evaluation may visit.
const MaxVisits = 2_000_000

// MaxText bounds the length of a query in bytes.
const MaxText = 64 << 10

// ErrTooManyNodes ends an evaluation that visits more than MaxVisits nodes.
var ErrTooManyNodes = errors.New("the JSONPath query visits too many nodes")

// SyntaxError says where and why a text is no query.
type SyntaxError struct {
	Text    string
	Offset  int // bytes
	Message string
	Hint    string
}

func (e *SyntaxError) Error() string {
	s := fmt.Sprintf("%s at position %d of %q", e.Message, e.Offset+1, e.Text)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Leniency is a departure from RFC 9535 that Options allowed.
type Leniency struct {
	Rule    string // condition, length, script, name, regexp
	Offset  int
	Message string
	Hint    string
}

// Options opens departures from RFC 9535. The zero value is the RFC.
type Options struct {
	// Condition allows a logical expression in the place of the whole query:
	// $.State == "Active". See Path.Condition. What is missing equals null
	// there, since $.token != null is written to ask for a token.
	Condition bool
	// Length lets a comparison's .length count an array's elements or a
	// string's characters where there is no member of that name.
	Length bool
	// Draft allows what draft-goessner-dispatch-jsonpath-00 writes: the
	// script [(@.length-1)], and names with hyphens after a dot.
	Draft bool
}

// Path is a parsed query.
type Path struct {
	text      string
	query     query
	condition expr // set for a condition
	lenient   []Leniency
}

// Parse reads a query by RFC 9535.
func Parse(text string) (*Path, error) { return ParseOptions(text, Options{}) }

// ParseOptions reads a query with departures allowed.
func ParseOptions(text string, options Options) (*Path, error) {
	if len(text) > MaxText {
		return nil, &SyntaxError{Text: text[:40] + "...", Message: fmt.Sprintf("a query of %d bytes is too long", len(text))}
	}
	p := &parser{text: text, options: options}
	path, err := p.path()
	if err != nil {
		return nil, err
	}
	path.text, path.lenient = text, p.lenient
	return path, nil
}

// String is the query as it was written.
func (p *Path) String() string { return p.text }

// Leniencies lists the departures that the text needed.
func (p *Path) Leniencies() []Leniency { return p.lenient }

// Singular tells whether the query can select one node at most.
func (p *Path) Singular() bool { return p.condition == nil && p.query.singular }

// Condition tells whether the text is a logical expression, which Options
// allowed. Test evaluates it; Select answers the root if it holds.
func (p *Path) Condition() bool { return p.condition != nil }

// query is a query within or as a path.
type query struct {
	absolute bool // $, otherwise @
	segments []segment
	singular bool
	// length: the last segment may count, see Options.Length.
	length bool
}

// segment is a child or descendant segment.
type segment struct {
	descendant bool
	selectors  []selector
}

// selectorKind is a kind of selector, RFC 9535 §2.3. The order counts: those up to selectIndex select one node at most.
type selectorKind uint8

// Their order counts: those before selectWildcard select one node at most, which makes a query singular.
const (
	selectName selectorKind = iota
	selectIndex
	selectWildcard
	selectSlice
	selectFilter
)

// selector is one entry of a bracket; which fields count, its kind says.
type selector struct {
	kind   selectorKind
	name   string
	index  int64
	slice  slice
	filter expr
}

// slice is start:end:step; a nil bound is not given.
type slice struct {
	start, end *int64
	step       int64
}
