package logs

import (
	"regexp"
	"strings"
)

// compilePattern compiles a filter pattern; nil matches everything.
//
//	ERROR "not found"     all of these terms, in any order, in this case
//	?ERROR ?WARN          any of these
//	ERROR -Retry          the first but not the second
//	%5\d\d%               a regular expression, also as a term
//	{ $.status >= 500 && $.path = "/api/*" }   see jsonpattern.go
//
// Space-delimited patterns ("[ip, user, …]") are not supported and answer so.
func compilePattern(text string) (func(string) bool, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return nil, nil
	case len(text) > 1024:
		return nil, invalid("1 validation error detected: Value at 'filterPattern' failed to satisfy constraint: Member must have length less than or equal to 1024")
	case text[0] == '{':
		return compileJSON(text)
	case text[0] == '[':
		return nil, invalid("Invalid filter pattern: space-delimited patterns are not supported; use terms or a JSON pattern.")
	}
	return compileTerms(text)
}

type term struct {
	kind byte // '+' required, '?' optional, '-' excluded
	in   func(string) bool
}

func compileTerms(text string) (func(string) bool, error) {
	var required, optional, excluded []term
	for rest := text; rest != ""; rest = strings.TrimLeft(rest, " \t") {
		t := term{kind: '+'}
		if rest[0] == '?' || rest[0] == '-' {
			t.kind, rest = rest[0], rest[1:]
		}
		word, is, left, err := cutWord(rest)
		if err != nil {
			return nil, err
		}
		if rest = left; is != nil {
			t.in = is.MatchString
		} else {
			t.in = func(m string) bool { return strings.Contains(m, word) }
		}
		switch t.kind {
		case '+':
			required = append(required, t)
		case '?':
			optional = append(optional, t)
		default:
			excluded = append(excluded, t)
		}
	}
	if len(required) > 0 {
		optional = nil // documented: beside required terms, optional ones do nothing
	}
	return func(m string) bool {
		for _, t := range required {
			if !t.in(m) {
				return false
			}
		}
		for _, t := range excluded {
			if t.in(m) {
				return false
			}
		}
		for _, t := range optional {
			if t.in(m) {
				return true
			}
		}
		return len(optional) == 0
	}, nil
}

// cutWord takes a word, a "quoted text" or a %regular expression% off the front.
func cutWord(s string) (word string, is *regexp.Regexp, rest string, err error) {
	if s == "" {
		return "", nil, "", invalid("Invalid filter pattern: a term is missing at the end.")
	}
	switch s[0] {
	case '"':
		var b strings.Builder
		for i := 1; i < len(s); i++ {
			switch {
			case s[i] == '\\' && i+1 < len(s):
				i++
				b.WriteByte(s[i])
			case s[i] == '"':
				return b.String(), nil, s[i+1:], nil
			default:
				b.WriteByte(s[i])
			}
		}
		return "", nil, "", invalid("Invalid filter pattern: a closing quote is missing.")
	case '%':
		end := strings.IndexByte(s[1:], '%')
		if end < 0 {
			return "", nil, "", invalid("Invalid filter pattern: a closing %% is missing.")
		}
		re, err := regexp.Compile(s[1 : 1+end])
		if err != nil {
			return "", nil, "", invalid("Invalid filter pattern: %s", err)
		}
		return "", re, s[end+2:], nil
	}
	end := strings.IndexAny(s, " \t\"")
	if end <= 0 {
		end = len(s)
	}
	return s[:end], nil, s[end:], nil
}
