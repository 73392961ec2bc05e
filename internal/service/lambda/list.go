package lambda

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/db"
)

// A marker is where a listing goes on: after these keys. Clients must not read anything into it.
func encodeMarker(keys ...any) *string {
	b, err := json.Marshal(keys)
	if err != nil {
		return nil
	}
	return aws.String(base64.URLEncoding.EncodeToString(b))
}

func decodeMarker(marker *string, keys ...any) error {
	if aws.ToString(marker) == "" {
		return nil
	}
	b, err := base64.URLEncoding.DecodeString(*marker)
	if err == nil {
		err = json.Unmarshal(b, &keys)
	}
	if err != nil {
		return invalid("Invalid NextMarker.")
	}
	return nil
}

func pageSize(max *int32, most int32) int {
	if max == nil || *max <= 0 || *max > most {
		return int(most)
	}
	return int(*max)
}

// listVersions runs query, which ends in a WHERE clause, in the order of names and numbers, a page at a time.
func listVersions(ctx context.Context, d *db.DB, query string, args []any, marker *string, maxItems *int32, most int32) ([]versionRow, *string, error) {
	name, number := "", int64(-1)
	if err := decodeMarker(marker, &name, &number); err != nil {
		return nil, nil, err
	}
	n := len(args)
	query += fmt.Sprintf(` AND (name > $%d OR (name = $%d AND number > $%d)) ORDER BY name, number LIMIT $%d`, n+1, n+1, n+2, n+3)
	size := pageSize(maxItems, most)
	var rows []versionRow
	err := d.View(ctx, func(tx *db.Tx) (err error) {
		rows, err = db.All(tx, scanVersion, query, append(args, name, number, size+1)...)
		return wrap(err, "list versions")
	})
	if err != nil || len(rows) <= size {
		return rows, nil, err
	}
	rows = rows[:size]
	last := rows[size-1]
	return rows, encodeMarker(last.name, last.number), nil
}

// listed is a configuration as listings show it: without the state, which needs GetFunction (LS).
func listed(v versionRow, qualified bool) types.FunctionConfiguration {
	c := v.shown.Config
	if qualified {
		c.FunctionArn = aws.String(v.key.arn(versionName(v.number)))
	}
	c.State, c.StateReason, c.StateReasonCode = "", nil, ""
	c.LastUpdateStatus, c.LastUpdateStatusReason, c.LastUpdateStatusReasonCode = "", nil, ""
	return c
}

// page cuts a sorted listing that is small enough to be read whole.
func page[T any](all []T, name func(T) string, marker *string, maxItems *int32, most int32) ([]T, *string, error) {
	after := ""
	if err := decodeMarker(marker, &after); err != nil {
		return nil, nil, err
	}
	for len(all) > 0 && after != "" && name(all[0]) <= after {
		all = all[1:]
	}
	size := pageSize(maxItems, most)
	if len(all) <= size {
		return all, nil, nil
	}
	return all[:size], encodeMarker(name(all[size-1])), nil
}
