package runtime

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// posted is what the function sent back.
type posted struct {
	path, errorType, body string
}

// platform is the other side of the Runtime API: it hands out its events one by one, then answers
// 500, which ends the loop.
type platform struct {
	*httptest.Server
	mu     sync.Mutex
	events []event
	posts  []posted
	conns  int
	// answer, if set, replaces the 202 to a post.
	answer func(p posted) (int, string)
}

type event struct {
	payload string
	header  map[string]string
}

func newPlatform(t testing.TB, events ...event) *platform {
	t.Helper()
	p := &platform{events: events}
	p.Server = httptest.NewUnstartedServer(p)
	p.Server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			p.mu.Lock()
			p.conns++
			p.mu.Unlock()
		}
	}
	p.Server.Start()
	t.Cleanup(p.Server.Close)
	return p
}

func (p *platform) addr() string { return strings.TrimPrefix(p.URL, "http://") }

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	path, ok := strings.CutPrefix(r.URL.Path, "/2018-06-01/runtime/")
	switch {
	case !ok:
		http.Error(w, "no such path "+r.URL.Path, 404)
	case r.Method == "GET" && path == "invocation/next":
		if len(p.events) == 0 {
			http.Error(w, "no more events", 500)
			return
		}
		e := p.events[0]
		p.events = p.events[1:]
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", fmt.Sprintf("req-%d", len(p.posts)+1))
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(3*time.Second).UnixMilli()))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:f:live")
		for k, v := range e.header {
			w.Header().Set(k, v)
		}
		io.WriteString(w, e.payload)
	case r.Method == "POST":
		body, _ := io.ReadAll(r.Body)
		post := posted{path, r.Header.Get("Lambda-Runtime-Function-Error-Type"), string(body)}
		p.posts = append(p.posts, post)
		if p.answer != nil {
			status, text := p.answer(post)
			http.Error(w, text, status)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	default:
		http.Error(w, r.Method, 405)
	}
}

func (p *platform) sent() []posted {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]posted(nil), p.posts...)
}

func decode[T any](t testing.TB, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}
