package lambda

import (
	"context"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/sandbox/environment"
)

func TestInvokeRunsTheFunction(t *testing.T) {
	p := sqlite(t, processes(t), func(d *Deps) {
		d.Credentials = func(_ context.Context, c caller.Caller, role, session string) (environment.Credentials, error) {
			return environment.Credentials{AccessKeyID: "A-" + c.Account, SecretAccessKey: "S", SessionToken: role + "/" + session}, nil
		}
	})
	in := newInput("f", "")
	in.Code.ZipFile, in.Timeout, in.MemorySize = realCode("one"), aws.Int32(1), aws.Int32(256)
	in.Environment = &types.Environment{Variables: map[string]string{"MINE": "yes"}}
	p.create(t, in)

	out := p.event(t, "f", `{"do":"print","text":"hello"}`, "")
	if got := decode[map[string]string](t, out.Payload); *out.ExecutedVersion != latest || got["version"] != latest || got["code"] != "one" {
		t.Errorf("%s from %s", out.Payload, *out.ExecutedVersion)
	}
	tail, _ := base64.StdEncoding.DecodeString(*out.LogResult)
	want := regexp.MustCompile(`(?s)^START RequestId: (\S+) Version: \$LATEST\nhello\nEND RequestId: (\S+)\nREPORT RequestId: (\S+)\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB\tMax Memory Used: \d+ MB\tInit Duration: [\d.]+ ms\t\n$`)
	if m := want.FindStringSubmatch(string(tail)); m == nil || m[1] != m[2] || m[2] != m[3] {
		t.Errorf("tail %q", tail)
	}

	vars := decode[map[string]string](t, p.event(t, "f", `{"do":"env"}`, "").Payload)
	for k, want := range map[string]string{"AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_VERSION": latest, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
		"AWS_REGION": "us-east-1", "_HANDLER": "bootstrap", "MINE": "yes", "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f", "TZ": ":UTC",
		"AWS_ACCESS_KEY_ID": "A-000000000000", "AWS_SESSION_TOKEN": testRole + "/f", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"} {
		if vars[k] != want {
			t.Errorf("%s is %q, want %q", k, vars[k], want)
		}
	}
	if !regexp.MustCompile(`^2026/03/01/\[\$LATEST\][0-9a-f]{32}$`).MatchString(vars["AWS_LAMBDA_LOG_STREAM_NAME"]) || vars["HOME"] != "" {
		t.Errorf("stream %q, HOME %q", vars["AWS_LAMBDA_LOG_STREAM_NAME"], vars["HOME"])
	}

	out = p.event(t, "f", `{"do":"fail","text":"no"}`, "Unhandled")
	if got := decode[struct{ ErrorMessage, ErrorType string }](t, out.Payload); got.ErrorMessage != "no" || got.ErrorType != "Broken" {
		t.Errorf("%s", out.Payload)
	}
	out = p.event(t, "f", `{"do":"exit"}`, "Unhandled")
	if got := string(out.Payload); !strings.Contains(got, "Runtime exited with error: exit status 3") || !strings.Contains(got, "Runtime.ExitError") {
		t.Error(got)
	}
	out = p.event(t, "f", `{"sleep":3000}`, "Unhandled")
	if got := string(out.Payload); !strings.Contains(got, "Task timed out after 1.00 seconds") || *out.ExecutedVersion != latest {
		t.Error(got)
	}
	p.event(t, "f", `{}`, "")
	eventually(t, func() bool {
		return len(slices.DeleteFunc(p.logs.messages("/aws/lambda/f"), func(s string) bool { return !strings.HasPrefix(s, "REPORT ") })) == 6
	})
	all := strings.Join(p.logs.messages("/aws/lambda/f"), "")
	for _, want := range []string{"INIT_START Runtime Version: provided.al2023\n", "Task timed out after 1.00 seconds\n", "Status: timeout", "Status: error\tError Type: Runtime.ExitError"} {
		if !strings.Contains(all, want) {
			t.Errorf("the log lacks %q:\n%s", want, all)
		}
	}
}

