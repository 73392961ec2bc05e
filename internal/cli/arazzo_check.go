package cli

import (
	"bytes"
	"fmt"
	"os"
	"slices"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/lint"
)

// ArazzoValidate is `headgate arazzo validate`.
type ArazzoValidate struct {
	File   string `arg:"" help:"Document: a file, a URL, or - for standard input."`
	Strict bool   `help:"Follow the specification to the letter: what is only tolerated is an error."`
}

// Help is printed below the flags.
func (*ArazzoValidate) Help() string {
	return `Exits 0 if the document is valid, else 1. What documents in the wild do beyond the specification is a warning, with --strict
an error.

  headgate arazzo validate workflow.yaml
  headgate arazzo validate workflow.yaml --strict --json | jq .findings`
}

// Run implements the command.
func (c *ArazzoValidate) Run(e *env) error {
	d, err := e.document(c.File, loader(false))
	if err != nil { // also a file that is not there, or too large, is no valid document: scripts get 0 or 1
		d = unreadable(c.File, err)
	}
	findings := d.check(c.Strict)
	valid := !arazzo.HasErrors(findings)
	if e.json {
		if err := e.print(map[string]any{"valid": valid, "findings": contracts(findings)}); err != nil {
			return err
		}
	} else {
		writeFindings(e.stdout, d.name, findings)
	}
	if !valid {
		return failf("%s is not valid: %s", d.name, severities(findings))
	}
	e.line("%s is valid (Arazzo %s, %d workflows)%s", d.name, d.Version, len(d.Workflows), after("; ", severities(findings)))
	return nil
}

// unreadable stands for a document that could not be read.
func unreadable(name string, err error) *document {
	return &document{&arazzo.Document{}, name, nil, []arazzo.Finding{{
		Rule: "document-unreadable", Severity: arazzo.SeverityError, Message: err.Error(), Line: 1, Column: 1,
	}}}
}

// ArazzoLint is `headgate arazzo lint`.
type ArazzoLint struct {
	File        string            `arg:"" optional:"" help:"Document: a file, a URL, or - for standard input."`
	Source      map[string]string `help:"Read a source description from elsewhere." placeholder:"NAME=URL_OR_PATH" mapsep:"none"`
	Fix         bool              `help:"Repair in the file what can be repaired without a doubt; comments and layout stay."`
	Rules       bool              `help:"List the rules and what they are for."`
	AllowRemote bool              `help:"Let the document name descriptions at other places of the network."`
}

// Help is printed below the flags.
func (*ArazzoLint) Help() string {
	return `Reads the source descriptions, as far as it can, and the document against them. Exits 1 if it finds an error, 0 if there are
warnings and notes at most, 2 if the document is not valid.

  headgate arazzo lint workflow.yaml
  headgate arazzo lint workflow.yaml --source amazonLambdaApi=http://127.0.0.1:4566/_headgate/openapi/lambda.json
  headgate arazzo lint workflow.yaml --fix
  headgate arazzo lint workflow.yaml --json | jq -r '.findings[].rule' | sort | uniq -c`
}

// Run implements the command.
func (c *ArazzoLint) Run(e *env) error {
	if c.Rules {
		return c.list(e)
	}
	if c.File == "" {
		return usagef("expected a document")
	}
	from := loader(c.AllowRemote)
	d, err := e.document(c.File, from)
	if err != nil {
		return err
	}
	if err := d.named("source", c.Source); err != nil {
		return err
	}
	valid := d.check(false)
	if arazzo.HasErrors(valid) {
		if err := c.show(e, d, valid); err != nil {
			return err
		}
		return usagef("%s is not valid: %s", d.name, severities(valid))
	}
	sources, unreadable := lint.Load(e.ctx, from, d.Document, c.Source)
	o := lint.Options{Sources: sources, Unreadable: unreadable, Text: d.text}
	if c.Fix {
		if d, err = c.fix(e, d, o); err != nil {
			return err
		}
		o.Text = d.text
	}
	findings := lint.Run(d.Document, o)
	if err := c.show(e, d, findings); err != nil {
		return err
	}
	if arazzo.HasErrors(findings) {
		return failf("%s: %s", d.name, severities(findings))
	}
	e.line("%s: %s", d.name, severities(findings)+map[bool]string{true: "nothing found"}[len(findings) == 0])
	return nil
}

func (c *ArazzoLint) show(e *env, d *document, findings []arazzo.Finding) error {
	if e.json {
		return e.print(map[string]any{"findings": contracts(findings)})
	}
	writeFindings(e.stdout, d.name, findings)
	return nil
}

// fix writes the safe edits into the file; a document from standard input goes to standard output.
func (c *ArazzoLint) fix(e *env, d *document, o lint.Options) (*document, error) {
	info, err := os.Stat(c.File)
	if err != nil || !info.Mode().IsRegular() {
		return nil, usagef("--fix writes into a file, and %s is none", d.name)
	}
	fixed, err := lint.Fix(d.text, d.Location, o)
	if err != nil {
		return nil, err
	}
	for _, f := range fixed.Applied {
		fmt.Fprintf(e.stderr, "%s:%d: fixed: %s [%s]\n", d.name, f.Line, f.Fix, f.Rule)
	}
	if !bytes.Equal(fixed.Text, d.text) {
		if err := os.WriteFile(c.File, fixed.Text, info.Mode().Perm()); err != nil {
			return nil, err
		}
	}
	doc, findings := arazzo.Parse(fixed.Text, d.Location)
	return &document{doc, d.name, fixed.Text, findings}, nil
}

func (c *ArazzoLint) list(e *env) error {
	rules := lint.Rules()
	if e.json {
		out := []map[string]any{}
		for _, r := range rules {
			out = append(out, map[string]any{"rule": r.ID, "severity": r.Severity, "title": r.Title, "why": r.Why, "fixes": r.Fixes})
		}
		return e.print(map[string]any{"rules": out})
	}
	slices.SortStableFunc(rules, func(a, b lint.Rule) int { return rank(a.Severity) - rank(b.Severity) })
	for _, r := range rules {
		mark := ""
		if r.Fixes {
			mark = "  (--fix)"
		}
		e.line("%-8s %s%s\n         %s.\n         %s", r.Severity, r.ID, mark, r.Title, r.Why)
	}
	return nil
}

func rank(s arazzo.Severity) int {
	return slices.Index([]arazzo.Severity{arazzo.SeverityError, arazzo.SeverityWarning, arazzo.SeverityInfo}, s)
}
