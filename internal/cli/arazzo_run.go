package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/auth"
	"github.com/headgate/headgate/arazzo/awsenv"
	"github.com/headgate/headgate/arazzo/lint"
	"github.com/headgate/headgate/arazzo/report"
	"github.com/headgate/headgate/arazzo/runner"
	"github.com/headgate/headgate/arazzo/source"
)

// ArazzoRun is `headgate arazzo run`.
type ArazzoRun struct {
	File  string   `arg:"" help:"Document: a file, a URL, or - for standard input."`
	Given []string `arg:"" optional:"" name:"input" help:"Inputs, NAME=VALUE: what follows --input may be several."`

	Workflow string        `help:"Run this workflow, and those it depends on (default: the first)." placeholder:"ID"`
	All      bool          `help:"Run all workflows, in parallel where they do not depend on each other."`
	Parallel int           `help:"How many workflows run at a time." default:"4"`
	Input    []string      `short:"i" sep:"none" help:"Input, NAME=VALUE; @FILE reads the value from a file, @base64:FILE in base64. Repeat for more." placeholder:"NAME=VALUE"`
	Inputs   string        `help:"Inputs from a JSON or YAML file." placeholder:"FILE"`
	Strict   bool          `help:"Follow the specification to the letter: what is only tolerated fails."`
	Timeout  time.Duration `help:"Give up after this time." placeholder:"DURATION"`
	DryRun   bool          `help:"Show the requests and send none."`
	Verbose  bool          `short:"v" help:"Show requests, answers and every condition."`

	Source      map[string]string `mapsep:"none" help:"Read a source description from elsewhere." placeholder:"NAME=URL_OR_PATH"`
	Server      map[string]string `mapsep:"none" help:"Send a source's requests to this base URL; the name * is for all others." placeholder:"NAME=URL"`
	Header      []string          `short:"H" sep:"none" help:"Header for every request." placeholder:"NAME: VALUE"`
	Listen      string            `help:"Take AsyncAPI's HTTP callbacks at this address; without it a step that receives over HTTP is refused." placeholder:"HOST:PORT"`
	AllowRemote bool              `help:"Let the document name documents at other places of the network."`

	Auth    map[string]string `mapsep:"none" help:"What you have for a security scheme: a key, a token, USER:PASSWORD or CLIENT:SECRET; also ARAZZO_AUTH_SCHEME." placeholder:"SCHEME=VALUE"`
	SigV4   string            `name:"sigv4" help:"Sign every request for this AWS service, whatever its description says." placeholder:"SERVICE"`
	Cert    string            `help:"Client certificate, a PEM file." placeholder:"FILE"`
	CertKey string            `help:"Its key, a PEM file." placeholder:"FILE"`

	Record string   `help:"Record the exchanges, without secrets." placeholder:"FILE"`
	Replay string   `help:"Answer from a recording instead of the network." placeholder:"FILE"`
	Report []string `sep:"none" help:"Write a report too: text, json, junit or har. Repeat for more." placeholder:"FORMAT=FILE"`
}

// Help is printed below the flags.
func (*ArazzoRun) Help() string {
	return `Exits 0 on success, 1 when a workflow failed, 2 for an invalid document or command line. Inputs come from --input, else from the
environment (ARAZZO_INPUT_NAME), else from --inputs, else from the schema's defaults; for required ones that are missing then, a terminal
is asked. They are typed by the workflow's schema. Descriptions of AWS are asked at --endpoint, and signed for, as the SDKs would.

  headgate arazzo run workflow.yaml --input FunctionName=app --input ZipFile=@base64:app.zip
  headgate arazzo run workflow.yaml --workflow smoke --inputs inputs.json --json
  headgate arazzo run workflow.yaml --source amazonLambdaApi=http://127.0.0.1:4566/_headgate/openapi/lambda.json
  headgate arazzo run workflow.yaml --dry-run
  headgate arazzo run workflow.yaml --record run.jsonl --report junit=report.xml --report har=run.har
  headgate arazzo run workflow.yaml --replay run.jsonl --strict`
}

