package runtimeapi

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func listen(t testing.TB, cfg Config) *Server {
	t.Helper()
	s, err := Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// client is a runtime on one connection of its own.
type client struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
}

func connect(t testing.TB, s *Server) *client {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &client{t, c, bufio.NewReader(c)}
}

// send writes a request; headers are lines without line breaks.
func (c *client) send(method, path, body string, headers ...string) {
	c.t.Helper()
	text := method + " " + path + " HTTP/1.1\r\nHost: x\r\n"
	for _, h := range headers {
		text += h + "\r\n"
	}
	if method == "POST" && !strings.Contains(text, "Transfer-Encoding") {
		text += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	if _, err := io.WriteString(c.conn, text+"\r\n"+body); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) answer() (int, http.Header, string) {
	c.t.Helper()
	c.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	r, err := http.ReadResponse(c.r, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return r.StatusCode, r.Header, string(b)
}

func (c *client) call(method, path, body string, headers ...string) (int, http.Header, string) {
	c.t.Helper()
	c.send(method, path, body, headers...)
	return c.answer()
}

const (
	next     = runtimePrefix + "invocation/next"
	response = runtimePrefix + "invocation/r1/response"
	failed   = runtimePrefix + "invocation/r1/error"
	initErr  = runtimePrefix + "init/error"
)

func event() *Invocation {
	return &Invocation{RequestID: "r1", Deadline: time.Now().Add(time.Minute), InvokedFunctionARN: "arn:f", TraceID: "Root=1", Payload: []byte(`{"a":1}`)}
}

func send(t testing.TB, s *Server, inv *Invocation) <-chan Result {
	t.Helper()
	ch, err := s.Send(inv)
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

func result(t testing.TB, ch <-chan Result) Result {
	t.Helper()
	select {
	case r := <-ch:
		return r
	case <-time.After(5 * time.Second):
		t.Fatal("no result")
		return Result{}
	}
}

// lanes runs a test on the warm path, and with a header that sends every request to net/http.
func lanes(t *testing.T, f func(t *testing.T, header []string)) {
	t.Run("by hand", func(t *testing.T) { f(t, nil) })
	t.Run("net/http", func(t *testing.T) { f(t, []string{"Connection: Keep-Alive, x"}) })
}

func TestAnInvocation(t *testing.T) {
	lanes(t, func(t *testing.T, header []string) {
		s := listen(t, Config{})
		c := connect(t, s)
		for range 3 {
			ch := send(t, s, event())
			status, h, body := c.call("GET", next, "", header...)
			if status != 200 || body != `{"a":1}` || h.Get("Lambda-Runtime-Aws-Request-Id") != "r1" || h.Get("Lambda-Runtime-Invoked-Function-Arn") != "arn:f" ||
				h.Get("Lambda-Runtime-Trace-Id") != "Root=1" || len(h.Get("Lambda-Runtime-Deadline-Ms")) != 13 || h.Get("Content-Type") != "application/json" {
				t.Fatalf("event: %d %v %q", status, h, body)
			}
			if _, there := h["Lambda-Runtime-Client-Context"]; there {
				t.Error("an empty client context was sent")
			}
			if status, _, body := c.call("POST", response, `"done"`, header...); status != 202 || body != statusOK {
				t.Fatalf("response: %d %q", status, body)
			}
			if r := result(t, ch); string(r.Payload) != `"done"` || r.FunctionError != "" {
				t.Errorf("%+v", r)
			}
		}
	})
}

// TestStates sends every request in every state: only the transitions that doc.go draws are made.
func TestStates(t *testing.T) {
	reach := map[state]func(*testing.T, *Server, *client){
		starting:   func(*testing.T, *Server, *client) {},
		initFailed: func(t *testing.T, s *Server, c *client) { c.call("POST", initErr, `{"errorType":"E"}`) },
		running: func(t *testing.T, s *Server, c *client) {
			send(t, s, event())
			c.call("GET", next, "")
		},
		responded: func(t *testing.T, s *Server, c *client) {
			ch := send(t, s, event())
			c.call("GET", next, "")
			c.call("POST", response, "1")
			result(t, ch)
		},
	}
	allowed := map[state][]string{starting: {initErr}, running: {response, failed}}
	for from, prepare := range reach {
		for _, path := range []string{response, failed, initErr, next} {
			if path == next && (from == starting || from == responded) {
				continue // it waits
			}
			t.Run(from.String()+strings.ReplaceAll(path, "/", " "), func(t *testing.T) {
				s := listen(t, Config{})
				c := connect(t, s)
				prepare(t, s, c)
				method := "POST"
				if path == next {
					method = "GET"
				}
				status, _, body := c.call(method, path, "1")
				want := 403
				for _, p := range allowed[from] {
					if p == path {
						want = 202
					}
				}
				if status != want || (want == 403 && !strings.Contains(body, `"InvalidStateTransition"`)) {
					t.Errorf("%d %s, want %d", status, body, want)
				}
				if s.mu.Lock(); want == 403 && s.state != from {
					t.Errorf("the state became %s", s.state)
				}
				s.mu.Unlock()
			})
		}
	}
}

func TestAnUnknownRequestIDIsRefused(t *testing.T) {
	lanes(t, func(t *testing.T, header []string) {
		s := listen(t, Config{})
		c := connect(t, s)
		ch := send(t, s, event())
		c.call("GET", next, "", header...)
		if status, _, body := c.call("POST", runtimePrefix+"invocation/other/response", "1", header...); status != 400 || !strings.Contains(body, "InvalidRequestID") {
			t.Errorf("%d %s", status, body)
		}
		if status, _, _ := c.call("POST", response, "2", header...); status != 202 {
			t.Error(status)
		}
		if r := result(t, ch); string(r.Payload) != "2" {
			t.Errorf("%+v", r)
		}
	})
}

func TestAnErrorCarriesItsType(t *testing.T) {
	for name, c := range map[string]struct{ header, body, want string }{
		"header":   {"Lambda-Runtime-Function-Error-Type: Mine", `{"errorType":"Other"}`, "Mine"},
		"document": {"X: y", `{"errorType":"Other"}`, "Other"},
		"neither":  {"X: y", `oops`, "Runtime.Unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			s := listen(t, Config{})
			k := connect(t, s)
			ch := send(t, s, event())
			k.call("GET", next, "")
			k.call("POST", failed, c.body, c.header)
			if r := result(t, ch); r.ErrorType != c.want || r.FunctionError != "Unhandled" || string(r.Payload) != c.body {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestAResponseThatIsTooLarge(t *testing.T) {
	for _, framing := range []string{fmt.Sprintf("Content-Length: %d", MaxPayload+1), "Transfer-Encoding: chunked"} {
		t.Run(framing, func(t *testing.T) {
			s := listen(t, Config{})
			c := connect(t, s)
			ch := send(t, s, event())
			c.call("GET", next, "")
			body := strings.Repeat("x", MaxPayload+1)
			if strings.HasPrefix(framing, "T") {
				body = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
			}
			go fmt.Fprintf(c.conn, "POST %s HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n%s", response, framing, body) // cut off by the answer
			if status, _, text := c.answer(); status != 413 || !strings.Contains(text, "RequestEntityTooLarge") {
				t.Errorf("%d %s", status, text)
			}
			if r := result(t, ch); r.ErrorType != "Function.ResponseSizeTooLarge" {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestOtherFramingsAreUnderstood(t *testing.T) {
	for name, request := range map[string]string{
		"chunked":      "POST " + response + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n\"ab\r\n2\r\nc\"\r\n0\r\n\r\n",
		"HTTP/1.0":     "POST " + response + " HTTP/1.0\r\nContent-Length: 5\r\n\r\n\"abc\"",
		"close":        "POST " + response + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\n\"abc\"",
		"long headers": "POST " + response + " HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("y", 9000) + "\r\nContent-Length: 5\r\n\r\n\"abc\"",
		"capitals":     "POST " + response + " HTTP/1.1\r\nHOST: x\r\nCONTENT-LENGTH: 5\r\n\r\n\"abc\"",
	} {
		t.Run(name, func(t *testing.T) {
			s := listen(t, Config{})
			c := connect(t, s)
			ch := send(t, s, event())
			c.call("GET", next, "")
			for i := range request { // in the smallest pieces
				if _, err := io.WriteString(c.conn, request[i:i+1]); err != nil {
					t.Fatal(err)
				}
			}
			if status, _, _ := c.answer(); status != 202 {
				t.Error(status)
			}
			if r := result(t, ch); string(r.Payload) != `"abc"` {
				t.Errorf("%+v", r)
			}
		})
	}
	t.Run("100-continue", func(t *testing.T) {
		s := listen(t, Config{})
		c := connect(t, s)
		ch := send(t, s, event())
		c.call("GET", next, "")
		io.WriteString(c.conn, "POST "+response+" HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
		if line, _ := c.r.ReadString('\n'); !strings.Contains(line, "100 Continue") {
			t.Fatalf("%q", line)
		}
		c.r.ReadString('\n')
		io.WriteString(c.conn, `"abc"`)
		if status, _, _ := c.answer(); status != 202 {
			t.Error(status)
		}
		if r := result(t, ch); string(r.Payload) != `"abc"` {
			t.Errorf("%+v", r)
		}
	})
}

func TestTheCallersContextCannotAddHeaders(t *testing.T) {
	lanes(t, func(t *testing.T, header []string) {
		s := listen(t, Config{})
		c := connect(t, s)
		inv := event()
		inv.ClientContext = "{}\r\nLambda-Runtime-Aws-Request-Id: forged\r\n\r\nbody"
		send(t, s, inv)
		_, h, body := c.call("GET", next, "", header...)
		if h.Get("Lambda-Runtime-Aws-Request-Id") != "r1" || len(h.Values("Lambda-Runtime-Aws-Request-Id")) != 1 || body != `{"a":1}` {
			t.Errorf("%v %q", h, body)
		}
	})
}

func TestAPollSurvivesALostConnection(t *testing.T) {
	lanes(t, func(t *testing.T, header []string) {
		s := listen(t, Config{})
		lost := connect(t, s)
		lost.send("GET", next, "", header...)
		<-s.Initialized()
		lost.conn.Close()
		c := connect(t, s)
		c.send("GET", next, "", header...)
		for s.mu.Lock(); s.poll == nil; s.mu.Lock() {
			s.mu.Unlock()
			time.Sleep(time.Millisecond)
		}
		s.mu.Unlock()
		time.Sleep(10 * time.Millisecond) // the lost one's end may come in any order
		send(t, s, event())
		if status, _, body := c.answer(); status != 200 || body != `{"a":1}` {
			t.Errorf("%d %s", status, body)
		}
	})
}

func TestALargeEventToARuntimeThatDoesNotReadEndsAtTheDeadline(t *testing.T) {
	s := listen(t, Config{})
	c := connect(t, s)
	c.send("GET", next, "")
	<-s.Initialized()
	inv := event()
	inv.Payload, inv.Deadline = bytes.Repeat([]byte("x"), 64<<20), time.Now().Add(100*time.Millisecond)
	began := time.Now()
	send(t, s, inv)
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("Send took %v", took)
	}
}

func TestOneInvocationAtATime(t *testing.T) {
	s := listen(t, Config{})
	send(t, s, event())
	if _, err := s.Send(event()); err == nil {
		t.Error("a second invocation was taken")
	}
	if !s.Withdraw() {
		t.Error("a pending invocation could not be taken back")
	}
	c := connect(t, s)
	c.send("GET", next, "")
	<-s.Initialized()
	send(t, s, event())
	if s.Withdraw() {
		t.Error("a delivered invocation was taken back")
	}
}

func TestConnectionsThatAreNotAdmittedGetNoAnswer(t *testing.T) {
	s := listen(t, Config{Admit: func(net.Conn) error { return fmt.Errorf("no") }})
	c := connect(t, s)
	c.send("GET", next, "")
	c.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if b, err := io.ReadAll(c.conn); len(b) != 0 || (err != nil && strings.Contains(err.Error(), "timeout")) {
		t.Errorf("%q %v", b, err)
	}
}

func TestStreamedErrorsComeInTheTrailers(t *testing.T) {
	s := listen(t, Config{})
	c := connect(t, s)
	inv := event()
	var got bytes.Buffer
	inv.Stream = &got
	ch := send(t, s, inv)
	c.call("GET", next, "")
	c.call("POST", response, "4\r\npart\r\n0\r\nLambda-Runtime-Function-Error-Type: Mine\r\nLambda-Runtime-Function-Error-Body: eyJhIjoxfQ==\r\n\r\n",
		"Transfer-Encoding: chunked", "Lambda-Runtime-Function-Response-Mode: streaming", "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body")
	if r := result(t, ch); got.String() != "part" || r.ErrorType != "Mine" || string(r.Payload) != `{"a":1}` || r.FunctionError != "Unhandled" {
		t.Errorf("%q %+v", got.String(), r)
	}
}

func TestExtensionRegistration(t *testing.T) {
	register := extensionPrefix + "register"
	s := listen(t, Config{FunctionName: "f", FunctionVersion: "3", Handler: "h", AccountID: "1"})
	c := connect(t, s)
	for name, k := range map[string]struct{ body, header, want string }{
		"no name":   {`{}`, "X: y", "Extension.InvalidExtensionName"},
		"bad event": {`{"events":["LOGS"]}`, "Lambda-Extension-Name: a", "Extension.InvalidEventType"},
		"bad body":  {`[`, "Lambda-Extension-Name: a", "InvalidRequestFormat"},
	} {
		if status, _, body := c.call("POST", register, k.body, k.header); status/100 != 4 || !strings.Contains(body, k.want) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	for i := range MaxExtensions {
		status, h, body := c.call("POST", register, `{"events":["INVOKE"]}`, fmt.Sprintf("Lambda-Extension-Name: x%d", i), "Lambda-Extension-Accept-Feature: accountId")
		var doc map[string]string
		json.Unmarshal([]byte(body), &doc)
		if status != 200 || h.Get("Lambda-Extension-Identifier") == "" || doc["functionVersion"] != "3" || doc["accountId"] != "1" {
			t.Fatalf("%d %v %s", status, h, body)
		}
	}
	if status, _, body := c.call("POST", register, `{}`, "Lambda-Extension-Name: more"); status != 403 || !strings.Contains(body, "TooManyExtensions") {
		t.Errorf("%d %s", status, body)
	}
	if status, _, body := c.call("GET", extensionPrefix+"event/next", "", "Lambda-Extension-Identifier: nobody"); status != 403 || !strings.Contains(body, "UnknownExtensionIdentifier") {
		t.Errorf("%d %s", status, body)
	}
}

func TestUnknownRoutesSaySo(t *testing.T) {
	c := connect(t, listen(t, Config{}))
	if status, _, body := c.call("GET", "/2018-06-01/nothing", ""); status != 404 || !strings.Contains(body, "/2018-06-01/nothing") {
		t.Errorf("%d %s", status, body)
	}
}
