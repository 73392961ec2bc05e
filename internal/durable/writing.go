package durable

import (
	"fmt"

	"github.com/headgate/headgate/internal/db"
)

// writing collects the rows of a commit, so that many are written by one statement.
type writing struct {
	// trips tells that a statement is a round trip: then rows of different instances go together even where that takes
	// a list of pairs, for which SQLite does not use its index.
	trips   bool
	ended   map[string][][]any // instances that are done, by kind
	events  [][]any            // ids of those decided on
	results map[string][][]any // effects that have ended, by kind: instance and id
	gone    []goner
	parts   [][]any
	effects [][]any
	inserts map[string][][]any // by table and columns
}

// goner names rows of one instance that go.
type goner struct {
	key
	table, column string
	ids           [][]any
}

// group is how many rows one statement has at most; below it, powers of two keep the number of texts small.
const group = 64

// insert takes an outcome's new rows.
func (w *writing) insert(o *outcome) {
	for _, r := range o.inserts {
		put(&w.inserts, r.Into, r.Values)
	}
}

func put(in *map[string][][]any, name string, row []any) {
	if *in == nil {
		*in = map[string][][]any{}
	}
	(*in)[name] = append((*in)[name], row)
}

// add takes what an outcome means for the instance's own tables, but for its own row.
func (w *writing) add(o *outcome) {
	in := o.in
	results := goner{key: in.key, table: "durable_effect", column: "id"}
	for _, p := range o.taken {
		switch {
		case p.seq != "":
			w.events = append(w.events, []any{p.seq})
		case o.done:
		case w.trips:
			put(&w.results, in.kind, []any{in.id, p.ev.EffectID})
		default:
			results.ids = append(results.ids, []any{p.ev.EffectID})
		}
	}
	if o.done {
		put(&w.ended, in.kind, []any{in.id})
		return
	}
	removed := goner{key: in.key, table: "durable_part", column: "name"}
	for name, data := range o.parts {
		switch {
		case name == head:
		case data == nil:
			removed.ids = append(removed.ids, []any{name})
		default:
			w.parts = append(w.parts, []any{in.kind, in.id, name, data})
		}
	}
	w.gone = append(w.gone, results, removed)
	for _, f := range o.effects {
		w.effects = append(w.effects, []any{in.kind, in.id, f.id, f.name, []byte(f.args)})
	}
}

// run writes everything. What goes, goes first: an effect may be decided on again under the id of one that ended.
func (w *writing) run(tx *db.Tx) error {
	deleted := int64(0)
	if err := chunks(w.events, func(n int, args []any) error {
		gone, err := tx.Exec(`DELETE FROM durable_event WHERE id IN `+db.Values(1, n), args...)
		deleted += gone
		return err
	}); err != nil {
		return err
	}
	if deleted < int64(len(w.events)) {
		return errDecided
	}
	for kind, ids := range w.ended {
		for _, table := range []string{"durable_event", "durable_effect", "durable_part"} {
			if err := remove(tx, table, "instance", ids, "kind", kind); err != nil {
				return err
			}
		}
	}
	for kind, ids := range w.results {
		if err := remove(tx, "durable_effect", "(instance, id)", ids, "kind", kind); err != nil {
			return err
		}
	}
	for _, g := range w.gone {
		if err := remove(tx, g.table, g.column, g.ids, "kind", g.kind, "instance", g.id); err != nil {
			return err
		}
	}
	for into, rows := range w.inserts {
		if err := chunks(rows, func(n int, args []any) error {
			_, err := tx.Exec(`INSERT INTO `+into+` VALUES `+db.Values(n, len(args)/n), args...)
			return err
		}); err != nil {
			return err
		}
	}
	if err := chunks(w.parts, func(n int, args []any) error {
		_, err := tx.Exec(`INSERT INTO durable_part (kind, instance, name, data) VALUES `+db.Values(n, 4)+`
			ON CONFLICT (kind, instance, name) DO UPDATE SET data = excluded.data`, args...)
		return err
	}); err != nil {
		return err
	}
	return chunks(w.effects, func(n int, args []any) error {
		_, err := tx.Exec(`INSERT INTO durable_effect (kind, instance, id, name, args) VALUES `+db.Values(n, 5)+`
			ON CONFLICT DO NOTHING`, args...)
		return err
	})
}

// remove deletes the rows whose column (or columns) is one of ids, among those that have the values of where.
func remove(tx *db.Tx, table, column string, ids [][]any, where ...string) error {
	return chunks(ids, func(n int, args []any) error {
		in := db.Values(1, n)
		if columns := len(args) / n; columns > 1 {
			in = `(VALUES ` + db.Values(n, columns) + `)`
		}
		q := `DELETE FROM ` + table + ` WHERE ` + column + ` IN ` + in
		for i := 0; i < len(where); i += 2 {
			args = append(args, where[i+1])
			q += fmt.Sprintf(` AND %s = $%d`, where[i], len(args))
		}
		_, err := tx.Exec(q, args...)
		return err
	})
}

// chunks calls f with groups of rows: how many they are, and their values one after another.
func chunks(rows [][]any, f func(n int, args []any) error) error {
	for size := group; len(rows) > 0; size /= 2 {
		for len(rows) >= size {
			var args []any
			for _, r := range rows[:size] {
				args = append(args, r...)
			}
			if err := f(size, args); err != nil {
				return err
			}
			rows = rows[size:]
		}
	}
	return nil
}
