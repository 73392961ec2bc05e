package execution

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
)

// What has ended is kept for so long, as on AWS.
const retention = 90 * 24 * time.Hour

// sweepEvery is how often, in platform time, what is not needed any more is looked for; sweepSome is how much of it goes
// at once, since other writers wait.
const (
	sweepEvery = time.Hour
	sweepSome  = 500
)

// sweep removes old executions, and reservations without an execution, until ctx ends.
func (s *Service) sweep(ctx context.Context) {
	for clock.Sleep(ctx, s.clock, sweepEvery) == nil {
		if err := s.sweepPins(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("reservations of function versions not swept", "error", err)
		}
		for {
			n, err := s.sweepExecutions(ctx)
			if err != nil && ctx.Err() == nil {
				s.log.Warn("old executions not swept", "error", err)
			}
			if err != nil || n < sweepSome {
				break
			}
		}
	}
}

// sweepExecutions removes some of the executions that ended long ago, with all that belongs to them.
func (s *Service) sweepExecutions(ctx context.Context) (n int, err error) {
	now := s.clock.Now()
	var old []row
	if err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		old, err = db.All(tx, scanRow, `SELECT `+columns+` FROM sfn_execution WHERE stopped_at > 0 AND stopped_at < $1 LIMIT $2`,
			now.Add(-retention).UnixMilli(), sweepSome)
		return err
	}); err != nil {
		return 0, err
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`DELETE FROM sfn_redrive WHERE stopped_at < $1`, now.Add(-redriveDays).UnixMilli()); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM sfn_map_run WHERE stopped_at > 0 AND stopped_at < $1`, now.Add(-retention).UnixMilli()); err != nil {
			return err
		}
		machines := map[string]bool{}
		for _, x := range old {
			machines[x.Machine] = true
			a, err := arn.Parse(x.ARN)
			if err != nil {
				return err
			}
			if err := tx.Run(
				db.Stmt{SQL: `DELETE FROM sfn_history WHERE execution = $1`, Args: []any{x.ID}},
				db.Stmt{SQL: `DELETE FROM sfn_token WHERE execution = $1`, Args: []any{x.ID}},
				db.Stmt{SQL: `DELETE FROM sfn_execution WHERE account = $1 AND region = $2 AND arn = $3`, Args: []any{a.Account, a.Region, x.ARN}}); err != nil {
				return err
			}
		}
		for _, m := range slices.Sorted(maps.Keys(machines)) {
			if err := s.registry.Trim(tx, m, ""); err != nil {
				return err
			}
		}
		return nil
	})
	return len(old), err
}
