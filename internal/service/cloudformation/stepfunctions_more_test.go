package cloudformation

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
	"github.com/headgate/headgate/internal/service/cloudformation/resource"
)

// flow lets platform time pass, about a minute in ten milliseconds, until the test ends or stop is called.
func (f *workflows) flow() (stop func()) {
	ctx, cancel := context.WithCancel(f.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			f.clock.Advance(6 * time.Second)
			time.Sleep(time.Millisecond)
		}
	}()
	stop = func() { cancel(); <-done }
	f.t.Cleanup(stop)
	return stop
}

func (f *workflows) describe(id string) *sfn.DescribeStateMachineOutput {
	f.t.Helper()
	out, err := f.states.DescribeStateMachine(f.ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &id})
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

const asl = `{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": ${wait}, "Next": "B"}, "B": {"Type": "Pass", "Result": "${word} ${other}", "End": true}}}`

func TestADefinitionComesFromWhereverTheTemplateSays(t *testing.T) {
	want := `"Seconds":5,"Next":"B"},"B":{"Type":"Pass","Result":"hello${name} ${other}"`
	for name, c := range map[string]struct{ properties, object, want string }{
		"a string":                    {`DefinitionString: '` + asl + `'`, "", want},
		"an object":                   {`Definition: {StartAt: A, States: {A: {Type: Pass, Result: "${word} ${other} <&>", End: true}}}`, "", `"Result":"hello${name} ${other} <&>"`},
		"numbers of an object":        {`Definition: {StartAt: A, States: {A: {Type: Wait, Seconds: 300, Next: B}, B: {Type: Pass, Result: {a: true, b: 1.5, c: [x, 7]}, End: true}}}`, "", `"Result":{"a":true,"b":1.5,"c":["x",7]}`},
		"JSON in a bucket":            {`DefinitionS3Location: {Bucket: b, Key: k}`, asl, want},
		"YAML in a bucket":            {`DefinitionS3Location: {Bucket: b, Key: k, Version: v1}`, "StartAt: A\nStates:\n  A: {Type: Pass, Result: '${word}', End: true}\n", `"Result":"hello${name}"`},
		"values that name others":     {"DefinitionString: '" + strings.ReplaceAll(asl, "${word}", "${outer}") + "'", "", strings.ReplaceAll(want, "hello${name}", "[hello${name}]")},
		"a bucket without it":         {`DefinitionS3Location: {Bucket: b, Key: nothing}`, "", "The specified key does not exist."},
		"a text that is neither":      {`DefinitionS3Location: {Bucket: b, Key: k}`, "[", "Invalid StateMachine definition file."},
		"nothing":                     {`StateMachineType: STANDARD`, "", "Required key [DefinitionS3Location], [Definition] or [DefinitionString] not found."},
		"two at once":                 {"DefinitionString: x\n      Definition: {a: b}", "", "Please use either [DefinitionS3Location], [Definition] or [DefinitionString] but not both."},
		"what Step Functions forbids": {`DefinitionString: '{"StartAt": "A"}'`, "", "HandlerErrorCode: InvalidRequest"},
	} {
		t.Run(name, func(t *testing.T) {
			f := startWorkflows(t, dbtest.Open(t, dbtest.SQLite(t)), newWorld(), nil)
			f.s3["b/k"], f.s3["b/k@v1"] = c.object, c.object
			template := `
Parameters: {Word: {Type: String}}
Resources:
  Flow:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: arn:aws:iam::000000000000:role/r
      DefinitionSubstitutions: {word: !Ref Word, wait: 5, outer: '[${word}]'}
      ` + c.properties + `
Outputs: {Flow: {Value: !Ref Flow}}`
			in := &cloudformation.CreateStackInput{StackName: ptr("s"), TemplateBody: &template, Parameters: params([]string{"Word=hello${name}"})}
			if _, err := f.CreateStack(f.ctx, in); err != nil {
				if !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, want %s", err, c.want)
				}
				return
			}
			if !strings.HasPrefix(c.want, `"`) {
				f.settled("s", "ROLLBACK_COMPLETE")
				if ev := f.events("s"); !strings.Contains(ev, c.want) {
					t.Errorf("no %q in\n%s", c.want, ev)
				}
				return
			}
			id := outputs(f.settled("s", "CREATE_COMPLETE"))["Flow"]
			var squeezed strings.Builder
			quoted := false
			for _, r := range *f.describe(id).Definition {
				if r == '"' {
					quoted = !quoted
				}
				if quoted || !strings.ContainsRune(" \n", r) {
					squeezed.WriteRune(r)
				}
			}
			if !strings.Contains(squeezed.String(), c.want) {
				t.Errorf("%s, want %s in it", squeezed.String(), c.want)
			}
		})
	}
}