// Run implements the command.
func (c *ArazzoRun) Run(e *env) error {
	d, err := e.document(c.File, loader(c.AllowRemote))
	if err != nil {
		return err
	}
	// Before anything else: what is wrong with the document is more useful than that --workflow or an input does not fit it.
	if findings := d.check(false); arazzo.HasErrors(findings) {
		writeFindings(e.stderr, d.name, findings)
		return usagef("%s is not valid: %s", d.name, severities(findings))
	}
	r, err := c.runner(e, d)
	if err != nil {
		return err
	}
	files := &files{}
	defer files.close()
	if err := c.listen(r, files); err != nil {
		return err
	}
	out, err := c.observers(e, d, r, files)
	if err != nil {
		return err
	}
	inputs, err := c.gather(e, d)
	if err != nil {
		return err
	}
	var result *runner.Result
	if c.All {
		result, err = r.RunAll(e.ctx, d.Document, inputs)
	} else {
		result, err = r.Run(e.ctx, d.Document, c.Workflow, inputs[c.Workflow])
	}
	if result != nil {
		if err := out.end(result); err != nil {
			return err
		}
	}
	if err != nil {
		return c.refused(e, d, err)
	}
	if !result.Success() {
		return failf("%s", whatFailed(result))
	}
	return nil
}

// refused tells what could not be run from what did not succeed.
func (c *ArazzoRun) refused(e *env, d *document, err error) error {
	var invalid *runner.InvalidError
	var api *source.Error
	var missing *auth.MissingError
	switch {
	case errors.As(err, &invalid):
		if len(invalid.Findings) > 0 {
			writeFindings(e.stderr, d.name, invalid.Findings)
			return usagef("%s: %s", invalid.What, severities(invalid.Findings))
		}
		return usage{err}
	case errors.As(err, &api), errors.As(err, &missing):
		return usage{err}
	case errors.Is(err, context.DeadlineExceeded):
		return failf("not done within %v", c.Timeout)
	}
	return failure{err}
}

func whatFailed(result *runner.Result) string {
	var failed []string
	for _, w := range result.Workflows {
		if w.Status != runner.Success {
			failed = append(failed, "workflow "+w.WorkflowID+" failed"+after(": ", w.Reason))
		}
	}
	return strings.Join(failed, "; ")
}

// runner is set up from the flags.
func (c *ArazzoRun) runner(e *env, d *document) (*runner.Runner, error) {
	if c.Workflow == "" && len(d.Workflows) > 0 {
		c.Workflow = d.Workflows[0].WorkflowID
	}
	if _, err := d.workflow(c.Workflow); err != nil {
		return nil, err
	}
	if err := d.named("source", c.Source); err != nil {
		return nil, err
	}
	if err := d.named("server", c.Server); err != nil {
		return nil, err
	}
	for name, server := range c.Server {
		if _, at, _ := strings.Cut(server, "://"); !strings.HasPrefix(server, "http://") && !strings.HasPrefix(server, "https://") || at == "" {
			return nil, usagef("--server %s: %q is no absolute http or https URL", name, server)
		}
	}
	r := &runner.Runner{Loader: loader(c.AllowRemote), Sources: c.Source, Servers: c.Server, Strict: c.Strict, Timeout: c.Timeout,
		Parallel: c.Parallel, DryRun: c.DryRun, Header: http.Header{}}
	for _, h := range c.Header {
		name, value, ok := strings.Cut(h, ":")
		if !ok {
			name, value, ok = strings.Cut(h, "=")
		}
		if !ok || strings.TrimSpace(name) == "" {
			return nil, usagef("--header %q is not NAME: VALUE", h)
		}
		r.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	if err := c.credentials(r); err != nil {
		return nil, err
	}
	cfg, err := e.aws(e.ctx)
	if err != nil { // which matters only if something is to be signed; then the run says so
		fmt.Fprintln(e.stderr, "without AWS:", err)
		cfg = aws.Config{Region: e.region, BaseEndpoint: &e.endpoint}
	}
	described, _ := lint.Load(e.ctx, r.Loader, d.Document, c.Source) // what cannot be read is reported by the run, if it needs it
	redirected := awsenv.Configure(r, cfg, described)
	if slices.Sort(redirected); len(redirected) > 0 {
		fmt.Fprintf(e.stderr, "%s: asked at %s (--endpoint)\n", strings.Join(redirected, ", "), e.endpoint)
	}
	return r, nil
}

// listen opens the address for callbacks, if there is one.
func (c *ArazzoRun) listen(r *runner.Runner, files *files) error {
	if c.Listen == "" {
		return nil
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return usagef("--listen: %w", err)
	}
	if r.Client == nil {
		r.Client = runner.NewClient(r.AllowLinkLocal)
	}
	binding := runner.NewHTTP(r.Client, l)
	files.open = append(files.open, binding)
	r.Bindings = map[string]runner.Binding{"http": binding, "https": binding}
	return nil
}

// files are the files that a run writes and reads, and what else is to be closed after it.
type files struct{ open []io.Closer }

func (f *files) create(name string) (io.Writer, error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) // outputs may be anything
	if err != nil {
		return nil, usage{err}
	}
	f.open = append(f.open, file)
	return file, nil
}

