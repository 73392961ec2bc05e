package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/id"
	"github.com/headgate/headgate/internal/template/tree"
)

// inlineTemplate is the length in bytes up to which a template travels in the request.
const inlineTemplate = 51_200

// pollEvery is how often a command looks at what it follows.
const pollEvery = 200 * time.Millisecond

// Deploy is `headgate deploy`.
type Deploy struct {
	Template  string            `arg:"" help:"SAM or CloudFormation template, YAML or JSON."`
	Stack     string            `short:"s" help:"Stack name (default: the template's folder)."`
	Parameter map[string]string `short:"P" help:"Template parameter, NAME=VALUE; repeat for more." placeholder:"NAME=VALUE"`
	Tag       map[string]string `help:"Stack tag, KEY=VALUE." placeholder:"KEY=VALUE"`
	Bucket    string            `help:"Bucket for packages (default: headgate-artifacts-ACCOUNT-REGION, made on demand)."`
	NoWait    bool              `help:"Return once the deployment has started."`

	edit  func(root *tree.Node) `kong:"-"` // changes the template before its code is built; optional
	local bool                  `kong:"-"` // build Go functions as this machine builds, out of the same cache
	built map[string]*bundle    `kong:"-"` // packages by folder that need not be built again; optional
}

// Help is printed below the flags.
func (*Deploy) Help() string {
	return `Builds Go functions, zips the others, uploads what changed, makes a change set and follows it: resources,
traffic weights, hooks and alarms. Exits 1 with the reason if the deployment was rolled back, 2 if the
template is wrong.

  headgate deploy template.yaml
  headgate deploy examples/gradual/template.yaml --stack demo -P Stage=test
  headgate deploy template.yaml --json | jq -c 'select(.type=="rollout")'`
}

// Run implements the command.
func (c *Deploy) Run(e *env) error {
	cfg, err := e.aws(e.ctx)
	if err != nil {
		return err
	}
	body, u, err := c.prepare(e, cfg)
	if err != nil {
		return err
	}
	client := cloudformation.NewFromConfig(cfg)
	stackID, changed, err := c.changeSet(e, client, u, body)
	if err != nil || !changed {
		return err
	}
	if c.NoWait {
		e.line("started %s", c.Stack)
		return nil
	}
	return follow(e, cfg, stackID)
}

// prepare reads the template, builds and uploads its code and returns the text to ship.
func (c *Deploy) prepare(e *env, cfg aws.Config) ([]byte, *uploader, error) {
	text, err := os.ReadFile(c.Template)
	if err != nil {
		return nil, nil, usage{err}
	}
	doc, err := tree.Parse(text)
	if err != nil {
		return nil, nil, templateError(c.Template, err)
	}
	if !doc.Root.Get("Resources").Is(tree.Map) {
		return nil, nil, usagef("%s has no Resources section", c.Template)
	}
	for _, w := range doc.Warnings {
		e.note("%s:%s", c.Template, w.Detail())
	}
	abs, err := filepath.Abs(c.Template)
	if err != nil {
		return nil, nil, usage{err}
	}
	if c.Stack == "" {
		c.Stack = stackName(filepath.Base(filepath.Dir(abs)))
	}
	u, err := newUploader(e, cfg, c.Bucket)
	if err != nil {
		return nil, nil, err
	}
	if c.edit != nil {
		c.edit(doc.Root)
	}
	u.local, u.built = c.local, c.built
	if err := u.packages(doc.Root, filepath.Dir(abs)); err != nil {
		return nil, nil, err
	}
	return doc.Root.Indent("  "), u, nil
}

var notInStackName = regexp.MustCompile(`[^A-Za-z0-9-]+`)

func stackName(folder string) string {
	n := strings.Trim(notInStackName.ReplaceAllString(folder, "-"), "-")
	if n == "" || n[0] >= '0' && n[0] <= '9' {
		n = "stack-" + n
	}
	return n
}

func templateError(file string, err error) error {
	var at *tree.Error
	if errors.As(err, &at) {
		return usagef("%s:%s", file, at.Detail())
	}
	return usagef("%s: %w", file, err)
}

// changeSet makes and executes a change set. changed is false if there was nothing to change.
func (c *Deploy) changeSet(e *env, client *cloudformation.Client, u *uploader, body []byte) (stackID string, changed bool, err error) {
	set, err := c.propose(e, client, u, body)
	if err != nil {
		return "", false, err
	}
	if set == nil {
		e.line("%s is up to date", c.Stack)
		if e.json {
			return "", false, e.print(map[string]any{"type": "result", "stack": c.Stack, "status": "UNCHANGED"})
		}
		return "", false, nil
	}
	showChanges(e, set)
	_, err = client.ExecuteChangeSet(e.ctx, &cloudformation.ExecuteChangeSetInput{ChangeSetName: set.ChangeSetId})
	return aws.ToString(set.StackId), err == nil, err
}

