package execution

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

// row is a row of sfn_execution.
type row struct {
	ARN, ID, Machine, Name, Version, Alias, Revision, MapRun, Status string
	Started, Stopped, Redrives, Redriven, Round, Events              int64
	Input, Output, Error, Cause                                      string
	Doc                                                              document
}

// document is what nobody queries.
type document struct {
	Trace string           `json:"trace,omitempty"`
	Items int              `json:"items,omitempty"` // of a map run's child
	Pins  integration.Pins `json:"pins,omitempty"`
}

const columns = `arn, id, machine, name, version, alias, revision, map_run, status, started_at, stopped_at, redrives, redriven_at, round, events,
	input, output, error, cause, doc`

func scanRow(r db.Row) (x row, err error) {
	var doc string
	if err := r.Scan(&x.ARN, &x.ID, &x.Machine, &x.Name, &x.Version, &x.Alias, &x.Revision, &x.MapRun, &x.Status, &x.Started, &x.Stopped,
		&x.Redrives, &x.Redriven, &x.Round, &x.Events, &x.Input, &x.Output, &x.Error, &x.Cause, &doc); err != nil {
		return x, err
	}
	x.Doc, err = readDocument(doc)
	return x, err
}

func readDocument(doc string) (d document, err error) { return d, json.Unmarshal([]byte(doc), &d) }

// present is a condition on executions and map runs: their state machine is not gone.
const present = `revision NOT IN (SELECT revision FROM sfn_gone)`

// rowTx reads an execution by its ARN, or db.ErrNotFound.
func rowTx(tx *db.Tx, executionARN string) (row, error) {
	a, err := arn.Parse(executionARN)
	if err != nil || strings.Contains(a.Resource, "#") { // that has been marked as deleted
		return row{}, db.ErrNotFound
	}
	return db.One(tx, scanRow, `SELECT `+columns+` FROM sfn_execution WHERE account = $1 AND region = $2 AND arn = $3 AND `+present,
		a.Account, a.Region, executionARN)
}

// find is rowTx with Step Functions' errors.
func find(tx *db.Tx, executionARN string) (row, error) {
	if err := checkARN(executionARN, "execution"); err != nil {
		return row{}, err
	}
	x, err := rowTx(tx, executionARN)
	if errors.Is(err, db.ErrNotFound) {
		return x, &types.ExecutionDoesNotExist{Message: text("Execution Does Not Exist: '%s'", executionARN)}
	}
	return x, err
}

func (p *process) document() document {
	return document{Trace: p.Trace, Pins: p.Pins, Items: p.Items}
}

// insert writes the row of an execution whose start has been decided.
func insert(tx *db.Tx, p *process) error {
	x := p.x
	events := int64(0)
	if x.Status != asl.Running {
		events = x.LastEvent
	}
	_, err := tx.Exec(`INSERT INTO sfn_execution (account, region, `+columns+`) VALUES
		($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`,
		x.Account, x.Region, x.ARN, p.ID, x.MachineARN, x.Name, x.VersionARN, x.AliasARN, p.Revision, x.MapRunARN, string(x.Status),
		millis(x.StartedAt), millis(x.StoppedAt), int64(0), int64(0), int64(p.Round), events, x.Input.String(), output(x), x.Error, x.Cause, string(encode(p.document())))
	return err
}

func callOf(c durable.Call) (call integration.Call, err error) {
	return call, json.Unmarshal(c.Args, &call)
}

// checkARN refuses what is no ARN of the kind of resource.
func checkARN(s string, resources ...string) error {
	a, err := arn.Parse(s)
	if err != nil || a.Service != "states" {
		return &types.InvalidArn{Message: text("Invalid Arn: 'Invalid ARN prefix: %s'", s)}
	}
	for _, r := range resources {
		if len(a.Resource) > len(r)+1 && a.Resource[:len(r)+1] == r+":" {
			return nil
		}
	}
	kind := a.Resource
	for i := range kind {
		if kind[i] == ':' {
			kind = kind[:i]
			break
		}
	}
	return &types.InvalidArn{Message: text("Invalid Arn: 'Resource type not valid in this context: %s'", kind)}
}
