package cloudformation

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
	"github.com/headgate/headgate/internal/durable"
	alarms "github.com/headgate/headgate/internal/service/cloudwatch"
	"github.com/headgate/headgate/internal/service/sfn/registry"
)

// workflows is the platform with Step Functions and CloudWatch themselves beside it, on a clock that
// the test advances.
type workflows struct {
	*platform
	states *registry.Registry
	alarms *alarms.Service
	clock  *clock.Fake
	s3     shelf
}

func startWorkflows(t *testing.T, d *db.DB, w *world, c *clock.Fake) *workflows {
	t.Helper()
	if c == nil {
		c = clock.NewFake(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	}
	f := &workflows{states: registry.New(registry.Deps{DB: d, Clock: c}), alarms: alarms.New(d, c, nil), clock: c, s3: shelf{}}
	e := durable.New(d, c, "node")
	peers := w.peers()
	peers.StepFunctions, peers.CloudWatch = &breakable{f.states, w}, f.alarms
	peers.S3 = struct {
		*fakeS3
		shelf
	}{&fakeS3{w: w}, f.s3}
	s := New(Deps{DB: d, Engine: e, Clock: c, Peers: peers})
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	f.platform = &platform{Service: s, t: t, db: d, engine: e, world: w, ctx: t.Context()}
	return f
}

// again is the platform after a kill.
func (f *workflows) again() *workflows {
	f.t.Helper()
	f.engine.Stop()
	g := startWorkflows(f.t, f.db, f.world, f.clock)
	for k, v := range f.s3 {
		g.s3[k] = v
	}
	return g
}

// routing is an alias's, as "3: 80, 4: 20".
func (f *workflows) routing(alias string) string {
	f.t.Helper()
	out, err := f.states.DescribeStateMachineAlias(f.ctx, &sfn.DescribeStateMachineAliasInput{StateMachineAliasArn: &alias})
	if err != nil {
		f.t.Fatal(err)
	}
	var parts []string
	for _, r := range out.RoutingConfiguration {
		v := *r.StateMachineVersionArn
		parts = append(parts, fmt.Sprintf("%s: %d", v[strings.LastIndexByte(v, ':')+1:], r.Weight))
	}
	return strings.Join(parts, ", ")
}

// routed waits until an alias is routed so.
func (f *workflows) routed(alias, want string) {
	f.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for f.routing(alias) != want {
		if time.Now().After(deadline) {
			f.t.Fatalf("alias routed %s, want %s\n%s", f.routing(alias), want, f.events("app"))
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// stays checks that an alias is still routed so after a while.
func (f *workflows) stays(alias, want string) {
	f.t.Helper()
	for range 20 {
		if got := f.routing(alias); got != want {
			f.t.Fatalf("alias routed %s, want %s", got, want)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (f *workflows) alarm(name string) {
	f.t.Helper()
	_, err := f.alarms.PutMetricAlarm(f.ctx, &cloudwatch.PutMetricAlarmInput{AlarmName: &name, Namespace: aws.String("n"), MetricName: aws.String("m"),
		Statistic: cwtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1),
		ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold})
	if err != nil {
		f.t.Fatal(err)
	}
	f.sound(name, "OK")
}

func (f *workflows) sound(name, state string) {
	f.t.Helper()
	_, err := f.alarms.SetAlarmState(f.ctx, &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateValue: cwtypes.StateValue(state), StateReason: aws.String("test")})
	if err != nil {
		f.t.Fatal(err)
	}
}

// machine is a stack of a state machine, its version and its alias. More are lines of the alias's preference.
func machine(word string, more ...string) string {
	return `
Resources:
  Flow:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: arn:aws:iam::000000000000:role/r
      Definition: {StartAt: Say, States: {Say: {Type: Pass, Result: "` + word + `", End: true}}}
  Version:
    Type: AWS::StepFunctions::StateMachineVersion
    UpdateReplacePolicy: Retain
    DeletionPolicy: Retain
    Properties: {StateMachineArn: !Ref Flow, StateMachineRevisionId: !GetAtt Flow.StateMachineRevisionId}
  Live:
    Type: AWS::StepFunctions::StateMachineAlias
    Properties:
      Name: live
      DeploymentPreference:
        StateMachineVersionArn: !Ref Version
        ` + strings.Join(more, "\n        ") + `
Outputs:
  Flow: {Value: !Ref Flow}
  Name: {Value: !GetAtt Flow.Name}
  Revision: {Value: !GetAtt Flow.StateMachineRevisionId}
  Version: {Value: !Ref Version}
  Alias: {Value: !Ref Live}
`
}

func (f *workflows) said(id string) string {
	f.t.Helper()
	out, err := f.states.DescribeStateMachine(f.ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &id})
	if err != nil {
		f.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(*out.Definition, `"Result": "`)
	word, _, _ := strings.Cut(rest, `"`)
	return word
}

func TestAStateMachineItsVersionAndItsAliasAreMadeChangedAndDeleted(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := startWorkflows(t, d, newWorld(), nil)
		f.create("app", machine("one", "Type: ALL_AT_ONCE"))
		out := outputs(f.settled("app", "CREATE_COMPLETE"))
		if !strings.HasPrefix(out["Name"], "Flow-") || len(out["Name"]) != len("Flow-")+12 || out["Flow"] != "arn:aws:states:us-east-1:000000000000:stateMachine:"+out["Name"] {
			t.Errorf("name %s of %s", out["Name"], out["Flow"])
		}
		if out["Revision"] != "INITIAL" || out["Version"] != out["Flow"]+":1" || out["Alias"] != out["Flow"]+":live" {
			t.Errorf("outputs %v", out)
		}
		f.routed(out["Alias"], "1: 100")

		f.update("app", machine("two", "Type: ALL_AT_ONCE"))
		now := outputs(f.settled("app", "UPDATE_COMPLETE"))
		if now["Flow"] != out["Flow"] || now["Revision"] == "INITIAL" || now["Version"] != out["Flow"]+":2" || f.said(now["Flow"]) != "two" {
			t.Errorf("outputs %v", now)
		}
		f.routed(out["Alias"], "2: 100")
		if f.said(out["Version"]) != "one" {
			t.Error("the first version has changed")
		}

		if _, err := f.DeleteStack(f.ctx, &cloudformation.DeleteStackInput{StackName: ptr("app")}); err != nil {
			t.Fatal(err)
		}
		f.settledAnyGone("app")
		if _, err := f.states.DescribeStateMachine(f.ctx, &sfn.DescribeStateMachineInput{StateMachineArn: ptr(out["Flow"])}); err == nil {
			t.Error("the state machine is still there")
		}
	})
}

func TestALinearShiftGoesStepByStepAndSurvivesKills(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := startWorkflows(t, d, newWorld(), nil)
		preference := []string{"Type: LINEAR", "Percentage: 30", "Interval: 5"}
		f.create("app", machine("one", preference...))
		alias := outputs(f.settled("app", "CREATE_COMPLETE"))["Alias"]
		f.routed(alias, "1: 100") // the first creation takes all traffic at once

		f.update("app", machine("two", preference...))
		f.routed(alias, "1: 70, 2: 30")
		f = f.again()
		f.clock.Advance(4 * time.Minute)
		f.stays(alias, "1: 70, 2: 30")
		f = f.again()
		f.clock.Advance(time.Minute)
		f.routed(alias, "2: 60, 1: 40")
		f.engine.Stop() // nothing runs for an hour
		f.clock.Advance(time.Hour)
		f = f.again()
		for range 20 { // one increment is due, or none if the kill came before the last one was noted; never all of them
			if got := f.routing(alias); got == "2: 100" {
				t.Fatal("an hour's increments at once")
			}
			time.Sleep(2 * time.Millisecond)
		}
		f.flow()
		f.settled("app", "UPDATE_COMPLETE")
		f.routed(alias, "2: 100")
		if n := strings.Count(f.events("app"), "Live UPDATE_COMPLETE"); n != 1 {
			t.Errorf("%d completions", n)
		}
	})
}

func TestACanaryShiftHasTwoSteps(t *testing.T) {
	f := startWorkflows(t, dbtest.Open(t, dbtest.SQLite(t)), newWorld(), nil)
	preference := []string{"Type: CANARY", "Percentage: 5", "Interval: 10"}
	f.create("app", machine("one", preference...))
	alias := outputs(f.settled("app", "CREATE_COMPLETE"))["Alias"]
	f.update("app", machine("two", preference...))
	f.routed(alias, "1: 95, 2: 5")
	f.clock.Advance(10 * time.Minute)
	f.routed(alias, "2: 100")
	f.settled("app", "UPDATE_COMPLETE")
}

func TestAnAlarmEndsAShiftAtOnceAndTheStackGoesBack(t *testing.T) {
	preference := []string{"Type: LINEAR", "Percentage: 10", "Interval: 30", "Alarms: [errors, absent]"}
	for name, sound := range map[string]func(f *workflows){
		"goes off":                func(f *workflows) { f.sound("errors", "ALARM") },
		"goes off and calms down": func(f *workflows) { f.sound("errors", "ALARM"); f.sound("errors", "OK") },
		"goes off while nothing runs ": func(f *workflows) {
			f.engine.Stop()
			f.sound("errors", "ALARM")
			f.sound("errors", "OK")
			*f = *f.again()
		},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				f := startWorkflows(t, d, newWorld(), nil)
				f.alarm("errors")
				f.create("app", machine("one", preference...))
				out := outputs(f.settled("app", "CREATE_COMPLETE"))
				f.update("app", machine("two", preference...))
				f.routed(out["Alias"], "1: 90, 2: 10")
				f.clock.Advance(time.Minute)
				sound(f)
				f.settled("app", "UPDATE_ROLLBACK_COMPLETE") // the clock stands still: only the notice can have told
				f.routed(out["Alias"], "1: 100")
				want := "Live UPDATE_FAILED Aborting deployment. The following CloudWatch alarms are in an 'ALARM' state: [errors]."
				if ev := f.events("app"); !strings.Contains(ev, want) {
					t.Errorf("no %q in\n%s", want, ev)
				}
				if said := f.said(out["Flow"]); said != "one" {
					t.Errorf("the state machine says %s", said)
				}

				f.sound("errors", "OK")
				f.clock.Advance(time.Minute)
				f.update("app", machine("three", preference...)) // what went off before this shift is past
				f.routed(out["Alias"], "1: 90, 3: 10")
			})
		})
	}
}