// propose makes a change set; nil if nothing would change.
func (c *Deploy) propose(e *env, client *cloudformation.Client, u *uploader, body []byte) (*cloudformation.DescribeChangeSetOutput, error) {
	in := &cloudformation.CreateChangeSetInput{StackName: &c.Stack, ChangeSetName: aws.String("headgate-" + id.Hex(12)),
		Capabilities: types.Capability("").Values(), ChangeSetType: types.ChangeSetTypeUpdate}
	if len(body) <= inlineTemplate {
		in.TemplateBody = aws.String(string(body))
	} else {
		sum := sha256.Sum256(body)
		key := hex.EncodeToString(sum[:]) + ".template"
		if err := u.put(key, body); err != nil {
			return nil, fmt.Errorf("upload template: %w", err)
		}
		in.TemplateURL = aws.String(fmt.Sprintf("%s/%s/%s", strings.TrimRight(e.endpoint, "/"), u.bucket, key))
	}
	exists, given := describe(e.ctx, client, c.Stack)
	if exists == nil || exists.StackStatus == types.StackStatusReviewInProgress {
		in.ChangeSetType = types.ChangeSetTypeCreate
	}
	in.Parameters = c.parameters(given)
	for _, k := range slices.Sorted(maps.Keys(c.Tag)) {
		in.Tags = append(in.Tags, types.Tag{Key: &k, Value: aws.String(c.Tag[k])})
	}
	made, err := client.CreateChangeSet(e.ctx, in)
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "ValidationError" {
		return nil, usagef("%s: %w", c.Template, err)
	}
	if err != nil {
		return nil, err
	}
	set, err := waitChangeSet(e.ctx, client, aws.ToString(made.Id))
	if err != nil || set.Status != types.ChangeSetStatusFailed {
		return set, err
	}
	if reason := aws.ToString(set.StatusReason); !strings.Contains(reason, "didn't contain changes") && !strings.Contains(reason, "No updates") {
		return nil, failf("change set: %s", reason)
	}
	_, _ = client.DeleteChangeSet(e.ctx, &cloudformation.DeleteChangeSetInput{ChangeSetName: made.Id}) // tidiness only
	return nil, nil
}

// parameters are those of the command line; the stack's others keep their values.
func (c *Deploy) parameters(given []types.Parameter) (ps []types.Parameter) {
	for _, k := range slices.Sorted(maps.Keys(c.Parameter)) {
		ps = append(ps, types.Parameter{ParameterKey: &k, ParameterValue: aws.String(c.Parameter[k])})
	}
	for _, p := range given {
		if _, said := c.Parameter[aws.ToString(p.ParameterKey)]; !said {
			ps = append(ps, types.Parameter{ParameterKey: p.ParameterKey, UsePreviousValue: aws.Bool(true)})
		}
	}
	return ps
}

func describe(ctx context.Context, client *cloudformation.Client, stack string) (*types.Stack, []types.Parameter) {
	out, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	if err != nil || len(out.Stacks) == 0 {
		return nil, nil
	}
	return &out.Stacks[0], out.Stacks[0].Parameters
}

func waitChangeSet(ctx context.Context, client *cloudformation.Client, name string) (*cloudformation.DescribeChangeSetOutput, error) {
	for {
		out, err := client.DescribeChangeSet(ctx, &cloudformation.DescribeChangeSetInput{ChangeSetName: &name})
		if err != nil {
			return nil, err
		}
		switch out.Status {
		case types.ChangeSetStatusCreateComplete, types.ChangeSetStatusFailed:
			return out, nil
		}
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func showChanges(e *env, set *cloudformation.DescribeChangeSetOutput) {
	sign := map[types.ChangeAction]string{types.ChangeActionAdd: "+", types.ChangeActionModify: "~", types.ChangeActionRemove: "-"}
	for _, ch := range set.Changes {
		r := ch.ResourceChange
		if r == nil {
			continue
		}
		note := ""
		if r.Replacement == types.ReplacementTrue {
			note = " (replaced)"
		}
		e.line("%s %s  %s%s", first(sign[r.Action], "*"), aws.ToString(r.LogicalResourceId), aws.ToString(r.ResourceType), note)
	}
}

// note tells of progress on stderr; it is not a result.
func (e *env) note(format string, args ...any) {
	if !e.json {
		fmt.Fprintf(e.stderr, format+"\n", args...)
	}
}
