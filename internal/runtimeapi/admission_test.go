package runtimeapi

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// closed reports whether the server has closed the connection.
func closed(c net.Conn) bool {
	c.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	_, err := c.Read(make([]byte, 1))
	var n net.Error
	return err != nil && !(errors.As(err, &n) && n.Timeout())
}

func TestAnEnvironmentsConnectionsAreLimited(t *testing.T) {
	s := listen(t, Config{})
	for _, beginning := range []string{"GET /x", "GET /2018-06-01/ping HTTP/1.1\r\nHost: x\r\n\r\nGET"} { // one on the warm path, one with net/http
		var all []net.Conn
		for range maxConns {
			c, err := net.Dial("tcp", s.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			io.WriteString(c, beginning)
			all = append(all, c)
		}
		for deadline := time.Now().Add(5 * time.Second); openOf(s) < maxConns && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		more, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer more.Close()
		if !closed(more) {
			t.Errorf("%q: connection %d was taken", beginning, maxConns+1)
		}
		for _, c := range all {
			c.Close()
		}
		for deadline := time.Now().Add(5 * time.Second); openOf(s) > 0 && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		if n := openOf(s); n != 0 {
			t.Errorf("%q: %d places were not given back", beginning, n)
		}
	}
}

func TestFewConnectionsAreLookedUpAtATime(t *testing.T) {
	var now atomic.Int32
	let := make(chan struct{})
	s := listen(t, Config{Admit: func(net.Conn) error {
		now.Add(1)
		<-let
		return errors.New("a neighbour")
	}})
	for range 3 * maxAdmitting {
		c, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	for deadline := time.Now().Add(5 * time.Second); now.Load() < maxAdmitting && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond) // for more than there may be
	if n := now.Load(); n != maxAdmitting {
		t.Errorf("%d at the same time", n)
	}
	close(let)
}

func openOf(s *Server) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

func TestRefusedConnectionsDoNotFillTheLog(t *testing.T) {
	var mu sync.Mutex
	var logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(writer(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return logged.Write(p)
	}), nil))
	s := listen(t, Config{Admit: func(net.Conn) error { return errors.New("a neighbour") }, Logger: log})
	for range 20 {
		c, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		if !closed(c) {
			t.Error("a neighbour was let in")
		}
		c.Close()
	}
	mu.Lock()
	defer mu.Unlock()
	if n := strings.Count(logged.String(), "\n"); n != 1 {
		t.Errorf("%d lines were logged:\n%s", n, logged.String())
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestAStreamedResponseThatIsKeptIsAsLimitedAsOthers(t *testing.T) {
	s := listen(t, Config{})
	c := connect(t, s)
	c.send("GET", "/2018-06-01/runtime/invocation/next", "")
	results, err := s.Send(&Invocation{RequestID: "id", Deadline: time.Now().Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	c.answer()
	answers := connect(t, s)
	go answers.send("POST", "/2018-06-01/runtime/invocation/id/response", strings.Repeat("x", MaxPayload+1), "Lambda-Runtime-Function-Response-Mode: streaming")
	select {
	case r := <-results:
		if r.ErrorType != "Function.ResponseSizeTooLarge" {
			t.Errorf("%d bytes were kept, %q", len(r.Payload), r.ErrorType)
		}
	case <-time.After(10 * time.Second):
		t.Error("no result")
	}
}

func TestAnInitErrorsDocumentIsLimited(t *testing.T) {
	s := listen(t, Config{})
	c := connect(t, s)
	c.send("POST", "/2018-06-01/runtime/init/error", strings.Repeat("x", maxInitError+1))
	if status, _, _ := c.answer(); status != 400 || s.InitFailure() != nil {
		t.Errorf("a large one: %d, %v", status, s.InitFailure())
	}
	c = connect(t, s)
	c.send("POST", "/2018-06-01/runtime/init/error", strings.Repeat("x", maxInitError))
	if status, _, _ := c.answer(); status != 202 || s.InitFailure() == nil {
		t.Errorf("the largest: %d, %v", status, s.InitFailure())
	}
}
