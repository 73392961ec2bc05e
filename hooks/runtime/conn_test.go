package runtime

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

func TestAnswerParsing(t *testing.T) {
	tests := map[string]struct {
		in     string
		status int
		body   string
		last   bool
		id     string
		bad    string
	}{
		"by length":           {in: "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id:  r1 \r\nContent-Length: 3\r\n\r\nabcREST", status: 200, body: "abc", id: "r1"},
		"in chunks":           {in: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\nREST", status: 200, body: "abcde"},
		"until the end":       {in: "HTTP/1.1 200 OK\r\n\r\nabc", status: 200, body: "abc", last: true},
		"without a reason":    {in: "HTTP/1.1 202\r\nContent-Length: 0\r\n\r\n", status: 202},
		"no content":          {in: "HTTP/1.1 204 No Content\r\n\r\nREST", status: 204},
		"interim first":       {in: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", status: 202},
		"bare line feeds":     {in: "HTTP/1.1 200 OK\nContent-Length: 1\n\nx", status: 200, body: "x"},
		"closed afterwards":   {in: "HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", status: 200, last: true},
		"HTTP/1.0":            {in: "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", bad: "not an HTTP/1.1 status line"},
		"not HTTP":            {in: "SSH-2.0-x\r\n", bad: "not an HTTP/1.1 status line"},
		"a negative length":   {in: "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", bad: "content length"},
		"an enormous length":  {in: "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", bad: "content length"},
		"cut off":             {in: "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", bad: "unexpected EOF"},
		"cut off in a header": {in: "HTTP/1.1 200 OK\r\nContent-Le", bad: "unexpected EOF"},
		"an unknown encoding": {in: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", bad: "transfer encoding"},
		"an id with a slash":  {in: "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: a/../b\r\n\r\n", bad: "request id"},
		"an endless header":   {in: "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 2*readBuffer), bad: "buffer full"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			br := bufio.NewReaderSize(strings.NewReader(tt.in), readBuffer)
			var a answer
			err := a.read(br)
			if tt.bad != "" {
				if err == nil || !strings.Contains(err.Error(), tt.bad) {
					t.Fatalf("error %v, want %q", err, tt.bad)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if a.status != tt.status || string(a.body) != tt.body || a.last != tt.last || a.inv.RequestID != tt.id {
				t.Errorf("status %d, body %q, last %v, id %q", a.status, a.body, a.last, a.inv.RequestID)
			}
			if rest, _ := io.ReadAll(br); strings.HasSuffix(tt.in, "REST") && string(rest) != "REST" {
				t.Errorf("left %q for the next answer", rest)
			}
		})
	}
}

// FuzzAnswer holds the parser against net/http's: what both accept they must read alike.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\nx"))
	f.Fuzz(func(t *testing.T, in []byte) {
		var a answer
		if a.read(bufio.NewReaderSize(bytes.NewReader(in), readBuffer)) != nil {
			return
		}
		std, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(in)), nil)
		if err != nil || std.StatusCode < 200 {
			return
		}
		body, err := io.ReadAll(std.Body)
		if err == nil && (std.StatusCode != a.status || !bytes.Equal(body, a.body)) {
			t.Errorf("status %d body %q; net/http reads %d %q", a.status, a.body, std.StatusCode, body)
		}
	})
}

// A server may drop a kept connection at any time; the loop goes on over a new one.
func TestDroppedConnectionIsReplaced(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	var got []string
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 2 {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			br := bufio.NewReader(nc)
			for range 2 { // an event and its answer, then the connection goes without a word
				req, err := http.ReadRequest(br)
				if err != nil {
					break
				}
				body, _ := io.ReadAll(req.Body)
				got = append(got, req.Method+string(body))
				io.WriteString(nc, "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r\r\nContent-Length: 1\r\n\r\n1")
			}
			nc.Close()
		}
		ln.Close()
	}()
	err = run(ln.Addr().String(), func(context.Context) (Handler, error) {
		return func(_ context.Context, e json.RawMessage) (any, error) { return e, nil }, nil
	})
	<-done
	if strings.Join(got, " ") != "GET POST1 GET POST1" {
		t.Errorf("requests %q", got)
	}
	if err == nil || !strings.Contains(err.Error(), "connect to the Runtime API") {
		t.Errorf("ended with %v", err)
	}
}

func BenchmarkEcho(b *testing.B) {
	events := make([]event, b.N)
	for i := range events {
		events[i].payload = `{"httpMethod":"GET","path":"/"}`
	}
	p := newPlatform(b, events...)
	p.posts = make([]posted, 0, b.N)
	b.ReportAllocs()
	b.ResetTimer()
	_ = run(p.addr(), func(context.Context) (Handler, error) {
		return func(_ context.Context, e json.RawMessage) (any, error) { return e, nil }, nil
	})
	if len(p.posts) != b.N {
		b.Fatalf("%d of %d", len(p.posts), b.N)
	}
}
