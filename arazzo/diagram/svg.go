package diagram

import (
	"bytes"
	"fmt"
	"html"
	"strings"
)

// palette names the drawing's colours; there is one for each of the reader's colour schemes.
type palette struct{ ground, box, edge, head, ink, dim, line, good, bad, again, number string }

var (
	light = palette{"#ffffff", "#ffffff", "#d0d7de", "#f6f8fa", "#1f2328", "#59636e", "#6e7781", "#1a7f37", "#cf222e", "#9a6700", "#0969da"}
	dark  = palette{"#0d1117", "#161b22", "#3d444d", "#1c2128", "#f0f6fc", "#9198a1", "#8b949e", "#3fb950", "#f85149", "#d29922", "#1f6feb"}
)

// shapes is the part of the style that no colour scheme changes. Class names begin with az- so that
// an embedded drawing does not disturb its page.
const shapes = `.az{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
.az-t{font-size:20px;font-weight:650}.az-s{font-size:13px}.az-id{font-size:14px;font-weight:600}.az-n{font-size:11px;font-weight:650;fill:#fff}
.az-m{font-size:11px;font-family:ui-monospace,SFMono-Regular,"DejaVu Sans Mono",Menlo,Consolas,monospace}
.az-never{opacity:.55}.az-never path{stroke-dasharray:3 4}.az-b{stroke-width:1.2}.az-iso{stroke-dasharray:5 4}.az-l{stroke-width:1.5}.az-p{stroke-width:1.3}
`

// style is written with plain colours, since not every viewer of SVG knows variables.
func (p palette) style() string {
	var s strings.Builder
	fmt.Fprintf(&s, ".az-g{fill:%s}.az text{fill:%s}.az text.az-n{fill:#fff}.az text.az-s,.az text.az-dim{fill:%s}.az-b{fill:%s;stroke:%s}.az-h{fill:%s}.az-iso{stroke:%s}.az-c{fill:%s}",
		p.ground, p.ink, p.dim, p.box, p.edge, p.head, p.again, p.number)
	for _, t := range [][2]string{{"line", p.line}, {"good", p.good}, {"bad", p.bad}, {"again", p.again}} {
		fmt.Fprintf(&s, "path.az-l.az-%[1]s{fill:none;stroke:%[2]s}.az-p.az-%[1]s{fill:%[3]s;stroke:%[2]s}.az-a.az-%[1]s{fill:%[2]s}", t[0], t[1], p.box)
		if t[0] != "line" {
			fmt.Fprintf(&s, ".az text.az-%s{fill:%s}", t[0], t[1])
		}
	}
	return s.String()
}

// canvas collects the elements of a drawing.
type canvas struct{ bytes.Buffer }

func (c *canvas) add(format string, args ...any) { fmt.Fprintf(c, format+"\n", args...) }

// text writes s at a place; the class says how it looks. More than what is shown becomes a tooltip.
func (c *canvas) text(x, y float64, class, anchor, s, whole string) {
	if s == "" {
		return
	}
	if anchor != "" {
		anchor = ` text-anchor="` + anchor + `"`
	}
	tip := ""
	if whole != "" && whole != s {
		tip = "<title>" + escape(whole) + "</title>"
	}
	c.add(`<text x="%s" y="%s" class="%s"%s>%s%s</text>`, num(x), num(y), class, anchor, tip, escape(s))
}

func (c *canvas) pill(x, y, w float64, tone, s string) {
	c.add(`<rect x="%s" y="%s" width="%s" height="%s" rx="11" class="az-p az-%s"/>`, num(x), num(y-pillRow/2), num(w), num(pillRow), tone)
	c.text(x+w/2, y+4, "az-m az-"+tone, "middle", shorten(s, labelChars), s)
}

func (c *canvas) line(tone, arrow, path string) {
	if arrow != "" {
		arrow = ` marker-end="url(#az-` + arrow + `)"`
	}
	c.add(`<path class="az-l az-%s" d="%s"%s/>`, tone, path, arrow)
}

// fade begins and ends what is known never to be taken.
func (c *canvas) fade(e exit, begin bool) {
	switch {
	case e.never && begin:
		c.add(`<g class="az-never"><title>this never happens</title>`)
	case e.never:
		c.add(`</g>`)
	}
}

func escape(s string) string { return html.EscapeString(oneLine(s)) }

