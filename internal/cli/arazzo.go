package cli

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/source"
)

// Arazzo is `headgate arazzo`.
type Arazzo struct {
	Validate ArazzoValidate `cmd:"" help:"Check a workflow document against the specification."`
	Lint     ArazzoLint     `cmd:"" help:"Find what is wrong with a document that is valid; repair what can be."`
	Run      ArazzoRun      `cmd:"" help:"Run workflows."`
	Describe ArazzoDescribe `cmd:"" help:"Draw workflows, as text or as SVG."`
	Generate ArazzoGenerate `cmd:"" help:"Write the skeleton of a workflow from the operations of an OpenAPI description."`
}

// document is a workflow document that a command was given.
type document struct {
	*arazzo.Document
	name string // as the user wrote it
	text []byte
	// findings are those of reading it.
	findings []arazzo.Finding
}

// document reads a file, a URL or, for -, standard input.
func (e *env) document(name string, from source.Loader) (*document, error) {
	if name == "-" {
		text, err := io.ReadAll(io.LimitReader(e.stdin, source.DefaultLimits().Bytes+1))
		if err != nil {
			return nil, usagef("standard input: %w", err)
		}
		doc, findings := arazzo.Parse(text, "standard-input.yaml")
		return &document{doc, "standard input", text, findings}, nil
	}
	file, err := from.OpenDocument(e.ctx, name)
	if err != nil {
		return nil, usage{err}
	}
	doc, findings := arazzo.Parse(file.Data, file.Location)
	return &document{doc, name, file.Data, findings}, nil
}

// check are the findings of reading and validating a document. One that could be read in part is validated as well, so that its author sees
// all mistakes at once.
func (d *document) check(strict bool) []arazzo.Finding {
	if arazzo.HasErrors(d.findings) && len(d.Workflows) == 0 {
		return d.findings
	}
	found := slices.Concat(d.findings, arazzo.Validate(d.Document, arazzo.Strictness(strict)))
	slices.SortStableFunc(found, func(a, b arazzo.Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return found
}

// contract is a finding as scripts get it.
type contract struct {
	Rule     string          `json:"rule"`
	Severity arazzo.Severity `json:"severity"`
	Message  string          `json:"message"`
	Line     int             `json:"line"`
	Column   int             `json:"column"`
	Fix      string          `json:"fix"`
}

func contracts(findings []arazzo.Finding) []contract {
	out := []contract{}
	for _, f := range findings {
		fix := f.Fix
		if fix == "" {
			fix = f.Hint
		}
		out = append(out, contract{f.Rule, f.Severity, f.Message, f.Line, f.Column, fix})
	}
	return out
}

// writeFindings lists findings in the form that editors and terminals link to their places.
func writeFindings(w io.Writer, name string, findings []arazzo.Finding) {
	for _, f := range findings {
		fmt.Fprintf(w, "%s:%d:%d: %s: %s [%s]\n", name, f.Line, f.Column, f.Severity, f.Message, f.Rule)
		if f.Hint != "" {
			fmt.Fprintf(w, "    %s\n", f.Hint)
		}
		if f.Fix != "" {
			fmt.Fprintf(w, "    fix: %s\n", f.Fix)
		}
	}
}

// severities says how many findings there are of each severity; empty for none.
func severities(findings []arazzo.Finding) string {
	count := map[arazzo.Severity]int{}
	for _, f := range findings {
		count[f.Severity]++
	}
	text := ""
	for _, s := range []struct {
		severity      arazzo.Severity
		one, severals string
	}{{arazzo.SeverityError, "error", "errors"}, {arazzo.SeverityWarning, "warning", "warnings"}, {arazzo.SeverityInfo, "note", "notes"}} {
		word := s.severals
		switch count[s.severity] {
		case 0:
			continue
		case 1:
			word = s.one
		}
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%d %s", count[s.severity], word)
	}
	return text
}

// named checks that flags speak of sources that the document has.
func (d *document) named(flag string, values map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if d.Source(name) == nil && name != "*" {
			var have []string
			for _, s := range d.SourceDescriptions {
				have = append(have, s.Name)
			}
			return usagef("--%s %s: the document has no such source, only %q", flag, name, have)
		}
	}
	return nil
}

// output writes to a file, or to standard output for an empty name and for -.
func (e *env) output(name string, write func(io.Writer) error) error {
	if name == "" || name == "-" {
		return write(e.stdout)
	}
	f, err := os.Create(name)
	if err != nil {
		return usage{err}
	}
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// loader reads documents and descriptions as the user allows.
func loader(remote bool) source.Loader { return source.Loader{AllowRemote: remote} }

// workflow finds a workflow of a document; the empty name is the first.
func (d *document) workflow(id string) (*arazzo.Workflow, error) {
	if id == "" && len(d.Workflows) > 0 {
		return d.Workflows[0], nil
	}
	if w := d.Workflow(id); w != nil {
		return w, nil
	}
	var have []string
	for _, w := range d.Workflows {
		have = append(have, w.WorkflowID)
	}
	return nil, usagef("%s has no workflow %q, only %q", d.name, id, have)
}
