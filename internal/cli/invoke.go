package cli

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// Invoke is `headgate invoke`.
type Invoke struct {
	Function string `arg:"" help:"Name, name:alias, name:version or ARN."`
	Payload  string `short:"p" default:"{}" help:"JSON event; @FILE reads a file, - standard input."`
	Async    bool   `help:"Queue the event and return at once."`
	Tail     bool   `help:"Print the invocation's log to stderr."`
}

// Help is printed below the flags.
func (*Invoke) Help() string {
	return `Prints the function's answer. Exits 1 if the function failed.

  headgate invoke app:live --payload '{"name":"Ada"}'
  headgate invoke app --payload @event.json --tail
  headgate invoke app --json | jq .executedVersion`
}

// Run implements the command.
func (c *Invoke) Run(e *env) error {
	payload, err := c.payload(e)
	if err != nil {
		return err
	}
	cfg, err := e.aws(e.ctx)
	if err != nil {
		return err
	}
	in := &lambda.InvokeInput{FunctionName: &c.Function, Payload: payload}
	if c.Async {
		in.InvocationType = types.InvocationTypeEvent
	}
	if c.Tail {
		in.LogType = types.LogTypeTail
	}
	out, err := lambda.NewFromConfig(cfg).Invoke(e.ctx, in)
	if err != nil {
		return err
	}
	if log, err := base64.StdEncoding.DecodeString(aws.ToString(out.LogResult)); err == nil && len(log) > 0 {
		fmt.Fprintf(e.stderr, "%s\n", strings.TrimRight(string(log), "\n"))
	}
	if err := c.show(e, out); err != nil {
		return err
	}
	if out.FunctionError != nil {
		return failf("%s answered an error (%s, version %s)", c.Function, *out.FunctionError, aws.ToString(out.ExecutedVersion))
	}
	return nil
}

func (c *Invoke) show(e *env, out *lambda.InvokeOutput) error {
	if !e.json {
		if c.Async {
			e.line("accepted")
			return nil
		}
		e.line("%s", out.Payload)
		return nil
	}
	answer := json.RawMessage(out.Payload)
	if !json.Valid(answer) {
		answer, _ = json.Marshal(string(out.Payload)) // a string: cannot fail
	}
	return e.print(map[string]any{"statusCode": out.StatusCode, "executedVersion": out.ExecutedVersion,
		"functionError": out.FunctionError, "payload": answer})
}

func (c *Invoke) payload(e *env) (b []byte, err error) {
	switch name, file := strings.CutPrefix(c.Payload, "@"); {
	case c.Payload == "-":
		b, err = io.ReadAll(e.stdin)
	case file:
		b, err = os.ReadFile(name)
	default:
		b = []byte(c.Payload)
	}
	if err != nil {
		return nil, usage{err}
	}
	if !json.Valid(b) {
		return nil, usagef("--payload is not JSON: %.60q", b)
	}
	return b, nil
}
