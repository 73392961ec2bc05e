package iam

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// ListEntitiesForPolicy answers the roles that a managed policy is attached to; there are no users and groups.
func (s *Service) ListEntitiesForPolicy(ctx context.Context, in *iam.ListEntitiesForPolicyInput, _ ...func(*iam.Options)) (*iam.ListEntitiesForPolicyOutput, error) {
	if _, err := s.policy(ctx, in.PolicyArn); err != nil {
		return nil, err
	}
	out := &iam.ListEntitiesForPolicyOutput{PolicyRoles: []types.PolicyRole{}, PolicyGroups: []types.PolicyGroup{}, PolicyUsers: []types.PolicyUser{}}
	if in.EntityFilter != "" && in.EntityFilter != types.EntityTypeRole {
		return out, nil
	}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		all, err := list[role](tx, roles, caller.From(ctx).Account)
		for _, r := range all {
			if slices.Contains(r.Attached, aws.ToString(in.PolicyArn)) && strings.HasPrefix(aws.ToString(r.Role.Path), aws.ToString(in.PathPrefix)) {
				out.PolicyRoles = append(out.PolicyRoles, types.PolicyRole{RoleName: r.Role.RoleName, RoleId: r.Role.RoleId})
			}
		}
		return err
	})
	return out, err
}

// TagPolicy adds tags to a managed policy or replaces their values.
func (s *Service) TagPolicy(ctx context.Context, in *iam.TagPolicyInput, _ ...func(*iam.Options)) (*iam.TagPolicyOutput, error) {
	return &iam.TagPolicyOutput{}, s.changePolicy(ctx, in.PolicyArn, func(p *policy) error {
		for _, t := range in.Tags {
			p.Policy.Tags = append(without(p.Policy.Tags, aws.ToString(t.Key)), t)
		}
		return nil
	})
}

// UntagPolicy removes tags by key.
func (s *Service) UntagPolicy(ctx context.Context, in *iam.UntagPolicyInput, _ ...func(*iam.Options)) (*iam.UntagPolicyOutput, error) {
	return &iam.UntagPolicyOutput{}, s.changePolicy(ctx, in.PolicyArn, func(p *policy) error {
		p.Policy.Tags = without(p.Policy.Tags, in.TagKeys...)
		return nil
	})
}

// ListPolicyTags answers a managed policy's tags.
func (s *Service) ListPolicyTags(ctx context.Context, in *iam.ListPolicyTagsInput, _ ...func(*iam.Options)) (*iam.ListPolicyTagsOutput, error) {
	p, err := s.policy(ctx, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	return &iam.ListPolicyTagsOutput{Tags: append([]types.Tag{}, p.Policy.Tags...)}, nil
}
