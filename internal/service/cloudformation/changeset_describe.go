package cloudformation

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/template"
)

// DescribeChangeSet implements the operation.
func (s *Service) DescribeChangeSet(ctx context.Context, in *cloudformation.DescribeChangeSetInput, _ ...func(*cloudformation.Options)) (*cloudformation.DescribeChangeSetOutput, error) {
	c := caller.From(ctx)
	x, err := view(ctx, s, func(tx *db.Tx) (*changeSet, error) {
		return findChangeSet(tx, c, aws.ToString(in.ChangeSetName), aws.ToString(in.StackName))
	})
	if err != nil {
		return nil, err
	}
	changes, next, err := page(x.Changes, in.NextToken, 100)
	if err != nil {
		return nil, err
	}
	out := &cloudformation.DescribeChangeSetOutput{
		ChangeSetId: &x.ID, ChangeSetName: &x.Name, StackId: &x.StackID, StackName: &x.StackName,
		Status: types.ChangeSetStatus(x.Status), StatusReason: optional(x.Reason), ExecutionStatus: types.ExecutionStatus(x.Execution),
		CreationTime: at(x.Created), Description: optional(x.Description), Changes: changes, NextToken: next,
		Capabilities: append([]types.Capability{}, capabilitiesOf(x.Definition)...), Parameters: parametersOut(x.Definition), Tags: tagsOut(x.Definition),
		NotificationARNs: append([]string{}, x.Definition.NotificationARNs...), OnStackFailure: types.OnStackFailure(x.OnStackFailure),
		IncludeNestedStacks: aws.Bool(false), RollbackConfiguration: &types.RollbackConfiguration{},
	}
	return out, nil
}

// ListChangeSets implements the operation.
func (s *Service) ListChangeSets(ctx context.Context, in *cloudformation.ListChangeSetsInput, _ ...func(*cloudformation.Options)) (*cloudformation.ListChangeSetsOutput, error) {
	c := caller.From(ctx)
	all, err := view(ctx, s, func(tx *db.Tx) ([]*changeSet, error) {
		st, err := existing(tx, c, aws.ToString(in.StackName))
		if err != nil {
			return nil, err
		}
		return db.All(tx, scanChangeSet, `SELECT `+changeSetColumns+` FROM cfn_change_set WHERE stack_id = $1 ORDER BY created_at, id`, st.ID)
	})
	if err != nil {
		return nil, err
	}
	some, next, err := page(all, in.NextToken, 100)
	if err != nil {
		return nil, err
	}
	out := &cloudformation.ListChangeSetsOutput{NextToken: next, Summaries: []types.ChangeSetSummary{}}
	for _, x := range some {
		out.Summaries = append(out.Summaries, types.ChangeSetSummary{
			ChangeSetId: &x.ID, ChangeSetName: &x.Name, StackId: &x.StackID, StackName: &x.StackName, CreationTime: at(x.Created),
			Status: types.ChangeSetStatus(x.Status), StatusReason: optional(x.Reason), ExecutionStatus: types.ExecutionStatus(x.Execution),
			Description: optional(x.Description), IncludeNestedStacks: aws.Bool(false)})
	}
	return out, nil
}

// changesOf words a plan's changes as a change set shows them.
func changesOf(changes []template.Change, rows standing) []types.Change {
	var out []types.Change
	for _, c := range changes {
		rc := &types.ResourceChange{Action: types.ChangeAction(c.Action), LogicalResourceId: aws.String(c.ID), ResourceType: aws.String(c.Type)}
		if r := rows[c.ID]; r != nil {
			rc.PhysicalResourceId = optional(r.Physical)
			if c.Action == template.Remove && (r.Doc.DeletionPolicy == "Retain" || r.Doc.DeletionPolicy == "RetainExceptOnCreate") {
				rc.PolicyAction = types.PolicyActionRetain
			}
		}
		if c.Action == template.Modify {
			rc.Replacement = replacement(c.Replacement)
			for _, s := range c.Scope {
				rc.Scope = append(rc.Scope, types.ResourceAttribute(s))
			}
			for _, d := range c.Details {
				rc.Details = append(rc.Details, detailOf(d))
			}
		}
		out = append(out, types.Change{Type: types.ChangeTypeResource, ResourceChange: rc})
	}
	return out
}

func replacement(r template.Replacement) types.Replacement {
	switch r {
	case template.ReplaceTrue:
		return types.ReplacementTrue
	case template.Maybe:
		return types.ReplacementConditional
	}
	return types.ReplacementFalse
}

func detailOf(d template.Detail) types.ResourceChangeDetail {
	evaluation := types.EvaluationTypeDynamic
	if d.Static {
		evaluation = types.EvaluationTypeStatic
	}
	target := &types.ResourceTargetDefinition{Attribute: types.ResourceAttribute(d.Attribute)}
	if d.Attribute == "Properties" {
		target.Name, target.RequiresRecreation = aws.String(d.Name), types.RequiresRecreation(d.RequiresRecreation)
	}
	return types.ResourceChangeDetail{Evaluation: evaluation, ChangeSource: types.ChangeSource(d.Source),
		CausingEntity: optional(d.CausingEntity), Target: target}
}
