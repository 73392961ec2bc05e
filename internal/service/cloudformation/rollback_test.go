package cloudformation

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

func TestAFailedDeploymentRollsTheStackBackWithoutASecondOne(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		p := start(t, d, newWorld())
		p.create("app", first(gradually("one")), second(gradually("one")))
		p.settled("app", "CREATE_COMPLETE")
		before := p.world.snapshot()
		p.world.failing = true
		p.update("app", first(gradually("two")), second(gradually("two")))
		st := p.settled("app", "UPDATE_ROLLBACK_COMPLETE")

		ev := p.events("app")
		for _, want := range []string{
			"Live UPDATE_FAILED d-000000001 failed. One or more alarms have been activated",
			"app UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to update: [Live].",
			"app UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
		} {
			if !strings.Contains(ev, want) {
				t.Errorf("no event %q in\n%s", want, ev)
			}
		}
		if n := p.world.count("CreateDeployment "); n != 1 {
			t.Errorf("%d deployments, want 1", n)
		}
		if n := p.world.count("UpdateAlias"); n != 0 {
			t.Errorf("the alias was set %d times although CodeDeploy had restored it", n)
		}
		fn := p.world.functions[p.physical("app", "Fn")]
		if a := fn.aliases["live"]; a.version != "1" || len(a.weights) != 0 {
			t.Errorf("alias at %+v", a)
		}
		fn.versions = fn.versions[:1] // the new version stays, as on AWS
		if after := p.world.snapshot(); after != before {
			t.Errorf("before:\n%s\nafter:\n%s", before, after)
		}
		if v := outputs(st)["Version"]; v != "1" {
			t.Errorf("output Version %q", v)
		}
		for _, x := range st.Parameters {
			if *x.ParameterKey == "Code" && *x.ParameterValue != "one" {
				t.Errorf("parameter Code is %s after the rollback", *x.ParameterValue)
			}
		}

		p.world.failing = false // the next one goes well
		p.update("app", first(gradually("three")), second(gradually("three")))
		p.settled("app", "UPDATE_COMPLETE")
	})
}

func TestAVersionThatARollbackLeftBehindIsTakenOverByTheNextAttempt(t *testing.T) {
	w := newWorld()
	p := start(t, dbtest.Open(t, dbtest.SQLite(t)), w)
	p.create("app", first(gradually("one")), second(gradually("one")))
	p.settled("app", "CREATE_COMPLETE")
	w.failing = true
	p.update("app", first(gradually("two")), second(gradually("two")))
	p.settled("app", "UPDATE_ROLLBACK_COMPLETE")
	w.failing = false
	p.update("app", first(gradually("two")), second(gradually("two")))
	if v := outputs(p.settled("app", "UPDATE_COMPLETE"))["Version"]; v != "2" {
		t.Errorf("version %s", v)
	}
}

