package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
)

// ExecutionsImpact is `headgate executions impact`.
type ExecutionsImpact struct {
	Template  string            `arg:"" help:"SAM or CloudFormation template that is about to be deployed."`
	Stack     string            `short:"s" help:"Stack name (default: the template's folder)."`
	Parameter map[string]string `short:"P" help:"Template parameter, NAME=VALUE; repeat for more." placeholder:"NAME=VALUE"`
}

// Help is printed below the flags.
func (*ExecutionsImpact) Help() string {
	return `Makes a change set, compares it with what each running execution calls, and deletes it again: nothing is deployed. An
execution keeps its definition, but calls functions as they are at that moment, unless their versions are named or pinned
(tag the state machine headgate:pin = exact). Exits 1 if an execution would meet changed code.

  headgate executions impact template.yaml --stack orders`
}

// impact is what a deploy would mean for one running execution.
type impact struct {
	Execution string   `json:"execution"`
	Verdict   string   `json:"verdict"` // changed, pinned, unknown or untouched
	Changed   []string `json:"changed"` // calls that would meet changed code
	Pinned    []string `json:"pinned"`  // calls that would, were they not pinned
	Unknown   []string `json:"unknown"` // calls whose function only the execution's data tell
}

// Run implements the command.
func (c *ExecutionsImpact) Run(e *env) error {
	cfg, err := e.aws(e.ctx)
	if err != nil {
		return err
	}
	formation := cloudformation.NewFromConfig(cfg)
	d := &Deploy{Template: c.Template, Stack: c.Stack, Parameter: c.Parameter}
	body, u, err := d.prepare(e, cfg)
	if err != nil {
		return err
	}
	if stack, _ := describe(e.ctx, formation, d.Stack); stack == nil {
		e.line("%s does not exist yet: no execution can meet changed code", d.Stack)
		return c.tell(e, nil)
	}
	set, err := d.propose(e, formation, u, body)
	if err != nil {
		return err
	}
	news := changedResources{}
	if set != nil {
		defer func() { // also after an interrupt
			_, _ = formation.DeleteChangeSet(context.WithoutCancel(e.ctx), &cloudformation.DeleteChangeSetInput{ChangeSetName: set.ChangeSetId})
		}()
		news.read(set.Changes)
	}
	found, err := news.meet(e, sfn.NewFromConfig(cfg))
	if err != nil {
		return err
	}
	return c.tell(e, found)
}

func (c *ExecutionsImpact) tell(e *env, found []impact) error {
	count := map[string]int{}
	for _, i := range found {
		count[i.Verdict]++
		if e.json {
			if err := e.print(i); err != nil {
				return err
			}
			continue
		}
		e.line("%-10s %s", i.Verdict, shortExecution(i.Execution))
		for _, text := range slices.Concat(i.Changed, i.Pinned, i.Unknown) {
			e.line("             %s", text)
		}
	}
	e.line("%d running %s: %d would meet changed code, %d pinned, %d cannot be told, %d untouched", len(found), plural(len(found), "execution"),
		count["changed"], count["pinned"], count["unknown"], count["untouched"])
	if n := count["changed"]; n > 0 {
		return failf("%d running %s would meet changed code. Wait for them, name versions, or tag the state machine headgate:pin = exact before they start", n, plural(n, "execution"))
	}
	return nil
}

// changedResources are what a change set changes, by what a definition may name: function name, function:alias, function:version
// or state machine ARN.
type changedResources map[string]string

func (c changedResources) read(changes []cfntypes.Change) {
	for _, ch := range changes {
		r := ch.ResourceChange
		if r == nil || r.Action == cfntypes.ChangeActionAdd || onlyTags(r) {
			continue
		}
		what := map[cfntypes.ChangeAction]string{cfntypes.ChangeActionModify: "changes", cfntypes.ChangeActionRemove: "is deleted"}[r.Action]
		physical := aws.ToString(r.PhysicalResourceId)
		switch aws.ToString(r.ResourceType) {
		case "AWS::Lambda::Function", "AWS::Lambda::Alias", "AWS::Lambda::Version":
			c[functionKey(physical)] = first(what, "changes")
		case "AWS::StepFunctions::StateMachine", "AWS::StepFunctions::StateMachineAlias":
			c[physical] = first(what, "changes")
		}
	}
}

