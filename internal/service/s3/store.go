package s3

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/headgate/headgate/internal/db"
)

// object is one stored version.
type object struct {
	Bucket, Key, Seq, Version string
	Deleted                   bool
	Blob                      string
	Size                      int64
	ETag                      string // with its quotes
	Modified                  time.Time
	Headers                   headers
}

// headers are what a client said of an object and gets back with it.
type headers struct {
	ContentType        string            `json:"contentType,omitempty"`
	ContentEncoding    string            `json:"contentEncoding,omitempty"`
	ContentDisposition string            `json:"contentDisposition,omitempty"`
	ContentLanguage    string            `json:"contentLanguage,omitempty"`
	CacheControl       string            `json:"cacheControl,omitempty"`
	Metadata           map[string]string `json:"metadata,omitempty"`
	Tags               []types.Tag       `json:"tags,omitempty"`
	Checksum           map[string]string `json:"checksum,omitempty"` // algorithm → value, as the client gave it
}

const objectColumns = `bucket, key, seq, version, deleted, blob, size, etag, modified, headers`

func scanObject(r db.Row) (o object, err error) {
	var ms int64
	var h string
	if err := r.Scan(&o.Bucket, &o.Key, &o.Seq, &o.Version, &o.Deleted, &o.Blob, &o.Size, &o.ETag, &ms, &h); err != nil {
		return o, err
	}
	o.Modified = time.UnixMilli(ms).UTC()
	return o, json.Unmarshal([]byte(h), &o.Headers)
}

func insertObject(tx *db.Tx, o object) error {
	h, err := json.Marshal(o.Headers)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO s3_object (`+objectColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		o.Bucket, o.Key, o.Seq, o.Version, o.Deleted, o.Blob, o.Size, o.ETag, o.Modified.UnixMilli(), string(h))
	return err
}

// current reads the newest version of a key, which may be a delete marker, or the one named.
func current(tx *db.Tx, bucket, key, version string) (object, error) {
	if version == "" {
		o, err := db.One(tx, scanObject, `SELECT `+objectColumns+` FROM s3_object WHERE bucket = $1 AND key = $2 ORDER BY seq DESC LIMIT 1`, bucket, key)
		return o, instead(err, errNoKey)
	}
	o, err := db.One(tx, scanObject, `SELECT `+objectColumns+` FROM s3_object WHERE bucket = $1 AND key = $2 AND version = $3`, bucket, key, version)
	return o, instead(err, errNoVersion)
}

// removeVersion deletes one version's row, if it is there.
func removeVersion(tx *db.Tx, bucket, key, version string) error {
	_, err := tx.Exec(`DELETE FROM s3_object WHERE bucket = $1 AND key = $2 AND version = $3`, bucket, key, version)
	return err
}

type bucketRow struct {
	Name, Account, Region string
	Created               time.Time
	Versioning            string
}

func scanBucket(r db.Row) (b bucketRow, err error) {
	var ms int64
	err = r.Scan(&b.Name, &b.Account, &b.Region, &ms, &b.Versioning)
	b.Created = time.UnixMilli(ms).UTC()
	return b, err
}

const bucketColumns = `name, account, region, created, versioning`

func readBucket(tx *db.Tx, name string) (bucketRow, error) {
	b, err := db.One(tx, scanBucket, `SELECT `+bucketColumns+` FROM s3_bucket WHERE name = $1`, name)
	return b, instead(err, errNoBucket)
}

// instead puts S3's error in the place of a row that is not there.
func instead(err, s3err error) error {
	switch {
	case errors.Is(err, db.ErrNotFound):
		return s3err
	case err != nil:
		return fmt.Errorf("s3 store: %w", err)
	}
	return nil
}
