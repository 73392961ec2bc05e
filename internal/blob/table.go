package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/headgate/headgate/internal/db"
)

// partSize is the length in bytes of a stored part.
const partSize = 1 << 20

// Table is a Store in the database, which nodes share that share nothing else.
type Table struct {
	db    *db.DB
	space string
}

// NewTable returns the store of one space in d.
func NewTable(d *db.DB, space string) *Table { return &Table{d, space} }

// Put implements Store. The content waits in a temporary file until its name is known.
func (t *Table) Put(ctx context.Context, r io.Reader) (name string, size int64, err error) {
	tmp, err := os.CreateTemp("", "headgate-blob-")
	if err != nil {
		return "", 0, fmt.Errorf("store blob: %w", err)
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	h := sha256.New()
	if size, err = io.Copy(io.MultiWriter(tmp, h), r); err != nil {
		return "", 0, fmt.Errorf("store blob: %w", err)
	}
	name = hex.EncodeToString(h.Sum(nil))
	err = t.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := tmp.Seek(0, io.SeekStart); err != nil { // the transaction may run again
			return err
		}
		return t.write(tx, name, size, tmp)
	})
	if err != nil {
		return "", 0, fmt.Errorf("store blob: %w", err)
	}
	return name, size, nil
}

func (t *Table) write(tx *db.Tx, name string, size int64, r io.Reader) error {
	n, err := tx.Exec(`UPDATE blob SET put = $1 WHERE space = $2 AND name = $3`, time.Now().UnixMilli(), t.space, name)
	if err != nil || n > 0 { // it is there
		return err
	}
	if _, err := tx.Exec(`INSERT INTO blob (space, name, size, put) VALUES ($1, $2, $3, $4)`, t.space, name, size, time.Now().UnixMilli()); err != nil {
		return err
	}
	buf := make([]byte, partSize)
	for part := 0; ; part++ {
		n, err := io.ReadFull(r, buf)
		if n > 0 {
			if _, err := tx.Exec(`INSERT INTO blob_part (space, name, part, data) VALUES ($1, $2, $3, $4)`, t.space, name, part, buf[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Open implements Store. The reader is an io.Seeker too.
func (t *Table) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	var size int64
	err := t.db.View(ctx, func(tx *db.Tx) (err error) {
		size, err = db.One(tx, db.Value[int64], `SELECT size FROM blob WHERE space = $1 AND name = $2`, t.space, name)
		return err
	})
	if errors.Is(err, db.ErrNotFound) {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, name)
	}
	if err != nil {
		return nil, err
	}
	parts := &partReader{ctx: ctx, t: t, name: name, size: size, part: -1}
	return struct {
		*io.SectionReader
		io.Closer
	}{io.NewSectionReader(parts, 0, size), io.NopCloser(nil)}, nil
}

// partReader reads at any offset and keeps the part that it read last.
type partReader struct {
	ctx  context.Context
	t    *Table
	name string
	size int64
	part int64
	data []byte
}

// ReadAt implements io.ReaderAt, for one reader at a time.
func (r *partReader) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		if off >= r.size {
			return n, io.EOF
		}
		if part := off / partSize; part != r.part {
			if err := r.load(part); err != nil {
				return n, err
			}
		}
		c := copy(p[n:], r.data[off%partSize:])
		n, off = n+c, off+int64(c)
	}
	return n, nil
}

func (r *partReader) load(part int64) error {
	return r.t.db.View(r.ctx, func(tx *db.Tx) error {
		data, err := db.One(tx, db.Value[[]byte], `SELECT data FROM blob_part WHERE space = $1 AND name = $2 AND part = $3`, r.t.space, r.name, part)
		if err != nil {
			return fmt.Errorf("part %d of blob %s: %w", part, r.name, err)
		}
		r.part, r.data = part, data
		return nil
	})
}

// Delete implements Store.
func (t *Table) Delete(ctx context.Context, name string) error {
	return t.db.Update(ctx, func(tx *db.Tx) error { return t.remove(tx, name) })
}

func (t *Table) remove(tx *db.Tx, name string) error {
	return tx.Run(db.Stmt{SQL: `DELETE FROM blob_part WHERE space = $1 AND name = $2`, Args: []any{t.space, name}},
		db.Stmt{SQL: `DELETE FROM blob WHERE space = $1 AND name = $2`, Args: []any{t.space, name}})
}

// Sweep implements Sweeper.
func (t *Table) Sweep(ctx context.Context, grace time.Duration, used func(ctx context.Context, name string) (bool, error)) error {
	before := time.Now().Add(-grace).UnixMilli()
	var old []string
	err := t.db.View(ctx, func(tx *db.Tx) (err error) {
		old, err = db.All(tx, db.Value[string], `SELECT name FROM blob WHERE space = $1 AND put < $2`, t.space, before)
		return err
	})
	if err != nil {
		return err
	}
	for _, name := range old {
		if in, err := used(ctx, name); err != nil || in {
			if err != nil {
				return err
			}
			continue
		}
		err := t.db.Update(ctx, func(tx *db.Tx) error {
			put, err := db.One(tx, db.Value[int64], `SELECT put FROM blob WHERE space = $1 AND name = $2`, t.space, name)
			if err != nil || put >= before { // put again meanwhile
				return err
			}
			return t.remove(tx, name)
		})
		if err != nil && !errors.Is(err, db.ErrNotFound) {
			return err
		}
	}
	return nil
}
