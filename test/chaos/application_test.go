package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const (
	roleARN = "arn:aws:iam::000000000000:role/chaos"
	slow    = "Linear10Every1Minute" // ten shifts
	quick   = "Linear25Every1Minute" // four
)

// function creates a function of one of the programs in testdata and waits for it.
func (p *platform) function(name, program string, env map[string]string) {
	p.t.Helper()
	_, err := p.lambda.CreateFunction(p.t.Context(), &lambda.CreateFunctionInput{FunctionName: &name, Runtime: lambdatypes.RuntimeProvidedal2023,
		Handler: aws.String("bootstrap"), Role: aws.String(roleARN), Timeout: aws.Int32(20), Publish: true, MemorySize: aws.Int32(128),
		Environment: &lambdatypes.Environment{Variables: env}, Code: &lambdatypes.FunctionCode{ZipFile: code(p.t, program)}})
	if err != nil {
		p.t.Fatal(err)
	}
	p.untilUpdated(name)
}

func (p *platform) untilUpdated(name string) {
	p.t.Helper()
	p.until(name+" is ready", func(ctx context.Context) (bool, error) {
		c, err := p.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
		return err == nil && c.State == lambdatypes.StateActive && c.LastUpdateStatus == lambdatypes.LastUpdateStatusSuccessful, err
	})
}

// application makes what a deployment needs: function app with versions 1 and 2 and the alias live at 1, the hooks
// before, after and unwell, the alarm, configurations, and the group that rolls back on everything.
func (p *platform) application(hold time.Duration) {
	p.t.Helper()
	ctx := p.t.Context()
	p.function("app", "app", nil)
	p.function("hook", "witness", map[string]string{"HOLD": hold.String(), "OUTCOME": "Succeeded"})
	p.function("unwell", "witness", map[string]string{"HOLD": hold.String(), "OUTCOME": "Failed"})
	must(p.t, 0, func() error {
		_, err := p.lambda.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: aws.String("app"), Name: aws.String("live"), FunctionVersion: aws.String("1")})
		return err
	}())
	_, err := p.lambda.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("app"), Description: aws.String("second")})
	must(p.t, 0, err)
	p.untilUpdated("app")
	v, err := p.lambda.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: aws.String("app")})
	if must(p.t, v, err); aws.ToString(v.Version) != "2" {
		p.t.Fatalf("version %s was published", aws.ToString(v.Version))
	}
	// The alarm keeps the state that it is given.
	_, err = p.cloudwatch.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String("errors"), Namespace: aws.String("Chaos"), MetricName: aws.String("Errors"),
		Statistic: cwtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(0),
		ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold, TreatMissingData: aws.String("ignore")})
	must(p.t, 0, err)
	_, err = p.codedeploy.CreateApplication(ctx, &codedeploy.CreateApplicationInput{ApplicationName: aws.String("chaos"), ComputePlatform: types.ComputePlatformLambda})
	must(p.t, 0, err)
	for name, percent := range map[string]int32{slow: 10, quick: 25} {
		_, err = p.codedeploy.CreateDeploymentConfig(ctx, &codedeploy.CreateDeploymentConfigInput{DeploymentConfigName: &name, ComputePlatform: types.ComputePlatformLambda,
			TrafficRoutingConfig: &types.TrafficRoutingConfig{Type: types.TrafficRoutingTypeTimeBasedLinear,
				TimeBasedLinear: &types.TimeBasedLinear{LinearPercentage: percent, LinearInterval: 1}}})
		must(p.t, 0, err)
	}
	_, err = p.codedeploy.CreateDeploymentGroup(ctx, &codedeploy.CreateDeploymentGroupInput{ApplicationName: aws.String("chaos"), DeploymentGroupName: aws.String("app"),
		ServiceRoleArn: aws.String(roleARN), DeploymentConfigName: aws.String(quick),
		DeploymentStyle:    &types.DeploymentStyle{DeploymentType: types.DeploymentTypeBlueGreen, DeploymentOption: types.DeploymentOptionWithTrafficControl},
		AlarmConfiguration: &types.AlarmConfiguration{Enabled: true, Alarms: []types.Alarm{{Name: aws.String("errors")}}},
		AutoRollbackConfiguration: &types.AutoRollbackConfiguration{Enabled: true, Events: []types.AutoRollbackEvent{
			types.AutoRollbackEventDeploymentFailure, types.AutoRollbackEventDeploymentStopOnAlarm, types.AutoRollbackEventDeploymentStopOnRequest}}})
	must(p.t, 0, err)
}

// deployment is one of app, from one version to the other.
type deployment struct {
	p    *platform
	id   string
	from string
	to   string
}

