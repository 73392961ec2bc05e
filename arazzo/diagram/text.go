package diagram

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// textWidth is the most that a line of the drawing holds; what is longer is cut, with an ellipsis.
const textWidth = 100

// writeText draws a chart with box characters: a box per step, and below it one line per way out.
func (c *chart) writeText(w io.Writer) error {
	p := &printer{w: w}
	p.line(after(c.title, "  ", c.summary))
	p.list("inputs", c.inputs)
	p.list("outputs", c.outputs)
	for _, d := range c.notes {
		p.line("  " + d)
	}
	p.line("")
	for i, b := range c.boxes {
		p.box(i, b)
		p.exits(c, i, b)
	}
	return p.err
}

type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(s string) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, strings.TrimRight(shorten(s, textWidth), " "))
	}
}

func (p *printer) list(name string, items []string) {
	if len(items) > 0 {
		p.line(fmt.Sprintf("  %-8s %s", name, strings.Join(items, ", ")))
	}
}

func (p *printer) box(i int, b box) {
	lines := []string{fmt.Sprintf("%d  %s", i+1, b.title)}
	if b.isolated {
		lines[0] += "   (nothing leads here)"
	}
	if len(b.calls) > 0 {
		lines = append(lines, "   "+strings.Join(b.calls, "  "))
	}
	for _, c := range b.criteria {
		lines = append(lines, "   ✓ "+c)
	}
	if len(b.outputs) > 0 {
		lines = append(lines, "   ⇒ "+strings.Join(b.outputs, ", "))
	}
	const inner = textWidth - 6
	width := 0
	for n, l := range lines {
		lines[n] = shorten(l, inner)
		width = max(width, utf8.RuneCountInString(lines[n]))
	}
	p.line("  ┌" + strings.Repeat("─", width+2) + "┐")
	for _, l := range lines {
		p.line("  │ " + l + strings.Repeat(" ", width-utf8.RuneCountInString(l)) + " │")
	}
	if len(b.exits) == 0 {
		p.line("  └" + strings.Repeat("─", width+2) + "┘")
		return
	}
	p.line("  └──┬" + strings.Repeat("─", width-1) + "┘")
}

// exits writes the ways out; one that only leads to the next box is the line down to it.
func (p *printer) exits(c *chart, i int, b box) {
	if len(b.exits) == 1 && b.exits[0].kind == toBox && b.exits[0].to == i+1 && b.exits[0].label() == "" {
		p.line("     ▼")
		return
	}
	for n, e := range b.exits {
		branch := "├"
		if n == len(b.exits)-1 && !c.flowsOn(i) {
			branch = "└"
		}
		mark := "✓"
		if e.failure {
			mark = "✗"
		}
		if e.never {
			mark += " never:"
		}
		target := "→ " + e.target(c)
		label := shorten(e.label(), max(textWidth-11-utf8.RuneCountInString(mark)-utf8.RuneCountInString(target), 20))
		if label != "" {
			label += " "
		}
		p.line(fmt.Sprintf("     %s─ %s %s%s", branch, mark, label, target))
	}
	switch {
	case c.flowsOn(i):
		p.line("     ▼")
	case i+1 < len(c.boxes):
		p.line("")
	}
}

// flowsOn tells whether a way leads from box i to the next one.
func (c *chart) flowsOn(i int) bool {
	for _, e := range c.boxes[i].exits {
		if e.kind == toBox && e.to == i+1 && !e.failure && !e.never {
			return true
		}
	}
	return false
}

func (e exit) target(c *chart) string {
	if e.kind != toBox {
		return e.text
	}
	return after(fmt.Sprintf("%d %s", e.to+1, c.boxes[e.to].title), ", ", e.text)
}

// after joins two texts where the second is there.
func after(a, sep, b string) string {
	if b == "" {
		return a
	}
	return a + sep + b
}
