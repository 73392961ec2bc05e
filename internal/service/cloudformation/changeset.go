package cloudformation

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// CreateChangeSet implements the operation. The change set is complete, or has failed, when it
// returns. A template that cannot be read at all is an error and makes none.
func (s *Service) CreateChangeSet(ctx context.Context, in *cloudformation.CreateChangeSetInput, _ ...func(*cloudformation.Options)) (*cloudformation.CreateChangeSetOutput, error) {
	c, stackName := caller.From(ctx), aws.ToString(in.StackName)
	if err := checkName(aws.ToString(in.ChangeSetName), "changeSetName"); err != nil {
		return nil, err
	}
	if err := unguarded(in.RollbackConfiguration); err != nil {
		return nil, err
	}
	// ImportExistingResources passes, since the CDK always sets it: it matters only where a resource exists outside of the stack,
	// and creating that one then fails as without it.
	if in.ChangeSetType == types.ChangeSetTypeImport || len(in.ResourcesToImport) > 0 {
		return nil, invalid("ChangeSetType IMPORT is not supported: resources cannot be imported into a stack")
	}
	var text string
	var err error
	if !aws.ToBool(in.UsePreviousTemplate) {
		if text, err = s.readTemplate(ctx, in.TemplateBody, in.TemplateURL); err != nil {
			return nil, err
		}
	}
	var out *cloudformation.CreateChangeSetOutput
	err = s.planned(func() error {
		base, err := view(ctx, s, func(tx *db.Tx) (*basis, error) { return s.load(tx, c, stackName) })
		if err != nil {
			return err
		}
		x, fresh, err := s.draw(c, in, text, base)
		if err != nil {
			return err
		}
		out = &cloudformation.CreateChangeSetOutput{Id: &x.ID, StackId: &x.StackID}
		return s.db.Update(ctx, func(tx *db.Tx) error { return s.keep(tx, c, base, x, fresh, out) })
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// draw makes a change set, and the stack in review that a first one needs.
func (s *Service) draw(c caller.Caller, in *cloudformation.CreateChangeSetInput, text string, base *basis) (x *changeSet, fresh *stack, err error) {
	name, stackName := aws.ToString(in.ChangeSetName), aws.ToString(in.StackName)
	st, now := base.Stack, s.clock.Now().UnixMilli()
	x = &changeSet{ID: newChangeSetID(c, name), Name: name, Type: string(types.ChangeSetTypeUpdate), Description: aws.ToString(in.Description),
		Created: now, OnStackFailure: string(in.OnStackFailure), Token: aws.ToString(in.ClientToken)}
	if in.ChangeSetType == types.ChangeSetTypeCreate {
		x.Type = string(types.ChangeSetTypeCreate)
		switch {
		case st == nil:
			if err := checkName(stackName, "stackName"); err != nil {
				return nil, nil, err
			}
			st = &stack{Caller: c, ID: newStackID(c, stackName), Name: stackName, Status: "REVIEW_IN_PROGRESS", Reason: "User Initiated", Created: now, Seq: 1}
			fresh = st
		case st.Status != "REVIEW_IN_PROGRESS":
			return nil, nil, invalid("Stack [%s] already exists and cannot be created again with the changeSet [%s].", stackName, name)
		}
	} else if st != nil && st.Status == "REVIEW_IN_PROGRESS" {
		return nil, nil, invalid("Stack:%s is in REVIEW_IN_PROGRESS state and can not be updated.", st.ID)
	} else if err := canUpdate(st, stackName); err != nil {
		return nil, nil, err
	}
	x.StackID, x.StackName, x.Seq = st.ID, st.Name, st.Seq
	w := wanted{StackID: st.ID, Name: st.Name, Template: text, Parameters: in.Parameters, Capabilities: in.Capabilities, Tags: in.Tags,
		NotificationARNs: in.NotificationARNs, RoleARN: in.RoleARN, ChangeSet: true}
	if aws.ToBool(in.UsePreviousTemplate) {
		if !base.exists() {
			return nil, nil, invalid("UsePreviousTemplate cannot be true when creating a stack")
		}
		w.Template = base.Stack.Original
	}
	p, err := s.prepare(w, base)
	var refused *transformError
	switch {
	case errors.As(err, &refused):
		x.Status, x.Reason, x.Execution = "FAILED", refused.text, "UNAVAILABLE"
		return x, fresh, nil
	case err != nil:
		return nil, nil, err
	}
	x.Definition, x.Original, x.Processed = p.Definition, p.Original, p.Processed
	x.Changes = changesOf(p.Changes, base.Rows)
	x.Status, x.Execution = "CREATE_COMPLETE", "AVAILABLE"
	if !p.Changed {
		x.Status, x.Reason, x.Execution = "FAILED", noChanges, "UNAVAILABLE"
	}
	return x, fresh, nil
}

// keep stores a change set, unless the stack has moved on. A repeat with the same token gives the
// first one.
func (s *Service) keep(tx *db.Tx, c caller.Caller, base *basis, x *changeSet, fresh *stack, out *cloudformation.CreateChangeSetOutput) error {
	if fresh != nil {
		if _, err := findStack(tx, c, fresh.Name, false); err == nil {
			return errMoved
		} else if !errors.Is(err, db.ErrNotFound) {
			return err
		}
		if err := insertStack(tx, fresh); err != nil {
			return err
		}
		if err := tx.Run(stackEventRow(fresh.ID, fresh.Name, 1, fresh.Created, fresh.Status, fresh.Reason, x.Token)); err != nil {
			return err
		}
		tx.Notify(Topic, fresh.ID)
		return insertChangeSet(tx, c, x)
	}
	if _, err := unmoved(tx, base); err != nil {
		return err
	}
	have, err := db.One(tx, scanChangeSet, `SELECT `+changeSetColumns+` FROM cfn_change_set WHERE stack_id = $1 AND name = $2`, x.StackID, x.Name)
	switch {
	case err == nil && x.Token != "" && have.Token == x.Token:
		out.Id = &have.ID
		return nil
	case err == nil:
		return alreadyExists("ChangeSet [%s] already exists", x.Name)
	case !errors.Is(err, db.ErrNotFound):
		return err
	}
	return insertChangeSet(tx, c, x)
}

// ExecuteChangeSet implements the operation.
func (s *Service) ExecuteChangeSet(ctx context.Context, in *cloudformation.ExecuteChangeSetInput, _ ...func(*cloudformation.Options)) (*cloudformation.ExecuteChangeSetOutput, error) {
	c := caller.From(ctx)
	err := s.planned(func() error {
		var x *changeSet
		base, err := view(ctx, s, func(tx *db.Tx) (base *basis, err error) {
			if x, err = findChangeSet(tx, c, aws.ToString(in.ChangeSetName), aws.ToString(in.StackName)); err != nil {
				return nil, err
			}
			return s.load(tx, c, x.StackID)
		})
		if err != nil {
			return err
		}
		if t := aws.ToString(in.ClientRequestToken); t != "" && base.Stack != nil && t == base.Stack.Definition.Token && x.Execution != "AVAILABLE" {
			return nil // the repeat of a request that was carried out
		}
		if x.Execution != "AVAILABLE" {
			status := x.Status
			if x.Execution != "UNAVAILABLE" {
				status = x.Execution
			}
			return &types.InvalidChangeSetStatusException{Message: aws.String("ChangeSet [" + x.ID + "] cannot be executed in its current status of [" + status + "]")}
		}
		p, err := s.revive(x, base)
		if err != nil {
			return err
		}
		return s.db.Update(ctx, func(tx *db.Tx) error { return s.execute(tx, c, in, x, p, base) })
	})
	if err != nil {
		return nil, err
	}
	return &cloudformation.ExecuteChangeSetOutput{}, nil
}

// revive makes the plan of a change set again, against the stack as it is now.
func (s *Service) revive(x *changeSet, base *basis) (*plan, error) {
	if base.exists() {
		if err := canUpdate(base.Stack, x.StackName); err != nil {
			return nil, err
		}
	}
	next := *base
	next.Stack = &stack{Caller: base.Caller, ID: x.StackID, Name: x.StackName, Definition: x.Definition, Processed: x.Processed}
	b, err := s.boundOf(&next)
	if err != nil {
		return nil, invalid("%s", err)
	}
	return &plan{Definition: x.Definition, Original: x.Original, Processed: x.Processed, Bound: b}, nil
}

func (s *Service) execute(tx *db.Tx, c caller.Caller, in *cloudformation.ExecuteChangeSetInput, x *changeSet, p *plan, base *basis) error {
	st, err := unmoved(tx, base)
	if err != nil {
		return err
	}
	err = tx.Run(stmt(`UPDATE cfn_change_set SET execution = 'OBSOLETE' WHERE stack_id = $1 AND id <> $2 AND execution = 'AVAILABLE'`, x.StackID, x.ID),
		stmt(`UPDATE cfn_change_set SET execution = 'EXECUTE_IN_PROGRESS' WHERE account = $1 AND region = $2 AND id = $3`, c.Account, c.Region, x.ID))
	if err != nil {
		return err
	}
	op := operation{Goal: goalUpdate, Caller: c, Token: aws.ToString(in.ClientRequestToken), ChangeSetID: x.ID,
		DisableRollback: aws.ToBool(in.DisableRollback) || x.OnStackFailure == "DO_NOTHING", RetainExceptOnCreate: aws.ToBool(in.RetainExceptOnCreate)}
	p.Definition.DisableRollback, p.Definition.RetainExceptOnCreate = op.DisableRollback, op.RetainExceptOnCreate
	if !base.exists() {
		op.Goal, op.OnFailure = goalCreate, x.OnStackFailure
		if op.DisableRollback {
			op.OnFailure = "DO_NOTHING"
		}
	}
	return s.begin(tx, st, p, op)
}

// DeleteChangeSet implements the operation. The stack in review stays, as on AWS.
func (s *Service) DeleteChangeSet(ctx context.Context, in *cloudformation.DeleteChangeSetInput, _ ...func(*cloudformation.Options)) (*cloudformation.DeleteChangeSetOutput, error) {
	c := caller.From(ctx)
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		x, err := findChangeSet(tx, c, aws.ToString(in.ChangeSetName), aws.ToString(in.StackName))
		var missing *types.ChangeSetNotFoundException
		if errors.As(err, &missing) {
			return nil
		}
		if err != nil {
			return err
		}
		if x.Execution == "EXECUTE_IN_PROGRESS" {
			return &types.InvalidChangeSetStatusException{Message: aws.String("ChangeSet [" + x.ID + "] is in EXECUTE_IN_PROGRESS status and cannot be deleted")}
		}
		_, err = tx.Exec(`DELETE FROM cfn_change_set WHERE account = $1 AND region = $2 AND id = $3`, c.Account, c.Region, x.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &cloudformation.DeleteChangeSetOutput{}, nil
}
