package arazzo

import (
	"cmp"
	"fmt"
	"slices"
)

// Pos is a place in a document, both counted from 1; columns count runes. The
// zero Pos is no place.
type Pos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

func (p Pos) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

// Severity says how bad a finding is.
type Severity string

// The severities. An error makes a document invalid; a warning does not.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
	SeverityInfo    Severity = "info"
)

// Finding is one thing that is wrong, or doubtful, in a document.
type Finding struct {
	Rule     string   `json:"rule"` // a stable id, e.g. "duplicate-step-id"
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	Line     int      `json:"line"`
	Column   int      `json:"column"`
	// Path is the JSON pointer of the node within the document.
	Path string `json:"path,omitempty"`
	// Hint tells in words how to do it right.
	Hint string `json:"hint,omitempty"`
	// Fix tells what a fix would write; Edits does it, where that is safe.
	Fix   string `json:"fix,omitempty"`
	Edits []Edit `json:"-"`
}

// Edit replaces the text from Start up to End (exclusive) by Text.
type Edit struct {
	Start, End Pos
	Text       string
}

func (f Finding) String() string {
	s := fmt.Sprintf("%s: %s [%s]", f.Severity, f.Message, f.Rule)
	if f.Line > 0 { // some speak of no place in the document
		s = fmt.Sprintf("%d:%d: %s", f.Line, f.Column, s)
	}
	if f.Hint != "" {
		s += " (" + f.Hint + ")"
	}
	return s
}

// HasErrors tells whether any finding is an error.
func HasErrors(findings []Finding) bool {
	for _, f := range findings {
		if f.Severity == SeverityError {
			return true
		}
	}
	return false
}

// sortFindings orders by place, keeping the order of findings at one place. What
// an alias repeats is told once.
func sortFindings(findings []Finding) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.CompactFunc(findings, func(a, b Finding) bool {
		return a.Rule == b.Rule && a.Line == b.Line && a.Column == b.Column && a.Message == b.Message
	})
}
