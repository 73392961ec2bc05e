package execution

import (
	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/db"
)

// What the registry asks about executions (registry.Executions).

// Running tells whether an execution of the state machine still runs, or a map run that has yet to stop.
func (s *Service) Running(tx *db.Tx, machineARN string) (bool, error) {
	a, err := arn.Parse(machineARN)
	if err != nil {
		return false, err
	}
	return db.One(tx, db.Value[bool], `SELECT EXISTS (SELECT 1 FROM sfn_execution
		WHERE account = $1 AND region = $2 AND machine = $3 AND status = 'RUNNING')
		OR EXISTS (SELECT 1 FROM sfn_map_run WHERE machine = $3 AND status = 'RUNNING')`, a.Account, a.Region, machineARN)
}

// Uses tells whether an execution, running or ended, refers to the revision.
func (s *Service) Uses(tx *db.Tx, machineARN, revisionID string) (bool, error) {
	return db.One(tx, db.Value[bool], `SELECT EXISTS (SELECT 1 FROM sfn_execution WHERE revision = $1 AND machine = $2 AND status <> 'DELETED')`,
		revisionID, machineARN)
}

// Forget hides the executions of a state machine that is gone, whose revisions are those that only executions refer
// to. However many they are, that is brief; the sweep removes them soon.
func (s *Service) Forget(tx *db.Tx, machineARN string) error {
	_, err := tx.Exec(`INSERT INTO sfn_gone (revision, machine) SELECT id, machine FROM sfn_revision WHERE machine = $1
		AND id NOT IN (SELECT revision FROM sfn_gone)`, machineARN)
	if err != nil {
		return err
	}
	tx.OnCommit(func() {
		select {
		case s.gone <- struct{}{}:
		default:
		}
	})
	return nil
}

// deleted marks executions whose ARN then is nobody's, and which no index finds but the sweep's.
const deleted = `UPDATE sfn_execution SET status = 'DELETED', stopped_at = 0, map_run = '', arn = arn || '#' || id`

// freeName takes the ARN from an execution that is hidden and was not swept yet.
func freeName(tx *db.Tx, executionARN string) error {
	a, err := arn.Parse(executionARN)
	if err != nil {
		return err
	}
	_, err = tx.Exec(deleted+` WHERE account = $1 AND region = $2 AND arn = $3 AND NOT (`+present+`)`, a.Account, a.Region, executionARN)
	return err
}
