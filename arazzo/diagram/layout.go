package diagram

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// Sizes in pixels.
const (
	margin    = 28.0 // around everything
	rowHeight = 18.0 // a line of text within a box
	headRow   = 36.0 // the box's title
	exitRow   = 42.0 // a way out at a box's side
	firstExit = 52.0 // from the box's top; above it arrive the arrows from other boxes
	arrival   = 18.0
	gap       = 38.0 // between boxes
	laneStep  = 16.0 // between vertical lines beside the boxes
	pillRow   = 22.0
	loopWidth = 22.0 // a retry's loop

	minBox, maxBox = 260.0, 520.0
	labelChars     = 62 // the most characters of a label; the whole text is in its tooltip
	monoWidth      = 6.62
)

// layout places a chart. Coordinates are those of the drawing's left upper corner.
type layout struct {
	chart
	width, height float64
	boxLeft, boxW float64
	top           float64 // of the first box's start mark
	boxes         []placedBox
	rightZone     float64 // width of what stands at the right of the boxes, likewise left
	leftZone      float64
	lanes         []placedLane
}

type placedBox struct {
	y, h                float64
	right, left, bottom []placedExit
}

type placedExit struct {
	exit
	y float64
}

// placedLane is an arrow to another box, beside the column of boxes.
type placedLane struct {
	from, to, x float64
	exit        exit
}

func (c *chart) place() *layout {
	l := &layout{chart: *c}
	l.measure()
	l.stack()
	right, rightWidth := l.route(false)
	left, leftWidth := l.route(true)
	l.boxLeft = margin + leftWidth
	boxRight := l.boxLeft + l.boxW
	for i := range right {
		right[i].x += boxRight
	}
	for i := range left {
		left[i].x = l.boxLeft - left[i].x
	}
	l.lanes = append(right, left...)
	l.width = max(boxRight+rightWidth+margin, margin*2+titleWidth(shorten(l.title, 80), 20), margin*2+titleWidth(shorten(l.summary, 110), 13))
	return l
}

// measure finds the width of the boxes and sorts each one's exits to the sides.
func (l *layout) measure() {
	l.boxW = minBox
	for i, b := range l.chart.boxes {
		l.boxW = max(l.boxW, titleWidth(b.title, 17)+60)
		for _, t := range b.rows() {
			l.boxW = max(l.boxW, mono(t.text)+32)
		}
		var p placedBox
		for _, e := range b.exits {
			switch {
			case e.failure || e.kind == toSelf:
				p.left = append(p.left, placedExit{exit: e})
			case e.kind == toBox && e.to == i+1, e.kind == toEnd && i == len(l.chart.boxes)-1:
				p.bottom = append(p.bottom, placedExit{exit: e})
			default:
				p.right = append(p.right, placedExit{exit: e})
			}
		}
		l.boxes = append(l.boxes, p)
	}
	l.boxW = min(l.boxW, maxBox)
	for _, p := range l.boxes {
		for _, e := range p.right {
			l.rightZone = max(l.rightZone, e.reach())
		}
		for _, e := range p.bottom {
			l.rightZone = max(l.rightZone, mono(e.short())+24-l.boxW/2)
		}
		for _, e := range p.left {
			l.leftZone = max(l.leftZone, e.reach())
		}
	}
}

// stack gives every box its height and place, one below the other.
func (l *layout) stack() {
	l.top = margin + 30
	if l.summary != "" {
		l.top += 20
	}
	l.top += float64(len(l.head())) * 17
	y := l.top + 34
	for i := range l.boxes {
		p := &l.boxes[i]
		p.y = y
		p.h = headRow + float64(len(l.chart.boxes[i].rows()))*rowHeight + 10
		for _, side := range [][]placedExit{p.right, p.left} {
			if n := len(side); n > 0 {
				p.h = max(p.h, firstExit+float64(n-1)*exitRow+16)
			}
			for k := range side {
				side[k].y = y + firstExit + float64(k)*exitRow
			}
		}
		y += p.h + gap
		for _, e := range p.bottom {
			if e.short() != "" {
				y += 15
			}
		}
	}
	l.height = y - gap + margin
	if n := len(l.boxes); n > 0 && len(l.boxes[n-1].bottom) > 0 {
		l.height += gap + pillRow
	}
}

