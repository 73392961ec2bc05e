package cloudformation

import (
	"context"
	"strings"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/db"
)

// holding are the statuses in which a stack still needs what it had and what it has: an operation that may go back, or one that
// stopped half-way. What it deletes itself it deletes under other statuses: …CLEANUP_IN_PROGRESS, ROLLBACK_IN_PROGRESS,
// DELETE_IN_PROGRESS.
var holding = []any{"CREATE_IN_PROGRESS", "CREATE_FAILED", "UPDATE_IN_PROGRESS", "UPDATE_FAILED", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"}

// needed is a resource that a stack in such a status has, or had when its operation began.
type needed struct{ stack, status, typ, physical, doc string }

// InUse names the stacks that need a function's version (its qualified ARN): those whose operation is under way or has failed,
// and which have a resource that is the version or names it. It reads in tx.
func (s *Service) InUse(_ context.Context, tx *db.Tx, versionARN string) ([]string, error) {
	a, err := arn.Parse(versionARN)
	if err != nil {
		return nil, err
	}
	rows, err := db.All(tx, func(r db.Row) (n needed, err error) {
		return n, r.Scan(&n.stack, &n.status, &n.typ, &n.physical, &n.doc)
	}, `SELECT s.id, s.status, r.type, r.physical_id, r.doc FROM cfn_stack s JOIN cfn_resource r ON r.stack_id = s.id
		WHERE s.account = $1 AND s.region = $2 AND s.deleted_at = 0 AND s.status IN ($3, $4, $5, $6, $7, $8) AND r.slot <> 'discarded'
		ORDER BY s.name, s.id`, append([]any{a.Account, a.Region}, holding...)...)
	if err != nil {
		return nil, err
	}
	var by []string
	for _, n := range rows {
		text := "stack " + n.stack + " (" + n.status + ")"
		if n.needs(versionARN) && (len(by) == 0 || by[len(by)-1] != text) {
			by = append(by, text)
		}
	}
	return by, nil
}

// needs tells whether the resource is the version, or its properties name it: by its ARN, as in a state machine's definition, or
// an alias by its number.
func (n needed) needs(versionARN string) bool {
	if n.physical == versionARN || names(n.doc, versionARN) {
		return true
	}
	at := strings.LastIndexByte(versionARN, ':')
	if n.typ != "AWS::Lambda::Alias" || !strings.HasPrefix(n.physical, versionARN[:at+1]) {
		return false
	}
	number := encodeJSON(versionARN[at+1:])
	return strings.Contains(n.doc, `"FunctionVersion":`+number) || strings.Contains(n.doc, `"FunctionVersion":`+versionARN[at+1:]+",")
}

// names tells whether a text holds an ARN that is not the beginning of a longer one.
func names(text, versionARN string) bool {
	for {
		i := strings.Index(text, versionARN)
		if i < 0 {
			return false
		}
		text = text[i+len(versionARN):]
		if text == "" || text[0] < '0' || text[0] > '9' {
			return true
		}
	}
}
