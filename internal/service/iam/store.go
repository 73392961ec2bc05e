package iam

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/headgate/headgate/internal/db"
)

// table is one of the two; both hold an account, a key and a document.
type table struct{ name, key string }

var (
	roles    = table{"iam_role", "name"}
	policies = table{"iam_policy", "arn"}
)

func read[T any](tx *db.Tx, t table, account, key string) (T, error) {
	return db.One(tx, scan[T], `SELECT document FROM `+t.name+` WHERE account = $1 AND `+t.key+` = $2`, account, key)
}

func list[T any](tx *db.Tx, t table, account string) ([]T, error) {
	return db.All(tx, scan[T], `SELECT document FROM `+t.name+` WHERE account = $1 ORDER BY `+t.key, account)
}

func write(tx *db.Tx, t table, account, key string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO `+t.name+` (account, `+t.key+`, document) VALUES ($1, $2, $3)
		ON CONFLICT (account, `+t.key+`) DO UPDATE SET document = $3`, account, key, string(b))
	return err
}

func remove(tx *db.Tx, t table, account, key string) error {
	_, err := tx.Exec(`DELETE FROM `+t.name+` WHERE account = $1 AND `+t.key+` = $2`, account, key)
	return err
}

func scan[T any](r db.Row) (v T, err error) {
	var doc string
	if err := r.Scan(&doc); err != nil {
		return v, err
	}
	if err := json.Unmarshal([]byte(doc), &v); err != nil {
		return v, fmt.Errorf("stored document: %w", err)
	}
	return v, nil
}

func missing(err error) bool { return errors.Is(err, db.ErrNotFound) }
