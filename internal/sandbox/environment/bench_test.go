package environment

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// BenchmarkWarmInvoke is one environment's invocations, one after the other.
func BenchmarkWarmInvoke(b *testing.B) {
	e, _ := start(b, goFunction())
	inv := invocation(`{"hello":"world"}`)
	b.ReportAllocs()
	for b.Loop() {
		if o, err := e.Invoke(context.Background(), inv); err != nil || o.Status != Success {
			b.Fatal(o, err)
		}
	}
}

// BenchmarkBareLoop is the yardstick: a minimal net/http server that speaks the Runtime API to the
// same function, outside of any sandbox.
func BenchmarkBareLoop(b *testing.B) {
	events, results := make(chan string), make(chan []byte)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case e := <-events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "1")
			io.WriteString(w, e)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(202)
		results <- body
	})
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: mux}
	go server.Serve(ln)
	c := exec.Command(filepath.Join(bootstrap, "bootstrap"))
	c.Env = []string{"AWS_LAMBDA_RUNTIME_API=" + ln.Addr().String()}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { c.Process.Kill(); c.Wait(); server.Close() }()
	b.ReportAllocs()
	for b.Loop() {
		events <- `{"hello":"world"}`
		<-results
	}
}

// BenchmarkColdStart is the way to the first event, with everything, of a start that comes alone.
func BenchmarkColdStart(b *testing.B) {
	f := goFunction()
	for b.Loop() {
		e, err := host.Start(context.Background(), f, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		e.Close(Spindown)
		time.Sleep(60 * time.Millisecond) // the next environment is being prepared
		b.StartTimer()
	}
}

// BenchmarkBareSpawn starts the same function in the same namespaces, without mounts, limits or
// pid 1, and waits for its first request.
func BenchmarkBareSpawn(b *testing.B) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	for b.Loop() {
		c := exec.Command(filepath.Join(bootstrap, "bootstrap"))
		c.Env = []string{"AWS_LAMBDA_RUNTIME_API=" + ln.Addr().String()}
		c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS | syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: syscall.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: syscall.Getgid(), Size: 1}}}
		if err := c.Start(); err != nil {
			b.Fatal(err)
		}
		conn, err := ln.Accept()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		conn.Close()
		c.Process.Kill()
		c.Wait()
		time.Sleep(60 * time.Millisecond)
		b.StartTimer()
	}
}

// BenchmarkEightEnvironments has eight environments working at once.
func BenchmarkEightEnvironments(b *testing.B) {
	var wg sync.WaitGroup
	work := make(chan struct{})
	for i := range 8 {
		f := goFunction()
		f.Name = fmt.Sprint("f", i)
		e, _ := start(b, f)
		wg.Go(func() {
			inv := &Invocation{RequestID: "1", Payload: []byte(`{}`), Timeout: 5 * time.Second}
			for range work {
				if o, err := e.Invoke(context.Background(), inv); err != nil || o.Status != Success {
					b.Error(o, err)
				}
			}
		})
	}
	b.ResetTimer()
	for range b.N {
		work <- struct{}{}
	}
	close(work)
	wg.Wait()
}
