package execution

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/internal/db"
)

// RedriveExecution goes on with an execution that failed, timed out or was aborted, from where it stopped: with the
// same definition, input and ARN.
func (s *Service) RedriveExecution(ctx context.Context, in *sfn.RedriveExecutionInput, _ ...func(*sfn.Options)) (*sfn.RedriveExecutionOutput, error) {
	name := aws.ToString(in.ExecutionArn)
	var raw []byte
	if err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		raw, err = s.redrivable(tx, name)
		return err
	}); err != nil {
		return nil, err
	}
	var old stored
	if err := json.Unmarshal(raw, &old); err != nil {
		return nil, err
	}
	p := &process{facts: old.facts, x: old.Execution, apart: map[int64]bool{}}
	p.Redrive = true
	if err := s.attach(p); err != nil {
		return nil, err
	}
	if err := s.repin(ctx, p); err != nil {
		return nil, err
	}
	opening, err := s.open(p)
	if err != nil {
		return nil, err
	}
	x, now := p.x, s.clock.Now()
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := s.redrivable(tx, name); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM sfn_redrive WHERE execution = $1`, p.ID); err != nil {
			return err
		}
		events := int64(0)
		if !x.StoppedAt.IsZero() {
			events = x.LastEvent
		}
		if _, err := tx.Exec(`UPDATE sfn_execution SET status = $1, stopped_at = $2, events = $3, output = $4, error = $5, cause = $6,
			redrives = $7, redriven_at = $8 WHERE account = $9 AND region = $10 AND arn = $11`, string(x.Status), millis(x.StoppedAt), events, output(x),
			x.Error, x.Cause, int64(x.RedriveCount), millis(now), x.Account, x.Region, x.ARN); err != nil {
			return err
		}
		return opening.Write(tx)
	})
	if err != nil {
		return nil, err
	}
	return &sfn.RedriveExecutionOutput{RedriveDate: &now}, nil
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
	raw, err := db.One(tx, db.Value[[]byte], `SELECT state FROM sfn_redrive WHERE execution = $1`, x.ID)
	if errors.Is(err, db.ErrNotFound) {
		return nil, &types.ExecutionNotRedrivable{Message: text("Execution Not Redrivable: 'Execution has exceeded the redrivable period'")}
	}
	return raw, err
}
