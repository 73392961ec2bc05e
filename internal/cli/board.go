package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/charmbracelet/x/term"
)

// board is a block of lines that stays at the bottom of a terminal while other lines pass above it.
// Without a terminal it shows nothing, and lines are just lines.
type board struct {
	out   io.Writer
	live  bool
	width int
	mu    sync.Mutex
	block []string // as shown now
}

func newBoard(e *env) *board {
	b := &board{out: e.stdout, live: e.live, width: 120}
	if f, ok := e.stdout.(*os.File); ok && e.live {
		if w, _, err := term.GetSize(f.Fd()); err == nil && w > 0 {
			b.width = w
		}
	}
	return b
}

// line writes one line above the block.
func (b *board) line(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.draw([]string{text}, b.block)
}

// show replaces the block.
func (b *board) show(block []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.live && strings.Join(block, "\n") != strings.Join(b.block, "\n") {
		b.draw(nil, block)
	}
}

func (b *board) draw(above, block []string) {
	var s strings.Builder
	if b.live && len(b.block) > 0 {
		fmt.Fprintf(&s, "\x1b[%dA\r\x1b[J", len(b.block)) // up, and clear from there on
	}
	for _, l := range above {
		s.WriteString(l + "\n")
	}
	if b.live {
		for _, l := range block {
			s.WriteString(cut(l, b.width-1) + "\n")
		}
		b.block = block
	}
	fmt.Fprint(b.out, s.String())
}

// close leaves the last block standing.
func (b *board) close() { b.block = nil }

// cut shortens a line to a width in columns. The board's own signs all take one; a library that knows of others costs every
// command 35 ms at its start.
func cut(line string, width int) string {
	if r := []rune(line); len(r) > width {
		return string(r[:max(width-1, 0)]) + "…"
	}
	return line
}
