package resource

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
)

// activity is AWS::StepFunctions::Activity. Its physical id is its ARN.
type activity struct{ sfn StepFunctions }

func (*activity) Schema() *Schema {
	return schema("AWS::StepFunctions::Activity", `
		Name!*
		EncryptionConfiguration*.Type!
		EncryptionConfiguration*.KmsKeyId
		EncryptionConfiguration*.KmsDataKeyReusePeriodSeconds int
		Tags[].Key!
		Tags[].Value!
	`).with(func(s *Schema) {
		s.Attributes = []string{"Arn", "Name"}
		s.Name = NameRule{Property: "Name", Max: 80, Short: true}
	})
}

func activityArn(ctx context.Context, r Request) string {
	return statesArn(ctx, "activity", r.PhysicalID, r.Name)
}

func (h *activity) Exists(ctx context.Context, r Request) (bool, error) {
	_, err := h.sfn.DescribeActivity(ctx, &sfn.DescribeActivityInput{ActivityArn: aws.String(activityArn(ctx, r))})
	return exists(err, "ActivityDoesNotExist")
}

func (h *activity) Create(ctx context.Context, r Request) (Result, error) {
	in := &sfn.CreateActivityInput{}
	if err := Decode(r.Properties.without("Tags"), in); err != nil {
		return Result{}, err
	}
	in.Tags = tagList(r, stateTag)
	if _, err := h.sfn.CreateActivity(ctx, in); unless(err, "ActivityAlreadyExists") != nil { // by an earlier call
		return Result{}, err
	}
	return h.result(ctx, r), nil
}

func (h *activity) result(ctx context.Context, r Request) Result {
	id := activityArn(ctx, r)
	return Result{PhysicalID: id, Attributes: map[string]any{"Arn": id, "Name": r.Name}}
}

// Update has tags alone to change: every other property requires replacement.
func (h *activity) Update(ctx context.Context, r Request) (Result, error) {
	return h.result(ctx, r), retagStates(ctx, h.sfn, r, activityArn(ctx, r))
}

func (h *activity) Delete(ctx context.Context, r Request) (Result, error) {
	_, err := h.sfn.DeleteActivity(ctx, &sfn.DeleteActivityInput{ActivityArn: aws.String(activityArn(ctx, r))})
	return Result{}, unless(err, "ActivityDoesNotExist")
}
