package runtime

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strconv"
)

const (
	basePath   = "/2018-06-01/runtime/"
	readBuffer = 16 << 10 // longer than any header line: a client context has at most 3,583 bytes
	inline     = 32 << 10 // a body up to this size goes out in one buffer with its header
	keepBuffer = 1 << 20  // larger buffers are given back after use
)

// request is one call of the Runtime API: basePath + action, or basePath + invocation/id/action.
type request struct {
	method, id, action string
	errorType          string // header Lambda-Runtime-Function-Error-Type, if not empty
	body               []byte
}

// conn is the loop's only connection. It is not net/http's client because that hands every
// request to two other goroutines, which costs more than the whole exchange. Not for concurrent use.
type conn struct {
	addr   string
	nc     net.Conn
	br     *bufio.Reader
	out    []byte // reused: the request being sent
	answer answer // reused: valid until the next call of do
}

func newConn(addr string) *conn { return &conn{addr: addr} }

func (c *conn) close() {
	if c.nc != nil {
		c.nc.Close()
		c.nc = nil
	}
}

// errUnanswered marks an exchange of which not one byte came back.
var errUnanswered = errors.New("no answer")

// do sends r and returns the answer. A kept connection may have been closed by the other side
// just as it is used again: then, and only if nothing was answered, r is sent once more on a new one.
func (c *conn) do(r request) (*answer, error) {
	kept := c.nc != nil
	err := c.exchange(r)
	if kept && errors.Is(err, errUnanswered) {
		err = c.exchange(r)
	}
	if err != nil {
		return nil, err
	}
	return &c.answer, nil
}

func (c *conn) exchange(r request) error {
	if c.nc == nil {
		nc, err := net.Dial("tcp", c.addr)
		if err != nil {
			return fmt.Errorf("connect to the Runtime API: %w", err)
		}
		c.nc = nc
		if c.br == nil {
			c.br = bufio.NewReaderSize(nc, readBuffer)
		}
		c.br.Reset(nc)
	}
	if err := c.send(r); err != nil {
		c.close()
		return fmt.Errorf("%w: %w", errUnanswered, err)
	}
	if _, err := c.br.Peek(1); err != nil {
		c.close()
		return fmt.Errorf("%w: %w", errUnanswered, err)
	}
	if err := c.answer.read(c.br); err != nil {
		c.close()
		return fmt.Errorf("answer of the Runtime API: %w", err)
	}
	if c.answer.last {
		c.close()
	}
	return nil
}

func (c *conn) send(r request) error {
	b := append(c.out[:0], r.method...)
	b = append(b, " "+basePath...)
	if r.id != "" {
		b = append(b, "invocation/"...)
		b = append(b, r.id...)
		b = append(b, '/')
	}
	b = append(b, r.action...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, c.addr...)
	b = append(b, "\r\nUser-Agent: headgate-go\r\n"...)
	if r.method == "POST" {
		b = append(b, "Content-Type: application/json\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(r.body)), 10)
		b = append(b, "\r\n"...)
	}
	if r.errorType != "" {
		b = append(b, "Lambda-Runtime-Function-Error-Type: "...)
		b = appendHeaderValue(b, r.errorType)
		b = append(b, "\r\n"...)
	}
	b = append(b, "\r\n"...)
	if len(r.body) <= inline {
		b = append(b, r.body...)
		c.out = b
		_, err := c.nc.Write(b)
		return err
	}
	c.out = b
	bufs := net.Buffers{b, r.body} // one writev
	_, err := bufs.WriteTo(c.nc)
	return err
}

// appendHeaderValue appends s with every byte replaced that a header value may not hold.
func appendHeaderValue(b []byte, s string) []byte {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			b = append(b, '?')
			continue
		}
		b = append(b, s[i])
	}
	return b
}
