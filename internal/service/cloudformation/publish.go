package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/template"
)

// publish evaluates the outputs and makes the stack's exports those of its template. It is the
// last thing that can fail before an operation's way forward has been gone.
func (s *Service) publish(ctx context.Context, call durable.Call) (any, error) {
	a, err := argsOf(call)
	if err != nil {
		return nil, err
	}
	w, err := s.inForce(ctx, call.Instance, a)
	if err != nil {
		return nil, err
	}
	rows, err := view(ctx, s, func(tx *db.Tx) (standing, error) { return standingOf(tx, a.StackID) })
	if err != nil {
		return nil, durable.Retry(err, time.Second)
	}
	values, err := w.bound.Outputs(rows)
	if err != nil {
		return nil, err
	}
	outputs := make([]output, len(values))
	for i, v := range values {
		outputs[i] = output{v.Name, v.Value, v.Description, v.ExportName}
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error { return putExports(tx, w.stack.Caller, w.stack.ID, values) })
	var refused *exportError
	if err != nil && !errors.As(err, &refused) {
		return nil, durable.Retry(err, time.Second)
	}
	return outputs, err
}

// exportError is a reason why exports cannot become what a template says.
type exportError struct{ text string }

func (e *exportError) Error() string { return e.text }

// putExports checks before it writes: what another stack exports or imports stays as it is.
func putExports(tx *db.Tx, c caller.Caller, stackID string, values []template.OutputValue) error {
	had, err := exportsOf(tx, stackID)
	if err != nil {
		return err
	}
	want := map[string]string{}
	for _, v := range values {
		if v.ExportName == "" {
			continue
		}
		if _, twice := want[v.ExportName]; twice {
			return &exportError{fmt.Sprintf("Export with name %s is already exported by stack %s", v.ExportName, stackNameOf(stackID))}
		}
		want[v.ExportName] = v.Value
		owner, err := db.One(tx, db.Value[string], `SELECT stack_id FROM cfn_export WHERE account = $1 AND region = $2 AND name = $3`, c.Account, c.Region, v.ExportName)
		if err != nil && !errors.Is(err, db.ErrNotFound) {
			return err
		}
		if err == nil && owner != stackID {
			return &exportError{fmt.Sprintf("Export with name %s is already exported by stack %s", v.ExportName, stackNameOf(owner))}
		}
	}
	for name, value := range had {
		now, ok := want[name]
		if ok && now == value {
			continue
		}
		verb := "deleted"
		if ok {
			verb = "updated"
		}
		if err := unused(tx, c, stackID, name, verb); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`DELETE FROM cfn_export WHERE stack_id = $1`, stackID); err != nil {
		return err
	}
	for name, value := range want {
		if _, err := tx.Exec(`INSERT INTO cfn_export (account, region, name, stack_id, value) VALUES ($1, $2, $3, $4, $5)`,
			c.Account, c.Region, name, stackID, value); err != nil {
			return err
		}
	}
	return nil
}

// unused refuses when another stack imports the name.
func unused(tx *db.Tx, c caller.Caller, stackID, name, verb string) error {
	by, err := db.One(tx, db.Value[string], `SELECT stack_id FROM cfn_import WHERE account = $1 AND region = $2 AND name = $3 AND stack_id <> $4
		ORDER BY stack_id LIMIT 1`, c.Account, c.Region, name, stackID)
	if errors.Is(err, db.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return &exportError{fmt.Sprintf("Export %s cannot be %s as it is in use by %s", name, verb, stackNameOf(by))}
}

// exportsOf returns a stack's exports: name → value.
func exportsOf(tx *db.Tx, stackID string) (map[string]string, error) {
	type export struct{ name, value string }
	rows, err := db.All(tx, func(r db.Row) (e export, err error) { return e, r.Scan(&e.name, &e.value) },
		`SELECT name, value FROM cfn_export WHERE stack_id = $1`, stackID)
	out := map[string]string{}
	for _, e := range rows {
		out[e.name] = e.value
	}
	return out, err
}

// exportValue is what Fn::ImportValue gives.
func exportValue(tx *db.Tx, c caller.Caller, name string) (string, error) {
	v, err := db.One(tx, db.Value[string], `SELECT value FROM cfn_export WHERE account = $1 AND region = $2 AND name = $3`, c.Account, c.Region, name)
	if errors.Is(err, db.ErrNotFound) {
		return "", fmt.Errorf("No export named %s found.", name)
	}
	return v, err
}
