package cli

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/charmbracelet/x/term"

	"github.com/headgate/headgate/asl"
)

// stateBoard is how each state of a definition stands.
type stateBoard struct {
	order []stateMark
	index map[string]int
}

type stateMark struct {
	name, kind      string
	depth           int
	entered, exited int
	failed          int // tries of its task
	why             string
	since, until    time.Time // the last time it was entered, and exited
}

func newStateBoard(definition string) (*stateBoard, error) {
	m, err := asl.Parse([]byte(definition))
	if err != nil {
		return nil, fmt.Errorf("the execution's definition: %w", err)
	}
	s := &stateBoard{index: map[string]int{}}
	m.Walk(func(path string, state *asl.State) {
		s.index[state.Name] = len(s.order)
		s.order = append(s.order, stateMark{name: state.Name, kind: strings.ToLower(state.Type), depth: max(strings.Count(path, "/States/")-1, 0)})
	})
	return s, nil
}

// see takes in an event that happened in a state.
func (s *stateBoard) see(ev types.HistoryEvent, state string) {
	i, ok := s.index[state]
	if !ok {
		return
	}
	m := &s.order[i]
	switch {
	case ev.StateEnteredEventDetails != nil:
		m.entered++
		m.failed, m.why, m.since = 0, "", aws.ToTime(ev.Timestamp)
	case ev.StateExitedEventDetails != nil:
		m.exited++
		m.until = aws.ToTime(ev.Timestamp)
	case isFailure(ev.Type) && ev.Type != types.HistoryEventTypeExecutionFailed:
		m.failed++
		if name, _ := failureOf(ev); name != "" {
			m.why = name
		}
	}
}

// lines draws the board: a line for each state, indented as they lie in each other, and one for the execution. What does
// not fit the terminal's height is left out: first the states yet to come, then those that are done.
func (s *stateBoard) lines(x *sfn.DescribeExecutionOutput, c canvas) (lines []string) {
	running := x.Status == types.ExecutionStatusRunning
	shown := s.order
	for _, keep := range []func(m stateMark) bool{
		func(m stateMark) bool { return m.entered > 0 },
		func(m stateMark) bool { return m.entered > m.exited },
	} {
		if some := filter(s.order, keep); len(shown) > c.height-3 && len(some) > 0 {
			shown = some
		}
	}
	if most := max(c.height-3, 1); len(shown) > most {
		shown = shown[:most]
	}
	left := len(s.order) - len(shown)
	names, kinds := 0, 0
	for _, m := range shown {
		names, kinds = max(names, 2*m.depth+len([]rune(m.name))), max(kinds, len(m.kind))
	}
	for _, m := range shown {
		pad := strings.Repeat(" ", names-2*m.depth-len([]rune(m.name)))
		line := fmt.Sprintf("%s%s %s%s  %-*s  %s", strings.Repeat("  ", m.depth), m.sign(running), m.name, pad, kinds, m.kind, m.news(running))
		lines = append(lines, c.fit(strings.TrimRight(line, " ")))
	}
	if left > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more %s", left, plural(left, "state")))
	}
	return append(lines, c.fit(fmt.Sprintf("%s  %s since %s", shortExecution(aws.ToString(x.ExecutionArn)), x.Status, stamp(x.StartDate))))
}

func filter(all []stateMark, keep func(stateMark) bool) (some []stateMark) {
	for _, m := range all {
		if keep(m) {
			some = append(some, m)
		}
	}
	return some
}

func (m *stateMark) sign(running bool) string {
	switch {
	case m.entered > m.exited && running:
		return "◐"
	case m.entered > m.exited:
		return "✗"
	case m.exited > 0:
		return "●"
	}
	return "○"
}

// news is what there is to say of a state besides its sign.
func (m *stateMark) news(running bool) string {
	var all []string
	if m.entered > 1 {
		all = append(all, fmt.Sprintf("%d of %d", m.exited, m.entered))
	}
	switch {
	case m.entered > m.exited && running:
		all = append(all, "since "+m.since.UTC().Format("15:04:05"))
	case m.entered == 1 && m.exited == 1 && m.until.Sub(m.since) >= time.Millisecond:
		all = append(all, m.until.Sub(m.since).Round(time.Millisecond).String())
	}
	if m.failed > 0 {
		all = append(all, fmt.Sprintf("failed %s%s", times(m.failed), after(": ", m.why)))
	}
	return strings.Join(all, ", ")
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// canvas is the terminal that a board is drawn on.
type canvas struct {
	live, colour  bool
	width, height int
}

func newCanvas(e *env, b *board) canvas {
	c := canvas{live: b.live, colour: b.live && os.Getenv("NO_COLOR") == "", width: b.width, height: 40}
	if f, ok := e.stdout.(*os.File); ok && b.live {
		if _, h, err := term.GetSize(f.Fd()); err == nil && h > 0 {
			c.height = h
		}
	}
	return c
}

// colours of the signs; each line has at most one, before all text of the user's.
var colours = []struct{ sign, code string }{{"✗", "31"}, {"●", "32"}, {"◐", "33"}, {"↻", "33"}, {"▶", "36"}, {"○", "2"}}

// fit cuts a line to the terminal's width, and paints its sign. A board counts the letters of the paint as columns:
// there is room left for them.
func (c canvas) fit(line string) string {
	if !c.live {
		return line
	}
	const paint = len("\x1b[31m\x1b[0m")
	line = cut(line, max(c.width-1-paint, 1))
	at, with := len(line), -1
	for i, p := range colours {
		if where := strings.Index(line, p.sign); where >= 0 && where < at {
			at, with = where, i
		}
	}
	if with < 0 || !c.colour {
		return line
	}
	p := colours[with]
	return strings.Replace(line, p.sign, "\x1b["+p.code+"m"+p.sign+"\x1b[0m", 1)
}
