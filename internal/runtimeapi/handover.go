package runtimeapi

import (
	"bufio"
	"net"
	"sync"
)

// handover is the listener through which net/http gets its connections.
type handover struct {
	addr  net.Addr
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newHandover(addr net.Addr) *handover {
	return &handover{addr: addr, conns: make(chan net.Conn), done: make(chan struct{})}
}

func (h *handover) give(c net.Conn) {
	select {
	case h.conns <- c:
	case <-h.done:
		c.Close()
	}
}

func (h *handover) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

func (h *handover) Close() error   { h.once.Do(func() { close(h.done) }); return nil }
func (h *handover) Addr() net.Addr { return h.addr }

// replayed is a connection whose first bytes were read ahead.
type replayed struct {
	net.Conn
	r       *bufio.Reader
	release func() // gives its place back, the first time
}

func (c *replayed) Close() error {
	defer c.release()
	return c.Conn.Close()
}

func (c *replayed) Read(p []byte) (int, error) { return c.r.Read(p) }
