package rfc9535

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxPattern bounds a pattern's length in bytes.
const maxPattern = 4 << 10

// compilePattern translates a regular expression of RFC 9485 (I-Regexp) for
// Go's engine, which is linear in the text. Beyond the RFC it takes ^ and $ as
// anchors and \d, \w, \s and their opposites, as the other implementations do.
func compilePattern(pattern string, whole bool) (*regexp.Regexp, error) {
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("a pattern of %d bytes is too long", len(pattern))
	}
	t := translator{in: pattern}
	if err := t.all(); err != nil {
		return nil, err
	}
	out := t.out.String()
	if whole {
		out = `\A(?:` + out + `)\z`
	}
	return regexp.Compile(out)
}

// translator copies a pattern and changes what the two syntaxes read otherwise:
// the dot, which here matches no carriage return, and groups, which are not
// captured.
type translator struct {
	in  string
	at  int
	out strings.Builder
}

// all translates from the front. RFC 9485 is a subset of what Go reads but for a few characters: what it has not is refused, so that a
// pattern means the same here as with other implementations.
func (t *translator) all() error {
	for t.at < len(t.in) {
		c := t.in[t.at]
		switch {
		case c == '\\':
			if err := t.escape(); err != nil {
				return err
			}
		case c == '[':
			if err := t.class(); err != nil {
				return err
			}
		case c == '.':
			t.out.WriteString(`[^\n\r]`)
			t.at++
		case c == '(' && strings.HasPrefix(t.in[t.at+1:], "?"):
			return fmt.Errorf("%q has a group of the form (?…), which RFC 9485 lacks", t.in)
		case c == '(':
			t.out.WriteString("(?:")
			t.at++
		case c == '{' || c == '*' || c == '+' || c == '?':
			if err := t.quantifier(); err != nil {
				return err
			}
		case c == '}' || c == ']':
			return fmt.Errorf("%q has an unescaped %q", t.in, string(c))
		default:
			_, size := utf8.DecodeRuneInString(t.in[t.at:])
			t.out.WriteString(t.in[t.at : t.at+size])
			t.at += size
		}
	}
	return nil
}

// quantity is {n}, {n,} or {n,m}: Go takes a brace that is none of these for a character, RFC 9485 does not.
var quantity = regexp.MustCompile(`^\{[0-9]+(,[0-9]*)?\}`)

// quantifier copies one; a second one (lazy or possessive) is not of the RFC.
func (t *translator) quantifier() error {
	length := 1
	if t.in[t.at] == '{' {
		if length = len(quantity.FindString(t.in[t.at:])); length == 0 {
			return fmt.Errorf("%q has a brace that is no quantifier", t.in)
		}
	}
	t.out.WriteString(t.in[t.at : t.at+length])
	t.at += length
	if t.at < len(t.in) && strings.IndexByte("*+?{", t.in[t.at]) >= 0 {
		return fmt.Errorf("%q has two quantifiers in a row", t.in)
	}
	return nil
}

// escape copies a single-character escape, or a category such as \p{Lu}.
func (t *translator) escape() error {
	rest := t.in[t.at+1:]
	if rest == "" {
		return fmt.Errorf("%q ends with a backslash", t.in)
	}
	c := rest[0]
	switch {
	case c == 'p' || c == 'P':
		end := strings.IndexByte(rest, '}')
		if len(rest) < 3 || rest[1] != '{' || end < 3 || end > 4 {
			return fmt.Errorf("%q has a \\%c without a category", t.in, c)
		}
		t.out.WriteString(t.in[t.at : t.at+1+end+1])
		t.at += end + 2
		return nil
	case strings.IndexByte(`nrt()*+-.?[\]^{|}$dDwWsS/`, c) >= 0:
		t.out.WriteString(t.in[t.at : t.at+2])
		t.at += 2
		return nil
	}
	return fmt.Errorf("%q has the escape \\%c, which RFC 9485 lacks", t.in, c)
}

// class copies [ … ]; within it the dot is itself.
func (t *translator) class() error {
	t.out.WriteByte('[')
	t.at++
	if strings.HasPrefix(t.in[t.at:], "^") {
		t.out.WriteByte('^')
		t.at++
	}
	for empty := true; t.at < len(t.in); empty = false {
		switch c := t.in[t.at]; {
		case c == ']' && !empty:
			t.out.WriteByte(']')
			t.at++
			return nil
		case c == ']' || c == '[':
			return fmt.Errorf("%q has an unescaped %q in a class", t.in, string(c))
		case c == '\\':
			if err := t.escape(); err != nil {
				return err
			}
		default:
			_, size := utf8.DecodeRuneInString(t.in[t.at:])
			t.out.WriteString(t.in[t.at : t.at+size])
			t.at += size
		}
	}
	return fmt.Errorf("%q has a class that is not closed", t.in)
}
