package runner

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/source"
)

// mailroom collects the messages of the channels that a run's steps receive from. It opens before the first step, so that an answer is not
// lost that comes before a step waits for it.
type mailroom struct {
	slots  map[string]*slot // by source and address
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// slot holds what came on one channel and no step has taken.
type slot struct {
	mu      sync.Mutex
	sub     Subscription
	from    Endpoint
	kept    []Message
	lost    int           // messages beyond the limit
	err     error         // of the subscription; it has ended
	changed chan struct{} // closed and replaced whenever something comes
}

func (r *run) endpoint(s *stepPlan, address string) (Endpoint, Binding, error) {
	e := Endpoint{Source: s.source.model.Name, Channel: s.channel, Operation: s.async, Address: address}
	protocols := s.channel.Protocols()
	server := r.server(s.source)
	if scheme, _, found := strings.Cut(server, "://"); found {
		protocols = []string{strings.ToLower(scheme)}
	}
	for _, p := range protocols {
		if b := r.binding(p); b != nil {
			e.Protocol = p
			e.Server = server
			var security source.Security
			for _, have := range s.channel.Servers {
				if !strings.EqualFold(have.Protocol, p) {
					continue
				}
				if security = have.Security; e.Server == "" {
					e.Server = have.URL
					if url, err := have.Resolve(r.ServerVariables); err == nil {
						e.Server = url
					}
				}
				break
			}
			if s.async != nil && len(s.async.Security) > 0 {
				security = s.async.Security
			}
			e.Prepare = r.prepare(security)
			return e, b, nil
		}
	}
	if b := r.Bindings["*"]; b != nil {
		e.Server = server
		if len(protocols) > 0 {
			e.Protocol = protocols[0]
		}
		return e, b, nil
	}
	if len(protocols) == 0 {
		return e, nil, fmt.Errorf("channel %s names no protocol: give source %s a server, or a binding for \"*\"", s.channel.Name, e.Source)
	}
	return e, nil, fmt.Errorf("channel %s is reached by %s, for which there is no binding here: http, https and in-process are built in, others are the caller's to supply", s.channel.Name, strings.Join(protocols, ", "))
}

// prepare is what a message's request over HTTP goes through: the checks and the signing of every other request.
func (r *run) prepare(security source.Security) func(context.Context, *http.Request) (*http.Request, error) {
	return func(ctx context.Context, req *http.Request) (*http.Request, error) {
		if err := guardURL(req.URL, r.AllowLinkLocal); err != nil {
			return nil, err
		}
		for name, values := range r.Header {
			req.Header[name] = values
		}
		if len(security) == 0 && !r.Auth.ForceSigV4 {
			return req, nil
		}
		signed, err := r.signer.Sign(ctx, req, security)
		return r.unsigned(req, signed, err)
	}
}

// binding finds what carries a protocol.
func (r *run) binding(protocol string) Binding {
	if b := r.Bindings[protocol]; b != nil {
		return b
	}
	switch {
	case protocol == "http" || protocol == "https":
		return r.http
	case slices.Contains(inProcess, strings.ToLower(protocol)):
		return &r.bus
	}
	return nil
}

// inProcess are the protocols of channels that lead nowhere but from one step of a run to another. AsyncAPI names none for that.
var inProcess = []string{"in-process", "inprocess", "inproc", "in-memory", "inmemory", "memory"}

// subscribe opens the channels of all receiving steps that were planned. A protocol without a binding is refused before anything is sent.
func (r *run) subscribe(ctx context.Context) error {
	if r.DryRun {
		return nil
	}
	room := &r.mail
	room.slots = map[string]*slot{}
	ctx, room.cancel = context.WithCancel(ctx)
	for _, d := range r.docs {
		for _, p := range d.workflows {
			for _, s := range p.steps {
				if s.channel == nil || r.player != nil {
					continue
				}
				e, b, err := r.endpoint(s, s.channel.Address)
				if err == nil && s.action == arazzo.ActionReceive {
					err = room.open(ctx, r.limits, e, b)
				}
				if err != nil {
					room.close()
					return d.planError("no-binding", s.model.Pos, s.model.Path, fmt.Errorf("step %s: %w", s.model.StepID, err))
				}
			}
		}
	}
	return nil
}

func (m *mailroom) open(ctx context.Context, limits Limits, e Endpoint, b Binding) error {
	key := e.Source + " " + e.Address
	if m.slots[key] != nil {
		return nil
	}
	sub, err := b.Subscribe(ctx, e)
	if err != nil {
		return err
	}
	s := &slot{sub: sub, from: e, changed: make(chan struct{})}
	m.slots[key] = s
	m.wg.Go(func() { s.collect(ctx, limits) })
	return nil
}

func (m *mailroom) close() {
	if m.cancel != nil {
		m.cancel()
	}
	for _, s := range m.slots {
		s.sub.Close() //nolint:errcheck // nobody is left to tell
	}
	m.wg.Wait()
}

// collect takes messages as they come. Beyond the limit the oldest go, which the next step that waits in vain is told.
func (s *slot) collect(ctx context.Context, limits Limits) {
	for {
		msg, err := s.sub.Receive(ctx)
		if err == nil && int64(len(msg.Payload)) > limits.Body {
			continue
		}
		s.mu.Lock()
		if err != nil {
			s.err = err
		} else {
			s.kept = append(s.kept, msg)
		}
		if len(s.kept) > limits.Messages {
			s.kept = s.kept[1:]
			s.lost++
		}
		close(s.changed)
		s.changed = make(chan struct{})
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// take waits for the first message that fits and removes it. The others stay for whoever wants them.
func (s *slot) take(ctx context.Context, fits func(Message) bool) (Message, error) {
	for {
		s.mu.Lock()
		for i, msg := range s.kept {
			if fits(msg) {
				s.kept = slices.Delete(s.kept, i, i+1)
				s.mu.Unlock()
				return msg, nil
			}
		}
		changed, err, unfit, lost := s.changed, s.err, len(s.kept), s.lost
		s.mu.Unlock()
		if err != nil {
			return Message{}, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Message{}, &nothingCame{context.Cause(ctx), unfit, lost}
		}
	}
}

// nothingCame is a wait in vain.
type nothingCame struct {
	cause       error
	unfit, lost int
}

func (e *nothingCame) Error() string {
	text := e.cause.Error() + ": no message came that fits"
	if e.unfit > 0 {
		text += fmt.Sprintf("; %d came that do not", e.unfit)
	}
	if e.lost > 0 {
		text += fmt.Sprintf("; %d were dropped before", e.lost)
	}
	return text
}

func (e *nothingCame) Unwrap() error { return e.cause }
