package cli

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// Executions is `headgate executions`.
type Executions struct {
	List    ExecutionsList    `cmd:"" default:"withargs" help:"List executions, newest first."`
	Start   ExecutionsStart   `cmd:"" help:"Start an execution."`
	Show    ExecutionsShow    `cmd:"" help:"Show one execution: its input, output, pinned code and history."`
	Watch   ExecutionsWatch   `cmd:"" help:"Follow an execution to its end, state by state."`
	Stop    ExecutionsStop    `cmd:"" help:"Stop an execution."`
	Redrive ExecutionsRedrive `cmd:"" help:"Go on with an execution that failed, from the state where it failed."`
	Impact  ExecutionsImpact  `cmd:"" help:"Tell before a deploy which running executions would meet changed code."`
}

func (e *env) stepFunctions() (*sfn.Client, error) {
	cfg, err := e.aws(e.ctx)
	if err != nil {
		return nil, err
	}
	return sfn.NewFromConfig(cfg), nil
}

// execution is a client, and the ARN of the execution that id names for it.
func (e *env) execution(id string) (*sfn.Client, string, error) {
	client, err := e.stepFunctions()
	if err != nil {
		return nil, "", err
	}
	arn, err := executionARN(e, client, id)
	return client, arn, err
}

// machines lists all state machines.
func machines(e *env, client *sfn.Client) (all []types.StateMachineListItem, err error) {
	pages := sfn.NewListStateMachinesPaginator(client, &sfn.ListStateMachinesInput{})
	for pages.HasMorePages() {
		out, err := pages.NextPage(e.ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, out.StateMachines...)
	}
	return all, nil
}

// machineARN finds a state machine by its name, NAME:ALIAS or NAME:VERSION; an ARN is taken as it is.
func machineARN(e *env, client *sfn.Client, name string) (string, error) {
	if strings.HasPrefix(name, "arn:") {
		return name, nil
	}
	all, err := machines(e, client)
	if err != nil {
		return "", err
	}
	name, qualifier, _ := strings.Cut(name, ":")
	var known []string
	for _, m := range all {
		if aws.ToString(m.Name) == name {
			return aws.ToString(m.StateMachineArn) + after(":", qualifier), nil
		}
		known = append(known, aws.ToString(m.Name))
	}
	if len(known) == 0 {
		return "", failf("there is no state machine %s, nor any other: deploy one first", name)
	}
	return "", failf("there is no state machine %s. There are: %s", name, strings.Join(known, ", "))
}

// executionARN finds an execution by MACHINE/NAME; an ARN is taken as it is.
func executionARN(e *env, client *sfn.Client, id string) (string, error) {
	if strings.HasPrefix(id, "arn:") {
		return id, nil
	}
	machine, name, ok := strings.Cut(id, "/")
	if !ok {
		return "", usagef("%q is no execution: say its ARN, or STATEMACHINE/NAME", id)
	}
	of, err := machineARN(e, client, machine)
	if err != nil {
		return "", err
	}
	return strings.Replace(of, ":stateMachine:", ":execution:", 1) + ":" + name, nil
}

// ExecutionsList is `headgate executions list`.
type ExecutionsList struct {
	Machine string `arg:"" optional:"" help:"State machine: name, NAME:ALIAS, NAME:VERSION or ARN (default: all)."`
	Status  string `enum:"running,succeeded,failed,timed_out,aborted,pending_redrive," default:"" help:"Only those: running, succeeded, failed, timed_out, aborted or pending_redrive."`
	Max     int    `default:"20" help:"At most so many."`
}

// Run implements the command.
func (c *ExecutionsList) Run(e *env) error {
	client, err := e.stepFunctions()
	if err != nil {
		return err
	}
	var of []string
	if c.Machine != "" {
		arn, err := machineARN(e, client, c.Machine)
		if err != nil {
			return err
		}
		of = append(of, arn)
	} else {
		all, err := machines(e, client)
		if err != nil {
			return err
		}
		for _, m := range all {
			if m.Type == types.StateMachineTypeStandard { // Express executions are not kept
				of = append(of, aws.ToString(m.StateMachineArn))
			}
		}
	}
	var found []types.ExecutionListItem
	for _, arn := range of {
		some, err := listExecutions(e, client, arn, types.ExecutionStatus(strings.ToUpper(c.Status)), c.Max)
		if err != nil {
			return err
		}
		found = append(found, some...)
	}
	slices.SortStableFunc(found, func(a, b types.ExecutionListItem) int {
		return aws.ToTime(b.StartDate).Compare(aws.ToTime(a.StartDate))
	})
	return c.table(e, found[:min(len(found), c.Max)])
}

