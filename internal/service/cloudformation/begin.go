package cloudformation

import (
	"errors"
	"maps"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// begin puts a plan in force and creates the operation that carries it out, all in the caller's
// transaction. st must be as it is stored.
func (s *Service) begin(tx *db.Tx, st *stack, p *plan, op operation) error {
	rows, err := standingOf(tx, st.ID)
	if err != nil {
		return err
	}
	if op.Steps, err = stepsOf(tx, st, rows); err != nil {
		return err
	}
	s.planSteps(op.Steps, p)
	op.Imports, op.OldImports = p.Definition.Imports, st.Definition.Imports
	if st.Previous != nil {
		op.OldImports = st.Previous.Imports
	}
	status := "CREATE_IN_PROGRESS"
	if op.Goal == goalUpdate {
		status = "UPDATE_IN_PROGRESS"
		if err := keepPrevious(tx, st); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE cfn_stack SET updated_at = $1 WHERE account = $2 AND region = $3 AND id = $4`,
			s.clock.Now().UnixMilli(), st.Caller.Account, st.Caller.Region, st.ID); err != nil {
			return err
		}
	}
	p.Definition.ChangeSetID, p.Definition.Token = op.ChangeSetID, op.Token
	if _, err := tx.Exec(`UPDATE cfn_stack SET definition = $1, original = $2, processed = $3 WHERE account = $4 AND region = $5 AND id = $6`,
		encodeJSON(p.Definition), p.Original, p.Processed, st.Caller.Account, st.Caller.Region, st.ID); err != nil {
		return err
	}
	if err := addImports(tx, st, op.Imports); err != nil {
		return err
	}
	if p.Definition.RoleARN != "" { // the calls are made as that role, not as whoever asks
		op.Caller.ARN = p.Definition.RoleARN
	}
	return s.launch(tx, st, op, status)
}

// launch creates the operation's instance and shows the stack in the status with which it begins.
func (s *Service) launch(tx *db.Tx, st *stack, op operation, status string) error {
	op.ID, op.StackID, op.StackName, op.Seq = id.Request(), st.ID, st.Name, st.Seq+1
	if op.Caller.Account == "" {
		op.Caller = caller.From(tx.Context())
	}
	op.Caller.RequestID = ""
	_, err := tx.Exec(`UPDATE cfn_stack SET status = $1, reason = 'User Initiated', seq = $2, operation = $3 WHERE account = $4 AND region = $5 AND id = $6`,
		status, op.Seq, op.ID, st.Caller.Account, st.Caller.Region, st.ID)
	if err != nil {
		return err
	}
	if err := tx.Run(stackEventRow(st.ID, st.Name, op.Seq, s.clock.Now().UnixMilli(), status, "User Initiated", op.Token)); err != nil {
		return err
	}
	tx.Notify(Topic, st.ID)
	return s.engine.Create(tx, kind, op.ID, op)
}

// stepsOf describes the resources that a stack has, and, where an update has failed and may still
// be taken back, what it had done.
func stepsOf(tx *db.Tx, st *stack, rows standing) (map[string]*step, error) {
	steps := map[string]*step{}
	for id, r := range rows {
		if r.Status == "DELETE_COMPLETE" || r.Status == "DELETE_SKIPPED" {
			continue
		}
		steps[id] = &step{Type: r.Type, Physical: r.Physical, Old: r.Status != "CREATE_FAILED", Force: r.Status == "UPDATE_FAILED",
			OldDeps: r.Doc.DependsOn, Deletion: r.Doc.DeletionPolicy, Replacement: r.Doc.UpdateReplacePolicy}
	}
	if st.Previous == nil {
		return steps, nil
	}
	had, err := resourcesOf(tx, st.ID, slotPrevious)
	if err != nil {
		return nil, err
	}
	discarded, err := resourcesOf(tx, st.ID, slotDiscarded)
	if err != nil {
		return nil, err
	}
	for _, s := range steps {
		s.Done = created
	}
	for _, r := range had {
		s := steps[r.Logical]
		switch {
		case s == nil:
		case s.Physical != r.Physical:
			s.Done, s.OldPhysical = replaced, r.Physical
		case s.Force || len(changed(r.Doc.Properties, rows[r.Logical].Doc.Properties)) > 0 || !maps.Equal(r.Doc.Tags, rows[r.Logical].Doc.Tags):
			s.Done = updated
		default:
			s.Done = unchanged
		}
	}
	for _, r := range discarded { // taken back already: only the deletion is left
		if s := steps[r.Logical]; s != nil {
			s.Done, s.OldPhysical, s.Restored = replaced, r.Physical, true
		}
	}
	return steps, nil
}

// planSteps adds what the plan wants.
func (s *Service) planSteps(steps map[string]*step, p *plan) {
	for _, r := range p.Bound.Resources() {
		x := steps[r.ID]
		if x == nil {
			x = &step{Type: r.Type}
			steps[r.ID] = x
		}
		x.New, x.Deps = true, p.Bound.Dependencies(r.ID)
		if !x.Old {
			x.Type = r.Type
		}
	}
}

// keepPrevious notes what the update may have to go back to, unless an earlier one that failed has
// left that standing.
func keepPrevious(tx *db.Tx, st *stack) error {
	if st.Previous != nil {
		return nil
	}
	return tx.Run(
		stmt(`UPDATE cfn_stack SET previous_definition = definition, previous_original = original, previous_processed = processed
			WHERE account = $1 AND region = $2 AND id = $3`, st.Caller.Account, st.Caller.Region, st.ID),
		stmt(`DELETE FROM cfn_resource WHERE stack_id = $1 AND (slot <> 'current' OR status IN ('DELETE_COMPLETE', 'DELETE_SKIPPED'))`, st.ID),
		stmt(`INSERT INTO cfn_resource (`+resourceColumns+`, stack_id)
			SELECT logical_id, 'previous', type, physical_id, status, reason, updated_at, attributes, doc, stack_id
			FROM cfn_resource WHERE stack_id = $1 AND slot = 'current'`, st.ID))
}

// addImports guards the exports that the new template uses, from now on.
func addImports(tx *db.Tx, st *stack, names []string) error {
	for _, name := range names {
		if _, err := exportValue(tx, st.Caller, name); err != nil {
			return invalid("%s", err)
		}
		if _, err := tx.Exec(`INSERT INTO cfn_import (account, region, name, stack_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			st.Caller.Account, st.Caller.Region, name, st.ID); err != nil {
			return err
		}
	}
	return nil
}

// load finds a stack and what a plan for it is made against. A missing stack is nil.
func (s *Service) load(tx *db.Tx, c caller.Caller, nameOrID string) (*basis, error) {
	st, err := findStack(tx, c, nameOrID, true)
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return nil, err
	}
	return readBasis(tx, c, st)
}

// unmoved finds the stack again in a transaction, provided that nothing has happened to it since.
func unmoved(tx *db.Tx, base *basis) (*stack, error) {
	st, err := findStack(tx, base.Caller, base.Stack.ID, false)
	if err != nil {
		return nil, err
	}
	if st.Seq != base.Stack.Seq || st.Operation != base.Stack.Operation {
		return nil, errMoved
	}
	return st, nil
}

// errMoved says that a plan was made against a stack that has changed since.
var errMoved = errors.New("the stack has changed")

// planned prepares and then commits, anew when the stack has moved in between.
func (s *Service) planned(tx func() error) error {
	for try := 0; ; try++ {
		if err := tx(); try > 5 || !errors.Is(err, errMoved) {
			return err
		}
	}
}
