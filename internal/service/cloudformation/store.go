package cloudformation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// definition is what a stack was asked to be, beside its templates.
type definition struct {
	Description          string      `json:",omitempty"`
	Parameters           []parameter `json:",omitempty"`
	Tags                 []tag       `json:",omitempty"`
	Capabilities         []string    `json:",omitempty"`
	RoleARN              string      `json:",omitempty"`
	NotificationARNs     []string    `json:",omitempty"`
	ChangeSetID          string      `json:",omitempty"`
	Token                string      `json:",omitempty"` // of the request that began it
	Imports              []string    `json:",omitempty"`
	Timeout              int32       `json:",omitempty"` // minutes
	DisableRollback      bool        `json:",omitempty"`
	RetainExceptOnCreate bool        `json:",omitempty"`
}

type parameter struct {
	Key, Value string
	NoEcho     bool `json:",omitempty"`
}

type tag struct{ Key, Value string }

type output struct{ Key, Value, Description, Export string }

// stack is a row of cfn_stack. Times are platform milliseconds.
type stack struct {
	Caller                    caller.Caller // account, region and partition only
	ID, Name                  string
	Status, Reason            string
	Created, Updated, Deleted int64
	Protected                 bool
	Operation                 string
	Seq                       int64
	Outputs                   []output
	Definition                definition
	Previous                  *definition // while an update is under way, or has failed

	// Below: only where the templates were asked for.
	Original, Processed                 string
	PreviousOriginal, PreviousProcessed string
}

const stackColumns = `account, region, id, name, status, reason, created_at, updated_at, deleted_at, protected, operation, seq,
	outputs, definition, previous_definition`

func scanStack(r db.Row) (*stack, error) { return scanStackInto(r) }

func scanFullStack(r db.Row) (*stack, error) {
	var t [4]string
	s, err := scanStackInto(r, &t[0], &t[1], &t[2], &t[3])
	if err == nil {
		s.Original, s.Processed, s.PreviousOriginal, s.PreviousProcessed = t[0], t[1], t[2], t[3]
	}
	return s, err
}

func scanStackInto(r db.Row, more ...any) (*stack, error) {
	s := &stack{}
	var outputs, def, previous string
	dest := append([]any{&s.Caller.Account, &s.Caller.Region, &s.ID, &s.Name, &s.Status, &s.Reason, &s.Created, &s.Updated,
		&s.Deleted, &s.Protected, &s.Operation, &s.Seq, &outputs, &def, &previous}, more...)
	if err := r.Scan(dest...); err != nil {
		return nil, err
	}
	s.Caller.Partition = caller.PartitionOf(s.Caller.Region)
	if err := errors.Join(decodeJSON(outputs, &s.Outputs), decodeJSON(def, &s.Definition)); err != nil {
		return nil, fmt.Errorf("stack %s: %w", s.ID, err)
	}
	if previous != "" {
		s.Previous = &definition{}
		if err := decodeJSON(previous, s.Previous); err != nil {
			return nil, fmt.Errorf("stack %s: %w", s.ID, err)
		}
	}
	return s, nil
}

// findStack returns the stack that a name or an id means, or db.ErrNotFound. A name means a stack
// that was not deleted. full reads its templates as well.
func findStack(tx *db.Tx, c caller.Caller, nameOrID string, full bool) (*stack, error) {
	columns, scan := stackColumns, scanStack
	if full {
		columns, scan = columns+`, original, processed, previous_original, previous_processed`, scanFullStack
	}
	if strings.HasPrefix(nameOrID, "arn:") {
		return db.One(tx, scan, `SELECT `+columns+` FROM cfn_stack WHERE account = $1 AND region = $2 AND id = $3`, c.Account, c.Region, nameOrID)
	}
	return db.One(tx, scan, `SELECT `+columns+` FROM cfn_stack WHERE account = $1 AND region = $2 AND name = $3 AND deleted_at = 0`,
		c.Account, c.Region, nameOrID)
}

func insertStack(tx *db.Tx, s *stack) error {
	_, err := tx.Exec(`INSERT INTO cfn_stack (`+stackColumns+`, original, processed, previous_original, previous_processed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, '', $15, $16, '', '')`,
		s.Caller.Account, s.Caller.Region, s.ID, s.Name, s.Status, s.Reason, s.Created, s.Updated, s.Deleted, s.Protected, s.Operation, s.Seq,
		encodeJSON(s.Outputs), encodeJSON(s.Definition), s.Original, s.Processed)
	return err
}

// document is what is kept of a resource beside its columns.
type document struct {
	Name                string            // the physical name decided for it
	Properties          map[string]any    // evaluated
	UpdatePolicy        map[string]any    `json:",omitempty"`
	Tags                map[string]string `json:",omitempty"` // the stack's, as the resource got them
	DependsOn           []string          `json:",omitempty"`
	DeletionPolicy      string            `json:",omitempty"`
	UpdateReplacePolicy string            `json:",omitempty"`
	Metadata            string            `json:",omitempty"` // JSON
}

// resourceRow is a row of cfn_resource.
type resourceRow struct {
	Logical, Slot, Type, Physical, Status, Reason string
	Updated                                       int64
	Attributes                                    map[string]any
	Doc                                           document
}

// The slots.
const (
	slotCurrent   = "current"
	slotPrevious  = "previous"
	slotDiscarded = "discarded"
)

const resourceColumns = `logical_id, slot, type, physical_id, status, reason, updated_at, attributes, doc`

func scanResource(r db.Row) (*resourceRow, error) {
	x := &resourceRow{}
	var attributes, doc string
	if err := r.Scan(&x.Logical, &x.Slot, &x.Type, &x.Physical, &x.Status, &x.Reason, &x.Updated, &attributes, &doc); err != nil {
		return nil, err
	}
	if err := errors.Join(decodeJSON(attributes, &x.Attributes), decodeJSON(doc, &x.Doc)); err != nil {
		return nil, fmt.Errorf("resource %s: %w", x.Logical, err)
	}
	return x, nil
}

// resourcesOf returns a stack's resources in one slot, by logical id.
func resourcesOf(tx *db.Tx, stackID, slot string) ([]*resourceRow, error) {
	return db.All(tx, scanResource, `SELECT `+resourceColumns+` FROM cfn_resource WHERE stack_id = $1 AND slot = $2 ORDER BY logical_id`, stackID, slot)
}

func resourceIn(tx *db.Tx, stackID, logical, slot string) (*resourceRow, error) {
	return db.One(tx, scanResource, `SELECT `+resourceColumns+` FROM cfn_resource WHERE stack_id = $1 AND logical_id = $2 AND slot = $3`, stackID, logical, slot)
}

// decodeJSON keeps numbers as they were written: 1 must not become 1.0 in a property.
func decodeJSON(s string, into any) error {
	d := json.NewDecoder(bytes.NewReader([]byte(s)))
	d.UseNumber()
	return d.Decode(into)
}

// encodeJSON is for values that always encode: our own structs and evaluated properties.
func encodeJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // a programming error: the value holds what JSON has no words for
	}
	return string(raw)
}
