package resource

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// lambdaPermission is AWS::Lambda::Permission. Its physical id is the statement's.
type lambdaPermission struct{ lambda Lambda }

func (*lambdaPermission) Schema() *Schema {
	return schema("AWS::Lambda::Permission", `
		Action!*
		FunctionName!*
		Principal!*
		EventSourceToken*
		FunctionUrlAuthType*
		InvokedViaFunctionUrl* bool
		PrincipalOrgID*
		SourceAccount*
		SourceArn*
	`).with(func(s *Schema) {
		s.Attributes = []string{"Id"}
		s.Name = NameRule{Max: 100}
	})
}

func (h *lambdaPermission) Create(ctx context.Context, r Request) (Result, error) {
	in := &lambda.AddPermissionInput{}
	if err := Decode(r.Properties, in); err != nil {
		return Result{}, err
	}
	in.StatementId = &r.Name
	in.FunctionName, in.Qualifier = split(r.Properties.text("FunctionName"))
	_, err := h.lambda.AddPermission(ctx, in)
	if unless(err, "ResourceConflictException") != nil { // a conflict: an earlier call has made it
		return Result{}, err
	}
	return Result{PhysicalID: r.Name, Attributes: map[string]any{"Id": r.Name}}, nil
}

func (h *lambdaPermission) Update(_ context.Context, r Request) (Result, error) {
	return Result{PhysicalID: r.PhysicalID}, nil // every property requires replacement
}

func (h *lambdaPermission) Delete(ctx context.Context, r Request) (Result, error) {
	in := &lambda.RemovePermissionInput{StatementId: &r.PhysicalID}
	in.FunctionName, in.Qualifier = split(r.Properties.text("FunctionName"))
	_, err := h.lambda.RemovePermission(ctx, in)
	return Result{}, unless(err, "ResourceNotFoundException")
}

// split takes a function's qualifier off its name or ARN.
func split(function string) (name, qualifier *string) {
	head, rest := "", function
	if i := strings.Index(function, "function:"); i >= 0 {
		head, rest = function[:i+len("function:")], function[i+len("function:"):]
	}
	n, q, ok := strings.Cut(rest, ":")
	if !ok {
		return aws.String(function), nil
	}
	return aws.String(head + n), aws.String(q)
}
