package iam

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// CreateRole makes a role; its name is unique in the account.
func (s *Service) CreateRole(ctx context.Context, in *iam.CreateRoleInput, _ ...func(*iam.Options)) (*iam.CreateRoleOutput, error) {
	c, name := caller.From(ctx), aws.ToString(in.RoleName)
	if err := checkDocument(aws.ToString(in.AssumeRolePolicyDocument)); err != nil {
		return nil, err
	}
	path := "/"
	if in.Path != nil {
		path = *in.Path
	}
	now := s.clock.Now()
	r := role{Inline: map[string]string{}, Role: types.Role{
		RoleName: aws.String(name), RoleId: aws.String("AROA" + id.Suffix(17)), Path: aws.String(path),
		Arn:                      aws.String(arn.Global(c, "iam", "role"+path+name)),
		AssumeRolePolicyDocument: aws.String(escaped(aws.ToString(in.AssumeRolePolicyDocument))),
		CreateDate:               &now, Description: in.Description, Tags: in.Tags, MaxSessionDuration: in.MaxSessionDuration,
		PermissionsBoundary: boundary(in.PermissionsBoundary),
	}}
	if r.Role.MaxSessionDuration == nil {
		r.Role.MaxSessionDuration = aws.Int32(3600)
	}
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := read[role](tx, roles, c.Account, name); !missing(err) {
			if err != nil {
				return err
			}
			return &types.EntityAlreadyExistsException{Message: aws.String("Role with name " + name + " already exists.")}
		}
		return write(tx, roles, c.Account, name, r)
	})
	if err != nil {
		return nil, err
	}
	return &iam.CreateRoleOutput{Role: &r.Role}, nil
}

// GetRole answers one role. Its trust policy is URL-encoded, as IAM answers documents.
func (s *Service) GetRole(ctx context.Context, in *iam.GetRoleInput, _ ...func(*iam.Options)) (*iam.GetRoleOutput, error) {
	r, err := s.role(ctx, in.RoleName)
	if err != nil {
		return nil, err
	}
	r.Role.RoleLastUsed = &types.RoleLastUsed{} // not recorded; AWS answers an empty one then
	return &iam.GetRoleOutput{Role: &r.Role}, nil
}

// ListRoles answers the account's roles by name.
func (s *Service) ListRoles(ctx context.Context, in *iam.ListRolesInput, _ ...func(*iam.Options)) (*iam.ListRolesOutput, error) {
	out := &iam.ListRolesOutput{Roles: []types.Role{}}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		all, err := list[role](tx, roles, caller.From(ctx).Account)
		for _, r := range all {
			if strings.HasPrefix(aws.ToString(r.Role.Path), aws.ToString(in.PathPrefix)) {
				r.Role.Tags = nil // ListRoles leaves them out
				out.Roles = append(out.Roles, r.Role)
			}
		}
		return err
	})
	return out, err
}

// DeleteRole removes a role without policies; with policies it answers DeleteConflict.
func (s *Service) DeleteRole(ctx context.Context, in *iam.DeleteRoleInput, _ ...func(*iam.Options)) (*iam.DeleteRoleOutput, error) {
	return &iam.DeleteRoleOutput{}, s.changeRole(ctx, in.RoleName, func(tx *db.Tx, r *role) error {
		if len(r.Attached) > 0 {
			return &types.DeleteConflictException{Message: aws.String("Cannot delete entity, must detach all policies first.")}
		}
		if len(r.Inline) > 0 {
			return &types.DeleteConflictException{Message: aws.String("Cannot delete entity, must delete policies first.")}
		}
		return errDeleted
	})
}

// UpdateRole changes the description and the session's length.
func (s *Service) UpdateRole(ctx context.Context, in *iam.UpdateRoleInput, _ ...func(*iam.Options)) (*iam.UpdateRoleOutput, error) {
	return &iam.UpdateRoleOutput{}, s.changeRole(ctx, in.RoleName, func(_ *db.Tx, r *role) error {
		if in.Description != nil {
			r.Role.Description = in.Description
		}
		if in.MaxSessionDuration != nil {
			r.Role.MaxSessionDuration = in.MaxSessionDuration
		}
		return nil
	})
}

