package sfn

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/service/sfn/execution"
	"github.com/headgate/headgate/internal/service/sfn/integration"
	"github.com/headgate/headgate/internal/service/sfn/registry"
)

// Deps are what the service is made of.
type Deps struct {
	DB     *db.DB
	Engine *durable.Engine // not started yet
	Clock  clock.Clock
	Log    *slog.Logger // optional

	// Services are what state machines may call, by the SDK's names (lambda, s3, cloudwatchlogs, …). This service is
	// added to them.
	Services map[string]any
	HTTP     http.RoundTripper // of http:invoke; optional

	Logs      Logs                // where logging configurations lead
	Metrics   execution.Metrics   // AWS/States; optional
	Functions execution.Functions // to see that pinned versions are there; optional
}

// Service answers Step Functions' operations.
type Service struct {
	*registry.Registry
	*execution.Service

	calls *integration.Set
}

// New returns the service; call it before the engine's Start.
func New(d Deps) *Service {
	s := &Service{}
	s.calls = integration.New(integration.Deps{Services: d.Services, Clock: d.Clock, Machines: machines{s}, HTTP: d.HTTP, Logger: d.Log})
	s.Registry = registry.New(registry.Deps{DB: d.DB, Clock: d.Clock, Log: d.Log, Logs: d.Logs, Integrations: s.calls})
	s.Service = execution.New(execution.Deps{DB: d.DB, Engine: d.Engine, Clock: d.Clock, Registry: s.Registry, Calls: s.calls,
		Logs: d.Logs, Metrics: d.Metrics, Functions: d.Functions, Log: d.Log})
	s.calls.Provide("sfn", s)
	return s
}

// Provide adds a service that state machines may call, one that is made after this one.
func (s *Service) Provide(name string, v any) { s.calls.Provide(name, v) }

// machines finds the definitions of nested state machines.
type machines struct{ s *Service }

func (m machines) Definition(ctx context.Context, arn string) ([]byte, error) {
	return m.s.Service.Definition(ctx, arn)
}
