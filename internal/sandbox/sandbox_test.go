package sandbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain doubles as a platform that is going to be killed: it starts an environment, prints the
// pids and waits.
func TestMain(m *testing.M) {
	dir := os.Getenv("SANDBOX_TEST_PLATFORM")
	if dir == "" {
		os.Exit(m.Run())
	}
	s, err := New(Config{Dir: dir})
	if err == nil {
		var p *Process
		if p, err = s.Start(context.Background(), Spec{ID: "1"}, Command{Name: "sh", Argv: []string{"/bin/sh", "-c", "sleep 1000 & sleep 1000"}, Dir: "/"}); err == nil {
			for len(p.pids()) < 3 {
				time.Sleep(time.Millisecond)
			}
			fmt.Println(p.Pid(), strings.Trim(fmt.Sprint(p.pids()), "[]"))
			select {}
		}
	}
	fmt.Println("error", err)
	os.Exit(1)
}

func newSandbox(t *testing.T, cfg Config) *Sandbox {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = folder(t)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// withoutSpares ends what waits in s, as it was made otherwise than the test wants it.
func withoutSpares(s *Sandbox) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.spares.kept {
		p.Kill()
	}
	s.spares.kept = nil
}

func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		os.Chmod(d, 0o755)
	}
	return dir
}

// sh runs a script in an environment and returns its output and end.
func sh(t *testing.T, s *Sandbox, spec Spec, script string) (string, Exit) {
	t.Helper()
	var out []string
	spec.ID, spec.Output = "t", func(b []byte) { out = append(out, string(b)) }
	p, err := s.Start(t.Context(), spec, Command{Name: "sh", Argv: []string{"/bin/sh", "-c", script}, Dir: "/"})
	if err != nil {
		t.Fatal(err)
	}
	x := <-p.Exits()
	p.Kill()
	<-p.Gone()
	return strings.Join(out, "\n"), x
}

func TestKillingThePlatformLeavesNothingRunning(t *testing.T) {
	dir := folder(t)
	c := exec.Command("/proc/self/exe")
	c.Env = append(os.Environ(), "SANDBOX_TEST_PLATFORM="+dir)
	stdout, _ := c.StdoutPipe()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(stdout).ReadString('\n')
	pids := strings.Fields(line)
	if len(pids) < 4 {
		t.Fatalf("the platform said %q", line)
	}
	if _, err := New(Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "in use by another server") {
		t.Errorf("a second server on the same folder: %v", err)
	}
	c.Process.Kill()
	c.Wait()
	for deadline := time.Now().Add(5 * time.Second); slices.ContainsFunc(pids, running); {
		if time.Now().After(deadline) {
			t.Fatalf("still running: %v", slices.DeleteFunc(pids, func(p string) bool { return !running(p) }))
		}
		time.Sleep(5 * time.Millisecond)
	}
	s := newSandbox(t, Config{Dir: dir}) // the successor sweeps
	for _, h := range s.groups.all {
		left, _ := os.ReadDir(h.dir)
		for _, e := range left {
			if e.IsDir() && e.Name() != "1" { // its own spare
				t.Errorf("left over: %s/%s", h.dir, e.Name())
			}
		}
	}
	if out, x := sh(t, s, Spec{}, "echo works"); out != "works" || x.Code != 0 {
		t.Errorf("%q %+v", out, x)
	}
}

func running(pid string) bool {
	b, err := os.ReadFile("/proc/" + pid + "/stat")
	return err == nil && !strings.Contains(string(b), ") Z ")
}

func TestCloseRemovesEverything(t *testing.T) {
	s := newSandbox(t, Config{})
	p, err := s.Start(t.Context(), Spec{ID: "1", MemoryMB: 64}, Command{Name: "sleep", Argv: []string{"/bin/sleep", "1000"}, Dir: "/"})
	if err != nil {
		t.Fatal(err)
	}
	pid := strconv.Itoa(p.Pid())
	s.Close()
	if running(pid) {
		t.Error("pid 1 is still running")
	}
	for _, h := range s.groups.all {
		if _, err := os.Stat(h.dir); err == nil {
			t.Errorf("%s is left", h.dir)
		}
	}
	if _, err := s.Start(t.Context(), Spec{ID: "2"}); !errors.Is(err, ErrClosed) {
		t.Errorf("start after close: %v", err)
	}
}

func TestCloseWhileASpareIsBeingPrepared(t *testing.T) {
	for i := range 10 {
		s := newSandbox(t, Config{})
		p, err := s.take(nil) // the next spare follows after spareDelay
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(spareDelay + time.Duration(i)*200*time.Microsecond)
		s.Close()
		if !p.over() {
			t.Error("still there")
		}
	}
}

