package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/headgate/headgate/arazzo"
)

// passes bounds how often Fix looks again: an edit may uncover another one.
const passes = 8

// Fixed is what Fix has done.
type Fixed struct {
	Text    []byte
	Applied []arazzo.Finding // what was repaired; lines and columns are of the text before their edit
}

// Fix writes the safe edits of all findings into the text, and nothing else: comments and layout stay. After each edit the text is read
// again, and an edit after which it has more errors than before is undone.
func Fix(text []byte, location string, o Options) (*Fixed, error) {
	out := &Fixed{Text: text}
	refused := map[string]bool{}
	doc, errors := read(text, location)
	if doc == nil {
		return nil, fmt.Errorf("%s is no valid document", location)
	}
	o.lambda, _ = Lambda() // once for all passes; without it each would try
	for range passes {
		o.Text = out.Text
		changed := false
		findings := Run(doc, o)
		slices.SortStableFunc(findings, func(a, b arazzo.Finding) int { // from the end, so that positions before stay right
			return -cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		last := arazzo.Pos{Line: 1 << 30}
		for _, f := range findings {
			key := f.Rule + " " + f.Path
			if len(f.Edits) == 0 || refused[key] || !before(f.Edits[len(f.Edits)-1].End, last) {
				continue
			}
			edited, ok := apply(out.Text, f.Edits)
			if !ok {
				continue
			}
			again, now := read(edited, location)
			if again == nil || now > errors {
				refused[key] = true
				continue
			}
			out.Text, errors, last, changed = edited, now, f.Edits[0].Start, true
			out.Applied = append(out.Applied, f)
		}
		if !changed {
			break
		}
		doc, errors = read(out.Text, location)
	}
	slices.SortStableFunc(out.Applied, func(a, b arazzo.Finding) int { return cmp.Compare(a.Line, b.Line) })
	return out, nil
}

// read parses and validates; nil if the text is no document at all, else the number of errors.
func read(text []byte, location string) (*arazzo.Document, int) {
	doc, findings := arazzo.Parse(text, location)
	if arazzo.HasErrors(findings) {
		return nil, 0
	}
	n := 0
	for _, f := range arazzo.Validate(doc, arazzo.Lenient) {
		if f.Severity == arazzo.SeverityError {
			n++
		}
	}
	return doc, n
}

func before(a, b arazzo.Pos) bool {
	return a.Line < b.Line || a.Line == b.Line && a.Column <= b.Column
}

// apply writes edits, which must be in order and apart.
func apply(text []byte, edits []arazzo.Edit) ([]byte, bool) {
	lines := strings.SplitAfter(string(text), "\n")
	var out strings.Builder
	at := 0
	for _, e := range edits {
		start, ok1 := offset(lines, e.Start)
		end, ok2 := offset(lines, e.End)
		if !ok1 || !ok2 || start < at || end < start {
			return nil, false
		}
		out.Write(text[at:start])
		out.WriteString(e.Text)
		at = end
	}
	out.Write(text[at:])
	return []byte(out.String()), true
}

// offset finds a place in the text.
func offset(lines []string, p arazzo.Pos) (int, bool) {
	if p.Line < 1 || p.Line > len(lines) {
		return 0, false
	}
	n := 0
	for _, l := range lines[:p.Line-1] {
		n += len(l)
	}
	line, column := lines[p.Line-1], p.Column
	for i := range line {
		if column--; column == 0 {
			return n + i, true
		}
	}
	if column == 1 {
		return n + len(line), true
	}
	return 0, false
}
