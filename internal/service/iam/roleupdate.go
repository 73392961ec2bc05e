package iam

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/headgate/headgate/internal/db"
)

// UpdateRoleDescription is UpdateRole's predecessor, which Terraform still calls.
func (s *Service) UpdateRoleDescription(ctx context.Context, in *iam.UpdateRoleDescriptionInput, _ ...func(*iam.Options)) (*iam.UpdateRoleDescriptionOutput, error) {
	out := &iam.UpdateRoleDescriptionOutput{}
	return out, s.changeRole(ctx, in.RoleName, func(_ *db.Tx, r *role) error {
		r.Role.Description = in.Description
		changed := r.Role
		out.Role = &changed
		return nil
	})
}

// PutRolePermissionsBoundary names the policy that bounds the role. Like all policies it is kept, not enforced.
func (s *Service) PutRolePermissionsBoundary(ctx context.Context, in *iam.PutRolePermissionsBoundaryInput, _ ...func(*iam.Options)) (*iam.PutRolePermissionsBoundaryOutput, error) {
	return &iam.PutRolePermissionsBoundaryOutput{}, s.changeRole(ctx, in.RoleName, func(_ *db.Tx, r *role) error {
		r.Role.PermissionsBoundary = boundary(in.PermissionsBoundary)
		return nil
	})
}

// DeleteRolePermissionsBoundary takes the boundary away.
func (s *Service) DeleteRolePermissionsBoundary(ctx context.Context, in *iam.DeleteRolePermissionsBoundaryInput, _ ...func(*iam.Options)) (*iam.DeleteRolePermissionsBoundaryOutput, error) {
	return &iam.DeleteRolePermissionsBoundaryOutput{}, s.changeRole(ctx, in.RoleName, func(_ *db.Tx, r *role) error {
		if r.Role.PermissionsBoundary == nil {
			return &types.NoSuchEntityException{Message: aws.String("Role " + aws.ToString(in.RoleName) + " does not have a permission boundary")}
		}
		r.Role.PermissionsBoundary = nil
		return nil
	})
}

func boundary(policyARN *string) *types.AttachedPermissionsBoundary {
	if policyARN == nil {
		return nil
	}
	return &types.AttachedPermissionsBoundary{PermissionsBoundaryArn: policyARN, PermissionsBoundaryType: types.PermissionsBoundaryAttachmentTypePolicy}
}
