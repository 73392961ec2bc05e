package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/db"
)

const (
	alarmRounds  = 30 // more with HEADGATE_BENCH_ROUNDS
	alarmClients = 4
	alarmPause   = 2 * time.Millisecond // between a client's requests: steady traffic, not saturation
)

// BenchmarkAlarmToRollback ships version 2 with half of the traffic, round after round, sets its
// alarm to ALARM, and measures from the alarm's state change to the last answer that version 2
// gave. The limit beside it is what cannot be left out: two durable commits, the alarm's and the
// alias's.
func BenchmarkAlarmToRollback(b *testing.B) {
	p := serve(b)
	deploy(b, p, build(b, "bootstrap", "./testdata/function"), nil)
	r := newRollouts(b, p)
	n := alarmRounds
	if v, err := strconv.Atoi(os.Getenv("HEADGATE_BENCH_ROUNDS")); err == nil {
		n = v
	}
	for b.Loop() {
		var last, commits []float64
		for range n {
			last = append(last, r.round())
			commits = append(commits, r.twoCommits())
		}
		slices.Sort(last)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(quantile(last, 0.5), "p50-ms")
		b.ReportMetric(quantile(last, 0.99), "p99-ms")
		b.ReportMetric(quantile(last, 0.5)/median(commits), "ratio")
		b.Logf("from ALARM to the last answer of the failing version: median %.1f ms, p99 %.1f ms of %d rounds (goal 50); two commits %.1f ms: ratio %.1f; load average %s",
			quantile(last, 0.5), quantile(last, 0.99), n, median(commits), quantile(last, 0.5)/median(commits), loadAverage())
	}
}

// rollouts ships version 2 of function bench again and again.
type rollouts struct {
	b      *testing.B
	ctx    context.Context
	deploy *codedeploy.Client
	watch  *cloudwatch.Client
	store  *db.DB

	mu       sync.Mutex
	answered time.Time // version 2's last answer
}

func newRollouts(b *testing.B, p *child) *rollouts {
	r := &rollouts{b: b, ctx: b.Context(), deploy: codedeploy.NewFromConfig(sdk(p)), watch: cloudwatch.NewFromConfig(sdk(p))}
	app := aws.String("bench")
	_, err := r.watch.PutMetricAlarm(r.ctx, &cloudwatch.PutMetricAlarmInput{AlarmName: app, Namespace: aws.String("bench"), MetricName: aws.String("never"),
		Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), Statistic: cwtypes.StatisticSum,
		ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold, TreatMissingData: aws.String("ignore")})
	r.must(err)
	_, err = r.deploy.CreateApplication(r.ctx, &codedeploy.CreateApplicationInput{ApplicationName: app, ComputePlatform: types.ComputePlatformLambda})
	r.must(err)
	_, err = r.deploy.CreateDeploymentConfig(r.ctx, &codedeploy.CreateDeploymentConfigInput{DeploymentConfigName: aws.String("half"), ComputePlatform: types.ComputePlatformLambda,
		TrafficRoutingConfig: &types.TrafficRoutingConfig{Type: types.TrafficRoutingTypeTimeBasedCanary, TimeBasedCanary: &types.TimeBasedCanary{CanaryPercentage: 50, CanaryInterval: 10}}})
	r.must(err)
	_, err = r.deploy.CreateDeploymentGroup(r.ctx, &codedeploy.CreateDeploymentGroupInput{ApplicationName: app, DeploymentGroupName: app,
		ServiceRoleArn: aws.String("arn:aws:iam::000000000000:role/deploy"), DeploymentConfigName: aws.String("half"),
		DeploymentStyle:           &types.DeploymentStyle{DeploymentType: types.DeploymentTypeBlueGreen, DeploymentOption: types.DeploymentOptionWithTrafficControl},
		AlarmConfiguration:        &types.AlarmConfiguration{Enabled: true, Alarms: []types.Alarm{{Name: app}}},
		AutoRollbackConfiguration: &types.AutoRollbackConfiguration{Enabled: true, Events: []types.AutoRollbackEvent{types.AutoRollbackEventDeploymentStopOnAlarm}}})
	r.must(err)
	r.store, err = db.Open(r.ctx, filepath.Join(b.TempDir(), "limit.db"))
	r.must(err)
	b.Cleanup(func() { r.store.Close() })
	c := newClient("http://"+p.addr+"/2015-03-31/functions/bench:live/invocations", alarmClients)
	r.traffic(c)
	return r
}

