package app

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/db/dbtest"
)

// node is a platform of a cluster, and clients of it.
type node struct {
	*App
	lambda *lambda.Client
	deploy *codedeploy.Client
}

func startNode(t *testing.T, url string, rate float64) *node {
	t.Helper()
	dir, err := os.MkdirTemp("", "headgate") // functions, as other users, must be able to pass through it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	a, err := Start(t.Context(), Config{Listen: "127.0.0.1:0", Data: filepath.Join(dir, "data"), DB: url, ClockRate: rate, AllowUnisolated: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() }) // the test may have stopped parts of it
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(a.Endpoint()), Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
	return &node{a, lambda.NewFromConfig(cfg), codedeploy.NewFromConfig(cfg)}
}

// pack is a function's package: the tests' program, which answers the version that it runs as and the text.
func pack(t *testing.T, program []byte, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range map[string][]byte{"bootstrap": program, "id": []byte(text)} {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		h.SetMode(0o755)
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func program(t *testing.T) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bootstrap")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", file, "../service/lambda/testdata/bootstrap")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// answers invokes the function and returns the version that answered.
func (n *node) answers(t *testing.T, qualifier string) string {
	t.Helper()
	out, err := n.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f"), Qualifier: &qualifier})
	if err != nil {
		t.Fatal(err)
	}
	var a struct{ Version string }
	if err := json.Unmarshal(out.Payload, &a); err != nil || out.FunctionError != nil {
		t.Fatalf("%s %v", out.Payload, err)
	}
	return a.Version
}

func within(t *testing.T, d time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(d); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", d, what)
		}
	}
}

// Two nodes that share PostgreSQL and nothing else are one platform.
func TestTwoNodesAreOnePlatform(t *testing.T) {
	url := dbtest.Postgres(t)
	a := startNode(t, url, 60)
	b := startNode(t, url, 0)
	ctx, f, live := t.Context(), aws.String("f"), aws.String("live")
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	binary := program(t)
	must(a.lambda.CreateFunction(ctx, &lambda.CreateFunctionInput{FunctionName: f, Role: aws.String("arn:aws:iam::000000000000:role/r"), Publish: true,
		Runtime: types.RuntimeProvidedal2023, Handler: aws.String("h"), Code: &types.FunctionCode{ZipFile: pack(t, binary, "one")}, Timeout: aws.Int32(30)}))
	active := func() bool {
		out, err := b.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: f})
		return err == nil && out.State == types.StateActive && out.LastUpdateStatus == types.LastUpdateStatusSuccessful
	}
	within(t, 20*time.Second, "function Active, as the other node sees it", active)
	must(a.lambda.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: f, Name: live, FunctionVersion: aws.String("1")}))
	if v := b.answers(t, "live"); v != "1" { // at once; the package comes out of the database
		t.Errorf("version %s answered", v)
	}

	must(a.lambda.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: f, Publish: true, ZipFile: pack(t, binary, "two")}))
	within(t, 20*time.Second, "version 2 ready", active)
	weights := func(w map[string]float64) {
		must(a.lambda.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: f, Name: live, RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: w}}))
	}
	b.answers(t, "2") // warm
	weights(map[string]float64{"2": 1})
	within(t, time.Second, "the other node follows new weights", func() bool { return b.answers(t, "live") == "2" })
	weights(map[string]float64{})
	within(t, time.Second, "the other node follows cleared weights", func() bool { return b.answers(t, "live") == "1" })

	id := deployCanary(t, a)
	share := func() float64 {
		out, err := b.lambda.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: f, Name: live})
		if err != nil || out.RoutingConfig == nil {
			return 0
		}
		return out.RoutingConfig.AdditionalVersionWeights["2"]
	}
	within(t, 20*time.Second, "the canary's first shift", func() bool { return share() == 0.1 })
	a.engine.Stop() // as if the node had died: nobody renews its lease
	within(t, 60*time.Second, "the other node ends the deployment", func() bool {
		out, err := b.deploy.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: &id})
		return err == nil && out.DeploymentInfo.Status == cdtypes.DeploymentStatusSucceeded
	})
	if v := b.answers(t, "live"); v != "2" {
		t.Errorf("version %s answers after the deployment", v)
	}
	within(t, time.Second, "the node without an engine still follows", func() bool { return a.answers(t, "live") == "2" })
}

// deployCanary starts a deployment of version 2 that shifts 10 % and, five platform minutes later, the rest.
func deployCanary(t *testing.T, n *node) string {
	t.Helper()
	ctx, name := t.Context(), aws.String("app")
	if _, err := n.deploy.CreateApplication(ctx, &codedeploy.CreateApplicationInput{ApplicationName: name, ComputePlatform: cdtypes.ComputePlatformLambda}); err != nil {
		t.Fatal(err)
	}
	if _, err := n.deploy.CreateDeploymentGroup(ctx, &codedeploy.CreateDeploymentGroupInput{ApplicationName: name, DeploymentGroupName: name,
		ServiceRoleArn: aws.String("arn:aws:iam::000000000000:role/deploy"), DeploymentConfigName: aws.String("CodeDeployDefault.LambdaCanary10Percent5Minutes"),
		DeploymentStyle: &cdtypes.DeploymentStyle{DeploymentType: cdtypes.DeploymentTypeBlueGreen, DeploymentOption: cdtypes.DeploymentOptionWithTrafficControl}}); err != nil {
		t.Fatal(err)
	}
	spec := `{"version": 0.0, "Resources": [{"f": {"Type": "AWS::Lambda::Function",
		"Properties": {"Name": "f", "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2"}}}]}`
	out, err := n.deploy.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{ApplicationName: name, DeploymentGroupName: name,
		Revision: &cdtypes.RevisionLocation{RevisionType: cdtypes.RevisionLocationTypeAppSpecContent, AppSpecContent: &cdtypes.AppSpecContent{Content: &spec}}})
	if err != nil {
		t.Fatal(err)
	}
	return *out.DeploymentId
}
