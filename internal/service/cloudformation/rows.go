package cloudformation

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/headgate/headgate/internal/db"
)

// event is a row of cfn_event: what DescribeStackEvents shows beside the stack's own names.
type event struct {
	ID         string
	Logical    string
	Physical   string
	Type       string
	Status     string
	Reason     string `json:",omitempty"`
	Properties string `json:",omitempty"`
	Token      string `json:",omitempty"`
}

const stackType = "AWS::CloudFormation::Stack"

// stackEventRow makes the event of a stack's own status. Its id follows from the stack and seq, so
// that the same decision gives the same id.
func stackEventRow(stackID, stackName string, seq, now int64, status, reason, token string) db.Stmt {
	id := uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s#%d", stackID, seq)).String()
	return eventRow(stackID, seq, now, event{ID: id, Logical: stackName, Physical: stackID, Type: stackType,
		Status: status, Reason: reason, Token: token})
}

func eventRow(stackID string, seq, now int64, e event) db.Stmt {
	return stmt(`INSERT INTO cfn_event (stack_id, seq, at, doc) VALUES ($1, $2, $3, $4)`, stackID, seq, now, encodeJSON(e))
}

func stmt(sql string, args ...any) db.Stmt { return db.Stmt{SQL: sql, Args: args} }

func (d *decider) add(sql string, args ...any) { d.rows = append(d.rows, stmt(sql, args...)) }

func (d *decider) notify() {
	d.notices = append(d.notices, db.Notice{Topic: Topic, Payload: d.op.StackID})
}

// status sets the stack's status, with its event.
func (d *decider) status(status, reason string) {
	d.op.Seq++
	d.add(`UPDATE cfn_stack SET status = $1, reason = $2, seq = $3 WHERE account = $4 AND region = $5 AND id = $6`,
		status, reason, d.op.Seq, d.op.Caller.Account, d.op.Caller.Region, d.op.StackID)
	d.rows = append(d.rows, stackEventRow(d.op.StackID, d.op.StackName, d.op.Seq, d.now, status, reason, d.op.Token))
	d.notify()
}

// event adds a resource's event.
func (d *decider) event(id, typ, physical, status, reason string, properties map[string]any) {
	d.op.Seq++
	e := event{ID: fmt.Sprintf("%s-%s-%s", id, status, time.UnixMilli(d.now).UTC().Format("2006-01-02T15:04:05.000Z")),
		Logical: id, Physical: physical, Type: typ, Status: status, Reason: reason, Token: d.op.Token}
	if reason == "Resource creation Initiated" { // may come in the same millisecond as its predecessor
		e.ID = fmt.Sprintf("%s-%s-%d", id, status, d.op.Seq)
	}
	if properties != nil {
		e.Properties = encodeJSON(properties)
	}
	d.rows = append(d.rows, eventRow(d.op.StackID, d.op.Seq, d.now, e))
	d.notify()
}

// resource adds an event and sets the resource's status to the same.
func (d *decider) resource(id, typ, physical, status, reason string, properties map[string]any) {
	d.event(id, typ, physical, status, reason, properties)
	d.resourceStatus(id, status, reason)
}

func (d *decider) resourceStatus(id, status, reason string) {
	d.add(`UPDATE cfn_resource SET status = $1, reason = $2, updated_at = $3 WHERE stack_id = $4 AND logical_id = $5 AND slot = 'current'`,
		status, reason, d.now, d.op.StackID, id)
}

// putResource makes or replaces the current incarnation of a resource.
func (d *decider) putResource(id, typ, physical string, doc document) {
	d.add(`INSERT INTO cfn_resource (`+resourceColumns+`, stack_id) VALUES ($1, 'current', $2, $3, '', '', $4, '{}', $5, $6)
		ON CONFLICT (stack_id, logical_id, slot) DO UPDATE SET type = $2, physical_id = $3, attributes = '{}', doc = $5`,
		id, typ, physical, d.now, encodeJSON(doc), d.op.StackID)
}

func (d *decider) putDocument(id string, doc document) {
	d.add(`UPDATE cfn_resource SET doc = $1 WHERE stack_id = $2 AND logical_id = $3 AND slot = 'current'`, encodeJSON(doc), d.op.StackID, id)
}

func (d *decider) putAttributes(id, physical string, attributes map[string]any) {
	if attributes == nil {
		d.add(`UPDATE cfn_resource SET physical_id = $1 WHERE stack_id = $2 AND logical_id = $3 AND slot = 'current'`,
			physical, d.op.StackID, id)
		return
	}
	d.add(`UPDATE cfn_resource SET physical_id = $1, attributes = $2 WHERE stack_id = $3 AND logical_id = $4 AND slot = 'current'`,
		physical, encodeJSON(attributes), d.op.StackID, id)
}

