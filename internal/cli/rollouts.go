package cli

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

// Rollouts is `headgate rollouts`.
type Rollouts struct {
	List  RolloutsList  `cmd:"" default:"withargs" help:"List deployments, newest first."`
	Show  RolloutsShow  `cmd:"" help:"Show one deployment."`
	Watch RolloutsWatch `cmd:"" help:"Follow a deployment, or all that are under way, to the end."`
	Stop  RolloutsStop  `cmd:"" help:"Stop a deployment."`
}

// RolloutsList is `headgate rollouts list`.
type RolloutsList struct {
	Active bool `help:"Only deployments under way."`
	Max    int  `default:"20" help:"At most so many."`
}

// Run implements the command.
func (c *RolloutsList) Run(e *env) error {
	cfg, err := e.aws(e.ctx)
	if err != nil {
		return err
	}
	client := codedeploy.NewFromConfig(cfg)
	in := &codedeploy.ListDeploymentsInput{}
	if c.Active {
		in.IncludeOnlyStatuses = underWay
	}
	var ids []string
	pages := codedeploy.NewListDeploymentsPaginator(client, in)
	for pages.HasMorePages() && len(ids) < c.Max {
		out, err := pages.NextPage(e.ctx)
		if err != nil {
			return err
		}
		ids = append(ids, out.Deployments...)
	}
	ids = ids[:min(len(ids), c.Max)]
	if len(ids) == 0 {
		e.line("no deployments")
		return nil
	}
	var all []types.DeploymentInfo
	for some := range slices.Chunk(ids, 25) { // BatchGetDeployments' limit
		out, err := client.BatchGetDeployments(e.ctx, &codedeploy.BatchGetDeploymentsInput{DeploymentIds: some})
		if err != nil {
			return err
		}
		all = append(all, out.DeploymentsInfo...)
	}
	slices.SortStableFunc(all, func(a, b types.DeploymentInfo) int {
		return slices.Index(ids, aws.ToString(a.DeploymentId)) - slices.Index(ids, aws.ToString(b.DeploymentId))
	})
	return c.table(e, all)
}

func (c *RolloutsList) table(e *env, all []types.DeploymentInfo) error {
	if e.json {
		for _, d := range all {
			if err := e.print(map[string]any{"id": d.DeploymentId, "application": d.ApplicationName, "group": d.DeploymentGroupName,
				"status": d.Status, "config": d.DeploymentConfigName, "creator": d.Creator, "created": d.CreateTime, "completed": d.CompleteTime,
				"error": errorText(d.ErrorInformation)}); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSTATUS\tGROUP\tCONFIG\tCREATED\tBY\tWHY")
	for _, d := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", aws.ToString(d.DeploymentId), d.Status, aws.ToString(d.DeploymentGroupName),
			strings.TrimPrefix(aws.ToString(d.DeploymentConfigName), "CodeDeployDefault.Lambda"),
			aws.ToTime(d.CreateTime).UTC().Format("2006-01-02 15:04:05"), d.Creator, errorText(d.ErrorInformation))
	}
	return w.Flush()
}

var underWay = []types.DeploymentStatus{types.DeploymentStatusCreated, types.DeploymentStatusQueued, types.DeploymentStatusInProgress,
	types.DeploymentStatusBaking, types.DeploymentStatusReady}

func errorText(i *types.ErrorInformation) string {
	if i == nil {
		return ""
	}
	return string(i.Code) + ": " + aws.ToString(i.Message)
}

// RolloutsShow is `headgate rollouts show`.
type RolloutsShow struct {
	ID string `arg:"" help:"Deployment id, d-…"`
}

// Run implements the command.
func (c *RolloutsShow) Run(e *env) error {
	cfg, err := e.aws(e.ctx)
	if err != nil {
		return err
	}
	w := newRolloutWatch(e, cfg)
	r, err := w.look(c.ID)
	if err != nil {
		return err
	}
	if e.json {
		return e.print(r)
	}
	e.line("%s  %s  %s/%s", r.ID, r.Status, r.Application, r.Group)
	e.line("%s:%s  version %s → %s  %s", r.Function, r.Alias, r.From, r.To, bar(r.Weight))
	e.line("config %s, by %s, created %s", r.Config, r.Creator, r.Created.UTC().Format(time.DateTime))
	for _, l := range r.Lifecycle {
		e.line("  %-20s %s%s", l.Name, l.Status, after("  ", l.Message))
	}
	for _, a := range r.Alarms {
		e.line("  alarm %-14s %s", a.Name, a.State)
	}
	if r.Left > 0 {
		e.line("time left: %s", r.Left)
	}
	for _, text := range []string{r.Error, r.RolledBackBy, r.RollbackOf} {
		if text != "" {
			e.line("%s", text)
		}
	}
	return nil
}

// RolloutsWatch is `headgate rollouts watch`.
type RolloutsWatch struct {
	ID string `arg:"" optional:"" help:"Deployment id; without one, all that are under way."`
}

// Run implements the command. It exits 1 if a deployment did not succeed.
func (c *RolloutsWatch) Run(e *env) error {
	cfg, err := e.aws(e.ctx)
	if err != nil {
		return err
	}
	w := newRolloutWatch(e, cfg)
	defer w.close()
	if c.ID != "" {
		w.add(c.ID)
	} else if err := w.find(); err != nil {
		return err
	}
	for {
		if err := w.refresh(); err != nil {
			return err
		}
		if !w.running() {
			return w.verdict()
		}
		select {
		case <-time.After(pollEvery):
		case <-e.ctx.Done():
			return e.ctx.Err()
		}
	}
}

// RolloutsStop is `headgate rollouts stop`.
type RolloutsStop struct {
	ID         string `arg:"" help:"Deployment id, d-…"`
	NoRollback bool   `help:"Leave the alias as it is, weights and all."`
}

// Run implements the command.
func (c *RolloutsStop) Run(e *env) error {
	cfg, err := e.aws(e.ctx)
	if err != nil {
		return err
	}
	out, err := codedeploy.NewFromConfig(cfg).StopDeployment(e.ctx, &codedeploy.StopDeploymentInput{
		DeploymentId: &c.ID, AutoRollbackEnabled: aws.Bool(!c.NoRollback)})
	if err != nil {
		return err
	}
	if e.json {
		return e.print(map[string]any{"id": c.ID, "status": out.Status, "message": out.StatusMessage})
	}
	e.line("%s  %s%s", c.ID, out.Status, after("  ", aws.ToString(out.StatusMessage)))
	return nil
}