func TestHandlersThatDoNotExist(t *testing.T) {
	p := sqlite(t, processes(t))
	for name, c := range map[string]struct {
		runtime types.Runtime
		handler string
		files   map[string]string
		want    string
	}{
		"no bootstrap": {types.RuntimeProvidedal2023, "x", map[string]string{"a": "b"}, "Runtime.InvalidEntrypoint"},
		"no file":      {types.RuntimeNodejs20x, "missing.handler", map[string]string{"index.js": "exports.handler = async () => 1"}, "Runtime.ImportModuleError"},
		"no function":  {types.RuntimeNodejs20x, "index.missing", map[string]string{"index.js": "exports.handler = async () => 1"}, "Runtime.HandlerNotFound"},
		"no module":    {types.RuntimePython311, "missing.handler", map[string]string{"index.py": "def handler(e, c): return 1"}, "Runtime.ImportModuleError"},
		"no name":      {types.RuntimePython311, "index.missing", map[string]string{"index.py": "def handler(e, c): return 1"}, "Runtime.HandlerNotFound"},
	} {
		t.Run(name, func(t *testing.T) {
			interpreter(t, string(c.runtime))
			in := newInput(strings.ReplaceAll(name, " ", "-"), "")
			in.Runtime, in.Handler, in.Code.ZipFile = c.runtime, &c.handler, pkg(c.files)
			p.create(t, in)
			if out := p.event(t, *in.FunctionName, `{}`, "Unhandled"); !strings.Contains(string(out.Payload), c.want) {
				t.Errorf("%s", out.Payload)
			}
		})
	}
}

func TestInterpretedFunctions(t *testing.T) {
	p := sqlite(t, processes(t))
	for name, c := range map[string]struct {
		runtime types.Runtime
		file    string
		text    string
	}{
		"node":   {types.RuntimeNodejs20x, "index.js", "exports.handler = async (e) => ({ got: e.n + 1 })"},
		"python": {types.RuntimePython311, "index.py", "def handler(e, c):\n    return {'got': e['n'] + 1}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			interpreter(t, string(c.runtime))
			in := newInput(name, "")
			in.Runtime, in.Handler, in.Code.ZipFile, in.MemorySize = c.runtime, aws.String("index.handler"), pkg(map[string]string{c.file: c.text}), aws.Int32(512)
			p.create(t, in)
			if out := p.event(t, name, `{"n":1}`, ""); strings.ReplaceAll(string(out.Payload), " ", "") != `{"got":2}` {
				t.Errorf("%s", out.Payload)
			}
		})
	}
}