func TestAStateMachineIsReplacedForItsNameAndItsType(t *testing.T) {
	f := startWorkflows(t, dbtest.Open(t, dbtest.SQLite(t)), newWorld(), nil)
	template := func(more string) string {
		return `
Resources:
  Flow:
    Type: AWS::StepFunctions::StateMachine
    Properties: {RoleArn: "arn:aws:iam::000000000000:role/r", DefinitionString: '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'` + more + `}
Outputs: {Flow: {Value: !Ref Flow}}`
	}
	f.create("s", template(", StateMachineName: one"))
	one := outputs(f.settled("s", "CREATE_COMPLETE"))["Flow"]
	f.update("s", template(", StateMachineName: two, Tags: [{Key: k, Value: v}], TracingConfiguration: {Enabled: true}"))
	two := outputs(f.settled("s", "UPDATE_COMPLETE"))["Flow"]
	if !strings.HasSuffix(one, ":one") || !strings.HasSuffix(two, ":two") {
		t.Errorf("%s, then %s", one, two)
	}
	if _, err := f.states.DescribeStateMachine(f.ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &one}); err == nil {
		t.Error("the first one is still there")
	}
	tags, err := f.states.ListTagsForResource(f.ctx, &sfn.ListTagsForResourceInput{ResourceArn: &two})
	if err != nil || len(tags.Tags) != 1 || !f.describe(two).TracingConfiguration.Enabled {
		t.Errorf("tags %v %v, tracing %v", tags, err, f.describe(two).TracingConfiguration)
	}
	revision := f.describe(two).RevisionId
	f.update("s", template(", StateMachineName: two, Tags: [{Key: other, Value: v}], TracingConfiguration: {Enabled: true}"))
	f.settled("s", "UPDATE_COMPLETE")
	tags, _ = f.states.ListTagsForResource(f.ctx, &sfn.ListTagsForResourceInput{ResourceArn: &two})
	if len(tags.Tags) != 1 || *tags.Tags[0].Key != "other" || fmt.Sprint(f.describe(two).RevisionId) != fmt.Sprint(revision) {
		t.Errorf("tags %v, revision changed %v", tags.Tags, f.describe(two).RevisionId)
	}
	f.update("s", template(", StateMachineName: two"))
	f.settled("s", "UPDATE_COMPLETE")
	if f.describe(two).TracingConfiguration.Enabled {
		t.Error("what the template does not say any more has stayed")
	}
	f.update("s", template(", StateMachineName: two, StateMachineType: EXPRESS"))
	f.settled("s", "UPDATE_ROLLBACK_COMPLETE")
	if ev := f.events("s"); !strings.Contains(ev, "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename two and update the stack again.") {
		t.Error(ev)
	}
	f.create("other", template(", StateMachineName: two"))
	f.settled("other", "ROLLBACK_COMPLETE")
	if ev := f.events("other"); !strings.Contains(ev, "two already exists") {
		t.Error(ev)
	}
	f.describe(two)
}

func TestWhatAnAliasAndAnActivityTake(t *testing.T) {
	f := startWorkflows(t, dbtest.Open(t, dbtest.SQLite(t)), newWorld(), nil)
	f.create("a", `
Resources: {Work: {Type: AWS::StepFunctions::Activity, Properties: {Name: work, Tags: [{Key: k, Value: v}]}}}
Outputs: {Arn: {Value: !GetAtt Work.Arn}, Ref: {Value: !Ref Work}, Name: {Value: !GetAtt Work.Name}}`)
	out := outputs(f.settled("a", "CREATE_COMPLETE"))
	if out["Name"] != "work" || out["Arn"] != out["Ref"] || !strings.HasSuffix(out["Arn"], ":activity:work") {
		t.Errorf("%v", out)
	}
	if _, err := f.states.DescribeActivity(f.ctx, &sfn.DescribeActivityInput{ActivityArn: ptr(out["Arn"])}); err != nil {
		t.Error(err)
	}
	for _, c := range []struct{ alias, want string }{
		{"DeploymentPreference: {StateMachineVersionArn: x, Type: SLOWLY}", "SLOWLY is not a valid enum value"},
		{"DeploymentPreference: {StateMachineVersionArn: x, Type: LINEAR, Percentage: 100, Interval: 1}", "Percentage: 100 is not between 1 and 99"},
		{"DeploymentPreference: {StateMachineVersionArn: x, Type: CANARY, Percentage: 10, Interval: 2101}", "Interval: 2101 is not between 1 and 2100"},
		{"DeploymentPreference: {StateMachineVersionArn: x, Type: CANARY, Percentage: 10}", "Deployments of type 'CANARY' require [Interval]"},
		{"DeploymentPreference: {StateMachineVersionArn: x, Type: LINEAR, Percentage: 1, Interval: 22}", "estimated to take 2200 minutes"},
		{"DeploymentPreference: {StateMachineVersionArn: x, Type: ALL_AT_ONCE, Hooks: {}}", "Encountered unsupported property Hooks"},
		{"DeploymentPreference: {StateMachineVersionArn: x, Type: ALL_AT_ONCE}\n      RoutingConfiguration: []", "Specify exactly one of [RoutingConfiguration] and [DeploymentPreference]"},
		{"Name: a", "Specify exactly one of [RoutingConfiguration] and [DeploymentPreference]"},
	} {
		template := "Resources:\n  Live:\n    Type: AWS::StepFunctions::StateMachineAlias\n    Properties:\n      " + c.alias
		_, err := f.CreateStack(f.ctx, &cloudformation.CreateStackInput{StackName: ptr("bad"), TemplateBody: &template})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.alias, err, c.want)
		}
	}
}

