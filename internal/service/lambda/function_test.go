package lambda

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/caller"
)

func TestFunctionFromCreateToDelete(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		ctx := t.Context()
		in := newInput("f", "one")
		in.Environment = &types.Environment{Variables: map[string]string{"KEY": "b<&>"}}
		in.Tags = map[string]string{"team": "x"}
		out := must(p.CreateFunction(ctx, in))(t)
		if out.State != types.StatePending || *out.Version != latest || *out.FunctionArn != "arn:aws:lambda:us-east-1:000000000000:function:f" ||
			*out.MemorySize != 128 || *out.Timeout != 3 || out.CodeSize == 0 || *out.LoggingConfig.LogGroup != "/aws/lambda/f" {
			t.Errorf("created %+v", out)
		}
		c := p.settled(t, "f")
		if c.State != types.StateActive || c.LastUpdateStatus != types.LastUpdateStatusSuccessful || c.StateReason != nil || *c.CodeSha256 != *out.CodeSha256 {
			t.Errorf("settled %+v", c)
		}
		_, err := p.CreateFunction(ctx, in)
		refused(t, err, "ResourceConflictException", "Function already exist: f")

		got := must(p.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST")}))(t)
		if got.Tags["team"] != "x" || *got.Configuration.FunctionArn != "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST" || got.Configuration.Environment.Variables["KEY"] != "b<&>" {
			t.Errorf("got %+v", got.Configuration)
		}
		other := caller.With(ctx, caller.Caller{Account: "111111111111", Region: "us-east-1"})
		_, err = p.GetFunction(other, &lambda.GetFunctionInput{FunctionName: aws.String("f")})
		refused(t, err, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:111111111111:function:f")

		if signing := must(p.GetFunctionCodeSigningConfig(ctx, &lambda.GetFunctionCodeSigningConfigInput{FunctionName: aws.String("f")}))(t); signing.CodeSigningConfigArn != nil {
			t.Errorf("code signing %+v", signing)
		}

		must(p.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String("f")}))(t)
		_, err = p.GetFunctionCodeSigningConfig(ctx, &lambda.GetFunctionCodeSigningConfigInput{FunctionName: aws.String("f")})
		refused(t, err, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f")
		_, err = p.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("f")})
		refused(t, err, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f")
		_, err = p.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("f")})
		refused(t, err, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST")
		must(p.CreateFunction(ctx, in))(t) // the name is free again
	})
}

func TestNamesInAllForms(t *testing.T) {
	const full = "arn:aws:lambda:us-east-1:000000000000:function:f"
	for _, c := range []struct{ name, qualifier, want, code, message string }{
		{"f", "", full, "", ""},
		{"f:3", "", full + ":3", "", ""},
		{"f:$LATEST", "", full + ":$LATEST", "", ""},
		{"f", "live", full + ":live", "", ""},
		{"f:live", "live", full + ":live", "", ""},
		{"function:f", "", full, "", ""},
		{"000000000000:function:f:live", "", full + ":live", "", ""},
		{full, "2", full + ":2", "", ""},
		{full + ":live", "", full + ":live", "", ""},
		{"111111111111:function:f", "", "arn:aws:lambda:us-east-1:111111111111:function:f", "", ""},
		{"f:live", "2", "", "InvalidParameterValueException", "The derived qualifier from the function name does not match the specified qualifier."},
		{"arn:aws:lambda:eu-west-1:000000000000:function:f", "", "", "ResourceNotFoundException", "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"},
		{"f g", "", "", "ValidationException", "Value 'f g' at 'functionName'"},
		{"", "", "", "ValidationException", "functionName"},
		{"f", "a b", "", "ValidationException", "qualifier"},
		{"a123456789012345678901234567890123456789012345678901234567890abcde", "", "", "ValidationException", "64"},
	} {
		got, err := parseTarget(t.Context(), &c.name, &c.qualifier)
		if c.code != "" {
			refused(t, err, c.code, c.message)
		} else if err != nil || got.arn() != c.want {
			t.Errorf("%q %q: %v %v, want %s", c.name, c.qualifier, got, err, c.want)
		}
	}
}

