package rfc9535

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxNesting bounds the depth of parentheses and filters in a text.
const maxNesting = 100

// parser reads a query by recursive descent along the grammar of RFC 9535,
// appendix A. White space is taken only where the grammar has an S.
type parser struct {
	text    string
	at      int
	depth   int
	options Options
	lenient []Leniency
	filters int  // depth of filters: @ is known inside only
	loose   bool // a condition in the place of a query: Nothing equals null
}

// errorf places an error where the parser stands; the callers that know better move it back first.
func (p *parser) errorf(hint, format string, args ...any) error {
	return &SyntaxError{Text: p.text, Offset: p.at, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// tolerate notes a departure that the options allow. It is the caller's to refuse it: one parser serves strict and lenient readers.
func (p *parser) tolerate(rule string, at int, hint, format string, args ...any) {
	p.lenient = append(p.lenient, Leniency{Rule: rule, Offset: at, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// path reads a query, or with Options.Condition what stands in its place.
func (p *parser) path() (*Path, error) {
	strict, err := p.wholeQuery()
	if err == nil {
		return strict, nil
	}
	if !p.options.Condition {
		return nil, p.explain(err)
	}
	again := &parser{text: p.text, options: p.options, filters: 1, loose: true}
	condition, failed := again.wholeCondition()
	if failed != nil {
		return nil, p.explain(err)
	}
	*p = *again
	return condition, nil
}

// wholeQuery reads a query that must be all of the text: RFC 9535 §2.1.1 has no blanks before or behind it.
func (p *parser) wholeQuery() (*Path, error) {
	if p.peek() != '$' {
		return nil, p.errorf("for instance $.items[0].id", "a JSONPath query starts with $")
	}
	q, err := p.query()
	if err != nil {
		return nil, err
	}
	if p.at < len(p.text) {
		return nil, p.errorf("", "%q is not part of a query", p.clip())
	}
	return &Path{query: q}, nil
}

// wholeCondition reads a logical expression where a query should stand.
func (p *parser) wholeCondition() (*Path, error) {
	p.space()
	e, err := p.logical()
	if err != nil {
		return nil, err
	}
	p.space()
	if p.at < len(p.text) {
		return nil, p.errorf("", "%q is not part of the condition", p.clip())
	}
	p.tolerate("condition", 0, "compare within a filter, for instance $[?@.name == 'x']", "a comparison is no JSONPath query: RFC 9535 compares within filters only")
	return &Path{condition: e}, nil
}

// explain adds what is probably meant to an error at the end of the query.
func (p *parser) explain(err error) error {
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || syntax.Hint != "" {
		return err
	}
	rest := strings.TrimSpace(p.text[min(syntax.Offset, len(p.text)):])
	switch {
	case strings.HasPrefix(rest, "=~"):
		syntax.Hint = "write match(…, 'pattern') or search(…, 'pattern')"
	case strings.HasPrefix(rest, "==="):
		syntax.Hint = "write =="
	case rest != "" && strings.ContainsRune("=<>!", rune(rest[0])):
		syntax.Hint = "compare within a filter, for instance $[?@.name == 'x']"
	case strings.HasPrefix(rest, "(@.length"):
		syntax.Hint = "write a negative index, for instance [-1]"
	}
	return err
}

// clip is the beginning of what is left, for messages.
func (p *parser) clip() string {
	rest := p.text[p.at:]
	if len(rest) > 30 {
		return rest[:27] + "..."
	}
	return rest
}

// peek answers the next byte, 0 at the end.
func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// take moves over s if it comes next.
func (p *parser) take(s string) bool {
	if strings.HasPrefix(p.text[p.at:], s) {
		p.at += len(s)
		return true
	}
	return false
}

// space skips blanks (B of the grammar, §2.1.1): space, tab, line feed and carriage return.
func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\n\r", p.text[p.at]) >= 0 {
		p.at++
	}
}

// query reads $ or @ and the segments.
func (p *parser) query() (query, error) {
	q := query{absolute: p.peek() == '$', singular: true}
	p.at++
	for {
		before := p.at
		p.space()
		s, found, err := p.segment()
		if err != nil {
			return q, err
		}
		if !found {
			p.at = before
			break
		}
		if s.descendant || len(s.selectors) != 1 || s.selectors[0].kind > selectIndex {
			q.singular = false
		}
		q.segments = append(q.segments, s)
	}
	return q, nil
}

// segment reads .name, .*, ..name, ..*, [ … ] or ..[ … ].
func (p *parser) segment() (s segment, found bool, err error) {
	switch {
	case p.take(".."):
		s.descendant = true
		if p.peek() == '[' {
			s.selectors, err = p.bracket()
			return s, true, err
		}
	case p.take("."):
	case p.peek() == '[':
		s.selectors, err = p.bracket()
		return s, true, err
	default:
		return s, false, nil
	}
	if p.take("*") {
		s.selectors = []selector{{kind: selectWildcard}}
		return s, true, nil
	}
	name, err := p.shorthand()
	s.selectors = []selector{{kind: selectName, name: name}}
	return s, true, err
}

// shorthand reads the name after a dot.
func (p *parser) shorthand() (string, error) {
	start := p.at
	for p.at < len(p.text) {
		r, size := utf8.DecodeRuneInString(p.text[p.at:])
		ok := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x80 && (r != utf8.RuneError || size > 1) ||
			p.at > start && r >= '0' && r <= '9'
		if !ok && p.options.Draft && r == '-' && p.at > start {
			p.tolerate("name", p.at, "write ['name']", "a name with a hyphen stands in brackets")
			ok = true
		}
		if !ok {
			break
		}
		p.at += size
	}
	if p.at == start {
		hint := ""
		if p.at < len(p.text) && p.text[p.at] != ' ' {
			hint = "other names stand in brackets: ['name']"
		}
		return "", p.errorf(hint, "a name or * must follow the dot")
	}
	return p.text[start:p.at], nil
}

// bracket reads the selectors between [ and ].
func (p *parser) bracket() ([]selector, error) {
	p.at++
	var out []selector
	for {
		p.space()
		s, err := p.selector()
		if err != nil {
			return nil, err
		}
		out = append(out, s)
		p.space()
		switch {
		case p.take("]"):
			return out, nil
		case !p.take(","):
			return nil, p.errorf("", "a bracket must go on with , or ]")
		}
	}
}

// selector reads one of a bracket's: a name, an index, a slice, * or a filter, told apart by their first characters.
func (p *parser) selector() (selector, error) {
	switch c := p.peek(); {
	case c == '\'' || c == '"':
		name, err := p.stringLiteral()
		return selector{kind: selectName, name: name}, err
	case c == '*':
		p.at++
		return selector{kind: selectWildcard}, nil
	case c == '?':
		return p.filter()
	case c == '-' || c == ':' || c >= '0' && c <= '9':
		return p.indexOrSlice()
	case c == '(' && p.options.Draft:
		return p.script()
	}
	hint := ""
	if p.peek() == '@' || p.peek() == '(' {
		hint = "a filter starts with ?"
	}
	return selector{}, p.errorf(hint, "a bracket holds a quoted name, an index, a slice, * or a filter")
}

// filter reads ? and a logical expression.
func (p *parser) filter() (selector, error) {
	p.at++
	p.space()
	p.filters++
	e, err := p.logical()
	p.filters--
	return selector{kind: selectFilter, filter: e}, err
}

// script reads the draft's [(@.length-1)], an index counted from the end.
func (p *parser) script() (selector, error) {
	start := p.at
	inner, _, closed := strings.Cut(p.text[p.at+1:], ")")
	digits, is := strings.CutPrefix(strings.ReplaceAll(inner, " ", ""), "@.length-")
	index, ok := integer(digits)
	if !closed || !is || !ok || index <= 0 {
		return selector{}, p.errorf("only [(@.length-n)] is supported", "the script %q cannot be evaluated", inner)
	}
	p.at += len(inner) + 2
	p.tolerate("script", start, fmt.Sprintf("write [-%d]", index), "RFC 9535 has no scripts")
	return selector{kind: selectIndex, index: -index}, nil
}

const maxInteger = 1<<53 - 1 // RFC 9535 §2.1, the range of I-JSON

// integer reads RFC 9535's int: no leading zeros and no -0.
func integer(s string) (int64, bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || len(digits) > 16 || digits[0] == '0' && s != "0" {
		return 0, false
	}
	var n int64
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if s[0] == '-' {
		n = -n
	}
	return n, n <= maxInteger && n >= -maxInteger
}

// integer reads an index or a part of a slice; nil where there is none. -0 and leading zeros are errors, as is what I-JSON cannot hold.
func (p *parser) integer() (*int64, error) {
	start := p.at
	p.take("-")
	for p.peek() >= '0' && p.peek() <= '9' {
		p.at++
	}
	if p.at == start {
		return nil, nil
	}
	n, ok := integer(p.text[start:p.at])
	if !ok {
		bad := p.text[start:p.at]
		p.at = start
		return nil, p.errorf("an integer has no leading zeros and at most 53 bits", "%q is not an index", bad)
	}
	return &n, nil
}

// indexOrSlice reads an integer, or [start] : [end] [: [step]]. A step of 0 is
// valid and selects nothing.
func (p *parser) indexOrSlice() (selector, error) {
	start, err := p.integer()
	if err != nil {
		return selector{}, err
	}
	before := p.at
	p.space()
	if !p.take(":") {
		p.at = before
		return selector{kind: selectIndex, index: *start}, nil
	}
	s := slice{start: start, step: 1}
	p.space()
	if s.end, err = p.integer(); err != nil {
		return selector{}, err
	}
	before = p.at
	p.space()
	if !p.take(":") {
		p.at = before
		return selector{kind: selectSlice, slice: s}, nil
	}
	before = p.at
	p.space()
	step, err := p.integer()
	if step != nil {
		s.step = *step
	} else {
		p.at = before
	}
	return selector{kind: selectSlice, slice: s}, err
}
