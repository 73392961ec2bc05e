package runtimeapi

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Config says whom a Server serves.
type Config struct {
	FunctionName, FunctionVersion, Handler, AccountID string // told to extensions

	// ExternalExtensions have to register before the environment counts as initialized.
	ExternalExtensions int

	// Admit is asked once for every accepted connection; an error closes it unanswered. Nil
	// admits everybody.
	Admit func(net.Conn) error

	// Listener replaces a fresh loopback port.
	Listener net.Listener
	Logger   *slog.Logger
}

// Server is the two APIs of one environment. All methods are safe for concurrent use.
type Server struct {
	cfg      Config
	listener net.Listener
	slow     func() *handover // starts net/http when it is first needed: many functions never do

	mu         sync.Mutex
	state      state
	invocation *Invocation // on its way (pending) or with the runtime (Running)
	pending    bool        // invocation waits for a poll
	poll       poll        // the runtime's waiting `next`, nil if none
	responding bool        // a response is being read
	extensions []*extension
	expected   int  // external extensions that have yet to register
	closing    bool // a shutdown has begun: no more registrations
	failure    *Failure
	conns      map[net.Conn]struct{} // those on the warm path; nil once closed
	open       int                   // connections, with those that net/http has
	refusals   bool                  // a foreign connection was refused and logged
	admitting  chan struct{}         // holds one for each connection that has yet to be admitted
	stop       func()                // ends the net/http side, nil if it never began

	initialized chan struct{} // closed when init has succeeded or failed
	initDone    bool
	idle        chan struct{} // signalled (capacity 1) whenever the environment becomes ready
	results     chan Result   // capacity 1: one invocation at a time
}

// poll is a `next` that waits for its event.
type poll interface {
	// deliver writes the invocation to the runtime. It is called at most once, without s.mu.
	deliver(*Invocation) error
	// replaced ends the poll without an event.
	replaced()
}

// ErrBusy is the answer to Send while an invocation is under way.
var ErrBusy = errors.New("runtimeapi: an invocation is under way")

// Listen starts a server. Close it to free the port.
func Listen(cfg Config) (*Server, error) {
	ln := cfg.Listener
	if ln == nil {
		var err error
		if ln, err = net.Listen("tcp4", "127.0.0.1:0"); err != nil {
			return nil, fmt.Errorf("runtimeapi: %w", err)
		}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		cfg: cfg, listener: ln,
		expected:    cfg.ExternalExtensions,
		conns:       map[net.Conn]struct{}{},
		admitting:   make(chan struct{}, maxAdmitting),
		initialized: make(chan struct{}),
		idle:        make(chan struct{}, 1),
		results:     make(chan Result, 1),
	}
	s.slow = sync.OnceValue(s.serveSlow)
	go s.accept()
	return s, nil
}

// maxHeader bounds a request's head, in bytes; an error's X-Ray cause is in there.
const maxHeader = 256 << 10

// serveSlow starts the net/http side. It has no time-outs: `next` waits as long as nobody invokes.
func (s *Server) serveSlow() *handover {
	h := newHandover(s.listener.Addr())
	server := &http.Server{Handler: s.routes(), MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelDebug)}
	s.mu.Lock()
	s.stop = func() { h.Close(); server.Close() }
	if s.conns == nil {
		h.Close()
	}
	s.mu.Unlock()
	go server.Serve(h)
	return h
}

// Addr is the value of AWS_LAMBDA_RUNTIME_API.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Registered reports how many extensions have registered, and whether all that are expected have.
func (s *Server) Registered() (n int, all bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.extensions), s.expected <= 0
}

// Initialized is closed once the runtime (and every extension) asks for its first event, or one of
// them has reported an init error, which InitFailure then returns.
func (s *Server) Initialized() <-chan struct{} { return s.initialized }

// InitFailure is the reported init error, nil if there is none.
func (s *Server) InitFailure() *Failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

