package expression

import (
	"fmt"
	"strings"
)

// Pointer is a parsed JSON Pointer (RFC 6901).
type Pointer struct {
	tokens []string
	text   string
}

// ParsePointer reads a JSON Pointer: "" or "/a/0/b~1c".
func ParsePointer(s string) (*Pointer, error) {
	p := &Pointer{text: s}
	if s == "" {
		return p, nil
	}
	if s[0] != '/' {
		return nil, fmt.Errorf("a JSON pointer is empty or starts with %q, not %q", "/", s)
	}
	for token := range strings.SplitSeq(s[1:], "/") {
		plain, err := unescapePointer(token)
		if err != nil {
			return nil, err
		}
		p.tokens = append(p.tokens, plain)
	}
	return p, nil
}

func unescapePointer(token string) (string, error) {
	for i := 0; i < len(token); i++ {
		if token[i] == '~' && (i+1 == len(token) || token[i+1] != '0' && token[i+1] != '1') {
			return "", fmt.Errorf("a JSON pointer escapes %q as ~0 and %q as ~1; %q has another ~", "~", "/", token)
		}
	}
	if !strings.Contains(token, "~") {
		return token, nil
	}
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~"), nil
}

// EscapePointer writes a member's name as a token of a JSON Pointer.
func EscapePointer(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// String is the pointer as it was written.
func (p *Pointer) String() string { return p.text }

// Tokens are the unescaped reference tokens. They must not be changed.
func (p *Pointer) Tokens() []string { return p.tokens }

// Get follows the pointer into v, which holds data as encoding/json decodes
// it. It answers Undefined where the pointer leads nowhere.
func (p *Pointer) Get(v any) any {
	for _, token := range p.tokens {
		switch node := v.(type) {
		case map[string]any:
			child, found := node[token]
			if !found {
				return Undefined
			}
			v = child
		case []any:
			i, ok := Index(token, len(node))
			if !ok || i == len(node) {
				return Undefined
			}
			v = node[i]
		default:
			return Undefined
		}
	}
	return v
}

// Index reads a token as an index into an array of n elements: digits without
// leading zeros. "-" is n, the place after the last.
func Index(token string, n int) (int, bool) {
	if token == "-" {
		return n, true
	}
	if token == "" || len(token) > 9 || token[0] == '0' && len(token) > 1 {
		return 0, false
	}
	i := 0
	for _, c := range []byte(token) {
		if c < '0' || c > '9' {
			return 0, false
		}
		i = i*10 + int(c-'0')
	}
	return i, i < n
}