func TestAnAliasMayHaveARoutingOfItsOwn(t *testing.T) {
	f := startWorkflows(t, dbtest.Open(t, dbtest.SQLite(t)), newWorld(), nil)
	routed := func(weights string) string {
		return strings.Replace(strings.Replace(machine("one"), "        \n", "", 1), `DeploymentPreference:
        StateMachineVersionArn: !Ref Version
`, "RoutingConfiguration: "+weights+"\n", 1)
	}
	f.create("app", routed("[{StateMachineVersionArn: !Ref Version, Weight: 100}]"))
	out := outputs(f.settled("app", "CREATE_COMPLETE"))
	f.routed(out["Alias"], "1: 100")
	next := strings.Replace(routed("[{StateMachineVersionArn: !Ref Version, Weight: 30}, {StateMachineVersionArn: !Sub '${Flow}:1', Weight: 70}]"), `"one"`, `"two"`, 1)
	f.update("app", next)
	f.settled("app", "UPDATE_COMPLETE")
	f.routed(out["Alias"], "1: 70, 2: 30")
	f.update("app", machine("three", "Type: LINEAR", "Percentage: 10", "Interval: 1"))
	f.settled("app", "UPDATE_ROLLBACK_COMPLETE")
	if ev := f.events("app"); !strings.Contains(ev, "currently routing traffic towards two") {
		t.Error(ev)
	}
	f.routed(out["Alias"], "1: 70, 2: 30")
}

// The template that serverless-step-functions makes with useExactVersion: the definition names versions
// of functions, so that executions stay with the code that they began with.
func TestVersionsOfFunctionsInADefinitionPinIt(t *testing.T) {
	f := startWorkflows(t, dbtest.Open(t, dbtest.SQLite(t)), newWorld(), nil)
	f.flow()
	template := func(code string) string {
		return strings.ReplaceAll(`
Resources:
  HelloLambdaFunction:
    Type: AWS::Lambda::Function
    Properties: {Role: arn:aws:iam::000000000000:role/r, Handler: index.handler, Runtime: python3.12, Code: {ZipFile: CODE}}
  HelloLambdaVersionCODE:
    Type: AWS::Lambda::Version
    DeletionPolicy: Retain
    Properties: {FunctionName: !Ref HelloLambdaFunction}
  Flow:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: arn:aws:iam::000000000000:role/r
      DefinitionString:
        Fn::Sub:
          - '{"StartAt": "Hello", "States": {"Hello": {"Type": "Task", "Resource": "${a1b2}", "End": true}}}'
          - a1b2: !Ref HelloLambdaVersionCODE
  Joined:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: arn:aws:iam::000000000000:role/r
      DefinitionString: !Join ['', ['{"StartAt": "Hello", "States": {"Hello": {"Type": "Task", "Resource": "', !Ref HelloLambdaVersionCODE, '", "End": true}}}']]
Outputs: {Flow: {Value: !Ref Flow}, Joined: {Value: !Ref Joined}}`, "CODE", code)
	}
	for i, code := range []string{"one", "two"} {
		if i == 0 {
			f.create("app", template(code))
		} else {
			f.update("app", template(code))
		}
		f.settledAny("app", "CREATE_COMPLETE", "UPDATE_COMPLETE")
		out := outputs(f.settled("app", []string{"CREATE_COMPLETE", "UPDATE_COMPLETE"}[i]))
		version := fmt.Sprintf(`"Resource": "arn:aws:lambda:us-east-1:000000000000:function:%s:%d"`, f.physical("app", "HelloLambdaFunction"), i+1)
		for _, id := range []string{out["Flow"], out["Joined"]} {
			if d := *f.describe(id).Definition; !strings.Contains(d, version) {
				t.Errorf("%s, want %s", d, version)
			}
		}
	}
	if deleted := f.world.functions[f.physical("app", "HelloLambdaFunction")].deleted; len(deleted) != 0 {
		t.Errorf("versions deleted: %v", deleted)
	}
}

