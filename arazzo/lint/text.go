package lint

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/headgate/headgate/arazzo"
)

// text is a document's text by lines, for edits by position. A nil text has no edits.
type text struct {
	lines []string // without their ends
	json  bool
}

func newText(data []byte) *text {
	if len(data) == 0 {
		return nil
	}
	t := &text{lines: strings.Split(string(data), "\n"), json: strings.HasPrefix(strings.TrimLeft(string(data), " \t\r\n\ufeff"), "{")}
	return t
}

// line is a line's text without a carriage return; empty where there is none.
func (t *text) line(n int) string {
	if t == nil || n < 1 || n > len(t.lines) {
		return ""
	}
	return strings.TrimSuffix(t.lines[n-1], "\r")
}

// scalar finds the token of a scalar that stands on one line: its end, and whether its value is what is expected. What is not
// found beyond doubt is not edited.
func (t *text) scalar(at arazzo.Pos, value string) (end arazzo.Pos, token string, ok bool) {
	line := t.line(at.Line)
	rest, ok := fromColumn(line, at.Column)
	if !ok || rest == "" {
		return end, "", false
	}
	switch rest[0] {
	case '\'':
		_, after, ok := quoted(rest)
		if !ok {
			return end, "", false
		}
		token = rest[:len(rest)-len(after)]
	case '"':
		for i := 1; i < len(rest) && token == ""; i++ {
			switch rest[i] {
			case '\\':
				i++
			case '"':
				token = rest[:i+1]
			}
		}
	default:
		token = rest
		if i := strings.Index(token, " #"); i >= 0 {
			token = token[:i]
		}
		if i := strings.IndexAny(token, ",]}"); i >= 0 && t.inFlow(at) {
			token = token[:i]
		}
		token = strings.TrimRight(token, " \t")
	}
	if token == "" || decode(token) != value {
		return end, "", false
	}
	return arazzo.Pos{Line: at.Line, Column: at.Column + utf8.RuneCountInString(token)}, token, true
}

func fromColumn(line string, column int) (string, bool) {
	for i := range line {
		if column--; column == 0 {
			return line[i:], true
		}
	}
	return "", false
}

// decode is what YAML makes of a token, if it is a string or number.
func decode(token string) string {
	var n yaml.Node
	if yaml.Load([]byte(token), &n) != nil {
		return ""
	}
	for n.Kind == yaml.DocumentNode && len(n.Content) == 1 {
		n = *n.Content[0]
	}
	if n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// replace is the edit that puts another value in the place of a scalar.
func (t *text) replace(at arazzo.Pos, old, value string) []arazzo.Edit {
	if t == nil {
		return nil
	}
	end, token, ok := t.scalar(at, old)
	if !ok {
		return nil
	}
	return []arazzo.Edit{{Start: at, End: end, Text: t.write(value, token, at)}}
}

// replacePart is replace for a part of the value.
func (t *text) replacePart(at arazzo.Pos, value, old, part string) []arazzo.Edit {
	i := strings.LastIndex(value, old)
	if i < 0 {
		return nil
	}
	return t.replace(at, value, value[:i]+part+value[i+len(old):])
}

// write writes a value in the style of the token at a place that it replaces, or in quotes where that style cannot hold it.
func (t *text) write(value, like string, at arazzo.Pos) string {
	if t.json || like[0] == '"' {
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		_ = e.Encode(value) // a string: cannot fail
		return strings.TrimSuffix(b.String(), "\n")
	}
	plain := like[0] != '\'' && decode(value) == value && !strings.Contains(value, ": ") && !strings.Contains(value, " #")
	if plain && (!strings.ContainsAny(value, "{}[],") || !t.inFlow(at)) {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", "''") + "'"
}

// inFlow tells whether a flow collection has been opened before a place on its line: brackets and commas end a plain scalar there.
func (t *text) inFlow(at arazzo.Pos) bool {
	line := t.line(at.Line)
	rest, _ := fromColumn(line, at.Column)
	return strings.ContainsAny(line[:len(line)-len(rest)], "{[")
}

// removeKey is the edit that takes a key and its value out, which must have a line of their own. A comment behind them stays.
func (t *text) removeKey(at arazzo.Pos, key, value string) []arazzo.Edit {
	line := t.line(at.Line)
	rest, _ := fromColumn(line, at.Column)
	before := line[:len(line)-len(rest)]
	said, comment := rest, ""
	if i := strings.Index(rest, " #"); i >= 0 {
		said, comment = rest[:i], strings.TrimLeft(rest[i:], " \t")
	}
	name, scalar, found := strings.Cut(said, ":")
	if t == nil || t.json || strings.TrimSpace(before) != "" || !found || strings.TrimSpace(name) != key || decode(strings.TrimSpace(scalar)) != value || at.Line >= len(t.lines) {
		return nil
	}
	if comment != "" {
		return []arazzo.Edit{{Start: at, End: arazzo.Pos{Line: at.Line, Column: at.Column + utf8.RuneCountInString(rest)}, Text: comment}}
	}
	return []arazzo.Edit{{Start: arazzo.Pos{Line: at.Line, Column: 1}, End: arazzo.Pos{Line: at.Line + 1, Column: 1}}}
}
