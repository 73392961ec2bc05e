package resource

import (
	"archive/zip"
	"bytes"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func TestDecodePutsPropertiesIntoTheSDKsInputs(t *testing.T) {
	p := read(t, `{"MemorySize": "256", "Timeout": 9, "Runtime": "nodejs22.x", "KmsKeyArn": "k", "Layers": ["a"], "Architectures": ["arm64"],
		"Environment": {"Variables": {"A": 1, "B": true}}, "VpcConfig": {"SubnetIds": "one", "Ipv6AllowedForDualStack": "true"}, "Unheard": 1}`)
	got := &lambda.CreateFunctionInput{}
	if err := Decode(p, got); err != nil {
		t.Fatal(err)
	}
	want := &lambda.CreateFunctionInput{MemorySize: aws.Int32(256), Timeout: aws.Int32(9), Runtime: "nodejs22.x", KMSKeyArn: aws.String("k"),
		Layers: []string{"a"}, Architectures: []types.Architecture{"arm64"},
		Environment: &types.Environment{Variables: map[string]string{"A": "1", "B": "true"}},
		VpcConfig:   &types.VpcConfig{SubnetIds: []string{"one"}, Ipv6AllowedForDualStack: aws.Bool(true)}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(lambda.CreateFunctionInput{}, types.Environment{}, types.VpcConfig{})); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{`{"Timeout": 4294967296}`, `{"Timeout": "x"}`, `{"Environment": []}`, `{"VpcConfig": {"Ipv6AllowedForDualStack": 3}}`, `{"Handler": {}}`} {
		if err := Decode(read(t, bad), &lambda.CreateFunctionInput{}); err == nil {
			t.Errorf("%s accepted", bad)
		}
	}
}

// A property that a schema takes and no call carries would be dropped in silence.
func TestEveryPropertyOfASchemaReachesACall(t *testing.T) {
	for _, c := range []struct {
		handler Handler
		inputs  []any
		apart   []string // put into a call by code of their own
	}{
		{&lambdaFunction{}, []any{lambda.CreateFunctionInput{}}, []string{"ReservedConcurrentExecutions"}},
		{&lambdaVersion{}, []any{lambda.PublishVersionInput{}}, []string{"ProvisionedConcurrencyConfig"}},
		{&lambdaAlias{}, []any{lambda.CreateAliasInput{}}, []string{"ProvisionedConcurrencyConfig"}},
		{&lambdaPermission{}, []any{lambda.AddPermissionInput{}}, nil},
		{&lambdaInvokeConfig{}, []any{lambda.PutFunctionEventInvokeConfigInput{}}, nil},
		{&lambdaLayerVersion{}, []any{lambda.PublishLayerVersionInput{}}, nil},
		{&deployApplication{}, []any{codedeploy.CreateApplicationInput{}}, nil},
		{&deployGroup{}, []any{codedeploy.CreateDeploymentGroupInput{}, codedeploy.UpdateDeploymentGroupInput{}}, []string{"Tags", "DeploymentGroupName"}},
		{&deployConfig{}, []any{codedeploy.CreateDeploymentConfigInput{}}, nil},
		{&alarm{}, []any{cloudwatch.PutMetricAlarmInput{}}, nil},
		{&logGroup{}, []any{cloudwatchlogs.CreateLogGroupInput{}}, []string{"RetentionInDays"}},
	} {
		s := c.handler.Schema()
		for name, p := range s.root.members {
			if slices.Contains(c.apart, name) {
				continue
			}
			for _, in := range c.inputs {
				reachesCall(t, s.Type+"."+name, p, member(reflect.ValueOf(in), name))
			}
		}
		if s.Name.Property != "" && s.root.members[s.Name.Property] == nil {
			t.Errorf("%s: the name's property %s is not in the table", s.Type, s.Name.Property)
		}
	}
}

func reachesCall(t *testing.T, path string, p *property, v reflect.Value) {
	t.Helper()
	if strings.Contains(path, "RoutingConfig.") || strings.HasSuffix(path, ".Tags.Key") || strings.HasSuffix(path, ".Tags.Value") {
		return // lists where the SDK has a map
	}
	if !v.IsValid() {
		t.Errorf("%s: the call has no such member", path)
		return
	}
	typ := v.Type()
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct {
		return
	}
	for name, m := range p.members {
		reachesCall(t, path+"."+name, m, member(reflect.New(typ).Elem(), name))
	}
}

func TestGeneratedNamesFitAndStayTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stack := rapid.StringMatching(`[a-zA-Z][-a-zA-Z0-9]{0,127}`).Draw(t, "stack")
		logical := rapid.StringMatching(`[a-zA-Z0-9]{1,255}`).Draw(t, "logical")
		max := rapid.IntRange(30, 255).Draw(t, "max")
		seed := rapid.String().Draw(t, "seed")
		name := GenerateName(stack, logical, seed, max, false)
		if len(name) > max || name != GenerateName(stack, logical, seed, max, false) {
			t.Fatalf("%q is %d long, at most %d", name, len(name), max)
		}
		if name == GenerateName(stack, logical, seed+"x", max, false) {
			t.Fatalf("%q for two seeds", name)
		}
		if len(stack)+len(logical)+14 <= max && !strings.HasSuffix(stack, "-") && !strings.HasPrefix(name, stack+"-"+logical+"-") {
			t.Fatalf("%q was cut without need", name)
		}
	})
}

func TestInlineCodeBecomesTheSamePackageEveryTime(t *testing.T) {
	p := read(t, `{"Runtime": "python3.12", "Code": {"ZipFile": "print(1)"}}`)
	one, err := functionCode(p)
	if err != nil {
		t.Fatal(err)
	}
	two, _ := functionCode(p)
	if !bytes.Equal(one.ZipFile, two.ZipFile) {
		t.Error("two packages of the same code differ")
	}
	z, err := zip.NewReader(bytes.NewReader(one.ZipFile), int64(len(one.ZipFile)))
	if err != nil || len(z.File) != 1 || z.File[0].Name != "index.py" {
		t.Fatalf("%v %v", z, err)
	}
	f, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := io.ReadAll(f); string(text) != "print(1)" {
		t.Errorf("%q", text)
	}
	if _, err := functionCode(read(t, `{"Runtime": "provided.al2023", "Code": {"ZipFile": "x"}}`)); err == nil {
		t.Error("inline code for a runtime without an interpreter was accepted")
	}
}
