package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/runtime"
	"github.com/headgate/headgate/internal/sandbox"
	"github.com/headgate/headgate/internal/sandbox/environment"
)

// machine is what real processes need; one for all tests, made by TestMain.
var machine struct {
	host      *environment.Host
	runtimes  *runtime.Host
	bootstrap []byte
	err       error // why there is none
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "lambda")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	closed, err := startMachine(dir)
	machine.err = err
	code := m.Run()
	if err == nil {
		closed()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

func startMachine(dir string) (closed func() error, err error) {
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "bootstrap")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", file, "./testdata/bootstrap")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the test function: %w\n%s", err, out)
	}
	if machine.bootstrap, err = os.ReadFile(file); err != nil {
		return nil, err
	}
	sb, err := sandbox.New(sandbox.Config{Dir: filepath.Join(dir, "sandbox"), AllowUnisolated: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	machine.runtimes = runtime.NewHost(filepath.Join(dir, "runtime"))
	machine.host = environment.NewHost(environment.Config{Sandbox: sb, Runtimes: machine.runtimes, ReservedEnv: map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}})
	return sb.Close, nil
}

// processes makes a platform run functions as real processes.
func processes(t testing.TB) option {
	t.Helper()
	if machine.err != nil {
		t.Fatal(machine.err)
	}
	return func(d *Deps) {
		d.Environment = func(ctx context.Context, f environment.Function, out func([]byte)) (Environment, error) {
			e, err := machine.host.Start(ctx, f, out)
			if err != nil {
				return nil, err
			}
			return e, nil
		}
		d.Runtime = func(name string) (string, error) {
			in, err := machine.runtimes.Find(name)
			return in.Substitute, err
		}
	}
}

func realCode(id string) []byte {
	return pkg(map[string]string{"bootstrap": string(machine.bootstrap), "id": id})
}

// event invokes with a payload and checks the answer's kind.
func (p *platform) event(t testing.TB, function, payload, functionError string) *lambda.InvokeOutput {
	t.Helper()
	out := must(p.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &function, Payload: []byte(payload), LogType: types.LogTypeTail}))(t)
	if aws.ToString(out.FunctionError) != functionError || out.StatusCode != 200 {
		t.Fatalf("%s: %d %q %s", payload, out.StatusCode, aws.ToString(out.FunctionError), out.Payload)
	}
	return out
}

func decode[T any](t testing.TB, b []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return v
}

// interpreter skips a test where the runtime's interpreter is missing.
func interpreter(t *testing.T, name string) {
	t.Helper()
	var missing *runtime.MissingError
	if _, err := machine.runtimes.Find(name); errors.As(err, &missing) {
		t.Skip(missing)
	}
}
