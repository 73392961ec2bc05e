package lambda

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func TestPolicy(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		ctx, f := t.Context(), aws.String("f")
		twoVersions(t, p)
		p.alias(t, "f", "live", "1", nil)
		add := &lambda.AddPermissionInput{FunctionName: f, StatementId: aws.String("api"), Action: aws.String("lambda:InvokeFunction"),
			Principal: aws.String("apigateway.amazonaws.com"), SourceArn: aws.String("arn:aws:execute-api:us-east-1:000000000000:x/*"), SourceAccount: aws.String("000000000000")}
		out := must(p.AddPermission(ctx, add))(t)
		const statement = `{"Sid":"api","Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f","Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:us-east-1:000000000000:x/*"},"StringEquals":{"AWS:SourceAccount":"000000000000"}}}`
		if *out.Statement != statement {
			t.Errorf("statement %s", *out.Statement)
		}
		_, err := p.AddPermission(ctx, add)
		refused(t, err, "ResourceConflictException", "The statement id (api) provided already exists.")
		must(p.AddPermission(ctx, &lambda.AddPermissionInput{FunctionName: f, Qualifier: aws.String("live"), StatementId: aws.String("acc"), Action: aws.String("lambda:*"), Principal: aws.String("111111111111")}))(t)
		got := must(p.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: f}))(t)
		if *got.Policy != `{"Version":"2012-10-17","Id":"default","Statement":[`+statement+`]}` || *got.RevisionId == "" {
			t.Errorf("policy %s", *got.Policy)
		}
		got = must(p.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: f, Qualifier: aws.String("live")}))(t)
		if want := `{"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"acc","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"lambda:*","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f:live"}]}`; *got.Policy != want {
			t.Errorf("policy %s", *got.Policy)
		}
		_, err = p.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: f, Qualifier: aws.String("1")})
		refused(t, err, "ResourceNotFoundException", "The resource you requested does not exist.")
		_, err = p.AddPermission(ctx, &lambda.AddPermissionInput{FunctionName: f, StatementId: aws.String("x"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("nobody")})
		refused(t, err, "InvalidParameterValueException", "The provided principal was invalid.")
		_, err = p.RemovePermission(ctx, &lambda.RemovePermissionInput{FunctionName: f, StatementId: aws.String("other")})
		refused(t, err, "ResourceNotFoundException", "Statement other is not found in resource policy.")
		_, err = p.RemovePermission(ctx, &lambda.RemovePermissionInput{FunctionName: f, StatementId: aws.String("api"), RevisionId: aws.String("x")})
		refused(t, err, "PreconditionFailedException", "Revision Id")
		must(p.RemovePermission(ctx, &lambda.RemovePermissionInput{FunctionName: f, StatementId: aws.String("api")}))(t)
		_, err = p.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: f})
		refused(t, err, "ResourceNotFoundException", "The resource you requested does not exist.")
		_, err = p.RemovePermission(ctx, &lambda.RemovePermissionInput{FunctionName: f, StatementId: aws.String("api")})
		refused(t, err, "ResourceNotFoundException", "No policy is associated with the given resource.")
	})
}

func TestTags(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		ctx, arn := t.Context(), aws.String("arn:aws:lambda:us-east-1:000000000000:function:f")
		p.create(t, newInput("f", "one"))
		must(p.TagResource(ctx, &lambda.TagResourceInput{Resource: arn, Tags: map[string]string{"a": "1", "b": "2"}}))(t)
		must(p.UntagResource(ctx, &lambda.UntagResourceInput{Resource: arn, TagKeys: []string{"a", "z"}}))(t)
		if got := must(p.ListTags(ctx, &lambda.ListTagsInput{Resource: arn}))(t); len(got.Tags) != 1 || got.Tags["b"] != "2" {
			t.Errorf("tags %v", got.Tags)
		}
		_, err := p.TagResource(ctx, &lambda.TagResourceInput{Resource: aws.String(*arn + ":1"), Tags: map[string]string{"a": "1"}})
		refused(t, err, "InvalidParameterValueException", "Tags on aliases and versions are not supported.")
		many := map[string]string{}
		for i := range 50 {
			many[number(i)] = ""
		}
		_, err = p.TagResource(ctx, &lambda.TagResourceInput{Resource: arn, Tags: many})
		refused(t, err, "InvalidParameterValueException", "Number of tags exceeds function tag limit.")
	})
}

func TestLayers(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		ctx, l := t.Context(), aws.String("l")
		for i := range 2 {
			out := must(p.PublishLayerVersion(ctx, &lambda.PublishLayerVersionInput{LayerName: l, Content: &types.LayerVersionContentInput{ZipFile: code("layer" + number(i))},
				CompatibleRuntimes: []types.Runtime{types.RuntimePython312}}))(t)
			if out.Version != int64(i+1) || *out.LayerVersionArn != "arn:aws:lambda:us-east-1:000000000000:layer:l:"+number(i+1) || out.Content.CodeSize == 0 {
				t.Errorf("published %+v", out)
			}
		}
		arn := "arn:aws:lambda:us-east-1:000000000000:layer:l:1"
		in := newInput("f", "one")
		in.Layers = []string{arn}
		p.create(t, in)
		if c := p.settled(t, "f"); len(c.Layers) != 1 || *c.Layers[0].Arn != arn {
			t.Errorf("layers %+v", c.Layers)
		}
		must(p.DeleteLayerVersion(ctx, &lambda.DeleteLayerVersionInput{LayerName: l, VersionNumber: aws.Int64(1)}))(t)
		_, err := p.GetLayerVersion(ctx, &lambda.GetLayerVersionInput{LayerName: l, VersionNumber: aws.Int64(1)})
		refused(t, err, "ResourceNotFoundException", "The resource you requested does not exist.")
		p.call(t, "f") // it keeps its layer
		if got := p.envs.envs[0].f.Layers; len(got) != 1 {
			t.Errorf("layers of the environment %v", got)
		}
		must(p.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("f"), ZipFile: code("two")}))(t)
		p.settled(t, "f")
		in = newInput("g", "one")
		in.Layers = []string{arn}
		_, err = p.CreateFunction(ctx, in)
		refused(t, err, "InvalidParameterValueException", "Layer version "+arn+" does not exist.")
		if got := must(p.GetLayerVersionByArn(ctx, &lambda.GetLayerVersionByArnInput{Arn: aws.String("arn:aws:lambda:us-east-1:000000000000:layer:l:2")}))(t); got.Version != 2 {
			t.Errorf("%+v", got)
		}
		if got := must(p.ListLayerVersions(ctx, &lambda.ListLayerVersionsInput{LayerName: l}))(t); len(got.LayerVersions) != 1 || got.LayerVersions[0].Version != 2 {
			t.Errorf("%+v", got.LayerVersions)
		}
		if got := must(p.ListLayers(ctx, &lambda.ListLayersInput{CompatibleRuntime: types.RuntimePython312}))(t); len(got.Layers) != 1 || got.Layers[0].LatestMatchingVersion.Version != 2 {
			t.Errorf("%+v", got.Layers)
		}
		if got := must(p.ListLayers(ctx, &lambda.ListLayersInput{CompatibleRuntime: types.RuntimePython39}))(t); len(got.Layers) != 0 {
			t.Errorf("%+v", got.Layers)
		}
	})
}
