package jsonpath

import (
	"strconv"
	"strings"
)

// Path is a parsed path. It never changes.
type Path struct {
	src      string
	steps    []step
	definite bool
	function *function
}

// step is one part of a path. Its kinds are in select.go.
type step interface {
	// definite tells whether the step leads to at most one place.
	definite() bool
	// text is the step in canonical form, as error messages show it.
	text() string
}

type (
	memberStep struct{ names []string }
	indexStep  struct{ indexes []int }
	sliceStep  struct{ from, to, by *int }
	wildStep   struct{}
	deepStep   struct{} // followed by the step to apply at every depth
	filterStep struct {
		cond condition
		src  string
	}
)

// Steps that can lead to several places make the whole path indefinite, however few there are.
func (s memberStep) definite() bool { return len(s.names) == 1 }
func (s indexStep) definite() bool  { return len(s.indexes) == 1 }
func (sliceStep) definite() bool    { return false }
func (wildStep) definite() bool     { return false }
func (deepStep) definite() bool     { return false }
func (filterStep) definite() bool   { return false }

// The texts below are Jayway's: messages of failures show paths by them.
func (s memberStep) text() string {
	return "['" + strings.Join(s.names, "','") + "']"
}

func (s indexStep) text() string {
	parts := make([]string, len(s.indexes))
	for i, n := range s.indexes {
		parts[i] = strconv.Itoa(n)
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func (s sliceStep) text() string {
	show := func(n *int) string {
		if n == nil {
			return ""
		}
		return strconv.Itoa(*n)
	}
	out := "[" + show(s.from) + ":" + show(s.to)
	if s.by != nil {
		out += ":" + show(s.by)
	}
	return out + "]"
}

func (wildStep) text() string     { return "[*]" }
func (deepStep) text() string     { return ".." }
func (s filterStep) text() string { return "[?]" }

// String returns the path as it was written.
func (p *Path) String() string { return p.src }

// Definite tells whether the path leads to at most one place, so that its result is not an array of results.
func (p *Path) Definite() bool { return p.definite }

// canonical shows the first n steps, for example $['a'][0].
func (p *Path) canonical(n int) string {
	var b strings.Builder
	b.WriteString("$")
	for _, s := range p.steps[:n] {
		b.WriteString(s.text())
	}
	return b.String()
}

// IsReference tells whether the path is a reference path: members and single indexes that are not negative, only.
func (p *Path) IsReference() bool {
	if p.function != nil {
		return false
	}
	for _, s := range p.steps {
		switch s := s.(type) {
		case memberStep:
			if len(s.names) != 1 {
				return false
			}
		case indexStep:
			if len(s.indexes) != 1 || s.indexes[0] < 0 {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// IsRoot tells whether the path is just $.
func (p *Path) IsRoot() bool { return len(p.steps) == 0 && p.function == nil }
