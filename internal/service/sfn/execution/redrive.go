package execution

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
)

// RedriveExecution goes on with an execution that failed, timed out or was aborted, from where it stopped: with the
// same definition, input and ARN.
func (s *Service) RedriveExecution(ctx context.Context, in *sfn.RedriveExecutionInput, _ ...func(*sfn.Options)) (*sfn.RedriveExecutionOutput, error) {
	name := aws.ToString(in.ExecutionArn)
	check := func(tx *db.Tx) ([]byte, error) { return s.redrivable(tx, name) }
	now, err := s.goOn(ctx, check, 0)
	// What it was when it stopped may take a moment to stop, too.
	for tries := 0; errors.Is(err, errStopping) && tries < stoppingTries; tries++ {
		select {
		case <-time.After(stoppingPause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		now, err = s.goOn(ctx, check, 0)
	}
	if errors.Is(err, errStopping) {
		err = &types.ExecutionNotRedrivable{Message: text("Execution Not Redrivable: 'A Map Run of the execution has not stopped yet'")}
	}
	if err != nil {
		return nil, err
	}
	return &sfn.RedriveExecutionOutput{RedriveDate: &now}, nil
}

// errStopping says that a map run, or a child of one, has not stopped yet.
var errStopping = errors.New("not stopped yet")

// How long (real time) RedriveExecution waits for what is stopping.
const (
	stoppingTries = 200
	stoppingPause = 50 * time.Millisecond
)

// goOn redrives an execution whose kept state check finds. Check is asked again in the transaction that writes.
func (s *Service) goOn(ctx context.Context, check func(tx *db.Tx) ([]byte, error), round int) (now time.Time, err error) {
	p := &process{apart: map[int64]bool{}}
	if err := s.db.View(ctx, func(tx *db.Tx) error {
		raw, err := check(tx)
		if err != nil {
			return err
		}
		var old stored
		if err := json.Unmarshal(raw, &old); err != nil {
			return err
		}
		p.facts, p.x = old.facts, old.Execution
		p.runs, err = mapRunsOf(tx, p.x)
		return err
	}); err != nil {
		return now, err
	}
	p.Redrive, p.Round = true, round
	if err := s.attach(p); err != nil {
		return now, err
	}
	if err := s.repin(ctx, p); err != nil {
		return now, err
	}
	opening, err := s.open(p)
	if err != nil {
		return now, err
	}
	now = s.clock.Now()
	x := p.x
	return now, s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := check(tx); err != nil {
			return err
		}
		// What it keeps for the next redrive, if it has ended already, opening writes.
		if _, err := tx.Exec(`DELETE FROM sfn_redrive WHERE execution = $1`, p.ID); err != nil {
			return err
		}
		events := int64(0)
		if !x.StoppedAt.IsZero() {
			events = x.LastEvent
		}
		if _, err := tx.Exec(`UPDATE sfn_execution SET status = $1, stopped_at = $2, events = $3, output = $4, error = $5, cause = $6,
			redrives = $7, redriven_at = $8, round = $9 WHERE account = $10 AND region = $11 AND arn = $12`, string(x.Status), millis(x.StoppedAt), events,
			output(x), x.Error, x.Cause, int64(x.RedriveCount), millis(now), int64(round), x.Account, x.Region, x.ARN); err != nil {
			return err
		}
		return opening.Write(tx)
	})
}

// mapRunsOf reads the map runs that go on with an execution.
func mapRunsOf(tx *db.Tx, x *asl.Execution) (map[string]storedMapRun, error) {
	out := map[string]storedMapRun{}
	for _, f := range x.Frames {
		if f.MapRun == "" {
			continue
		}
		run, err := findMapRun(tx, f.MapRun)
		if err != nil {
			return nil, err
		}
		if run.Status == string(asl.Running) {
			return nil, errStopping
		}
		raw, err := kept(tx, run.ID)
		if err != nil {
			return nil, err
		}
		var q storedMapRun
		if err := json.Unmarshal(raw, &q); err != nil {
			return nil, err
		}
		out[f.MapRun] = q
	}
	return out, nil
}