// discard moves the current incarnation aside, to be deleted, and takes the previous one back.
func (d *decider) discard(id string) {
	d.add(`DELETE FROM cfn_resource WHERE stack_id = $1 AND logical_id = $2 AND slot = 'discarded'`, d.op.StackID, id)
	d.add(`INSERT INTO cfn_resource (`+resourceColumns+`, stack_id)
		SELECT logical_id, 'discarded', type, physical_id, status, reason, updated_at, attributes, doc, stack_id
		FROM cfn_resource WHERE stack_id = $1 AND logical_id = $2 AND slot = 'current'`, d.op.StackID, id)
	d.takeBack(id)
}

// takeBack makes the current incarnation what the previous one was. That one stays until the
// operation ends, so that a rollback that is continued knows it still.
func (d *decider) takeBack(id string) {
	d.add(`UPDATE cfn_resource SET (type, physical_id, attributes, doc) = (SELECT p.type, p.physical_id, p.attributes, p.doc FROM cfn_resource p
			WHERE p.stack_id = $1 AND p.logical_id = $2 AND p.slot = 'previous')
		WHERE stack_id = $1 AND logical_id = $2 AND slot = 'current'`, d.op.StackID, id)
}

// removed forgets what a removal has deleted. A stack that is undone or deleted shows its
// resources as DELETE_COMPLETE; elsewhere they vanish.
func (d *decider) removed(id string, t *task) {
	switch {
	case t.Slot != slotCurrent:
		d.add(`DELETE FROM cfn_resource WHERE stack_id = $1 AND logical_id = $2 AND slot = $3`, d.op.StackID, id, t.Slot)
	case d.op.Phase == phaseCleanup || d.op.Phase == phaseRestoreCleanup:
		d.add(`DELETE FROM cfn_resource WHERE stack_id = $1 AND logical_id = $2`, d.op.StackID, id)
	}
}

func (d *decider) putOutputs(raw json.RawMessage) {
	d.add(`UPDATE cfn_stack SET outputs = $1 WHERE account = $2 AND region = $3 AND id = $4`,
		string(raw), d.op.Caller.Account, d.op.Caller.Region, d.op.StackID)
}

// restoreDefinition makes the stack's template and parameters those of before.
func (d *decider) restoreDefinition() {
	d.add(`UPDATE cfn_stack SET definition = previous_definition, original = previous_original, processed = previous_processed
		WHERE account = $1 AND region = $2 AND id = $3 AND previous_definition <> ''`, d.op.Caller.Account, d.op.Caller.Region, d.op.StackID)
}

// finish ends the operation.
func (d *decider) finish(status, reason string) {
	op := d.op
	d.status(status, reason)
	d.done = true
	where := []any{op.Caller.Account, op.Caller.Region, op.StackID}
	d.add(`UPDATE cfn_stack SET operation = '' WHERE account = $1 AND region = $2 AND id = $3`, where...)
	if status != "UPDATE_FAILED" && status != "UPDATE_ROLLBACK_FAILED" { // those may still go back
		d.add(`UPDATE cfn_stack SET previous_definition = '', previous_original = '', previous_processed = ''
			WHERE account = $1 AND region = $2 AND id = $3`, where...)
		d.add(`DELETE FROM cfn_resource WHERE stack_id = $1 AND slot <> 'current'`, op.StackID)
		d.settleImports(status)
	}
	if status == "DELETE_COMPLETE" {
		d.add(`UPDATE cfn_stack SET deleted_at = $4 WHERE account = $1 AND region = $2 AND id = $3`, append(where, d.now)...)
		d.add(`DELETE FROM cfn_export WHERE stack_id = $1`, op.StackID)
		d.add(`DELETE FROM cfn_change_set WHERE stack_id = $1`, op.StackID)
	}
	if op.ChangeSetID != "" {
		execution := "EXECUTE_COMPLETE"
		if status != "CREATE_COMPLETE" && status != "UPDATE_COMPLETE" {
			execution = "EXECUTE_FAILED"
		}
		d.add(`UPDATE cfn_change_set SET execution = $1 WHERE account = $2 AND region = $3 AND id = $4`,
			execution, op.Caller.Account, op.Caller.Region, op.ChangeSetID)
	}
}

// settleImports leaves the imports of the template that is now in force; while the operation ran,
// those of both were guarded.
func (d *decider) settleImports(status string) {
	op := d.op
	keep := op.OldImports
	switch status {
	case "CREATE_COMPLETE", "CREATE_FAILED", "UPDATE_COMPLETE":
		keep = op.Imports
	case "DELETE_COMPLETE", "ROLLBACK_COMPLETE":
		keep = nil
	case "DELETE_FAILED", "ROLLBACK_FAILED":
		return
	}
	d.add(`DELETE FROM cfn_import WHERE stack_id = $1`, op.StackID)
	for _, name := range keep {
		d.add(`INSERT INTO cfn_import (account, region, name, stack_id) VALUES ($1, $2, $3, $4)`,
			op.Caller.Account, op.Caller.Region, name, op.StackID)
	}
}
