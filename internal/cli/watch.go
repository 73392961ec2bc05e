package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/rollout"
)

// rolloutWatch follows deployments: what changes becomes a line (or, with --json, an object), and on a terminal
// a board below the lines shows how each one stands.
type rolloutWatch struct {
	e       *env
	deploys *codedeploy.Client
	watch   *cloudwatch.Client
	order   []string
	shown   map[string]*rolloutView
	guards  map[string][]string // alarm names by application/group
	configs map[string]rollout.TrafficConfig
	board   *board
	seen    []rolloutView   // every change, for who wants to check
	below   func() []string // more lines for the board; optional
}

func newRolloutWatch(e *env, cfg aws.Config) *rolloutWatch {
	return &rolloutWatch{e: e, deploys: codedeploy.NewFromConfig(cfg), watch: cloudwatch.NewFromConfig(cfg),
		shown: map[string]*rolloutView{}, guards: map[string][]string{}, configs: map[string]rollout.TrafficConfig{}, board: newBoard(e)}
}

func (w *rolloutWatch) close() { w.board.close() }

// line writes a line above the board.
func (w *rolloutWatch) line(format string, args ...any) {
	if !w.e.json {
		w.board.line(fmt.Sprintf(format, args...))
	}
}

func (w *rolloutWatch) add(id string) {
	if !slices.Contains(w.order, id) {
		w.order = append(w.order, id)
	}
}

// find adds the deployments under way.
func (w *rolloutWatch) find() error {
	return w.list(&codedeploy.ListDeploymentsInput{IncludeOnlyStatuses: underWay})
}

// findIn adds the deployments that were created in an application's groups since the time given, ended or not.
func (w *rolloutWatch) findIn(app string, groups []string, since time.Time) error {
	for _, g := range groups {
		in := &codedeploy.ListDeploymentsInput{ApplicationName: &app, DeploymentGroupName: &g, CreateTimeRange: &types.TimeRange{Start: &since}}
		if err := w.list(in); err != nil {
			return err
		}
	}
	return nil
}

func (w *rolloutWatch) list(in *codedeploy.ListDeploymentsInput) error {
	out, err := w.deploys.ListDeployments(w.e.ctx, in)
	if err != nil {
		return err
	}
	for _, id := range slices.Backward(out.Deployments) { // newest first
		w.add(id)
	}
	return nil
}

// refresh looks at the deployments that are not over and shows what has changed.
func (w *rolloutWatch) refresh() error {
	for _, id := range slices.Clone(w.order) {
		was := w.shown[id]
		if was != nil && was.over() {
			continue
		}
		is, err := w.look(id)
		if err != nil {
			return err
		}
		w.shown[id] = is
		if err := w.changes(was, is); err != nil {
			return err
		}
	}
	var lines []string
	if w.below != nil {
		lines = w.below()
	}
	for _, id := range w.order {
		if r := w.shown[id]; r != nil {
			lines = append(lines, r.summary())
		}
	}
	w.board.show(lines)
	return nil
}

// changes tells what is new about a deployment.
func (w *rolloutWatch) changes(was, is *rolloutView) error {
	var news []string
	if was == nil {
		was = &rolloutView{}
		news = append(news, fmt.Sprintf("%s:%s version %s → %s, %s", is.Function, is.Alias, is.From, is.To, is.Config))
	}
	for i, l := range is.Lifecycle {
		if l.Status != "Pending" && (i >= len(was.Lifecycle) || was.Lifecycle[i].Status != l.Status) {
			news = append(news, l.Name+" "+l.Status+after(": ", l.Message))
		}
	}
	if is.Weight != was.Weight {
		news = append(news, fmt.Sprintf("version %s gets %s of the traffic", is.To, bar(is.Weight)))
	}
	for i, a := range is.Alarms {
		if i >= len(was.Alarms) || was.Alarms[i].State != a.State {
			news = append(news, "alarm "+a.Name+" is "+a.State)
		}
	}
	if is.Status != was.Status && is.over() {
		news = append(news, is.Status+after(": ", is.Error)+after(". ", is.RolledBackBy))
	}
	if len(news) > 0 {
		w.seen = append(w.seen, *is)
	}
	if len(news) > 0 && w.e.json {
		return w.e.print(struct {
			Type string `json:"type"`
			*rolloutView
		}{"rollout", is})
	}
	for _, n := range news {
		w.line("%s  %s", is.ID, n)
	}
	return nil
}

// summary is the line of the board.
func (r *rolloutView) summary() string {
	text := fmt.Sprintf("%s  %-10s %s %s → %s", r.ID, r.Status, bar(r.Weight), r.From, r.To)
	var marks []string
	for _, l := range r.Lifecycle {
		marks = append(marks, map[string]string{"Pending": "○", "InProgress": "◐", "Succeeded": "●", "Failed": "✗", "Skipped": "–"}[l.Status]+" "+l.Name)
	}
	text += "  " + strings.Join(marks, " ")
	for _, a := range r.Alarms {
		text += "  " + a.Name + " " + a.State
	}
	if r.Left > 0 {
		text += "  " + r.Left.String() + " left"
	}
	return text
}

// running tells whether a deployment that is followed, or the rollback it started, is still under way.
func (w *rolloutWatch) running() bool {
	return slices.ContainsFunc(w.order, func(id string) bool { return w.shown[id] == nil || !w.shown[id].over() })
}

// verdict is a failure if a deployment did not succeed.
func (w *rolloutWatch) verdict() error {
	if len(w.order) == 0 {
		w.line("no deployment is under way")
	}
	for _, id := range w.order {
		if r := w.shown[id]; r.Status != "Succeeded" {
			return failf("%s %s%s", id, r.Status, after(": ", r.Error))
		}
	}
	return nil
}
