package runtime

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// serve runs h over the events and returns what was posted, and the error that ended the loop.
func serve(t *testing.T, p *platform, h Handler) ([]posted, error) {
	t.Helper()
	err := run(p.addr(), func(context.Context) (Handler, error) { return h, nil })
	return p.sent(), err
}

type namedError struct{}

func (namedError) Error() string     { return "no such table" }
func (namedError) ErrorType() string { return "Store.Missing" }

type plainError struct{ n int }

func (e *plainError) Error() string { return fmt.Sprint("plain ", e.n) }

func TestHandlerResults(t *testing.T) {
	big := strings.Repeat("x", 100_000) // goes out beside its header, not within one buffer
	tests := map[string]struct {
		handler   Handler
		path      string
		body      string
		errorType string
	}{
		"a value is encoded": {
			func(_ context.Context, e json.RawMessage) (any, error) { return map[string]any{"got": e}, nil },
			"invocation/req-1/response", `{"got":{"a":1}}`, ""},
		"text is not escaped for HTML": {
			func(context.Context, json.RawMessage) (any, error) { return "<a&b>", nil },
			"invocation/req-1/response", `"<a&b>"`, ""},
		"nil is null": {
			func(context.Context, json.RawMessage) (any, error) { return nil, nil },
			"invocation/req-1/response", `null`, ""},
		"raw JSON is sent as it is": {
			func(_ context.Context, e json.RawMessage) (any, error) { return e, nil },
			"invocation/req-1/response", `{"a":1}`, ""},
		"an empty raw message is null": {
			func(context.Context, json.RawMessage) (any, error) { return json.RawMessage(nil), nil },
			"invocation/req-1/response", `null`, ""},
		"a large result": {
			func(context.Context, json.RawMessage) (any, error) { return big, nil },
			"invocation/req-1/response", `"` + big + `"`, ""},
		"an error has its Go type's name": {
			func(context.Context, json.RawMessage) (any, error) { return 1, &plainError{7} },
			"invocation/req-1/error", `{"errorMessage":"plain 7","errorType":"plainError"}`, "plainError"},
		"an error may name its type": {
			func(context.Context, json.RawMessage) (any, error) { return nil, fmt.Errorf("read: %w", namedError{}) },
			"invocation/req-1/error", `{"errorMessage":"read: no such table","errorType":"Store.Missing"}`, "Store.Missing"},
		"a result that is no JSON": {
			func(context.Context, json.RawMessage) (any, error) { return func() {}, nil },
			"invocation/req-1/error", `{"errorMessage":"encode the handler's result: json: unsupported type: func()","errorType":"wrapError"}`, "wrapError"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			posts, _ := serve(t, newPlatform(t, event{payload: `{"a":1}`}), tt.handler)
			if len(posts) != 1 {
				t.Fatalf("%d posts: %v", len(posts), posts)
			}
			if want := (posted{tt.path, tt.errorType, tt.body}); posts[0] != want {
				t.Errorf("posted %.300v\nwant   %.300v", posts[0], want)
			}
		})
	}
}

func TestPanicIsReportedWithItsStackAndEndsTheProcess(t *testing.T) {
	p := newPlatform(t, event{payload: `1`}, event{payload: `2`})
	posts, err := serve(t, p, func(context.Context, json.RawMessage) (any, error) { return explode(), nil })
	if err == nil || !strings.Contains(err.Error(), "the handler panicked: boom") {
		t.Errorf("loop ended with %v", err)
	}
	if len(posts) != 1 || posts[0].path != "invocation/req-1/error" || posts[0].errorType != "string" {
		t.Fatalf("posts %v", posts)
	}
	f := decode[failure](t, posts[0].body)
	if f.Message != "boom" || f.Type != "string" {
		t.Errorf("reported %+v", f)
	}
	if len(f.Stack) < 2 || f.Stack[0].Label != "runtime.explode" || !strings.HasSuffix(f.Stack[0].Path, "start_test.go") || f.Stack[0].Line == 0 {
		t.Errorf("stack %+v", f.Stack)
	}
	if last := f.Stack[len(f.Stack)-1].Label; !strings.Contains(last, "TestPanicIsReported") {
		t.Errorf("the stack ends in %s, want the handler", last)
	}
}

//go:noinline
func explode() string { panic("boom") }

