package constraints

import (
	"regexp"
	"strings"
	"sync"
)

// pattern is a model's pattern. AWS matches whole values, as Java's matches() does.
type pattern struct {
	text   string // as AWS prints it
	match  func() *regexp.Regexp
	refuse func() *regexp.Regexp // values that match this are refused as well; may be nil
}

// translation is a pattern that Go's regexp cannot express, with the same meaning: what must
// match and what must not. An empty match means that the pattern is not checked at all.
type translation struct{ match, refuse string }

// translate knows every pattern of the tables that Go's regexp does not take (a test sees to it).
// Patterns that only use \uXXXX or overlong repetitions need no entry, see goSyntax.
func translate(p string) (translation, bool) {
	switch p {
	case `(?!^[0-9]+$)([a-zA-Z0-9-_]+)`: // lambda alias
		return translation{`[a-zA-Z0-9-_]+`, `[0-9]+`}, true
	case `((?!^\d+$)^[0-9a-zA-Z-_]+$)`: // lambda function URL qualifier
		return translation{`[0-9a-zA-Z-_]+`, `[0-9]+`}, true
	case `[0-9A-Za-z\.\-_]*(?<!\.)`: // S3 bucket of a function's code
		return translation{`[0-9A-Za-z.\-_]*`, `.*\.`}, true
	case `(^(?!(system\x2e)))(^[_a-zA-Z0-9])([^$]*)`: // DocumentDB collection
		return translation{`[_a-zA-Z0-9][^$]*`, `system\..*`}, true
	case `^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$`: // state machine alias: not a number alone
		return translation{`[a-zA-Z0-9_\-.]+`, `[0-9]+`}, true
	case `^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$`: // IAM account alias: no double hyphen
		return translation{`[a-z0-9][a-z0-9-]{1,61}[a-z0-9]`, `.*--.*`}, true
	case `[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+`: // STS ARN
		// The model's \u10000 is no escape of any regexp; anything printable is meant.
		return translation{}, true
	}
	return translation{}, false
}

var (
	unicodeEscape = regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`)
	// Go allows at most 1000 repetitions; longer ones stand beside a length that says the same.
	longRepeat = regexp.MustCompile(`\{([01]?),[0-9]{4,}\}`)
)

// goSyntax rewrites what Java writes otherwise.
func goSyntax(p string) string {
	p = unicodeEscape.ReplaceAllString(p, `\x{$1}`)
	p = strings.ReplaceAll(p, `\p{ASCII}`, `[\x00-\x7F]`)
	return longRepeat.ReplaceAllStringFunc(p, func(r string) string {
		if strings.HasPrefix(r, "{1") {
			return "+"
		}
		return "*"
	})
}

// patternOf compiles on first use: most operations never see a request. It returns nil for no
// pattern and for those that are not checked.
func patternOf(p string) *pattern {
	if p == "" || p == ".*" {
		return nil
	}
	out := &pattern{text: p}
	tr, ok := translate(p)
	switch {
	case !ok:
		out.match = whole(goSyntax(p))
	case tr.match == "":
		return nil
	default:
		out.match, out.refuse = whole(tr.match), whole(tr.refuse)
	}
	return out
}

func whole(p string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\A(?:` + p + `)\z`) })
}

func (p *pattern) ok(s string) bool {
	return p.match().MatchString(s) && (p.refuse == nil || !p.refuse().MatchString(s))
}