func (r *rollouts) must(err error) {
	r.b.Helper()
	if err != nil {
		r.b.Fatal(err)
	}
}

// traffic runs until the benchmark's end.
func (r *rollouts) traffic(c *client) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range alarmClients {
		wg.Go(func() {
			for ctx.Err() == nil {
				version, err := c.send()
				if err != nil {
					r.b.Error(err)
					return
				}
				if version == "2" {
					r.mu.Lock()
					r.answered = time.Now()
					r.mu.Unlock()
				}
				time.Sleep(alarmPause)
			}
		})
	}
	r.b.Cleanup(func() { cancel(); wg.Wait() })
}

// last is when version 2 last answered.
func (r *rollouts) last() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.answered
}

// quiet is how long version 2 must have been silent to be done for.
const quiet = 300 * time.Millisecond

// round ships, raises the alarm, and returns the milliseconds from the state change on.
func (r *rollouts) round() float64 {
	r.setAlarm(cwtypes.StateValueOk)
	began := time.Now()
	spec := `{"version":0.0,"Resources":[{"f":{"Type":"AWS::Lambda::Function","Properties":{"Name":"bench","Alias":"live","CurrentVersion":"1","TargetVersion":"2"}}}]}`
	out, err := r.deploy.CreateDeployment(r.ctx, &codedeploy.CreateDeploymentInput{ApplicationName: aws.String("bench"), DeploymentGroupName: aws.String("bench"),
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: &spec}}})
	r.must(err)
	r.until("version 2 answers", func() bool { return r.last().After(began) })
	time.Sleep(100 * time.Millisecond) // the canary is under way, its environments are warm
	r.setAlarm(cwtypes.StateValueAlarm)
	changed := r.changed()
	time.Sleep(quiet)
	r.until("version 2 is quiet", func() bool { return time.Since(r.last()) > quiet })
	last := r.last()
	r.until("the rollback has ended", func() bool { return r.rolledBack(*out.DeploymentId) })
	if r.last() != last {
		r.b.Fatal("version 2 answered again during its rollback")
	}
	return max(0, millis(last.Sub(changed)))
}

// changed is the alarm's state change: its own timestamp, in whole milliseconds.
func (r *rollouts) changed() time.Time {
	out, err := r.watch.DescribeAlarms(r.ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"bench"}})
	r.must(err)
	if len(out.MetricAlarms) != 1 || out.MetricAlarms[0].StateValue != cwtypes.StateValueAlarm {
		r.b.Fatal("the alarm is not in ALARM")
	}
	return *out.MetricAlarms[0].StateUpdatedTimestamp
}

func (r *rollouts) setAlarm(state cwtypes.StateValue) {
	_, err := r.watch.SetAlarmState(r.ctx, &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("bench"), StateValue: state, StateReason: aws.String("the benchmark")})
	r.must(err)
}

func (r *rollouts) rolledBack(id string) bool {
	d := r.info(id)
	if d.Status != types.DeploymentStatusStopped || d.RollbackInfo == nil || d.RollbackInfo.RollbackDeploymentId == nil {
		return false
	}
	return r.info(*d.RollbackInfo.RollbackDeploymentId).Status == types.DeploymentStatusSucceeded
}

func (r *rollouts) info(id string) *types.DeploymentInfo {
	out, err := r.deploy.GetDeployment(r.ctx, &codedeploy.GetDeploymentInput{DeploymentId: &id})
	r.must(err)
	return out.DeploymentInfo
}

func (r *rollouts) until(what string, done func() bool) {
	r.b.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.b.Fatal("not in 20 s: ", what)
		}
	}
}

// twoCommits is how long two commits of a row take here, in milliseconds.
func (r *rollouts) twoCommits() float64 {
	began := time.Now()
	for i := range 2 {
		r.must(r.store.Update(r.ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO setting (name, value) VALUES ($1, $2)`, fmt.Sprint(began.UnixNano(), i), "x")
			return err
		}))
	}
	return millis(time.Since(began))
}
