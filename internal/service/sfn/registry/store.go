package registry

import (
	"encoding/json"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/db"
)

// machineRow is a row of sfn_machine.
type machineRow struct {
	Name, ARN   string
	Type        types.StateMachineType
	Status      types.StateMachineStatus
	Revision    string
	NextVersion int64
	Tags        map[string]string
	Created     int64
}

const machineColumns = `name, arn, type, status, revision, next_version, tags, created_at`

// scanMachine reads machineColumns.
func scanMachine(r db.Row) (m machineRow, err error) {
	var tags string
	if err := r.Scan(&m.Name, &m.ARN, &m.Type, &m.Status, &m.Revision, &m.NextVersion, &tags, &m.Created); err != nil {
		return m, err
	}
	return m, json.Unmarshal([]byte(tags), &m.Tags)
}

// machineTx reads the state machine that any of its ARNs names, or db.ErrNotFound.
func machineTx(tx *db.Tx, q machineRef) (machineRow, error) {
	return db.One(tx, scanMachine, `SELECT `+machineColumns+` FROM sfn_machine WHERE account = $1 AND region = $2 AND name = $3`,
		q.Account, q.Region, q.name)
}

// config is what a revision has beside definition and role.
type config struct {
	Logging    *types.LoggingConfiguration    `json:"logging,omitempty"`
	Tracing    *types.TracingConfiguration    `json:"tracing,omitempty"`
	Encryption *types.EncryptionConfiguration `json:"encryption,omitempty"`
}

// revisionRow is a row of sfn_revision.
type revisionRow struct {
	ID, Machine      string
	Type             types.StateMachineType
	Initial          bool
	Definition, Role string
	Config           config
	Created          int64
}

const revisionColumns = `id, machine, type, initial, definition, role, config, created_at`

// scanRevision reads revisionColumns.
func scanRevision(r db.Row) (v revisionRow, err error) {
	var doc string
	if err := r.Scan(&v.ID, &v.Machine, &v.Type, &v.Initial, &v.Definition, &v.Role, &doc, &v.Created); err != nil {
		return v, err
	}
	return v, json.Unmarshal([]byte(doc), &v.Config)
}

// machine is the revision as executions take it, but for the tags, which are the machine's.
func (v revisionRow) machine(name string) *Machine {
	return &Machine{ARN: v.Machine, Name: name, Type: v.Type, RevisionID: v.ID, Initial: v.Initial,
		Definition: []byte(v.Definition), RoleARN: v.Role, Logging: v.Config.Logging, Tracing: v.Config.Tracing,
		Encryption: v.Config.Encryption, UpdatedAt: *instant(v.Created)}
}

// versionRow is a row of sfn_version.
type versionRow struct {
	Version               int64
	Revision, Description string
	Created               int64
}

const versionColumns = `version, revision, description, created_at`

// scanVersion reads versionColumns.
func scanVersion(r db.Row) (v versionRow, err error) {
	err = r.Scan(&v.Version, &v.Revision, &v.Description, &v.Created)
	return v, err
}

// versionTx reads a version, or db.ErrNotFound.
func versionTx(tx *db.Tx, q machineRef, version int64) (versionRow, error) {
	return db.One(tx, scanVersion, `SELECT `+versionColumns+` FROM sfn_version
		WHERE account = $1 AND region = $2 AND machine = $3 AND version = $4`, q.Account, q.Region, q.name, version)
}

// aliasRow is a row of sfn_alias.
type aliasRow struct {
	Name, Description string
	Routing           []types.RoutingConfigurationListItem
	Created, Updated  int64
}

const aliasColumns = `name, description, routing, created_at, updated_at`

// scanAlias reads aliasColumns.
func scanAlias(r db.Row) (a aliasRow, err error) {
	var routing string
	if err := r.Scan(&a.Name, &a.Description, &routing, &a.Created, &a.Updated); err != nil {
		return a, err
	}
	return a, json.Unmarshal([]byte(routing), &a.Routing)
}

// aliasTx reads an alias, or db.ErrNotFound.
func aliasTx(tx *db.Tx, q machineRef) (aliasRow, error) {
	return db.One(tx, scanAlias, `SELECT `+aliasColumns+` FROM sfn_alias
		WHERE account = $1 AND region = $2 AND machine = $3 AND name = $4`, q.Account, q.Region, q.name, q.alias)
}

// activityRow is a row of sfn_activity.
type activityRow struct {
	Name, ARN  string
	Encryption *types.EncryptionConfiguration
	Tags       map[string]string
	Created    int64
}

const activityColumns = `name, arn, encryption, tags, created_at`

// scanActivity reads activityColumns.
func scanActivity(r db.Row) (a activityRow, err error) {
	var encryption, tags string
	if err := r.Scan(&a.Name, &a.ARN, &encryption, &tags, &a.Created); err != nil {
		return a, err
	}
	return a, errors.Join(json.Unmarshal([]byte(encryption), &a.Encryption), json.Unmarshal([]byte(tags), &a.Tags))
}

// activityTx reads an activity by its ARN.
func activityTx(tx *db.Tx, s string) (activityRow, error) {
	p, err := arn.Parse(s)
	if err != nil {
		return activityRow{}, invalidARN("Invalid ARN prefix: %s", s)
	}
	a, err := db.One(tx, scanActivity, `SELECT `+activityColumns+` FROM sfn_activity WHERE account = $1 AND region = $2 AND arn = $3`,
		p.Account, p.Region, s)
	if errors.Is(err, db.ErrNotFound) {
		return a, &types.ActivityDoesNotExist{Message: text("Activity Does Not Exist: '%s'", s)}
	}
	return a, err
}

// encode writes a document of ours, which always can be written.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// activeMachineTx reads a state machine that may be changed; asked is the ARN that errors name.
func activeMachineTx(tx *db.Tx, q machineRef, asked string) (machineRow, error) {
	row, err := machineTx(tx, q)
	if err == nil && row.Status == types.StateMachineStatusDeleting {
		err = &types.StateMachineDeleting{Message: text("State Machine is being deleted: '%s'", row.ARN)}
	}
	return row, missing(err, asked)
}

// insertMachine stores a new machine; its revision is stored before.
func insertMachine(tx *db.Tx, q machineRef, m machineRow) error {
	_, err := tx.Exec(`INSERT INTO sfn_machine (account, region, `+machineColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		q.Account, q.Region, m.Name, m.ARN, string(m.Type), string(m.Status), m.Revision, m.NextVersion, encode(m.Tags), m.Created)
	return err
}

// revisionTx reads a revision, or db.ErrNotFound.
func revisionTx(tx *db.Tx, id string) (revisionRow, error) {
	return db.One(tx, scanRevision, `SELECT `+revisionColumns+` FROM sfn_revision WHERE id = $1`, id)
}

// insertRevision stores a revision, once and for all.
func insertRevision(tx *db.Tx, v revisionRow) error {
	_, err := tx.Exec(`INSERT INTO sfn_revision (`+revisionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		v.ID, v.Machine, string(v.Type), v.Initial, v.Definition, v.Role, encode(v.Config), v.Created)
	return err
}

// versionOfRevisionTx reads the newest version that publishes a revision, or db.ErrNotFound.
func versionOfRevisionTx(tx *db.Tx, q machineRef, revision string) (versionRow, error) {
	return db.One(tx, scanVersion, `SELECT `+versionColumns+` FROM sfn_version
		WHERE account = $1 AND region = $2 AND machine = $3 AND revision = $4 ORDER BY version DESC LIMIT 1`, q.Account, q.Region, q.name, revision)
}
