package environment

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/headgate/headgate/internal/sandbox"
)

type answer struct {
	Text, Error string
	Names       []string
}

func TestTheEnvironmentHoldsLambdasVariablesOnly(t *testing.T) {
	t.Setenv("HEADGATE_SECRET", "leak")
	f := goFunction()
	f.Environment = map[string]string{"MINE": "yes"}
	f.Credentials = Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}
	e, _ := start(t, f)
	allowed := []string{"PATH", "LD_LIBRARY_PATH", "LANG", "TZ", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "_HANDLER", "MINE"}
	got := ask[[]string](t, e, `{"do":"env"}`)
	for _, v := range got {
		name, _, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(name, "AWS_") && !slices.Contains(allowed, name) {
			t.Errorf("unexpected %s", v)
		}
	}
	for _, want := range []string{"MINE=yes", "AWS_ACCESS_KEY_ID=AKID", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128", "AWS_LAMBDA_FUNCTION_NAME=f", "_HANDLER=bootstrap", "LAMBDA_TASK_ROOT=/var/task"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestTheHostsFilesAreOutOfSight(t *testing.T) {
	os.WriteFile(filepath.Join(dataDir, "secret"), []byte("x"), 0o644)
	e, _ := start(t, goFunction())
	names := ask[answer](t, e, `{"do":"ls","arg":"/"}`).Names
	for _, n := range names {
		if !slices.Contains([]string{"bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "mnt", "opt", "proc", "run", "sbin", "tmp", "usr", "var"}, n) {
			t.Errorf("/%s is visible", n)
		}
	}
	for _, p := range []string{"/mnt", "/run"} { // the host was at /mnt while the environment was built
		if a := ask[answer](t, e, fmt.Sprintf(`{"do":"ls","arg":%q}`, p)); len(a.Names) > 0 {
			t.Errorf("%s: %v", p, a.Names)
		}
	}
	for _, p := range []string{"/root", "/home", dataDir, filepath.Dir(bootstrap), "/etc/shadow", "/sys", "/proc/1/root/etc", "/proc/1/fd"} {
		if a := ask[answer](t, e, fmt.Sprintf(`{"do":"ls","arg":%q}`, p)); a.Error == "" {
			t.Errorf("%s is visible: %v", p, a.Names)
		}
	}
	if a := ask[answer](t, e, `{"do":"ls","arg":"/var/task"}`); !slices.Equal(a.Names, []string{"bootstrap"}) {
		t.Errorf("/var/task: %+v", a)
	}
	if a := ask[answer](t, e, `{"do":"read","arg":"/etc/passwd"}`); !strings.Contains(a.Text, "sbx_user1051") {
		t.Errorf("/etc/passwd: %+v", a)
	}
}

func TestOnlyTmpCanBeWritten(t *testing.T) {
	f := goFunction()
	f.MemoryMB, f.TmpMB = 1024, 64
	e, _ := start(t, f)
	for _, p := range []string{"/x", "/var/task/x", "/var/task/bootstrap", "/usr/x", "/etc/passwd", "/opt/x", "/var/runtime/x", "/proc/sys/kernel/hostname", "/proc/1/oom_score_adj"} {
		if a := ask[answer](t, e, fmt.Sprintf(`{"do":"write","arg":%q}`, p)); a.Error == "" {
			t.Errorf("%s was written", p)
		}
	}
	if a := ask[answer](t, e, `{"do":"write","arg":"/tmp/x"}`); a.Error != "" {
		t.Error(a.Error)
	}
	if a := ask[answer](t, e, `{"do":"fill","n":60}`); a.Error != "" {
		t.Errorf("60 of 64 MB: %s", a.Error)
	}
	if a := ask[answer](t, e, `{"do":"fill","n":70}`); !strings.Contains(a.Error, "no space left") {
		t.Errorf("70 of 64 MB: %q", a.Error)
	}
	other, _ := start(t, f)
	if a := ask[answer](t, other, `{"do":"ls","arg":"/tmp"}`); len(a.Names) != 0 {
		t.Errorf("another environment's /tmp: %v", a.Names)
	}
}

func TestTheProcessHasNoPrivileges(t *testing.T) {
	e, _ := start(t, goFunction())
	ids := ask[struct {
		UID, PID, Procs int
		Groups          []int
		Caps, NNP       string
	}](t, e, `{"do":"ids"}`)
	if ids.UID == 0 || ids.PID == 1 || len(ids.Groups) > 1 || ids.NNP != "1 " {
		t.Errorf("%+v", ids)
	}
	if eff, _, _ := strings.Cut(ids.Caps, " "); strings.Trim(eff, "0") != "" {
		t.Errorf("capabilities %s", ids.Caps)
	}
	if ids.Procs != 2 {
		t.Errorf("%d processes are visible, want pid 1 and its own", ids.Procs)
	}
}

func TestNeighboursCannotReachEachOthersRuntimeAPI(t *testing.T) {
	a, _ := start(t, goFunction())
	b, _ := start(t, goFunction())
	steal := func(from, of *Environment) answer {
		return ask[answer](t, from, fmt.Sprintf(`{"do":"dial","arg":%q}`, of.current.Load().api.Addr()))
	}
	if got := steal(a, b); got.Text != "" || got.Error == "" {
		t.Errorf("a neighbour got an answer: %+v", got)
	}
	// The same words on its own API are answered: the refusal above is the doorkeeper's.
	if got := steal(a, a); !strings.Contains(got.Text, "InvalidStateTransition") {
		t.Errorf("its own API: %+v", got)
	}
	if n := ask[int](t, b, `{"do":"count"}`); n != 1 {
		t.Errorf("the neighbour's event went astray: %d", n)
	}
}

func TestTheNumberOfProcessesIsBounded(t *testing.T) {
	f := goFunction()
	f.MemoryMB = 1024
	e, _ := start(t, f)
	if n := ask[int](t, e, `{"do":"fork","n":1200}`); n > 1024 || n < 100 {
		t.Errorf("%d processes were started", n)
	}
}

func TestLayersAreMergedUnderOpt(t *testing.T) {
	f := goFunction()
	f.Layers = []string{
		code(t, map[string]string{"who": "first", "one": "1"}),
		code(t, map[string]string{"who": "second", "two": "2"}),
	}
	e, _ := start(t, f)
	if a := ask[answer](t, e, `{"do":"read","arg":"/opt/who"}`); a.Text != "second" {
		t.Errorf("who: %+v", a)
	}
	if a := ask[answer](t, e, `{"do":"ls","arg":"/opt"}`); !slices.Equal(a.Names, []string{"one", "two", "who"}) {
		t.Errorf("names: %+v", a)
	}
	if a := ask[answer](t, e, `{"do":"write","arg":"/opt/x"}`); a.Error == "" {
		t.Error("/opt was written")
	}
}

func TestANetworkOfItsOwn(t *testing.T) {
	sb, err := sandbox.New(sandbox.Config{Dir: filepath.Join(dataDir, "network"), Network: true})
	if err != nil {
		t.Fatal(err)
	}
	defer sb.Close()
	other := NewHost(Config{Sandbox: sb, Runtimes: host.cfg.Runtimes})
	outside, _ := start(t, goFunction())
	e, err := other.Start(t.Context(), goFunction(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(Spindown)
	for i := 1; i <= 3; i++ {
		if n := ask[int](t, e, `{"do":"count"}`); n != i {
			t.Fatalf("invocation %d was the process's %d", i, n)
		}
	}
	if a := ask[answer](t, e, fmt.Sprintf(`{"do":"dial","arg":%q}`, outside.current.Load().api.Addr())); !strings.Contains(a.Error, "refused") {
		t.Errorf("the host's loopback answers: %+v", a)
	}
}

// TestAsAnOrdinaryUser repeats the tests that matter without root, where everything happens in a
// user namespace.
func TestAsAnOrdinaryUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("this is an ordinary user already")
	}
	dir := code(t, nil)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "tests")
	// Not written by this process: a fork of it could still hold the file open for writing.
	if out, err := exec.Command("cp", "/proc/"+fmt.Sprint(os.Getpid())+"/exe", binary).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	c := exec.Command(binary, "-test.v", "-test.run", "Event|Network|NumberOfProcesses|SystemCalls|EndOfTheProcess|TimeOutKills|Environment|Host|Tmp|Privileges|Neighbours|Layers|Output|Extension|NodeErrors|PythonHandlers")
	c.Dir = dir
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + dir, "HOME=" + dir, "HEADGATE_TEST_BOOTSTRAP=" + filepath.Join(bootstrap, "bootstrap")}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 54321, Gid: 54321}}
	out, err := c.CombinedOutput()
	if strings.Contains(string(out), "functions cannot be isolated here") {
		t.Skipf("unprivileged user namespaces are off: %s", out)
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: TestNeighbours") {
		t.Errorf("%v\n%s", err, out)
	}
}
