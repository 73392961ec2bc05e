package criterion

import (
	"fmt"
	"slices"
	"strings"

	"github.com/headgate/headgate/arazzo/expression"
)

// kind is a language of conditions and selectors, by the name that documents use.
type kind string

const (
	kindSimple      kind = "simple"
	kindRegex       kind = "regex"
	kindJSONPath    kind = "jsonpath"
	kindXPath       kind = "xpath"
	kindJSONPointer kind = "jsonpointer"
)

// Goessner is the version of JSONPath before RFC 9535.
const Goessner = "draft-goessner-dispatch-jsonpath-00"

// language is a kind of condition in a version.
type language struct {
	kind    kind
	version string
}

// Versions lists the versions that the specification 1.minor knows of a type,
// the default first; nil for a type that has none.
func Versions(kind string, minor int) []string {
	switch {
	case kind == "jsonpath" && minor == 0:
		return []string{Goessner}
	case kind == "jsonpath":
		return []string{"rfc9535", Goessner}
	case kind == "xpath" && minor == 0:
		return []string{"xpath-30", "xpath-20", "xpath-10"}
	case kind == "xpath":
		return []string{"xpath-31", "xpath-30", "xpath-20", "xpath-10"}
	case kind == "jsonpointer" && minor > 0:
		return []string{"rfc6901"}
	}
	return nil
}

// languageOf reads a type and a version; without a version the default counts.
func languageOf(name, version string) (language, error) {
	l := language{kind(name), version}
	switch l.kind {
	case "":
		l.kind = kindSimple
	case kindSimple, kindRegex, kindJSONPath, kindXPath, kindJSONPointer:
	default:
		hint := "simple, regex, jsonpath and xpath are known"
		if lower := strings.ToLower(name); slices.Contains([]string{"simple", "regex", "jsonpath", "xpath"}, lower) {
			hint = "write " + lower
		}
		return l, fmt.Errorf("%q is no type of condition (%s)", name, hint)
	}
	known := Versions(string(l.kind), 1)
	switch {
	case version == "" && len(known) > 0:
		l.version = known[0]
	case version != "" && known == nil:
		return l, fmt.Errorf("the type %s has no versions", name)
	case version != "" && !slices.Contains(known, version):
		return l, fmt.Errorf("%q is no version of %s: the versions are %s", version, name, strings.Join(known, ", "))
	}
	return l, nil
}

// compile reads a condition without embedded expressions.
func (l language) compile(text string) (matcher, []Warning, error) {
	switch l.kind {
	case kindRegex:
		return compileRegex(text)
	case kindJSONPath:
		return compileJSONPath(text, l.version)
	case kindXPath:
		m, err := compileXPath(text, l.version)
		return m, nil, err
	}
	p, err := expression.ParsePointer(strings.TrimPrefix(text, "#"))
	return pointerMatcher{p}, nil, err
}

// substitute writes the embedded expressions into the condition.
func (l language) substitute(t *expression.Template, env expression.Environment) (string, error) {
	if l.kind != kindJSONPath {
		v, err := t.Evaluate(env)
		if err != nil {
			return "", err
		}
		return strings.TrimPrefix(expression.Text(v), " "), nil
	}
	var b strings.Builder
	var quote byte
	for text, e := range t.Parts() {
		if e == nil {
			quote = quoteAfter(text, quote)
			b.WriteString(text)
			continue
		}
		v, err := e.Evaluate(env)
		if err != nil {
			return "", err
		}
		b.WriteString(escapeFor(expression.Text(v), quote))
	}
	return strings.TrimPrefix(b.String(), " "), nil
}

// quoteAfter tells in which quote a JSONPath is after text; 0: in none.
func quoteAfter(text string, quote byte) byte {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case quote != 0 && c == '\\':
			i++
		case c == quote:
			quote = 0
		}
	}
	return quote
}

// escapeFor writes a value so that it stays within its quotes.
func escapeFor(s string, quote byte) string {
	if quote == 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\\' || r == rune(quote):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20:
			fmt.Fprintf(&b, "\\u%04x", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// pointerMatcher passes where the pointer leads to anything, null included.
type pointerMatcher struct{ pointer *expression.Pointer }

// match passes if the pointer leads to a value, null included: a nodelist of one node is not empty.
func (m pointerMatcher) match(context any) (bool, string, error) {
	if expression.IsUndefined(m.pointer.Get(structured(context))) {
		return false, fmt.Sprintf("there is nothing at the JSON pointer %q", m.pointer), nil
	}
	return true, "", nil
}
