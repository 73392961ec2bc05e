// Package constraints checks decoded inputs against the facts of the public API models: required
// members, lengths, ranges, patterns, enums. It answers in AWS's words.
//
// The facts stand in facts/*.tsv, one table a service, written by gen. Enum values are not among
// them: the SDK's enum types know their own.
package constraints

import (
	"embed"
	"io/fs"
	"strconv"
	"strings"
)

//go:embed facts/*.tsv
var tables embed.FS

// Facts are what is known of one service. Immutable.
type Facts struct {
	// Statuses are the HTTP statuses of error codes, but for 400.
	Statuses map[string]int

	inputs map[string]string // operation → shape
	shapes map[string]*fact
}

// fact is one line of a table.
type fact struct {
	kind      byte // S structure, L list, M map, T text or blob, N number
	members   []memberFact
	elem, key string
	min, max  string // as AWS prints them; empty is unbounded
	pattern   string
	enum      bool
	sensitive bool
}

type memberFact struct {
	name, shape string
	required    bool
}

// For reads the table of a service, by AWS's short name. A service without one has no
// constraints.
func For(service string) *Facts {
	f := &Facts{Statuses: map[string]int{}, inputs: map[string]string{}, shapes: map[string]*fact{}}
	text, err := fs.ReadFile(tables, "facts/"+service+".tsv")
	if err != nil {
		return f
	}
	for line := range strings.Lines(string(text)) {
		f.parse(strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return f
}

// parse reads one line:
//
//	E code status            O operation shape        S shape member!shape member:shape …
//	L shape min max flags elem                        M shape min max flags key value
//	T shape min max flags pattern                     N shape min max flags
//
// "!" marks a required member; flags are s (sensitive: its value is never quoted) and e (enum).
func (f *Facts) parse(cols []string) {
	col := func(i int) string {
		if i < len(cols) {
			return cols[i]
		}
		return ""
	}
	switch kind := cols[0]; kind {
	case "E":
		f.Statuses[col(1)], _ = strconv.Atoi(col(2))
	case "O":
		f.inputs[col(1)] = col(2)
	case "S":
		x := &fact{kind: 'S'}
		for _, m := range cols[2:] {
			at := strings.IndexAny(m, "!:")
			x.members = append(x.members, memberFact{m[:at], m[at+1:], m[at] == '!'})
		}
		f.shapes[col(1)] = x
	case "L", "M", "T", "N":
		x := &fact{kind: kind[0], min: col(2), max: col(3)}
		x.sensitive, x.enum = strings.Contains(col(4), "s"), strings.Contains(col(4), "e")
		switch kind {
		case "L":
			x.elem = col(5)
		case "M":
			x.key, x.elem = col(5), col(6)
		case "T":
			x.pattern = col(5)
		}
		f.shapes[col(1)] = x
	}
}