// redriveMapRun has a map run go on, in the same commit.
func (d *deciding) redriveMapRun(arn string) {
	q, ok := d.p.runs[arn]
	if !ok { // goOn has read them all
		d.step(asl.MapRunEnded{MapRunARN: arn, Failed: true, Error: asl.ErrRuntime, Cause: "The Map Run cannot be redriven."})
		return
	}
	q.Redrive = true
	d.rows(db.Stmt{SQL: `DELETE FROM sfn_redrive WHERE execution = $1`, Args: []any{mapRunInstance(arn)}},
		db.Stmt{SQL: `UPDATE sfn_map_run SET status = 'RUNNING', stopped_at = 0 WHERE account = $1 AND region = $2 AND arn = $3`,
			Args: []any{d.p.x.Account, d.p.x.Region, arn}})
	d.out.Spawns = append(d.out.Spawns, durable.Spawn{Kind: kindMapRun, Instance: mapRunInstance(arn), State: q})
}

// redriveChild redrives a map run's Standard child that did not succeed as far as its run knows; db.ErrNotFound if it
// never began.
func (s *Service) redriveChild(ctx context.Context, a startArgs) (any, error) {
	var x row
	check := func(tx *db.Tx) (raw []byte, err error) {
		if x, err = rowTx(tx, a.Info.ARN); err != nil {
			return nil, err
		}
		switch {
		case x.Round == int64(a.Round): // this was done before
			return nil, errDone
		case x.Status == string(asl.Running):
			return nil, errStopping
		case x.Status == string(asl.Succeeded) || x.Events >= redriveEvents:
			return nil, errDone
		}
		raw, err = kept(tx, x.ID)
		if late := new(types.ExecutionNotRedrivable); errors.As(err, &late) {
			err = errDone
		}
		return raw, err
	}
	_, err := s.goOn(ctx, check, a.Round)
	switch {
	case err == nil:
		return nil, nil
	case errors.Is(err, errDone) && x.Round == int64(a.Round): // its end is told by itself
		return nil, nil
	case errors.Is(err, errDone): // it ended while its run was given up
		end := asl.ChildEnded{Index: a.Child.Index, Status: asl.Status(x.Status), Error: x.Error, Cause: x.Cause,
			Final: x.Status != string(asl.Succeeded), Round: a.Round}
		if x.Status == string(asl.Succeeded) {
			end.Output, err = jsonvalue.FromText(x.Output)
			return end, err
		}
		return end, nil
	case errors.Is(err, db.ErrNotFound):
		return nil, err
	}
	return nil, durable.Retry(err, 100*time.Millisecond)
}

// errDone says that there is nothing to redrive.
var errDone = errors.New("nothing to redrive")

// round is the redrive that a map run is at, or 0.
func (m *mapRunRecord) round() int64 {
	if m.Status != string(asl.Running) {
		return 0
	}
	return int64(m.Doc.Redrives)
}

// pending tells whether the execution waits for being redriven in its map run's round.
func (x *row) pending(round int64) bool {
	switch asl.Status(x.Status) {
	case asl.Failed, asl.TimedOut, asl.Aborted:
		return x.Round < round && x.Events < redriveEvents
	}
	return false
}

// kept reads what an execution or map run left for a redrive.
func kept(tx *db.Tx, instance string) ([]byte, error) {
	raw, err := db.One(tx, db.Value[[]byte], `SELECT state FROM sfn_redrive WHERE execution = $1`, instance)
	if errors.Is(err, db.ErrNotFound) {
		return nil, &types.ExecutionNotRedrivable{Message: text("Execution Not Redrivable: 'Execution has exceeded the redrivable period'")}
	}
	return raw, err
}

// redrivable answers where an execution goes on, or why it does not.
func (s *Service) redrivable(tx *db.Tx, name string) ([]byte, error) {
	x, err := find(tx, name)
	if err != nil {
		return nil, err
	}
	status, reason := x.redrivable(s.clock.Now())
	if status != types.ExecutionRedriveStatusRedrivable {
		return nil, &types.ExecutionNotRedrivable{Message: text("Execution Not Redrivable: '%s'", reason)}
	}
	a, err := arn.Parse(x.Machine)
	if err != nil {
		return nil, err
	}
	deleting, err := db.One(tx, db.Value[bool], `SELECT EXISTS (SELECT 1 FROM sfn_machine WHERE account = $1 AND region = $2 AND arn = $3 AND status <> 'ACTIVE')`,
		a.Account, a.Region, x.Machine)
	if err != nil {
		return nil, err
	}
	if deleting {
		return nil, &types.ExecutionNotRedrivable{Message: text("Execution Not Redrivable: 'State machine is in DELETING status'")}
	}
	return kept(tx, x.ID)
}
