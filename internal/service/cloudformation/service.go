package cloudformation

import (
	"context"
	"log/slog"
	"sync"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/service/cloudformation/resource"
)

// Topic tells of every event of a stack; the payload is the stack's id.
const Topic = "cloudformation.stack"

// Deps is what the service needs from the platform.
type Deps struct {
	DB        *db.DB
	Engine    *durable.Engine // not started yet: New registers the stack operation on it
	Clock     clock.Clock
	Peers     resource.Peers
	Templates Templates    // optional: TemplateURL is then refused
	Logger    *slog.Logger // optional
}

// Service is AWS CloudFormation. Its methods with the SDK client's signatures are the operations.
type Service struct {
	db        *db.DB
	engine    *durable.Engine
	clock     clock.Clock
	types     *resource.Registry
	templates Templates
	log       *slog.Logger
	notices   *notices

	mu     sync.Mutex
	forces map[string]*force // by operation: what its effects evaluate with
}

// New makes the service and registers its instances on d.Engine.
func New(d Deps) *Service {
	s := &Service{db: d.DB, engine: d.Engine, clock: d.Clock, types: resource.NewRegistry(d.Peers),
		templates: d.Templates, log: d.Logger, notices: newNotices(), forces: map[string]*force{}}
	if s.log == nil {
		s.log = slog.Default()
	}
	for _, topic := range []string{"codedeploy.deployment", "lambda", "cloudwatch.alarm"} {
		d.DB.Subscribe(topic, s.notices.deliver)
	}
	durable.Register(d.Engine, durable.Machine[operation]{Kind: kind, Decide: decide,
		Effects: map[string]durable.EffectFunc{
			effectEvaluate: s.evaluate,
			effectApply:    s.apply,
			effectCheck:    s.check,
			effectCancel:   s.cancel,
			effectPublish:  s.publish,
		}})
	return s
}

// ResourceTypes lists the types that templates may contain.
func (s *Service) ResourceTypes() []string { return s.types.Types() }

// view reads within a snapshot.
func view[T any](ctx context.Context, s *Service, f func(tx *db.Tx) (T, error)) (out T, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		out, err = f(tx)
		return err
	})
	return out, err
}