// breakable is Step Functions that a test can kill the platform at.
type breakable struct {
	resource.StepFunctions
	w *world
}

func (b *breakable) UpdateStateMachine(ctx context.Context, in *sfn.UpdateStateMachineInput, _ ...func(*sfn.Options)) (out *sfn.UpdateStateMachineOutput, err error) {
	return out, b.w.act(ctx, "UpdateStateMachine", "", func() error { out, err = b.StepFunctions.UpdateStateMachine(ctx, in); return err })
}

func (b *breakable) PublishStateMachineVersion(ctx context.Context, in *sfn.PublishStateMachineVersionInput, _ ...func(*sfn.Options)) (out *sfn.PublishStateMachineVersionOutput, err error) {
	return out, b.w.act(ctx, "PublishStateMachineVersion", "", func() error { out, err = b.StepFunctions.PublishStateMachineVersion(ctx, in); return err })
}

func (b *breakable) UpdateStateMachineAlias(ctx context.Context, in *sfn.UpdateStateMachineAliasInput, _ ...func(*sfn.Options)) (out *sfn.UpdateStateMachineAliasOutput, err error) {
	return out, b.w.act(ctx, "UpdateStateMachineAlias", "", func() error { out, err = b.StepFunctions.UpdateStateMachineAlias(ctx, in); return err })
}

// A kill before or after the effect of any change that a shift makes leaves no trace in how it ends.
func TestAKillAtAnyIncrementChangesNothingAboutTheShift(t *testing.T) {
	preference := []string{"Type: LINEAR", "Percentage: 40", "Interval: 2"}
	for at := 1; at <= 5; at++ { // the machine, the version, 40 %, 80 %, 100 %
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d/%v", at, after), func(t *testing.T) {
				w := newWorld()
				f := startWorkflows(t, dbtest.Open(t, dbtest.SQLite(t)), w, nil)
				f.create("app", machine("one", preference...))
				out := outputs(f.settled("app", "CREATE_COMPLETE"))
				w.mu.Lock()
				w.number, w.calls, w.crashAt, w.crashAfter = 0, nil, at, after
				w.mu.Unlock()
				stop := f.flow()
				f.update("app", machine("two", preference...))
				select {
				case <-w.crashed:
				case <-time.After(30 * time.Second):
					t.Fatalf("no call number %d", at)
				}
				stop()
				f = f.again()
				f.flow()
				f.settled("app", "UPDATE_COMPLETE")
				f.routed(out["Alias"], "2: 100")
				calls := strings.Join(w.calls, "")
				for _, c := range []string{"UpdateStateMachine ", "PublishStateMachineVersion "} {
					if n := strings.Count(calls, c); n < 1 || n > 2 {
						t.Errorf("%s %d times", c, n)
					}
				}
				versions, err := f.states.ListStateMachineVersions(f.ctx, &sfn.ListStateMachineVersionsInput{StateMachineArn: ptr(out["Flow"])})
				if err != nil || len(versions.StateMachineVersions) != 2 {
					t.Errorf("versions %v %v", versions, err)
				}
			})
		}
	}
}

// busy is a state machine's execution that has not ended.
type busy struct{ ended atomic.Bool }

func (b *busy) Running(*db.Tx, string) (bool, error)          { return !b.ended.Load(), nil }
func (*busy) Uses(_ *db.Tx, _ string, _ string) (bool, error) { return false, nil }
func (*busy) Forget(*db.Tx, string) error                     { return nil }

func TestADeletionWaitsForTheExecutionsThatRun(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := startWorkflows(t, d, newWorld(), nil)
		f.create("app", machine("one", "Type: ALL_AT_ONCE"))
		machine := outputs(f.settled("app", "CREATE_COMPLETE"))["Flow"]
		b := &busy{}
		f.states.Attach(b)
		if _, err := f.DeleteStack(f.ctx, &cloudformation.DeleteStackInput{StackName: ptr("app")}); err != nil {
			t.Fatal(err)
		}
		for f.describe(machine).Status != sfntypes.StateMachineStatusDeleting {
			time.Sleep(2 * time.Millisecond)
		}
		f.clock.Advance(time.Hour)
		time.Sleep(10 * time.Millisecond)
		if st := f.platform.describe("app"); st != "DELETE_IN_PROGRESS" {
			t.Errorf("stack is %s", st)
		}
		b.ended.Store(true)
		if err := d.Update(f.ctx, func(tx *db.Tx) error { return f.states.Ended(tx, machine) }); err != nil {
			t.Fatal(err)
		}
		f.flow()
		f.settledAnyGone("app")
	})
}
