package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/mattn/go-isatty"
)

// Exit codes, which scripts rely on.
const (
	ExitOK     = 0
	ExitFailed = 1 // what was asked for did not come about: a rollback, a function error, a refusal
	ExitUsage  = 2 // the command line or an input file is wrong; nothing was done
)

// Version is what --version prints; releases set it when they link.
var Version = "0.1.0-dev"

type commands struct {
	Serve    Serve    `cmd:"" help:"Run the platform."`
	Demo     Demo     `cmd:"" help:"Watch a safe deployment, and a bad one rolled back, in under a minute."`
	Deploy   Deploy   `cmd:"" help:"Build, upload and ship a template; follow its rollouts."`
	Invoke   Invoke   `cmd:"" help:"Invoke a function and print its answer."`
	Logs     Logs     `cmd:"" help:"Print a function's log, and follow it."`
	Rollouts Rollouts `cmd:"" help:"List, show, watch and stop deployments."`
	Delete   Delete   `cmd:"" help:"Delete a stack."`
	SAM      SAM      `cmd:"" name:"sam" help:"Work with SAM templates without a platform."`
	Arazzo   Arazzo   `cmd:"" help:"Validate, lint, run, draw and generate Arazzo workflows."`
	ASL      ASL      `cmd:"" name:"asl" help:"Check and test state machine definitions."`

	Executions Executions `cmd:"" help:"Start, list, show, watch, stop and redrive executions of state machines."`

	Endpoint string           `help:"Where the platform or an AWS endpoint listens." env:"AWS_ENDPOINT_URL" default:"http://127.0.0.1:4566" placeholder:"URL"`
	Region   string           `help:"AWS region." env:"AWS_REGION,AWS_DEFAULT_REGION" default:"us-east-1"`
	JSON     bool             `name:"json" help:"Print JSON for machines."`
	Version  kong.VersionFlag `help:"Print the version and exit."`
}

// env is what every command gets.
type env struct {
	ctx            context.Context
	stdin          io.Reader
	stdout, stderr io.Writer
	json           bool
	endpoint       string
	region         string
	live           bool // stdout is a terminal
}

// failure ends a command with ExitFailed; its text has been made for the user.
type failure struct{ error }

func failf(format string, args ...any) error { return failure{fmt.Errorf(format, args...)} }

// usage ends a command with ExitUsage.
type usage struct{ error }

func usagef(format string, args ...any) error { return usage{fmt.Errorf(format, args...)} }

func (u usage) Unwrap() error   { return u.error }
func (f failure) Unwrap() error { return f.error }

// Main runs the command line and returns its exit code. The first interrupt ends the command in
// order, the second kills it.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) (exit int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	var c commands
	code := -1
	parser, err := kong.New(&c, kong.Name("headgate"), kong.Writers(stdout, stderr), kong.UsageOnError(),
		kong.Description("Ship serverless function code safely: immutable versions, gradual traffic, checks before and after, automatic rollback."),
		kong.Vars{"version": Version}, kong.Exit(func(n int) { code = n; panic(exited{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		fmt.Fprintln(stderr, "headgate:", err)
		return ExitUsage
	}
	if len(args) == 0 {
		args = []string{"--help"}
		defer func() { exit = ExitUsage }()
	}
	parsed, err := parse(parser, args)
	if code >= 0 { // --help, --version
		return code
	}
	if err != nil {
		fmt.Fprintf(stderr, "headgate: %v\nTry: headgate --help\n", err)
		return ExitUsage
	}
	e := &env{ctx: ctx, stdin: stdin, stdout: stdout, stderr: stderr, json: c.JSON, endpoint: c.Endpoint, region: c.Region}
	if f, ok := stdout.(*os.File); ok {
		e.live = isatty.IsTerminal(f.Fd()) && !c.JSON
	}
	return e.exit(parsed.Run(e))
}

// exited unwinds out of kong when it has answered a flag such as --help itself.
type exited struct{}

func parse(p *kong.Kong, args []string) (c *kong.Context, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(exited); !ok {
				panic(r)
			}
		}
	}()
	return p.Parse(args)
}

func (e *env) exit(err error) int {
	if err == nil {
		return ExitOK
	}
	if e.ctx.Err() != nil && errors.Is(err, context.Canceled) {
		fmt.Fprintln(e.stderr, "headgate: interrupted")
		return ExitFailed
	}
	fmt.Fprintln(e.stderr, "headgate:", explain(err, e.endpoint))
	var u usage
	if errors.As(err, &u) {
		return ExitUsage
	}
	return ExitFailed
}

// print writes one JSON value on a line of its own.
func (e *env) print(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.stdout, "%s\n", b)
	return err
}

// line writes a line for people; with --json it writes nothing.
func (e *env) line(format string, args ...any) {
	if !e.json {
		fmt.Fprintf(e.stdout, format+"\n", args...)
	}
}
