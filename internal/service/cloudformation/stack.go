package cloudformation

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// CreateStack implements the operation.
func (s *Service) CreateStack(ctx context.Context, in *cloudformation.CreateStackInput, _ ...func(*cloudformation.Options)) (*cloudformation.CreateStackOutput, error) {
	c, name := caller.From(ctx), aws.ToString(in.StackName)
	if err := checkName(name, "stackName"); err != nil {
		return nil, err
	}
	if err := unguarded(in.RollbackConfiguration, in.StackPolicyBody, in.StackPolicyURL); err != nil {
		return nil, err
	}
	onFailure := string(in.OnFailure)
	if in.OnFailure != "" && in.DisableRollback != nil {
		return nil, invalid("You can specify either DisableRollback or OnFailure, but not both.")
	}
	if aws.ToBool(in.DisableRollback) {
		onFailure = string(types.OnFailureDoNothing)
	}
	text, err := s.readTemplate(ctx, in.TemplateBody, in.TemplateURL)
	if err != nil {
		return nil, err
	}
	base, err := view(ctx, s, func(tx *db.Tx) (*basis, error) { return s.load(tx, c, name) })
	if err != nil {
		return nil, err
	}
	if base.Stack != nil {
		if t := aws.ToString(in.ClientRequestToken); t != "" && t == base.Stack.Definition.Token {
			return &cloudformation.CreateStackOutput{StackId: &base.Stack.ID}, nil
		}
		return nil, alreadyExists("Stack [%s] already exists", name)
	}
	st := &stack{Caller: c, ID: newStackID(c, name), Name: name, Protected: aws.ToBool(in.EnableTerminationProtection),
		Status: "CREATE_IN_PROGRESS", Created: s.clock.Now().UnixMilli()}
	p, err := s.prepare(wanted{StackID: st.ID, Name: name, Template: text, Parameters: in.Parameters, Capabilities: in.Capabilities,
		Tags: in.Tags, NotificationARNs: in.NotificationARNs, RoleARN: in.RoleARN}, base)
	if err != nil {
		return nil, plainly(err)
	}
	p.Definition.Timeout = aws.ToInt32(in.TimeoutInMinutes)
	p.Definition.DisableRollback = aws.ToBool(in.DisableRollback)
	p.Definition.RetainExceptOnCreate = aws.ToBool(in.RetainExceptOnCreate)
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := findStack(tx, c, name, false); err == nil {
			return alreadyExists("Stack [%s] already exists", name)
		} else if !errors.Is(err, db.ErrNotFound) {
			return err
		}
		if err := insertStack(tx, st); err != nil {
			return err
		}
		op := operation{Goal: goalCreate, Caller: c, Token: aws.ToString(in.ClientRequestToken), OnFailure: onFailure,
			RetainExceptOnCreate: aws.ToBool(in.RetainExceptOnCreate)}
		if m := aws.ToInt32(in.TimeoutInMinutes); m > 0 {
			op.Deadline = st.Created + int64(m)*time.Minute.Milliseconds()
		}
		return s.begin(tx, st, p, op)
	})
	if err != nil {
		return nil, err
	}
	return &cloudformation.CreateStackOutput{StackId: &st.ID}, nil
}

// plainly answers a refused transform where there is no change set to fail.
func plainly(err error) error {
	var t *transformError
	if errors.As(err, &t) {
		return invalid("%s", t.text)
	}
	return err
}

// UpdateStack implements the operation.
func (s *Service) UpdateStack(ctx context.Context, in *cloudformation.UpdateStackInput, _ ...func(*cloudformation.Options)) (*cloudformation.UpdateStackOutput, error) {
	c, name := caller.From(ctx), aws.ToString(in.StackName)
	if err := unguarded(in.RollbackConfiguration, in.StackPolicyBody, in.StackPolicyURL, in.StackPolicyDuringUpdateBody, in.StackPolicyDuringUpdateURL); err != nil {
		return nil, err
	}
	var text string
	var err error
	if !aws.ToBool(in.UsePreviousTemplate) {
		if text, err = s.readTemplate(ctx, in.TemplateBody, in.TemplateURL); err != nil {
			return nil, err
		}
	}
	var out *cloudformation.UpdateStackOutput
	err = s.planned(func() error {
		base, err := view(ctx, s, func(tx *db.Tx) (*basis, error) { return s.load(tx, c, name) })
		if err != nil {
			return err
		}
		if st, t := base.Stack, aws.ToString(in.ClientRequestToken); st != nil && t != "" && t == st.Definition.Token {
			out = &cloudformation.UpdateStackOutput{StackId: &st.ID} // the repeat of a request that was taken up
			return nil
		}
		if err := canUpdate(base.Stack, name); err != nil {
			return err
		}
		out = &cloudformation.UpdateStackOutput{StackId: &base.Stack.ID}
		w := wanted{StackID: base.Stack.ID, Name: base.Stack.Name, Template: text, Parameters: in.Parameters,
			Capabilities: in.Capabilities, Tags: in.Tags, NotificationARNs: in.NotificationARNs, RoleARN: in.RoleARN}
		if aws.ToBool(in.UsePreviousTemplate) {
			w.Template = base.Stack.Original
		}
		p, err := s.prepare(w, base)
		if err != nil {
			return plainly(err)
		}
		if !p.Changed {
			return invalid(noUpdates)
		}
		return s.db.Update(ctx, func(tx *db.Tx) error {
			st, err := unmoved(tx, base)
			if err != nil {
				return err
			}
			p.Definition.DisableRollback = aws.ToBool(in.DisableRollback)
			return s.begin(tx, st, p, operation{Goal: goalUpdate, Caller: c, Token: aws.ToString(in.ClientRequestToken),
				DisableRollback: aws.ToBool(in.DisableRollback), RetainExceptOnCreate: aws.ToBool(in.RetainExceptOnCreate)})
		})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// canUpdate refuses an update of what is missing, busy or stuck.
func canUpdate(st *stack, name string) error {
	switch {
	case st == nil || st.Deleted != 0:
		return invalid("Stack [%s] does not exist", name)
	case !updatable(st.Status) || st.Operation != "":
		return invalid("Stack:%s is in %s state and can not be updated.", st.ID, st.Status)
	}
	return nil
}
