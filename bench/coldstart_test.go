package bench

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/headgate/headgate/internal/runtime"
	"github.com/headgate/headgate/internal/sandbox"
	"github.com/headgate/headgate/internal/sandbox/environment"
)

// settle is the pause between cold starts: what ended is cleared away, and the next spare
// environment is prepared, as between the starts of a quiet platform.
const settle = 80 * time.Millisecond

// BenchmarkColdStart compares the time from asking for a new environment to the first Runtime API
// call of its function to a bare spawn of the same program in the same namespaces: without mounts,
// limits, control groups and a pid 1. A start that comes alone finds a spare environment; in a
// burst of four at once only the first of them does.
func BenchmarkColdStart(b *testing.B) {
	code := build(b, "bootstrap", "./testdata/function")
	dir := filepath.Join(work, "cold")
	sb, err := sandbox.New(sandbox.Config{Dir: filepath.Join(dir, "sandbox"), Hidden: []string{dir}})
	if errors.Is(err, sandbox.ErrRefused) {
		b.Skip(err)
	}
	if err != nil {
		b.Fatal(err)
	}
	defer sb.Close()
	host := environment.NewHost(environment.Config{Sandbox: sb, Runtimes: runtime.NewHost(filepath.Join(dir, "runtime"))})
	f := environment.Function{Name: "bench", Version: "1", Runtime: "provided.al2023", Handler: "bootstrap", Region: "us-east-1",
		AccountID: "000000000000", MemoryMB: 256, CodeDir: code}
	ours := func() (func(), error) {
		e, err := host.Start(context.Background(), f, nil)
		return func() { e.Close(environment.Spindown) }, err
	}
	bare := func() (func(), error) { return bareSpawn(filepath.Join(code, "bootstrap")) }
	for _, k := range []struct {
		name      string
		n, rounds int
	}{{"alone", 1, 40}, {"burst", 4, 15}} {
		b.Run(k.name, func(b *testing.B) {
			for b.Loop() {
				var spawned, started, ratios []float64
				for range k.rounds {
					l, o := atOnce(b, k.n, bare), atOnce(b, k.n, ours)
					spawned, started, ratios = append(spawned, l), append(started, o), append(ratios, o/l)
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(median(ratios), "ratio")
				b.ReportMetric(median(started), "ms")
				b.Logf("%d at once: the first Runtime API call after %.1f ms, of a bare spawn after %.1f ms: ratio %.2f (goal 1.3); load average %s",
					k.n, median(started), median(spawned), median(ratios), loadAverage())
			}
		})
	}
}

// atOnce starts n and returns the milliseconds until the last is ready.
func atOnce(b *testing.B, n int, start func() (func(), error)) float64 {
	var wg sync.WaitGroup
	stops := make([]func(), n)
	errs := make([]error, n)
	began := time.Now()
	for i := range n {
		wg.Go(func() { stops[i], errs[i] = start() })
	}
	wg.Wait()
	took := millis(time.Since(began))
	if err := errors.Join(errs...); err != nil {
		b.Fatal(err)
	}
	for _, stop := range stops {
		stop()
	}
	time.Sleep(settle)
	return took
}

// bareSpawn starts the program in new namespaces and waits for the first line of its first request.
func bareSpawn(program string) (stop func(), err error) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer ln.Close()
	c := exec.Command(program)
	c.Env = []string{"AWS_LAMBDA_RUNTIME_API=" + ln.Addr().String()}
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 993, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 990, HostID: os.Getgid(), Size: 1}},
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	end := func() { c.Process.Kill(); c.Wait() }
	conn, err := ln.Accept()
	if err == nil {
		defer conn.Close()
		var line string
		line, err = bufio.NewReader(conn).ReadString('\n')
		if err == nil && !strings.Contains(line, "/invocation/next") {
			err = errors.New("unexpected request: " + line)
		}
	}
	if err != nil {
		end()
		return nil, err
	}
	return end, nil
}
