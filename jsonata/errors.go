package jsonata

import (
	"strings"
)

// Error is a failure to compile or to evaluate an expression, as the JSONata documentation numbers them:
// S… for syntax, T… for types, D… for dynamic errors and U1001 for exceeded limits.
type Error struct {
	Code     string // for example "T2001"
	Message  string // the message with its placeholders filled in
	Position int    // offset (in characters of the source) after the token at fault; 0 when unknown
	Token    string // the operator, function or text at fault
	Value    any    // the value at fault, if any
	Function string // the library function at fault, for D3140

	value2 any
	index  int
	exp    any
	kind   string
}

// Error returns the message followed by the code.
func (e *Error) Error() string {
	if e.Message == "" {
		return e.Code
	}
	return e.Message + " (" + e.Code + ")"
}

// newError makes an error with its message. Position 0 is for what does not know its place; locate adds it.
func newError(code string, pos int, token string, value any) *Error {
	return (&Error{Code: code, Position: pos, Token: token, Value: value}).fill()
}

// fill builds the message from the code's template. {{x}} shows x as JSON, {{{x}}} as it is.
func (e *Error) fill() *Error {
	text := messages(e.Code)
	if text == "" || e.Message != "" {
		return e
	}
	var b strings.Builder
	for {
		open := strings.Index(text, "{{")
		if open < 0 {
			break
		}
		b.WriteString(text[:open])
		text = text[open+2:]
		raw := strings.HasPrefix(text, "{")
		if raw {
			text = text[1:]
		}
		end := strings.Index(text, "}}")
		name := text[:end]
		text = text[end+2:]
		if raw {
			text = strings.TrimPrefix(text, "}")
		}
		b.WriteString(e.placeholder(name, raw))
	}
	b.WriteString(text)
	e.Message = b.String()
	return e
}

// placeholder gives the text for a name in a message template.
func (e *Error) placeholder(name string, raw bool) string {
	var v any
	switch name {
	case "token":
		v = e.Token
	case "value":
		v = e.Value
	case "value2":
		v = e.value2
	case "exp":
		v = e.exp
	case "index":
		v = float64(e.index)
	case "type":
		v = e.kind
	case "functionName":
		v = e.Function
	}
	if s, ok := v.(string); ok && raw {
		return s
	}
	return displayJSON(v)
}

// locate completes an error that arose below a call with the call's own place and name.
func (e *Error) locate(pos int, token string) {
	changed := false
	if e.Position == 0 {
		e.Position = pos
	}
	if e.Token == "" && token != "" {
		e.Token, changed = token, true
	}
	if changed && strings.Contains(messages(e.Code), "token") {
		e.Message = ""
		_ = e.fill() // it is e itself
	}
}
