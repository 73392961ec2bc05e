package source

import (
	"fmt"
	"strings"
)

// findOperation looks an id up letter for letter; ids come before aliases, and the first of several equal ones wins.
func (d *Description) findOperation(id string) (*Operation, error) {
	if d.Kind == AsyncAPI {
		return nil, &Error{Position: Position{File: d.Location}, Message: fmt.Sprintf("operation %q: an AsyncAPI description has messages, not requests", id)}
	}
	var aliased *Operation
	for _, op := range d.index.operations {
		if op.ID == id && id != "" {
			return op.usable()
		}
		for _, a := range op.Aliases {
			if a == id && aliased == nil {
				aliased = op
			}
		}
	}
	if aliased != nil {
		return aliased.usable()
	}
	names := make([]string, 0, len(d.index.operations))
	for _, op := range d.index.operations {
		if op.ID != "" {
			names = append(names, op.ID)
		}
	}
	return nil, d.missing("no operation has the operationId %q", id, names)
}

// usable is the operation, or what in its description makes it unusable.
func (o *Operation) usable() (*Operation, error) {
	if o.err != nil {
		return nil, o.err
	}
	return o, nil
}

// missing is the error of a name that is not there, with those that may have been meant.
func (d *Description) missing(format, id string, names []string) *Error {
	e := &Error{Position: Position{File: d.Location}, Message: fmt.Sprintf(format, id)}
	if near := nearest(id, names); len(near) > 0 {
		e.Hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return e
}

// findOperationAt compares pointers rather than follow them: a path item behind a reference keeps its place under paths.
func (d *Description) findOperationAt(pointer string) (*Operation, error) {
	tokens, err := d.pointer(pointer)
	if err != nil {
		return nil, err
	}
	if len(tokens) > 3 && tokens[0] == "paths" && tokens[2] != "additionalOperations" {
		// A path whose slashes were not written ~1.
		tokens = []string{"paths", strings.Join(tokens[1:len(tokens)-1], "/"), tokens[len(tokens)-1]}
		for _, op := range d.index.operations {
			if op.Pointer == pointerOf(tokens...) {
				return nil, &Error{Position: Position{File: d.Location}, Pointer: pointer, Message: fmt.Sprintf("nothing at %s", pointer),
					Hint: "a slash within a path is written ~1: #" + op.Pointer}
			}
		}
	}
	want := pointerOf(tokens...)
	var pointers []string
	for _, op := range d.index.operations {
		if op.Pointer == want {
			return op.usable()
		}
		if !op.unknown {
			pointers = append(pointers, "#"+op.Pointer)
		}
	}
	return nil, d.missing("no operation at %s", "#"+want, pointers)
}

// pointer gives the tokens of what stands behind the '#' of s, or of all of s where there is none.
func (d *Description) pointer(s string) ([]string, error) {
	// A path's own '#' is written %23 in a fragment; some write it as it is, so the first one that begins a pointer counts.
	if _, fragment, found := strings.Cut(s, "#/"); found && !strings.HasPrefix(s, "/") {
		s = "/" + fragment
	}
	tokens, err := pointerTokens(s)
	if err != nil || len(tokens) == 0 {
		return nil, &Error{Position: Position{File: d.Location}, Pointer: s, Message: fmt.Sprintf("%q is no JSON pointer", s), Hint: "such as #/paths/~1pets~1{petId}/get", Err: err}
	}
	return tokens, nil
}

// findChannel takes names before addresses: two channels may share an address.
func (d *Description) findChannel(name string) (*Channel, error) {
	var names []string
	for _, c := range d.index.channels {
		if c.Name == name {
			return c, nil
		}
		names = append(names, c.Name)
	}
	for _, c := range d.index.channels {
		if c.Address == name {
			return c, nil
		}
	}
	return nil, d.missing("no channel %q", name, names)
}

func (d *Description) findChannelAt(pointer string) (*Channel, error) {
	tokens, err := d.pointer(pointer)
	if err != nil {
		return nil, err
	}
	var pointers []string
	for _, c := range d.index.channels {
		if c.Pointer == pointerOf(tokens...) {
			return c, nil
		}
		pointers = append(pointers, "#"+c.Pointer)
	}
	return nil, d.missing("no channel at %s", "#"+pointerOf(tokens...), pointers)
}

func (d *Description) findAsyncOperation(id string) (*AsyncOperation, error) {
	var names []string
	for _, op := range d.index.asyncOperations {
		if op.ID == id && id != "" {
			return op, nil
		}
		names = append(names, op.ID)
	}
	return nil, d.missing("no operation %q", id, names)
}

// nearest are up to three names that somebody who wrote id may have meant: those that differ in case alone; else those that contain
// it or are contained; else those that a few letters turn into it.
func nearest(id string, names []string) []string {
	lower := strings.ToLower(id)
	var same, part, close []string
	for _, name := range names {
		l := strings.ToLower(name)
		switch {
		case l == lower:
			same = append(same, name)
		case len(l) > 3 && len(lower) > 3 && (strings.Contains(l, lower) || strings.Contains(lower, l)):
			part = append(part, name)
		case distance(l, lower, 1+len(lower)/5) <= 1+len(lower)/5:
			close = append(close, name)
		}
	}
	for _, found := range [][]string{same, close, part} {
		if len(found) > 0 {
			return found[:min(len(found), 3)]
		}
	}
	return nil
}

// distance is Levenshtein's, given up beyond limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit || len(a) > 200 {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost = 1 + min(diagonal, row[j], row[j-1])
			}
			diagonal, row[j] = row[j], cost
		}
	}
	return row[len(b)]
}
