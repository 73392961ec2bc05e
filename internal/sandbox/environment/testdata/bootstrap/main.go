// Command bootstrap is the tests' function: a Runtime API loop that does what the event asks for.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

var base = "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/"

func main() {
	switch os.Getenv("INIT") {
	case "exit":
		os.Exit(3)
	case "hang":
		select {}
	case "error":
		post("init/error", `{"errorType":"My.Init","errorMessage":"no"}`, "My.Init")
		os.Exit(1)
	case "once": // fails the first time only; /tmp is new each time, so the layer counts
		fmt.Println("init")
	}
	for n := 1; ; n++ {
		r, err := http.Get(base + "invocation/next")
		if err != nil {
			os.Exit(9)
		}
		body, _ := io.ReadAll(r.Body)
		r.Body.Close()
		handle(r.Header.Get("Lambda-Runtime-Aws-Request-Id"), n, body)
	}
}

func post(path, body, kind string) int {
	req, _ := http.NewRequest("POST", base+path, strings.NewReader(body))
	if kind != "" {
		req.Header.Set("Lambda-Runtime-Function-Error-Type", kind)
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	io.Copy(io.Discard, r.Body)
	r.Body.Close()
	return r.StatusCode
}

func handle(id string, n int, body []byte) {
	var in struct {
		Do, Arg string
		N       int
	}
	json.Unmarshal(body, &in)
	respond := func(v any) {
		b, _ := json.Marshal(v)
		post("invocation/"+id+"/response", string(b), "")
	}
	switch in.Do {
	case "count":
		respond(n)
	case "log":
		for i := range in.N {
			fmt.Println("line", i)
		}
		fmt.Print("unfinished")
		respond("logged")
	case "error":
		post("invocation/"+id+"/error", `{"errorType":"My.Error","errorMessage":"asked for"}`, "My.Error")
	case "exit":
		os.Exit(in.N)
	case "sleep":
		fmt.Println("sleeping")
		time.Sleep(time.Duration(in.N) * time.Millisecond)
		respond("slept")
	case "eat":
		var hold [][]byte
		for range in.N {
			b := make([]byte, 1<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			hold = append(hold, b)
		}
		respond(len(hold))
	case "big":
		respond(strings.Repeat("x", in.N))
	case "size":
		respond(len(body))
	case "stream":
		pr, pw := io.Pipe()
		req, _ := http.NewRequest("POST", base+"invocation/"+id+"/response", pr)
		req.Header.Set("Lambda-Runtime-Function-Response-Mode", "streaming")
		req.Header.Set("Content-Type", "text/plain")
		go func() {
			for i := range in.N {
				fmt.Fprintf(pw, "part %d;", i)
			}
			pw.Close()
		}()
		if r, err := http.DefaultClient.Do(req); err == nil {
			r.Body.Close()
		}
	case "env":
		respond(os.Environ())
	case "ids":
		respond(map[string]any{"uid": os.Getuid(), "pid": os.Getpid(), "groups": groups(), "caps": status("CapEff") + status("CapBnd"), "nnp": status("NoNewPrivs"), "procs": procs()})
	case "ls":
		entries, err := os.ReadDir(in.Arg)
		names := []string{}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		respond(map[string]any{"names": names, "error": text(err)})
	case "read":
		b, err := os.ReadFile(in.Arg)
		respond(map[string]any{"text": string(b), "error": text(err)})
	case "write":
		respond(map[string]any{"error": text(os.WriteFile(in.Arg, []byte("x"), 0o644))})
	case "fill":
		f, err := os.Create("/tmp/fill")
		for i := 0; err == nil && i < in.N; i++ {
			_, err = f.Write(make([]byte, 1<<20))
		}
		f.Close()
		os.Remove("/tmp/fill")
		respond(map[string]any{"error": text(err)})
	case "dial": // speaks HTTP to an address and returns what comes back
		c, err := net.DialTimeout("tcp", in.Arg, time.Second)
		if err != nil {
			respond(map[string]any{"error": text(err)})
			return
		}
		fmt.Fprintf(c, "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")
		c.SetReadDeadline(time.Now().Add(time.Second))
		b := make([]byte, 4096)
		k, err := c.Read(b)
		c.Close()
		respond(map[string]any{"text": string(b[:k]), "error": text(err)})
	case "escape":
		respond(escape(in.Arg))
	case "signal":
		syscall.Kill(os.Getpid(), syscall.Signal(in.N))
		time.Sleep(time.Second)
	case "fork":
		made := 0
		for range in.N {
			if _, err := syscall.ForkExec("/bin/sleep", []string{"sleep", "100"}, nil); err != nil {
				break
			}
			made++
		}
		respond(made)
	default:
		respond(json.RawMessage(bytes.Clone(body)))
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func groups() []int { g, _ := os.Getgroups(); return g }

func procs() int {
	all, _ := filepath.Glob("/proc/[0-9]*")
	return len(all)
}

func status(key string) string {
	b, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, key+":"); ok {
			return strings.TrimSpace(v) + " "
		}
	}
	return ""
}
