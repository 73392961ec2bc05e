package cloudformation

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

func (p *platform) inUse(version string) (by []string) {
	p.t.Helper()
	if err := p.db.View(p.ctx, func(tx *db.Tx) (err error) {
		by, err = p.InUse(p.ctx, tx, version)
		return err
	}); err != nil {
		p.t.Fatal(err)
	}
	return by
}

func TestAFailedStackNeedsItsVersionsUntilItHasGoneBack(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld()
		p := start(t, d, w)
		p.create("app", first(gradually("one")), second(gradually("one")))
		st := p.settled("app", "CREATE_COMPLETE")
		old := p.physical("app", "FnVersionone")
		if by := p.inUse(old); by != nil {
			t.Errorf("a stack that is complete: %v", by)
		}
		w.failing = true
		body, code := gradually("two")
		if _, err := p.UpdateStack(p.ctx, &cloudformation.UpdateStackInput{StackName: ptr("app"), TemplateBody: &body, DisableRollback: ptr(true),
			Parameters: params([]string{code}), Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam, types.CapabilityCapabilityAutoExpand}}); err != nil {
			t.Fatal(err)
		}
		p.settled("app", "UPDATE_FAILED")
		function := old[:strings.LastIndexByte(old, ':')+1]
		want := []string{"stack " + *st.StackId + " (UPDATE_FAILED)"}
		for version, want := range map[string][]string{function + "1": want, function + "2": want, function + "3": nil, function + "12": nil} {
			if by := p.inUse(version); !slices.Equal(by, want) {
				t.Errorf("%s: %v", version, by)
			}
		}
		if _, err := p.RollbackStack(p.ctx, &cloudformation.RollbackStackInput{StackName: ptr("app")}); err != nil {
			t.Fatal(err)
		}
		p.settled("app", "UPDATE_ROLLBACK_COMPLETE")
		if by := p.inUse(old); by != nil {
			t.Errorf("after the rollback: %v", by)
		}
	})
}

func TestWhatNamesAVersion(t *testing.T) {
	const version = "arn:aws:lambda:us-east-1:1:function:f:1"
	for doc, want := range map[string]bool{
		`{"Properties":{"DefinitionString":"{\"Resource\":\"` + version + `\"}"}}`: true,
		`{"Properties":{"DefinitionString":"` + version + `2"}}`:                   false,
		`{"Properties":{"Name":"` + version + `2 ` + version + `"}}`:               true,
		`{"Properties":{}}`: false,
	} {
		if got := (needed{doc: doc}).needs(version); got != want {
			t.Errorf("%s: %v", doc, got)
		}
	}
	for doc, want := range map[string]bool{`{"Properties":{"FunctionVersion":"1"}}`: true, `{"Properties":{"FunctionVersion":1,"Name":"live"}}`: true, `{"Properties":{"FunctionVersion":"12"}}`: false} {
		alias := needed{typ: "AWS::Lambda::Alias", physical: "arn:aws:lambda:us-east-1:1:function:f:live", doc: doc}
		if got := alias.needs(version); got != want {
			t.Errorf("alias %s: %v", doc, got)
		}
	}
}
