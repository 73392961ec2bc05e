package registry

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/uuid"

	"github.com/headgate/headgate/internal/db"
)

// UpdateStateMachine gives a state machine a new revision, if anything of it changes, and publishes it if asked to.
// Executions under way keep the revision that they were started with.
func (r *Registry) UpdateStateMachine(ctx context.Context, in *sfn.UpdateStateMachineInput, _ ...func(*sfn.Options)) (*sfn.UpdateStateMachineOutput, error) {
	q, err := r.checkUpdate(in)
	if err != nil {
		return nil, err
	}
	// The log group and the definition are checked outside of the transaction, which only one writer has at a time.
	logging, err := r.checkLogging(ctx, in.LoggingConfiguration)
	if err != nil {
		return nil, err
	}
	if err := r.parseUpdate(ctx, q, in); err != nil {
		return nil, err
	}
	out := &sfn.UpdateStateMachineOutput{}
	err = r.db.Update(ctx, func(tx *db.Tx) error {
		row, err := activeMachineTx(tx, q, *in.StateMachineArn)
		if err != nil {
			return err
		}
		now := r.clock.Now().UnixMilli()
		v, err := r.reviseTx(tx, q, row, in, logging, now)
		if err != nil {
			return err
		}
		// With publish, a revision that has a version already keeps it: AWS answers the same number again.
		row.Revision = v.ID
		*out = sfn.UpdateStateMachineOutput{UpdateDate: instant(now), RevisionId: v.machine(q.name).ShownRevision()}
		if in.Publish {
			p, err := publishTx(tx, q, row, in.VersionDescription, now)
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

// checkUpdate checks what can be checked without the state machine.
func (r *Registry) checkUpdate(in *sfn.UpdateStateMachineInput) (machineRef, error) {
	q, err := parseMachineARN(aws.ToString(in.StateMachineArn))
	if err != nil {
		return q, err
	}
	if q.qualified() { // a version or an alias is no state machine of its own
		return q, missing(db.ErrNotFound, *in.StateMachineArn)
	}
	// To publish alone there is PublishStateMachineVersion: publish is not enough here.
	if in.Definition == nil && in.RoleArn == nil && in.LoggingConfiguration == nil && in.TracingConfiguration == nil && in.EncryptionConfiguration == nil {
		return q, &types.MissingRequiredParameter{Message: text(
			"Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified")}
	}
	if in.RoleArn != nil {
		if err := checkRole(*in.RoleArn); err != nil {
			return q, err
		}
	}
	if err := checkVersionDescription(in.Publish, in.VersionDescription); err != nil {
		return q, err
	}
	return q, checkEncryption(in.EncryptionConfiguration)
}

// parseUpdate checks the new definition for the machine's type, which never changes.
func (r *Registry) parseUpdate(ctx context.Context, q machineRef, in *sfn.UpdateStateMachineInput) error {
	// The definition is read in a transaction before the one that stores it. Nothing between can make it wrong.
	if in.Definition == nil {
		return nil
	}
	var row machineRow
	err := r.db.View(ctx, func(tx *db.Tx) (err error) {
		row, err = activeMachineTx(tx, q, *in.StateMachineArn)
		return err
	})
	if err != nil {
		return err
	}
	_, err = r.parse(*in.Definition, row.Type)
	return err
}

// reviseTx is the revision that the update leads to: the present one if nothing changes.
func (r *Registry) reviseTx(tx *db.Tx, q machineRef, row machineRow, in *sfn.UpdateStateMachineInput, logging *types.LoggingConfiguration, now int64) (revisionRow, error) {
	old, err := revisionTx(tx, row.Revision)
	if err != nil {
		return old, err
	}
	// What the request leaves out stays as it is.
	v := old
	if in.Definition != nil {
		v.Definition = *in.Definition
	}
	if in.RoleArn != nil {
		v.Role = *in.RoleArn
	}
	if in.LoggingConfiguration != nil {
		v.Config.Logging = logging
	}
	if in.TracingConfiguration != nil {
		v.Config.Tracing = in.TracingConfiguration
	}
	if in.EncryptionConfiguration != nil {
		v.Config.Encryption = in.EncryptionConfiguration
	}
	// Configurations are compared as they are shown: to set a default is no change.
	if v.Definition == old.Definition && v.Role == old.Role && encode(v.Config.shown()) == encode(old.Config.shown()) {
		return old, nil
	}
	// AWS answers a revisionId from the first change on, and none before.
	v.ID, v.Initial, v.Created = uuid.NewString(), false, now
	if err := insertRevision(tx, v); err != nil {
		return v, err
	}
	if _, err := tx.Exec(`UPDATE sfn_machine SET revision = $1 WHERE account = $2 AND region = $3 AND name = $4`, v.ID, q.Account, q.Region, q.name); err != nil {
		return v, err
	}
	return v, r.Trim(tx, old.Machine, old.ID)
}