func TestInvocationTypesAndBadEvents(t *testing.T) {
	p := sqlite(t)
	p.create(t, newInput("f", "one"))
	invoke := func(in lambda.InvokeInput) (*lambda.InvokeOutput, error) {
		in.FunctionName = aws.String("f")
		return p.Invoke(t.Context(), &in)
	}
	if out := must(invoke(lambda.InvokeInput{InvocationType: types.InvocationTypeDryRun}))(t); out.StatusCode != 204 || out.Payload != nil || out.ExecutedVersion != nil {
		t.Errorf("%+v", out)
	}
	if p.envs.started != 0 {
		t.Error("a dry run started the function")
	}
	_, err := invoke(lambda.InvokeInput{Payload: []byte("{'a':1}")})
	refused(t, err, "InvalidRequestContentException", "Could not parse request body into json: ")
	_, err = invoke(lambda.InvokeInput{Payload: make([]byte, maxSync+1)})
	refused(t, err, "RequestTooLargeException", "6291456 bytes")
	_, err = invoke(lambda.InvokeInput{Payload: []byte(`"` + strings.Repeat("a", maxAsync) + `"`), InvocationType: types.InvocationTypeEvent})
	refused(t, err, "RequestTooLargeException", "1048576 bytes")
	_, err = invoke(lambda.InvokeInput{ClientContext: aws.String("%")})
	refused(t, err, "InvalidRequestContentException", "Client context")
	_, err = invoke(lambda.InvokeInput{Qualifier: aws.String("7")})
	refused(t, err, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:7")
	_, err = invoke(lambda.InvokeInput{Qualifier: aws.String("live")})
	refused(t, err, "ResourceNotFoundException", "function:f:live")
	var got []byte
	p.envs.run = func(_ environment.Function, in *environment.Invocation, _ func(string)) (environment.Outcome, error) {
		got = in.Payload
		return answer(nil), nil
	}
	must(invoke(lambda.InvokeInput{}))(t)
	if string(got) != "{}" {
		t.Errorf("no payload became %q", got)
	}
}

func TestRequestIDIsTheCallersOnce(t *testing.T) {
	p := sqlite(t)
	p.create(t, newInput("f", "one"))
	var ids []string
	p.envs.run = func(_ environment.Function, in *environment.Invocation, _ func(string)) (environment.Outcome, error) {
		ids = append(ids, in.RequestID)
		return answer(nil), nil
	}
	const request = "6f1b8c1e-0000-4000-8000-000000000001"
	ctx := caller.With(t.Context(), caller.Caller{RequestID: request})
	for range 2 {
		must(p.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("f")}))(t)
	}
	if ids[0] != request || ids[1] == request || len(ids[1]) != 36 {
		t.Errorf("ids %v", ids)
	}
}

func TestMetricsHaveAllDimensions(t *testing.T) {
	p := sqlite(t)
	p.create(t, newInput("f", "one"))
	must(p.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("f")}))(t)
	p.alias(t, "f", "live", "1", nil)
	p.envs.run = func(_ environment.Function, in *environment.Invocation, _ func(string)) (environment.Outcome, error) {
		if string(in.Payload) == `"fail"` {
			return functionError("no"), nil
		}
		return answer(nil), nil
	}
	call := func(f, payload string) error {
		_, err := p.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &f, Payload: []byte(payload)})
		return err
	}
	for range 3 {
		if err := call("f:live", `1`); err != nil {
			t.Fatal(err)
		}
	}
	if err := call("f:live", `"fail"`); err != nil {
		t.Fatal(err)
	}
	if err := call("f", `1`); err != nil {
		t.Fatal(err)
	}
	must(p.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String("f"), ReservedConcurrentExecutions: aws.Int32(0)}))(t)
	err := call("f:live", `1`)
	refused(t, err, "TooManyRequestsException", "Rate Exceeded.")
	want := []struct {
		metric, dims   string
		total, samples float64
	}{
		{"Invocations", "FunctionName=f", 5, 5}, {"Invocations", "FunctionName=f,Resource=f:live", 4, 4},
		{"Invocations", "FunctionName=f,Resource=f:live,ExecutedVersion=1", 4, 4}, {"Invocations", "FunctionName=f,Resource=f", 1, 1},
		{"Invocations", "FunctionName=f,Resource=f,ExecutedVersion=$LATEST", 0, 0},
		{"Errors", "FunctionName=f", 1, 5}, {"Errors", "FunctionName=f,Resource=f:live,ExecutedVersion=1", 1, 4},
		{"Throttles", "FunctionName=f", 1, 6}, {"Duration", "FunctionName=f,Resource=f:live", 8, 4}, {"ConcurrentExecutions", "FunctionName=f", 5, 5},
	}
	eventually(t, func() bool { n, _ := p.logs.sum("Throttles", "FunctionName=f"); return n == 1 })
	for _, w := range want {
		if total, samples := p.logs.sum(w.metric, w.dims); total != w.total || samples != w.samples {
			t.Errorf("%s %s: %v in %v samples, want %v in %v", w.metric, w.dims, total, samples, w.total, w.samples)
		}
	}
}
