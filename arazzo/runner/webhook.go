package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/headgate/headgate/arazzo/source"
)

// maxCallback bounds one message that somebody posts to the listener.
const maxCallback = 16 << 20

// HTTP is the Binding for http and https. It sends with a client and receives callbacks and webhooks through a listener, if the caller
// gives it one: without, subscribing is refused.
type HTTP struct {
	client source.Doer
	server *http.Server
	addr   string

	mu    sync.Mutex
	boxes map[*mailbox]string // by the path template they wait for
}

var _ Binding = (*HTTP)(nil)

// NewHTTP makes the binding; nil for the listener only sends. Close it to stop listening.
func NewHTTP(client source.Doer, listener net.Listener) *HTTP {
	h := &HTTP{client: client, boxes: map[*mailbox]string{}}
	if listener != nil {
		h.addr = listener.Addr().String()
		h.server = &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
		go h.server.Serve(listener) //nolint:errcheck // ends with Close; subscribers then see their context end
	}
	return h
}

// Addr is where it listens, host:port; empty where it does not.
func (h *HTTP) Addr() string { return h.addr }

// Close stops listening.
func (h *HTTP) Close() error {
	if h.server == nil {
		return nil
	}
	return h.server.Close()
}

// Send implements Binding: a POST, or what the operation's http binding says, to the server's URL and the channel's address.
func (h *HTTP) Send(ctx context.Context, to Endpoint, m Message) error {
	if to.Server == "" {
		return fmt.Errorf("channel %s names no server to send to: choose one with a server override for source %s", to.Channel.Name, to.Source)
	}
	method := http.MethodPost
	if to.Operation != nil {
		if b, ok := to.Operation.Bindings["http"].(map[string]any); ok {
			if named, ok := b["method"].(string); ok {
				method = strings.ToUpper(named)
			}
		}
	}
	url := to.Server
	if !strings.Contains(url, "://") {
		url = to.Protocol + "://" + url
	}
	url = strings.TrimRight(url, "/") + "/" + strings.TrimLeft(to.Address, "/")
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(m.Payload))
	if err != nil {
		return err
	}
	for name, values := range m.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	if m.ContentType != "" {
		req.Header.Set("Content-Type", m.ContentType)
	}
	if to.Prepare != nil {
		if req, err = to.Prepare(ctx, req); err != nil {
			return err
		}
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, maxCallback)) //nolint:errcheck // only to reuse the connection
	if resp.StatusCode >= 400 {
		return fmt.Errorf("%s %s answered %s", method, url, resp.Status)
	}
	return nil
}

// Subscribe implements Binding: requests to the channel's address are its messages.
func (h *HTTP) Subscribe(_ context.Context, from Endpoint) (Subscription, error) {
	if h.server == nil {
		return nil, fmt.Errorf("receiving on channel %s takes an HTTP listener, and none was permitted", from.Channel.Name)
	}
	box := newMailbox(func(gone *mailbox) {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.boxes, gone)
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.boxes[box] = "/" + strings.TrimLeft(from.Address, "/")
	return box, nil
}

// ServeHTTP takes a callback: 202 where somebody waits for it, 404 where nobody does.
func (h *HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCallback))
	if err != nil {
		status := http.StatusBadRequest
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, err.Error(), status)
		return
	}
	m := Message{Header: r.Header.Clone(), ContentType: r.Header.Get("Content-Type"), Payload: body}
	taken := false
	h.mu.Lock()
	for box, template := range h.boxes {
		if pathMatches(template, r.URL.Path) {
			box.put(m)
			taken = true
		}
	}
	h.mu.Unlock()
	if !taken {
		http.Error(w, "no step waits for messages at this address", http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// pathMatches compares a path with a template whose {name} segments match anything but a slash.
func pathMatches(template, path string) bool {
	t, p := strings.Split(strings.Trim(template, "/"), "/"), strings.Split(strings.Trim(path, "/"), "/")
	if len(t) != len(p) {
		return false
	}
	for i := range t {
		if strings.HasPrefix(t[i], "{") && strings.HasSuffix(t[i], "}") && p[i] != "" {
			continue
		}
		if t[i] != p[i] {
			return false
		}
	}
	return true
}
