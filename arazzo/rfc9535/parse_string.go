package rfc9535

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// stringLiteral reads a quoted string with JSON's escapes.
func (p *parser) stringLiteral() (string, error) {
	quote := p.text[p.at]
	start := p.at
	p.at++
	var b strings.Builder
	for p.at < len(p.text) {
		c := p.text[p.at]
		switch {
		case c == quote:
			p.at++
			return b.String(), nil
		case c == '\\':
			r, err := p.escape(quote)
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
		case c < 0x20:
			return "", p.errorf("write \\n, \\t or \\u00XX", "a control character must be escaped in a string")
		default:
			r, size := utf8.DecodeRuneInString(p.text[p.at:])
			if r == utf8.RuneError && size == 1 {
				return "", p.errorf("", "the string is not UTF-8")
			}
			b.WriteString(p.text[p.at : p.at+size])
			p.at += size
		}
	}
	p.at = start
	return "", p.errorf("", "the string is not closed")
}

// escape reads what follows a backslash; a quote may be escaped only within its
// own kind.
func (p *parser) escape(quote byte) (rune, error) {
	p.at++
	c := p.peek()
	p.at++
	switch c {
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case '/', '\\', quote:
		return rune(c), nil
	case 'u':
		return p.unicode()
	}
	p.at -= 2
	return 0, p.errorf("a backslash itself is written \\\\", "the string has an escape that JSON does not know")
}

// unicode reads XXXX, or a surrogate pair XXXX\uXXXX.
func (p *parser) unicode() (rune, error) {
	first, ok := p.hex()
	if !ok {
		return 0, p.errorf("", "four hexadecimal digits must follow \\u")
	}
	if !utf16.IsSurrogate(first) {
		return first, nil
	}
	if p.take("\\u") {
		if second, ok := p.hex(); ok {
			if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
				return r, nil
			}
		}
	}
	return 0, p.errorf("", "a surrogate must stand in a pair")
}

// hex reads the four digits of \u. Surrogates are the caller's to pair: one alone is an error, §2.3.1.1.
func (p *parser) hex() (rune, bool) {
	if p.at+4 > len(p.text) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(p.text[p.at : p.at+4]) {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	p.at += 4
	return r, true
}