func TestContextCarriesTheInvocation(t *testing.T) {
	p := newPlatform(t, event{payload: `{}`, header: map[string]string{
		"Lambda-Runtime-Trace-Id":         "Root=1-2-3",
		"Lambda-Runtime-Client-Context":   `{"client":{}}`,
		"Lambda-Runtime-Cognito-Identity": `{"cognitoIdentityId":"x"}`,
	}}, event{payload: `{}`})
	t.Setenv(traceVariable, "")
	var seen []Invocation
	_, _ = serve(t, p, func(ctx context.Context, _ json.RawMessage) (any, error) {
		inv, ok := From(ctx)
		if !ok {
			t.Fatal("no invocation in the context")
		}
		if d, ok := ctx.Deadline(); !ok || !d.Equal(inv.Deadline) || time.Until(d) > 3*time.Second || time.Until(d) < time.Second {
			t.Errorf("deadline %v, %v", d, ok)
		}
		seen = append(seen, *inv)
		return nil, nil
	})
	if len(seen) != 2 {
		t.Fatalf("%d events", len(seen))
	}
	if a := seen[0]; a.RequestID != "req-1" || a.TraceID != "Root=1-2-3" || string(a.ClientContext) != `{"client":{}}` ||
		string(a.Identity) != `{"cognitoIdentityId":"x"}` || !strings.HasSuffix(a.FunctionARN, ":f:live") {
		t.Errorf("first %+v", a)
	}
	if b := seen[1]; b.RequestID != "req-2" || b.TraceID != "" || b.ClientContext != nil || !strings.HasSuffix(b.FunctionARN, ":f:live") {
		t.Errorf("second %+v: something of the first stayed", b)
	}
	if _, ok := From(t.Context()); ok {
		t.Error("an invocation outside a handler")
	}
}

func TestOneConnectionServesAllEvents(t *testing.T) {
	events := make([]event, 200)
	for i := range events {
		events[i].payload = fmt.Sprintf(`{"n":%d,"pad":%q}`, i, strings.Repeat("p", i*50))
	}
	p := newPlatform(t, events...)
	posts, _ := serve(t, p, func(_ context.Context, e json.RawMessage) (any, error) { return e, nil })
	if len(posts) != len(events) {
		t.Fatalf("%d of %d answered", len(posts), len(events))
	}
	for i, post := range posts {
		if post.body != events[i].payload {
			t.Fatalf("event %d answered %.100s", i, post.body)
		}
	}
	if p.conns != 1 {
		t.Errorf("%d connections", p.conns)
	}
}

func TestRefusedAnswerDoesNotEndTheLoop(t *testing.T) {
	p := newPlatform(t, event{payload: `1`}, event{payload: `2`})
	p.answer = func(posted) (int, string) { return 413, "too large" }
	if posts, _ := serve(t, p, func(context.Context, json.RawMessage) (any, error) { return 1, nil }); len(posts) != 2 {
		t.Errorf("%d posts, want 2", len(posts))
	}
}

func TestServerErrorEndsTheLoop(t *testing.T) {
	p := newPlatform(t, event{payload: `1`}, event{payload: `2`})
	p.answer = func(posted) (int, string) { return 500, "container error" }
	posts, err := serve(t, p, func(context.Context, json.RawMessage) (any, error) { return 1, nil })
	if len(posts) != 1 || err == nil || !strings.Contains(err.Error(), "container error") {
		t.Errorf("%d posts, %v", len(posts), err)
	}
}

func TestInitFailuresAreReported(t *testing.T) {
	tests := map[string]struct {
		init    func(context.Context) (Handler, error)
		errType string
		message string
	}{
		"error":      {func(context.Context) (Handler, error) { return nil, namedError{} }, "Store.Missing", "no such table"},
		"panic":      {func(context.Context) (Handler, error) { panic(errors.New("bad")) }, "errorString", "bad"},
		"no handler": {func(context.Context) (Handler, error) { return nil, nil }, "errorString", "init returned no handler"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t, event{payload: `1`})
			err := run(p.addr(), tt.init)
			if err == nil || !strings.Contains(err.Error(), tt.message) {
				t.Errorf("ended with %v", err)
			}
			posts := p.sent()
			if len(posts) != 1 || posts[0].path != "init/error" || posts[0].errorType != tt.errType {
				t.Fatalf("posts %v", posts)
			}
			if f := decode[failure](t, posts[0].body); f.Message != tt.message || f.Type != tt.errType {
				t.Errorf("reported %+v", f)
			}
		})
	}
}

func TestErrorTypeCannotBreakTheHeader(t *testing.T) {
	if got := appendHeaderValue(nil, "a\r\nX: y\x80"); bytes.ContainsAny(got, "\r\n\x80") {
		t.Errorf("%q", got)
	}
}
