package resource

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// iamPolicy is AWS::IAM::Policy: an inline policy put into roles. Users and groups are not kept.
type iamPolicy struct{ iam IAM }

func (*iamPolicy) Schema() *Schema {
	return schema("AWS::IAM::Policy", `
		PolicyName!
		PolicyDocument! json
		Roles[]
	`).with(func(s *Schema) {
		s.Attributes = []string{"Id"}
		s.Name = NameRule{Max: 128}
		s.IAM = true
	})
}

func (h *iamPolicy) put(ctx context.Context, r Request, id string) (Result, error) {
	name := r.Properties.text("PolicyName")
	document, err := r.Properties.document("PolicyDocument")
	if err != nil {
		return Result{}, err
	}
	roles := r.Properties.texts("Roles")
	if len(roles) == 0 {
		return Result{}, failf("At least one of [Groups,Roles,Users] must be non-empty.")
	}
	for _, role := range roles {
		if _, err := h.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &role, PolicyName: &name, PolicyDocument: document}); err != nil {
			return Result{}, err
		}
	}
	had := r.Previous.text("PolicyName")
	for _, role := range r.Previous.texts("Roles") {
		if had == name && slices.Contains(roles, role) {
			continue
		}
		if err := h.remove(ctx, role, had); err != nil {
			return Result{}, err
		}
	}
	return Result{PhysicalID: id, Attributes: map[string]any{"Id": id}}, nil
}

func (h *iamPolicy) remove(ctx context.Context, role, name string) error {
	_, err := h.iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: aws.String(role), PolicyName: aws.String(name)})
	return unless(err, "NoSuchEntity")
}

func (h *iamPolicy) Create(ctx context.Context, r Request) (Result, error) {
	return h.put(ctx, r, r.Name)
}

func (h *iamPolicy) Update(ctx context.Context, r Request) (Result, error) {
	return h.put(ctx, r, r.PhysicalID)
}

func (h *iamPolicy) Delete(ctx context.Context, r Request) (Result, error) {
	for _, role := range r.Properties.texts("Roles") {
		if err := h.remove(ctx, role, r.Properties.text("PolicyName")); err != nil {
			return Result{}, err
		}
	}
	return Result{}, nil
}
