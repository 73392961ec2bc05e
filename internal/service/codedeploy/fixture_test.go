package codedeploy

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fixture is the service over peers that keep real state, with an application "app" and a group
// "group" that rolls back on everything and watches the alarm "errors".
type fixture struct {
	*testing.T
	*Service
	db     *db.DB
	clock  *clock.Fake
	lambda *fakeLambda
	cw     *fakeCloudWatch
	s3     fakeS3
}

func newFixture(t *testing.T, d *db.DB) *fixture {
	c := clock.NewFake(epoch)
	f := &fixture{T: t, db: d, clock: c, lambda: newFakeLambda(c), s3: fakeS3{},
		cw: &fakeCloudWatch{states: map[string]cwtypes.StateValue{"errors": cwtypes.StateValueOk}}}
	f.start()
	t.Cleanup(func() { f.stop() })
	_, err := f.CreateApplication(t.Context(), &codedeploy.CreateApplicationInput{ApplicationName: aws.String("app"), ComputePlatform: types.ComputePlatformLambda})
	f.ok(err)
	_, err = f.CreateDeploymentGroup(t.Context(), &codedeploy.CreateDeploymentGroupInput{ApplicationName: aws.String("app"),
		DeploymentGroupName: aws.String("group"), ServiceRoleArn: aws.String("arn:aws:iam::000000000000:role/deploy"),
		DeploymentConfigName:      aws.String("CodeDeployDefault.LambdaCanary10Percent10Minutes"),
		AlarmConfiguration:        &types.AlarmConfiguration{Enabled: true, Alarms: []types.Alarm{{Name: aws.String("errors")}}},
		AutoRollbackConfiguration: &types.AutoRollbackConfiguration{Enabled: true, Events: types.AutoRollbackEvent("").Values()}})
	f.ok(err)
	return f
}

// start begins a platform's life on the fixture's store, as after a restart.
func (f *fixture) start() {
	e := durable.New(f.db, f.clock, "node")
	f.Service = New(f.db, e, f.clock, Peers{Lambda: f.lambda, CloudWatch: f.cw, S3: f.s3}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	f.Service.Start(f.Context())
	f.ok(e.Start(f.Context()))
}

func (f *fixture) stop() {
	f.engine.Stop()
	f.Close()
}

func (f *fixture) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// spec is an AppSpec that ships version 2; hooks are pairs of event and function.
func spec(hooks ...string) string {
	m := map[string]any{"version": 0.0, "Resources": []any{map[string]any{"shop": map[string]any{"Type": "AWS::Lambda::Function",
		"Properties": map[string]any{"Name": "shop", "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2"}}}}}
	var hs []any
	for i := 0; i < len(hooks); i += 2 {
		hs = append(hs, map[string]any{hooks[i]: hooks[i+1]})
	}
	if hs != nil {
		m["Hooks"] = hs
	}
	b, _ := json.Marshal(m)
	return string(b)
}

func inline(content string) *types.RevisionLocation {
	return &types.RevisionLocation{RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: &content}}
}

// deploy creates a deployment of content; change may alter the request.
func (f *fixture) deploy(content string, change ...func(*codedeploy.CreateDeploymentInput)) string {
	f.Helper()
	in := &codedeploy.CreateDeploymentInput{ApplicationName: aws.String("app"), DeploymentGroupName: aws.String("group"), Revision: inline(content)}
	for _, c := range change {
		c(in)
	}
	out, err := f.CreateDeployment(f.Context(), in)
	f.ok(err)
	return *out.DeploymentId
}

func config(name string) func(*codedeploy.CreateDeploymentInput) {
	return func(in *codedeploy.CreateDeploymentInput) {
		in.DeploymentConfigName = aws.String("CodeDeployDefault.Lambda" + name)
	}
}

func (f *fixture) get(id string) types.DeploymentInfo {
	f.Helper()
	out, err := f.GetDeployment(f.Context(), &codedeploy.GetDeploymentInput{DeploymentId: &id})
	f.ok(err)
	return *out.DeploymentInfo
}

func (f *fixture) target(id string) types.LambdaTarget {
	f.Helper()
	out, err := f.GetDeploymentTarget(f.Context(), &codedeploy.GetDeploymentTargetInput{DeploymentId: &id, TargetId: aws.String("shop")})
	f.ok(err)
	return *out.DeploymentTarget.LambdaTarget
}

// lifecycle is the status of the three lifecycle events.
func (f *fixture) lifecycle(id string) [3]string {
	f.Helper()
	var s [3]string
	for i, e := range f.target(id).LifecycleEvents {
		s[i] = string(e.Status)
	}
	return s
}

// until waits for the platform to do what it is about to do; platform time stands still.
func (f *fixture) until(what string, cond func() bool) {
	f.Helper()
	for end := time.Now().Add(20 * time.Second); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			f.Fatalf("did not happen: %s (alias %+v)", what, f.lambda.now())
		}
	}
}

func (f *fixture) untilStatus(id string, s types.DeploymentStatus) types.DeploymentInfo {
	f.Helper()
	f.until("deployment "+string(s), func() bool { return f.get(id).Status == s })
	return f.get(id)
}

func (f *fixture) untilShare(percent int) {
	f.Helper()
	f.until("share of version 2", func() bool { return f.lambda.now().share("2") == percent })
}

// untilRolledBack waits for the deployment's rollback and returns it.
func (f *fixture) untilRolledBack(id string) types.DeploymentInfo {
	f.Helper()
	info := f.get(id)
	if info.RollbackInfo.RollbackDeploymentId == nil {
		f.Fatalf("deployment %s was not rolled back: %+v", id, info.ErrorInformation)
	}
	return f.untilStatus(*info.RollbackInfo.RollbackDeploymentId, types.DeploymentStatusSucceeded)
}

// alarm sets an alarm as CloudWatch does: state first, then the notice.
func (f *fixture) alarm(name string) {
	f.Helper()
	f.cw.set(name, cwtypes.StateValueAlarm)
	f.ok(f.db.Update(f.Context(), func(tx *db.Tx) error {
		tx.Notify("cloudwatch.alarm", `{"account":"000000000000","region":"us-east-1","name":"`+name+`","state":"ALARM","reason":"test"}`)
		return nil
	}))
}

// calls back with the status given, as a hook's code does.
func (f *fixture) calls(status types.LifecycleEventStatus) hookFunc {
	return func(ctx context.Context, payload []byte) error {
		var e hookEvent
		if err := json.Unmarshal(payload, &e); err != nil {
			return err
		}
		_, err := f.PutLifecycleEventHookExecutionStatus(context.WithoutCancel(ctx), &codedeploy.PutLifecycleEventHookExecutionStatusInput{
			DeploymentId: &e.DeploymentID, LifecycleEventHookExecutionId: &e.LifecycleEventHookExecutionID, Status: status})
		return err
	}
}

// silent returns without calling back.
func silent(context.Context, []byte) error { return nil }

// done waits until the group is free again.
func (f *fixture) done() {
	f.Helper()
	f.until("the group is free", func() bool {
		var n int64
		f.ok(f.db.View(f.Context(), func(tx *db.Tx) (err error) {
			n, err = db.One(tx, db.Value[int64], `SELECT (SELECT COUNT(*) FROM codedeploy_running) + (SELECT COUNT(*) FROM codedeploy_watch) + (SELECT COUNT(*) FROM durable_instance)`)
			return err
		}))
		return n == 0
	})
}
