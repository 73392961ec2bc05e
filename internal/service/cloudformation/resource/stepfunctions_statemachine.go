package resource

import (
	"context"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
)

// stateMachine is AWS::StepFunctions::StateMachine. Its physical id is its ARN. Where the
// definition comes from is in stepfunctions_definition.go.
type stateMachine struct {
	sfn StepFunctions
	s3  S3Objects // nil: definitions cannot lie in a bucket
}

func (*stateMachine) Schema() *Schema {
	return schema("AWS::StepFunctions::StateMachine", `
		StateMachineName*
		StateMachineType*
		RoleArn!
		Definition json
		DefinitionString
		DefinitionS3Location.Bucket!
		DefinitionS3Location.Key!
		DefinitionS3Location.Version
		DefinitionSubstitutions json
		LoggingConfiguration.Level
		LoggingConfiguration.IncludeExecutionData bool
		LoggingConfiguration.Destinations[].CloudWatchLogsLogGroup.LogGroupArn
		TracingConfiguration.Enabled bool
		EncryptionConfiguration.Type!
		EncryptionConfiguration.KmsKeyId
		EncryptionConfiguration.KmsDataKeyReusePeriodSeconds int
		Tags[].Key!
		Tags[].Value!
	`).with(func(s *Schema) {
		s.Attributes = []string{"Arn", "Name", "StateMachineRevisionId"}
		s.Name = NameRule{Property: "StateMachineName", Max: 80, Short: true}
		s.rule = oneDefinition
	})
}

// initialRevision is the revision of a state machine that was never updated (FACTS §6).
const initialRevision = "INITIAL"

// machineArn is the ARN that r's state machine has or will have: until it is made, its physical id is its name.
func machineArn(ctx context.Context, r Request) string {
	return statesArn(ctx, "stateMachine", r.PhysicalID, r.Name)
}

func statesArn(ctx context.Context, kind, physicalID, name string) string {
	if strings.HasPrefix(physicalID, "arn:") {
		return physicalID
	}
	if physicalID != "" {
		name = physicalID
	}
	return arn.For(caller.From(ctx), "states", kind+":"+name)
}

func (h *stateMachine) Exists(ctx context.Context, r Request) (bool, error) {
	_, err := h.sfn.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: aws.String(machineArn(ctx, r))})
	return exists(err, "StateMachineDoesNotExist")
}

// without are the properties that Step Functions names otherwise.
var machineOwn = []string{"Definition", "DefinitionString", "DefinitionS3Location", "DefinitionSubstitutions", "StateMachineName", "StateMachineType", "Tags"}

func (h *stateMachine) Create(ctx context.Context, r Request) (Result, error) {
	definition, err := h.definition(ctx, r.Properties)
	if err != nil {
		return Result{}, err
	}
	in := &sfn.CreateStateMachineInput{}
	if err := Decode(r.Properties.without(machineOwn...), in); err != nil {
		return Result{}, err
	}
	in.Name, in.Definition, in.Type = &r.Name, &definition, types.StateMachineType(r.Properties.text("StateMachineType"))
	in.Tags = tagList(r, stateTag)
	_, err = h.sfn.CreateStateMachine(ctx, in)
	if is(err, "StateMachineAlreadyExists") { // an earlier call has made it, perhaps of other properties
		err = h.update(ctx, r, definition)
	}
	if err != nil {
		return Result{}, err
	}
	return h.result(ctx, machineArn(ctx, r))
}

func stateTag(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} }

func (h *stateMachine) Update(ctx context.Context, r Request) (Result, error) {
	if tagsAlone := reflect.DeepEqual(r.Properties.without("Tags"), r.Previous.without("Tags")) &&
		!reflect.DeepEqual(tags(r), tags(Request{Properties: r.Previous, Tags: r.PreviousTags})); !tagsAlone {
		definition, err := h.definition(ctx, r.Properties)
		if err != nil {
			return Result{}, err
		}
		if err := h.update(ctx, r, definition); err != nil {
			return Result{}, err
		}
	}
	if err := retagStates(ctx, h.sfn, r, machineArn(ctx, r)); err != nil {
		return Result{}, err
	}
	return h.result(ctx, machineArn(ctx, r))
}

// update sets everything; what the properties do not have becomes what it is by default.
func (h *stateMachine) update(ctx context.Context, r Request, definition string) error {
	in := &sfn.UpdateStateMachineInput{
		LoggingConfiguration:    &types.LoggingConfiguration{Level: types.LogLevelOff},
		TracingConfiguration:    &types.TracingConfiguration{},
		EncryptionConfiguration: &types.EncryptionConfiguration{Type: types.EncryptionTypeAwsOwnedKey},
	}
	if err := Decode(r.Properties.without(machineOwn...), in); err != nil {
		return err
	}
	in.StateMachineArn, in.Definition = aws.String(machineArn(ctx, r)), &definition
	_, err := h.sfn.UpdateStateMachine(ctx, in)
	return err
}

func (h *stateMachine) result(ctx context.Context, id string) (Result, error) {
	out, err := h.sfn.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &id})
	if err != nil {
		return Result{}, err
	}
	revision := aws.ToString(out.RevisionId)
	if revision == "" {
		revision = initialRevision
	}
	return Result{PhysicalID: id, Attributes: map[string]any{"Arn": id, "Name": aws.ToString(out.Name), "StateMachineRevisionId": revision}}, nil
}

// machineDeletion is the progress of a deletion, which Step Functions ends once no execution runs any more.
type machineDeletion struct{ Deleting bool }

func (h *stateMachine) Delete(ctx context.Context, r Request) (Result, error) {
	id := machineArn(ctx, r)
	if _, err := h.sfn.DeleteStateMachine(ctx, &sfn.DeleteStateMachineInput{StateMachineArn: &id}); unless(err, "StateMachineDoesNotExist") != nil {
		return Result{}, err
	}
	if there, err := h.Exists(ctx, r); err != nil || !there {
		return Result{}, err
	}
	return pending(r.PhysicalID, nil, machineDeletion{true}, Pending{After: 5 * time.Second})
}

// Check waits until the state machine is gone: only a deletion is ever pending.
func (h *stateMachine) Check(ctx context.Context, r Request) (Result, error) { return h.Delete(ctx, r) }

// retagStates sets the tags of what Step Functions keeps under the ARN given.
func retagStates(ctx context.Context, peer StepFunctions, r Request, id string) error {
	return retag(r, func(map[string]string) error {
		_, err := peer.TagResource(ctx, &sfn.TagResourceInput{ResourceArn: &id, Tags: tagList(r, stateTag)})
		return err
	}, func(keys []string) error {
		_, err := peer.UntagResource(ctx, &sfn.UntagResourceInput{ResourceArn: &id, TagKeys: keys})
		return err
	})
}
