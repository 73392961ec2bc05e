package cloudformation

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// existing finds a stack that was not deleted.
func existing(tx *db.Tx, c caller.Caller, name string) (*stack, error) {
	st, err := findStack(tx, c, name, false)
	if errors.Is(err, db.ErrNotFound) || err == nil && st.Deleted != 0 {
		return nil, invalid("Stack [%s] does not exist", name)
	}
	return st, err
}

// CancelUpdateStack implements the operation: the update stops and is rolled back.
func (s *Service) CancelUpdateStack(ctx context.Context, in *cloudformation.CancelUpdateStackInput, _ ...func(*cloudformation.Options)) (*cloudformation.CancelUpdateStackOutput, error) {
	c := caller.From(ctx)
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		st, err := existing(tx, c, aws.ToString(in.StackName))
		if err != nil {
			return err
		}
		if st.Status != "UPDATE_IN_PROGRESS" || st.Operation == "" {
			return invalid("CancelUpdateStack cannot be called from current stack status")
		}
		return s.engine.Signal(tx, kind, st.Operation, signalCancel, nil)
	})
	if err != nil {
		return nil, err
	}
	return &cloudformation.CancelUpdateStackOutput{}, nil
}

// ContinueUpdateRollback implements the operation.
func (s *Service) ContinueUpdateRollback(ctx context.Context, in *cloudformation.ContinueUpdateRollbackInput, _ ...func(*cloudformation.Options)) (*cloudformation.ContinueUpdateRollbackOutput, error) {
	err := s.goBack(ctx, aws.ToString(in.StackName), aws.ToString(in.ClientRequestToken), in.ResourcesToSkip, "UPDATE_ROLLBACK_FAILED")
	if err != nil {
		return nil, err
	}
	return &cloudformation.ContinueUpdateRollbackOutput{}, nil
}

// RollbackStack implements the operation, for an update that failed with its rollback disabled.
func (s *Service) RollbackStack(ctx context.Context, in *cloudformation.RollbackStackInput, _ ...func(*cloudformation.Options)) (*cloudformation.RollbackStackOutput, error) {
	c := caller.From(ctx)
	st, err := view(ctx, s, func(tx *db.Tx) (*stack, error) { return existing(tx, c, aws.ToString(in.StackName)) })
	if err != nil {
		return nil, err
	}
	err = s.goBack(ctx, st.ID, aws.ToString(in.ClientRequestToken), nil, "UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED")
	if err != nil {
		return nil, err
	}
	return &cloudformation.RollbackStackOutput{StackId: &st.ID}, nil
}

// goBack sets a stack whose update failed back to what it was before. Resources to skip count as
// set back.
func (s *Service) goBack(ctx context.Context, name, token string, skip []string, from ...string) error {
	c := caller.From(ctx)
	return s.db.Update(ctx, func(tx *db.Tx) error {
		st, err := existing(tx, c, name)
		if err != nil {
			return err
		}
		if !slices.Contains(from, st.Status) || st.Previous == nil {
			return invalid("Stack:%s is in %s state and can not continue the rollback", st.ID, st.Status)
		}
		rows, err := standingOf(tx, st.ID)
		if err != nil {
			return err
		}
		op := operation{Goal: goalRollback, Caller: c, Token: token, OldImports: st.Previous.Imports}
		if op.Steps, err = stepsOf(tx, st, rows); err != nil {
			return err
		}
		for _, id := range skip {
			x := op.Steps[id]
			if x == nil || x.Done != updated {
				return invalid("Resource [%s] cannot be skipped: it is not one that failed to be set back", id)
			}
			x.Done = unchanged
		}
		for id, x := range op.Steps {
			x.Deps = rows[id].Doc.DependsOn
		}
		if st.Previous.RoleARN != "" {
			op.Caller.ARN = st.Previous.RoleARN
		}
		if err := tx.Run(stmt(`UPDATE cfn_stack SET definition = previous_definition, original = previous_original, processed = previous_processed
			WHERE account = $1 AND region = $2 AND id = $3`, c.Account, c.Region, st.ID)); err != nil {
			return err
		}
		return s.launch(tx, st, op, "UPDATE_ROLLBACK_IN_PROGRESS")
	})
}

// UpdateTerminationProtection implements the operation.
func (s *Service) UpdateTerminationProtection(ctx context.Context, in *cloudformation.UpdateTerminationProtectionInput, _ ...func(*cloudformation.Options)) (*cloudformation.UpdateTerminationProtectionOutput, error) {
	c := caller.From(ctx)
	out := &cloudformation.UpdateTerminationProtectionOutput{}
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		st, err := existing(tx, c, aws.ToString(in.StackName))
		if err != nil {
			return err
		}
		out.StackId = &st.ID
		_, err = tx.Exec(`UPDATE cfn_stack SET protected = $1 WHERE account = $2 AND region = $3 AND id = $4`,
			aws.ToBool(in.EnableTerminationProtection), c.Account, c.Region, st.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
