package iam

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// maxVersions is IAM's limit of versions that a managed policy keeps.
const maxVersions = 5

// CreatePolicy makes a customer-managed policy with version v1.
func (s *Service) CreatePolicy(ctx context.Context, in *iam.CreatePolicyInput, _ ...func(*iam.Options)) (*iam.CreatePolicyOutput, error) {
	if err := checkDocument(aws.ToString(in.PolicyDocument)); err != nil {
		return nil, err
	}
	c, path, now := caller.From(ctx), "/", s.clock.Now()
	if in.Path != nil {
		path = *in.Path
	}
	name := arn.Global(c, "iam", "policy"+path+aws.ToString(in.PolicyName))
	p := policy{Next: 2,
		Policy: types.Policy{Arn: &name, PolicyName: in.PolicyName, PolicyId: aws.String("ANPA" + id.Suffix(17)), Path: &path,
			Description: in.Description, DefaultVersionId: aws.String("v1"), IsAttachable: true, AttachmentCount: aws.Int32(0),
			PermissionsBoundaryUsageCount: aws.Int32(0), CreateDate: &now, UpdateDate: &now, Tags: in.Tags},
		Versions: []types.PolicyVersion{{VersionId: aws.String("v1"), IsDefaultVersion: true, CreateDate: &now, Document: in.PolicyDocument}}}
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := read[policy](tx, policies, c.Account, name); !missing(err) {
			if err != nil {
				return err
			}
			return &types.EntityAlreadyExistsException{Message: aws.String(fmt.Sprintf("A policy called %s already exists. Duplicate names are not allowed.", aws.ToString(in.PolicyName)))}
		}
		return write(tx, policies, c.Account, name, p)
	})
	if err != nil {
		return nil, err
	}
	return &iam.CreatePolicyOutput{Policy: &p.Policy}, nil
}

// GetPolicy answers a policy. Of AWS's own policies only the name is known.
func (s *Service) GetPolicy(ctx context.Context, in *iam.GetPolicyInput, _ ...func(*iam.Options)) (*iam.GetPolicyOutput, error) {
	p, err := s.policy(ctx, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	return &iam.GetPolicyOutput{Policy: &p.Policy}, nil
}

// ListPolicies answers the account's policies by ARN. Of scope AWS it knows none.
func (s *Service) ListPolicies(ctx context.Context, in *iam.ListPoliciesInput, _ ...func(*iam.Options)) (*iam.ListPoliciesOutput, error) {
	out := &iam.ListPoliciesOutput{Policies: []types.Policy{}}
	if in.Scope == types.PolicyScopeTypeAws {
		return out, nil
	}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		all, err := list[policy](tx, policies, caller.From(ctx).Account)
		for _, p := range all {
			if strings.HasPrefix(aws.ToString(p.Policy.Path), aws.ToString(in.PathPrefix)) && (!in.OnlyAttached || aws.ToInt32(p.Policy.AttachmentCount) > 0) {
				out.Policies = append(out.Policies, p.Policy)
			}
		}
		return err
	})
	return out, err
}

// DeletePolicy removes a policy that is attached to nothing and has its default version alone.
func (s *Service) DeletePolicy(ctx context.Context, in *iam.DeletePolicyInput, _ ...func(*iam.Options)) (*iam.DeletePolicyOutput, error) {
	return &iam.DeletePolicyOutput{}, s.changePolicy(ctx, in.PolicyArn, func(p *policy) error {
		if aws.ToInt32(p.Policy.AttachmentCount) > 0 {
			return &types.DeleteConflictException{Message: aws.String("Cannot delete a policy attached to entities.")}
		}
		if len(p.Versions) > 1 {
			return &types.DeleteConflictException{Message: aws.String("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")}
		}
		return errDeleted
	})
}

// CreatePolicyVersion adds a version, as the default one on request.
func (s *Service) CreatePolicyVersion(ctx context.Context, in *iam.CreatePolicyVersionInput, _ ...func(*iam.Options)) (*iam.CreatePolicyVersionOutput, error) {
	if err := checkDocument(aws.ToString(in.PolicyDocument)); err != nil {
		return nil, err
	}
	now := s.clock.Now()
	var v types.PolicyVersion
	err := s.changePolicy(ctx, in.PolicyArn, func(p *policy) error {
		if len(p.Versions) >= maxVersions {
			return &types.LimitExceededException{Message: aws.String("A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.")}
		}
		v = types.PolicyVersion{VersionId: aws.String(fmt.Sprint("v", p.Next)), CreateDate: &now, Document: in.PolicyDocument}
		p.Versions, p.Next = append(p.Versions, v), p.Next+1
		if in.SetAsDefault {
			p.setDefault(*v.VersionId)
			v.IsDefaultVersion = true
		}
		p.Policy.UpdateDate = &now
		return nil
	})
	if err != nil {
		return nil, err
	}
	v.Document = nil
	return &iam.CreatePolicyVersionOutput{PolicyVersion: &v}, nil
}