func TestWhateverResourceFailsTheStackIsAsItWasBefore(t *testing.T) {
	template := `
Parameters: {V: {Type: String}}
Resources:
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {V: !Ref V}}}
  Fn:
    Type: AWS::Lambda::Function
    Properties: {Role: !GetAtt Role.Arn, Handler: index.handler, Runtime: python3.12, Code: {ZipFile: !Ref V}, Environment: {Variables: {V: !Ref V}}}
  Version%V%: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Fn, Description: !Ref V}}
  Live: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref Fn, Name: live, FunctionVersion: !GetAtt Version%V%.Version}}
  Permission: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !Ref Live, Action: !Ref V, Principal: '*'}}
  Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Sub '/aws/${V}', RetentionInDays: 7}}
  Alarm: {Type: AWS::CloudWatch::Alarm, Properties: {ComparisonOperator: X, EvaluationPeriods: 1, AlarmDescription: !Ref V, Threshold: 1}}
  App%V%: {Type: AWS::CodeDeploy::Application, DependsOn: [Alarm, Permission]}
`
	in := func(v string) string { return strings.ReplaceAll(template, "%V%", v) }
	for _, call := range []string{"UpdateAssumeRolePolicy", "UpdateFunctionCode", "UpdateFunctionConfiguration", "PublishVersion",
		"UpdateAlias", "AddPermission", "CreateLogGroup", "PutMetricAlarm", "CreateApplication"} {
		t.Run(call, func(t *testing.T) {
			w := newWorld()
			p := start(t, dbtest.Open(t, dbtest.SQLite(t)), w)
			p.create("s", in("one"), "V=one")
			p.settled("s", "CREATE_COMPLETE")
			before, had := w.snapshot(), p.resources("s")
			w.mu.Lock()
			w.refuse[call] = fault("InvalidParameterValueException", "refused by the test")
			w.mu.Unlock()
			p.update("s", in("two"), "V=two")
			for range 200 { // the refusal ends with the way forward, so that the way back is free
				if strings.Contains(p.events("s"), "ROLLBACK_IN_PROGRESS") {
					break
				}
				time.Sleep(5 * time.Millisecond)
			}
			w.mu.Lock()
			clear(w.refuse)
			w.mu.Unlock()
			p.settledAny("s", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED")
			if st := p.describe("s"); st == "UPDATE_ROLLBACK_FAILED" { // the way back met the refusal first
				if _, err := p.ContinueUpdateRollback(p.ctx, &cloudformation.ContinueUpdateRollbackInput{StackName: ptr("s")}); err != nil {
					t.Fatal(err)
				}
				p.settled("s", "UPDATE_ROLLBACK_COMPLETE")
			}
			if after := w.snapshot(); after != before {
				t.Errorf("before:\n%s\nafter:\n%s\n%s", before, after, p.events("s"))
			}
			if now := p.resources("s"); now != had {
				t.Errorf("resources before:\n%s\nafter:\n%s", had, now)
			}
			if ev := p.events("s"); !strings.Contains(ev, `_FAILED Resource handler returned message: "refused by the test"`) {
				t.Error(ev)
			}
		})
	}
}

// resources lists a stack's resources with their physical ids.
func (p *platform) resources(stack string) string {
	p.t.Helper()
	out, err := p.ListStackResources(p.ctx, &cloudformation.ListStackResourcesInput{StackName: &stack})
	if err != nil {
		p.t.Fatal(err)
	}
	var lines []string
	for _, r := range out.StackResourceSummaries {
		lines = append(lines, *r.LogicalResourceId+" "+aws.ToString(r.PhysicalResourceId))
	}
	return strings.Join(lines, "\n")
}

func (p *platform) describe(stack string) string {
	p.t.Helper()
	out, err := p.DescribeStacks(p.ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	if err != nil {
		p.t.Fatal(err)
	}
	return string(out.Stacks[0].StackStatus)
}

func (p *platform) settledAny(stack string, want ...string) {
	p.t.Helper()
	for range 4000 {
		s := p.describe(stack)
		for _, w := range want {
			if s == w {
				return
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	p.t.Fatalf("stack is %s\n%s", p.describe(stack), p.events(stack))
}

func TestAFailedCreationDeletesWhatItMade(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld()
		p := start(t, d, w)
		w.refuse["CreateAlias"] = fault("InvalidParameterValueException", "no")
		p.create("app", first(gradually("one")), second(gradually("one")))
		st := p.settled("app", "ROLLBACK_COMPLETE")
		if left := w.snapshot(); left != "" {
			t.Errorf("left behind:\n%s", left)
		}
		if ev := p.events("app"); !strings.Contains(ev, "app ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Live]. Rollback requested by user.") {
			t.Error(ev)
		}
		_, err := p.UpdateStack(p.ctx, &cloudformation.UpdateStackInput{StackName: ptr("app"), TemplateBody: ptr(`Resources: {H: {Type: "AWS::CloudFormation::WaitConditionHandle"}}`)})
		if want := "Stack:" + *st.StackId + " is in ROLLBACK_COMPLETE state and can not be updated."; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	})
}

func TestDisabledRollbackLeavesWhatWasMadeAndCanBeTakenBack(t *testing.T) {
	w := newWorld()
	p := start(t, dbtest.Open(t, dbtest.SQLite(t)), w)
	one := `Resources: {A: {Type: "AWS::Logs::LogGroup", Properties: {RetentionInDays: 1}}}`
	two := `Resources: {A: {Type: "AWS::Logs::LogGroup", Properties: {RetentionInDays: 7}}, B: {Type: "AWS::CodeDeploy::Application", DependsOn: A}, C: {Type: "AWS::S3::Bucket", DependsOn: B}}`
	p.create("s", one)
	p.settled("s", "CREATE_COMPLETE")
	before := w.snapshot()
	w.refuse["CreateBucket"] = fault("InvalidBucketName", "no")
	if _, err := p.UpdateStack(p.ctx, &cloudformation.UpdateStackInput{StackName: ptr("s"), TemplateBody: &two, DisableRollback: ptr(true)}); err != nil {
		t.Fatal(err)
	}
	p.settled("s", "UPDATE_FAILED")
	if w.snapshot() == before {
		t.Error("nothing of the update was left")
	}
	if _, err := p.RollbackStack(p.ctx, &cloudformation.RollbackStackInput{StackName: ptr("s")}); err != nil {
		t.Fatal(err)
	}
	p.settled("s", "UPDATE_ROLLBACK_COMPLETE")
	if after := w.snapshot(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

func TestCancelUpdateStopsTheDeploymentAndGoesBack(t *testing.T) {
	w := newWorld()
	p := start(t, dbtest.Open(t, dbtest.SQLite(t)), w)
	p.create("app", first(gradually("one")), second(gradually("one")))
	p.settled("app", "CREATE_COMPLETE")
	w.mu.Lock()
	w.holding = true
	w.mu.Unlock()
	p.update("app", first(gradually("two")), second(gradually("two")))
	for w.count("GetDeployment d-") < 2 {
		time.Sleep(time.Millisecond)
	}
	if _, err := p.CancelUpdateStack(p.ctx, &cloudformation.CancelUpdateStackInput{StackName: ptr("app")}); err != nil {
		t.Fatal(err)
	}
	p.settled("app", "UPDATE_ROLLBACK_COMPLETE")
	ev := p.events("app")
	for _, want := range []string{"Live UPDATE_FAILED Resource update cancelled", "app UPDATE_ROLLBACK_IN_PROGRESS User Initiated"} {
		if !strings.Contains(ev, want) {
			t.Errorf("no %q in\n%s", want, ev)
		}
	}
	if a := w.functions[p.physical("app", "Fn")].aliases["live"]; a.version != "1" || len(a.weights) != 0 {
		t.Errorf("alias at %+v", a)
	}
}

func TestADeploymentThatIsUnderWayAlreadyIsAConflict(t *testing.T) {
	w := newWorld()
	p := start(t, dbtest.Open(t, dbtest.SQLite(t)), w)
	p.create("app", first(gradually("one")), second(gradually("one")))
	p.settled("app", "CREATE_COMPLETE")
	other := &deployment{id: "d-OTHER", group: p.physical("app", "Group"), status: "InProgress"}
	w.mu.Lock()
	w.deployments[other.id] = other
	w.mu.Unlock()
	p.update("app", first(gradually("two")), second(gradually("two")))
	p.settled("app", "UPDATE_ROLLBACK_COMPLETE")
	if ev := p.events("app"); !strings.Contains(ev, "Live UPDATE_FAILED A conflicting deployment is in progress") {
		t.Error(ev)
	}
}

func TestAnAliasWhoseWeightsWereLeftIsSetBackByTheRollback(t *testing.T) {
	w := newWorld()
	p := start(t, dbtest.Open(t, dbtest.SQLite(t)), w)
	p.create("app", first(gradually("one")), second(gradually("one")))
	p.settled("app", "CREATE_COMPLETE")
	a := w.functions[p.physical("app", "Fn")].aliases["live"]
	w.refuse["CreateDeployment"] = fault("InvalidRevisionException", "no")
	w.mu.Lock()
	a.weights = map[string]float64{"2": 0.1}
	w.mu.Unlock()
	p.update("app", first(gradually("two")), second(gradually("two")))
	p.settled("app", "UPDATE_ROLLBACK_COMPLETE")
	if a.version != "1" || len(a.weights) != 0 {
		t.Errorf("alias at %+v", a)
	}
}

func TestARollbackThatFailedIsContinued(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		for _, skip := range [][]string{nil, {"Logs"}} {
			w := newWorld()
			p := start(t, d, w)
			name := "s" + strings.Join(skip, "")
			one := `Resources: {App: {Type: AWS::CodeDeploy::Application, Properties: {ComputePlatform: Lambda}}, Logs: {Type: AWS::Logs::LogGroup}}`
			two := `Resources: {App: {Type: AWS::CodeDeploy::Application, Properties: {ComputePlatform: Server}}, Logs: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: 7}},
				Made: {Type: AWS::Logs::LogGroup}, Fails: {Type: AWS::S3::Bucket, DependsOn: [App, Logs, Made]}}`
			p.create(name, one)
			p.settled(name, "CREATE_COMPLETE")
			before, had := w.snapshot(), p.resources(name)
			w.mu.Lock()
			w.refuse["CreateBucket"] = fault("InvalidBucketName", "no")
			w.refuse["DeleteRetentionPolicy"] = fault("AccessDeniedException", "not now") // called on the way back only
			w.mu.Unlock()
			p.update(name, two)
			p.settled(name, "UPDATE_ROLLBACK_FAILED")
			if _, err := p.UpdateStack(p.ctx, &cloudformation.UpdateStackInput{StackName: &name, TemplateBody: &two}); err == nil {
				t.Error("updated in spite of its state")
			}
			if skip == nil {
				w.mu.Lock()
				clear(w.refuse)
				w.mu.Unlock()
			} else {
				before = strings.Replace(before, " 0", " 7", 1) // what is skipped stays as it is
			}
			if _, err := p.ContinueUpdateRollback(p.ctx, &cloudformation.ContinueUpdateRollbackInput{StackName: &name, ResourcesToSkip: skip}); err != nil {
				t.Fatal(err)
			}
			p.settled(name, "UPDATE_ROLLBACK_COMPLETE")
			if after := w.snapshot(); after != before {
				t.Errorf("skip %v, before:\n%s\nafter:\n%s\n%s", skip, before, after, p.events(name))
			}
			if now := p.resources(name); now != had {
				t.Errorf("resources before:\n%s\nafter:\n%s", had, now)
			}
			p.engine.Stop()
		}
	})
}
