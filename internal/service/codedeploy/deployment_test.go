package codedeploy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/go-cmp/cmp"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

// minutes says after how many minutes which share of traffic version 2 was given.
type minutes struct{ at, share int }

func (f *fixture) timeline() []minutes {
	var out []minutes
	for _, s := range f.lambda.shifts() {
		out = append(out, minutes{int(s.At.Sub(epoch) / time.Minute), s.share("2")})
	}
	return out
}

func TestTrafficShiftsAtTheExactTimes(t *testing.T) {
	linear := func(every int) (all []minutes) {
		for i := range 10 {
			all = append(all, minutes{i * every, (i + 1) * 10})
		}
		return all
	}
	cases := map[string][]minutes{
		"AllAtOnce":                     {{0, 100}},
		"Canary10Percent5Minutes":       {{0, 10}, {5, 100}},
		"Canary10Percent30Minutes":      {{0, 10}, {30, 100}},
		"Linear10PercentEvery1Minute":   linear(1),
		"Linear10PercentEvery10Minutes": linear(10), // 90 minutes, not 100 (FACTS trap 10)
	}
	for name, want := range cases {
		t.Run(name, func(t *testing.T) {
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				f := newFixture(t, d)
				id := f.deploy(spec(), config(name))
				for i, step := range want {
					if i > 0 {
						// A millisecond early, nothing moves.
						f.clock.Advance(time.Duration(step.at-want[i-1].at)*time.Minute - time.Millisecond)
						time.Sleep(3 * time.Millisecond)
						if got := f.lambda.now().share("2"); got != want[i-1].share {
							t.Fatalf("share %d %% a millisecond before minute %d", got, step.at)
						}
						f.clock.Advance(time.Millisecond)
					}
					f.untilShare(step.share)
					if step.share < 100 {
						f.until("weight in the target", func() bool { return f.target(id).LambdaFunctionInfo.TargetVersionWeight == float64(step.share)/100 })
						if now := f.lambda.now(); now.Version != "1" || now.Weights["2"] != float64(step.share)/100 {
							t.Fatalf("alias %+v while version 2 has %d %%", now, step.share)
						}
					}
				}
				info := f.untilStatus(id, types.DeploymentStatusSucceeded)
				if now := f.lambda.now(); now.Version != "2" || len(now.Weights) != 0 {
					t.Errorf("alias at the end: %+v", now)
				}
				if diff := cmp.Diff(want, f.timeline(), cmp.AllowUnexported(minutes{})); diff != "" {
					t.Error(diff)
				}
				last := epoch.Add(time.Duration(want[len(want)-1].at) * time.Minute)
				if !info.CreateTime.Equal(epoch) || !info.StartTime.Equal(epoch) || !info.CompleteTime.Equal(last) {
					t.Errorf("times %v %v %v", info.CreateTime, info.StartTime, info.CompleteTime)
				}
				if got := f.lifecycle(id); got != [3]string{"Succeeded", "Succeeded", "Succeeded"} {
					t.Error(got)
				}
				if w := f.target(id).LambdaFunctionInfo.TargetVersionWeight; w != 1 {
					t.Errorf("targetVersionWeight %v at the end (FACTS trap 11: a fraction)", w)
				}
				f.done()
			})
		})
	}
}

