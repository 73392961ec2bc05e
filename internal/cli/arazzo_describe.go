package cli

import (
	"io"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/diagram"
	"github.com/headgate/headgate/arazzo/generate"
	"github.com/headgate/headgate/arazzo/lint"
)

// ArazzoDescribe is `headgate arazzo describe`.
type ArazzoDescribe struct {
	File        string            `arg:"" help:"Document: a file, a URL, or - for standard input."`
	Workflow    string            `help:"Only this workflow." placeholder:"ID"`
	Format      string            `enum:"text,svg" default:"text" help:"text or svg."`
	Output      string            `short:"o" help:"Write to this file." placeholder:"FILE"`
	Source      map[string]string `help:"Read a source description from elsewhere." placeholder:"NAME=URL_OR_PATH" mapsep:"none"`
	AllowRemote bool              `help:"Let the document name descriptions at other places of the network."`
}

// Help is printed below the flags.
func (*ArazzoDescribe) Help() string {
	return `Shows the steps and what may follow upon each. The methods and paths of the operations appear where the source descriptions can be
read; what these tell never to happen is marked.

  headgate arazzo describe workflow.yaml
  headgate arazzo describe workflow.yaml --format svg -o workflow.svg`
}

// Run implements the command.
func (c *ArazzoDescribe) Run(e *env) error {
	d, err := e.document(c.File, loader(c.AllowRemote))
	if err != nil {
		return err
	}
	if err := d.named("source", c.Source); err != nil {
		return err
	}
	if arazzo.HasErrors(d.findings) {
		writeFindings(e.stderr, d.name, d.findings)
		return usagef("%s cannot be read: %s", d.name, severities(d.findings))
	}
	if _, err := d.workflow(c.Workflow); err != nil {
		return err
	}
	sources, unreadable := lint.Load(e.ctx, loader(c.AllowRemote), d.Document, c.Source)
	judge := lint.Judge(d.Document, lint.Options{Sources: sources, Unreadable: unreadable})
	o := diagram.Options{Workflow: c.Workflow, Judge: judge, Operation: func(s *arazzo.Step) (method, path string) {
		if op, err := sources.Operation(d.Document, s); err == nil && op != nil {
			return op.Method, op.Path
		}
		return "", ""
	}}
	if e.json {
		return e.print(diagram.Outline(d.Document, o))
	}
	return e.output(c.Output, func(w io.Writer) error {
		if c.Format == "svg" {
			_, err := w.Write(diagram.SVG(d.Document, o))
			return err
		}
		return diagram.Text(w, d.Document, o)
	})
}

// ArazzoGenerate is `headgate arazzo generate`.
type ArazzoGenerate struct {
	OpenAPI    string   `arg:"" name:"openapi" help:"OpenAPI description: a file or a URL."`
	Operations []string `arg:"" name:"operation" help:"operationIds, in the order of the steps."`
	Workflow   string   `help:"workflowId." default:"workflow" placeholder:"ID"`
	Title      string   `help:"Title of the document." placeholder:"TEXT"`
	Name       string   `help:"Name of the source description." default:"api"`
	Output     string   `short:"o" help:"Write to this file." placeholder:"FILE"`
}

// Help is printed below the flags.
func (*ArazzoGenerate) Help() string {
	return `Writes a document with one step for each operation: parameters and the members of request bodies become inputs, or outputs of earlier
steps of the same name; success is what the description says it is; outputs are the members of the answers.

  headgate arazzo generate openapi.yaml createOrder getOrder -o order.arazzo.yaml
  headgate arazzo generate http://127.0.0.1:4566/_headgate/openapi/lambda.json UpdateFunctionCode GetFunction Invoke`
}

// Run implements the command.
func (c *ArazzoGenerate) Run(e *env) error {
	api, err := loader(false).Open(e.ctx, c.OpenAPI)
	if err != nil {
		return usage{err}
	}
	text, err := generate.Document(api, generate.Options{
		Operations: c.Operations, URL: c.OpenAPI, File: c.Output, Source: c.Name, WorkflowID: c.Workflow, Title: c.Title,
	})
	if err != nil {
		return usage{err}
	}
	return e.output(c.Output, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}
