package runtimeapi

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"
)

const (
	nextLine       = "GET " + runtimePrefix + "invocation/next HTTP/1.1\r\n"
	responsePrefix = "POST " + runtimePrefix + "invocation/"
	responseSuffix = "/response HTTP/1.1\r\n"

	acceptedReply = "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n" + statusOK

	// An event up to this size is copied behind its headers and sent in one write, which cannot
	// block: the client has nothing unread. Larger ones get a write deadline.
	inlinePayload = 32 << 10

	// Open connections of one environment. A runtime needs a few and each extension one; the platform's
	// descriptors are everybody's.
	maxConns = 128

	// Connections whose owner is being looked up at the same time; the kernel keeps the rest waiting.
	maxAdmitting = 32
)

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			time.Sleep(5 * time.Millisecond) // out of descriptors: it passes
			continue
		}
		s.admitting <- struct{}{}
		go s.serve(c)
	}
}

// serve reads the requests of one connection for as long as they are those of the warm path.
func (s *Server) serve(c net.Conn) {
	var err error
	if s.cfg.Admit != nil {
		err = s.cfg.Admit(c)
	}
	<-s.admitting
	if err != nil {
		s.cfg.Logger.Log(context.Background(), s.refusalLevel(), "runtimeapi: connection refused", "from", c.RemoteAddr().String(), "error", err)
		c.Close()
		return
	}
	if !s.track(c) {
		c.Close()
		return
	}
	release := sync.OnceFunc(s.release)
	l := &lane{s: s, conn: c, in: bufio.NewReaderSize(c, 4<<10)}
	handed := l.run()
	s.leave(l)
	s.untrack(c)
	if !handed {
		c.Close()
		release()
		return
	}
	s.slow().give(&replayed{Conn: c, r: l.in, release: release})
}

// track counts an admitted connection among those that are open; false means that there is no room.
func (s *Server) track(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil || s.open >= maxConns {
		return false
	}
	s.open++
	s.conns[c] = struct{}{}
	return true
}

// release gives a connection's place back, once it is closed.
func (s *Server) release() {
	s.mu.Lock()
	s.open--
	s.mu.Unlock()
}

// refusalLevel makes a neighbour that knocks again and again fill no log: the first time counts.
func (s *Server) refusalLevel() slog.Level {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refusals {
		return slog.LevelDebug
	}
	s.refusals = true
	return slog.LevelWarn
}

func (s *Server) untrack(c net.Conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
}

// lane is a connection on the warm path. It is itself the poll of the runtime's `next`: the
// invoker's goroutine writes the event, while the lane's own already waits for the answer.
type lane struct {
	s    *Server
	conn net.Conn
	in   *bufio.Reader
	out  []byte // reused; used by one side at a time, as HTTP alternates
}

// run returns true when the connection is to go on under net/http, with l.in unread from the
// current request's first byte.
func (l *lane) run() (handOver bool) {
	for {
		head, err := l.head()
		if err != nil {
			return false
		}
		if head == nil {
			return true
		}
		switch {
		case bytes.HasPrefix(head, []byte(nextLine)):
			if f := parseFields(head[len(nextLine):]); f.other || f.length > 0 {
				return true
			}
			if l.s.next(l) != nil {
				return true // net/http words the refusal
			}
			l.in.Discard(len(head))
		case bytes.HasPrefix(head, []byte(responsePrefix)):
			if ok, err := l.response(head); err != nil {
				return false
			} else if !ok {
				return true
			}
		default:
			return true
		}
	}
}

// head waits for a request's head and returns it with its empty line, still unread in l.in. It is
// nil when the head is longer than the buffer.
func (l *lane) head() ([]byte, error) {
	n := 1
	for {
		if _, err := l.in.Peek(n); err != nil {
			if errors.Is(err, bufio.ErrBufferFull) {
				return nil, nil
			}
			return nil, err
		}
		have, _ := l.in.Peek(l.in.Buffered())
		if i := bytes.Index(have, []byte("\r\n\r\n")); i >= 0 {
			return have[:i+4], nil
		}
		n = len(have) + 1
	}
}

// response takes `POST …/{id}/response` with a known length. ok is false when it is not that
// simple; nothing was read then.
func (l *lane) response(head []byte) (ok bool, err error) {
	line, fields, _ := bytes.Cut(head, []byte("\r\n"))
	id, found := bytes.CutSuffix(head[len(responsePrefix):len(line)+2], []byte(responseSuffix))
	if !found || bytes.ContainsAny(id, "/%? ") {
		return false, nil
	}
	f := parseFields(fields)
	if f.other || f.length < 0 || f.length > MaxPayload {
		return false, nil
	}
	if _, err := l.s.begin(id, "InvocationResponse"); err != nil {
		return false, nil //nolint:nilerr // the slow lane says what is wrong
	}
	l.in.Discard(len(head))
	body := make([]byte, f.length)
	if _, err := io.ReadFull(l.in, body); err != nil {
		l.s.abandon()
		return false, err
	}
	// The invoker first: a process that ends as soon as it is answered must not seem to have
	// ended without an answer.
	l.s.finish(Result{Payload: body})
	_, err = io.WriteString(l.conn, acceptedReply)
	return true, err
}

// deliver implements poll.
func (l *lane) deliver(inv *Invocation) error {
	b := appendEvent(l.out[:0], inv)
	large := len(inv.Payload) > inlinePayload
	if !large {
		b = append(b, inv.Payload...)
	}
	l.out = b
	if !large {
		_, err := l.conn.Write(b)
		return err
	}
	l.conn.SetWriteDeadline(inv.Deadline)
	parts := net.Buffers{b, inv.Payload}
	_, err := parts.WriteTo(l.conn)
	l.conn.SetWriteDeadline(time.Time{})
	return err
}

// replaced implements poll: the older connection is closed, its client knows that it is gone.
func (l *lane) replaced() { l.conn.Close() }

// appendEvent appends the head of the answer to `next`.
func appendEvent(b []byte, inv *Invocation) []byte {
	b = append(b, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: "...)
	b = appendValue(b, inv.RequestID)
	b = append(b, "\r\nLambda-Runtime-Deadline-Ms: "...)
	b = strconv.AppendInt(b, inv.Deadline.UnixMilli(), 10)
	b = append(b, "\r\nLambda-Runtime-Invoked-Function-Arn: "...)
	b = appendValue(b, inv.InvokedFunctionARN)
	for _, o := range optional(inv) {
		if o.value != "" {
			b = append(append(append(b, "\r\n"...), o.name...), ": "...)
			b = appendValue(b, o.value)
		}
	}
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(inv.Payload)), 10)
	return append(b, "\r\n\r\n"...)
}

// appendValue appends a header's value; a client context comes from the caller and may hold line
// breaks, which would end the header.
func appendValue(b []byte, v string) []byte {
	for i := range len(v) {
		c := v[i]
		if c == '\r' || c == '\n' {
			c = ' '
		}
		b = append(b, c)
	}
	return b
}
