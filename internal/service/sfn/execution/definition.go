package execution

import (
	"context"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/service/sfn/registry"
)

// maxDefinitions bounds how many parsed definitions are kept.
const maxDefinitions = 1000

// definition is a state machine's revision, parsed once.
type definition struct {
	*registry.Machine
	asl *asl.StateMachine

	mu       sync.Mutex
	children map[string]*asl.StateMachine // of distributed Map states, by path
}

// definitions caches revisions, which never change, by their ids.
type definitions struct {
	mu     sync.Mutex
	by     map[string]*definition
	newest map[string]*registry.Machine // by the state machine's ARN: what it last was, as far as this node knows
}

// known is what a state machine last was, or nil. It may have changed since.
func (c *definitions) known(machineARN string) *registry.Machine {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.newest[machineARN]
}

// remember keeps a state machine that was asked for without a qualifier. Those whose start needs more than the
// definition, Express ones and pinned ones, are looked up each time.
func (c *definitions) remember(m *registry.Machine) {
	if _, pinned := m.Tags[PinTag]; pinned || m.VersionARN != "" || m.Type == types.StateMachineTypeExpress {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.newest == nil || len(c.newest) >= maxDefinitions {
		c.newest = map[string]*registry.Machine{}
	}
	c.newest[m.ARN] = m
}

func (c *definitions) forget(machineARN string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.newest, machineARN)
}

// of parses a revision, or finds it parsed.
func (c *definitions) of(m *registry.Machine) (*definition, error) {
	c.mu.Lock()
	d := c.by[m.RevisionID]
	c.mu.Unlock()
	if d != nil {
		return d, nil
	}
	var options []asl.Option
	if m.Type == types.StateMachineTypeExpress {
		options = append(options, asl.Express())
	}
	parsed, err := asl.Parse(m.Definition, options...)
	if err != nil {
		return nil, fmt.Errorf("definition of %s: %w", m.ARN, err)
	}
	plain := *m // what depends on how it was asked for is not the revision's
	plain.VersionARN, plain.AliasARN, plain.Tags = "", "", nil
	d = &definition{Machine: &plain, asl: parsed, children: map[string]*asl.StateMachine{}}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil || len(c.by) >= maxDefinitions {
		c.by = map[string]*definition{}
	}
	c.by[m.RevisionID] = d
	return d, nil
}

// revision finds the definition of an execution under way.
func (s *Service) revision(ctx context.Context, machineARN, id string) (*definition, error) {
	s.definitions.mu.Lock()
	d := s.definitions.by[id]
	s.definitions.mu.Unlock()
	if d != nil {
		return d, nil
	}
	var m *registry.Machine
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		m, err = s.registry.Revision(ctx, tx, machineARN, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.definitions.of(m)
}

// child is the state machine that the children of a distributed Map state run; without a path, the whole.
func (d *definition) child(path []string) *asl.StateMachine {
	if len(path) == 0 {
		return d.asl
	}
	key := fmt.Sprintf("%q", path)
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.children[key]
	if m == nil {
		m = d.asl.Child(path)
		d.children[key] = m
	}
	return m
}

// Definition is the definition that an execution of arn (a state machine, version or alias) would run.
func (s *Service) Definition(ctx context.Context, arn string) (definition []byte, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		m, err := s.registry.Resolve(ctx, tx, arn)
		if err == nil {
			definition = m.Definition
		}
		return err
	})
	return definition, err
}
