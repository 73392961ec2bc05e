package expression

import (
	"fmt"
	"strings"
)

// Parse reads a whole string as one runtime expression.
func Parse(s string) (*Expression, error) {
	p := &parser{text: s}
	e, err := p.expression()
	if err != nil {
		return nil, err
	}
	if p.at < len(s) {
		return nil, p.errorf("", "%q after the expression %s is not part of the grammar", s[p.at:], s[:p.at])
	}
	e.text = s
	return e, nil
}

// ParseOperand reads the expression with which s starts as an operand of a
// simple condition: it ends before white space, an operator, a bracket, or the
// '.' that dereferences a body. It answers the length that it read.
func ParseOperand(s string) (*Expression, int, error) {
	p := &parser{text: s[:operandEnd(s)], operand: true}
	e, err := p.expression()
	if err != nil {
		return nil, 0, err
	}
	e.text = s[:p.at]
	return e, p.at, nil
}

// operandEnd finds where an operand of a condition ends at the latest.
func operandEnd(s string) int {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case ' ', '\t', '\n', '\r', '(', ')', '[', ']', '{', '}', ',', '<', '>', '=', '\'', '"':
			return i
		case '&', '|':
			if i+1 < len(s) && s[i+1] == c {
				return i
			}
		case '!':
			if i+1 < len(s) && s[i+1] == '=' {
				return i
			}
		}
	}
	return len(s)
}

// IsExpression tells whether s starts with a root of the grammar, so that it
// is meant as an expression and not as text that happens to start with '$'.
func IsExpression(s string) bool {
	root, _ := rootOf(s)
	return root != 0
}

// rootOf answers the root with which s starts, 0 if it is none, and the length
// of the word.
func rootOf(s string) (Root, int) {
	if len(s) < 4 || s[0] != '$' {
		return 0, 0
	}
	n := 1
	for n < len(s) && isStrict(s[n]) {
		n++
	}
	for i, name := range rootNames {
		if i > 0 && name == s[:n] {
			return Root(i), n
		}
	}
	return 0, n
}

// parser reads one expression from the start of text.
type parser struct {
	text    string
	at      int
	operand bool // within a simple condition
}

func (p *parser) rest() string { return p.text[p.at:] }

func (p *parser) errorf(hint, format string, args ...any) error {
	return &SyntaxError{Text: p.text, Offset: p.at, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// SyntaxError says where and why a text is not an expression.
type SyntaxError struct {
	Text    string
	Offset  int // bytes
	Message string
	Hint    string
}

func (e *SyntaxError) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + " (" + e.Hint + ")"
}

// maxText bounds what is read as one expression.
const maxText = 64 << 10

func (p *parser) expression() (*Expression, error) {
	if len(p.text) > maxText {
		return nil, p.errorf("", "an expression of %d bytes is too long", len(p.text))
	}
	root, n := rootOf(p.text)
	if root == 0 {
		return nil, p.unknownRoot(n)
	}
	p.at = n
	e := &Expression{Reference: Reference{Root: root}}
	switch root {
	case RootURL, RootMethod, RootStatusCode, RootSelf:
		return e, nil
	case RootRequest, RootResponse, RootMessage:
		return e, p.message(e)
	case RootInputs, RootOutputs:
		return e, p.named(e)
	case RootSteps:
		return e, p.steps(e)
	case RootWorkflows:
		return e, p.workflows(e)
	case RootSourceDescriptions:
		return e, p.source(e)
	}
	return e, p.components(e)
}

// unknownRoot guesses what was meant: a root misspelt, or JSONPath.
func (p *parser) unknownRoot(n int) error {
	if p.text == "" || p.text[0] != '$' {
		return p.errorf("expressions start with $, for instance $inputs.name", "%q is not a runtime expression", clip(p.text))
	}
	word := p.text[:max(n, 1)]
	for _, name := range rootNames[1:] {
		if near(strings.ToLower(name), strings.ToLower(word)) {
			return p.errorf("did you mean "+name+"?", "%s is not a root of runtime expressions", word)
		}
	}
	if strings.HasPrefix(p.text, "$.") || strings.HasPrefix(p.text, "$[") {
		return p.errorf("write $response.body#/… , or use a jsonpath criterion or selector", "%q is a JSONPath query, not a runtime expression", clip(p.text))
	}
	return p.errorf("the roots are "+strings.Join(rootNames[1:], ", "), "%s is not a root of runtime expressions", clip(word))
}

// near tells whether one text becomes the other by one letter added, lost or
// changed.
func near(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	return len(a) == len(b) && (i == len(a) || a[i+1:] == b[i+1:]) || len(a) == len(b)+1 && a[i+1:] == b[i:]
}

// word reads up to the next '.', '#' or '[' (or the end).
func (p *parser) word() string {
	start := p.at
	for p.at < len(p.text) && !strings.ContainsRune(".#[", rune(p.text[p.at])) {
		p.at++
	}
	return p.text[start:p.at]
}

func (p *parser) dot() bool {
	if p.at < len(p.text) && p.text[p.at] == '.' {
		p.at++
		return true
	}
	return false
}

func (p *parser) deviate(e *Expression, d Deviation) { e.deviations = append(e.deviations, d) }

// isStrict: identifier-strict of 1.1, for ids of steps, workflows and sources.
func isStrict(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

func allBytes(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return s != ""
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:57] + "..."
	}
	return s
}
