package logs

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

type groupKey struct{ account, region, name string }

func keyOf(c caller.Caller, name string) groupKey { return groupKey{c.Account, c.Region, name} }

// group is a row of logs_group.
type group struct {
	groupKey
	id, class, kmsKey string
	tags              map[string]string
	retention         int64 // days
	protected         bool
	bytes, created    int64
}

const selectGroup = `SELECT account, region, name, id, class, kms_key, tags, retention, protected, bytes, created_at FROM logs_group`

func scanGroup(r db.Row) (g group, err error) {
	var tags string
	if err := r.Scan(&g.account, &g.region, &g.name, &g.id, &g.class, &g.kmsKey, &tags, &g.retention, &g.protected, &g.bytes, &g.created); err != nil {
		return g, err
	}
	return g, json.Unmarshal([]byte(tags), &g.tags)
}

// readGroup answers noGroup where there is none.
func readGroup(tx *db.Tx, k groupKey) (group, error) {
	g, err := db.One(tx, scanGroup, selectGroup+` WHERE account = $1 AND region = $2 AND name = $3`, k.account, k.region, k.name)
	if errors.Is(err, db.ErrNotFound) {
		return g, noGroup()
	}
	return g, err
}

// oldest is the time before which the group's events are gone, whether or not they were swept.
func (g group) oldest(now int64) int64 {
	if g.retention == 0 {
		return 0
	}
	return now - g.retention*day
}

type streamRow struct {
	group, name, id                    string
	created, firstAt, lastAt, ingested int64
}

const selectStream = `SELECT log_group, name, id, created_at, first_at, last_at, ingested_at FROM logs_stream`

func scanStream(r db.Row) (st streamRow, err error) {
	return st, r.Scan(&st.group, &st.name, &st.id, &st.created, &st.firstAt, &st.lastAt, &st.ingested)
}

// readStream answers noStream where there is none.
func readStream(tx *db.Tx, group, name string) (streamRow, error) {
	st, err := db.One(tx, scanStream, selectStream+` WHERE log_group = $1 AND name = $2`, group, name)
	if errors.Is(err, db.ErrNotFound) {
		return st, noStream()
	}
	return st, err
}

// chunk is how many of n rows to put into one statement: few different texts stay prepared.
func chunk(n int) int {
	for _, c := range []int{256, 32, 8, 1} {
		if n >= c {
			return c
		}
	}
	return 0
}

func values(n, columns int) string {
	var b strings.Builder
	for i := range n * columns {
		switch {
		case i > 0 && i%columns == 0:
			b.WriteString("),(")
		case i > 0:
			b.WriteByte(',')
		default:
			b.WriteByte('(')
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	b.WriteByte(')')
	return b.String()
}

// putEvents stores events. One that is stored already (a flush whose answer was lost) stays.
func putEvents(tx *db.Tx, events []event) error {
	type sum struct{ first, last, ingested int64 }
	streams, groups := map[*stream]*sum{}, map[groupKey]int64{}
	for i := range events {
		e := &events[i]
		t := streams[e.stream]
		if t == nil {
			t = &sum{first: e.at}
			streams[e.stream] = t
		}
		t.first, t.last, t.ingested = min(t.first, e.at), max(t.last, e.at), max(t.ingested, e.ingested)
		groups[e.stream.groupKey] += e.size()
	}
	for rest := events; len(rest) > 0; rest = rest[chunk(len(rest)):] {
		n := chunk(len(rest))
		args := make([]any, 0, 6*n)
		for i := range rest[:n] {
			e := &rest[i]
			args = append(args, e.stream.group, e.at, e.id, e.stream.id, e.ingested, []byte(e.message))
		}
		if _, err := tx.Exec(`INSERT INTO logs_event (log_group, at, id, stream, ingested_at, message) VALUES `+values(n, 6)+
			` ON CONFLICT DO NOTHING`, args...); err != nil {
			return fmt.Errorf("store log events: %w", err)
		}
	}
	for st, t := range streams {
		if _, err := tx.Exec(`UPDATE logs_stream SET
			first_at = CASE WHEN first_at = 0 OR first_at > $1 THEN $1 ELSE first_at END,
			last_at = CASE WHEN last_at < $2 THEN $2 ELSE last_at END, ingested_at = $3
			WHERE log_group = $4 AND name = $5 AND id = $6`, t.first, t.last, t.ingested, st.group, st.name, st.id); err != nil {
			return fmt.Errorf("store log events: %w", err)
		}
	}
	for k, n := range groups {
		if _, err := tx.Exec(`UPDATE logs_group SET bytes = bytes + $1 WHERE account = $2 AND region = $3 AND name = $4`, n, k.account, k.region, k.name); err != nil {
			return fmt.Errorf("store log events: %w", err)
		}
	}
	return nil
}