func TestAnAlarmThatIsOnAlreadyForbidsAShift(t *testing.T) {
	f := startWorkflows(t, dbtest.Open(t, dbtest.SQLite(t)), newWorld(), nil)
	f.alarm("errors")
	f.sound("errors", "ALARM")
	preference := []string{"Type: CANARY", "Percentage: 10", "Interval: 30", "Alarms: [errors]"}
	f.create("app", machine("one", preference...))
	alias := outputs(f.settled("app", "CREATE_COMPLETE"))["Alias"]
	f.update("app", machine("two", preference...))
	f.settled("app", "UPDATE_ROLLBACK_COMPLETE")
	f.routed(alias, "1: 100")
}

func TestCancelUpdateEndsAShiftWithTheOldRouting(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := startWorkflows(t, d, newWorld(), nil)
		preference := []string{"Type: LINEAR", "Percentage: 40", "Interval: 30"}
		f.create("app", machine("one", preference...))
		alias := outputs(f.settled("app", "CREATE_COMPLETE"))["Alias"]
		f.update("app", machine("two", preference...))
		f.routed(alias, "1: 60, 2: 40")
		if _, err := f.CancelUpdateStack(f.ctx, &cloudformation.CancelUpdateStackInput{StackName: ptr("app")}); err != nil {
			t.Fatal(err)
		}
		f.settled("app", "UPDATE_ROLLBACK_COMPLETE") // the clock stands still
		f.routed(alias, "1: 100")
		if ev := f.events("app"); !strings.Contains(ev, "Live UPDATE_FAILED Resource update cancelled") {
			t.Error(ev)
		}
	})
}

func TestAnAliasThatSomebodyElseMovesEndsItsShift(t *testing.T) {
	f := startWorkflows(t, dbtest.Open(t, dbtest.SQLite(t)), newWorld(), nil)
	preference := []string{"Type: LINEAR", "Percentage: 40", "Interval: 30"}
	f.create("app", machine("one", preference...))
	out := outputs(f.settled("app", "CREATE_COMPLETE"))
	f.update("app", machine("two", preference...))
	f.routed(out["Alias"], "1: 60, 2: 40")
	_, err := f.states.UpdateStateMachineAlias(f.ctx, &sfn.UpdateStateMachineAliasInput{StateMachineAliasArn: ptr(out["Alias"]),
		RoutingConfiguration: []sfntypes.RoutingConfigurationListItem{{StateMachineVersionArn: ptr(out["Flow"] + ":2"), Weight: 100}}})
	if err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(2 * time.Minute)
	f.settled("app", "UPDATE_ROLLBACK_COMPLETE")
	if ev := f.events("app"); !strings.Contains(ev, "Live UPDATE_FAILED Failed to continue deployment of type 'LINEAR', drift detected.") {
		t.Error(ev)
	}
	f.routed(out["Alias"], "1: 100")
}