func TestHiddenFoldersUnderAVisibleOneAreMasked(t *testing.T) {
	tree, err := os.MkdirTemp("/var/tmp", "tree") // /tmp is an environment's own
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(tree)
	os.Chmod(tree, 0o755)
	hidden := filepath.Join(tree, "data")
	for _, f := range []string{"bin/tool", "data/secret", "data/sandbox/x"} {
		os.MkdirAll(filepath.Dir(filepath.Join(tree, f)), 0o755)
		os.WriteFile(filepath.Join(tree, f), []byte("x"), 0o644)
	}
	s := newSandbox(t, Config{Dir: filepath.Join(hidden, "sandbox"), Hidden: []string{hidden}})
	out, _ := sh(t, s, Spec{ReadOnly: []string{tree}}, "ls "+tree+"; ls "+hidden+"; cat "+hidden+"/secret")
	if !strings.HasPrefix(out, "bin\ndata\n") || strings.Count(out, "cannot") < 1 || strings.Contains(out, "sandbox\n") || strings.HasSuffix(out, "x") {
		t.Errorf("visible: %q", out)
	}
}

func TestACommandThatCannotRunIsNamed(t *testing.T) {
	s := newSandbox(t, Config{})
	for _, n := range []string{"first", "second"} { // through the launcher, and by a fork
		t.Run(n, func(t *testing.T) {
			commands := []Command{{Name: "bad", Argv: []string{"/nothere"}, Dir: "/"}}
			if n == "second" {
				commands = append([]Command{{Name: "good", Argv: []string{"/bin/sleep", "9"}, Dir: "/"}}, commands...)
			}
			_, err := s.Start(t.Context(), Spec{ID: n}, commands...)
			var start *StartError
			if !errors.As(err, &start) || start.Name != "bad" || start.Err != syscall.ENOENT {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestMissingCodeIsAnError(t *testing.T) {
	s := newSandbox(t, Config{})
	if _, err := s.Start(t.Context(), Spec{ID: "1", CodeDir: "/nothere"}); err == nil || !strings.Contains(err.Error(), "/nothere") {
		t.Errorf("%v", err)
	}
	if out, _ := sh(t, s, Spec{}, "echo on"); out != "on" {
		t.Errorf("the next start: %q", out)
	}
}

func TestManyAtOnce(t *testing.T) {
	s := newSandbox(t, Config{})
	done := make(chan error, 16)
	for i := range cap(done) {
		go func() {
			p, err := s.Start(context.Background(), Spec{ID: fmt.Sprint(i), MemoryMB: 64}, Command{Name: "true", Argv: []string{"/bin/true"}, Dir: "/"})
			if err == nil {
				if x := <-p.Exits(); x.Code != 0 {
					err = errors.New(x.Reason())
				}
				p.Kill()
				<-p.Gone()
			}
			done <- err
		}()
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestOrphansAreReaped(t *testing.T) {
	s := newSandbox(t, Config{})
	out, _ := sh(t, s, Spec{}, `for i in 1 2 3; do (sleep 0.01 &) ; done; sleep 0.2; ls -d /proc/[0-9]*/ | wc -l`)
	if n, _ := strconv.Atoi(strings.TrimSpace(out)); n > 4 { // pid 1, the shell, ls, wc
		t.Errorf("%s processes", out)
	}
}

func TestLimits(t *testing.T) {
	s := newSandbox(t, Config{})
	out, _ := sh(t, s, Spec{MemoryMB: 64}, `ulimit -n; ulimit -c; hostname 2>/dev/null || cat /proc/sys/kernel/hostname; cat /proc/self/oom_score_adj`)
	if got := strings.Fields(out); len(got) != 4 || got[0] != "1024" || got[1] != "0" || got[2] != "localhost" || got[3] != "500" {
		t.Errorf("%q", out)
	}
}

func TestAnEmptyNetworkNamespace(t *testing.T) {
	s := newSandbox(t, Config{Network: true})
	out, _ := sh(t, s, Spec{}, `grep -c : /proc/net/dev; grep -o 'lo:' /proc/net/dev`)
	if out != "1\nlo:" {
		t.Errorf("interfaces: %q", out)
	}
}

func TestWithoutIsolation(t *testing.T) {
	s := newSandbox(t, Config{})
	s.isolated, s.userns = false, false // as New leaves it with AllowUnisolated where namespaces are refused
	code := folder(t)
	os.WriteFile(filepath.Join(code, "f"), []byte("code"), 0o644)
	withoutSpares(s)
	var out []string
	p, err := s.Start(t.Context(), Spec{ID: "u", CodeDir: code, Output: func(b []byte) { out = append(out, string(b)) }},
		Command{Name: "sh", Argv: []string{"/bin/sh", "-c", "cat f; sleep 1000 & sleep 1000"}})
	if err != nil {
		t.Fatal(err)
	}
	for len(p.pids()) < 3 { // the shell and both sleeps
		time.Sleep(time.Millisecond)
	}
	pids := p.pids()
	p.Kill()
	<-p.Gone()
	if len(out) != 1 || out[0] != "code" {
		t.Errorf("output %q", out)
	}
	for _, pid := range pids {
		if running(strconv.Itoa(pid)) {
			t.Errorf("%d is still running", pid)
		}
	}
}
