package execution

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

// PinTag is the state machine's tag that has executions pinned, and its value.
const (
	PinTag   = "headgate:pin"
	PinExact = "exact"
)

// Reservations whose execution was not started within stale (real time) are swept.
const (
	stale    = 10 * time.Minute
	pinTries = 5
)

// pin finds the function versions that an execution will call, if its state machine is tagged so, and reserves them.
// A version may be deleted just now. So the need is written first, then the version is looked at, and then the
// execution starts; who deletes a version asks InUse in its transaction. One of the two sees the other.
func (s *Service) pin(ctx context.Context, r *request, executionARN string) (exact bool, pins integration.Pins, err error) {
	var inherited integration.Pins
	exact = r.machine.Tags[PinTag] == PinExact
	if r.link != nil && r.link.exact { // what the execution that starts this one is pinned to, it is too
		exact, inherited = true, r.link.pins
	}
	if !exact {
		return false, nil, nil
	}
	call := integration.Call{Caller: r.caller, Role: r.machine.RoleARN, Execution: executionARN, Key: executionARN + "/pins", Exact: true, Pins: inherited}
	for range pinTries {
		found, err := s.calls.Resolve(ctx, call, r.machine.Definition)
		if err != nil {
			return exact, nil, err
		}
		if found == nil {
			found = integration.Pins{}
		}
		maps.Copy(found, inherited)
		if err := s.reserve(ctx, executionARN, found); err != nil {
			return exact, nil, err
		}
		gone, err := s.missing(ctx, r.caller, found)
		if err != nil {
			return exact, nil, err
		}
		if len(gone) == 0 {
			return exact, found, nil
		}
		inherited = maps.Clone(inherited)
		for _, name := range gone {
			delete(inherited, name)
		}
	}
	return exact, nil, fmt.Errorf("functions of %s are deleted faster than they can be pinned", executionARN)
}

func pinRow(execution, function, version string) db.Stmt {
	return db.Stmt{SQL: `INSERT INTO sfn_pin (execution, function, version, since) VALUES ($1, $2, $3, $4)
		ON CONFLICT (execution, function) DO UPDATE SET version = excluded.version, since = excluded.since`,
		Args: []any{execution, function, version, time.Now().UnixMilli()}}
}

// reserve replaces the needs of an execution that has not started.
func (s *Service) reserve(ctx context.Context, execution string, pins integration.Pins) error {
	if len(pins) == 0 {
		return nil
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if x, err := rowTx(tx, execution); err == nil && x.Stopped == 0 {
			return nil // the name is taken: whoever starts an execution by it is told so soon
		} else if err != nil && !errors.Is(err, db.ErrNotFound) {
			return err
		}
		for _, function := range slices.Sorted(maps.Keys(pins)) {
			if err := tx.Run(pinRow(execution, function, pins[function])); err != nil {
				return err
			}
		}
		return nil
	})
}

// missing names the functions whose versions are not there any more.
func (s *Service) missing(ctx context.Context, c caller.Caller, pins integration.Pins) (gone []string, err error) {
	if s.functions == nil {
		return nil, nil
	}
	for name, version := range pins {
		_, err := s.functions.GetFunctionConfiguration(caller.With(ctx, c), &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(version)})
		var answered smithy.APIError
		switch {
		case errors.As(err, &answered) && answered.ErrorCode() == "ResourceNotFoundException":
			gone = append(gone, name)
		case err != nil:
			return nil, err
		}
	}
	return gone, nil
}

// unpin gives up what pin reserved for an execution that did not start, or is over; if it cannot, the sweep does.
func (s *Service) unpin(ctx context.Context, executionARN string, pins integration.Pins) {
	if len(pins) == 0 {
		return
	}
	err := s.db.Update(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		if _, err := rowTx(tx, executionARN); !errors.Is(err, db.ErrNotFound) {
			return err // it is another's by that name
		}
		_, err := tx.Exec(`DELETE FROM sfn_pin WHERE execution = $1`, executionARN)
		return err
	})
	if err != nil {
		s.log.Warn("reservation of function versions left behind", "execution", executionARN, "error", err)
	}
}

// repin reserves the versions of an execution that is redriven again.
func (s *Service) repin(ctx context.Context, p *process) error {
	if !p.Exact || len(p.Pins) == 0 {
		return nil
	}
	if err := s.reserve(ctx, p.x.ARN, p.Pins); err != nil {
		return err
	}
	gone, err := s.missing(ctx, p.Caller, p.Pins)
	if err == nil && len(gone) > 0 {
		s.log.Warn("versions that a redriven execution was pinned to are gone", "execution", p.x.ARN, "functions", gone)
	}
	return err
}

// sweepPins forgets needs without an execution.
func (s *Service) sweepPins(ctx context.Context) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM sfn_pin WHERE since < $1
			AND NOT EXISTS (SELECT 1 FROM sfn_execution x WHERE x.arn = sfn_pin.execution AND x.status = 'RUNNING')`,
			time.Now().Add(-stale).UnixMilli())
		return err
	})
}

// Pins tells which versions an execution calls, by the ARNs that its definition names; none if it is not pinned.
func (s *Service) Pins(ctx context.Context, executionARN string) (pins integration.Pins, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		x, err := find(tx, executionARN)
		pins = x.Doc.Pins
		return err
	})
	return pins, err
}

// some is how many executions InUse names for each reason.
const some = 5

// Pinned names running executions that are pinned to a function's version. It is asked in the transaction that would delete
// the whole function: who asked for exact versions gets them, whatever AWS does.
func (s *Service) Pinned(_ context.Context, tx *db.Tx, versionARN string) ([]string, error) {
	found, err := db.All(tx, db.Value[string], `SELECT DISTINCT execution FROM sfn_pin WHERE version = $1 ORDER BY execution LIMIT $2`, versionARN, some)
	for i := range found {
		found[i] = "execution " + found[i]
	}
	return found, err
}

// InUse names running executions that need a function's version: because they are pinned to it, or because their
// definition names it by its number. It is asked in the transaction that would delete the version.
func (s *Service) InUse(ctx context.Context, tx *db.Tx, versionARN string) ([]string, error) {
	found, err := s.Pinned(ctx, tx, versionARN)
	if err != nil {
		return nil, err
	}
	a, err := arn.Parse(versionARN)
	if err != nil {
		return nil, err
	}
	type revision struct{ machine, id string }
	running, err := db.All(tx, func(r db.Row) (v revision, err error) { return v, r.Scan(&v.machine, &v.id) },
		`SELECT DISTINCT machine, revision FROM sfn_execution WHERE account = $1 AND region = $2 AND status = 'RUNNING'`, a.Account, a.Region)
	if err != nil {
		return nil, err
	}
	c := integration.Call{Caller: caller.Caller{Partition: a.Partition, Region: a.Region, Account: a.Account}}
	for _, v := range running {
		m, err := s.registry.Revision(ctx, tx, v.machine, v.id)
		if err != nil {
			return nil, err
		}
		named, err := s.calls.Versions(ctx, c, m.Definition)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(named, versionARN) {
			continue
		}
		more, err := db.All(tx, db.Value[string], `SELECT arn FROM sfn_execution WHERE account = $1 AND region = $2 AND machine = $3
			AND status = 'RUNNING' AND revision = $4 ORDER BY arn LIMIT $5`, a.Account, a.Region, v.machine, v.id, some)
		if err != nil {
			return nil, err
		}
		for _, x := range more {
			found = append(found, "execution "+x)
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}
