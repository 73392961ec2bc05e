package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// roleVariable makes this test binary play another process: what is measured must not share a
// process, and its garbage collector, with the clients that measure it.
const roleVariable = "HEADGATE_BENCH_ROLE"

var work string // temporary folder of the run; others may enter it, as functions run under ids of their own

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(play(role))
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if work, err = os.MkdirTemp("", "headgate-bench-"); err == nil {
		err = os.Chmod(work, 0o755)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(work)
	return m.Run()
}

// play runs a role until its standard input ends.
func play(role string) int {
	roles := map[string]func() error{"front": bareFront, "idle": bareIdle, "platform": profiledPlatform}
	if err := roles[role](); err != nil {
		fmt.Fprintln(os.Stderr, role+":", err)
		return 1
	}
	return 0
}

// build compiles a package of this module once a run and returns the file's folder.
func build(b testing.TB, name, pkg string) string {
	b.Helper()
	dir := filepath.Join(work, "bin-"+name)
	built, _ := builds.LoadOrStore(name, sync.OnceValue(func() error {
		c := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(dir, name), pkg)
		c.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}))
	if err := built.(func() error)(); err != nil {
		b.Fatal(err)
	}
	return dir
}

var builds sync.Map
