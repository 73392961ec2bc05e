package lambda

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/blob"
	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/sandbox/environment"
)

const testRole = "arn:aws:iam::000000000000:role/r"

// platform is a service with what it needs, on a clock that stands still.
type platform struct {
	*Service
	clock  *clock.Fake
	engine *durable.Engine
	envs   *fakeHost
	logs   *recorder
	dir    string
	db     *db.DB
}

type option func(*Deps)

// open starts a service on d with its files in dir; a test may close it and open another one there.
func open(t testing.TB, d *db.DB, dir string, opts ...option) *platform {
	t.Helper()
	return openNode(t, d, dir, "node", opts...)
}

func openNode(t testing.TB, d *db.DB, dir, node string, opts ...option) *platform {
	t.Helper()
	p := &platform{clock: clock.NewFake(time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)), dir: dir, db: d, envs: newFakeHost(), logs: &recorder{}}
	p.engine = durable.New(d, p.clock, node)
	blobs, err := blob.NewFolder(filepath.Join(dir, "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	deps := Deps{DB: d, Engine: p.engine, Clock: p.clock, Blobs: blobs, Dir: dir, Environment: p.envs.start, Logs: p.logs, Metrics: p.logs,
		Runtime: func(r string) (string, error) {
			if strings.HasPrefix(r, "ruby") {
				return "", errors.New("no interpreter for " + r + " on this machine: install ruby")
			}
			return "", nil
		},
		Limits: Limits{FlushLogs: time.Millisecond, FlushMetrics: time.Millisecond, DrainTimeout: 5 * time.Second}, Logger: slog.New(slog.DiscardHandler)}
	for _, o := range opts {
		o(&deps)
	}
	if p.Service, err = New(deps); err != nil {
		t.Fatal(err)
	}
	if err := p.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *platform) close() {
	p.engine.Stop()
	p.Close()
}

// both runs a test on SQLite and PostgreSQL.
func both(t *testing.T, test func(t *testing.T, p *platform), opts ...option) {
	t.Helper()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		p := open(t, d, t.TempDir(), opts...)
		defer p.close()
		test(t, p)
	})
}

func sqlite(t testing.TB, opts ...option) *platform {
	t.Helper()
	p := open(t, dbtest.Open(t, dbtest.SQLite(t)), t.TempDir(), opts...)
	t.Cleanup(p.close)
	return p
}

// fakeHost runs "functions" in the test's process: what run says.
type fakeHost struct {
	mu      sync.Mutex
	run     func(f environment.Function, in *environment.Invocation, log func(string)) (environment.Outcome, error)
	began   func(f environment.Function) error
	live    int
	most    int
	started int
	envs    []*fakeEnv
}

type fakeEnv struct {
	host *fakeHost
	f    environment.Function
	log  func(string)
	mu   sync.Mutex
	dead bool
	busy bool
}

func newFakeHost() *fakeHost {
	return &fakeHost{run: func(f environment.Function, _ *environment.Invocation, _ func(string)) (environment.Outcome, error) {
		return answer(map[string]string{"version": f.Version, "code": readID(f)}), nil
	}}
}

