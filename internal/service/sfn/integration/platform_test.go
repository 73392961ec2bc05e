package integration_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
	"github.com/headgate/headgate/internal/blob"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/sandbox/environment"
	"github.com/headgate/headgate/internal/service/cloudwatch"
	"github.com/headgate/headgate/internal/service/iam"
	lambdaservice "github.com/headgate/headgate/internal/service/lambda"
	"github.com/headgate/headgate/internal/service/logs"
	"github.com/headgate/headgate/internal/service/s3"
	"github.com/headgate/headgate/internal/service/sfn/integration"
	"github.com/headgate/headgate/internal/service/sqs"
)

const role = "arn:aws:iam::000000000000:role/machine"

// platform is the services that tasks call, in this process, with functions that this process runs.
type platform struct {
	*integration.Set
	lambda *lambdaservice.Service
	s3     *s3.Service
	engine *durable.Engine

	mu      sync.Mutex
	invoked []environment.Invocation // by request id
	run     func(f environment.Function, in *environment.Invocation) environment.Outcome
}

// env is an environment whose function is platform.run.
type env struct {
	p *platform
	f environment.Function
}

func (e env) Invoke(_ context.Context, in *environment.Invocation) (environment.Outcome, error) {
	e.p.mu.Lock()
	e.p.invoked = append(e.p.invoked, *in)
	e.p.mu.Unlock()
	return e.p.run(e.f, in), nil
}
func (env) Alive() bool              { return true }
func (env) Close(environment.Reason) {}

func outcome(payload string) environment.Outcome {
	return environment.Outcome{Payload: []byte(payload), Status: environment.Success}
}

func failing(payload string) environment.Outcome {
	return environment.Outcome{Payload: []byte(payload), Status: environment.Failed, FunctionError: "Unhandled"}
}

// open makes a platform on d. Its functions answer {"version": …, "event": …}.
func open(t *testing.T, d *db.DB) *platform {
	t.Helper()
	c := clock.NewFake(time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC))
	p := &platform{engine: durable.New(d, c, "node")}
	p.run = func(f environment.Function, in *environment.Invocation) environment.Outcome {
		return outcome(`{"version":"` + f.Version + `","event":` + string(in.Payload) + `}`)
	}
	dir := t.TempDir()
	folder := func(name string) blob.Sweeper {
		b, err := blob.NewFolder(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	p.s3 = s3.New(d, c, folder("objects"))
	var err error
	p.lambda, err = lambdaservice.New(lambdaservice.Deps{DB: d, Engine: p.engine, Clock: c, Blobs: folder("packages"), Dir: dir,
		Environment: func(_ context.Context, f environment.Function, _ func([]byte)) (lambdaservice.Environment, error) {
			return env{p, f}, nil
		},
		Runtime: func(string) (string, error) { return "", nil }, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.lambda.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.engine.Stop(); p.lambda.Close() })
	p.Set = integration.New(integration.Deps{Clock: c, Logger: slog.New(slog.DiscardHandler), Services: map[string]any{
		"lambda": p.lambda, "s3": p.s3, "cloudwatch": cloudwatch.New(d, c, p.lambda), "cloudwatchlogs": logs.New(d, c), "iam": iam.New(d, c),
		"sqs": sqs.New(d, c, func() string { return "http://localhost" })}})
	return p
}

// sqlite is open on a store of its own.
func sqlite(t *testing.T) *platform { return open(t, dbtest.Open(t, dbtest.SQLite(t))) }

func code(text string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("id")
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err != nil || z.Close() != nil {
		panic("zip")
	}
	return b.Bytes()
}

// function makes a function, ready to be called.
func (p *platform) function(t *testing.T, name string) string {
	t.Helper()
	out, err := p.lambda.CreateFunction(t.Context(), &lambda.CreateFunctionInput{FunctionName: &name, Role: aws.String(role), Handler: aws.String("h"),
		Runtime: types.RuntimePython312, Code: &types.FunctionCode{ZipFile: code("one")}})
	if err != nil {
		t.Fatal(err)
	}
	p.settled(t, name)
	return aws.ToString(out.FunctionArn)
}

func (p *platform) settled(t *testing.T, name string) {
	t.Helper()
	for range 2000 {
		c, err := p.lambda.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: &name})
		if err != nil {
			t.Fatal(err)
		}
		if c.State == types.StateActive && c.LastUpdateStatus != types.LastUpdateStatusInProgress {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("the function does not settle")
}

// update changes $LATEST's code. It does not wait.
func (p *platform) update(t *testing.T, name, text string) {
	t.Helper()
	if _, err := p.lambda.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: &name, ZipFile: code(text)}); err != nil {
		t.Fatal(err)
	}
}

func (p *platform) publish(t *testing.T, name string) string {
	t.Helper()
	p.settled(t, name)
	out, err := p.lambda.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.Version)
}

func (p *platform) alias(t *testing.T, function, name, version string, weights map[string]float64) {
	t.Helper()
	in := &lambda.CreateAliasInput{FunctionName: &function, Name: &name, FunctionVersion: &version}
	if weights != nil {
		in.RoutingConfig = &types.AliasRoutingConfiguration{AdditionalVersionWeights: weights}
	}
	if _, err := p.lambda.CreateAlias(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

func (p *platform) bucket(t *testing.T, objects map[string]string) {
	t.Helper()
	if _, err := p.s3.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String("box")}); err != nil {
		t.Fatal(err)
	}
	for key, text := range objects {
		if _, err := p.s3.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String("box"), Key: &key, Body: strings.NewReader(text)}); err != nil {
			t.Fatal(err)
		}
	}
}

// call is a task: a resource and its parameters.
func call(t *testing.T, resource, parameters string) integration.Call {
	t.Helper()
	r, ok := asl.ParseResource(resource)
	if !ok {
		t.Fatalf("%s is no resource", resource)
	}
	text, err := jsonvalue.FromText(parameters)
	if err != nil {
		t.Fatal(err)
	}
	return integration.Call{Caller: caller.From(t.Context()), Role: role, Execution: "arn:aws:states:us-east-1:000000000000:execution:m:" + t.Name(),
		State: "Task", Resource: r, Parameters: text, Key: t.Name() + resource + parameters}
}

// answer runs a call.
func (p *platform) answer(t *testing.T, c integration.Call) integration.Answer {
	t.Helper()
	a, err := p.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// result runs a call that must succeed.
func (p *platform) result(t *testing.T, resource, parameters string) string {
	t.Helper()
	a := p.answer(t, call(t, resource, parameters))
	if a.Failed {
		t.Fatalf("%s: %s: %s", resource, a.Error, a.Cause)
	}
	return a.Output.String()
}

// get walks into a result.
func get(t *testing.T, result string, path ...string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(result), &v); err != nil {
		t.Fatal(err)
	}
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}
