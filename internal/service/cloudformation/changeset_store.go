package cloudformation

import (
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// changeSet is a row of cfn_change_set. Execution is a column, since operations write it.
type changeSet struct {
	ID, Name           string
	StackID, StackName string
	Type               string // CREATE, UPDATE
	Description        string `json:",omitempty"`
	Status, Reason     string
	Created            int64
	OnStackFailure     string `json:",omitempty"`
	Token              string `json:",omitempty"`
	Definition         definition
	Original           string
	Processed          string
	Changes            []types.Change
	Seq                int64 // of the stack's newest event when it was made

	Execution string `json:"-"`
}

const changeSetColumns = `account, region, id, stack_id, name, created_at, execution, doc`

func scanChangeSet(r db.Row) (*changeSet, error) {
	c := &changeSet{}
	var doc, skip string
	var ms int64
	var execution string
	if err := r.Scan(&skip, &skip, &skip, &skip, &skip, &ms, &execution, &doc); err != nil {
		return nil, err
	}
	err := decodeJSON(doc, c)
	c.Execution = execution
	return c, err
}

func insertChangeSet(tx *db.Tx, c caller.Caller, x *changeSet) error {
	_, err := tx.Exec(`INSERT INTO cfn_change_set (`+changeSetColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		c.Account, c.Region, x.ID, x.StackID, x.Name, x.Created, x.Execution, encodeJSON(x))
	return err
}

// findChangeSet finds a change set by its id, or by its name and its stack's name or id.
func findChangeSet(tx *db.Tx, c caller.Caller, nameOrID, stackName string) (*changeSet, error) {
	var x *changeSet
	var err error
	if strings.HasPrefix(nameOrID, "arn:") {
		x, err = db.One(tx, scanChangeSet, `SELECT `+changeSetColumns+` FROM cfn_change_set WHERE account = $1 AND region = $2 AND id = $3`,
			c.Account, c.Region, nameOrID)
	} else {
		if stackName == "" {
			return nil, invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
		}
		st, err := findStack(tx, c, stackName, false)
		if errors.Is(err, db.ErrNotFound) {
			return nil, invalid("Stack [%s] does not exist", stackName)
		}
		if err != nil {
			return nil, err
		}
		x, err = db.One(tx, scanChangeSet, `SELECT `+changeSetColumns+` FROM cfn_change_set WHERE stack_id = $1 AND name = $2`, st.ID, nameOrID)
		if errors.Is(err, db.ErrNotFound) {
			return nil, noChangeSet(nameOrID)
		}
		return x, err
	}
	if errors.Is(err, db.ErrNotFound) {
		return nil, noChangeSet(nameOrID)
	}
	return x, err
}
