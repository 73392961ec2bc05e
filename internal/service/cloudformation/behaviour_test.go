package cloudformation

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

const twelve = `Resources: {A: {Type: AWS::S3::Bucket}, B: {Type: AWS::S3::Bucket}, C: {Type: AWS::S3::Bucket}, D: {Type: AWS::S3::Bucket}, E: {Type: AWS::S3::Bucket, DependsOn: A}}`

func TestResourcesThatDoNotDependOnEachOtherAreMadeAtTheSameTime(t *testing.T) {
	w := newWorld()
	w.slow = make(chan struct{})
	p := start(t, dbtest.Open(t, dbtest.SQLite(t)), w)
	p.create("s", twelve)
	for range 2000 {
		w.mu.Lock()
		n := w.running
		w.mu.Unlock()
		if n == 4 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if strings.Contains(p.events("s"), "E CREATE_IN_PROGRESS") {
		t.Error("E was begun before A, on which it depends")
	}
	close(w.slow)
	p.settled("s", "CREATE_COMPLETE")
	if w.peak != 4 {
		t.Errorf("%d calls at the same time, want 4", w.peak)
	}
}

func TestOneOperationAtATime(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld()
		p := start(t, d, w)
		p.create("s", twelve)
		st := p.settled("s", "CREATE_COMPLETE")
		w.mu.Lock()
		w.slow = make(chan struct{})
		w.mu.Unlock()
		other := strings.Replace(twelve, "A: {Type: AWS::S3::Bucket}", "A: {Type: AWS::S3::Bucket, Properties: {BucketName: a}}", 1)
		p.update("s", other)
		_, err := p.UpdateStack(p.ctx, &cloudformation.UpdateStackInput{StackName: ptr("s"), TemplateBody: ptr(twelve)})
		if want := "Stack:" + *st.StackId + " is in UPDATE_IN_PROGRESS state and can not be updated."; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v", err)
		}
		_, err = p.CreateStack(p.ctx, &cloudformation.CreateStackInput{StackName: ptr("s"), TemplateBody: ptr(twelve)})
		if err == nil || !strings.Contains(err.Error(), "AlreadyExistsException: Stack [s] already exists") {
			t.Errorf("%v", err)
		}
		w.mu.Lock()
		close(w.slow)
		w.slow = nil
		w.mu.Unlock()
		p.settled("s", "UPDATE_COMPLETE")
		_, err = p.UpdateStack(p.ctx, &cloudformation.UpdateStackInput{StackName: ptr("s"), TemplateBody: ptr(other)})
		if err == nil || !strings.Contains(err.Error(), noUpdates) {
			t.Errorf("%v", err)
		}
		if len(w.buckets) != 5 || !w.buckets["a"] {
			t.Errorf("%v", w.buckets)
		}
	})
}

func TestDeletingAStackThatIsBeingCreatedStopsItsCreation(t *testing.T) {
	w := newWorld()
	w.slow = make(chan struct{})
	p := start(t, dbtest.Open(t, dbtest.SQLite(t)), w)
	p.create("s", twelve)
	out, _ := p.DescribeStacks(p.ctx, &cloudformation.DescribeStacksInput{StackName: ptr("s")})
	if _, err := p.DeleteStack(p.ctx, &cloudformation.DeleteStackInput{StackName: ptr("s")}); err != nil {
		t.Fatal(err)
	}
	close(w.slow)
	p.settled(*out.Stacks[0].StackId, "DELETE_COMPLETE")
	if left := w.snapshot(); left != "" {
		t.Errorf("left behind:\n%s\n%s", left, p.events(*out.Stacks[0].StackId))
	}
}

func TestAnExplicitNameThatIsTakenIsNotTakenOver(t *testing.T) {
	w := newWorld()
	w.buckets["mine"] = true
	p := start(t, dbtest.Open(t, dbtest.SQLite(t)), w)
	p.create("s", `Resources: {B: {Type: AWS::S3::Bucket, Properties: {BucketName: mine}}}`)
	p.settled("s", "ROLLBACK_COMPLETE")
	if !w.buckets["mine"] || !strings.Contains(p.events("s"), "B CREATE_FAILED mine already exists") {
		t.Error(p.events("s"))
	}
}

func TestTagsOfTheStackReachItsResources(t *testing.T) {
	w := newWorld()
	p := start(t, dbtest.Open(t, dbtest.SQLite(t)), w)
	body, param := gradually("one")
	in := &cloudformation.CreateStackInput{StackName: ptr("s"), TemplateBody: &body, Parameters: params([]string{param}),
		Tags: []types.Tag{{Key: ptr("team"), Value: ptr("a")}, {Key: ptr("old"), Value: ptr("x")}}, Capabilities: []types.Capability{types.CapabilityCapabilityIam}}
	if _, err := p.CreateStack(p.ctx, in); err != nil {
		t.Fatal(err)
	}
	p.settled("s", "CREATE_COMPLETE")
	fn := w.functions[p.physical("s", "Fn")]
	if fn.tags["team"] != "a" || fn.tags["old"] != "x" {
		t.Errorf("tags %v", fn.tags)
	}
	_, err := p.UpdateStack(p.ctx, &cloudformation.UpdateStackInput{StackName: ptr("s"), UsePreviousTemplate: ptr(true), Capabilities: in.Capabilities,
		Parameters: []types.Parameter{{ParameterKey: ptr("Code"), UsePreviousValue: ptr(true)}}, Tags: []types.Tag{{Key: ptr("team"), Value: ptr("b")}}})
	if err != nil {
		t.Fatal(err)
	}
	p.settled("s", "UPDATE_COMPLETE")
	if fn.tags["team"] != "b" || len(fn.tags) != 1 || w.count("CreateDeployment ") != 0 || w.count("UpdateFunctionCode") != 0 {
		t.Errorf("tags %v, calls %v", fn.tags, w.calls)
	}
}