func TestHooks(t *testing.T) {
	crash := func(context.Context, []byte) error { return errors.New("kaboom") }
	cases := []struct {
		name  string
		hook  func(*fixture) hookFunc
		pass  bool
		code  string // errorInformation
		text  string // within its message
		diag  types.LifecycleErrorCode
		waits time.Duration
	}{
		{name: "calls back Succeeded", hook: func(f *fixture) hookFunc { return f.calls("Succeeded") }, pass: true},
		{name: "calls back Succeeded and crashes after that", pass: true, hook: func(f *fixture) hookFunc {
			return func(ctx context.Context, p []byte) error {
				return errors.Join(f.calls("Succeeded")(ctx, p), errors.New("late"))
			}
		}},
		{name: "calls back Failed", hook: func(f *fixture) hookFunc { return f.calls("Failed") }, code: "HOOK_EXECUTION_FAILURE", text: "reported Failed", diag: "ScriptFailed"},
		{name: "crashes", hook: func(*fixture) hookFunc { return crash }, code: "HOOK_EXECUTION_FAILURE", text: "Error: kaboom", diag: "ScriptFailed"},
		{name: "is no function", hook: func(*fixture) hookFunc { return nil }, code: "HOOK_EXECUTION_FAILURE", text: "Function not found", diag: "ScriptFailed"},
		{name: "never calls back", hook: func(*fixture) hookFunc { return silent }, code: "HOOK_EXECUTION_FAILURE", text: "within one hour", diag: "ScriptTimedOut", waits: time.Hour},
	}
	for _, event := range []string{"BeforeAllowTraffic", "AfterAllowTraffic"} {
		for _, c := range cases {
			t.Run(event+" "+c.name, func(t *testing.T) {
				dbtest.Run(t, func(t *testing.T, d *db.DB) {
					f := newFixture(t, d)
					f.lambda.hooks["hook"] = c.hook(f)
					id := f.deploy(spec(event, "hook"), config("AllAtOnce"))
					if c.waits > 0 {
						f.until("hook invoked", func() bool { f.lambda.mu.Lock(); defer f.lambda.mu.Unlock(); return len(f.lambda.invoked) > 0 })
						f.clock.Advance(c.waits - time.Millisecond)
						time.Sleep(3 * time.Millisecond)
						if s := f.get(id).Status; s != types.DeploymentStatusInProgress {
							t.Fatalf("status %s before the hour is over", s)
						}
						f.clock.Advance(time.Millisecond)
					}
					if c.pass {
						f.untilStatus(id, types.DeploymentStatusSucceeded)
						f.done()
						return
					}
					info := f.untilStatus(id, types.DeploymentStatusFailed)
					if got := info.ErrorInformation; string(got.Code) != c.code || !strings.Contains(*got.Message, c.text) {
						t.Errorf("error %s: %s", got.Code, *got.Message)
					}
					want, i := [3]string{"Failed", "Skipped", "Skipped"}, 0
					if event == "AfterAllowTraffic" {
						want, i = [3]string{"Succeeded", "Succeeded", "Failed"}, 2
					}
					if got := f.lifecycle(id); got != want {
						t.Error(got)
					}
					diag := f.target(id).LifecycleEvents[i].Diagnostics
					if diag == nil || diag.ErrorCode != c.diag || *diag.ScriptName != "hook" {
						t.Errorf("diagnostics %+v", diag)
					}
					back := f.untilRolledBack(id)
					if f.lambda.now().share("1") != 100 {
						t.Errorf("alias %+v after the rollback", f.lambda.now())
					}
					if n := len(f.lambda.invoked); n != 1 {
						t.Errorf("%d invocations: a rollback runs no hooks", n)
					}
					if got := f.lifecycle(*back.DeploymentId); got != [3]string{"Succeeded", "Succeeded", "Succeeded"} {
						t.Error(got)
					}
					f.done()
				})
			})
		}
	}
}

func TestHookAnswersOnce(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		var payload []byte
		f.lambda.hooks["hook"] = func(_ context.Context, p []byte) error { payload = p; return nil }
		id := f.deploy(spec("BeforeAllowTraffic", "hook"))
		f.until("hook returned", func() bool {
			d, err := f.readDeployment(t.Context(), place{"000000000000", "us-east-1"}, id)
			return err == nil && d.Progress.HookInvoked
		})
		put := func(execution, status string) error {
			_, err := f.PutLifecycleEventHookExecutionStatus(t.Context(), &codedeploy.PutLifecycleEventHookExecutionStatusInput{
				DeploymentId: &id, LifecycleEventHookExecutionId: &execution, Status: types.LifecycleEventStatus(status)})
			return err
		}
		execution := strings.Split(strings.TrimRight(string(payload), `"}`), `"`)
		token := execution[len(execution)-1]
		var wrongID *types.InvalidLifecycleEventHookExecutionIdException
		var wrongStatus *types.InvalidLifecycleEventHookExecutionStatusException
		var completed *types.LifecycleEventAlreadyCompletedException
		if err := put("made up", "Succeeded"); !errors.As(err, &wrongID) {
			t.Error(err)
		}
		if err := put(token, "Skipped"); !errors.As(err, &wrongStatus) {
			t.Error(err)
		}
		// Two answers before the deployment has decided on the first: one transaction leaves no time to.
		f.ok(d.Update(t.Context(), func(tx *db.Tx) error {
			in := &codedeploy.PutLifecycleEventHookExecutionStatusInput{DeploymentId: &id, LifecycleEventHookExecutionId: &token, Status: "Succeeded"}
			if err := f.takeCallback(tx, place{"000000000000", "us-east-1"}, in); err != nil {
				return err
			}
			in.Status = "Failed"
			if err := f.takeCallback(tx, place{"000000000000", "us-east-1"}, in); !errors.As(err, &completed) {
				t.Error(err)
			}
			return nil
		}))
		f.untilShare(10)
		if err := put(token, "Failed"); !errors.As(err, &completed) {
			t.Error(err)
		}
		f.clock.Advance(10 * time.Minute)
		f.untilStatus(id, types.DeploymentStatusSucceeded)
		if err := put(token, "Failed"); !errors.As(err, &completed) {
			t.Error(err)
		}
	})
}

