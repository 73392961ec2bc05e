package jsonata

import (
	"math"
	"strconv"
	"strings"
)

type tokenKind uint8

const (
	tokEnd tokenKind = iota
	tokName
	tokVariable
	tokString
	tokNumber
	tokValue // true, false, null
	tokOperator
	tokRegex
)

// token is a lexical unit; pos is the offset after it, start before it.
type token struct {
	kind  tokenKind
	text  string
	value any
	start int
	pos   int
	re    *regex
}

// is tells whether the token is the operator op. The end of the text is "(end)".
func (t *token) is(op string) bool {
	return (t.kind == tokOperator || t.kind == tokEnd) && t.text == op
}

type lexer struct {
	src string
	pos int
}

const operatorChars = ".[]{}(),@#;:?+-*/%|=<>^&!~"

// next reads a token. A slash begins a regular expression where an operand is expected.
func (l *lexer) next(operand bool) (token, error) {
	if err := l.skip(); err != nil {
		return token{}, err
	}
	start := l.pos
	t, err := l.scan(operand)
	t.start, t.pos = start, l.pos
	return t, err
}

// skip passes white space and comments.
func (l *lexer) skip() error {
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; {
		case strings.IndexByte(" \t\n\r\v", c) >= 0:
			l.pos++
		case strings.HasPrefix(l.src[l.pos:], "/*"):
			end := strings.Index(l.src[l.pos+2:], "*/")
			if end < 0 {
				return newError("S0106", l.pos, "", nil)
			}
			l.pos += end + 4
		default:
			return nil
		}
	}
	return nil
}

func (l *lexer) scan(operand bool) (token, error) {
	if l.pos >= len(l.src) {
		return token{kind: tokEnd, text: "(end)"}, nil
	}
	c := l.src[l.pos]
	switch {
	case c == '/' && operand:
		return l.regex()
	case strings.IndexByte(operatorChars, c) >= 0:
		return l.operator(), nil
	case c == '"' || c == '\'':
		return l.string(c)
	case c >= '0' && c <= '9':
		return l.number()
	case c == '`':
		end := strings.IndexByte(l.src[l.pos+1:], '`')
		if end < 0 {
			return token{}, newError("S0105", len(l.src), "", nil)
		}
		name := l.src[l.pos+1 : l.pos+1+end]
		l.pos += end + 2
		return token{kind: tokName, text: name}, nil
	}
	return l.word(), nil
}

func (l *lexer) operator() token {
	n := 1
	if l.pos+1 < len(l.src) {
		switch l.src[l.pos : l.pos+2] {
		case "..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??":
			n = 2
		}
	}
	t := token{kind: tokOperator, text: l.src[l.pos : l.pos+n]}
	l.pos += n
	return t
}

func (l *lexer) string(quote byte) (token, error) {
	var buf []byte
	for i := l.pos + 1; i < len(l.src); {
		switch c := l.src[i]; c {
		case quote:
			l.pos = i + 1
			return token{kind: tokString, text: string(buf)}, nil
		case '\\':
			out, n := unescape(buf, l.src[i+1:min(i+6, len(l.src))])
			if n < 0 {
				return token{}, newError("S0104", i+1, "", nil)
			}
			if n == 0 && i+1 < len(l.src) {
				_, size := decodeChar(l.src[i+1:])
				return token{}, newError("S0103", i+1, l.src[i+1:i+1+size], nil)
			}
			buf = out
			i += 1 + n
		default:
			buf = append(buf, c)
			i++
		}
	}
	return token{}, newError("S0101", len(l.src), "", nil)
}

func (l *lexer) number() (token, error) {
	n := numberLength(l.src[l.pos:], false)
	text := l.src[l.pos : l.pos+n]
	f, _ := strconv.ParseFloat(text, 64)
	if math.IsInf(f, 0) {
		return token{}, newError("S0102", l.pos, text, nil)
	}
	l.pos += n
	return token{kind: tokNumber, text: text, value: f}, nil
}

// word reads a name, a variable, or a word with a meaning of its own.
func (l *lexer) word() token {
	end := strings.IndexAny(l.src[l.pos:], " \t\n\r\v"+operatorChars)
	if end < 0 {
		end = len(l.src) - l.pos
	}
	text := l.src[l.pos : l.pos+end]
	l.pos += end
	if text[0] == '$' {
		return token{kind: tokVariable, text: text[1:]}
	}
	switch text {
	case "or", "in", "and":
		return token{kind: tokOperator, text: text}
	case "true", "false":
		return token{kind: tokValue, text: text, value: text == "true"}
	case "null":
		return token{kind: tokValue, text: text}
	}
	return token{kind: tokName, text: text}
}

// regex reads /pattern/flags. A slash inside brackets or after a backslash belongs to the pattern.
func (l *lexer) regex() (token, error) {
	start := l.pos + 1
	depth := 0
	for i := start; i < len(l.src); i++ {
		switch l.src[i] {
		case '\\':
			i++
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case '/':
			if depth != 0 {
				continue
			}
			pattern := l.src[start:i]
			if pattern == "" {
				return token{}, newError("S0301", i, "", nil)
			}
			end := i + 1
			for end < len(l.src) && (l.src[end] == 'i' || l.src[end] == 'm') {
				end++
			}
			flags := l.src[i+1 : end]
			l.pos = end
			re, err := compileRegex(pattern, flags)
			if err != nil {
				return token{}, newError("S0303", i, "", err.Error())
			}
			return token{kind: tokRegex, text: pattern, re: re}, nil
		}
	}
	return token{}, newError("S0302", len(l.src), "", nil)
}

// signature reads the raw text of a signature up to its closing bracket; the opening one is already read.
func (l *lexer) signature(start int) (string, bool) {
	depth := 1
	for i := start + 1; i < len(l.src); i++ {
		switch l.src[i] {
		case '<':
			depth++
		case '>':
			if depth--; depth == 0 {
				l.pos = i + 1
				return strings.Join(strings.Fields(l.src[start:i+1]), ""), true
			}
		case '{':
			return "", false
		}
	}
	return "", false
}
