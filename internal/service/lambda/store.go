package lambda

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/db"
)

// topic is the notice that something about a function changed; its payload is key.String().
const topic = "lambda"

// snapshot is all that running a version takes. A stored one never changes.
type snapshot struct {
	// Generation tells snapshots apart: environments are shared only within one.
	Generation string
	SHA        string   // of the package, in hexadecimal
	LayerSHA   []string // packages of Config.Layers, in order
	Config     types.FunctionConfiguration
}

// functionRow is what belongs to a function as a whole.
type functionRow struct {
	key
	lastVersion   int64
	publishedHash string
	reserved      *int64
	tags          map[string]string
}

// versionRow is one version: what the API shows, and what serves.
type versionRow struct {
	key
	number      int64
	shown       snapshot
	serving     *snapshot
	preparation string
}

const functionColumns = `account, region, name, last_version, published_hash, reserved, tags`

func scanFunction(r db.Row) (f functionRow, err error) {
	var tags string
	if err = r.Scan(&f.account, &f.region, &f.name, &f.lastVersion, &f.publishedHash, &f.reserved, &tags); err == nil {
		err = json.Unmarshal([]byte(tags), &f.tags)
	}
	return f, err
}

// readFunction answers notFound, naming missing, if there is no such function.
func readFunction(tx *db.Tx, k key, missing error) (functionRow, error) {
	f, err := db.One(tx, scanFunction, `SELECT `+functionColumns+` FROM lambda_function
		WHERE account = $1 AND region = $2 AND name = $3`, k.account, k.region, k.name)
	if errors.Is(err, db.ErrNotFound) {
		return f, missing
	}
	return f, wrap(err, "read function")
}

func insertFunction(tx *db.Tx, f functionRow) error {
	_, err := tx.Exec(`INSERT INTO lambda_function (`+functionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		f.account, f.region, f.name, f.lastVersion, f.publishedHash, f.reserved, document(f.tags))
	return wrap(err, "store function")
}

func updateFunction(tx *db.Tx, f functionRow) error {
	_, err := tx.Exec(`UPDATE lambda_function SET last_version = $1, published_hash = $2, reserved = $3, tags = $4
		WHERE account = $5 AND region = $6 AND name = $7`,
		f.lastVersion, f.publishedHash, f.reserved, document(f.tags), f.account, f.region, f.name)
	return wrap(err, "store function")
}

const versionColumns = `account, region, name, number, shown, serving, preparation`

func scanVersion(r db.Row) (v versionRow, err error) {
	var shown string
	var serving *string
	if err = r.Scan(&v.account, &v.region, &v.name, &v.number, &shown, &serving, &v.preparation); err != nil {
		return v, err
	}
	if err = json.Unmarshal([]byte(shown), &v.shown); err == nil && serving != nil {
		v.serving = new(snapshot)
		err = json.Unmarshal([]byte(*serving), v.serving)
	}
	return v, err
}

// readVersion returns db.ErrNotFound for a version that is not there.
func readVersion(tx *db.Tx, k key, number int64) (versionRow, error) {
	v, err := db.One(tx, scanVersion, `SELECT `+versionColumns+` FROM lambda_version
		WHERE account = $1 AND region = $2 AND name = $3 AND number = $4`, k.account, k.region, k.name, number)
	return v, wrap(err, "read version")
}

// readLatest is readVersion of $LATEST, which every function has.
func readLatest(tx *db.Tx, k key) (versionRow, error) {
	v, err := readVersion(tx, k, 0)
	if errors.Is(err, db.ErrNotFound) {
		err = functionNotFound(k.arn(""))
	}
	return v, err
}

// writeVersion inserts or replaces a version's row.
func writeVersion(tx *db.Tx, v versionRow) error {
	var serving *string
	servingSHA := ""
	if v.serving != nil {
		serving, servingSHA = aws.String(document(v.serving)), v.serving.SHA
	}
	_, err := tx.Exec(`INSERT INTO lambda_version (`+versionColumns+`, sha, serving_sha, size)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (account, region, name, number) DO UPDATE SET shown = excluded.shown, serving = excluded.serving,
			preparation = excluded.preparation, sha = excluded.sha, serving_sha = excluded.serving_sha, size = excluded.size`,
		v.account, v.region, v.name, v.number, document(v.shown), serving, v.preparation, v.shown.SHA, servingSHA, v.shown.Config.CodeSize)
	return wrap(err, "store version")
}

func readAlias(tx *db.Tx, k key, alias string) (types.AliasConfiguration, error) {
	a, err := db.One(tx, scanJSON[types.AliasConfiguration], `SELECT config FROM lambda_alias
		WHERE account = $1 AND region = $2 AND name = $3 AND alias = $4`, k.account, k.region, k.name, alias)
	return a, wrap(err, "read alias")
}

func readAliases(tx *db.Tx, k key) ([]types.AliasConfiguration, error) {
	as, err := db.All(tx, scanJSON[types.AliasConfiguration], `SELECT config FROM lambda_alias
		WHERE account = $1 AND region = $2 AND name = $3 ORDER BY alias`, k.account, k.region, k.name)
	return as, wrap(err, "read aliases")
}

func writeAlias(tx *db.Tx, k key, a types.AliasConfiguration) error {
	_, err := tx.Exec(`INSERT INTO lambda_alias (account, region, name, alias, config) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account, region, name, alias) DO UPDATE SET config = excluded.config`,
		k.account, k.region, k.name, *a.Name, document(a))
	return wrap(err, "store alias")
}

// changed tells every node that what it knows of the function is out of date.
func changed(tx *db.Tx, k key) { tx.Notify(topic, k.String()) }

func scanJSON[T any](r db.Row) (v T, err error) {
	var s string
	if err = r.Scan(&s); err == nil {
		v, err = parseJSON[T](s)
	}
	return v, err
}

func parseJSON[T any](s string) (v T, err error) {
	err = json.Unmarshal([]byte(s), &v)
	return v, err
}

// document is v as it is stored. The types stored all have a JSON form.
func document(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("lambda: %T has no JSON form: %v", v, err))
	}
	return string(b)
}

func wrap(err error, what string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