func (f *files) close() {
	for _, c := range f.open {
		_ = c.Close() // its writes have been checked
	}
}

// outcome writes what a run came to.
type outcome struct {
	ends []func(*runner.Result) error
}

func (o *outcome) end(result *runner.Result) error {
	for _, end := range o.ends {
		if err := end(result); err != nil {
			return err
		}
	}
	return nil
}

// observers wires reports, recording and replay, and what the user sees meanwhile: on a terminal a board of the steps, else lines. With
// --json standard output holds nothing but the result.
func (c *ArazzoRun) observers(e *env, d *document, r *runner.Runner, files *files) (*outcome, error) {
	o := &outcome{}
	view := newRunView(e, c.Verbose)
	watching := []runner.Observer{view}
	for _, text := range c.Report {
		w, err := c.report(e, d, o, text, files)
		if err != nil {
			return nil, err
		}
		if w != nil {
			watching = append(watching, w)
		}
	}
	o.ends = append(o.ends, func(result *runner.Result) error {
		view.end(result)
		if e.json {
			return report.JSON(e.stdout, result)
		}
		return nil
	})
	r.Observer = runner.Observers(watching...)
	if c.Record != "" {
		w, err := files.create(c.Record)
		if err != nil {
			return nil, err
		}
		r.Record = w
	}
	if c.Replay != "" {
		f, err := os.Open(c.Replay)
		if err != nil {
			return nil, usage{err}
		}
		files.open = append(files.open, f)
		r.Replay = f
	}
	return o, nil
}

// report sets one FORMAT=FILE up; it returns what has to watch the run for it, if anything.
func (c *ArazzoRun) report(e *env, d *document, o *outcome, text string, files *files) (runner.Observer, error) {
	format, file, _ := strings.Cut(text, "=")
	if e.json && (file == "" || file == "-") {
		return nil, usagef("--report %s needs a file: with --json standard output holds the result", format)
	}
	w := e.stdout
	if file != "" && file != "-" {
		var err error
		if w, err = files.create(file); err != nil {
			return nil, err
		}
	}
	switch format {
	case "text":
		t := report.NewText(w, c.Verbose)
		o.ends = append(o.ends, func(result *runner.Result) error { t.Summary(result); return nil })
		return t, nil
	case "har":
		h := report.NewHAR(w, Version)
		o.ends = append(o.ends, func(*runner.Result) error { return h.Close() })
		return h, nil
	case "json":
		o.ends = append(o.ends, func(result *runner.Result) error { return report.JSON(w, result) })
	case "junit":
		o.ends = append(o.ends, func(result *runner.Result) error { return report.JUnit(w, d.name, result) })
	default:
		return nil, usagef("--report %q: the formats are text, json, junit and har", text)
	}
	return nil, nil
}