// num writes a coordinate with at most one decimal.
func num(f float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0") }

// drawing puts the charts of a document below one another.
func drawing(title string, charts []*chart) []byte {
	var body canvas
	width, y := 0.0, 0.0
	for _, c := range charts {
		l := c.place()
		body.add(`<g transform="translate(0 %s)">`, num(y))
		l.draw(&body)
		body.add(`</g>`)
		width, y = max(width, l.width), y+l.height
	}
	var out canvas
	out.add(`<svg xmlns="http://www.w3.org/2000/svg" class="az" width="%s" height="%s" viewBox="0 0 %s %s" role="img" aria-label="%s">`,
		num(width), num(y), num(width), num(y), escape(title))
	out.add(`<title>%s</title>`, escape(title))
	out.add(`<style>%s%s
@media (prefers-color-scheme:dark){%s}</style>`, shapes, light.style(), dark.style())
	out.add(`<defs>`)
	for _, tone := range []string{"line", "good", "bad", "again"} {
		out.add(`<marker id="az-%s" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0.8 7.4 4 0 7.2z" class="az-a az-%s"/></marker>`, tone, tone)
	}
	out.add(`</defs>`)
	out.add(`<rect width="100%%" height="100%%" class="az-g"/>`)
	out.Write(body.Bytes())
	out.add(`</svg>`)
	return out.Bytes()
}

// notes are the lines between a workflow's title and its first box.
func (l *layout) head() []string {
	var notes []string
	if len(l.inputs) > 0 {
		notes = append(notes, "in   "+strings.Join(l.inputs, "  "))
	}
	if len(l.outputs) > 0 {
		notes = append(notes, "out  "+strings.Join(l.outputs, "  "))
	}
	return append(notes, l.notes...)
}

func (l *layout) draw(c *canvas) {
	y := margin + 12
	c.text(margin, y, "az-t", "", shorten(l.title, 80), l.title)
	if l.summary != "" {
		y += 22
		c.text(margin, y, "az-s", "", shorten(l.summary, 110), l.summary)
	}
	for _, n := range l.head() {
		y += 17
		c.text(margin, y, "az-m az-dim", "", shorten(n, int((l.width-2*margin)/monoWidth)), n)
	}
	if len(l.boxes) == 0 {
		return
	}
	x := l.boxLeft + l.boxW/2
	c.add(`<circle cx="%s" cy="%s" r="6" class="az-a az-line"/>`, num(x), num(l.top))
	c.line("line", "line", fmt.Sprintf("M%s %sV%s", num(x), num(l.top+6), num(l.boxes[0].y-1)))
	for _, lane := range l.lanes {
		c.fade(lane.exit, true)
		l.drawLane(c, lane)
		c.fade(lane.exit, false)
	}
	for i := range l.boxes {
		l.drawBox(c, i)
		l.drawExits(c, i)
	}
}

func (l *layout) drawBox(c *canvas, i int) {
	p, b := l.boxes[i], l.chart.boxes[i]
	x, w := num(l.boxLeft), num(l.boxW)
	isolated := ""
	if b.isolated {
		isolated = " az-iso"
	}
	c.add(`<rect x="%s" y="%s" width="%s" height="%s" rx="8" class="az-b%s"/>`, x, num(p.y), w, num(p.h), isolated)
	c.add(`<path class="az-h" d="M%s %sa7.4 7.4 0 0 1 7.4-7.4h%sa7.4 7.4 0 0 1 7.4 7.4v%sh-%sz"/>`,
		num(l.boxLeft+.6), num(p.y+8), num(l.boxW-16), num(headRow-14), num(l.boxW-1.2))
	c.add(`<circle cx="%s" cy="%s" r="10" class="az-c"/>`, num(l.boxLeft+20), num(p.y+16))
	c.text(l.boxLeft+20, p.y+20, "az-n", "middle", fmt.Sprint(i+1), "")
	title := b.title
	for titleWidth(title, 17) > l.boxW-52 {
		title = shorten(title, len([]rune(title))-1)
	}
	c.text(l.boxLeft+38, p.y+21, "az-id", "", title, b.title)
	if b.isolated {
		c.text(l.boxLeft+l.boxW-12, p.y-6, "az-m az-again", "end", "nothing leads here", "")
	}
	y := p.y + headRow + 12
	for _, r := range b.rows() {
		class := map[string]string{"call": "az-m", "ok": "az-m az-good", "out": "az-m az-dim"}[r.class]
		c.text(l.boxLeft+16, y, class, "", r.text, "")
		y += rowHeight
	}
}

// tone is the colour of an exit.
func (e exit) tone() string {
	switch {
	case e.kind == toSelf:
		return "again"
	case e.failure:
		return "bad"
	case e.action == "" && e.when == "":
		return "line"
	}
	return "good"
}

func (l *layout) drawExits(c *canvas, i int) {
	p := l.boxes[i]
	right, bottom, middle := l.boxLeft+l.boxW, p.y+p.h, l.boxLeft+l.boxW/2
	for _, e := range p.right {
		c.fade(e.exit, true)
		above, below := e.lines()
		c.text(right+9, e.y-5, "az-m az-"+e.tone(), "", above, e.label())
		c.text(right+9, e.y+13, "az-m az-dim", "", below, e.label())
		if e.kind != toBox {
			x := right + e.arrow()
			c.line(e.tone(), e.tone(), fmt.Sprintf("M%s %sH%s", num(right), num(e.y), num(x-1)))
			c.pill(x, e.y, pillWidth(e.text), e.tone(), e.text)
		}
		c.fade(e.exit, false)
	}
	for _, e := range p.left {
		c.fade(e.exit, true)
		l.drawLeft(c, e)
		c.fade(e.exit, false)
	}
	if len(p.bottom) == 0 {
		return
	}
	tone, y := "line", bottom+20
	for _, e := range p.bottom {
		if !e.never || len(p.bottom) == 1 {
			tone = e.tone()
		}
		if e.short() != "" {
			c.fade(e.exit, true)
			c.text(middle+10, y, "az-m az-"+e.tone(), "", e.short(), e.label())
			c.fade(e.exit, false)
			y += 15
		}
	}
	if i+1 < len(l.boxes) {
		c.line(tone, tone, fmt.Sprintf("M%s %sV%s", num(middle), num(bottom), num(l.boxes[i+1].y-1)))
		return
	}
	w := pillWidth(p.bottom[0].text)
	end := l.height - margin - pillRow/2
	c.line(tone, tone, fmt.Sprintf("M%s %sV%s", num(middle), num(bottom), num(end-pillRow/2-1)))
	c.pill(middle-w/2, end, w, tone, p.bottom[0].text)
}

func (l *layout) drawLeft(c *canvas, e placedExit) {
	x, y := l.boxLeft, e.y
	switch {
	case e.bare():
		c.line("bad", "", fmt.Sprintf("M%s %sH%s", num(x), num(y), num(x-14)))
		c.add(`<g><title>otherwise the workflow fails</title><circle cx="%s" cy="%s" r="7" class="az-p az-bad"/><path class="az-l az-bad" d="M%s %sl6 6m0-6l-6 6"/></g>`,
			num(x-21), num(y), num(x-24), num(y-3))
	case e.kind == toSelf:
		c.line("again", "again", fmt.Sprintf("M%s %sh-%sa7 7 0 0 1-7-7v-2a7 7 0 0 1 7-7h%s", num(x), num(y+6), num(loopWidth-8), num(loopWidth-9)))
		first, second := e.short(), e.text
		if first == "" {
			first, second = second, ""
		}
		c.text(x-loopWidth-6, y-5, "az-m az-again", "end", first, e.label())
		c.text(x-loopWidth-6, y+9, "az-m az-dim", "end", second, "")
	default:
		above, below := e.lines()
		c.text(x-9, y-5, "az-m az-"+e.tone(), "end", above, e.label())
		c.text(x-9, y+13, "az-m az-dim", "end", below, e.label())
		if e.kind != toBox {
			at := x - e.arrow()
			c.line(e.tone(), e.tone(), fmt.Sprintf("M%s %sH%s", num(x), num(y), num(at+1)))
			w := pillWidth(e.text)
			c.pill(at-w, y, w, e.tone(), e.text)
		}
	}
}

// drawLane is an arrow from a box's side out to its lane, along it, and back into another box.
func (l *layout) drawLane(c *canvas, lane placedLane) {
	side, out, sweep := l.boxLeft+l.boxW, 1.0, 1
	if lane.x < l.boxLeft {
		side, out, sweep = l.boxLeft, -1, 0
	}
	down := 1.0
	if lane.to < lane.from {
		down, sweep = -1, 1-sweep
	}
	const r = 8.0
	c.line(lane.exit.tone(), lane.exit.tone(), fmt.Sprintf("M%s %sH%sa8 8 0 0 %d %s %sV%sa8 8 0 0 %d %s %sH%s",
		num(side), num(lane.from), num(lane.x-out*r), sweep, num(out*r), num(down*r),
		num(lane.to-down*r), sweep, num(-out*r), num(down*r), num(side+out)))
}
