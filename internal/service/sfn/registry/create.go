package registry

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/uuid"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// CreateStateMachine makes a state machine, and its first version if asked to. The same request again has the same
// answer; role and tags may differ, and are ignored then.
func (r *Registry) CreateStateMachine(ctx context.Context, in *sfn.CreateStateMachineInput, _ ...func(*sfn.Options)) (*sfn.CreateStateMachineOutput, error) {
	v, err := r.firstRevision(ctx, in)
	if err != nil {
		return nil, err
	}
	// All that can be wrong is found before the transaction begins: looking for a log group asks another service.
	tags, err := addTags(nil, in.Tags, v.Machine)
	if err != nil {
		return nil, err
	}
	q, err := parseMachineARN(v.Machine)
	if err != nil {
		return nil, err
	}
	out := &sfn.CreateStateMachineOutput{StateMachineArn: &v.Machine}
	err = r.db.Update(ctx, func(tx *db.Tx) error {
		// A name is taken as long as its machine is DELETING.
		existing, err := machineTx(tx, q)
		switch {
		case err == nil:
			return r.createAgain(tx, q, existing, v, in, out)
		case !errors.Is(err, db.ErrNotFound):
			return err
		}
		row := machineRow{Name: q.name, ARN: v.Machine, Type: v.Type, Status: types.StateMachineStatusActive, Revision: v.ID, NextVersion: 1,
			Tags: tags, Created: v.Created}
		if err := insertRevision(tx, v); err != nil {
			return err
		}
		if err := insertMachine(tx, q, row); err != nil {
			return err
		}
		// The revision and its first version are made together, or neither.
		out.CreationDate = instant(v.Created)
		if in.Publish {
			p, err := publishTx(tx, q, row, in.VersionDescription, v.Created)
			if err != nil {
				return err
			}
			out.StateMachineVersionArn = aws.String(q.versionARN(p.Version))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// firstRevision checks what a state machine is to be made of.
func (r *Registry) firstRevision(ctx context.Context, in *sfn.CreateStateMachineInput) (revisionRow, error) {
	v := revisionRow{ID: uuid.NewString(), Type: in.Type, Initial: true, Definition: aws.ToString(in.Definition), Role: aws.ToString(in.RoleArn),
		Created: r.clock.Now().UnixMilli()}
	// The type is never empty in the store: STANDARD is what AWS takes when none is given, and shows.
	if v.Type == "" {
		v.Type = types.StateMachineTypeStandard
	}
	name := aws.ToString(in.Name)
	if err := checkName(name); err != nil {
		return v, err
	}
	// Which of several mistakes AWS would tell first is known of few; the cheap checks go first here.
	v.Machine = arn.For(caller.From(ctx), "states", "stateMachine:"+name)
	if err := checkVersionDescription(in.Publish, in.VersionDescription); err != nil {
		return v, err
	}
	if err := checkRole(v.Role); err != nil {
		return v, err
	}
	if _, err := r.parse(v.Definition, v.Type); err != nil {
		return v, err
	}
	if err := checkEncryption(in.EncryptionConfiguration); err != nil {
		return v, err
	}
	logging, err := r.checkLogging(ctx, in.LoggingConfiguration)
	v.Config = config{Logging: logging, Tracing: in.TracingConfiguration, Encryption: in.EncryptionConfiguration}
	return v, err
}

// checkVersionDescription refuses a description for a version that is not to be made.
func checkVersionDescription(publish bool, description *string) error {
	if description != nil && !publish {
		return &types.ValidationException{Message: text("Version description can only be set when publish is true")}
	}
	return nil
}

// createAgain answers a CreateStateMachine for a machine that exists: as the first time if it asks for the same.
func (r *Registry) createAgain(tx *db.Tx, q machineRef, row machineRow, v revisionRow, in *sfn.CreateStateMachineInput, out *sfn.CreateStateMachineOutput) error {
	if row.Status == types.StateMachineStatusDeleting {
		return &types.StateMachineDeleting{Message: text("State Machine is being deleted: '%s'", row.ARN)}
	}
	// What counts is what the machine is now: an update in between makes the first request a conflict.
	current, err := revisionTx(tx, row.Revision)
	if err != nil {
		return err
	}
	conflict := &types.StateMachineAlreadyExists{Message: text("State Machine Already Exists: '%s'", row.ARN)}
	if current.Definition != v.Definition || current.Type != v.Type || encode(current.Config.shown()) != encode(v.Config.shown()) {
		return conflict
	}
	out.CreationDate = instant(row.Created)
	// publish and versionDescription are part of the request's identity too.
	if !in.Publish {
		return nil
	}
	p, err := versionOfRevisionTx(tx, q, row.Revision)
	if errors.Is(err, db.ErrNotFound) || err == nil && p.Description != aws.ToString(in.VersionDescription) {
		return conflict
	}
	if err != nil {
		return err
	}
	out.StateMachineVersionArn = aws.String(q.versionARN(p.Version))
	return nil
}
