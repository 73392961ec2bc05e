package logs

import (
	"encoding/json"
	"errors"

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

// rowsOf is how many of n rows to put into one statement: few different texts stay prepared.
func rowsOf(n int) int {
	for _, c := range []int{64, 8, 1} {
		if n >= c {
			return c
		}
	}
	return 0
}

// batch is what one transaction stores: the events, and their sums for each stream and each group. Being made before the first
// try, it is the same in every try.
type batch struct {
	chunks  []chunk
	streams []streamSum
	groups  []groupSum
}

type streamSum struct {
	*stream
	first, last, ingested int64
}

type groupSum struct {
	groupKey
	bytes int64
}

func batchOf(events []event) batch {
	b := batch{chunks: chunksOf(events)}
	streams, groups := map[string]int{}, map[groupKey]int{}
	for i := range events {
		e := &events[i]
		n, ok := streams[e.stream.id]
		if !ok {
			n = len(b.streams)
			streams[e.stream.id] = n
			b.streams = append(b.streams, streamSum{stream: e.stream, first: e.at})
		}
		st := &b.streams[n]
		st.first, st.last, st.ingested = min(st.first, e.at), max(st.last, e.at), max(st.ingested, e.ingested)
		if n, ok = groups[e.stream.groupKey]; !ok {
			n = len(b.groups)
			groups[e.stream.groupKey] = n
			b.groups = append(b.groups, groupSum{groupKey: e.stream.groupKey})
		}
		b.groups[n].bytes += e.size()
	}
	return b
}

// put stores the batch, unless it is there already (a commit whose answer was lost): it is there as a whole or not at all.
func (b batch) put(tx *db.Tx) error {
	var added int64
	for rest := b.chunks; len(rest) > 0; rest = rest[rowsOf(len(rest)):] {
		n := rowsOf(len(rest))
		args := make([]any, 0, 6*n)
		for _, c := range rest[:n] {
			args = append(args, c.stream.group, c.firstAt, c.id, c.stream.id, c.lastAt, c.data)
		}
		k, err := tx.Exec(`INSERT INTO logs_chunk (log_group, first_at, id, stream, last_at, data) VALUES `+db.Values(n, 6)+` ON CONFLICT DO NOTHING`, args...)
		if err != nil {
			return err
		}
		added += k
	}
	if added < int64(len(b.chunks)) { // counted then
		return nil
	}
	for _, st := range b.streams {
		if _, err := tx.Exec(`UPDATE logs_stream SET
			first_at = CASE WHEN first_at = 0 OR first_at > $1 THEN $1 ELSE first_at END,
			last_at = CASE WHEN last_at < $2 THEN $2 ELSE last_at END, ingested_at = $3
			WHERE log_group = $4 AND name = $5 AND id = $6`, st.first, st.last, st.ingested, st.group, st.name, st.id); err != nil {
			return err
		}
	}
	for _, g := range b.groups {
		if _, err := tx.Exec(`UPDATE logs_group SET bytes = bytes + $1 WHERE account = $2 AND region = $3 AND name = $4`, g.bytes, g.account, g.region, g.name); err != nil {
			return err
		}
	}
	return nil
}
