package runtime

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// Handler answers one event. The event's bytes belong to the loop and are overwritten once the
// handler has returned: a handler that keeps them must copy them. The result is encoded as JSON;
// a json.RawMessage is sent as it is, and nil becomes null.
type Handler = func(ctx context.Context, event json.RawMessage) (any, error)

// Start serves events with h until the Runtime API goes away. It does not return.
func Start(h Handler) {
	StartInit(func(context.Context) (Handler, error) { return h, nil })
}

// StartInit is Start for a function that has something to prepare. An error or a panic of init is
// reported as the function's init error, so that the caller sees the reason rather than
// "exited before completing". It does not return.
func StartInit(init func(ctx context.Context) (Handler, error)) {
	api := os.Getenv("AWS_LAMBDA_RUNTIME_API")
	if api == "" {
		fmt.Fprintln(os.Stderr, "AWS_LAMBDA_RUNTIME_API is not set: this program is a Lambda function's bootstrap, to be started by Lambda or Headgate")
		os.Exit(1)
	}
	err := run(api, init)
	fmt.Fprintln(os.Stderr, "runtime:", err)
	os.Exit(1)
}

// run is the life of the process; it always ends in an error.
func run(api string, init func(context.Context) (Handler, error)) error {
	c := newConn(api)
	defer c.close()
	h, bad := prepare(init)
	if bad != nil {
		if _, err := c.do(request{method: "POST", action: "init/error", errorType: bad.Type, body: bad.encode()}); err != nil {
			return fmt.Errorf("init failed (%s), and could not be reported: %w", bad.Message, err)
		}
		return fmt.Errorf("init failed: %s", bad.Message)
	}
	l := loop{conn: c, handler: h}
	l.encoder = json.NewEncoder(&l.result)
	l.encoder.SetEscapeHTML(false)
	for {
		if err := l.once(); err != nil {
			return err
		}
	}
}

func prepare(init func(context.Context) (Handler, error)) (h Handler, bad *failure) {
	defer func() {
		if p := recover(); p != nil {
			h, bad = nil, panicked(p)
		}
	}()
	h, err := init(context.Background())
	if err == nil && h == nil {
		err = errors.New("init returned no handler")
	}
	if err != nil {
		return nil, failed(err)
	}
	return h, nil
}

type loop struct {
	conn    *conn
	handler Handler
	result  bytes.Buffer // reused: the encoded result
	encoder *json.Encoder
}

// once serves one event. An error that it returns ends the process.
func (l *loop) once() error {
	a, err := l.conn.do(request{method: "GET", action: "invocation/next"})
	if err != nil {
		return fmt.Errorf("next event: %w", err)
	}
	if a.status != 200 {
		return fmt.Errorf("next event: the Runtime API answered %d: %s", a.status, a.body)
	}
	if a.inv.RequestID == "" {
		return errors.New("next event: the Runtime API sent no request id")
	}
	if a.inv.TraceID != "" && os.Getenv(traceVariable) != a.inv.TraceID {
		_ = os.Setenv(traceVariable, a.inv.TraceID) // fails only for names and values that no trace id is
	}
	inv := a.inv // the handler may keep its context; the answer is overwritten
	body, bad := l.call(&inv, a.body)
	req := request{method: "POST", id: inv.RequestID, action: "response", body: body}
	if bad != nil {
		req.action, req.errorType, req.body = "error", bad.Type, bad.encode()
	}
	a, err = l.conn.do(req)
	switch {
	case err != nil:
		return fmt.Errorf("%s of request %s: %w", req.action, inv.RequestID, err)
	case a.status >= 500: // the Runtime API's word for "exit promptly"
		return fmt.Errorf("%s of request %s: the Runtime API answered %d: %s", req.action, inv.RequestID, a.status, a.body)
	case a.status >= 400: // too large, or too late: the platform has told the caller already
		fmt.Fprintf(os.Stderr, "runtime: %s of request %s was refused with %d: %s\n", req.action, inv.RequestID, a.status, a.body)
	}
	if bad != nil && bad.fatal {
		return fmt.Errorf("the handler panicked: %s", bad.Message)
	}
	return nil
}

// call runs the handler and encodes what it returned.
func (l *loop) call(inv *Invocation, event []byte) (body []byte, bad *failure) {
	defer func() {
		if p := recover(); p != nil {
			body, bad = nil, panicked(p)
		}
	}()
	ctx, cancel := inv.context()
	defer cancel()
	out, err := l.handler(ctx, event)
	if err != nil {
		return nil, failed(err)
	}
	if raw, ok := out.(json.RawMessage); ok && len(raw) > 0 {
		return raw, nil
	}
	if l.result.Cap() > keepBuffer {
		l.result = bytes.Buffer{}
	}
	l.result.Reset()
	if err := l.encoder.Encode(out); err != nil {
		return nil, failed(fmt.Errorf("encode the handler's result: %w", err))
	}
	return bytes.TrimSuffix(l.result.Bytes(), []byte("\n")), nil
}
