package resource

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// iamRole is AWS::IAM::Role with its inline policies and attachments.
type iamRole struct{ iam IAM }

func (*iamRole) Schema() *Schema {
	return schema("AWS::IAM::Role", `
		RoleName*
		Path*
		AssumeRolePolicyDocument! json
		Description
		MaxSessionDuration int
		PermissionsBoundary
		ManagedPolicyArns[]
		Policies[].PolicyName!
		Policies[].PolicyDocument! json
		Tags[].Key!
		Tags[].Value!
	`).with(func(s *Schema) {
		s.Attributes = []string{"Arn", "RoleId"}
		s.Name = NameRule{Property: "RoleName", Max: 64}
		s.IAM = true
	})
}

func (h *iamRole) Exists(ctx context.Context, r Request) (bool, error) {
	_, err := h.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &r.Name})
	return exists(err, "NoSuchEntity")
}

func (h *iamRole) Create(ctx context.Context, r Request) (Result, error) {
	in := &iam.CreateRoleInput{}
	if err := Decode(r.Properties.without("AssumeRolePolicyDocument", "Tags"), in); err != nil {
		return Result{}, err
	}
	trust, err := r.Properties.document("AssumeRolePolicyDocument")
	if err != nil {
		return Result{}, err
	}
	in.RoleName, in.AssumeRolePolicyDocument = &r.Name, trust
	in.Tags = tagList(r, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })
	_, err = h.iam.CreateRole(ctx, in)
	if unless(err, "EntityAlreadyExists") != nil {
		return Result{}, err
	}
	return h.equip(ctx, r, r.Name)
}

func (h *iamRole) Update(ctx context.Context, r Request) (Result, error) {
	trust, err := r.Properties.document("AssumeRolePolicyDocument")
	if err != nil {
		return Result{}, err
	}
	if _, err := h.iam.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &r.PhysicalID, PolicyDocument: trust}); err != nil {
		return Result{}, err
	}
	in := &iam.UpdateRoleInput{Description: aws.String(""), MaxSessionDuration: aws.Int32(3600)}
	if err := Decode(Properties{"Description": r.Properties["Description"], "MaxSessionDuration": r.Properties["MaxSessionDuration"]}, in); err != nil {
		return Result{}, err
	}
	in.RoleName = &r.PhysicalID
	if _, err := h.iam.UpdateRole(ctx, in); err != nil {
		return Result{}, err
	}
	if err := h.retag(ctx, r); err != nil {
		return Result{}, err
	}
	return h.equip(ctx, r, r.PhysicalID)
}

// equip makes the role's policies those wanted. It takes away only what the previous properties
// had: other resources, such as an AWS::IAM::Policy, may have added theirs.
func (h *iamRole) equip(ctx context.Context, r Request, role string) (Result, error) {
	wanted := r.Properties.texts("ManagedPolicyArns")
	for _, a := range r.Previous.texts("ManagedPolicyArns") {
		if slices.Contains(wanted, a) {
			continue
		}
		_, err := h.iam.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &role, PolicyArn: &a})
		if unless(err, "NoSuchEntity") != nil {
			return Result{}, err
		}
	}
	for _, a := range wanted {
		if _, err := h.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &role, PolicyArn: &a}); err != nil {
			return Result{}, err
		}
	}
	names := map[string]bool{}
	for _, p := range inlinePolicies(r.Properties) {
		names[p.text("PolicyName")] = true
		document, err := p.document("PolicyDocument")
		if err != nil {
			return Result{}, err
		}
		_, err = h.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &role, PolicyName: aws.String(p.text("PolicyName")), PolicyDocument: document})
		if err != nil {
			return Result{}, err
		}
	}
	for _, p := range inlinePolicies(r.Previous) {
		if names[p.text("PolicyName")] {
			continue
		}
		_, err := h.iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &role, PolicyName: aws.String(p.text("PolicyName"))})
		if unless(err, "NoSuchEntity") != nil {
			return Result{}, err
		}
	}
	out, err := h.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &role})
	if err != nil {
		return Result{}, err
	}
	return Result{PhysicalID: role, Attributes: map[string]any{
		"Arn": aws.ToString(out.Role.Arn), "RoleId": aws.ToString(out.Role.RoleId)}}, nil
}

func inlinePolicies(p Properties) []Properties {
	var out []Properties
	for _, item := range p.list("Policies") {
		if m, ok := item.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func (h *iamRole) retag(ctx context.Context, r Request) error {
	api, ok := h.iam.(IAMTags)
	if !ok {
		return nil
	}
	return retag(r, func(map[string]string) error {
		_, err := api.TagRole(ctx, &iam.TagRoleInput{RoleName: &r.PhysicalID, Tags: tagList(r, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })})
		return err
	}, func(keys []string) error {
		_, err := api.UntagRole(ctx, &iam.UntagRoleInput{RoleName: &r.PhysicalID, TagKeys: keys})
		return err
	})
}

func (h *iamRole) Delete(ctx context.Context, r Request) (Result, error) {
	bare := r
	bare.Previous, bare.Properties = r.Properties, Properties{}
	if _, err := h.equip(ctx, bare, r.PhysicalID); unless(err, "NoSuchEntity") != nil {
		return Result{}, err
	}
	_, err := h.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &r.PhysicalID})
	return Result{}, unless(err, "NoSuchEntity")
}
