// Command gen writes the facts that package constraints embeds: which members are required, and
// their lengths, ranges and patterns. It reads the public API models in the form botocore ships.
//
//	go run ./internal/wire/constraints/gen -botocore DIR   # DIR holds lambda/2015-03-31/service-2.json.gz …
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// services maps our names to the models' folders.
var services = map[string]string{
	"lambda": "lambda/2015-03-31", "states": "stepfunctions/2016-11-23",
	"cloudformation": "cloudformation/2010-05-15", "cloudwatch": "cloudwatch/2010-08-01", "logs": "logs/2014-03-28",
	"iam": "iam/2010-05-08", "sts": "sts/2011-06-15",
}

// elsewhere are shapes that the service itself checks, because AWS answers in other words than
// those of a constraint. Each with the reason.
var elsewhere = map[string]string{
	"lambda/2015-03-31 Runtime": "InvalidParameterValueException, and the text ends in 'or be a valid ARN'",
}

type model struct {
	Operations map[string]struct {
		Input struct{ Shape string }
	}
	Shapes map[string]*shape
}

type shape struct {
	Type      string
	Required  []string
	Members   map[string]ref
	Member    ref
	Key       ref
	Value     ref
	Min, Max  *json.Number
	Pattern   string
	Enum      []string
	Sensitive bool
	Exception bool
	Error     struct {
		Code           string
		HTTPStatusCode int
	}
}

type ref struct{ Shape string }

func main() {
	dir := flag.String("botocore", "", "botocore's data folder")
	out := flag.String("out", "internal/wire/constraints/facts", "where to write")
	flag.Parse()
	for name, path := range services {
		m, err := read(filepath.Join(*dir, path))
		if err != nil {
			log.Fatal(err)
		}
		for shape := range elsewhere {
			if name, ok := strings.CutPrefix(shape, path+" "); ok {
				m.Shapes[name].Enum = nil
			}
		}
		text := "# " + path + ": facts of the public API model. Written by constraints/gen; do not edit.\n" + m.facts()
		if err := os.WriteFile(filepath.Join(*out, name+".tsv"), []byte(text), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

func read(dir string) (*model, error) {
	b, err := os.ReadFile(filepath.Join(dir, "service-2.json"))
	if os.IsNotExist(err) {
		if b, err = os.ReadFile(filepath.Join(dir, "service-2.json.gz")); err == nil {
			var z *gzip.Reader
			if z, err = gzip.NewReader(bytes.NewReader(b)); err == nil {
				var plain bytes.Buffer
				_, err = plain.ReadFrom(z)
				b = plain.Bytes()
			}
		}
	}
	if err != nil {
		return nil, err
	}
	m := &model{}
	return m, json.Unmarshal(b, m)
}

// facts lists, by first column: E error statuses, O operations' inputs, and of the shapes that
// inputs reach and that constrain something, S structures, L lists, M maps, T texts and blobs,
// N numbers. See constraints.parse for the columns.
func (m *model) facts() string {
	lines := []string{}
	for _, s := range m.Shapes {
		if s.Exception && s.Error.Code != "" && s.Error.HTTPStatusCode != 0 && s.Error.HTTPStatusCode != 400 {
			lines = append(lines, row("E", s.Error.Code, strconv.Itoa(s.Error.HTTPStatusCode)))
		}
	}
	kept := m.constrained()
	reached := map[string]bool{}
	for name, op := range m.Operations {
		if kept[op.Input.Shape] {
			lines = append(lines, row("O", name, op.Input.Shape))
			m.reach(op.Input.Shape, kept, reached)
		}
	}
	for name := range reached {
		lines = append(lines, m.line(name, kept))
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "")
}

// constrained finds the shapes that constrain a value, themselves or through what they hold.
func (m *model) constrained() map[string]bool {
	kept := map[string]bool{}
	for grown := true; grown; {
		grown = false
		for name, s := range m.Shapes {
			if kept[name] {
				continue
			}
			own := s.Min != nil || s.Max != nil || s.Pattern != "" || len(s.Enum) > 0 || len(s.Required) > 0
			for _, r := range s.holds() {
				own = own || kept[r]
			}
			if own {
				kept[name], grown = true, true
			}
		}
	}
	return kept
}

func (s *shape) holds() []string {
	out := []string{s.Member.Shape, s.Key.Shape, s.Value.Shape}
	for _, r := range s.Members {
		out = append(out, r.Shape)
	}
	return out
}

func (m *model) reach(name string, kept, reached map[string]bool) {
	if name == "" || reached[name] || !kept[name] {
		return
	}
	reached[name] = true
	for _, r := range m.Shapes[name].holds() {
		m.reach(r, kept, reached)
	}
}

func (m *model) line(name string, kept map[string]bool) string {
	s := m.Shapes[name]
	target := func(r ref) string {
		if kept[r.Shape] {
			return r.Shape
		}
		return ""
	}
	flags := ""
	if s.Sensitive {
		flags += "s"
	}
	if len(s.Enum) > 0 {
		flags += "e"
	}
	switch s.Type {
	case "structure":
		cols := []string{"S", name}
		for _, member := range sorted(s.Members) {
			t := target(s.Members[member])
			if slices.Contains(s.Required, member) {
				cols = append(cols, member+"!"+t)
			} else if t != "" {
				cols = append(cols, member+":"+t)
			}
		}
		return row(cols...)
	case "list":
		return row("L", name, number(s.Min), number(s.Max), flags, target(s.Member))
	case "map":
		return row("M", name, number(s.Min), number(s.Max), flags, target(s.Key), target(s.Value))
	case "string", "blob":
		return row("T", name, number(s.Min), number(s.Max), flags, s.Pattern)
	}
	return row("N", name, number(s.Min), number(s.Max), flags)
}

func sorted(members map[string]ref) []string {
	var out []string
	for k := range members {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func number(n *json.Number) string {
	if n == nil {
		return ""
	}
	return n.String()
}

// row joins the columns; a tab or newline inside one would break the table.
func row(cols ...string) string {
	for _, c := range cols {
		if strings.ContainsAny(c, "\t\n") {
			log.Fatal(fmt.Errorf("%q cannot stand in a column", c))
		}
	}
	return strings.TrimRight(strings.Join(cols, "\t"), "\t") + "\n"
}
