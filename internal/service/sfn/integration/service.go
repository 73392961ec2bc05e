package integration

import (
	"context"
	"log/slog"
	"net/http"
	"sync"

	"github.com/headgate/headgate/internal/clock"
)

// Deps is what a Set works with.
type Deps struct {
	// Services by the SDK's names, as in aws-sdk:NAME:operation: lambda, s3, cloudwatchlogs and so on. Each is any
	// value whose methods have an SDK client's signatures: a service of ours, or a real client.
	Services map[string]any
	Clock    clock.Clock
	// Machines finds the definitions of nested state machines, for pins; optional.
	Machines Machines
	// HTTP makes the calls of http:invoke; optional: the network, but for link-local addresses.
	HTTP http.RoundTripper
	// Connection finds the headers that a connection's credentials are sent in; optional: http:invoke then takes none.
	Connection func(ctx context.Context, arn string) (http.Header, error)
	Logger     *slog.Logger // optional
}

// Machines finds the definition that an execution of arn (a state machine, version or alias) would run.
type Machines interface {
	Definition(ctx context.Context, arn string) ([]byte, error)
}

// Set is every integration that the platform has. It is safe for concurrent use.
type Set struct {
	Deps
	mu       sync.RWMutex
	services map[string]*service
	found    findings
	codec    codec
}

// New makes a Set over d.
func New(d Deps) *Set {
	if d.Logger == nil {
		d.Logger = slog.Default()
	}
	if d.HTTP == nil {
		d.HTTP = newTransport()
	}
	s := &Set{Deps: d, services: map[string]*service{}}
	for name, v := range d.Services {
		s.Provide(name, v)
	}
	return s
}

// Provide adds a service that is made after the Set: Step Functions itself.
func (s *Set) Provide(name string, v any) {
	svc := newService(name, v)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.services[name] = svc
}

func (s *Set) service(name string) *service {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.services[name]
}