func TestTheNameOfACustomNamedResourceCannotStayWhenItIsReplaced(t *testing.T) {
	w := newWorld()
	p := start(t, dbtest.Open(t, dbtest.SQLite(t)), w)
	with := func(platform string) string {
		return `Resources: {A: {Type: AWS::CodeDeploy::Application, Properties: {ApplicationName: app, ComputePlatform: ` + platform + `}}}`
	}
	p.create("s", with("Lambda"))
	p.settled("s", "CREATE_COMPLETE")
	p.update("s", with("Server"))
	p.settled("s", "UPDATE_ROLLBACK_COMPLETE")
	if !w.apps["app"] || !strings.Contains(p.events("s"), "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename app and update the stack again.") {
		t.Error(p.events("s"))
	}
}

func TestTemplatesCanBeReadBackAndSummarised(t *testing.T) {
	p := start(t, dbtest.Open(t, dbtest.SQLite(t)), newWorld())
	p.create("s", website, "Code=x")
	p.settled("s", "CREATE_COMPLETE")
	original, err := p.GetTemplate(p.ctx, &cloudformation.GetTemplateInput{StackName: ptr("s")})
	if err != nil || *original.TemplateBody != website {
		t.Errorf("%v", err)
	}
	processed, err := p.GetTemplate(p.ctx, &cloudformation.GetTemplateInput{StackName: ptr("s"), TemplateStage: types.TemplateStageProcessed})
	if err != nil || !strings.Contains(*processed.TemplateBody, "AWS::CodeDeploy::DeploymentGroup") {
		t.Errorf("%v", err)
	}
	sum, err := p.GetTemplateSummary(p.ctx, &cloudformation.GetTemplateSummaryInput{StackName: ptr("s")})
	if err != nil || len(sum.Parameters) != 1 || len(sum.ResourceTypes) != 2 || len(sum.DeclaredTransforms) != 1 {
		t.Errorf("%+v %v", sum, err)
	}
	v, err := p.ValidateTemplate(p.ctx, &cloudformation.ValidateTemplateInput{TemplateBody: ptr(`Resources: {R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}}`)})
	if err != nil || len(v.Capabilities) != 1 || *v.CapabilitiesReason != "The following resource(s) require capabilities: [AWS::IAM::Role]" {
		t.Errorf("%+v %v", v, err)
	}
}

func TestAStackThatIsNotCreatedInItsTimeIsRolledBack(t *testing.T) {
	w := newWorld()
	p := start(t, dbtest.Open(t, dbtest.SQLite(t)), w)
	w.polls = 1 << 30
	_, err := p.CreateStack(p.ctx, &cloudformation.CreateStackInput{StackName: ptr("s"), TimeoutInMinutes: ptr(int32(1)), TemplateBody: ptr(
		`Resources: {F: {Type: AWS::Lambda::Function, Properties: {Role: r, Handler: h, Runtime: python3.12, Code: {ZipFile: x}}}, G: {Type: AWS::Logs::LogGroup, DependsOn: F}}`)})
	if err != nil {
		t.Fatal(err)
	}
	for range 3000 {
		if strings.Contains(p.events("s"), "F CREATE_IN_PROGRESS Resource creation Initiated") {
			break
		}
		time.Sleep(time.Millisecond)
	}
	time.Sleep(700 * time.Millisecond) // a minute and more, at a hundred times the speed
	w.mu.Lock()
	for _, f := range w.functions {
		f.polls = 0
	}
	w.mu.Unlock()
	p.settled("s", "ROLLBACK_COMPLETE")
	ev := p.events("s")
	if !strings.Contains(ev, "s ROLLBACK_IN_PROGRESS Stack creation time exceeded the specified timeout. Rollback requested by user.") || len(w.functions) != 0 || len(w.logGroups) != 0 {
		t.Error(ev)
	}
}

func TestDeletingAStackWhoseUpdateFailedLeavesNothingBehind(t *testing.T) {
	w := newWorld()
	p := start(t, dbtest.Open(t, dbtest.SQLite(t)), w)
	with := func(platform, more string) string {
		return `Resources: {A: {Type: AWS::CodeDeploy::Application, Properties: {ComputePlatform: ` + platform + `}}` + more + `}`
	}
	p.create("s", with("Lambda", ""))
	id := *p.settled("s", "CREATE_COMPLETE").StackId
	w.refuse["CreateBucket"] = fault("InvalidBucketName", "no")
	if _, err := p.UpdateStack(p.ctx, &cloudformation.UpdateStackInput{StackName: ptr("s"), DisableRollback: ptr(true),
		TemplateBody: ptr(with("Server", `, B: {Type: AWS::S3::Bucket, DependsOn: A}`))}); err != nil {
		t.Fatal(err)
	}
	p.settled("s", "UPDATE_FAILED")
	if len(w.apps) != 2 {
		t.Fatalf("applications %v, want the new one and the one it replaces", w.apps)
	}
	if _, err := p.DeleteStack(p.ctx, &cloudformation.DeleteStackInput{StackName: ptr("s")}); err != nil {
		t.Fatal(err)
	}
	p.settled(id, "DELETE_COMPLETE")
	if left := w.snapshot(); left != "" {
		t.Errorf("left behind: %s", left)
	}
}
