package expression

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// Template is a string value: text, one expression as a whole, or text with
// expressions embedded in braces. It is immutable.
type Template struct {
	text  string
	whole *Expression
	parts []part // text and expressions by turns; nil: plain text
}

// part is text, or an expression where expr is set.
type part struct {
	text string
	expr *Expression
}

// ParseTemplate reads a string value. Braces that do not enclose an expression
// are text, as the JSON within a payload needs.
func ParseTemplate(s string) (*Template, error) {
	t := &Template{text: s}
	if IsExpression(s) {
		e, err := Parse(s)
		if err != nil {
			return nil, err
		}
		t.whole = e
		return t, nil
	}
	if !strings.Contains(s, "{$") {
		return t, nil
	}
	return t, t.split()
}

// split finds the embedded expressions of the text.
func (t *Template) split() error {
	rest, offset, plain := t.text, 0, 0
	for {
		i := strings.Index(rest[plain:], "{$")
		if i < 0 {
			break
		}
		i += plain
		if !IsExpression(rest[i+1:]) {
			plain = i + 2
			continue
		}
		end := strings.IndexByte(rest[i:], '}')
		if end < 0 {
			return &SyntaxError{Text: t.text, Offset: offset + i, Message: fmt.Sprintf("the brace before %s is not closed", clip(rest[i+1:]))}
		}
		e, err := Parse(rest[i+1 : i+end])
		if err != nil {
			var syntax *SyntaxError
			if errors.As(err, &syntax) {
				syntax.Text, syntax.Offset = t.text, offset+i+1+syntax.Offset
			}
			return err
		}
		if i > 0 {
			t.parts = append(t.parts, part{text: rest[:i]})
		}
		t.parts = append(t.parts, part{expr: e})
		rest, offset, plain = rest[i+end+1:], offset+i+end+1, 0
	}
	if t.parts != nil && rest != "" {
		t.parts = append(t.parts, part{text: rest})
	}
	return nil
}

// String is the template as it was written.
func (t *Template) String() string { return t.text }

// Whole is the expression that the string is as a whole, nil otherwise.
func (t *Template) Whole() *Expression { return t.whole }

// Literal tells whether the string has no expression at all.
func (t *Template) Literal() bool { return t.whole == nil && t.parts == nil }

// Expressions lists the expressions in the order of the text.
func (t *Template) Expressions() []*Expression {
	if t.whole != nil {
		return []*Expression{t.whole}
	}
	var out []*Expression
	for _, p := range t.parts {
		if p.expr != nil {
			out = append(out, p.expr)
		}
	}
	return out
}

// Evaluate answers the value: with its type kept for a whole expression (or
// Undefined), otherwise a string. Embedded values are written as Text does;
// an embedded Undefined is written as nothing (see Unset).
func (t *Template) Evaluate(env Environment) (any, error) {
	switch {
	case t.whole != nil:
		return t.whole.Evaluate(env)
	case t.parts == nil:
		return t.text, nil
	}
	var b strings.Builder
	for _, p := range t.parts {
		if p.expr == nil {
			b.WriteString(p.text)
			continue
		}
		v, err := p.expr.Evaluate(env)
		if err != nil {
			return nil, err
		}
		b.WriteString(Text(v))
	}
	return b.String(), nil
}

// Unset lists the expressions of the template that are Undefined in env.
func (t *Template) Unset(env Environment) []*Expression {
	var out []*Expression
	for _, e := range t.Expressions() {
		if v, err := e.Evaluate(env); err == nil && IsUndefined(v) {
			out = append(out, e)
		}
	}
	return out
}

// Text writes a value as it is embedded into a string: scalars by their usual
// spelling, objects and arrays as JSON, Undefined as nothing.
func Text(v any) string {
	switch v := v.(type) {
	case undefined:
		return ""
	case nil:
		return "null"
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return v.String()
	case int:
		return itoa(v)
	case []byte:
		return string(v)
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func itoa(i int) string { return strconv.Itoa(i) }

// Parts iterates over the text and the expressions by turns: where the
// expression is nil it is text.
func (t *Template) Parts() iter.Seq2[string, *Expression] {
	return func(yield func(string, *Expression) bool) {
		switch {
		case t.whole != nil:
			yield("", t.whole)
		case t.parts == nil:
			yield(t.text, nil)
		}
		for _, p := range t.parts {
			if !yield(p.text, p.expr) {
				return
			}
		}
	}
}
