package logs

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// condition is a compiled JSON pattern, asked about a decoded message.
//
//	{ or }
//	or   = and { "||" and }
//	and  = unit { "&&" unit }
//	unit = "(" or ")" | path op value | path "IS" ("NULL" | "TRUE" | "FALSE") | path ["NOT"] "EXISTS"
//	path = "$" { "." name | "[" index "]" }        op = "=" | "!=" | "<" | "<=" | ">" | ">="
//
// Text may hold * for any characters; %…% is a regular expression.
type condition func(doc any) bool

func compileJSON(text string) (func(string) bool, error) {
	p := &jsonParser{rest: strings.TrimSpace(text[1:])}
	c, err := p.or(0)
	if err == nil && !p.take("}") {
		err = p.fail("expected }")
	}
	if err == nil && p.rest != "" {
		err = p.fail("nothing may follow }")
	}
	if err != nil {
		return nil, err
	}
	return func(message string) bool {
		start := strings.IndexByte(message, '{') // Lambda's lines may begin with a prefix; AWS wants none
		if start < 0 || strings.TrimSpace(message[:start]) != "" {
			return false
		}
		var doc any
		return json.Unmarshal([]byte(message), &doc) == nil && c(doc)
	}, nil
}

type jsonParser struct{ rest string }

func (p *jsonParser) fail(why string) error {
	return invalid("Invalid filter pattern: %s at %q.", why, short(p.rest))
}

func short(s string) string {
	if len(s) > 30 {
		return s[:30]
	}
	return s
}

// take removes a token from the front if it is there.
func (p *jsonParser) take(token string) bool {
	rest, ok := strings.CutPrefix(p.rest, token)
	if ok {
		p.rest = strings.TrimLeft(rest, " \t\n")
	}
	return ok
}

// keyword is take for a word in any case.
func (p *jsonParser) keyword(word string) bool {
	if len(p.rest) < len(word) || !strings.EqualFold(p.rest[:len(word)], word) {
		return false
	}
	if after := p.rest[len(word):]; after != "" && !strings.ContainsRune(" \t\n)}&|", rune(after[0])) {
		return false
	}
	return p.take(p.rest[:len(word)])
}

func (p *jsonParser) or(depth int) (condition, error) {
	if depth > 20 {
		return nil, p.fail("nested too deeply")
	}
	c, err := p.and(depth)
	for err == nil && p.take("||") {
		var r condition
		if r, err = p.and(depth); err == nil {
			l := c
			c = func(d any) bool { return l(d) || r(d) }
		}
	}
	return c, err
}

func (p *jsonParser) and(depth int) (condition, error) {
	c, err := p.unit(depth)
	for err == nil && p.take("&&") {
		var r condition
		if r, err = p.unit(depth); err == nil {
			l := c
			c = func(d any) bool { return l(d) && r(d) }
		}
	}
	return c, err
}

func (p *jsonParser) unit(depth int) (condition, error) {
	if p.take("(") {
		c, err := p.or(depth + 1)
		if err == nil && !p.take(")") {
			err = p.fail("expected )")
		}
		return c, err
	}
	at, err := p.path()
	if err != nil {
		return nil, err
	}
	switch {
	case p.keyword("IS"):
		return p.is(at)
	case p.keyword("NOT"):
		if !p.keyword("EXISTS") {
			return nil, p.fail("expected EXISTS")
		}
		return func(d any) bool { _, ok := at(d); return !ok }, nil
	case p.keyword("EXISTS"):
		return func(d any) bool { _, ok := at(d); return ok }, nil
	}
	for _, op := range []string{"!=", "<=", ">=", "=", "<", ">"} {
		if p.take(op) {
			return p.comparison(at, op)
		}
	}
	return nil, p.fail("expected a comparison")
}

func (p *jsonParser) is(at selector) (condition, error) {
	for word, want := range map[string]any{"NULL": nil, "TRUE": true, "FALSE": false} {
		if p.keyword(word) {
			return func(d any) bool { v, ok := at(d); return ok && v == want }, nil
		}
	}
	return nil, p.fail("expected NULL, TRUE or FALSE")
}

// selector finds a value in a document.
type selector func(doc any) (any, bool)

var pathStep = regexp.MustCompile(`^(?:\.([A-Za-z0-9_\-@:]+)|\[\s*(\d+)\s*\]|\[\s*["']([^"']+)["']\s*\])`)

func (p *jsonParser) path() (selector, error) {
	if !strings.HasPrefix(p.rest, "$") {
		return nil, p.fail("expected a selector that begins with $")
	}
	rest := p.rest[1:]
	var steps []any // string: a member; int: an element
	for {
		m := pathStep.FindStringSubmatch(rest)
		if m == nil {
			break
		}
		if i, err := strconv.Atoi(m[2]); m[2] != "" && err == nil {
			steps = append(steps, i)
		} else {
			steps = append(steps, m[1]+m[3])
		}
		rest = rest[len(m[0]):]
	}
	if rest != "" && !strings.ContainsRune(" \t\n=!<>", rune(rest[0])) {
		return nil, p.fail("selector not supported")
	}
	p.rest = strings.TrimLeft(rest, " \t\n")
	return func(d any) (any, bool) {
		for _, s := range steps {
			switch s := s.(type) {
			case string:
				m, _ := d.(map[string]any)
				v, ok := m[s]
				if !ok {
					return nil, false
				}
				d = v
			case int:
				l, _ := d.([]any)
				if s >= len(l) {
					return nil, false
				}
				d = l[s]
			}
		}
		return d, true
	}, nil
}

func (p *jsonParser) comparison(at selector, op string) (condition, error) {
	var want string
	var re *regexp.Regexp
	quoted := strings.HasPrefix(p.rest, `"`)
	if quoted || strings.HasPrefix(p.rest, "%") {
		var err error
		if want, re, p.rest, err = cutWord(p.rest); err != nil {
			return nil, err
		}
		p.rest = strings.TrimLeft(p.rest, " \t\n")
	} else {
		end := strings.IndexAny(p.rest, " \t\n)}&|")
		if end <= 0 {
			return nil, p.fail("expected a value")
		}
		want = p.rest[:end]
		p.take(want)
	}
	if number, err := strconv.ParseFloat(want, 64); err == nil && !quoted && re == nil {
		return numeric(at, op, number), nil
	}
	if op != "=" && op != "!=" {
		return nil, invalid("Invalid filter pattern: %s compares numbers only, not %q.", op, want)
	}
	if re == nil && strings.Contains(want, "*") {
		re = regexp.MustCompile("(?s)^" + strings.ReplaceAll(regexp.QuoteMeta(want), `\*`, ".*") + "$")
	}
	return func(d any) bool {
		v, ok := at(d)
		if !ok {
			return false
		}
		text, isText := v.(string)
		if b, isBool := v.(bool); isBool && !quoted {
			text, isText = strconv.FormatBool(b), true
		}
		same := isText && text == want
		if re != nil {
			same = isText && re.MatchString(text)
		}
		return same == (op == "=")
	}, nil
}

func numeric(at selector, op string, want float64) condition {
	return func(d any) bool {
		v, _ := at(d)
		have, ok := v.(float64)
		if !ok {
			return false
		}
		switch op {
		case "=":
			return have == want
		case "!=":
			return have != want
		case "<":
			return have < want
		case "<=":
			return have <= want
		case ">":
			return have > want
		default:
			return have >= want
		}
	}
}
