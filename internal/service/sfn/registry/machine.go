package registry

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// DescribeStateMachine answers a state machine as it is now, or one of its versions.
func (r *Registry) DescribeStateMachine(ctx context.Context, in *sfn.DescribeStateMachineInput, _ ...func(*sfn.Options)) (*sfn.DescribeStateMachineOutput, error) {
	asked := aws.ToString(in.StateMachineArn)
	q, err := parseMachineARN(asked)
	if err != nil {
		return nil, err
	}
	// Of a version the ARN, the creation date and the description are its own; the rest is its revision's.
	out := &sfn.DescribeStateMachineOutput{StateMachineArn: &asked, Name: &q.name}
	var v revisionRow
	err = r.db.View(ctx, func(tx *db.Tx) error {
		row, err := machineTx(tx, q)
		if err != nil {
			return err
		}
		out.Status, out.CreationDate = row.Status, instant(row.Created)
		revision := row.Revision
		if q.version != 0 {
			p, err := versionTx(tx, q, q.version)
			if err != nil {
				return err
			}
			revision, out.CreationDate, out.Description = p.Revision, instant(p.Created), optional(p.Description)
		}
		if q.alias != "" { // an alias has DescribeStateMachineAlias
			return db.ErrNotFound
		}
		v, err = revisionTx(tx, revision)
		return err
	})
	if err != nil {
		return nil, missing(err, asked)
	}
	m, c := v.machine(q.name), v.Config.shown()
	out.Type, out.RoleArn, out.RevisionId = m.Type, &m.RoleARN, m.ShownRevision()
	out.LoggingConfiguration, out.TracingConfiguration, out.EncryptionConfiguration = c.Logging, c.Tracing, c.Encryption
	out.Definition, out.VariableReferences = m.Shown(in.IncludedData)
	return out, nil
}

// Shown is the definition and the references to variables in it, as answers carry them.
func (m *Machine) Shown(included types.IncludedData) (definition *string, references map[string][]string) {
	if included == types.IncludedDataMetadataOnly {
		return aws.String("{}"), nil
	}
	// It parsed when it was stored. A later platform may be stricter: it still shows the definition then.
	if parsed, err := asl.Parse(m.Definition, languageOptions(m.Type)...); err == nil {
		references = parsed.VariableReferences()
	}
	if len(references) == 0 {
		references = nil
	}
	return aws.String(string(m.Definition)), references
}

// Configuration is the rest that answers about a state machine carry, with what was never configured filled in.
func (m *Machine) Configuration() (*types.LoggingConfiguration, *types.TracingConfiguration, *types.EncryptionConfiguration) {
	c := config{Logging: m.Logging, Tracing: m.Tracing, Encryption: m.Encryption}.shown()
	return c.Logging, c.Tracing, c.Encryption
}

