package registry

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/db"
)

func TestCreatingTheSameStateMachineAgainHasTheSameAnswer(t *testing.T) {
	run(t, func(f *fixture) {
		first := f.create("m", pass)
		f.clock.Advance(1e9)
		again := f.create("m", pass, func(in *sfn.CreateStateMachineInput) {
			in.RoleArn = aws.String(role + "2") // roles and tags may differ, and are ignored
			in.Tags = []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}
		})
		if !again.CreationDate.Equal(*first.CreationDate) || *again.StateMachineArn != prefix+"stateMachine:m" || again.StateMachineVersionArn != nil {
			f.Errorf("got %v %s %v", again.CreationDate, *again.StateMachineArn, again.StateMachineVersionArn)
		}
		if d := ok(f, f.DescribeStateMachine)(&sfn.DescribeStateMachineInput{StateMachineArn: first.StateMachineArn}); *d.RoleArn != role {
			f.Errorf("the role became %s", *d.RoleArn)
		}
		for name, change := range map[string]func(*sfn.CreateStateMachineInput){
			"definition": func(in *sfn.CreateStateMachineInput) { in.Definition = aws.String(pass + " ") },
			"type":       func(in *sfn.CreateStateMachineInput) { in.Type = types.StateMachineTypeExpress },
			"tracing": func(in *sfn.CreateStateMachineInput) {
				in.TracingConfiguration = &types.TracingConfiguration{Enabled: true}
			},
			"publish": func(in *sfn.CreateStateMachineInput) { in.Publish = true },
		} {
			in := &sfn.CreateStateMachineInput{Name: aws.String("m"), Definition: aws.String(pass), RoleArn: aws.String(role)}
			change(in)
			f.Log(name)
			refused(f, f.CreateStateMachine, in, "StateMachineAlreadyExists", "State Machine Already Exists: '"+prefix+"stateMachine:m'")
		}
	})
}

func TestWhatAStateMachineMayNotBeMadeOf(t *testing.T) {
	run(t, func(f *fixture) {
		f.groups = []string{"/states/m", "/states/m2"}
		group := func(name string) types.LogDestination {
			return types.LogDestination{CloudWatchLogsLogGroup: &types.CloudWatchLogsLogGroup{
				LogGroupArn: aws.String("arn:aws:logs:eu-west-1:123456789012:log-group:" + name + ":*")}}
		}
		logging := func(level types.LogLevel, groups ...types.LogDestination) func(*sfn.CreateStateMachineInput) {
			return func(in *sfn.CreateStateMachineInput) {
				in.LoggingConfiguration = &types.LoggingConfiguration{Level: level, Destinations: groups}
			}
		}
		for _, c := range []struct {
			name          string
			change        func(*sfn.CreateStateMachineInput)
			code, message string
		}{
			{"a name with a space", func(in *sfn.CreateStateMachineInput) { in.Name = aws.String("a b") }, "InvalidName", "Invalid Name: 'a b'"},
			{"a name with a control character", func(in *sfn.CreateStateMachineInput) { in.Name = aws.String("a\u0085") }, "InvalidName", "Invalid Name: 'a\u0085'"},
			{"a role that is none", func(in *sfn.CreateStateMachineInput) { in.RoleArn = aws.String("x") }, "InvalidArn", "Invalid Role Arn: 'x'"},
			{"a definition without states", func(in *sfn.CreateStateMachineInput) { in.Definition = aws.String(`{"StartAt":"A"}`) }, "InvalidDefinition",
				"Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'"},
			{"a description of nothing", func(in *sfn.CreateStateMachineInput) { in.VersionDescription = aws.String("x") }, "ValidationException",
				"Version description can only be set when publish is true"},
			{"logging to nowhere", logging(types.LogLevelAll), "InvalidLoggingConfiguration", "Invalid Logging Configuration: Must specify exactly one Log Destination."},
			{"logging to two groups", logging(types.LogLevelAll, group("/states/m"), group("/states/m2")), "InvalidLoggingConfiguration",
				"Invalid Logging Configuration: Must specify exactly one Log Destination."},
			{"logging to a group that is not there", logging(types.LogLevelAll, group("/states")), "InvalidLoggingConfiguration",
				"Invalid Logging Configuration: Log Destination not found."},
			{"a key of AWS's with an id", func(in *sfn.CreateStateMachineInput) {
				in.EncryptionConfiguration = &types.EncryptionConfiguration{Type: types.EncryptionTypeAwsOwnedKey, KmsKeyId: aws.String("k")}
			}, "InvalidEncryptionConfiguration", ""},
			{"a tag of AWS's", func(in *sfn.CreateStateMachineInput) { in.Tags = []types.Tag{{Key: aws.String("aws:x")}} }, "ValidationException", ""},
		} {
			in := &sfn.CreateStateMachineInput{Name: aws.String("m"), Definition: aws.String(pass), RoleArn: aws.String(role)}
			c.change(in)
			f.Log(c.name)
			refused(f, f.CreateStateMachine, in, c.code, c.message)
		}
		f.create("m", pass, logging(types.LogLevelAll, group("/states/m")))
	})
}

