package criterion

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/headgate/headgate/arazzo/expression"
)

// regexMatcher looks for the pattern anywhere in the value's text.
type regexMatcher struct{ compiled *regexp.Regexp }

// match searches the context's text: the specification has patterns match, not match whole, so that ^ and $ are the author's to write. Numbers
// and truths are matched by their spelling, for $statusCode is one; objects by their JSON.
func (m regexMatcher) match(context any) (bool, string, error) {
	text := expression.Text(context)
	if m.compiled.MatchString(text) {
		return true, "", nil
	}
	return false, fmt.Sprintf("expected a match of %s, got %s", m.compiled, show(context)), nil
}

// maxPattern bounds a pattern's length in bytes.
const maxPattern = 16 << 10

var (
	slashes  = regexp.MustCompile(`^/(.+)/([a-z]*)$`)
	ecmaCode = regexp.MustCompile(`\\u([0-9a-fA-F]{4})|\\u\{([0-9a-fA-F]{1,6})\}`)
)

// compileRegex reads a pattern. JavaScript's /pattern/flags is tolerated: g, u
// and y change nothing here, i, m and s are RE2's own.
func compileRegex(pattern string) (matcher, []Warning, error) {
	var warnings []Warning
	if len(pattern) > maxPattern {
		return nil, nil, fmt.Errorf("a pattern of %d bytes is too long", len(pattern))
	}
	if parts := slashes.FindStringSubmatch(pattern); parts != nil {
		warnings = append(warnings, Warning{"lenient-regex-slashes", "the slashes around a pattern are JavaScript's and would be matched literally", "leave them away"})
		pattern = parts[1]
		if flags := strings.Trim(parts[2], "guy"); flags != "" {
			pattern = "(?" + flags + ")" + pattern
		}
	}
	if err := refuseECMA(pattern); err != nil {
		return nil, nil, err
	}
	compiled, err := regexp.Compile(ecmaCode.ReplaceAllString(pattern, `\x{$1$2}`))
	if err != nil {
		return nil, nil, fmt.Errorf("%q is no regular expression: %w", clip(pattern), err)
	}
	return regexMatcher{compiled}, warnings, nil
}

// refuseECMA names what ECMAScript has and RE2 has not.
func refuseECMA(pattern string) error {
	class := false
	for i := 0; i < len(pattern); i++ {
		rest := pattern[i:]
		what, hint := "", "split the criterion in two: all of them must pass"
		switch {
		case rest[0] == '\\' && len(rest) > 1:
			i++
			if !class && (rest[1] >= '1' && rest[1] <= '9' || strings.HasPrefix(rest, `\k<`)) {
				what, hint = "a back reference", "compare the parts by simple conditions"
			}
			if strings.HasPrefix(rest, `\c`) {
				what, hint = `the escape \c`, `write \xHH`
			}
		case rest[0] == '[':
			class = true
		case rest[0] == ']':
			class = false
		case class:
		case strings.HasPrefix(rest, "(?=") || strings.HasPrefix(rest, "(?!"):
			what = "a look-ahead"
		case strings.HasPrefix(rest, "(?<=") || strings.HasPrefix(rest, "(?<!"):
			what = "a look-behind"
		case strings.HasPrefix(rest, "(?>"):
			what, hint = "an atomic group", "write (?:…)"
		}
		if what != "" {
			return fmt.Errorf("the pattern %q has %s, which RE2 regular expressions lack (%s)", clip(pattern), what, hint)
		}
	}
	return nil
}