// ListStateMachines answers the caller's state machines by name.
func (r *Registry) ListStateMachines(ctx context.Context, in *sfn.ListStateMachinesInput, _ ...func(*sfn.Options)) (*sfn.ListStateMachinesOutput, error) {
	// Pages go by name: what is made or deleted meanwhile neither repeats nor hides another machine.
	p, err := newPage("machines", in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	c := caller.From(ctx)
	var rows []machineRow
	err = r.db.View(ctx, func(tx *db.Tx) (err error) {
		rows, err = db.All(tx, scanMachine, `SELECT `+machineColumns+` FROM sfn_machine
			WHERE account = $1 AND region = $2 AND name > $3 ORDER BY name LIMIT $4`, c.Account, c.Region, p.after, p.limit+1)
		return err
	})
	if err != nil {
		return nil, err
	}
	// The list has neither status nor revision, and so shows machines that are being deleted like any other.
	rows, token := cut(p, rows, func(m machineRow) string { return m.Name })
	out := &sfn.ListStateMachinesOutput{NextToken: token, StateMachines: make([]types.StateMachineListItem, len(rows))}
	for i, m := range rows {
		out.StateMachines[i] = types.StateMachineListItem{CreationDate: instant(m.Created), Name: &m.Name, StateMachineArn: &m.ARN, Type: m.Type}
	}
	return out, nil
}

// DeleteStateMachine deletes a state machine with its versions, aliases and executions. While executions run it is DELETING, and
// goes when the last of them has ended (see Ended). One that does not exist is deleted already.
func (r *Registry) DeleteStateMachine(ctx context.Context, in *sfn.DeleteStateMachineInput, _ ...func(*sfn.Options)) (*sfn.DeleteStateMachineOutput, error) {
	q, err := parseMachineARN(aws.ToString(in.StateMachineArn))
	if err != nil {
		return nil, err
	}
	if q.qualified() {
		return nil, invalidARN("Resource type not valid in this context: %s", q.kind())
	}
	err = r.db.Update(ctx, func(tx *db.Tx) error {
		// To delete twice is no error, on AWS either.
		row, err := machineTx(tx, q)
		if errors.Is(err, db.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		running, err := r.executions.Running(tx, row.ARN)
		if err != nil {
			return err
		}
		if !running {
			return r.removeTx(tx, q, row)
		}
		_, err = tx.Exec(`UPDATE sfn_machine SET status = $1 WHERE account = $2 AND region = $3 AND name = $4`,
			types.StateMachineStatusDeleting, q.Account, q.Region, q.name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &sfn.DeleteStateMachineOutput{}, nil
}

// Ended tells that an execution of the state machine has ended, in the transaction that says so: a machine that waits
// for its last execution to be deleted is deleted.
func (r *Registry) Ended(tx *db.Tx, machineARN string) error {
	q, err := parseMachineARN(machineARN)
	if err != nil {
		return err
	}
	row, err := machineTx(tx, q)
	if errors.Is(err, db.ErrNotFound) || err == nil && row.Status != types.StateMachineStatusDeleting {
		return nil
	}
	if err != nil {
		return err
	}
	// Asked in the transaction that ends the execution, so that it is not counted any more.
	running, err := r.executions.Running(tx, row.ARN)
	if err != nil || running {
		return err
	}
	return r.removeTx(tx, q, row)
}

// removeTx removes all rows of a state machine. Revisions that executions refer to stay until those are swept.
func (r *Registry) removeTx(tx *db.Tx, q machineRef, row machineRow) error {
	// Versions and aliases go at once; an execution keeps its revision, and the ARNs that it was started by.
	for _, table := range []string{"sfn_version", "sfn_alias"} {
		if _, err := tx.Exec(`DELETE FROM `+table+` WHERE account = $1 AND region = $2 AND machine = $3`, q.Account, q.Region, q.name); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`DELETE FROM sfn_machine WHERE account = $1 AND region = $2 AND name = $3`, q.Account, q.Region, q.name); err != nil {
		return err
	}
	if err := r.Trim(tx, row.ARN, ""); err != nil {
		return err
	}
	return r.executions.Forget(tx, row.ARN)
}

// Trim drops a state machine's revision, or all of them for "", as far as nothing refers to it: no machine, no version
// and no execution. Whoever forgets executions calls it afterwards.
func (r *Registry) Trim(tx *db.Tx, machineARN, revisionID string) error {
	q, err := parseMachineARN(machineARN)
	if err != nil {
		return err
	}
	// The machine's own rows are asked here, executions by their keeper below.
	unused, err := db.All(tx, db.Value[string], `SELECT id FROM sfn_revision WHERE machine = $1 AND ($2 = '' OR id = $2)
		AND id NOT IN (SELECT revision FROM sfn_machine WHERE account = $3 AND region = $4 AND name = $5)
		AND id NOT IN (SELECT revision FROM sfn_version WHERE account = $3 AND region = $4 AND machine = $5)`,
		machineARN, revisionID, q.Account, q.Region, q.name)
	if err != nil {
		return err
	}
	for _, id := range unused {
		used, err := r.executions.Uses(tx, machineARN, id)
		if err != nil {
			return err
		}
		if !used {
			if _, err := tx.Exec(`DELETE FROM sfn_revision WHERE id = $1`, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// optional is nil for an empty text, which answers leave out.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