// readID is the file "id" of a package.
func readID(f environment.Function) string {
	b, err := os.ReadFile(filepath.Join(f.CodeDir, "id"))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func answer(v any) environment.Outcome {
	b, _ := json.Marshal(v)
	return environment.Outcome{Payload: b, Status: environment.Success, Duration: 2 * time.Millisecond, Billed: 2 * time.Millisecond, MaxMemoryMB: 20}
}

func functionError(message string) environment.Outcome {
	o := answer(map[string]string{"errorMessage": message, "errorType": "Error"})
	o.Status, o.FunctionError = environment.Failed, "Unhandled"
	return o
}

func (h *fakeHost) start(_ context.Context, f environment.Function, out func([]byte)) (Environment, error) {
	if h.began != nil {
		if err := h.began(f); err != nil {
			return nil, err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.started++
	h.live++
	h.most = max(h.most, h.live)
	e := &fakeEnv{host: h, f: f, log: func(s string) { out([]byte(s)) }}
	h.envs = append(h.envs, e)
	return e, nil
}

func (h *fakeHost) alive() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.live
}

func (e *fakeEnv) Invoke(_ context.Context, in *environment.Invocation) (environment.Outcome, error) {
	e.mu.Lock()
	if e.busy {
		panic("two invocations in one environment at the same time")
	}
	if e.dead {
		e.mu.Unlock()
		return environment.Outcome{}, environment.ErrNotDelivered
	}
	e.busy = true
	e.mu.Unlock()
	defer func() { e.mu.Lock(); e.busy = false; e.mu.Unlock() }()
	return e.host.run(e.f, in, e.log)
}

func (e *fakeEnv) Alive() bool { e.mu.Lock(); defer e.mu.Unlock(); return !e.dead }

func (e *fakeEnv) Close(environment.Reason) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.dead {
		e.dead = true
		e.host.mu.Lock()
		e.host.live--
		e.host.mu.Unlock()
	}
}

// recorder is CloudWatch and CloudWatch Logs for tests: it keeps what it is sent.
type recorder struct {
	mu      sync.Mutex
	groups  map[string]bool
	streams map[string][]string // group/stream → messages
	data    []*cloudwatch.PutMetricDataInput
}

func (r *recorder) CreateLogGroup(_ context.Context, in *cloudwatchlogs.CreateLogGroupInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogGroupOutput, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.groups == nil {
		r.groups, r.streams = map[string]bool{}, map[string][]string{}
	}
	if r.groups[*in.LogGroupName] {
		return nil, &smithy.GenericAPIError{Code: "ResourceAlreadyExistsException", Message: "exists"}
	}
	r.groups[*in.LogGroupName] = true
	return &cloudwatchlogs.CreateLogGroupOutput{}, nil
}

func (r *recorder) CreateLogStream(_ context.Context, in *cloudwatchlogs.CreateLogStreamInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogStreamOutput, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.groups[*in.LogGroupName] {
		return nil, &smithy.GenericAPIError{Code: "ResourceNotFoundException", Message: "no group"}
	}
	r.streams[*in.LogGroupName+" "+*in.LogStreamName] = []string{}
	return &cloudwatchlogs.CreateLogStreamOutput{}, nil
}

func (r *recorder) PutLogEvents(_ context.Context, in *cloudwatchlogs.PutLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutLogEventsOutput, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := *in.LogGroupName + " " + *in.LogStreamName
	if r.streams[k] == nil {
		return nil, &smithy.GenericAPIError{Code: "ResourceNotFoundException", Message: "no stream"}
	}
	for _, e := range in.LogEvents {
		r.streams[k] = append(r.streams[k], *e.Message)
	}
	return &cloudwatchlogs.PutLogEventsOutput{}, nil
}

func (r *recorder) PutMetricData(_ context.Context, in *cloudwatch.PutMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.data = append(r.data, in)
	return &cloudwatch.PutMetricDataOutput{}, nil
}

// sum adds up a metric over what was sent; dims is "FunctionName=f,Resource=f:live".
func (r *recorder) sum(metric, dims string) (total, samples float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, in := range r.data {
		for _, d := range in.MetricData {
			var have []string
			for _, x := range d.Dimensions {
				have = append(have, *x.Name+"="+*x.Value)
			}
			if *d.MetricName != metric || strings.Join(have, ",") != dims {
				continue
			}
			if d.StatisticValues != nil {
				total, samples = total+*d.StatisticValues.Sum, samples+*d.StatisticValues.SampleCount
			}
			for i, v := range d.Values {
				total, samples = total+v*d.Counts[i], samples+d.Counts[i]
			}
		}
	}
	return total, samples
}

func (r *recorder) messages(group string) (out []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, m := range r.streams {
		if strings.HasPrefix(k, group+" ") {
			out = append(out, m...)
		}
	}
	return out
}

// pkg is a zip of files; what begins with #! or is named bootstrap may be executed.
func pkg(files map[string]string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		h.SetMode(0o644)
		if name == "bootstrap" || strings.HasPrefix(text, "#!") {
			h.SetMode(0o755)
		}
		w, err := z.CreateHeader(h)
		if err != nil {
			panic(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func code(id string) []byte { return pkg(map[string]string{"id": id, "bootstrap": "#!/bin/sh\n"}) }

func newInput(name, id string) *lambda.CreateFunctionInput {
	return &lambda.CreateFunctionInput{FunctionName: aws.String(name), Role: aws.String(testRole), Runtime: types.RuntimeProvidedal2023,
		Handler: aws.String("bootstrap"), Code: &types.FunctionCode{ZipFile: code(id)}}
}

// create makes a function and waits until it is Active.
func (p *platform) create(t testing.TB, in *lambda.CreateFunctionInput) {
	t.Helper()
	must(p.CreateFunction(t.Context(), in))(t)
	p.settled(t, *in.FunctionName)
}

// settled waits until $LATEST is ready and returns its configuration.
func (p *platform) settled(t testing.TB, name string) *lambda.GetFunctionConfigurationOutput {
	t.Helper()
	var c *lambda.GetFunctionConfigurationOutput
	eventually(t, func() bool {
		c = must(p.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: &name}))(t)
		return c.State != types.StatePending && c.LastUpdateStatus != types.LastUpdateStatusInProgress
	})
	return c
}

// publish updates the code to id and publishes it.
func (p *platform) publish(t testing.TB, name, id string) string {
	t.Helper()
	must(p.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: &name, ZipFile: code(id)}))(t)
	p.settled(t, name)
	return *must(p.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: &name}))(t).Version
}

func (p *platform) alias(t testing.TB, name, alias, version string, w map[string]float64) {
	t.Helper()
	in := &lambda.CreateAliasInput{FunctionName: &name, Name: &alias, FunctionVersion: &version}
	if w != nil {
		in.RoutingConfig = &types.AliasRoutingConfiguration{AdditionalVersionWeights: w}
	}
	must(p.CreateAlias(t.Context(), in))(t)
}

// call invokes and decodes the answer of the default fake function.
func (p *platform) call(t testing.TB, name string) map[string]string {
	t.Helper()
	out := must(p.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &name}))(t)
	var v map[string]string
	if err := json.Unmarshal(out.Payload, &v); err != nil {
		t.Fatalf("payload %s: %v", out.Payload, err)
	}
	return v
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func eventually(t testing.TB, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not happen in 15 s")
		}
	}
}

// refused checks an error's code and a part of its message.
func refused(t testing.TB, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), message) {
		t.Errorf("got %v, want %s with %q", err, code, message)
	}
}

func number(i int) string { return fmt.Sprint(i) }
