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

// shown reads a stack and the resources it shows: those that an operation has begun with.
func shown(tx *db.Tx, c caller.Caller, name string) (*stack, []*resourceRow, error) {
	st, err := described(tx, c, name)
	if err != nil {
		return nil, nil, err
	}
	rows, err := resourcesOf(tx, st.ID, slotCurrent)
	return st, rows, err
}

// DescribeStackResource implements the operation.
func (s *Service) DescribeStackResource(ctx context.Context, in *cloudformation.DescribeStackResourceInput, _ ...func(*cloudformation.Options)) (*cloudformation.DescribeStackResourceOutput, error) {
	c, name := caller.From(ctx), aws.ToString(in.StackName)
	var st *stack
	r, err := view(ctx, s, func(tx *db.Tx) (r *resourceRow, err error) {
		if st, err = findStack(tx, c, name, false); errors.Is(err, db.ErrNotFound) {
			return nil, invalid("Stack '%s' does not exist", name)
		} else if err != nil {
			return nil, err
		}
		r, err = resourceIn(tx, st.ID, aws.ToString(in.LogicalResourceId), slotCurrent)
		if errors.Is(err, db.ErrNotFound) {
			return nil, invalid("Resource %s does not exist for stack %s", aws.ToString(in.LogicalResourceId), name)
		}
		return r, err
	})
	if err != nil {
		return nil, err
	}
	return &cloudformation.DescribeStackResourceOutput{StackResourceDetail: &types.StackResourceDetail{
		StackId: &st.ID, StackName: &st.Name, LogicalResourceId: &r.Logical, PhysicalResourceId: optional(r.Physical), ResourceType: &r.Type,
		ResourceStatus: types.ResourceStatus(r.Status), ResourceStatusReason: optional(r.Reason), LastUpdatedTimestamp: at(r.Updated),
		Metadata:         aws.String(orEmpty(r.Doc.Metadata)),
		DriftInformation: &types.StackResourceDriftInformation{StackResourceDriftStatus: types.StackResourceDriftStatusNotChecked}}}, nil
}

func orEmpty(json string) string {
	if json == "" {
		return "{}"
	}
	return json
}

// DescribeStackResources implements the operation.
func (s *Service) DescribeStackResources(ctx context.Context, in *cloudformation.DescribeStackResourcesInput, _ ...func(*cloudformation.Options)) (*cloudformation.DescribeStackResourcesOutput, error) {
	c, name := caller.From(ctx), aws.ToString(in.StackName)
	var st *stack
	rows, err := view(ctx, s, func(tx *db.Tx) (rows []*resourceRow, err error) {
		if physical := aws.ToString(in.PhysicalResourceId); name == "" && physical != "" {
			id, err := db.One(tx, db.Value[string], `SELECT r.stack_id FROM cfn_resource r JOIN cfn_stack s ON s.id = r.stack_id
				WHERE r.physical_id = $1 AND s.account = $2 AND s.region = $3 AND s.deleted_at = 0 AND r.slot = 'current'`, physical, c.Account, c.Region)
			if errors.Is(err, db.ErrNotFound) {
				return nil, invalid("Stack for %s does not exist", physical)
			}
			if err != nil {
				return nil, err
			}
			name = id
		}
		st, rows, err = shown(tx, c, name)
		return rows, err
	})
	if err != nil {
		return nil, err
	}
	out := &cloudformation.DescribeStackResourcesOutput{StackResources: []types.StackResource{}}
	for _, r := range rows {
		if want := aws.ToString(in.LogicalResourceId); want != "" && want != r.Logical {
			continue
		}
		out.StackResources = append(out.StackResources, types.StackResource{
			StackId: &st.ID, StackName: &st.Name, LogicalResourceId: &r.Logical, PhysicalResourceId: optional(r.Physical), ResourceType: &r.Type,
			ResourceStatus: types.ResourceStatus(r.Status), ResourceStatusReason: optional(r.Reason), Timestamp: at(r.Updated),
			DriftInformation: &types.StackResourceDriftInformation{StackResourceDriftStatus: types.StackResourceDriftStatusNotChecked}})
	}
	if want := aws.ToString(in.LogicalResourceId); want != "" && len(out.StackResources) == 0 {
		return nil, invalid("Resource %s does not exist for stack %s", want, name)
	}
	return out, nil
}

// ListStackResources implements the operation.
func (s *Service) ListStackResources(ctx context.Context, in *cloudformation.ListStackResourcesInput, _ ...func(*cloudformation.Options)) (*cloudformation.ListStackResourcesOutput, error) {
	c := caller.From(ctx)
	rows, err := view(ctx, s, func(tx *db.Tx) ([]*resourceRow, error) {
		_, rows, err := shown(tx, c, aws.ToString(in.StackName))
		return rows, err
	})
	if err != nil {
		return nil, err
	}
	some, next, err := page(rows, in.NextToken, 100)
	if err != nil {
		return nil, err
	}
	out := &cloudformation.ListStackResourcesOutput{NextToken: next, StackResourceSummaries: []types.StackResourceSummary{}}
	for _, r := range some {
		out.StackResourceSummaries = append(out.StackResourceSummaries, types.StackResourceSummary{
			LogicalResourceId: &r.Logical, PhysicalResourceId: optional(r.Physical), ResourceType: &r.Type,
			ResourceStatus: types.ResourceStatus(r.Status), ResourceStatusReason: optional(r.Reason), LastUpdatedTimestamp: at(r.Updated),
			DriftInformation: &types.StackResourceDriftInformationSummary{StackResourceDriftStatus: types.StackResourceDriftStatusNotChecked}})
	}
	return out, nil
}
