package cloudformation

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// DeleteStack implements the operation. A stack that is not there is deleted already. One that is
// being created stops and is deleted.
func (s *Service) DeleteStack(ctx context.Context, in *cloudformation.DeleteStackInput, _ ...func(*cloudformation.Options)) (*cloudformation.DeleteStackOutput, error) {
	c, name := caller.From(ctx), aws.ToString(in.StackName)
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		st, err := findStack(tx, c, name, false)
		if errors.Is(err, db.ErrNotFound) || err == nil && st.Deleted != 0 {
			return nil
		}
		if err != nil {
			return err
		}
		if st.Protected {
			return invalid("Stack [%s] cannot be deleted while TerminationProtection is enabled", st.Name)
		}
		exports, err := exportsOf(tx, st.ID)
		if err != nil {
			return err
		}
		for name := range exports {
			var refused *exportError
			if err := unused(tx, c, st.ID, name, "deleted"); errors.As(err, &refused) {
				return invalid("%s", refused.text)
			} else if err != nil {
				return err
			}
		}
		return s.deleteStack(tx, c, st, in)
	})
	if err != nil {
		return nil, err
	}
	return &cloudformation.DeleteStackOutput{}, nil
}

func (s *Service) deleteStack(tx *db.Tx, c caller.Caller, st *stack, in *cloudformation.DeleteStackInput) error {
	if st.Operation != "" {
		switch st.Status {
		case "DELETE_IN_PROGRESS":
			return nil
		case "CREATE_IN_PROGRESS":
			return s.engine.Signal(tx, kind, st.Operation, signalDelete, nil)
		}
		return invalid("Stack [%s] cannot be deleted while in status %s", st.Name, st.Status)
	}
	if len(in.RetainResources) > 0 && st.Status != "DELETE_FAILED" {
		return invalid("Invalid operation on stack [%s]. RetainResources can be specified only when the stack is in DELETE_FAILED state", st.ID)
	}
	rows, err := standingOf(tx, st.ID)
	if err != nil {
		return err
	}
	op := operation{Goal: goalDelete, Caller: c, Token: aws.ToString(in.ClientRequestToken), Retain: in.RetainResources}
	if op.Steps, err = stepsOf(tx, st, rows); err != nil {
		return err
	}
	for _, x := range op.Steps {
		x.Old = true // whatever state it is in
	}
	if role := aws.ToString(in.RoleARN); role != "" {
		op.Caller.ARN = role
	} else if st.Definition.RoleARN != "" {
		op.Caller.ARN = st.Definition.RoleARN
	}
	return s.launch(tx, st, op, "DELETE_IN_PROGRESS")
}