func TestAnIntegrationThatThePlatformLacksIsRefusedAtCreationAndAtUpdate(t *testing.T) {
	run(t, func(f *fixture) {
		arn := f.create("m", pass).StateMachineArn
		f.lacking = []asl.Diagnostic{{Severity: asl.SeverityError, Code: asl.CodeSchema, Message: "No teapots here", Location: "/States/A/Resource"}}
		const want = "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: No teapots here at /States/A/Resource'"
		refused(f, f.CreateStateMachine, &sfn.CreateStateMachineInput{Name: aws.String("n"), Definition: aws.String(pass), RoleArn: aws.String(role)}, "InvalidDefinition", want)
		refused(f, f.UpdateStateMachine, &sfn.UpdateStateMachineInput{StateMachineArn: arn, Definition: aws.String(pass2)}, "InvalidDefinition", want)
		v := ok(f, f.ValidateStateMachineDefinition)(&sfn.ValidateStateMachineDefinitionInput{Definition: aws.String(pass)})
		if v.Result != types.ValidateStateMachineDefinitionResultCodeFail || len(v.Diagnostics) != 1 || *v.Diagnostics[0].Location != "/States/A/Resource" {
			f.Errorf("validation: %v", v)
		}
	})
}

func TestAnUpdateMakesARevisionOnlyIfSomethingChanges(t *testing.T) {
	run(t, func(f *fixture) {
		arn := f.create("m", pass).StateMachineArn
		same := ok(f, f.UpdateStateMachine)(&sfn.UpdateStateMachineInput{StateMachineArn: arn, Definition: aws.String(pass)})
		if same.RevisionId != nil {
			f.Error("the first revision has an id")
		}
		changed := ok(f, f.UpdateStateMachine)(&sfn.UpdateStateMachineInput{StateMachineArn: arn, RoleArn: aws.String(role + "2")})
		again := ok(f, f.UpdateStateMachine)(&sfn.UpdateStateMachineInput{StateMachineArn: arn, RoleArn: aws.String(role + "2"), Definition: aws.String(pass)})
		d := ok(f, f.DescribeStateMachine)(&sfn.DescribeStateMachineInput{StateMachineArn: arn})
		if changed.RevisionId == nil || *again.RevisionId != *changed.RevisionId || *d.RevisionId != *changed.RevisionId || *d.RoleArn != role+"2" {
			f.Errorf("revisions %v, %v, described %v", changed.RevisionId, again.RevisionId, d.RevisionId)
		}
		refused(f, f.UpdateStateMachine, &sfn.UpdateStateMachineInput{StateMachineArn: arn, Publish: true}, "MissingRequiredParameter",
			"Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified")
		refused(f, f.UpdateStateMachine, &sfn.UpdateStateMachineInput{StateMachineArn: aws.String(*arn + "x"), RoleArn: aws.String(role)},
			"StateMachineDoesNotExist", "State Machine Does Not Exist: '"+*arn+"x'")
		refused(f, f.UpdateStateMachine, &sfn.UpdateStateMachineInput{StateMachineArn: aws.String(*arn + ":1"), RoleArn: aws.String(role)}, "StateMachineDoesNotExist", "State Machine Does Not Exist: '"+*arn+":1'")
	})
}

func TestARevisionIsKeptAsLongAsSomethingRefersToIt(t *testing.T) {
	run(t, func(f *fixture) {
		arn := *f.create("m", pass).StateMachineArn
		m, err := f.resolve(arn)
		if err != nil {
			f.Fatal(err)
		}
		f.used[m.RevisionID] = true
		f.publish(arn, pass2) // a version
		f.publish(arn, `{"StartAt":"C","States":{"C":{"Type":"Succeed"}}}`)
		update := func(definition string) {
			ok(f, f.UpdateStateMachine)(&sfn.UpdateStateMachineInput{StateMachineArn: &arn, Definition: &definition})
		}
		update(pass)
		update(pass2) // nothing refers to the one between
		if n := f.revisions(); n != 4 {
			f.Errorf("%d revisions are stored, want 4: an execution's, two versions' and the newest", n)
		}
		if err := f.db.View(f.ctx, func(tx *db.Tx) error {
			old, err := f.Revision(f.ctx, tx, arn, m.RevisionID)
			if err == nil && string(old.Definition) != pass {
				f.Errorf("the execution's definition is now %s", old.Definition)
			}
			return err
		}); err != nil {
			f.Error(err)
		}
		ok(f, f.DeleteStateMachine)(&sfn.DeleteStateMachineInput{StateMachineArn: &arn})
		if n := f.revisions(); n != 1 {
			f.Errorf("%d revisions outlive the machine, want the execution's", n)
		}
		delete(f.used, m.RevisionID)
		if err := f.db.Update(f.ctx, func(tx *db.Tx) error { return f.Trim(tx, arn, m.RevisionID) }); err != nil || f.revisions() != 0 {
			f.Errorf("a forgotten execution's revision stays: %v", err)
		}
	})
}

