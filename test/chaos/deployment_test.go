package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/google/go-cmp/cmp"
)

// ending is how a deployment ends.
type ending struct {
	status types.DeploymentStatus
	code   types.ErrorCode
	events []string
}

var (
	shipped = ending{types.DeploymentStatusSucceeded, "", []string{"BeforeAllowTraffic Succeeded", "AllowTraffic Succeeded", "AfterAllowTraffic Succeeded"}}
	alarmed = ending{types.DeploymentStatusStopped, types.ErrorCodeAlarmActive, []string{"BeforeAllowTraffic Succeeded", "AllowTraffic Failed", "AfterAllowTraffic Skipped"}}
	stopped = ending{types.DeploymentStatusStopped, types.ErrorCodeManualStop, []string{"BeforeAllowTraffic Succeeded", "AllowTraffic Failed", "AfterAllowTraffic Skipped"}}
	refused = ending{types.DeploymentStatusFailed, types.ErrorCodeHookExecutionFailure, []string{"BeforeAllowTraffic Succeeded", "AllowTraffic Succeeded", "AfterAllowTraffic Failed"}}
)

// A moment is when the server is killed: reach returns there, and the kill comes up to jitter later.
type moment struct {
	name   string
	config string
	after  string // the hook AfterAllowTraffic
	reach  func(d *deployment)
	jitter time.Duration
	end    ending
}

const shift = time.Minute / deploymentRate // between two shifts, in real time

// deploymentRate is fast enough for a test and slow enough that a hook, which has an hour of the platform's, is not
// out of time when it runs again on a busy machine.
const deploymentRate = 120

var moments = []moment{
	{"Created", quick, "hook", func(*deployment) {}, 10 * time.Millisecond, shipped},
	{"BeforeAllowTraffic", quick, "hook", func(d *deployment) { d.shows("BeforeAllowTraffic InProgress") }, 300 * time.Millisecond, shipped},
	{"AllowTrafficBeforeTheFirstShift", quick, "hook", func(d *deployment) { d.shows("AllowTraffic InProgress") }, 3 * time.Millisecond, shipped},
	{"AllowTrafficAfterTheFirstShift", quick, "hook", func(d *deployment) { d.untilShare(25) }, shift / 2, shipped},
	{"AllowTrafficBetweenShifts", quick, "hook", func(d *deployment) { d.untilShare(50) }, shift, shipped},
	{"AfterAllowTraffic", quick, "hook", func(d *deployment) { d.shows("AfterAllowTraffic InProgress") }, 300 * time.Millisecond, shipped},
	{"Alarm", slow, "hook", func(d *deployment) { d.untilShare(20); d.alarm() }, 15 * time.Millisecond, alarmed},
	{"RollbackAfterAnAlarm", slow, "hook", func(d *deployment) { d.untilShare(20); d.alarm(); d.untilEnding() }, 3 * time.Millisecond, alarmed},
	{"StopDeployment", slow, "hook", func(d *deployment) { d.untilShare(20); d.stop() }, 15 * time.Millisecond, stopped},
	{"RollbackAfterStopDeployment", slow, "hook", func(d *deployment) { d.untilShare(20); d.stop(); d.untilEnding() }, 3 * time.Millisecond, stopped},
	{"FailingHook", quick, "unwell", func(d *deployment) { d.shows("AfterAllowTraffic InProgress") }, 400 * time.Millisecond, refused},
	{"RollbackAfterAFailingHook", quick, "unwell", func(d *deployment) { d.untilEnding() }, 3 * time.Millisecond, refused},
	{"AnyTime", quick, "hook", func(*deployment) {}, 5 * shift, shipped},
}

// TestDeploymentSurvivesAKill kills the server once or twice in every state of a deployment.
func TestDeploymentSurvivesAKill(t *testing.T) {
	onEachStore(t, func(t *testing.T, store func(t *testing.T) string, luck *rand.Rand) {
		chosen := luck.Perm(len(moments))
		if few := len(moments) / 3; testing.Short() || strings.Contains(t.Name(), "/postgres") && number(t, envRounds, 1) == 1 {
			chosen = chosen[:few] // what is in memory only is lost alike on both stores
		}
		for _, i := range chosen {
			m := moments[i]
			t.Run(m.name, func(t *testing.T) {
				t.Parallel()
				luck := chance(t)
				p := newPlatform(t, store(t), deploymentRate, luck)
				p.application(200 * time.Millisecond)
				d := p.deploy(m.config, "1", "2", "hook", m.after)
				f := d.follow()
				m.reach(d)
				time.Sleep(upTo(luck, m.jitter))
				p.restart(luck)
				d.ends(m.end)
				if err := f.check(m.end.status != types.DeploymentStatusSucceeded); err != nil {
					t.Error(err)
				}
				d.another(m.end)
			})
		}
	})
}