func listExecutions(e *env, client *sfn.Client, machine string, status types.ExecutionStatus, most int) (found []types.ExecutionListItem, err error) {
	pages := sfn.NewListExecutionsPaginator(client, &sfn.ListExecutionsInput{StateMachineArn: &machine, StatusFilter: status})
	for pages.HasMorePages() && len(found) < most {
		out, err := pages.NextPage(e.ctx)
		if err != nil {
			return nil, err
		}
		found = append(found, out.Executions...)
	}
	return found, nil
}

func (c *ExecutionsList) table(e *env, all []types.ExecutionListItem) error {
	if e.json {
		for _, x := range all {
			if err := e.print(map[string]any{"execution": x.ExecutionArn, "name": x.Name, "stateMachine": x.StateMachineArn, "version": x.StateMachineVersionArn,
				"alias": x.StateMachineAliasArn, "status": x.Status, "started": x.StartDate, "stopped": x.StopDate, "redrives": x.RedriveCount}); err != nil {
				return err
			}
		}
		return nil
	}
	if len(all) == 0 {
		e.line("no executions")
		return nil
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "EXECUTION\tSTATUS\tSTARTED\tTOOK")
	for _, x := range all {
		took := ""
		if x.StopDate != nil {
			took = x.StopDate.Sub(aws.ToTime(x.StartDate)).Round(time.Millisecond).String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", shortExecution(aws.ToString(x.ExecutionArn)), x.Status, stamp(x.StartDate), took)
	}
	return w.Flush()
}

// shortExecution is what the commands take in place of an execution's ARN.
func shortExecution(arn string) string {
	p := strings.SplitN(arn, ":", 8)
	if len(p) < 8 {
		return arn
	}
	return p[6] + "/" + p[7]
}

func stamp(t *time.Time) string { return aws.ToTime(t).UTC().Format(time.DateTime) }

// ExecutionsStart is `headgate executions start`.
type ExecutionsStart struct {
	Machine string `arg:"" help:"State machine: name, NAME:ALIAS, NAME:VERSION or ARN."`
	Input   string `short:"i" default:"{}" help:"Input, JSON; @FILE reads a file."`
	Name    string `help:"Name of the execution (default: a fresh one)."`
	Watch   bool   `short:"w" help:"Follow it to its end."`
}

// Help is printed below the flags.
func (*ExecutionsStart) Help() string {
	return `  headgate executions start orders --input '{"order": 7}' --watch
  headgate executions start orders:live --input @order.json --name order-7`
}

// Run implements the command.
func (c *ExecutionsStart) Run(e *env) error {
	input, err := jsonFlag("input", c.Input)
	if err != nil {
		return err
	}
	client, err := e.stepFunctions()
	if err != nil {
		return err
	}
	machine, err := machineARN(e, client, c.Machine)
	if err != nil {
		return err
	}
	in := &sfn.StartExecutionInput{StateMachineArn: &machine, Input: &input}
	if c.Name != "" {
		in.Name = &c.Name
	}
	out, err := client.StartExecution(e.ctx, in)
	if err != nil {
		return err
	}
	if e.json && !c.Watch {
		return e.print(map[string]any{"execution": out.ExecutionArn, "started": out.StartDate})
	}
	e.line("%s", shortExecution(aws.ToString(out.ExecutionArn)))
	if c.Watch {
		return watchExecution(e, client, aws.ToString(out.ExecutionArn))
	}
	return nil
}

// ExecutionsShow is `headgate executions show`.
type ExecutionsShow struct {
	ID string `arg:"" name:"execution" help:"Execution: STATEMACHINE/NAME or ARN."`
}

// Run implements the command.
func (c *ExecutionsShow) Run(e *env) error {
	client, arn, err := e.execution(c.ID)
	if err != nil {
		return err
	}
	x, err := client.DescribeExecution(e.ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if err != nil {
		return err
	}
	pinned, err := pins(e, arn)
	if err != nil {
		return err
	}
	events, err := newHistory(client, arn).fresh(e)
	if err != nil {
		return err
	}
	if e.json {
		return e.print(map[string]any{"execution": arn, "status": x.Status, "input": raw(x.Input), "output": raw(x.Output), "error": x.Error, "cause": x.Cause,
			"started": x.StartDate, "stopped": x.StopDate, "version": x.StateMachineVersionArn, "alias": x.StateMachineAliasArn, "redrives": x.RedriveCount,
			"pins": pinned, "events": len(events)})
	}
	e.line("%s  %s  started %s%s", shortExecution(arn), x.Status, stamp(x.StartDate), after(" as ", cmp.Or(aws.ToString(x.StateMachineAliasArn), aws.ToString(x.StateMachineVersionArn))))
	e.line("input   %s", aws.ToString(x.Input))
	if x.Output != nil {
		e.line("output  %s", *x.Output)
	}
	if x.Error != nil || x.Cause != nil {
		e.line("error   %s%s", aws.ToString(x.Error), after(": ", aws.ToString(x.Cause)))
	}
	for _, from := range slices.Sorted(maps.Keys(pinned)) {
		e.line("pinned  %s → %s", from, pinned[from])
	}
	tell := newNarrator()
	for _, ev := range events {
		if text := tell.text(ev); text != "" {
			e.line("%s  %s", aws.ToTime(ev.Timestamp).UTC().Format("15:04:05.000"), text)
		}
	}
	return nil
}

// pins are the functions that the platform holds fast for an execution: what the definition names → the version that runs.
func pins(e *env, execution string) (map[string]string, error) {
	var answer struct{ Pins map[string]string }
	if _, err := e.admin("executions/pins?execution="+url.QueryEscape(execution), &answer); err != nil {
		return nil, err
	}
	if answer.Pins == nil {
		answer.Pins = map[string]string{}
	}
	return answer.Pins, nil
}

// ExecutionsStop is `headgate executions stop`.
type ExecutionsStop struct {
	ID    string `arg:"" name:"execution" help:"Execution: STATEMACHINE/NAME or ARN."`
	Error string `help:"Error that the execution ends with."`
	Cause string `help:"Cause that the execution ends with."`
}

// Run implements the command.
func (c *ExecutionsStop) Run(e *env) error {
	client, arn, err := e.execution(c.ID)
	if err != nil {
		return err
	}
	in := &sfn.StopExecutionInput{ExecutionArn: &arn}
	if c.Error != "" {
		in.Error = &c.Error
	}
	if c.Cause != "" {
		in.Cause = &c.Cause
	}
	out, err := client.StopExecution(e.ctx, in)
	if err != nil {
		return err
	}
	if e.json {
		return e.print(map[string]any{"execution": arn, "stopped": out.StopDate})
	}
	e.line("%s  stopped %s", shortExecution(arn), stamp(out.StopDate))
	return nil
}

// ExecutionsRedrive is `headgate executions redrive`.
type ExecutionsRedrive struct {
	ID    string `arg:"" name:"execution" help:"Execution: STATEMACHINE/NAME or ARN."`
	Watch bool   `short:"w" help:"Follow it to its end."`
}

// Run implements the command.
func (c *ExecutionsRedrive) Run(e *env) error {
	client, arn, err := e.execution(c.ID)
	if err != nil {
		return err
	}
	out, err := client.RedriveExecution(e.ctx, &sfn.RedriveExecutionInput{ExecutionArn: &arn})
	var refused *types.ExecutionNotRedrivable
	if errors.As(err, &refused) {
		return failf("%s cannot go on: %s", shortExecution(arn), refused.ErrorMessage())
	}
	if err != nil {
		return err
	}
	if c.Watch {
		return watchExecution(e, client, arn)
	}
	if e.json {
		return e.print(map[string]any{"execution": arn, "redriven": out.RedriveDate})
	}
	e.line("%s  redriven %s", shortExecution(arn), stamp(out.RedriveDate))
	return nil
}
