package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/headgate/headgate/internal/app"
)

// child is a process under measurement. Its first line of output is its address.
type child struct {
	cmd  *exec.Cmd
	addr string
}

const self = "/proc/self/exe"

// launch starts c and waits for its first line, which it returns.
func launch(b testing.TB, c *exec.Cmd) (*child, string) {
	b.Helper()
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	in, err := c.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	if c.Stderr == nil {
		c.Stderr = os.Stderr
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	p := &child{cmd: c}
	b.Cleanup(func() {
		in.Close() // ends a role
		if c.Path != self {
			c.Process.Signal(syscall.SIGTERM)
		}
		stop := time.AfterFunc(20*time.Second, func() { c.Process.Kill() })
		defer stop.Stop()
		c.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatalf("%s did not start: %v", c.Path, err)
	}
	return p, line
}

// role starts this binary in a role.
func role(b testing.TB, name string, vars ...string) *child {
	c := exec.Command(self)
	c.Env = append(append(os.Environ(), roleVariable+"="+name), vars...)
	p, line := launch(b, c)
	p.addr = strings.TrimSpace(line)
	return p
}

// serve starts the real binary on a store of its own. With HEADGATE_BENCH_PROFILE=FILE it is this
// binary that runs the same platform, to write a CPU profile.
func serve(b testing.TB) *child {
	data, err := os.MkdirTemp(work, "data")
	if err != nil {
		b.Fatal(err)
	}
	os.Chmod(data, 0o711)
	if f := os.Getenv("HEADGATE_BENCH_PROFILE"); f != "" {
		return role(b, "platform", "HEADGATE_BENCH_DATA="+data)
	}
	p, line := launch(b, serveCommand(b, data))
	var ready struct{ Endpoint string }
	if err := json.Unmarshal([]byte(line), &ready); err != nil {
		b.Fatalf("ready line %q: %v", line, err)
	}
	p.addr = strings.TrimPrefix(ready.Endpoint, "http://")
	return p
}

func serveCommand(b testing.TB, data string) *exec.Cmd {
	c := exec.Command(filepath.Join(build(b, "headgate", "../cmd/headgate"), "headgate"), "--json", "serve", "--listen", "127.0.0.1:0", "--data", data, "--log-level", "warn")
	if os.Getenv("HEADGATE_BENCH_VERBOSE") == "" {
		c.Stderr = io.Discard
	}
	return c
}

// profiledPlatform is the role of a platform that profiles itself.
func profiledPlatform() error {
	f, err := os.Create(os.Getenv("HEADGATE_BENCH_PROFILE"))
	if err != nil {
		return err
	}
	a, err := app.Start(context.Background(), app.Config{Listen: "127.0.0.1:0", Data: os.Getenv("HEADGATE_BENCH_DATA")})
	if err != nil {
		return err
	}
	fmt.Println(strings.TrimPrefix(a.Endpoint(), "http://"))
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	io.Copy(io.Discard, os.Stdin)
	pprof.StopCPUProfile()
	if g, err := os.Create(f.Name() + ".allocs"); err == nil {
		pprof.Lookup("allocs").WriteTo(g, 0)
		g.Close()
	}
	return f.Close()
}
