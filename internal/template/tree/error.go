package tree

import "fmt"

// Error is a problem at a place of a template.
type Error struct {
	Message      string // the service's own text
	Path         string // as in Resources.Fn.Properties.Code, or ""
	Line, Column int    // 1-based, or 0
	Hint         string // what to do about it, or ""
}

// Error is the service's text alone: what an API answers.
func (e *Error) Error() string { return e.Message }

// Detail is all that is known, for a terminal.
func (e *Error) Detail() string {
	s := e.Message
	if e.Line > 0 {
		s = fmt.Sprintf("%d:%d: %s", e.Line, e.Column, s)
	}
	if e.Path != "" {
		s += " (at " + e.Path + ")"
	}
	if e.Hint != "" {
		s += "\n  hint: " + e.Hint
	}
	return s
}

// Errorf makes an error at node n.
func Errorf(n *Node, path, format string, args ...any) *Error {
	e := &Error{Message: fmt.Sprintf(format, args...), Path: path}
	if n != nil {
		e.Line, e.Column = n.Line, n.Column
	}
	return e
}

// WithHint adds advice.
func (e *Error) WithHint(hint string) *Error { e.Hint = hint; return e }