func TestADeletedStateMachineWaitsForItsExecutions(t *testing.T) {
	run(t, func(f *fixture) {
		arn := *f.create("m", pass, func(in *sfn.CreateStateMachineInput) { in.Publish = true }).StateMachineArn
		f.running[arn] = true
		ok(f, f.DeleteStateMachine)(&sfn.DeleteStateMachineInput{StateMachineArn: &arn})
		if d := ok(f, f.DescribeStateMachine)(&sfn.DescribeStateMachineInput{StateMachineArn: &arn}); d.Status != types.StateMachineStatusDeleting {
			f.Errorf("status %s", d.Status)
		}
		if _, err := f.resolve(arn); err == nil {
			f.Error("an execution could be started")
		}
		refused(f, f.UpdateStateMachine, &sfn.UpdateStateMachineInput{StateMachineArn: &arn, RoleArn: aws.String(role)}, "StateMachineDeleting", "")
		refused(f, f.CreateStateMachine, &sfn.CreateStateMachineInput{Name: aws.String("m"), Definition: aws.String(pass), RoleArn: aws.String(role)}, "StateMachineDeleting", "")
		end := func() {
			if err := f.db.Update(f.ctx, func(tx *db.Tx) error { return f.Ended(tx, arn) }); err != nil {
				f.Fatal(err)
			}
		}
		end() // not the last one
		ok(f, f.DescribeStateMachine)(&sfn.DescribeStateMachineInput{StateMachineArn: &arn})
		delete(f.running, arn)
		if len(f.forgotten) > 0 {
			f.Error("its executions went while it was there")
		}
		end()
		if len(f.forgotten) != 1 || f.forgotten[0] != arn {
			f.Errorf("its executions stay: %v", f.forgotten)
		}
		refused(f, f.DescribeStateMachine, &sfn.DescribeStateMachineInput{StateMachineArn: &arn}, "StateMachineDoesNotExist", "State Machine Does Not Exist: '"+arn+"'")
		ok(f, f.DeleteStateMachine)(&sfn.DeleteStateMachineInput{StateMachineArn: &arn}) // deleted already
		if v := f.create("m", pass2, func(in *sfn.CreateStateMachineInput) { in.Publish = true }); *v.StateMachineVersionArn != arn+":1" {
			f.Errorf("the namesake's first version is %s", *v.StateMachineVersionArn)
		}
	})
}

func TestDescribeTellsVariablesAndCanLeaveOutTheDefinition(t *testing.T) {
	run(t, func(f *fixture) {
		definition := `{"StartAt":"A","States":{"A":{"Type":"Pass","Assign":{"x":1},"Next":"B"},"B":{"Type":"Pass","Parameters":{"y.$":"$x"},"End":true}}}`
		arn := f.create("m", definition).StateMachineArn
		d := ok(f, f.DescribeStateMachine)(&sfn.DescribeStateMachineInput{StateMachineArn: arn})
		if len(d.VariableReferences) != 1 || len(d.VariableReferences["B"]) != 1 || d.VariableReferences["B"][0] != "x" || *d.Definition != definition {
			f.Errorf("references %v, definition %s", d.VariableReferences, *d.Definition)
		}
		if d.LoggingConfiguration.Level != types.LogLevelOff || d.EncryptionConfiguration.Type != types.EncryptionTypeAwsOwnedKey || d.TracingConfiguration.Enabled {
			f.Errorf("defaults: %v %v %v", d.LoggingConfiguration, d.EncryptionConfiguration, d.TracingConfiguration)
		}
		d = ok(f, f.DescribeStateMachine)(&sfn.DescribeStateMachineInput{StateMachineArn: arn, IncludedData: types.IncludedDataMetadataOnly})
		if d.VariableReferences != nil || *d.Definition != "{}" {
			f.Errorf("with METADATA_ONLY: references %v, definition %s", d.VariableReferences, *d.Definition)
		}
		refused(f, f.DescribeStateMachine, &sfn.DescribeStateMachineInput{StateMachineArn: aws.String("m")}, "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: m'")
	})
}

func TestListsAreCutInPagesWhoseTokensAreTheirOwn(t *testing.T) {
	run(t, func(f *fixture) {
		for _, name := range []string{"c", "a", "b"} {
			f.create(name, pass)
		}
		var names []string
		in := &sfn.ListStateMachinesInput{MaxResults: 2}
		for {
			out := ok(f, f.ListStateMachines)(in)
			for _, m := range out.StateMachines {
				names = append(names, *m.Name)
			}
			if out.NextToken == nil {
				break
			}
			refused(f, f.ListActivities, &sfn.ListActivitiesInput{NextToken: out.NextToken}, "InvalidToken", "Invalid Token: '"+*out.NextToken+"'")
			in.NextToken = out.NextToken
		}
		if len(names) != 3 || names[0] != "a" || names[2] != "c" {
			f.Errorf("listed %v", names)
		}
		refused(f, f.ListStateMachines, &sfn.ListStateMachinesInput{NextToken: aws.String("x")}, "InvalidToken", "Invalid Token: 'x'")
	})
}