func onlyTags(r *cfntypes.ResourceChange) bool {
	return len(r.Scope) > 0 && !slices.ContainsFunc(r.Scope, func(a cfntypes.ResourceAttribute) bool { return a != cfntypes.ResourceAttributeTags })
}

// functionKey is name or name:qualifier of a function's name or ARN; $LATEST is what an unqualified name means.
func functionKey(arn string) string {
	if _, after, ok := strings.Cut(arn, ":function:"); ok {
		arn = after
	}
	return strings.TrimSuffix(arn, ":$LATEST")
}

// meet looks at all running executions.
func (c changedResources) meet(e *env, client *sfn.Client) (out []impact, err error) {
	all, err := machines(e, client)
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		if m.Type != types.StateMachineTypeStandard {
			continue // over within minutes, and not listed
		}
		running, err := listExecutions(e, client, aws.ToString(m.StateMachineArn), types.ExecutionStatusRunning, 1_000_000)
		if err != nil {
			return nil, err
		}
		calls := map[string][]call{} // by revision
		for _, x := range running {
			d, err := client.DescribeStateMachineForExecution(e.ctx, &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: x.ExecutionArn})
			if err != nil {
				return nil, err
			}
			revision := aws.ToString(d.RevisionId)
			if _, seen := calls[revision]; !seen || revision == "" {
				if calls[revision], err = callsOf(aws.ToString(d.Definition)); err != nil {
					return nil, fmt.Errorf("definition of %s: %w", shortExecution(aws.ToString(x.ExecutionArn)), err)
				}
			}
			i, err := c.impact(e, aws.ToString(x.ExecutionArn), calls[revision])
			if err != nil {
				return nil, err
			}
			out = append(out, i)
		}
	}
	return out, nil
}

func (c changedResources) impact(e *env, execution string, calls []call) (impact, error) {
	i := impact{Execution: execution, Verdict: "untouched", Changed: []string{}, Pinned: []string{}, Unknown: []string{}}
	pinned, err := pins(e, execution)
	if err != nil {
		return i, err
	}
	for _, call := range calls {
		if call.target == "" {
			i.Unknown = append(i.Unknown, call.state+" calls what its data name")
			continue
		}
		news := c[call.target]
		if news == "" {
			continue
		}
		if to := pinned[call.arn]; to != "" {
			i.Pinned = append(i.Pinned, fmt.Sprintf("%s calls %s, which %s; pinned to %s", call.state, call.target, news, to))
		} else {
			i.Changed = append(i.Changed, fmt.Sprintf("%s calls %s, which %s", call.state, call.target, news))
		}
	}
	switch {
	case len(i.Changed) > 0:
		i.Verdict = "changed"
	case len(i.Unknown) > 0:
		i.Verdict = "unknown"
	case len(i.Pinned) > 0:
		i.Verdict = "pinned"
	}
	return i, nil
}

// call is a state's call of a function or of another state machine.
type call struct {
	state  string
	arn    string // as the definition names it
	target string // as changedResources names it; "" if only data tell
}

func callsOf(definition string) (calls []call, err error) {
	m, err := asl.Parse([]byte(definition))
	if err != nil {
		return nil, err
	}
	m.Walk(func(_ string, s *asl.State) {
		if s.Task == nil {
			return
		}
		r := s.Task.Resource
		member := ""
		switch {
		case r.Kind == asl.LambdaFunction:
			calls = append(calls, call{s.Name, r.ARN, functionKey(r.ARN)})
		case r.Service == "lambda" && r.Action == "invoke", r.Service == "aws-sdk:lambda" && r.Action == "invoke":
			member = "FunctionName"
		case r.Service == "states" && r.Action == "startExecution":
			member = "StateMachineArn"
		}
		if member == "" {
			return
		}
		c := call{state: s.Name}
		if v, ok := s.Constant(member); ok {
			c.arn, _ = v.(string)
			c.target = c.arn
			if member == "FunctionName" {
				c.target = functionKey(c.arn)
				if q, ok := s.Constant("Qualifier"); ok && q != nil {
					c.target = strings.TrimSuffix(fmt.Sprintf("%s:%v", c.target, q), ":$LATEST")
				}
			}
		}
		calls = append(calls, c)
	})
	return calls, nil
}