// deploy starts a deployment; before and after name hooks, or are empty.
func (p *platform) deploy(config, from, to, before, after string) *deployment {
	p.t.Helper()
	hooks := []map[string]string{}
	for event, f := range map[string]string{"BeforeAllowTraffic": before, "AfterAllowTraffic": after} {
		if f != "" {
			hooks = append(hooks, map[string]string{event: f})
		}
	}
	spec, err := json.Marshal(map[string]any{"version": 0.0, "Hooks": hooks, "Resources": []any{map[string]any{"app": map[string]any{"Type": "AWS::Lambda::Function",
		"Properties": map[string]string{"Name": "app", "Alias": "live", "CurrentVersion": from, "TargetVersion": to}}}}})
	must(p.t, 0, err)
	out, err := p.codedeploy.CreateDeployment(p.t.Context(), &codedeploy.CreateDeploymentInput{ApplicationName: aws.String("chaos"), DeploymentGroupName: aws.String("app"),
		DeploymentConfigName: &config, Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeAppSpecContent,
			AppSpecContent: &types.AppSpecContent{Content: aws.String(string(spec))}}})
	must(p.t, 0, err)
	return &deployment{p, *out.DeploymentId, from, to}
}

func (d *deployment) info(ctx context.Context, id string) (types.DeploymentInfo, error) {
	out, err := d.p.codedeploy.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: &id})
	if err != nil {
		return types.DeploymentInfo{}, err
	}
	return *out.DeploymentInfo, nil
}

// events are the lifecycle events as "Name Status", in their order.
func (d *deployment) events(ctx context.Context, id string) (out []string, err error) {
	t, err := d.p.codedeploy.BatchGetDeploymentTargets(ctx, &codedeploy.BatchGetDeploymentTargetsInput{DeploymentId: &id, TargetIds: []string{"app"}})
	if err != nil {
		return nil, err
	}
	if len(t.DeploymentTargets) != 1 {
		return nil, fmt.Errorf("%d targets", len(t.DeploymentTargets))
	}
	for _, e := range t.DeploymentTargets[0].LambdaTarget.LifecycleEvents {
		out = append(out, fmt.Sprint(aws.ToString(e.LifecycleEventName), " ", e.Status))
	}
	return out, nil
}

// shows waits until a lifecycle event has a status: "AllowTraffic InProgress".
func (d *deployment) shows(event string) {
	d.p.t.Helper()
	d.p.patiently(event, time.Millisecond, func(ctx context.Context) (bool, error) {
		all, err := d.events(ctx, d.id)
		return slices.Contains(all, event), err
	})
}

// share is the part of the traffic, in percent, that the new version has.
func (d *deployment) share(ctx context.Context) (int, error) {
	a, err := d.p.lambda.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: aws.String("app"), Name: aws.String("live")})
	if err != nil {
		return 0, err
	}
	var weights map[string]float64
	if a.RoutingConfig != nil {
		weights = a.RoutingConfig.AdditionalVersionWeights
	}
	switch v := aws.ToString(a.FunctionVersion); {
	case v == d.to && len(weights) == 0:
		return 100, nil
	case v == d.from && len(weights) == 0:
		return 0, nil
	case v == d.from && len(weights) == 1 && weights[d.to] > 0:
		return int(weights[d.to]*100 + 0.5), nil
	default:
		return 0, errBadAlias{fmt.Sprintf("the alias is at version %s with weights %v", v, weights)}
	}
}

type errBadAlias struct{ text string }

func (e errBadAlias) Error() string { return e.text }

func (d *deployment) untilShare(percent int) {
	d.p.t.Helper()
	d.p.patiently(fmt.Sprintf("%d %% of the traffic", percent), time.Millisecond, func(ctx context.Context) (bool, error) {
		s, err := d.share(ctx)
		return s >= percent, err
	})
}

// follower notes every share of the traffic that it sees, while the server comes and goes.
type follower struct {
	mu   sync.Mutex
	seen []int
	bad  error
	stop context.CancelFunc
	done chan struct{}
}

func (d *deployment) follow() *follower {
	ctx, cancel := context.WithCancel(d.p.t.Context())
	f := &follower{stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(f.done)
		for ctx.Err() == nil {
			s, err := d.share(ctx)
			f.mu.Lock()
			var bad errBadAlias
			if errors.As(err, &bad) {
				f.bad = err
			}
			if err == nil && (len(f.seen) == 0 || f.seen[len(f.seen)-1] != s) {
				f.seen = append(f.seen, s)
			}
			f.mu.Unlock()
			time.Sleep(10 * time.Millisecond)
		}
	}()
	return f
}

// check ends the follower: the share grew; if it went back, then once, to nothing.
func (f *follower) check(rolledBack bool) error {
	f.stop()
	<-f.done
	if f.bad != nil {
		return f.bad
	}
	for i := 1; i < len(f.seen); i++ {
		last := i == len(f.seen)-1
		if f.seen[i] < f.seen[i-1] && !(rolledBack && last && f.seen[i] == 0) {
			return fmt.Errorf("the traffic moved back and forth: %v", f.seen)
		}
	}
	return nil
}
