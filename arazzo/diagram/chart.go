package diagram

import (
	"strings"
	"unicode/utf8"
)

// chart is a workflow as it is drawn, in text and in SVG alike: boxes in the order of the document,
// and for each box the ways out of it in the order in which they are decided.
type chart struct {
	title   string // workflowId
	summary string
	inputs  []string // name, with * where it is required
	outputs []string
	boxes   []box
	notes   []string // what cannot be drawn as an arrow, e.g. dependsOn
}

type box struct {
	title    string   // stepId
	calls    []string // what the step does: "operationId", "METHOD /path"; "workflow x"; "receive channel"
	criteria []string
	outputs  []string
	exits    []exit
	isolated bool // nothing leads here
}

// exit is one way out of a box.
type exit struct {
	failure bool
	kind    exitKind
	to      int    // the box, for toBox
	action  string // the action's name; empty for the default
	when    string // its criteria; empty if it always matches
	never   bool   // it is known that it is never taken
	text    string // what happens there: "end", "fails", "workflow x", "again after 5 s, at most 20 times"
}

type exitKind int

const (
	toBox exitKind = iota
	toEnd
	toFailure // the workflow breaks off
	toWorkflow
	toSelf // a retry
)

// label is what stands on the arrow.
func (e exit) label() string {
	switch {
	case e.action != "" && e.when != "":
		return e.action + ": " + e.when
	case e.action != "":
		return e.action
	}
	return e.when
}

// oneLine makes text of any shape fit a label: white space is folded, control characters go.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == utf8.RuneError || 0x80 <= r && r < 0xa0 }), " ")
}

// shorten keeps at most n characters, the last of them an ellipsis where something was cut.
func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return strings.TrimRight(string([]rune(s)[:n-1]), " ") + "…"
}
