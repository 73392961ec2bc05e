package cloudformation

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// DescribeStacks implements the operation. Deleted stacks answer to their id alone.
func (s *Service) DescribeStacks(ctx context.Context, in *cloudformation.DescribeStacksInput, _ ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error) {
	c := caller.From(ctx)
	all, err := view(ctx, s, func(tx *db.Tx) ([]*stack, error) {
		if name := aws.ToString(in.StackName); name != "" {
			st, err := described(tx, c, name)
			return []*stack{st}, err
		}
		return db.All(tx, scanStack, `SELECT `+stackColumns+` FROM cfn_stack WHERE account = $1 AND region = $2 AND deleted_at = 0
			ORDER BY created_at DESC, id`, c.Account, c.Region)
	})
	if err != nil {
		return nil, err
	}
	some, next, err := page(all, in.NextToken, 100)
	if err != nil {
		return nil, err
	}
	out := &cloudformation.DescribeStacksOutput{NextToken: next, Stacks: []types.Stack{}}
	for _, st := range some {
		out.Stacks = append(out.Stacks, stackOut(st))
	}
	return out, nil
}

// described finds a stack for the Describe operations.
func described(tx *db.Tx, c caller.Caller, name string) (*stack, error) {
	st, err := findStack(tx, c, name, false)
	if errors.Is(err, db.ErrNotFound) {
		return nil, invalid("Stack with id %s does not exist", name)
	}
	return st, err
}

func stackOut(st *stack) types.Stack {
	d := st.Definition
	out := types.Stack{
		StackId: &st.ID, StackName: &st.Name, StackStatus: types.StackStatus(st.Status), StackStatusReason: optional(st.Reason),
		CreationTime: at(st.Created), LastUpdatedTime: at(st.Updated), DeletionTime: at(st.Deleted), Description: optional(d.Description),
		Capabilities: capabilitiesOf(d), Parameters: parametersOut(d), Tags: tagsOut(d), NotificationARNs: append([]string{}, d.NotificationARNs...),
		RoleARN: optional(d.RoleARN), ChangeSetId: optional(d.ChangeSetID), DisableRollback: aws.Bool(d.DisableRollback),
		EnableTerminationProtection: aws.Bool(st.Protected), RollbackConfiguration: &types.RollbackConfiguration{},
		DriftInformation: &types.StackDriftInformation{StackDriftStatus: types.StackDriftStatusNotChecked},
	}
	if d.Timeout > 0 {
		out.TimeoutInMinutes = aws.Int32(d.Timeout)
	}
	if d.RetainExceptOnCreate {
		out.RetainExceptOnCreate = aws.Bool(true)
	}
	for _, o := range st.Outputs {
		out.Outputs = append(out.Outputs, types.Output{OutputKey: aws.String(o.Key), OutputValue: aws.String(o.Value),
			Description: optional(o.Description), ExportName: optional(o.Export)})
	}
	return out
}

// ListStacks implements the operation. It shows deleted stacks as well, for 90 days.
func (s *Service) ListStacks(ctx context.Context, in *cloudformation.ListStacksInput, _ ...func(*cloudformation.Options)) (*cloudformation.ListStacksOutput, error) {
	c := caller.From(ctx)
	since := s.clock.Now().Add(-90 * 24 * time.Hour).UnixMilli()
	all, err := view(ctx, s, func(tx *db.Tx) ([]*stack, error) {
		return db.All(tx, scanStack, `SELECT `+stackColumns+` FROM cfn_stack WHERE account = $1 AND region = $2
			AND (deleted_at = 0 OR deleted_at > $3) ORDER BY created_at DESC, id`, c.Account, c.Region, since)
	})
	if err != nil {
		return nil, err
	}
	if len(in.StackStatusFilter) > 0 {
		all = slices.DeleteFunc(all, func(st *stack) bool { return !slices.Contains(in.StackStatusFilter, types.StackStatus(st.Status)) })
	}
	some, next, err := page(all, in.NextToken, 100)
	if err != nil {
		return nil, err
	}
	out := &cloudformation.ListStacksOutput{NextToken: next, StackSummaries: []types.StackSummary{}}
	for _, st := range some {
		out.StackSummaries = append(out.StackSummaries, types.StackSummary{
			StackId: &st.ID, StackName: &st.Name, StackStatus: types.StackStatus(st.Status), StackStatusReason: optional(st.Reason),
			CreationTime: at(st.Created), LastUpdatedTime: at(st.Updated), DeletionTime: at(st.Deleted),
			TemplateDescription: optional(st.Definition.Description),
			DriftInformation:    &types.StackDriftInformationSummary{StackDriftStatus: types.StackDriftStatusNotChecked}})
	}
	return out, nil
}

// page cuts a list: size items from where the token says. Tokens are positions; what is added in
// between may be seen twice.
func page[T any](all []T, token *string, size int) (some []T, next *string, err error) {
	from := 0
	if t := aws.ToString(token); t != "" {
		raw, err := base64.RawURLEncoding.DecodeString(t)
		if err == nil {
			from, err = strconv.Atoi(string(raw))
		}
		if err != nil || from < 0 {
			return nil, nil, invalid("Invalid NextToken")
		}
	}
	from = min(from, len(all))
	to := min(from+size, len(all))
	if to < len(all) {
		next = aws.String(base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(to))))
	}
	return all[from:to], next, nil
}

// at is a time of the store, nil for none.
func at(ms int64) *time.Time {
	if ms == 0 {
		return nil
	}
	return aws.Time(time.UnixMilli(ms).UTC())
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func capabilitiesOf(d definition) []types.Capability {
	var out []types.Capability
	for _, c := range d.Capabilities {
		out = append(out, types.Capability(c))
	}
	return out
}

func parametersOut(d definition) []types.Parameter {
	var out []types.Parameter
	for _, p := range d.Parameters {
		value := p.Value
		if p.NoEcho {
			value = "****"
		}
		out = append(out, types.Parameter{ParameterKey: aws.String(p.Key), ParameterValue: &value})
	}
	return out
}

func tagsOut(d definition) []types.Tag {
	out := []types.Tag{}
	for _, t := range d.Tags {
		out = append(out, types.Tag{Key: aws.String(t.Key), Value: aws.String(t.Value)})
	}
	return out
}
