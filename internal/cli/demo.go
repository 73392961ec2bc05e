package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/headgate/headgate/internal/app"
	"github.com/headgate/headgate/internal/template/tree"
)

// Demo is `headgate demo`.
type Demo struct {
	Keep      bool    `help:"Leave the platform running at the end, and say how to reach it."`
	ClockRate float64 `name:"clock-rate" default:"60" help:"Platform seconds in a real second: how fast the ten minutes of the canary pass." placeholder:"N"`
	Source    string  `help:"Headgate's source, whose examples are shipped (default: found from here upwards)." placeholder:"DIR"`
}

// Help is printed below the flags.
func (*Demo) Help() string {
	return `Starts a platform of its own in a temporary folder, ships examples/gradual in version 1, then version 2 with a canary of ten
minutes under steady traffic, then a version 3 that fails some requests, until the alarm takes it back. Nothing is faked: the
functions are built from source and run as processes. Exits 0 only if every step was seen to happen.

  headgate demo
  headgate demo --keep`
}

const (
	demoStack   = "demo"
	demoClients = 6
	demoPause   = 60 * time.Millisecond // between a client's requests
)

// demo is a run of it.
type demo struct {
	e       *env
	cfg     aws.Config
	source  string
	work    string // temporary folder
	traffic *traffic
	alias   string // function:alias that gets the traffic
	checks  []check
	built   map[string]*bundle // the hooks do not change
}

// check is something that the demo promises, and whether it was seen.
type check struct {
	what string
	ok   bool
}

// Run implements the command.
func (c *Demo) Run(e *env) error {
	source, err := findSource(c.Source)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "headgate-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	logFile, err := os.Create(filepath.Join(work, "platform.log"))
	if err != nil {
		return err
	}
	defer logFile.Close()
	slog.SetDefault(slog.New(slog.NewTextHandler(logFile, nil)))
	a, err := app.Start(e.ctx, app.Config{Listen: "127.0.0.1:0", Data: filepath.Join(work, "data"), ClockRate: c.ClockRate})
	if err != nil {
		return err
	}
	e.endpoint = a.Endpoint()
	e.line("platform ready at %s, its clock running %g × real time", e.endpoint, c.ClockRate)
	err = runDemo(e, source, work)
	if c.Keep && e.ctx.Err() == nil {
		e.line("\nThe platform keeps running. In another terminal:\n  export AWS_ENDPOINT_URL=%s\n  headgate rollouts list\n  headgate logs CodeDeployHook_HealthCheck-demo --all\n  aws cloudformation describe-stacks\nInterrupt to end it.", e.endpoint)
		<-e.ctx.Done()
	}
	return errors.Join(err, a.Close())
}

func runDemo(e *env, source, work string) error {
	cfg, err := e.aws(e.ctx)
	if err != nil {
		return err
	}
	d := &demo{e: e, cfg: cfg, source: source, work: work, traffic: newTraffic(lambda.NewFromConfig(cfg)), built: map[string]*bundle{}}
	defer d.traffic.stop()
	for _, step := range []func() error{d.first, d.second, d.third} {
		if err := step(); err != nil {
			return err
		}
	}
	d.traffic.stop()
	return d.summary()
}

// first ships version 1 and begins to send traffic.
func (d *demo) first() error {
	if _, err := d.ship(1, "version 1: the first, nothing to shift from"); err != nil {
		return err
	}
	out, err := cloudformation.NewFromConfig(d.cfg).DescribeStacks(d.e.ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(demoStack)})
	if err != nil {
		return err
	}
	for _, o := range out.Stacks[0].Outputs {
		if aws.ToString(o.OutputKey) == "Function" {
			d.alias = aws.ToString(o.OutputValue) + ":live"
		}
	}
	if d.alias == "" {
		return failf("the stack has no output Function")
	}
	d.traffic.start(d.e.ctx, d.alias, demoClients, demoPause)
	return d.pause(700 * time.Millisecond)
}

// second ships version 2, which is well.
func (d *demo) second() error {
	w, err := d.ship(2, "version 2: ten percent for ten minutes, then all, with a check before and one after")
	d.expect("version 2 was shipped", err == nil)
	if err != nil {
		return err
	}
	canary := slices.ContainsFunc(w.rollouts.seen, func(r rolloutView) bool { return r.Weight > 0 && r.Weight < 100 })
	d.expect("a part of the traffic went first", canary && d.traffic.count().both)
	d.expect("the health check passed before the first request", w.passed("BeforeAllowTraffic"))
	d.expect("the check after the last one passed", w.passed("AfterAllowTraffic"))
	if err := d.pause(500 * time.Millisecond); err != nil {
		return err
	}
	d.expect("no request failed", d.traffic.count().failed == 0)
	return nil
}