func TestAlarmStopsAndRollsBack(t *testing.T) {
	waiting := func(f *fixture) { f.lambda.hooks["hook"] = silent }
	invoked := func(f *fixture) {
		f.until("hook invoked", func() bool { f.lambda.mu.Lock(); defer f.lambda.mu.Unlock(); return len(f.lambda.invoked) > 0 })
	}
	cases := []struct {
		name, hook string
		before     func(*fixture)
		ready      func(*fixture)
		fire       func(*fixture)
		want       [3]string
	}{
		{name: "before anything began", before: func(f *fixture) { f.alarm("errors") }, want: [3]string{"Skipped", "Skipped", "Skipped"}},
		{name: "during BeforeAllowTraffic", hook: "BeforeAllowTraffic", before: waiting, ready: invoked, fire: func(f *fixture) { f.alarm("errors") }, want: [3]string{"Failed", "Skipped", "Skipped"}},
		{name: "during AllowTraffic", ready: func(f *fixture) { f.untilShare(10) }, fire: func(f *fixture) { f.alarm("errors") }, want: [3]string{"Succeeded", "Failed", "Skipped"}},
		{name: "during AfterAllowTraffic", hook: "AfterAllowTraffic", before: waiting, ready: func(f *fixture) {
			f.untilShare(10)
			f.clock.Advance(10 * time.Minute)
			invoked(f)
		}, fire: func(f *fixture) { f.alarm("errors") }, want: [3]string{"Succeeded", "Succeeded", "Failed"}},
		{name: "without a notice, by the poll", ready: func(f *fixture) { f.untilShare(10) }, fire: func(f *fixture) {
			f.cw.set("errors", "ALARM")
			f.until("poll waits", func() bool { return f.clock.Waiting() > 0 })
			f.clock.Advance(pollAlarms)
		}, want: [3]string{"Succeeded", "Failed", "Skipped"}},
		{name: "when notices were lost", ready: func(f *fixture) { f.untilShare(10) }, fire: func(f *fixture) {
			f.cw.set("errors", "ALARM")
			f.alarmNoticed(db.Notice{Topic: "cloudwatch.alarm"})
		}, want: [3]string{"Succeeded", "Failed", "Skipped"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				f := newFixture(t, d)
				var hooks []string
				if c.hook != "" {
					hooks = []string{c.hook, "hook"}
				}
				if c.before != nil {
					c.before(f)
				}
				id := f.deploy(spec(hooks...))
				if c.ready != nil {
					c.ready(f)
				}
				if c.fire != nil {
					c.fire(f)
				}
				info := f.untilStatus(id, types.DeploymentStatusStopped)
				if e := info.ErrorInformation; e.Code != types.ErrorCodeAlarmActive || !strings.HasSuffix(*e.Message, "Activated alarms: errors") {
					t.Errorf("%s %s", e.Code, *e.Message)
				}
				if got := f.lifecycle(id); got != c.want {
					t.Errorf("lifecycle %v, want %v", got, c.want)
				}
				back := f.untilRolledBack(id) // though the alarm is still in ALARM (FACTS trap 16)
				rid := *back.DeploymentId
				if now := f.lambda.now(); now.Version != "1" || len(now.Weights) > 0 {
					t.Errorf("alias %+v", now)
				}
				if back.Creator != types.DeploymentCreatorCodeDeployRollback || info.Creator != types.DeploymentCreatorUser {
					t.Errorf("creators %s, %s", info.Creator, back.Creator)
				}
				wantInfo := []types.RollbackInfo{
					{RollbackDeploymentId: &rid, RollbackMessage: aws.String(fmt.Sprintf("Deployment %s terminated. Automatic rollback is triggered with a DeploymentId %s.", id, rid))},
					{RollbackTriggeringDeploymentId: &id, RollbackMessage: aws.String(fmt.Sprintf("Deployment %s is triggered to roll back deployment %s.", rid, id))},
				}
				for i, got := range []types.RollbackInfo{*info.RollbackInfo, *back.RollbackInfo} {
					if encode(got) != encode(wantInfo[i]) {
						t.Errorf("rollbackInfo %s", encode(got))
					}
				}
				f.done()
			})
		})
	}
}

