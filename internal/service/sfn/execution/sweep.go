package execution

import (
	"context"
	"errors"
	"time"

	"github.com/headgate/headgate/internal/db"
)

// What has ended is kept for so long, as on AWS.
const retention = 90 * 24 * time.Hour

// sweepEvery is how often, in platform time, what is not needed any more is looked for. Other writers wait while a
// portion goes: sweepSome bounds how many rows one marks or deletes.
const (
	sweepEvery = time.Hour
	sweepSome  = 500
	sweepPause = 5 * time.Millisecond // real time, for those who wait
)

// sweep removes executions that are old or went with their state machine, and reservations without an execution, until
// ctx ends.
func (s *Service) sweep(ctx context.Context) {
	for ctx.Err() == nil {
		if err := s.sweepPins(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("reservations of function versions not swept", "error", err)
		}
		more, err := s.sweepPortion(ctx)
		for more && err == nil {
			select {
			case <-time.After(sweepPause):
			case <-ctx.Done():
			}
			more, err = s.sweepPortion(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Warn("old executions not swept", "error", err)
		}
		hour, stop := s.clock.After(sweepEvery)
		select {
		case <-hour:
		case <-s.gone:
		case <-ctx.Done():
		}
		stop()
	}
}

// sweepPortion does a bounded part of the work; more tells that there may be more.
//
//	ended long ago ──────┐
//	                     ├─▶ DELETED: the name is free ─▶ history ─▶ tokens ─▶ the row itself
//	state machine gone ──┘
//
// What is marked goes before more is marked: so each portion finds its rows at once, however many are to go.
func (s *Service) sweepPortion(ctx context.Context) (more bool, err error) {
	for _, step := range []func(tx *db.Tx) (int64, error){s.sweepDeleted, s.markGone, s.markOld, s.sweepMapRuns, s.sweepRedrives} {
		did := int64(0)
		err := s.db.Update(ctx, func(tx *db.Tx) (err error) {
			did, err = step(tx)
			return err
		})
		if err != nil || did > 0 {
			return err == nil, err
		}
	}
	return false, nil
}

// markGone marks executions of a state machine that is gone. After the last one its revision is forgotten.
func (s *Service) markGone(tx *db.Tx) (int64, error) {
	type revision struct{ id, machine string }
	gone, err := db.One(tx, func(r db.Row) (v revision, err error) { return v, r.Scan(&v.id, &v.machine) },
		`SELECT revision, machine FROM sfn_gone ORDER BY revision LIMIT 1`)
	if errors.Is(err, db.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	marked, err := tx.Exec(deleted+` WHERE (account, region, arn) IN
		(SELECT account, region, arn FROM sfn_execution WHERE revision = $1 AND status <> 'DELETED' LIMIT $2)`, gone.id, sweepSome)
	if err != nil || marked == sweepSome {
		return marked, err
	}
	const some = `FROM sfn_map_run WHERE revision = $1 ORDER BY account, region, arn LIMIT $2`
	if _, err := tx.Exec(`DELETE FROM sfn_redrive WHERE execution IN (SELECT id `+some+`)`, gone.id, sweepSome); err != nil {
		return 0, err
	}
	runs, err := tx.Exec(`DELETE FROM sfn_map_run WHERE (account, region, arn) IN (SELECT account, region, arn `+some+`)`, gone.id, sweepSome)
	if err != nil || runs == sweepSome {
		return runs, err
	}
	if _, err := tx.Exec(`DELETE FROM sfn_gone WHERE revision = $1`, gone.id); err != nil {
		return 0, err
	}
	return 1, s.registry.Trim(tx, gone.machine, gone.id)
}

// markOld marks executions that ended long ago, and forgets the revisions that nothing refers to without them.
func (s *Service) markOld(tx *db.Tx) (int64, error) {
	const old = `FROM sfn_execution WHERE stopped_at > 0 AND stopped_at < $1 ORDER BY stopped_at, id LIMIT $2`
	before := s.clock.Now().Add(-retention).UnixMilli()
	type revision struct{ id, machine string }
	revisions, err := db.All(tx, func(r db.Row) (v revision, err error) { return v, r.Scan(&v.id, &v.machine) },
		`SELECT DISTINCT revision, machine FROM (SELECT revision, machine `+old+`) AS old`, before, sweepSome)
	if err != nil || len(revisions) == 0 {
		return 0, err
	}
	marked, err := tx.Exec(deleted+` WHERE (account, region, arn) IN (SELECT account, region, arn `+old+`)`, before, sweepSome)
	if err != nil {
		return 0, err
	}
	for _, v := range revisions {
		if err := s.registry.Trim(tx, v.machine, v.id); err != nil {
			return 0, err
		}
	}
	return marked, nil
}

// sweepMapRuns removes map runs that ended long ago.
func (s *Service) sweepMapRuns(tx *db.Tx) (int64, error) {
	return tx.Exec(`DELETE FROM sfn_map_run WHERE (account, region, arn) IN
		(SELECT account, region, arn FROM sfn_map_run WHERE stopped_at > 0 AND stopped_at < $1 LIMIT $2)`,
		s.clock.Now().Add(-retention).UnixMilli(), sweepSome)
}

// sweepRedrives removes what redrives would have needed that came in time.
func (s *Service) sweepRedrives(tx *db.Tx) (int64, error) {
	return tx.Exec(`DELETE FROM sfn_redrive WHERE execution IN (SELECT execution FROM sfn_redrive WHERE stopped_at < $1 LIMIT $2)`,
		s.clock.Now().Add(-redriveDays).UnixMilli(), sweepSome)
}

// sweepDeleted removes what belongs to the executions that are marked, and those of which nothing is left. A history may
// be longer than a portion.
func (s *Service) sweepDeleted(tx *db.Tx) (did int64, err error) {
	marked, err := db.All(tx, db.Value[string], `SELECT id FROM sfn_execution WHERE status = 'DELETED' ORDER BY id LIMIT $1`, sweepSome/10)
	if err != nil {
		return 0, err
	}
	for _, id := range marked {
		for _, part := range []string{
			`DELETE FROM sfn_history WHERE execution = $1 AND first IN (SELECT first FROM sfn_history WHERE execution = $1 LIMIT $2)`,
			`DELETE FROM sfn_token WHERE token IN (SELECT token FROM sfn_token WHERE execution = $1 LIMIT $2)`,
		} {
			n, err := tx.Exec(part, id, sweepSome-did)
			if err != nil {
				return 0, err
			}
			if did += n; did >= sweepSome {
				return did, nil
			}
		}
		if err := tx.Run(db.Stmt{SQL: `DELETE FROM sfn_redrive WHERE execution = $1`, Args: []any{id}},
			db.Stmt{SQL: `DELETE FROM sfn_execution WHERE id = $1 AND status = 'DELETED'`, Args: []any{id}}); err != nil {
			return 0, err
		}
		did++
	}
	return did, nil
}
