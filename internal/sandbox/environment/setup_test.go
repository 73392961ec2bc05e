package environment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headgate/headgate/internal/runtime"
	"github.com/headgate/headgate/internal/sandbox"
)

var (
	host      *Host
	bootstrap string // folder with the test function
	dataDir   string
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// run builds the test function and takes a sandbox for all tests.
func run(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "environment")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	os.Chmod(dir, 0o755)
	dataDir, bootstrap = filepath.Join(dir, "data"), filepath.Join(dir, "code")
	if pre := os.Getenv("HEADGATE_TEST_BOOTSTRAP"); pre != "" { // an account without a Go toolchain
		b, err := os.ReadFile(pre)
		if err != nil {
			return 1, err
		}
		os.MkdirAll(bootstrap, 0o755)
		if err := os.WriteFile(filepath.Join(bootstrap, "bootstrap"), b, 0o755); err != nil {
			return 1, err
		}
	} else {
		build := exec.Command("go", "build", "-o", filepath.Join(bootstrap, "bootstrap"), "./testdata/bootstrap")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return 1, fmt.Errorf("building the test function: %w\n%s", err, out)
		}
	}
	level := slog.LevelError
	if os.Getenv("HEADGATE_TEST_VERBOSE") != "" {
		level = slog.LevelDebug
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	sb, err := sandbox.New(sandbox.Config{Dir: filepath.Join(dataDir, "sandbox"), Hidden: []string{dataDir}, Logger: logger})
	if err != nil {
		return 1, err
	}
	defer sb.Close()
	fmt.Fprintln(os.Stderr, "missing protections:", strings.Join(sb.Missing(), "; "))
	host = NewHost(Config{Sandbox: sb, Runtimes: runtime.NewHost(filepath.Join(dataDir, "runtime")), Logger: logger})
	return m.Run(), nil
}

// memoryGroup reports whether the kernel enforces memory limits here.
func memoryGroup() bool {
	return !strings.Contains(strings.Join(host.cfg.Sandbox.Missing(), ";"), "memory control group")
}

// lines collects a function's output.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) add(b []byte) { l.mu.Lock(); l.all = append(l.all, string(b)); l.mu.Unlock() }
func (l *lines) get() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.all...)
}

func goFunction() Function {
	return Function{Name: "f", Version: "1", Runtime: "provided.al2023", Handler: "bootstrap", Region: "us-east-1", AccountID: "000000000000", MemoryMB: 128, CodeDir: bootstrap}
}

// code writes a package and returns its folder.
func code(t testing.TB, files map[string]string) string {
	t.Helper()
	dir, err := os.MkdirTemp(filepath.Dir(bootstrap), "pkg")
	if err != nil {
		t.Fatal(err)
	}
	os.Chmod(dir, 0o755)
	t.Cleanup(func() { os.RemoveAll(dir) })
	for name, text := range files {
		p := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(p), 0o755)
		mode := os.FileMode(0o644)
		if strings.HasPrefix(text, "#!") {
			mode = 0o755
		}
		if err := os.WriteFile(p, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func start(t testing.TB, f Function) (*Environment, *lines) {
	t.Helper()
	out := &lines{}
	e, err := host.Start(t.Context(), f, out.add)
	var missing *runtime.MissingError
	if errors.As(err, &missing) {
		t.Skip(missing)
	}
	if err != nil {
		t.Fatal(err)
	}
	if s := e.Substitute(); s != "" {
		t.Log("substitute:", s)
	}
	t.Cleanup(func() { e.Close(Spindown) })
	return e, out
}

var requests int

func invocation(payload string) *Invocation {
	requests++
	return &Invocation{RequestID: fmt.Sprintf("00000000-0000-4000-8000-%012d", requests), Payload: []byte(payload), Timeout: 5 * time.Second,
		InvokedFunctionARN: "arn:aws:lambda:us-east-1:000000000000:function:f"}
}

func invoke(t testing.TB, e *Environment, payload string) Outcome {
	t.Helper()
	o, err := e.Invoke(context.Background(), invocation(payload))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// ask invokes and decodes a successful answer.
func ask[T any](t testing.TB, e *Environment, payload string) T {
	t.Helper()
	o := invoke(t, e, payload)
	var v T
	if o.Status != Success {
		t.Fatalf("%s: %s %s", payload, o.Status, o.Payload)
	}
	if err := json.Unmarshal(o.Payload, &v); err != nil {
		t.Fatalf("%s: %v", o.Payload, err)
	}
	return v
}

// failure checks an outcome that is an error.
func failure(t testing.TB, o Outcome, status Status, kind, message string) {
	t.Helper()
	var doc struct{ ErrorType, ErrorMessage string }
	if err := json.Unmarshal(bytes.TrimSpace(o.Payload), &doc); err != nil {
		t.Fatalf("payload %q: %v", o.Payload, err)
	}
	if o.Status != status || o.FunctionError != "Unhandled" || doc.ErrorType != kind || !strings.Contains(doc.ErrorMessage, message) {
		t.Errorf("got %s %q %q %q, want %s Unhandled %q with %q", o.Status, o.FunctionError, doc.ErrorType, doc.ErrorMessage, status, kind, message)
	}
}