func TestAlarmsThatCannotBeRead(t *testing.T) {
	for _, ignore := range []bool{false, true} {
		t.Run(fmt.Sprintf("ignorePollAlarmFailure %v", ignore), func(t *testing.T) {
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				f := newFixture(t, d)
				id := f.deploy(spec(), config("AllAtOnce"), func(in *codedeploy.CreateDeploymentInput) {
					in.OverrideAlarmConfiguration = &types.AlarmConfiguration{Enabled: true, IgnorePollAlarmFailure: ignore, Alarms: []types.Alarm{{Name: aws.String("nowhere")}}}
				})
				if ignore {
					f.untilStatus(id, types.DeploymentStatusSucceeded)
				} else if info := f.untilStatus(id, types.DeploymentStatusStopped); info.ErrorInformation.Code != types.ErrorCodeAlarmActive {
					t.Error(info.ErrorInformation.Code)
				}
				f.done()
			})
		})
	}
}

func TestStop(t *testing.T) {
	cases := []struct {
		name string
		auto *bool
		back bool
	}{{"as the group says", nil, true}, {"with rollback", aws.Bool(true), true}, {"without rollback", aws.Bool(false), false}}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				f := newFixture(t, d)
				id := f.deploy(spec())
				f.untilShare(10)
				in := &codedeploy.StopDeploymentInput{DeploymentId: &id, AutoRollbackEnabled: c.auto}
				out, err := f.StopDeployment(t.Context(), in)
				f.ok(err)
				if out.Status != types.StopStatusPending {
					t.Error(out.Status)
				}
				info := f.untilStatus(id, types.DeploymentStatusStopped)
				if info.ErrorInformation.Code != types.ErrorCodeManualStop {
					t.Error(info.ErrorInformation.Code)
				}
				if out, err = f.StopDeployment(t.Context(), in); err != nil || out.Status != types.StopStatusSucceeded {
					t.Errorf("stopped again: %v %v", out, err)
				}
				if c.back {
					back := f.untilRolledBack(id)
					_, err = f.StopDeployment(t.Context(), &codedeploy.StopDeploymentInput{DeploymentId: back.DeploymentId})
					var completed *types.DeploymentAlreadyCompletedException
					if !errors.As(err, &completed) {
						t.Error(err)
					}
					f.done()
					return
				}
				f.done()
				if now := f.lambda.now(); now.share("2") != 10 {
					t.Errorf("alias %+v", now)
				}
				// The alias is still weighted: the next deployment fails (CDG).
				next := f.untilStatus(f.deploy(spec()), types.DeploymentStatusFailed)
				if e := next.ErrorInformation; e.Code != types.ErrorCodeInvalidLambdaConfiguration ||
					*e.Message != "The Lambda function alias version does not match the current version in AppSpec file." {
					t.Errorf("%s %s", e.Code, *e.Message)
				}
				f.done()
			})
		})
	}
}

func TestForeignChangeOfTheAliasIsNotOverwritten(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		id := f.deploy(spec())
		f.untilShare(10)
		f.lambda.set("3", nil)
		f.clock.Advance(10 * time.Minute)
		info := f.untilStatus(id, types.DeploymentStatusFailed)
		if e := info.ErrorInformation; e.Code != types.ErrorCodeInvalidLambdaConfiguration || !strings.Contains(*e.Message, "points to version 3") {
			t.Errorf("%s %s", e.Code, *e.Message)
		}
		f.untilStatus(*info.RollbackInfo.RollbackDeploymentId, types.DeploymentStatusFailed)
		if now := f.lambda.now(); now.Version != "3" {
			t.Errorf("alias %+v", now)
		}
		f.done()
	})
}

func TestChangeBetweenReadAndWriteIsNoticed(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		first := true
		f.lambda.before = func(*lambda.UpdateAliasInput) {
			if first {
				first = false
				f.lambda.set("3", nil)
			}
		}
		info := f.untilStatus(f.deploy(spec()), types.DeploymentStatusFailed)
		if !strings.Contains(*info.ErrorInformation.Message, "points to version 3") || f.lambda.now().Version != "3" {
			t.Errorf("%s, alias %+v", *info.ErrorInformation.Message, f.lambda.now())
		}
		f.done()
	})
}
