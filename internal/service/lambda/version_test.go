package lambda

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/db"
)

func TestVersionsAreImmutable(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		ctx := t.Context()
		name := aws.String("f")
		p.create(t, newInput("f", "one"))
		v1 := must(p.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: name, Description: aws.String("first")}))(t)
		if *v1.Version != "1" || *v1.FunctionArn != "arn:aws:lambda:us-east-1:000000000000:function:f:1" || *v1.Description != "first" || v1.State != types.StateActive {
			t.Errorf("published %+v", v1)
		}
		if again := must(p.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: name}))(t); *again.Version != "1" {
			t.Errorf("publishing again without a change made version %s", *again.Version)
		}
		if v := p.publish(t, "f", "two"); v != "2" {
			t.Errorf("published %s", v)
		}
		must(p.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: name, MemorySize: aws.Int32(256)}))(t)
		p.settled(t, "f")
		if v := must(p.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: name}))(t); *v.Version != "3" || *v.MemorySize != 256 {
			t.Errorf("published %+v", v)
		}
		for q, want := range map[string]string{"1": "one", "2": "two", "3": "two", "$LATEST": "two"} {
			if got := p.call(t, "f:"+q); got["code"] != want || got["version"] != q {
				t.Errorf("version %s answered %v, want code %s", q, got, want)
			}
		}
		if c := must(p.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: name, Qualifier: aws.String("1")}))(t); *c.CodeSha256 != *v1.CodeSha256 || *c.MemorySize != 128 {
			t.Errorf("version 1 has changed: %+v", c)
		}
		if out := must(p.ListVersionsByFunction(ctx, &lambda.ListVersionsByFunctionInput{FunctionName: name}))(t); len(out.Versions) != 4 || *out.Versions[0].Version != latest || *out.Versions[3].Version != "3" {
			t.Errorf("versions %+v", out.Versions)
		}
		must(p.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: name, Qualifier: aws.String("3")}))(t)
		if v := must(p.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: name}))(t); *v.Version != "4" {
			t.Errorf("a number was used twice: %s", *v.Version)
		}
	})
}

func TestPublishGuards(t *testing.T) {
	p := sqlite(t)
	ctx, name := t.Context(), aws.String("f")
	p.create(t, newInput("f", "one"))
	_, err := p.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: name, CodeSha256: aws.String("x")})
	refused(t, err, "InvalidParameterValueException", "CodeSHA256 (x) is different from current CodeSHA256 in $LATEST (")
	_, err = p.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: name, RevisionId: aws.String("x")})
	refused(t, err, "PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id.")
	_, err = p.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: name, ZipFile: code("two"), RevisionId: aws.String("x")})
	refused(t, err, "PreconditionFailedException", "Revision Id")
	_, err = p.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: aws.String("g")})
	refused(t, err, "ResourceNotFoundException", "Function not found")
	c := p.settled(t, "f")
	must(p.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: name, CodeSha256: c.CodeSha256, RevisionId: c.RevisionId}))(t)
}

func TestUpdateInProgressServesThePreviousCode(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		ctx, name := t.Context(), aws.String("f")
		p.create(t, newInput("f", "one"))
		if got := p.call(t, "f"); got["code"] != "one" {
			t.Fatal(got)
		}
		p.engine.Stop() // as if the process had been killed before the package is ready
		out := must(p.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: name, ZipFile: code("two"), Publish: true}))(t)
		if *out.Version != "1" || out.State != types.StatePending {
			t.Errorf("updated %+v", out)
		}
		c := must(p.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: name}))(t)
		if c.State != types.StateActive || c.LastUpdateStatus != types.LastUpdateStatusInProgress || *c.CodeSha256 != *out.CodeSha256 {
			t.Errorf("during the update: %+v", c)
		}
		if got := p.call(t, "f"); got["code"] != "one" {
			t.Errorf("during the update %v answered", got)
		}
		inProgress := "The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:us-east-1:000000000000:function:f"
		_, err := p.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: name, ZipFile: code("three")})
		refused(t, err, "ResourceConflictException", inProgress)
		_, err = p.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: name, Timeout: aws.Int32(9)})
		refused(t, err, "ResourceConflictException", inProgress)
		_, err = p.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: name})
		refused(t, err, "ResourceConflictException", inProgress)
		_, err = p.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("f:1")})
		refused(t, err, "ResourceConflictException", "The function is currently in the following state: Pending")

		p.Close()
		again := open(t, p.db, p.dir) // the next start of the same node
		defer again.close()
		if c := again.settled(t, "f"); c.LastUpdateStatus != types.LastUpdateStatusSuccessful {
			t.Errorf("after the restart: %+v", c)
		}
		for _, f := range []string{"f", "f:1"} {
			if got := again.call(t, f); got["code"] != "two" {
				t.Errorf("after the restart %s answered %v", f, got)
			}
		}
	})
}

func TestFailedUpdateKeepsThePreviousCode(t *testing.T) {
	p := sqlite(t)
	p.create(t, newInput("f", "one"))
	bad := code("two")
	bad[40] ^= 0xff // the directory is sound, the content is not
	for i := 30; i < 60; i++ {
		bad[i] ^= 0x55
	}
	_, err := p.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("f"), ZipFile: bad})
	if err != nil {
		t.Fatal(err)
	}
	c := p.settled(t, "f")
	if c.State != types.StateActive || c.LastUpdateStatus != types.LastUpdateStatusFailed || c.LastUpdateStatusReasonCode != types.LastUpdateStatusReasonCodeInvalidZipFileException {
		t.Errorf("after a failed update: %+v", c)
	}
	if got := p.call(t, "f"); got["code"] != "one" {
		t.Errorf("after a failed update %v answered", got)
	}
	if v := p.publish(t, "f", "three"); v != "1" || p.call(t, "f")["code"] != "three" {
		t.Error("the next update does not work")
	}
}

func TestPendingFunctionCannotBeInvoked(t *testing.T) {
	p := sqlite(t)
	p.engine.Stop()
	must(p.CreateFunction(t.Context(), newInput("f", "one")))(t)
	for range 2 {
		_, err := p.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f")})
		refused(t, err, "ResourceConflictException", "The function is currently in the following state: Pending")
	}
	must(p.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("f")}))(t)
}

func TestDeletingAVersionInUse(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		p.create(t, newInput("f", "one"))
		must(p.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("f")}))(t)
		p.publish(t, "f", "two")
		p.alias(t, "f", "live", "1", map[string]float64{"2": 0.5})
		del := func(q string) error {
			_, err := p.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("f"), Qualifier: &q})
			return err
		}
		refused(t, del("1"), "ResourceConflictException", "live")
		refused(t, del("2"), "ResourceConflictException", "live")
		refused(t, del(latest), "InvalidParameterValueException", "$LATEST version cannot be deleted without deleting the function.")
		refused(t, del("live"), "InvalidParameterValueException", "aliases")
		must(p.DeleteAlias(t.Context(), &lambda.DeleteAliasInput{FunctionName: aws.String("f"), Name: aws.String("live")}))(t)
		if err := del("1"); err != nil {
			t.Error(err)
		}
		refused(t, del("2"), "ResourceConflictException", "execution")
	}, func(d *Deps) {
		d.InUse = []InUse{func(_ context.Context, _ *db.Tx, arn string) ([]string, error) {
			if arn == "arn:aws:lambda:us-east-1:000000000000:function:f:2" {
				return []string{"execution arn:x"}, nil
			}
			return nil, nil
		}}
	})
}