// UpdateAssumeRolePolicy replaces the trust policy.
func (s *Service) UpdateAssumeRolePolicy(ctx context.Context, in *iam.UpdateAssumeRolePolicyInput, _ ...func(*iam.Options)) (*iam.UpdateAssumeRolePolicyOutput, error) {
	if err := checkDocument(aws.ToString(in.PolicyDocument)); err != nil {
		return nil, err
	}
	return &iam.UpdateAssumeRolePolicyOutput{}, s.changeRole(ctx, in.RoleName, func(_ *db.Tx, r *role) error {
		r.Role.AssumeRolePolicyDocument = aws.String(escaped(*in.PolicyDocument))
		return nil
	})
}

// TagRole adds tags or replaces their values.
func (s *Service) TagRole(ctx context.Context, in *iam.TagRoleInput, _ ...func(*iam.Options)) (*iam.TagRoleOutput, error) {
	return &iam.TagRoleOutput{}, s.changeRole(ctx, in.RoleName, func(_ *db.Tx, r *role) error {
		for _, t := range in.Tags {
			r.Role.Tags = append(without(r.Role.Tags, aws.ToString(t.Key)), t)
		}
		return nil
	})
}

// UntagRole removes tags by key.
func (s *Service) UntagRole(ctx context.Context, in *iam.UntagRoleInput, _ ...func(*iam.Options)) (*iam.UntagRoleOutput, error) {
	return &iam.UntagRoleOutput{}, s.changeRole(ctx, in.RoleName, func(_ *db.Tx, r *role) error {
		r.Role.Tags = without(r.Role.Tags, in.TagKeys...)
		return nil
	})
}

// ListRoleTags answers a role's tags.
func (s *Service) ListRoleTags(ctx context.Context, in *iam.ListRoleTagsInput, _ ...func(*iam.Options)) (*iam.ListRoleTagsOutput, error) {
	r, err := s.role(ctx, in.RoleName)
	if err != nil {
		return nil, err
	}
	return &iam.ListRoleTagsOutput{Tags: append([]types.Tag{}, r.Role.Tags...)}, nil
}

// ListInstanceProfilesForRole answers none: Headgate has no instance profiles, and tools ask before
// they delete a role.
func (s *Service) ListInstanceProfilesForRole(ctx context.Context, in *iam.ListInstanceProfilesForRoleInput, _ ...func(*iam.Options)) (*iam.ListInstanceProfilesForRoleOutput, error) {
	if _, err := s.role(ctx, in.RoleName); err != nil {
		return nil, err
	}
	return &iam.ListInstanceProfilesForRoleOutput{InstanceProfiles: []types.InstanceProfile{}}, nil
}

func without(tags []types.Tag, keys ...string) (kept []types.Tag) {
next:
	for _, t := range tags {
		for _, k := range keys {
			if aws.ToString(t.Key) == k {
				continue next
			}
		}
		kept = append(kept, t)
	}
	return kept
}

func (s *Service) role(ctx context.Context, name *string) (r role, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		r, err = read[role](tx, roles, caller.From(ctx).Account, aws.ToString(name))
		return noRole(err, name)
	})
	return r, err
}

func noRole(err error, name *string) error {
	if missing(err) {
		return &types.NoSuchEntityException{Message: aws.String("The role with name " + aws.ToString(name) + " cannot be found.")}
	}
	return err
}

// errDeleted tells changeRole to remove the role instead of writing it.
var errDeleted = errors.New("deleted")

// changeRole reads, changes and writes a role in one transaction.
func (s *Service) changeRole(ctx context.Context, name *string, change func(*db.Tx, *role) error) error {
	account := caller.From(ctx).Account
	return s.db.Update(ctx, func(tx *db.Tx) error {
		r, err := read[role](tx, roles, account, aws.ToString(name))
		if err != nil {
			return noRole(err, name)
		}
		if r.Inline == nil {
			r.Inline = map[string]string{}
		}
		err = change(tx, &r)
		if errors.Is(err, errDeleted) {
			return remove(tx, roles, account, *name)
		}
		if err != nil {
			return err
		}
		return write(tx, roles, account, *name, r)
	})
}

// checkDocument refuses a policy that is not a JSON object, in IAM's words.
func checkDocument(doc string) error {
	var v map[string]any
	if err := json.Unmarshal([]byte(doc), &v); err != nil {
		return &types.MalformedPolicyDocumentException{Message: aws.String("This policy contains invalid Json")}
	}
	if v["Statement"] == nil {
		return &types.MalformedPolicyDocumentException{Message: aws.String("Syntax errors in policy.")}
	}
	return nil
}