func (d *deployment) alarm() {
	d.p.t.Helper()
	_, err := d.p.cloudwatch.SetAlarmState(d.p.t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("errors"),
		StateValue: cwtypes.StateValueAlarm, StateReason: aws.String("chaos")})
	must(d.p.t, 0, err)
}

func (d *deployment) stop() {
	d.p.t.Helper()
	_, err := d.p.codedeploy.StopDeployment(d.p.t.Context(), &codedeploy.StopDeploymentInput{DeploymentId: &d.id})
	must(d.p.t, 0, err)
}

// untilEnding returns as soon as the deployment has failed or stopped: its rollback has just begun.
func (d *deployment) untilEnding() {
	d.p.t.Helper()
	d.p.patiently("the deployment ends", time.Millisecond, func(ctx context.Context) (bool, error) {
		i, err := d.info(ctx, d.id)
		return i.Status == types.DeploymentStatusStopped || i.Status == types.DeploymentStatusFailed, err
	})
}

// ends waits for the end of the deployment, and of its rollback if one is due, and compares all that is to be seen.
func (d *deployment) ends(want ending) {
	t := d.p.t
	t.Helper()
	var info types.DeploymentInfo
	d.p.until("the deployment is over", func(ctx context.Context) (ok bool, err error) {
		info, err = d.info(ctx, d.id)
		return info.CompleteTime != nil, err
	})
	var code types.ErrorCode
	if info.ErrorInformation != nil {
		code = info.ErrorInformation.Code
	}
	if info.Status != want.status || code != want.code {
		t.Errorf("the deployment ended %s %s (%s), want %s %s", info.Status, code, aws.ToString(info.ErrorInformation.Message), want.status, want.code)
	}
	events, err := d.events(t.Context(), d.id)
	if diff := cmp.Diff(want.events, must(t, events, err)); diff != "" {
		t.Errorf("lifecycle events: %s", diff)
	}
	all := []string{d.id}
	share := 100
	if want.status != types.DeploymentStatusSucceeded {
		share = 0
		if info.RollbackInfo == nil || info.RollbackInfo.RollbackDeploymentId == nil {
			t.Fatalf("no rollback is recorded: %+v", info.RollbackInfo)
		}
		all = append(all, *info.RollbackInfo.RollbackDeploymentId)
		d.rolledBack(all[1])
	}
	list, err := d.p.codedeploy.ListDeployments(t.Context(), &codedeploy.ListDeploymentsInput{ApplicationName: aws.String("chaos"), DeploymentGroupName: aws.String("app")})
	if must(t, list, err); !sameSet(list.Deployments, all) {
		t.Errorf("deployments %v, want %v", list.Deployments, all)
	}
	if got, err := d.share(t.Context()); err != nil || got != share {
		t.Errorf("version %s has %d %% of the traffic at the end (%v), want %d", d.to, got, err, share)
	}
}

func (d *deployment) rolledBack(id string) {
	t := d.p.t
	t.Helper()
	var back types.DeploymentInfo
	d.p.until("the rollback is over", func(ctx context.Context) (ok bool, err error) {
		back, err = d.info(ctx, id)
		return back.CompleteTime != nil, err
	})
	if back.Status != types.DeploymentStatusSucceeded || back.Creator != types.DeploymentCreatorCodeDeployRollback ||
		aws.ToString(back.RollbackInfo.RollbackTriggeringDeploymentId) != d.id {
		t.Errorf("rollback %s: %s by %s, of %s", id, back.Status, back.Creator, aws.ToString(back.RollbackInfo.RollbackTriggeringDeploymentId))
	}
	events, err := d.events(t.Context(), id)
	if diff := cmp.Diff(shipped.events, must(t, events, err)); diff != "" {
		t.Errorf("lifecycle events of the rollback: %s", diff)
	}
}

// another shows that the group is free again and the alias where the deployment left it.
func (d *deployment) another(was ending) {
	t := d.p.t
	t.Helper()
	from, to := d.from, d.to
	if was.status == types.DeploymentStatusSucceeded {
		from, to = to, from
	}
	_, err := d.p.cloudwatch.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("errors"), StateValue: cwtypes.StateValueOk, StateReason: aws.String("chaos")})
	must(t, 0, err)
	next := d.p.deploy("CodeDeployDefault.LambdaAllAtOnce", from, to, "", "")
	d.p.until("the next deployment is over", func(ctx context.Context) (bool, error) {
		i, err := next.info(ctx, next.id)
		if i.CompleteTime != nil && i.Status != types.DeploymentStatusSucceeded {
			return true, fmt.Errorf("it ended %s: %s", i.Status, aws.ToString(i.ErrorInformation.Message))
		}
		return i.CompleteTime != nil, err
	})
	if share, err := next.share(t.Context()); err != nil || share != 100 {
		t.Errorf("version %s has %d %% (%v) after the next deployment", to, share, err)
	}
}

func sameSet(a, b []string) bool {
	count := map[string]int{}
	for _, s := range a {
		count[s]++
	}
	for _, s := range b {
		count[s]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}