// Send hands inv to the runtime, at once if it waits and otherwise as soon as it does. The result
// arrives on the channel returned, which is the same for every call.
func (s *Server) Send(inv *Invocation) (<-chan Result, error) {
	s.mu.Lock()
	if s.pending || s.state == running || s.state == initFailed || s.closing {
		err := fmt.Errorf("%w (%s)", ErrBusy, s.state)
		s.mu.Unlock()
		return nil, err
	}
	s.invocation, s.pending = inv, true
	s.offer() // unlocks
	return s.results, nil
}

// Delivered reports whether the invocation sent last has reached the runtime.
func (s *Server) Delivered() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.pending
}

// Withdraw takes a pending invocation back; false means that the runtime has it already.
func (s *Server) Withdraw() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	ok := s.pending
	if ok {
		s.pending, s.invocation = false, nil
	}
	return ok
}

// WaitIdle waits until the runtime and all extensions ask for the next event; it returns false if
// that did not come within d or before stop was closed.
func (s *Server) WaitIdle(d time.Duration, stop <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		s.mu.Lock()
		ok := s.quiet()
		s.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-s.idle:
		case <-stop:
			return false
		case <-timer.C:
			return false
		}
	}
}

// Close ends every connection and frees the port.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closing = true
	conns, stop := s.conns, s.stop
	s.conns = nil
	s.mu.Unlock()
	err := s.listener.Close()
	if stop != nil {
		stop()
	}
	for c := range conns {
		c.Close()
	}
	return err
}

// quiet reports, with s.mu held, whether everybody asks for the next event.
func (s *Server) quiet() bool {
	if s.poll == nil || s.state != ready || s.expected > 0 {
		return false
	}
	for _, x := range s.extensions {
		if x.state != waiting {
			return false
		}
	}
	return true
}

// offer is called with s.mu held after anything that may complete a state, and releases it: it
// tells who waits for initialization or quiet, and delivers a pending invocation.
func (s *Server) offer() {
	if !s.quiet() {
		s.mu.Unlock()
		return
	}
	if !s.initDone {
		s.initDone = true
		close(s.initialized)
	}
	if !s.pending {
		s.mu.Unlock()
		select {
		case s.idle <- struct{}{}:
		default:
		}
		return
	}
	inv, p := s.invocation, s.poll
	s.pending, s.poll, s.state = false, nil, running
	events := s.invokeEvents(inv)
	s.mu.Unlock()
	for _, deliver := range events {
		deliver()
	}
	if err := p.deliver(inv); err != nil {
		// The runtime is gone or deaf: the process's end or the time-out decides.
		s.cfg.Logger.Debug("runtimeapi: event not delivered", "request", inv.RequestID, "error", err)
	}
}

// next is a poll's arrival. An error means that the state forbids it.
func (s *Server) next(p poll) error {
	s.mu.Lock()
	switch s.state {
	case starting, responded, ready:
	default:
		err := &transitionError{s.state, "Ready"}
		s.mu.Unlock()
		return err
	}
	old := s.poll
	s.state, s.poll = ready, p
	s.offer()
	if old != nil {
		old.replaced()
	}
	return nil
}

// leave takes back a poll whose connection has ended.
func (s *Server) leave(p poll) {
	s.mu.Lock()
	if s.poll == p {
		s.poll = nil
	}
	s.mu.Unlock()
}

// begin admits a response (or error) to the invocation id: its body may be read. Each begin that
// succeeds is followed by finish.
func (s *Server) begin(id []byte, to string) (*Invocation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.state != running || s.responding:
		return nil, &transitionError{s.state, to}
	case s.invocation.RequestID != string(id):
		return nil, errRequestID
	}
	s.responding = true
	return s.invocation, nil
}

// abandon takes a begin back: the body could not be read.
func (s *Server) abandon() {
	s.mu.Lock()
	s.responding = false
	s.mu.Unlock()
}

// finish completes the invocation.
func (s *Server) finish(r Result) {
	s.mu.Lock()
	s.state, s.responding, s.invocation = responded, false, nil
	s.mu.Unlock()
	s.results <- r
}

// fail records an init error; only the first counts.
func (s *Server) fail(f *Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure == nil {
		s.failure = f
	}
	s.state = initFailed
	if !s.initDone {
		s.initDone = true
		close(s.initialized)
	}
}
