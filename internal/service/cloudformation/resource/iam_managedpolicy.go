package resource

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
)

// iamManagedPolicy is AWS::IAM::ManagedPolicy. Its physical id is its ARN.
type iamManagedPolicy struct{ iam IAM }

func (*iamManagedPolicy) Schema() *Schema {
	return schema("AWS::IAM::ManagedPolicy", `
		ManagedPolicyName*
		Path*
		Description*
		PolicyDocument! json
		Roles[]
	`).with(func(s *Schema) {
		s.Attributes = []string{"PolicyArn"}
		s.Name = NameRule{Property: "ManagedPolicyName", Max: 128}
		s.IAM = true
	})
}

func policyArn(ctx context.Context, r Request) string {
	path := r.Properties.text("Path")
	if path == "" {
		path = "/"
	}
	return arn.Global(caller.From(ctx), "iam", "policy"+path+r.Name)
}

func (h *iamManagedPolicy) Exists(ctx context.Context, r Request) (bool, error) {
	_, err := h.iam.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(policyArn(ctx, r))})
	return exists(err, "NoSuchEntity")
}

func (h *iamManagedPolicy) Create(ctx context.Context, r Request) (Result, error) {
	document, err := r.Properties.document("PolicyDocument")
	if err != nil {
		return Result{}, err
	}
	in := &iam.CreatePolicyInput{}
	if err := Decode(r.Properties.without("PolicyDocument"), in); err != nil {
		return Result{}, err
	}
	in.PolicyName, in.PolicyDocument = &r.Name, document
	in.Tags = tagList(r, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })
	_, err = h.iam.CreatePolicy(ctx, in)
	if unless(err, "EntityAlreadyExists") != nil {
		return Result{}, err
	}
	return h.attach(ctx, r, policyArn(ctx, r))
}

func (h *iamManagedPolicy) Update(ctx context.Context, r Request) (Result, error) {
	document, err := r.Properties.document("PolicyDocument")
	if err != nil {
		return Result{}, err
	}
	before, _ := r.Previous.document("PolicyDocument")
	if aws.ToString(before) != aws.ToString(document) {
		if err := h.prune(ctx, r.PhysicalID, 4); err != nil { // a policy has five versions at most
			return Result{}, err
		}
		if _, err := h.iam.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: &r.PhysicalID, PolicyDocument: document, SetAsDefault: true}); err != nil {
			return Result{}, err
		}
	}
	return h.attach(ctx, r, r.PhysicalID)
}

// prune deletes versions that are not the default one, oldest first, until keep are left.
func (h *iamManagedPolicy) prune(ctx context.Context, id string, keep int) error {
	out, err := h.iam.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: &id})
	if err != nil {
		return err
	}
	versions := slices.Clone(out.Versions)
	slices.SortFunc(versions, func(a, b types.PolicyVersion) int {
		return aws.ToTime(a.CreateDate).Compare(aws.ToTime(b.CreateDate))
	})
	for _, v := range versions {
		if len(out.Versions) <= keep {
			return nil
		}
		if v.IsDefaultVersion {
			continue
		}
		if _, err := h.iam.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: &id, VersionId: v.VersionId}); err != nil {
			return err
		}
		out.Versions = out.Versions[1:]
	}
	return nil
}

func (h *iamManagedPolicy) attach(ctx context.Context, r Request, id string) (Result, error) {
	roles := r.Properties.texts("Roles")
	for _, role := range roles {
		if _, err := h.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &role, PolicyArn: &id}); err != nil {
			return Result{}, err
		}
	}
	for _, role := range r.Previous.texts("Roles") {
		if slices.Contains(roles, role) {
			continue
		}
		_, err := h.iam.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &role, PolicyArn: &id})
		if unless(err, "NoSuchEntity") != nil {
			return Result{}, err
		}
	}
	return Result{PhysicalID: id, Attributes: map[string]any{"PolicyArn": id}}, nil
}

func (h *iamManagedPolicy) Delete(ctx context.Context, r Request) (Result, error) {
	id := r.PhysicalID
	if id == r.Name { // what an attempt that did not end may have made
		id = policyArn(ctx, r)
	}
	bare := r
	bare.Previous, bare.Properties = r.Properties, Properties{}
	if _, err := h.attach(ctx, bare, id); err != nil {
		return Result{}, err
	}
	if err := h.prune(ctx, id, 1); unless(err, "NoSuchEntity") != nil {
		return Result{}, err
	}
	_, err := h.iam.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: &id})
	return Result{}, unless(err, "NoSuchEntity")
}
