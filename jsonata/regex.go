package jsonata

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// regex is a regular expression literal. JavaScript's syntax is translated to that of Go's package regexp, whose
// matching time is linear in the text; backreferences and look-around cannot be expressed there and are refused.
type regex struct {
	src string
	re  *regexp.Regexp
}

// compileRegex compiles a literal; flags are i and m.
func compileRegex(pattern, flags string) (*regex, error) {
	text, err := translateRegex(pattern)
	if err != nil {
		return nil, err
	}
	prefix := ""
	if flags != "" {
		prefix = "(?" + flags + ")"
		if strings.Count(flags, "i") > 1 || strings.Count(flags, "m") > 1 {
			return nil, errors.New("repeated flag in /" + pattern + "/" + flags)
		}
	}
	re, err := regexp.Compile(prefix + text)
	if err != nil {
		return nil, err
	}
	return &regex{src: pattern, re: re}, nil
}

const (
	jsSpace = `\t\n\v\f\r \x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}`
	jsDot   = `[^\n\r\x{2028}\x{2029}]`
)

// translateRegex rewrites what JavaScript and Go write differently.
func translateRegex(p string) (string, error) {
	var b strings.Builder
	class := false
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c == '\\':
			n, err := translateEscape(&b, p[i+1:], class)
			if err != nil {
				return "", err
			}
			i += n
		case class && c == ']':
			class = false
			b.WriteByte(c)
		case class && c == '[':
			b.WriteString(`\[`)
		case class:
			b.WriteByte(c)
		case c == '[':
			switch {
			case strings.HasPrefix(p[i:], "[^]"): // any character
				b.WriteString(`(?s:.)`)
				i += 2
			case strings.HasPrefix(p[i:], "[]"): // none
				b.WriteString(`[^\x00-\x{10FFFF}]`)
				i++
			default:
				class = true
				b.WriteByte(c)
			}
		case c == '.':
			b.WriteString(jsDot)
		case c == '(' && isLookaround(p[i:]):
			return "", fmt.Errorf("look-around in /%s/", p)
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

func isLookaround(p string) bool {
	for _, prefix := range []string{"(?=", "(?!", "(?<=", "(?<!"} {
		if strings.HasPrefix(p, prefix) {
			return true
		}
	}
	return false
}

// translateEscape writes the escape whose text follows a backslash and returns how many bytes it took of it.
func translateEscape(b *strings.Builder, rest string, class bool) (int, error) {
	if rest == "" {
		return 0, errors.New("backslash at the end")
	}
	switch c := rest[0]; {
	case c == 's' && class:
		b.WriteString(jsSpace)
	case c == 's':
		b.WriteString("[" + jsSpace + "]")
	case c == 'S' && !class:
		b.WriteString("[^" + jsSpace + "]")
	case c == 'b' && class:
		b.WriteString(`\x08`)
	case strings.IndexByte("dDwWSbBnrtvf", c) >= 0:
		b.WriteByte('\\')
		b.WriteByte(c)
	case c == '0':
		b.WriteString(`\x00`)
	case c >= '1' && c <= '9', c == 'k':
		return 0, fmt.Errorf("backreference \\%c", c)
	case c == 'u' && len(rest) >= 5 && isHex(rest[1:5]):
		b.WriteString(`\x{` + rest[1:5] + `}`)
		return 5, nil
	case c == 'x' && len(rest) >= 3 && isHex(rest[1:3]):
		b.WriteString(`\x{` + rest[1:3] + `}`)
		return 3, nil
	case c == 'c' && len(rest) >= 2:
		fmt.Fprintf(b, `\x{%x}`, rest[1]&31)
		return 2, nil
	case c >= 0x80 || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c <= ' ':
		b.WriteString(regexp.QuoteMeta(rest[:1])) // JavaScript ignores a needless backslash
	default:
		b.WriteByte('\\')
		b.WriteByte(c)
	}
	return 1, nil
}

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// match is one match of a pattern; start and end are offsets in bytes when the pattern is a literal, and what the
// matcher function says (UTF-16 units) otherwise.
type match struct {
	text       string
	start, end int
	groups     []any
	next       func() (*match, error)
}

// find returns the first match at or after an offset in bytes, nil if there is none.
func (r *regex) find(s string, from int) *match {
	if from > len(s) {
		return nil
	}
	loc := r.at(s, from)
	if loc == nil {
		return nil
	}
	m := &match{text: s[loc[0]:loc[1]], start: loc[0], end: loc[1], groups: make([]any, 0, len(loc)/2-1)}
	for i := 2; i < len(loc); i += 2 {
		if loc[i] < 0 {
			m.groups = append(m.groups, "")
		} else {
			m.groups = append(m.groups, s[loc[i]:loc[i+1]])
		}
	}
	m.next = func() (*match, error) {
		if m.end >= len(s) {
			return nil, nil
		}
		next := r.find(s, m.end)
		if next != nil && next.text == "" {
			return nil, newError("D1004", 0, "", r.src)
		}
		return next, nil
	}
	return m
}

// at finds a match from an offset on, with what lies before it still visible to ^ and \b.
func (r *regex) at(s string, from int) []int {
	if from == 0 {
		return r.re.FindStringSubmatchIndex(s)
	}
	// Package regexp cannot start within a text. Cutting the text off would let ^ match anew and \b see an edge,
	// so patterns for which that matters go through all matches instead.
	if !strings.ContainsAny(r.src, `^\`) {
		loc := r.re.FindStringSubmatchIndex(s[from:])
		for i := range loc {
			if loc[i] >= 0 {
				loc[i] += from
			}
		}
		return loc
	}
	for n := 2; ; n *= 2 {
		all := r.re.FindAllStringSubmatchIndex(s, n)
		for _, loc := range all {
			if loc[0] >= from {
				return loc
			}
		}
		if len(all) < n {
			return nil
		}
	}
}

// matchObject is what a regular expression gives when it is called as a function; from is in bytes.
func (r *regex) matchObject(s string, from int) any {
	m := r.find(s, from)
	if m == nil {
		return Undefined{}
	}
	o := NewObject(5)
	o.Set("match", m.text)
	o.Set("start", float64(unitCount(s[:m.start])))
	o.Set("end", float64(unitCount(s[:m.end])))
	o.Set("groups", m.groups)
	o.Set("next", &Function{name: "next", impl: func(*evaluation, []any) (any, error) {
		if m.end >= len(s) {
			return Undefined{}, nil
		}
		if next := r.find(s, m.end); next != nil && next.text == "" {
			return nil, newError("D1004", 0, "", r.src)
		}
		return r.matchObject(s, m.end), nil
	}})
	return o
}
