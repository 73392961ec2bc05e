package registry

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/internal/db"
)

// Machine is what an execution is started with: a state machine at one revision.
type Machine struct {
	ARN, Name  string // of the state machine, without a qualifier
	Type       types.StateMachineType
	RevisionID string
	Initial    bool // the revision is the one that CreateStateMachine made: AWS answers no revisionId for it
	Definition []byte
	RoleARN    string
	VersionARN string // if it was asked for, or an alias led to it
	AliasARN   string // if it was asked for
	Logging    *types.LoggingConfiguration
	Tracing    *types.TracingConfiguration
	Encryption *types.EncryptionConfiguration
	Tags       map[string]string
	UpdatedAt  time.Time // when the revision was made
}

// ShownRevision is the revisionId as answers carry it.
func (m *Machine) ShownRevision() *string {
	if m.Initial {
		return nil
	}
	return &m.RevisionID
}

// Resolve finds what an execution started with the ARN now would run: a state machine's newest revision, a version's,
// or, by their weights, that of one of an alias's versions. Errors are Step Functions'. tx may belong to a View.
func (r *Registry) Resolve(ctx context.Context, tx *db.Tx, arn string) (*Machine, error) {
	q, err := parseMachineARN(arn)
	if err != nil {
		return nil, err
	}
	row, err := machineTx(tx, q)
	if err != nil {
		return nil, missing(err, arn)
	}
	if row.Status == types.StateMachineStatusDeleting {
		return nil, &types.StateMachineDeleting{Message: text("State Machine is being deleted: '%s'", row.ARN)}
	}
	// The newest revision, unless the ARN says otherwise. Only what was asked for, or drawn, is put on record.
	revision, version, alias := row.Revision, int64(0), ""
	switch {
	case q.version != 0:
		version = q.version
	case q.alias != "":
		a, err := aliasTx(tx, q)
		if err != nil {
			return nil, missing(err, arn)
		}
		// Drawn for each execution; the caller puts on record what it was.
		alias, version = arn, a.draw(rand.IntN(100))
	}
	if version != 0 {
		v, err := versionTx(tx, q, version)
		if err != nil {
			return nil, missing(err, arn)
		}
		revision = v.Revision
	}
	m, err := r.Revision(ctx, tx, row.ARN, revision)
	if err != nil {
		return nil, err
	}
	m.Tags, m.AliasARN = row.Tags, alias
	if version != 0 {
		m.VersionARN = q.versionARN(version)
	}
	return m, nil
}

// Revision finds a state machine as an execution under way knows it, even if the machine has been updated or deleted
// meanwhile. Tags are the machine's present ones.
func (r *Registry) Revision(_ context.Context, tx *db.Tx, machineARN, revisionID string) (*Machine, error) {
	q, err := parseMachineARN(machineARN)
	if err != nil {
		return nil, err
	}
	v, err := db.One(tx, scanRevision, `SELECT `+revisionColumns+` FROM sfn_revision WHERE id = $1 AND machine = $2`, revisionID, q.machineARN())
	if err != nil {
		return nil, missing(err, machineARN)
	}
	m := v.machine(q.name)
	row, err := machineTx(tx, q)
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return nil, err
	}
	// A machine that is gone has no tags.
	m.Tags = row.Tags
	return m, nil
}

// Worker is an activity as tasks and their workers need it.
type Worker struct {
	ARN, Name  string
	Encryption *types.EncryptionConfiguration
	CreatedAt  time.Time
}

// Activity finds an activity; one that does not exist is *types.ActivityDoesNotExist.
func (r *Registry) Activity(_ context.Context, tx *db.Tx, arn string) (*Worker, error) {
	a, err := activityTx(tx, arn)
	if err != nil {
		return nil, err
	}
	return &Worker{ARN: a.ARN, Name: a.Name, Encryption: a.Encryption, CreatedAt: *instant(a.Created)}, nil
}

// missing turns a row that is not there into the error that names the ARN asked for.
func missing(err error, arn string) error {
	if errors.Is(err, db.ErrNotFound) {
		return &types.StateMachineDoesNotExist{Message: text("State Machine Does Not Exist: '%s'", arn)}
	}
	return err
}

// draw picks a version by the routing weights; n is below 100.
func (a aliasRow) draw(n int) int64 {
	for _, route := range a.Routing {
		if n -= int(route.Weight); n < 0 {
			return versionOf(aws.ToString(route.StateMachineVersionArn))
		}
	}
	return 0
}