// SetDefaultPolicyVersion chooses the version in force.
func (s *Service) SetDefaultPolicyVersion(ctx context.Context, in *iam.SetDefaultPolicyVersionInput, _ ...func(*iam.Options)) (*iam.SetDefaultPolicyVersionOutput, error) {
	return &iam.SetDefaultPolicyVersionOutput{}, s.changePolicy(ctx, in.PolicyArn, func(p *policy) error {
		if p.version(in.VersionId) < 0 {
			return noVersion(in.PolicyArn, in.VersionId)
		}
		p.setDefault(*in.VersionId)
		return nil
	})
}

// DeletePolicyVersion removes a version that is not the default.
func (s *Service) DeletePolicyVersion(ctx context.Context, in *iam.DeletePolicyVersionInput, _ ...func(*iam.Options)) (*iam.DeletePolicyVersionOutput, error) {
	return &iam.DeletePolicyVersionOutput{}, s.changePolicy(ctx, in.PolicyArn, func(p *policy) error {
		i := p.version(in.VersionId)
		if i < 0 {
			return noVersion(in.PolicyArn, in.VersionId)
		}
		if p.Versions[i].IsDefaultVersion {
			return &types.DeleteConflictException{Message: aws.String("Cannot delete the default version of a policy.")}
		}
		p.Versions = slices.Delete(p.Versions, i, i+1)
		return nil
	})
}

// GetPolicyVersion answers a version with its document, URL-encoded.
func (s *Service) GetPolicyVersion(ctx context.Context, in *iam.GetPolicyVersionInput, _ ...func(*iam.Options)) (*iam.GetPolicyVersionOutput, error) {
	p, err := s.policy(ctx, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	i := p.version(in.VersionId)
	if i < 0 {
		return nil, noVersion(in.PolicyArn, in.VersionId)
	}
	v := p.Versions[i]
	v.Document = aws.String(escaped(aws.ToString(v.Document)))
	return &iam.GetPolicyVersionOutput{PolicyVersion: &v}, nil
}

// ListPolicyVersions answers the versions, newest first, without their documents.
func (s *Service) ListPolicyVersions(ctx context.Context, in *iam.ListPolicyVersionsInput, _ ...func(*iam.Options)) (*iam.ListPolicyVersionsOutput, error) {
	p, err := s.policy(ctx, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	out := &iam.ListPolicyVersionsOutput{Versions: []types.PolicyVersion{}}
	for _, v := range slices.Backward(p.Versions) {
		v.Document = nil
		out.Versions = append(out.Versions, v)
	}
	return out, nil
}

func (p *policy) version(name *string) int {
	return slices.IndexFunc(p.Versions, func(v types.PolicyVersion) bool { return aws.ToString(v.VersionId) == aws.ToString(name) })
}

func (p *policy) setDefault(name string) {
	p.Policy.DefaultVersionId = &name
	for i := range p.Versions {
		p.Versions[i].IsDefaultVersion = aws.ToString(p.Versions[i].VersionId) == name
	}
}

func noVersion(policyARN, version *string) error {
	return &types.NoSuchEntityException{Message: aws.String(fmt.Sprintf("Policy %s version %s does not exist or is not attachable.", aws.ToString(policyARN), aws.ToString(version)))}
}

func noPolicy(err error, name string) error {
	if missing(err) {
		return &types.NoSuchEntityException{Message: aws.String(fmt.Sprintf("Policy %s does not exist or is not attachable.", name))}
	}
	return err
}

func (s *Service) policy(ctx context.Context, name *string) (p policy, err error) {
	if n := aws.ToString(name); awsManaged(n) {
		return policy{Policy: types.Policy{Arn: name, PolicyName: aws.String(n[strings.LastIndex(n, "/")+1:]), Path: aws.String("/"),
			DefaultVersionId: aws.String("v1"), IsAttachable: true}}, nil
	}
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		p, err = read[policy](tx, policies, caller.From(ctx).Account, aws.ToString(name))
		return noPolicy(err, aws.ToString(name))
	})
	return p, err
}

func (s *Service) changePolicy(ctx context.Context, name *string, change func(*policy) error) error {
	account := caller.From(ctx).Account
	return s.db.Update(ctx, func(tx *db.Tx) error {
		p, err := read[policy](tx, policies, account, aws.ToString(name))
		if err != nil {
			return noPolicy(err, aws.ToString(name))
		}
		err = change(&p)
		if errors.Is(err, errDeleted) {
			return remove(tx, policies, account, *name)
		}
		if err != nil {
			return err
		}
		return write(tx, policies, account, *name, p)
	})
}
