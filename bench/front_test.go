package bench

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// worker is one process of the function behind the bare front.
type worker struct {
	events  chan []byte
	results chan []byte
	number  int
}

// bareFront is the role of the yardstick for invocations: HTTP in, the event to one of a number of
// function processes over the plain Runtime API, the result out. It validates, routes, logs,
// counts, limits and isolates nothing.
func bareFront() error {
	n, err := strconv.Atoi(os.Getenv("HEADGATE_BENCH_WORKERS"))
	if err != nil {
		return err
	}
	idle := make(chan *worker, n)
	for i := range n {
		w := &worker{make(chan []byte), make(chan []byte), i}
		stop, err := w.start(os.Getenv("HEADGATE_BENCH_FUNCTION"))
		if err != nil {
			return err
		}
		defer stop()
		idle <- w
	}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	go http.Serve(ln, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		event, err := io.ReadAll(r.Body)
		if err != nil {
			rw.WriteHeader(http.StatusBadRequest)
			return
		}
		w := <-idle
		w.events <- event
		result := <-w.results
		idle <- w
		rw.Header().Set("Content-Type", "application/json")
		rw.Write(result)
	}))
	io.Copy(io.Discard, os.Stdin)
	return nil
}

// start serves the Runtime API on a port of its own and starts the function.
func (w *worker) start(function string) (stop func(), err error) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	served := 0
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(rw http.ResponseWriter, r *http.Request) {
		select {
		case event := <-w.events:
			served++
			h := rw.Header()
			h.Set("Lambda-Runtime-Aws-Request-Id", fmt.Sprintf("%d-%d", w.number, served))
			h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(3*time.Second).UnixMilli(), 10))
			h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:bench")
			rw.Write(event)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", func(rw http.ResponseWriter, r *http.Request) {
		result, _ := io.ReadAll(r.Body)
		rw.WriteHeader(http.StatusAccepted)
		w.results <- result
	})
	go http.Serve(ln, mux)
	c := exec.Command(function)
	c.Env = []string{"AWS_LAMBDA_RUNTIME_API=" + ln.Addr().String()}
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		return nil, err
	}
	return func() { c.Process.Kill(); c.Wait() }, nil
}