// third ships version 3, which the health check cannot fault and the traffic can.
func (d *demo) third() error {
	d.e.line("")
	w, err := d.ship(3, "version 3: well when asked, but it fails every third request")
	var f failure
	if err != nil && !errors.As(err, &f) {
		return err
	}
	d.expect("the stack was rolled back", err != nil && strings.Contains(err.Error(), "UPDATE_ROLLBACK_COMPLETE"))
	d.expect("an alarm stopped version 3", slices.ContainsFunc(w.rollouts.seen, func(r rolloutView) bool {
		return r.Status == "Stopped" && strings.HasPrefix(r.Error, "ALARM_ACTIVE")
	}))
	d.expect("a rollback deployment was recorded", slices.ContainsFunc(w.rollouts.seen, func(r rolloutView) bool { return r.RolledBackBy != "" }))
	before := d.traffic.count()
	d.expect("requests failed while version 3 had traffic", before.failed > 0)
	if err := d.pause(time.Second); err != nil {
		return err
	}
	now := d.traffic.count()
	d.expect("version 2 serves everything again", now.served["2"] > before.served["2"] && now.served["3"] == before.served["3"] && now.failed == before.failed)
	return nil
}

func (w *stackWatch) passed(event string) bool {
	return slices.ContainsFunc(w.rollouts.seen, func(r rolloutView) bool {
		return slices.ContainsFunc(r.Lifecycle, func(l lifecycleView) bool { return l.Name == event && l.Status == "Succeeded" })
	})
}

func (d *demo) expect(what string, ok bool) { d.checks = append(d.checks, check{what, ok}) }

func (d *demo) pause(t time.Duration) error {
	select {
	case <-time.After(t):
		return nil
	case <-d.e.ctx.Done():
		return d.e.ctx.Err()
	}
}

// ship deploys one version of the application and shows it. Where the deployment ended badly the error is a failure.
func (d *demo) ship(version int, title string) (*stackWatch, error) {
	d.e.line("\n── %s", title)
	code, err := d.build(version)
	if err != nil {
		return nil, err
	}
	c := &Deploy{Template: filepath.Join(d.source, "examples", "gradual", "template.yaml"), Stack: demoStack, local: true, built: d.built,
		edit: func(root *tree.Node) {
			root.Path("Resources", "App", "Properties").Set("CodeUri", tree.NewString(code))
		}}
	body, u, err := c.prepare(d.e, d.cfg)
	if err != nil {
		return nil, err
	}
	stack, changed, err := c.changeSet(d.e, cloudformation.NewFromConfig(d.cfg), u, body)
	if err != nil {
		return nil, err
	}
	if !changed {
		return nil, failf("version %d brought no change", version)
	}
	w := newStackWatch(d.e, d.cfg, stack)
	w.rollouts.below = d.traffic.lines
	stop := d.traffic.report(d.e, w.rollouts)
	defer stop()
	return w, w.run()
}

// build makes the application's package: the program, built once, and beside it the version.json that tells it what to do.
func (d *demo) build(version int) (string, error) {
	dir := filepath.Join(d.work, fmt.Sprint("app-", version))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	gradual := filepath.Join(d.source, "examples", "gradual")
	text, err := os.ReadFile(filepath.Join(gradual, "versions", fmt.Sprint(version, ".json")))
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "version.json"), text, 0o644); err != nil {
		return "", err
	}
	program := filepath.Join(d.work, "app")
	if _, err := os.Stat(program); err != nil {
		d.e.note("building the application from %s", filepath.Join(gradual, "functions", "app"))
		build := goBuild{arch: goArch("", true), local: true}
		if out, err := build.command(d.e.ctx, filepath.Join(gradual, "functions", "app"), program).CombinedOutput(); err != nil {
			return "", failf("go build: %w\n%s", err, out)
		}
	}
	return dir, os.Link(program, filepath.Join(dir, "bootstrap"))
}

// summary tells what happened; it is a failure unless all that was promised was seen.
func (d *demo) summary() error {
	n := d.traffic.count()
	if d.e.json {
		seen := map[string]bool{}
		for _, c := range d.checks {
			seen[c.what] = c.ok
		}
		if err := d.e.print(map[string]any{"type": "summary", "checks": seen, "served": n.served, "failed": n.failed, "lost": n.lost}); err != nil {
			return err
		}
	}
	d.e.line("\n── what happened")
	missed := 0
	for _, c := range d.checks {
		mark := "✓"
		if !c.ok {
			mark, missed = "✗", missed+1
		}
		d.e.line("  %s %s", mark, c.what)
	}
	d.e.line("  requests: %s", n)
	d.e.line("  shipped: versions 1 and 2. Rolled back: version 3, because the alarm on its errors fired.")
	if n.lost > 0 {
		missed++
		d.e.line("  ✗ %d requests got no answer: %v", n.lost, d.traffic.lastError())
	}
	if missed > 0 {
		return failf("%d of what the demo promises was not seen", missed)
	}
	return nil
}

// findSource finds the module that holds the examples: here, or above.
func findSource(dir string) (string, error) {
	if dir == "" {
		var err error
		if dir, err = os.Getwd(); err != nil {
			return "", err
		}
	}
	for at, _ := filepath.Abs(dir); ; at = filepath.Dir(at) {
		mod, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err == nil && strings.HasPrefix(string(mod), "module github.com/headgate/headgate\n") {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", usagef("the demo builds its functions from Headgate's source: run it in a clone, or say --source DIR")
		}
	}
}
