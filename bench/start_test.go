package bench

import (
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // driver "sqlite"
)

// BenchmarkStart is the time from exec to the ready line on an empty store. Beside it stand what
// no start can do without: the same binary's own start, and a bare SQLite file's creation.
func BenchmarkStart(b *testing.B) {
	binary := filepath.Join(build(b, "headgate", "../cmd/headgate"), "headgate")
	for b.Loop() {
		var ready, version, store []float64
		for i := range 15 {
			ready = append(ready, millis(startOnce(b)))
			began := time.Now()
			if err := exec.Command(binary, "--version").Run(); err != nil {
				b.Fatal(err)
			}
			version = append(version, millis(time.Since(began)))
			began = time.Now()
			d, err := createStore(filepath.Join(b.TempDir(), strconv.Itoa(i)))
			if err != nil {
				b.Fatal(err)
			}
			store = append(store, millis(time.Since(began)))
			d.Close()
		}
		limit := median(version) + median(store)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(median(ready), "ready-ms")
		b.ReportMetric(median(ready)/limit, "ratio")
		b.Logf("ready after %.0f ms (goal 100); the binary's own start %.1f ms, a bare SQLite file %.1f ms: ratio %.1f; load average %s",
			median(ready), median(version), median(store), median(ready)/limit, loadAverage())
	}
}

func startOnce(b *testing.B) time.Duration {
	data, err := os.MkdirTemp(work, "data")
	if err != nil {
		b.Fatal(err)
	}
	c := serveCommand(b, data)
	began := time.Now()
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	_, err = io.ReadAtLeast(out, make([]byte, 1<<10), 1)
	took := time.Since(began)
	if err != nil {
		b.Fatal("not ready: ", err)
	}
	c.Process.Signal(os.Interrupt)
	c.Wait()
	return took
}

// createStore makes a SQLite file with one row that is durable.
func createStore(path string) (*sql.DB, error) {
	d, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err == nil {
		_, err = d.Exec(`CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('1')`)
	}
	return d, err
}

// BenchmarkIdleMemory is what the server's process holds a few seconds after its start, beside a
// bare process with the same code in it, an HTTP server and an open SQLite file.
func BenchmarkIdleMemory(b *testing.B) {
	for b.Loop() {
		p, bare := serve(b), role(b, "idle")
		time.Sleep(5 * time.Second)
		ours, limit := memory(b, p.cmd.Process.Pid), memory(b, bare.cmd.Process.Pid)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(ours["VmRSS"], "rss-MB")
		b.ReportMetric(ours["Pss"], "pss-MB")
		b.ReportMetric(ours["RssAnon"], "anon-MB")
		b.ReportMetric(ours["VmRSS"]/limit["VmRSS"], "ratio")
		b.Logf("idle: %.1f MB resident (goal 30), of it %.1f MB its own and %.1f MB the program file; proportional %.1f MB; a bare server %.1f MB: ratio %.1f",
			ours["VmRSS"], ours["RssAnon"], ours["RssFile"], ours["Pss"], limit["VmRSS"], ours["VmRSS"]/limit["VmRSS"])
	}
}

// memory reads a process's sizes in MB.
func memory(b *testing.B, pid int) map[string]float64 {
	m := map[string]float64{}
	for _, f := range []string{"status", "smaps_rollup"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, f))
		if err != nil {
			b.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(line, ":")
			kb, ok := strings.CutSuffix(strings.TrimSpace(value), " kB")
			if n, err := strconv.ParseFloat(kb, 64); ok && err == nil {
				m[name] = n / 1024
			}
		}
	}
	return m
}

// bareIdle is the role of the yardstick for memory.
func bareIdle() error {
	dir, err := os.MkdirTemp("", "headgate-bench-idle-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	d, err := createStore(filepath.Join(dir, "store"))
	if err != nil {
		return err
	}
	defer d.Close()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	go http.Serve(ln, http.NotFoundHandler())
	io.Copy(io.Discard, os.Stdin)
	return nil
}
