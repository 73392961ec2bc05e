package registry

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
)

// Deps are what a registry is made of. DB and Clock are needed; the others may be missing.
type Deps struct {
	DB    *db.DB
	Clock clock.Clock
	Log   *slog.Logger
	// Logs finds the log groups that logging configurations name; without it any is believed to exist.
	Logs Logs
	// Integrations checks what definitions call, and does the tasks that TestState runs. Without it nothing is refused
	// and no task can be tested but with a mock.
	Integrations Integrations
}

// Executions is what the registry asks about executions; whoever keeps them is told by Attach. All are called inside
// a transaction; the first two only read.
type Executions interface {
	// Running tells whether an execution of the state machine (an unqualified ARN) still runs.
	Running(tx *db.Tx, machineARN string) (bool, error)
	// Uses tells whether an execution, running or ended, refers to the revision.
	Uses(tx *db.Tx, machineARN, revisionID string) (bool, error)
	// Forget tells that the state machine is gone: its executions, all ended, go with it. A state machine that is made
	// later under the same name must not meet them.
	Forget(tx *db.Tx, machineARN string) error
}

// Registry keeps state machines and activities and answers the operations about them. Each exported method with an SDK
// client's signature is one. All are safe for concurrent use.
type Registry struct {
	db         *db.DB
	clock      clock.Clock
	log        *slog.Logger
	logs       Logs
	calls      Integrations
	executions Executions
}

// New makes a registry.
func New(d Deps) *Registry {
	if d.Log == nil {
		d.Log = slog.Default()
	}
	return &Registry{db: d.DB, clock: d.Clock, log: d.Log, logs: d.Logs, calls: d.Integrations, executions: noExecutions{}}
}

// Attach says who keeps the executions. Call it once, before the first request.
func (r *Registry) Attach(x Executions) { r.executions = x }

// noExecutions stands in until Attach.
type noExecutions struct{}

func (noExecutions) Running(*db.Tx, string) (bool, error)      { return false, nil }
func (noExecutions) Uses(*db.Tx, string, string) (bool, error) { return false, nil }
func (noExecutions) Forget(*db.Tx, string) error               { return nil }

// text makes an error's message.
func text(format string, args ...any) *string {
	s := fmt.Sprintf(format, args...)
	return &s
}

// instant reads a time as it is stored: Unix milliseconds.
func instant(ms int64) *time.Time {
	t := time.UnixMilli(ms).UTC()
	return &t
}
