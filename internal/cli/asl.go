package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/template/tree"
)

// ASL is `headgate asl`.
type ASL struct {
	Validate ASLValidate `cmd:"" help:"Check a state machine's definition, without a platform."`
	Test     ASLTest     `cmd:"" help:"Run one state of a definition and show what it does."`
}

// definition is a state machine's definition out of a file, JSON or YAML.
type definition struct {
	file string
	root *tree.Node
	json []byte
}

func readDefinition(e *env, file string) (*definition, error) {
	text, err := os.ReadFile(file)
	if file == "-" {
		text, err = io.ReadAll(e.stdin)
	}
	if err != nil {
		return nil, usage{err}
	}
	doc, err := tree.Parse(text)
	if err != nil {
		return nil, templateError(file, err)
	}
	for _, w := range doc.Warnings {
		e.note("%s:%s", file, w.Detail())
	}
	return &definition{file, doc.Root, doc.Root.Indent("  ")}, nil
}

// find returns the node that a diagnostic's location, such as /States/Hello/Next, speaks of, or the nearest above it.
func (d *definition) find(location string) *tree.Node {
	n := d.root
	for part := range strings.SplitSeq(strings.TrimPrefix(location, "/"), "/") {
		part, index, indexed := strings.Cut(strings.TrimSuffix(part, "]"), "[")
		next := n.Get(part)
		if i, err := strconv.Atoi(index); indexed && err == nil && i < next.Len() && next.Is(tree.List) {
			next = next.Items[i]
		} else if i, err := strconv.Atoi(part); next == nil && err == nil && n.Is(tree.List) && i < n.Len() {
			next = n.Items[i]
		}
		if next == nil {
			break
		}
		n = next
	}
	return n
}

