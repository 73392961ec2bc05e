package jsonpath

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// SyntaxError tells where a path stops being one.
type SyntaxError struct {
	Path   string
	Offset int // in bytes
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid path '%s' at %d: %s", e.Path, e.Offset, e.Reason)
}

// maxNesting bounds filters within filters.
const maxNesting = 64

// Parse reads a path that begins with $.
func Parse(src string) (*Path, error) {
	p := &parser{src: src}
	path, err := p.path('$')
	if err != nil {
		return nil, err
	}
	if p.pos < len(src) {
		return nil, p.fail("unexpected text")
	}
	return path, nil
}

// MustParse is Parse for paths that are known to be right.
func MustParse(src string) *Path {
	p, err := Parse(src)
	if err != nil {
		panic(err)
	}
	return p
}

type parser struct {
	src   string
	pos   int
	depth int
}

// fail tells where the path stops making sense.
func (p *parser) fail(reason string) error {
	return &SyntaxError{Path: p.src, Offset: p.pos, Reason: reason}
}

// peek is the next byte, 0 at the end.
func (p *parser) peek() byte {
	if p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

// accept takes the text if it comes next.
func (p *parser) accept(text string) bool {
	if strings.HasPrefix(p.src[p.pos:], text) {
		p.pos += len(text)
		return true
	}
	return false
}

// space skips blanks, which may stand between the parts of brackets and filters.
func (p *parser) space() {
	for p.pos < len(p.src) && (p.src[p.pos] == ' ' || p.src[p.pos] == '\t' || p.src[p.pos] == '\n') {
		p.pos++
	}
}

// path reads steps after the root sign; it stops at what cannot go on a path.
func (p *parser) path(root byte) (*Path, error) {
	start := p.pos
	if p.peek() != root {
		return nil, p.fail("must begin with " + string(root))
	}
	p.pos++
	out := &Path{definite: true}
	for out.function == nil {
		var err error
		switch {
		case p.accept(".."):
			out.steps = append(out.steps, deepStep{})
			// ..name and ..* go without a further dot, ..[0] has its bracket.
			if p.peek() != '[' {
				err = p.dotted(out)
			}
		case p.peek() == '.':
			p.pos++
			err = p.dotted(out)
		case p.peek() == '[':
			err = p.bracket(out)
		default:
			if n := len(out.steps); n > 0 {
				if _, ok := out.steps[n-1].(deepStep); ok {
					return nil, p.fail("a path must not end with '..'")
				}
			}
			return p.finish(out, start), nil
		}
		if err != nil {
			return nil, err
		}
	}
	return p.finish(out, start), nil
}

// finish notes what was read as the path's text, and whether it is definite.
func (p *parser) finish(out *Path, start int) *Path {
	out.src = p.src[start:p.pos]
	for i, s := range out.steps {
		_, members := s.(memberStep)
		merged := members && i == len(out.steps)-1 // ['a','b'] at the end makes one object
		out.definite = out.definite && (s.definite() || merged)
	}
	return out
}

// nameEnd holds the characters that end a name in dot notation.
const nameEnd = ".[]() \t\n,'\"=<>!&|?@~/"

// dotted reads what follows a dot: a name, * or a function.
func (p *parser) dotted(out *Path) error {
	if p.accept("*") {
		out.steps = append(out.steps, wildStep{})
		return nil
	}
	start := p.pos
	for p.pos < len(p.src) && !strings.ContainsRune(nameEnd, rune(p.src[p.pos])) {
		p.pos++
	}
	name := p.src[start:p.pos]
	if name == "" {
		return p.fail("a name is missing")
	}
	if p.peek() == '(' {
		f, err := p.call(name)
		out.function = f
		return err
	}
	if strings.IndexFunc(name, unicode.IsControl) >= 0 {
		return p.fail("control character in a name")
	}
	out.steps = append(out.steps, memberStep{[]string{name}})
	return nil
}

// bracket reads what stands in [ ]: names, *, a filter, indexes or a slice.
func (p *parser) bracket(out *Path) error {
	p.pos++
	p.space()
	var s step
	var err error
	switch p.peek() {
	case '\'', '"':
		s, err = p.members()
	case '*':
		p.pos++
		s = wildStep{}
	case '?':
		s, err = p.filter()
	default:
		s, err = p.indexes()
	}
	if err != nil {
		return err
	}
	p.space()
	if !p.accept("]") {
		return p.fail("']' expected")
	}
	out.steps = append(out.steps, s)
	return nil
}

// members reads one or more names in quotes.
func (p *parser) members() (step, error) {
	var names []string
	for {
		p.space()
		name, err := p.quoted()
		if err != nil {
			return nil, err
		}
		names = append(names, name)
		p.space()
		if !p.accept(",") {
			return memberStep{names}, nil
		}
	}
}

// quoted reads a text in either kind of quotes. A backslash takes the next character as it is, but for \n and its like.
func (p *parser) quoted() (string, error) {
	quote := p.peek()
	if quote != '\'' && quote != '"' {
		return "", p.fail("a quoted name is expected")
	}
	p.pos++
	var b strings.Builder
	for p.pos < len(p.src) {
		c := p.src[p.pos]
		p.pos++
		switch {
		case c == quote:
			return b.String(), nil
		case c == '\\' && p.pos < len(p.src):
			c = p.src[p.pos]
			p.pos++
			if i := strings.IndexByte("nrtbf", c); i >= 0 {
				c = "\n\r\t\b\f"[i]
			}
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return "", p.fail("text without end")
}

// number reads an integer; nil if there is none, as in a slice.
func (p *parser) number() (*int, error) {
	p.space()
	start := p.pos
	if p.peek() == '-' {
		p.pos++
	}
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.pos++
	}
	if p.pos == start {
		return nil, nil
	}
	n, err := strconv.Atoi(p.src[start:p.pos])
	if err != nil {
		return nil, p.fail("not an index")
	}
	p.space()
	return &n, nil
}

// indexes reads 1, -1, 0,2 or a slice.
func (p *parser) indexes() (step, error) {
	from, err := p.number()
	if err != nil {
		return nil, err
	}
	if p.accept(":") {
		s := sliceStep{from: from}
		if s.to, err = p.number(); err != nil {
			return nil, err
		}
		if p.accept(":") {
			s.by, err = p.number()
		}
		return s, err
	}
	if from == nil {
		return nil, p.fail("an index is expected")
	}
	s := indexStep{[]int{*from}}
	for p.accept(",") {
		n, err := p.number()
		if err != nil || n == nil {
			return nil, p.fail("an index is expected")
		}
		s.indexes = append(s.indexes, *n)
	}
	return s, nil
}