// route gives each arrow to another box a lane: short ones run close to the boxes, and two share
// one only where they do not meet. It returns them with x as the distance from the boxes, and the
// width of the whole side.
func (l *layout) route(failure bool) ([]placedLane, float64) {
	base := l.rightZone
	if failure {
		base = l.leftZone
	}
	var all []placedLane
	for _, p := range l.boxes {
		side := p.right
		if failure {
			side = p.left
		}
		for _, e := range side {
			if e.kind == toBox {
				all = append(all, placedLane{from: e.y, to: l.boxes[e.to].y + arrival, exit: e.exit})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b placedLane) int {
		return int(max(a.from, a.to) - min(a.from, a.to) - (max(b.from, b.to) - min(b.from, b.to)))
	})
	var taken [][]placedLane
	for i, a := range all {
		n := 0
		for n < len(taken) && slices.ContainsFunc(taken[n], a.meets) {
			n++
		}
		if n == len(taken) {
			taken = append(taken, nil)
		}
		taken[n] = append(taken[n], a)
		all[i].x = base + 8 + float64(n)*laneStep
	}
	return all, base + float64(len(taken))*laneStep + 8
}

// meets tells whether two lanes would lie upon each other. Arrows to the same box may.
func (a placedLane) meets(b placedLane) bool {
	return a.to != b.to && min(a.from, a.to) < max(b.from, b.to)+8 && min(b.from, b.to) < max(a.from, a.to)+8
}

// bare is the default failure, which is drawn as a mark only.
func (e exit) bare() bool { return e.failure && e.kind == toFailure && e.label() == "" }

// lines are a label in two parts, above and below its arrow.
func (e exit) lines() (above, below string) {
	if e.action == "" {
		return shorten(e.when, labelChars), ""
	}
	return shorten(e.action, labelChars), shorten(e.when, labelChars)
}

// labelWidth is the width of the wider part.
func (e exit) labelWidth() float64 {
	above, below := e.lines()
	return max(mono(above), mono(below))
}

// arrow is the length of the arrow to a mark beside the box: the label stands on it.
func (e exit) arrow() float64 { return max(e.labelWidth()+22, 56) }

// reach is how far an exit's drawing goes from its box, lanes excepted.
func (e exit) reach() float64 {
	switch {
	case e.kind == toSelf:
		return max(mono(e.short()), mono(e.text)) + loopWidth + 14
	case e.bare():
		return 34
	case e.kind == toBox:
		return e.labelWidth() + 18
	}
	return e.arrow() + pillWidth(e.text) + 8
}

func (e exit) short() string { return shorten(e.label(), labelChars) }

type row struct{ class, mark, text string }

// rows are the lines within a box below its title.
func (b box) rows() []row {
	var rows []row
	for _, c := range b.calls {
		rows = append(rows, row{"call", "", c})
	}
	for _, c := range b.criteria {
		rows = append(rows, row{"ok", "✓ ", c})
	}
	for _, o := range b.outputs {
		rows = append(rows, row{"out", "⇒ ", o})
	}
	const most = 73 // of maxBox, at monoWidth
	for i := range rows {
		rows[i].text = shorten(rows[i].mark+rows[i].text, most)
	}
	return rows
}

func mono(s string) float64 { return float64(utf8.RuneCountInString(s)) * monoWidth }

func pillWidth(s string) float64 { return mono(shorten(s, labelChars)) + 22 }

// titleWidth estimates the width of proportional text of a size: no font is at hand.
func titleWidth(s string, size float64) float64 {
	w := 0.0
	for _, r := range s {
		switch {
		case r > 0x2e7f:
			w++
		case unicode.IsUpper(r), r == 'm', r == 'w', r == '—':
			w += 0.74
		case r == 'i', r == 'l', r == 'j', r == 't', r == 'f', r == ' ', unicode.IsPunct(r):
			w += 0.36
		default:
			w += 0.58
		}
	}
	return w * size
}
