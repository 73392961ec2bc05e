// Package blob keeps content under the name of its SHA-256: function packages and objects. What was
// put stays under its name unchanged, so two nodes can share a store and a reader needs no lock.
package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// ErrNotFound is returned for a name that the store does not hold.
var ErrNotFound = errors.New("no such blob")

// Store holds blobs. Names are 64 lower-case hexadecimal digits.
type Store interface {
	// Put stores all of r, durably, and returns its name and length in bytes. An error stores nothing.
	Put(ctx context.Context, r io.Reader) (name string, size int64, err error)
	// Open reads a blob from its start.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
	// Delete removes a blob; one that is not there is no error.
	Delete(ctx context.Context, name string) error
}

// Folder is a Store in a folder of the machine: aa/bb….
type Folder struct {
	dir string
	mu  sync.Mutex // a blob moves into place, or is swept, not both
}

// NewFolder returns the store in dir, which it creates, readable by its owner alone.
func NewFolder(dir string) (*Folder, error) {
	if err := os.MkdirAll(filepath.Join(dir, "incoming"), 0o700); err != nil {
		return nil, fmt.Errorf("blob folder: %w", err)
	}
	f := &Folder{dir: dir}
	return f, f.tidy(abandoned)
}

// abandoned is the age of a file in incoming that nobody writes any more, whatever process it was.
const abandoned = 24 * time.Hour

// tidy removes what processes that were killed left behind.
func (f *Folder) tidy(age time.Duration) error {
	left, err := filepath.Glob(filepath.Join(f.dir, "incoming", "*"))
	for _, path := range left {
		if older(path, age) {
			os.Remove(path)
		}
	}
	return err
}

func older(path string, age time.Duration) bool {
	info, err := os.Stat(path)
	return err == nil && time.Since(info.ModTime()) >= age
}

func (f *Folder) path(name string) (string, error) {
	if b, err := hex.DecodeString(name); err != nil || len(b) != sha256.Size {
		return "", fmt.Errorf("%w: %q is not a name", ErrNotFound, name)
	}
	return filepath.Join(f.dir, name[:2], name), nil
}

// Put implements Store: written beside, synced, then renamed into place.
func (f *Folder) Put(_ context.Context, r io.Reader) (name string, size int64, err error) {
	tmp, err := os.CreateTemp(filepath.Join(f.dir, "incoming"), "blob-")
	if err != nil {
		return "", 0, fmt.Errorf("store blob: %w", err)
	}
	defer os.Remove(tmp.Name()) // gone after the rename
	defer tmp.Close()
	h := sha256.New()
	if size, err = io.Copy(io.MultiWriter(tmp, h), r); err != nil {
		return "", 0, fmt.Errorf("store blob: %w", err)
	}
	if err := tmp.Sync(); err != nil {
		return "", 0, fmt.Errorf("store blob: %w", err)
	}
	name = hex.EncodeToString(h.Sum(nil))
	path, err := f.path(name)
	if err != nil {
		return "", 0, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", 0, fmt.Errorf("store blob: %w", err)
	}
	f.mu.Lock()
	err = os.Rename(tmp.Name(), path)
	f.mu.Unlock()
	if err != nil {
		return "", 0, fmt.Errorf("store blob: %w", err)
	}
	return name, size, errors.Join(syncDir(filepath.Dir(path)), syncDir(f.dir))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Open implements Store.
func (f *Folder) Open(_ context.Context, name string) (io.ReadCloser, error) {
	path, err := f.path(name)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, name)
	}
	return file, err
}

// Delete implements Store.
func (f *Folder) Delete(_ context.Context, name string) error {
	path, err := f.path(name)
	if err == nil { // else there can be no such blob
		err = os.Remove(path)
	}
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// Sweeper is a Store that can be asked to remove what nobody uses.
type Sweeper interface {
	Store
	// Sweep removes every blob that was put longer than grace ago and of which used says no. A blob
	// that is put again meanwhile counts as new.
	Sweep(ctx context.Context, grace time.Duration, used func(ctx context.Context, name string) (bool, error)) error
}

// Sweep implements Sweeper.
func (f *Folder) Sweep(ctx context.Context, grace time.Duration, used func(ctx context.Context, name string) (bool, error)) error {
	if err := f.tidy(max(grace, abandoned)); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(f.dir, "??", "*"))
	if err != nil {
		return err
	}
	for _, path := range files {
		if !older(path, grace) {
			continue
		}
		if in, err := used(ctx, filepath.Base(path)); err != nil || in {
			if err != nil {
				return err
			}
			continue
		}
		f.mu.Lock()
		if older(path, grace) { // not put again meanwhile
			err = os.Remove(path)
		}
		f.mu.Unlock()
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
