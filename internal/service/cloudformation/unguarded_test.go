package cloudformation

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/headgate/headgate/internal/db/dbtest"
)

func TestProtectionThatWouldNotBeGivenIsRefused(t *testing.T) {
	p := start(t, dbtest.Open(t, dbtest.SQLite(t)), newWorld())
	triggers := &types.RollbackConfiguration{RollbackTriggers: []types.RollbackTrigger{{Arn: ptr("arn:aws:cloudwatch:us-east-1:000000000000:alarm:a"), Type: ptr("AWS::CloudWatch::Alarm")}}}
	for name, call := range map[string]func() error{
		"RollbackConfiguration on create": func() error {
			_, err := p.CreateStack(p.ctx, &cloudformation.CreateStackInput{StackName: ptr("s"), TemplateBody: ptr(twelve), RollbackConfiguration: triggers})
			return err
		},
		"RollbackConfiguration in a change set": func() error {
			_, err := p.CreateChangeSet(p.ctx, &cloudformation.CreateChangeSetInput{StackName: ptr("s"), ChangeSetName: ptr("c"), ChangeSetType: types.ChangeSetTypeCreate, TemplateBody: ptr(twelve), RollbackConfiguration: triggers})
			return err
		},
		"RollbackConfiguration on update": func() error {
			_, err := p.UpdateStack(p.ctx, &cloudformation.UpdateStackInput{StackName: ptr("s"), TemplateBody: ptr(twelve), RollbackConfiguration: triggers})
			return err
		},
		"Stack policies": func() error {
			_, err := p.CreateStack(p.ctx, &cloudformation.CreateStackInput{StackName: ptr("s"), TemplateBody: ptr(twelve), StackPolicyBody: ptr("{}")})
			return err
		},
	} {
		what, _, _ := strings.Cut(name, " on ")
		what, _, _ = strings.Cut(what, " in ")
		if err := call(); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if out, err := p.ListStacks(p.ctx, &cloudformation.ListStacksInput{}); err != nil || len(out.StackSummaries) != 0 {
		t.Errorf("stacks: %+v, %v", out, err)
	}
}
