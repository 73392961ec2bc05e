package cloudformation

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

func TestExportsAreGuardedWhileTheyAreImported(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		p := start(t, d, newWorld())
		exporting := func(name, value string) string {
			return `{"Resources": {"H": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}, "Outputs": {"O": {"Value": "` + value + `", "Export": {"Name": "` + name + `"}}}}`
		}
		importing := `Resources: {B: {Type: AWS::S3::Bucket, Properties: {BucketName: !ImportValue shared}}}`
		p.create("out", exporting("shared", "one"))
		p.settled("out", "CREATE_COMPLETE")
		p.create("in", importing)
		p.settled("in", "CREATE_COMPLETE")
		if !p.world.buckets["one"] {
			t.Errorf("imported value not used: %s", p.world.snapshot())
		}

		p.create("twice", exporting("shared", "two"))
		st := p.settled("twice", "ROLLBACK_COMPLETE")
		if ev := p.events("twice"); !strings.Contains(ev, "Export with name shared is already exported by stack out") {
			t.Errorf("%v\n%s", st.StackStatusReason, ev)
		}
		p.update("out", exporting("shared", "three"))
		p.settled("out", "UPDATE_ROLLBACK_COMPLETE")
		if ev := p.events("out"); !strings.Contains(ev, "Export shared cannot be updated as it is in use by in") {
			t.Error(ev)
		}
		p.update("out", exporting("renamed", "one"))
		p.settled("out", "UPDATE_ROLLBACK_COMPLETE")
		if ev := p.events("out"); !strings.Contains(ev, "Export shared cannot be deleted as it is in use by in") {
			t.Error(ev)
		}
		_, err := p.DeleteStack(p.ctx, &cloudformation.DeleteStackInput{StackName: ptr("out")})
		if err == nil || !strings.Contains(err.Error(), "Export shared cannot be deleted as it is in use by in") {
			t.Error(err)
		}
		list, err := p.ListExports(p.ctx, &cloudformation.ListExportsInput{})
		if err != nil || len(list.Exports) != 1 || *list.Exports[0].Value != "one" {
			t.Errorf("%+v %v", list, err)
		}
		imports, err := p.ListImports(p.ctx, &cloudformation.ListImportsInput{ExportName: ptr("shared")})
		if err != nil || len(imports.Imports) != 1 || imports.Imports[0] != "in" {
			t.Errorf("%+v %v", imports, err)
		}

		if _, err := p.DeleteStack(p.ctx, &cloudformation.DeleteStackInput{StackName: ptr("in")}); err != nil {
			t.Fatal(err)
		}
		p.settledAnyGone("in")
		p.update("out", exporting("renamed", "one"))
		p.settled("out", "UPDATE_COMPLETE")
	})
}