func TestCreateFunctionRefuses(t *testing.T) {
	p := sqlite(t)
	big := map[string]string{}
	for i := range 40 {
		big["K"+number(i)] = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
	}
	for name, c := range map[string]struct {
		change        func(*lambda.CreateFunctionInput)
		code, message string
	}{
		"not a zip":           {func(in *lambda.CreateFunctionInput) { in.Code.ZipFile = []byte("PK no") }, "InvalidParameterValueException", cannotUnzip},
		"an empty zip":        {func(in *lambda.CreateFunctionInput) { in.Code.ZipFile = pkg(nil) }, "InvalidParameterValueException", "Uploaded file must be a non-empty zip"},
		"no bytes":            {func(in *lambda.CreateFunctionInput) { in.Code.ZipFile = []byte{} }, "InvalidParameterValueException", "Uploaded file must be a non-empty zip"},
		"zip slip":            {func(in *lambda.CreateFunctionInput) { in.Code.ZipFile = pkg(map[string]string{"../x": "y"}) }, "InvalidParameterValueException", cannotUnzip},
		"an absolute name":    {func(in *lambda.CreateFunctionInput) { in.Code.ZipFile = pkg(map[string]string{"/etc/x": "y"}) }, "InvalidParameterValueException", cannotUnzip},
		"zip and bucket":      {func(in *lambda.CreateFunctionInput) { in.Code.S3Bucket = aws.String("b") }, "InvalidParameterValueException", "Please do not provide other FunctionCode parameters when providing a ZipFile."},
		"no code":             {func(in *lambda.CreateFunctionInput) { in.Code.ZipFile = nil }, "InvalidParameterValueException", "Please provide a source for function code."},
		"no role":             {func(in *lambda.CreateFunctionInput) { in.Role = nil }, "ValidationException", "role"},
		"a bad role":          {func(in *lambda.CreateFunctionInput) { in.Role = aws.String("me") }, "ValidationException", "Value 'me' at 'role'"},
		"no runtime":          {func(in *lambda.CreateFunctionInput) { in.Runtime = "" }, "InvalidParameterValueException", "Runtime and Handler are mandatory"},
		"unknown runtime":     {func(in *lambda.CreateFunctionInput) { in.Runtime = "cobol" }, "InvalidParameterValueException", "Value cobol at 'runtime' failed to satisfy constraint"},
		"missing interpreter": {func(in *lambda.CreateFunctionInput) { in.Runtime = types.RuntimeRuby33 }, "InvalidParameterValueException", "install ruby"},
		"a reserved variable": {func(in *lambda.CreateFunctionInput) {
			in.Environment = &types.Environment{Variables: map[string]string{"AWS_REGION": "x", "_HANDLER": "y"}}
		}, "InvalidParameterValueException", "Reserved keys used in this request: AWS_REGION, _HANDLER"},
		"a bad variable": {func(in *lambda.CreateFunctionInput) {
			in.Environment = &types.Environment{Variables: map[string]string{"1A": "x"}}
		}, "ValidationException", "[a-zA-Z]([a-zA-Z0-9_])+"},
		"too many variables": {func(in *lambda.CreateFunctionInput) { in.Environment = &types.Environment{Variables: big} }, "InvalidParameterValueException", "exceeded the 4KB limit. String measured: {"},
		"little memory":      {func(in *lambda.CreateFunctionInput) { in.MemorySize = aws.Int32(1) }, "ValidationException", "memorySize"},
		"a long time-out":    {func(in *lambda.CreateFunctionInput) { in.Timeout = aws.Int32(901) }, "ValidationException", "timeout"},
		"an image":           {func(in *lambda.CreateFunctionInput) { in.PackageType = types.PackageTypeImage }, "InvalidParameterValueException", "Image"},
		"a queue": {func(in *lambda.CreateFunctionInput) {
			in.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: aws.String("arn:aws:sqs:us-east-1:000000000000:q")}
		}, "InvalidParameterValueException", "has no queues"},
		"a topic": {func(in *lambda.CreateFunctionInput) {
			in.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: aws.String("arn:aws:sns:us-east-1:000000000000:t")}
		}, "InvalidParameterValueException", "Amazon SNS"},
		"an unknown layer": {func(in *lambda.CreateFunctionInput) {
			in.Layers = []string{"arn:aws:lambda:us-east-1:000000000000:layer:l:1"}
		}, "InvalidParameterValueException", "layer:l:1"},
	} {
		t.Run(name, func(t *testing.T) {
			in := newInput("f", "x")
			c.change(in)
			_, err := p.CreateFunction(t.Context(), in)
			refused(t, err, c.code, c.message)
		})
	}
	if out := must(p.ListFunctions(t.Context(), &lambda.ListFunctionsInput{}))(t); len(out.Functions) != 0 {
		t.Errorf("a refused function is there: %v", out.Functions)
	}
}

func TestListFunctionsPages(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		for _, n := range []string{"b", "a", "c"} {
			p.create(t, newInput(n, n))
		}
		must(p.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("b")}))(t)
		var got []string
		in := &lambda.ListFunctionsInput{MaxItems: aws.Int32(1), FunctionVersion: types.FunctionVersionAll}
		for {
			out := must(p.ListFunctions(t.Context(), in))(t)
			for _, f := range out.Functions {
				got = append(got, *f.FunctionName+":"+*f.Version)
				if f.State != "" {
					t.Error("a listing shows the state")
				}
			}
			if in.Marker = out.NextMarker; in.Marker == nil {
				break
			}
		}
		if want := []string{"a:$LATEST", "b:$LATEST", "b:1", "c:$LATEST"}; !slices.Equal(got, want) {
			t.Errorf("listed %v, want %v", got, want)
		}
		_, err := p.ListFunctions(t.Context(), &lambda.ListFunctionsInput{Marker: aws.String("?")})
		refused(t, err, "InvalidParameterValueException", "NextMarker")
	})
}