// finding is a diagnostic with its place in the file.
type finding struct {
	Severity string `json:"severity"`
	Code     string `json:"code"`
	Message  string `json:"message"`
	Location string `json:"location,omitempty"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
}

func (d *definition) findings(all []asl.Diagnostic) []finding {
	out := []finding{}
	for _, g := range all {
		n := d.find(g.Location)
		out = append(out, finding{g.Severity, g.Code, g.Message, g.Location, n.Line, n.Column})
	}
	return out
}

func (f finding) String() string {
	return fmt.Sprintf("%d:%d: %s: %s%s", f.Line, f.Column, strings.ToLower(f.Severity), f.Message, after(" at ", f.Location))
}

// ASLValidate is `headgate asl validate`.
type ASLValidate struct {
	File    string `arg:"" help:"Definition in Amazon States Language, JSON or YAML; - is standard input."`
	Express bool   `help:"Check for an Express workflow."`
}

// Help is printed below the flags.
func (*ASLValidate) Help() string {
	return `Exits 0 if the definition can run, warnings included, and 2 if it cannot.

  headgate asl validate order.asl.json
  headgate asl validate order.asl.yaml --express --json`
}

// Run implements the command.
func (c *ASLValidate) Run(e *env) error {
	d, err := readDefinition(e, c.File)
	if err != nil {
		return err
	}
	var options []asl.Option
	if c.Express {
		options = append(options, asl.Express())
	}
	m, diagnostics := asl.Validate(d.json, options...)
	found := d.findings(diagnostics)
	wrong := 0
	for _, f := range found {
		if f.Severity == asl.SeverityError {
			wrong++
		}
		e.line("%s:%s", d.file, f)
	}
	if e.json {
		if err := e.print(map[string]any{"valid": wrong == 0, "findings": found}); err != nil {
			return err
		}
	}
	if wrong > 0 {
		return usagef("%s cannot run: %d %s", d.file, wrong, plural(wrong, "error"))
	}
	states := 0
	m.Walk(func(string, *asl.State) { states++ })
	e.line("%s is valid: %d %s, starts at %s", d.file, states, plural(states, "state"), m.StartAt)
	return nil
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// ASLTest is `headgate asl test`.
type ASLTest struct {
	File      string `arg:"" help:"Definition, or a single state, in Amazon States Language; JSON or YAML."`
	State     string `short:"S" help:"The state to run (default: the only one)."`
	Input     string `short:"i" default:"{}" help:"Its input, JSON; @FILE reads a file."`
	Variables string `help:"Variables assigned before, a JSON object; @FILE reads a file." placeholder:"JSON"`
	Context   string `help:"The context object, JSON; @FILE reads a file." placeholder:"JSON"`
	Mock      string `help:"Stands for the task's result, JSON; @FILE reads a file." placeholder:"JSON"`
	MockError string `help:"The task fails instead, with this error name." placeholder:"NAME"`
	MockCause string `help:"Cause of --mock-error."`
	Role      string `default:"arn:aws:iam::000000000000:role/test" help:"Role that the task runs with."`
	Trace     bool   `help:"Show the data at each of the state's steps."`
}

// Help is printed below the flags.
func (*ASLTest) Help() string {
	return `The platform runs the state as TestState does: a task really calls its service, unless --mock or --mock-error stands for
it. No retry is made and no next state entered. Exits 1 if the state failed.

  headgate asl test order.asl.json --state Price --input '{"items": 3}'
  headgate asl test order.asl.json --state Charge --input @order.json --mock '{"paid": true}'
  headgate asl test order.asl.json --state Charge --mock-error Card.Declined`
}

// Run implements the command.
func (c *ASLTest) Run(e *env) error {
	in, err := c.request(e)
	if err != nil {
		return err
	}
	cfg, err := e.aws(e.ctx)
	if err != nil {
		return err
	}
	out, err := sfn.NewFromConfig(cfg).TestState(e.ctx, in)
	var invalid *types.InvalidDefinition
	if errors.As(err, &invalid) {
		return usagef("%s: %w", c.File, err)
	}
	if err != nil {
		return err
	}
	return c.show(e, out)
}

func (c *ASLTest) request(e *env) (*sfn.TestStateInput, error) {
	d, err := readDefinition(e, c.File)
	if err != nil {
		return nil, err
	}
	in := &sfn.TestStateInput{Definition: aws.String(string(d.json)), RoleArn: &c.Role, InspectionLevel: types.InspectionLevelInfo}
	if c.Trace {
		in.InspectionLevel = types.InspectionLevelDebug
	}
	if d.root.Has("States") {
		if c.State == "" {
			names := d.root.Get("States").Keys()
			if len(names) != 1 {
				return nil, usagef("%s has the states %s: say which with --state", c.File, strings.Join(names, ", "))
			}
			c.State = names[0]
		}
		in.StateName = &c.State
	}
	if c.Mock != "" || c.MockError != "" {
		in.Mock = &types.MockInput{}
	}
	if c.MockError != "" {
		in.Mock.ErrorOutput = &types.MockErrorOutput{Error: &c.MockError, Cause: &c.MockCause}
	}
	for _, v := range []struct {
		flag, text string
		into       func(*string)
	}{
		{"input", c.Input, func(s *string) { in.Input = s }},
		{"variables", c.Variables, func(s *string) { in.Variables = s }},
		{"context", c.Context, func(s *string) { in.Context = s }},
		{"mock", c.Mock, func(s *string) { in.Mock.Result = s }},
	} {
		if v.text == "" {
			continue
		}
		text, err := jsonFlag(v.flag, v.text)
		if err != nil {
			return nil, err
		}
		v.into(&text)
	}
	return in, nil
}

// jsonFlag reads a flag's JSON, out of a file if it begins with @.
func jsonFlag(flag, text string) (string, error) {
	if file, ok := strings.CutPrefix(text, "@"); ok {
		b, err := os.ReadFile(file)
		if err != nil {
			return "", usagef("--%s: %w", flag, err)
		}
		text = string(b)
	}
	if err := json.Unmarshal([]byte(text), new(any)); err != nil {
		return "", usagef("--%s is not JSON: %w", flag, err)
	}
	return text, nil
}

func (c *ASLTest) show(e *env, out *sfn.TestStateOutput) error {
	if e.json {
		answer := map[string]any{"status": out.Status, "output": raw(out.Output), "nextState": out.NextState, "error": out.Error, "cause": out.Cause}
		if c.Trace {
			answer["inspection"] = out.InspectionData
		}
		if err := e.print(answer); err != nil {
			return err
		}
	} else {
		if i := out.InspectionData; c.Trace && i != nil {
			for _, step := range []struct {
				name string
				data *string
			}{{"input", i.Input}, {"after InputPath", i.AfterInputPath}, {"after Parameters", i.AfterParameters}, {"after Arguments", i.AfterArguments},
				{"result", i.Result}, {"after ResultSelector", i.AfterResultSelector}, {"after ResultPath", i.AfterResultPath}, {"variables", i.Variables}} {
				if step.data != nil {
					e.line("%-20s %s", step.name, *step.data)
				}
			}
		}
		e.line("%-20s %s", "status", out.Status)
		if out.Output != nil {
			e.line("%-20s %s", "output", *out.Output)
		}
		if out.NextState != nil {
			e.line("%-20s %s", "next state", *out.NextState)
		}
	}
	if out.Status == types.TestExecutionStatusSucceeded || out.Status == types.TestExecutionStatusCaughtError {
		return nil
	}
	return failf("%s%s", aws.ToString(out.Error), after(": ", aws.ToString(out.Cause)))
}

// raw is a text that is JSON, as JSON.
func raw(s *string) any {
	if s == nil || !json.Valid([]byte(*s)) {
		return s
	}
	return json.RawMessage(*s)
}
