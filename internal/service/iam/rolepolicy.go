package iam

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// PutRolePolicy writes an inline policy.
func (s *Service) PutRolePolicy(ctx context.Context, in *iam.PutRolePolicyInput, _ ...func(*iam.Options)) (*iam.PutRolePolicyOutput, error) {
	if err := checkDocument(aws.ToString(in.PolicyDocument)); err != nil {
		return nil, err
	}
	return &iam.PutRolePolicyOutput{}, s.changeRole(ctx, in.RoleName, func(_ *db.Tx, r *role) error {
		r.Inline[aws.ToString(in.PolicyName)] = *in.PolicyDocument
		return nil
	})
}

// GetRolePolicy answers an inline policy, URL-encoded.
func (s *Service) GetRolePolicy(ctx context.Context, in *iam.GetRolePolicyInput, _ ...func(*iam.Options)) (*iam.GetRolePolicyOutput, error) {
	r, err := s.role(ctx, in.RoleName)
	if err != nil {
		return nil, err
	}
	doc, ok := r.Inline[aws.ToString(in.PolicyName)]
	if !ok {
		return nil, noInline(in.PolicyName)
	}
	return &iam.GetRolePolicyOutput{RoleName: in.RoleName, PolicyName: in.PolicyName, PolicyDocument: aws.String(escaped(doc))}, nil
}

// DeleteRolePolicy removes an inline policy.
func (s *Service) DeleteRolePolicy(ctx context.Context, in *iam.DeleteRolePolicyInput, _ ...func(*iam.Options)) (*iam.DeleteRolePolicyOutput, error) {
	return &iam.DeleteRolePolicyOutput{}, s.changeRole(ctx, in.RoleName, func(_ *db.Tx, r *role) error {
		if _, ok := r.Inline[aws.ToString(in.PolicyName)]; !ok {
			return noInline(in.PolicyName)
		}
		delete(r.Inline, *in.PolicyName)
		return nil
	})
}

func noInline(name *string) error {
	return &types.NoSuchEntityException{Message: aws.String("The role policy with name " + aws.ToString(name) + " cannot be found.")}
}

// ListRolePolicies answers the names of the inline policies.
func (s *Service) ListRolePolicies(ctx context.Context, in *iam.ListRolePoliciesInput, _ ...func(*iam.Options)) (*iam.ListRolePoliciesOutput, error) {
	r, err := s.role(ctx, in.RoleName)
	if err != nil {
		return nil, err
	}
	return &iam.ListRolePoliciesOutput{PolicyNames: append([]string{}, slices.Sorted(maps.Keys(r.Inline))...)}, nil
}

// AttachRolePolicy attaches a managed policy: one of AWS's, by any name, or one of the account's.
func (s *Service) AttachRolePolicy(ctx context.Context, in *iam.AttachRolePolicyInput, _ ...func(*iam.Options)) (*iam.AttachRolePolicyOutput, error) {
	account, name := caller.From(ctx).Account, aws.ToString(in.PolicyArn)
	return &iam.AttachRolePolicyOutput{}, s.changeRole(ctx, in.RoleName, func(tx *db.Tx, r *role) error {
		if slices.Contains(r.Attached, name) {
			return nil
		}
		if err := s.countAttachment(tx, account, name, 1); err != nil {
			return err
		}
		r.Attached = append(r.Attached, name)
		return nil
	})
}

// DetachRolePolicy undoes AttachRolePolicy.
func (s *Service) DetachRolePolicy(ctx context.Context, in *iam.DetachRolePolicyInput, _ ...func(*iam.Options)) (*iam.DetachRolePolicyOutput, error) {
	account, name := caller.From(ctx).Account, aws.ToString(in.PolicyArn)
	return &iam.DetachRolePolicyOutput{}, s.changeRole(ctx, in.RoleName, func(tx *db.Tx, r *role) error {
		i := slices.Index(r.Attached, name)
		if i < 0 {
			return &types.NoSuchEntityException{Message: aws.String(fmt.Sprintf("Policy %s was not found.", name))}
		}
		r.Attached = slices.Delete(r.Attached, i, i+1)
		return s.countAttachment(tx, account, name, -1)
	})
}

// countAttachment keeps the number of a customer-managed policy's attachments.
func (s *Service) countAttachment(tx *db.Tx, account, name string, by int32) error {
	if awsManaged(name) {
		return nil
	}
	p, err := read[policy](tx, policies, account, name)
	if err != nil {
		return noPolicy(err, name)
	}
	p.Policy.AttachmentCount = aws.Int32(aws.ToInt32(p.Policy.AttachmentCount) + by)
	return write(tx, policies, account, name, p)
}

// ListAttachedRolePolicies answers the managed policies of a role.
func (s *Service) ListAttachedRolePolicies(ctx context.Context, in *iam.ListAttachedRolePoliciesInput, _ ...func(*iam.Options)) (*iam.ListAttachedRolePoliciesOutput, error) {
	r, err := s.role(ctx, in.RoleName)
	if err != nil {
		return nil, err
	}
	out := &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: []types.AttachedPolicy{}}
	for _, a := range r.Attached {
		out.AttachedPolicies = append(out.AttachedPolicies, types.AttachedPolicy{
			PolicyArn: aws.String(a), PolicyName: aws.String(a[strings.LastIndex(a, "/")+1:])})
	}
	return out, nil
}

// awsManaged tells whether an ARN names one of AWS's own policies. Headgate does not carry their texts.
func awsManaged(name string) bool {
	return strings.HasPrefix(name, "arn:aws") && strings.Contains(name, ":iam::aws:policy/")
}
