package runner

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"unicode/utf8"
)

// A recording is a file of JSON lines: a head, then one line for each exchange or message in the order of their ends. Secrets are masked
// in it, and so they are in what a replay compares with it.
const (
	tapeName    = "arazzo-recording"
	tapeVersion = 1
)

type tapeHead struct {
	Kind    string `json:"kind"`
	Version int    `json:"version"`
}

// tapeLine is an HTTP exchange, or a message of a channel.
type tapeLine struct {
	Step     string       `json:"step,omitempty"` // for the reader of the file
	Request  *tapeMessage `json:"request,omitempty"`
	Response *tapeMessage `json:"response,omitempty"`
	Error    string       `json:"error,omitempty"` // instead of a response
	Sent     *tapeMessage `json:"sent,omitempty"`
	Received *tapeMessage `json:"received,omitempty"`
}

type tapeMessage struct {
	Method  string      `json:"method,omitempty"`
	URL     string      `json:"url,omitempty"`
	Channel string      `json:"channel,omitempty"`
	Status  int         `json:"status,omitempty"`
	Header  http.Header `json:"header,omitempty"`
	Text    string      `json:"body,omitempty"`
	Base64  string      `json:"bodyBase64,omitempty"` // instead of body where it is not text
}

func (m *tapeMessage) setBody(b []byte) {
	if utf8.Valid(b) {
		m.Text = string(b)
		return
	}
	m.Base64 = base64.StdEncoding.EncodeToString(b)
}

func (m *tapeMessage) body() ([]byte, error) {
	if m.Base64 != "" {
		return base64.StdEncoding.DecodeString(m.Base64)
	}
	return []byte(m.Text), nil
}

// recorder writes a tape line by line, so that a long run takes no memory.
type recorder struct {
	mu  sync.Mutex
	out *json.Encoder
}

func newRecorder(w io.Writer) (*recorder, error) {
	r := &recorder{out: json.NewEncoder(w)}
	r.out.SetEscapeHTML(false)
	if err := r.out.Encode(tapeHead{tapeName, tapeVersion}); err != nil {
		return nil, fmt.Errorf("write recording: %w", err)
	}
	return r, nil
}

func (r *recorder) add(l tapeLine) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.out.Encode(l); err != nil {
		return &tapeError{err}
	}
	return nil
}

// tapeError is a recording that cannot be written.
type tapeError struct{ err error }

func (e *tapeError) Error() string { return "write recording: " + e.err.Error() }
func (e *tapeError) Unwrap() error { return e.err }

// MismatchError is a replay that asks for what was not recorded.
type MismatchError struct {
	Want string // what the workflow does
	Have string // what the recording has instead
}

// Error names both.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("the recording does not fit: the workflow does %s, but the recording %s", e.Want, e.Have)
}

// player answers from a tape. Parallel workflows may ask in another order than they were recorded in: it keeps the order per request only.
type player struct {
	mu    sync.Mutex
	lines []tapeLine
	used  []bool
}

func newPlayer(r io.Reader) (*player, error) {
	dec := json.NewDecoder(bufio.NewReader(r))
	var head tapeHead
	if err := dec.Decode(&head); err != nil || head.Kind != tapeName {
		return nil, errors.New("this is no recording of a workflow run: its first line must say kind " + tapeName)
	}
	if head.Version != tapeVersion {
		return nil, fmt.Errorf("recording of version %d; only %d can be replayed", head.Version, tapeVersion)
	}
	p := &player{}
	for {
		var l tapeLine
		err := dec.Decode(&l)
		if errors.Is(err, io.EOF) {
			p.used = make([]bool, len(p.lines))
			return p, nil
		}
		if err != nil {
			return nil, fmt.Errorf("recording, entry %d: %w", len(p.lines)+1, err)
		}
		p.lines = append(p.lines, l)
	}
}

// exchange finds the first unused exchange with this request.
func (p *player) exchange(want *tapeMessage) (tapeLine, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	near := -1
	for i, l := range p.lines {
		if p.used[i] || l.Request == nil {
			continue
		}
		if near < 0 {
			near = i
		}
		if l.Request.Method != want.Method || l.Request.URL != want.URL {
			continue
		}
		if !sameBody(l.Request, want) {
			near = i
			continue
		}
		p.used[i] = true
		return l, nil
	}
	return tapeLine{}, p.mismatch(want, near)
}

func (p *player) mismatch(want *tapeMessage, near int) error {
	e := &MismatchError{Want: want.Method + " " + want.URL}
	switch {
	case near < 0:
		e.Have = "has no request left"
	case p.lines[near].Request.Method == want.Method && p.lines[near].Request.URL == want.URL:
		e.Want += " with body " + excerpt(want.Text)
		e.Have = "has it with body " + excerpt(p.lines[near].Request.Text)
	default:
		e.Have = fmt.Sprintf("goes on with %s %s", p.lines[near].Request.Method, p.lines[near].Request.URL)
	}
	return e
}

// message takes the next message of a channel in one direction.
func (p *player) message(channel string, sent bool) (*tapeMessage, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, l := range p.lines {
		m := l.Received
		if sent {
			m = l.Sent
		}
		if !p.used[i] && m != nil && m.Channel == channel {
			p.used[i] = true
			return m, nil
		}
	}
	verb := "receive"
	if sent {
		verb = "send"
	}
	return nil, &MismatchError{Want: verb + " on channel " + channel, Have: "has no such message left"}
}

// sameBody compares bytes, or JSON regardless of the order of members.
func sameBody(a, b *tapeMessage) bool {
	if a.Text == b.Text && a.Base64 == b.Base64 {
		return true
	}
	x, ok1 := canonical(a.Text)
	y, ok2 := canonical(b.Text)
	return ok1 && ok2 && bytes.Equal(x, y)
}

func canonical(s string) ([]byte, bool) {
	dec := json.NewDecoder(bytes.NewReader([]byte(s)))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return nil, false
	}
	out, err := json.Marshal(v)
	return out, err == nil
}

func excerpt(s string) string {
	const most = 200
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
