package resource

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
)

// machineVersion is AWS::StepFunctions::StateMachineVersion: published once, never changed. Publishing a
// revision again gives its version again (FACTS §6), so that a repeat needs no care.
type machineVersion struct{ sfn StepFunctions }

func (*machineVersion) Schema() *Schema {
	return schema("AWS::StepFunctions::StateMachineVersion", `
		StateMachineArn!*
		StateMachineRevisionId*
		Description*
	`).with(func(s *Schema) { s.Attributes = []string{"Arn"} })
}

// Create publishes. A version that was there already is taken over if no stack has it — an earlier call
// may have published it, or a rolled-back update have left it behind — and refused if one has.
func (h *machineVersion) Create(ctx context.Context, r Request) (Result, error) {
	in := &sfn.PublishStateMachineVersionInput{}
	if err := Decode(r.Properties.without("StateMachineRevisionId"), in); err != nil {
		return Result{}, err
	}
	if v := r.Properties.text("StateMachineRevisionId"); v != "" {
		in.RevisionId = &v
	}
	out, err := h.sfn.PublishStateMachineVersion(ctx, in)
	if err != nil {
		return Result{}, err
	}
	id := aws.ToString(out.StateMachineVersionArn)
	held, err := r.Held(ctx, id)
	if err != nil {
		return Result{}, err
	}
	if held {
		return Result{}, failf("%s already exists: the state machine's revision has been published as a version. Update the state machine to publish another one.", id)
	}
	return Result{PhysicalID: id, Attributes: map[string]any{"Arn": id}}, nil
}

// machineOf is the ARN of the state machine of which id is a version.
func machineOf(id string) string {
	if i := strings.LastIndexByte(id, ':'); i >= 0 {
		return id[:i]
	}
	return id
}

// Update has nothing to do: every property requires replacement.
func (h *machineVersion) Update(_ context.Context, r Request) (Result, error) {
	return Result{PhysicalID: r.PhysicalID}, nil
}

func (h *machineVersion) Delete(ctx context.Context, r Request) (Result, error) {
	if r.PhysicalID == "" { // never published
		return Result{}, nil
	}
	_, err := h.sfn.DeleteStateMachineVersion(ctx, &sfn.DeleteStateMachineVersionInput{StateMachineVersionArn: &r.PhysicalID})
	return Result{}, unless(err, "ResourceNotFound", "StateMachineDoesNotExist")
}
