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
// environments are prepared, as between the starts of a quiet platform.
const settle = 120 * time.Millisecond

// BenchmarkColdStart compares the time from asking for a new environment to the first Runtime API
// call of its function to a bare spawn of the same program in the same namespaces: without mounts,
// limits, control groups and a pid 1. A start that comes alone and a burst of four find spare
// environments. A crowd of sixteen finds eight at most, and the first burst after the platform's own
// start finds one: they show what it costs to make environments from nothing, and have no goal.
func BenchmarkColdStart(b *testing.B) {
	code := build(b, "bootstrap", "./testdata/function")
	f := environment.Function{Name: "bench", Version: "1", Runtime: "provided.al2023", Handler: "bootstrap", Region: "us-east-1",
		AccountID: "000000000000", MemoryMB: 256, CodeDir: code}
	bare := func() (func(), error) { return bareSpawn(filepath.Join(code, "bootstrap")) }
	for _, k := range []struct {
		name      string
		n, rounds int
		fresh     bool // a platform of its own for each round
		goal      string
	}{{"alone", 1, 40, false, "1.3"}, {"burst", 4, 15, false, "1.3"}, {"crowd", 16, 8, false, "none"}, {"first-burst", 4, 10, true, "none"}} {
		b.Run(k.name, func(b *testing.B) {
			for b.Loop() {
				var spawned, started, ratios []float64
				p := newColdPlatform(b)
				for range k.rounds {
					if k.fresh {
						p.Close()
						p = newColdPlatform(b)
					}
					l := atOnce(b, k.n, bare)
					o := atOnce(b, k.n, func() (func(), error) {
						e, err := p.Start(context.Background(), f, nil)
						return func() { e.Close(environment.Spindown) }, err
					})
					spawned, started, ratios = append(spawned, l), append(started, o), append(ratios, o/l)
				}
				p.Close()
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(median(ratios), "ratio")
				b.ReportMetric(median(started), "ms")
				b.Logf("%d at once: the first Runtime API call after %.1f ms, of a bare spawn after %.1f ms: ratio %.2f (goal %s); load average %s",
					k.n, median(started), median(spawned), median(ratios), k.goal, loadAverage())
			}
		})
	}
}

// coldPlatform is what of the platform starts environments.
type coldPlatform struct {
	*environment.Host
	*sandbox.Sandbox
}

func (p coldPlatform) Start(ctx context.Context, f environment.Function, log func([]byte)) (*environment.Environment, error) {
	return p.Host.Start(ctx, f, log)
}

func newColdPlatform(b *testing.B) coldPlatform {
	b.Helper()
	dir := filepath.Join(work, "cold")
	sb, err := sandbox.New(sandbox.Config{Dir: filepath.Join(dir, "sandbox"), Hidden: []string{dir}})
	if errors.Is(err, sandbox.ErrRefused) {
		b.Skip(err)
	}
	if err != nil {
		b.Fatal(err)
	}
	return coldPlatform{environment.NewHost(environment.Config{Sandbox: sb, Runtimes: runtime.NewHost(filepath.Join(dir, "runtime"))}), sb}
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
