package lambda

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/headgate/headgate/internal/blob"
	"github.com/headgate/headgate/internal/db"
)

// packages keeps each package unpacked once, in a folder named by its sha, whoever uses it. The
// folders are a cache of the blobs: one that is missing is unpacked again.
type packages struct {
	dir   string
	blobs blob.Store

	mu      sync.Mutex
	ready   map[string]bool
	running map[string]*unpacking
}

type unpacking struct {
	done chan struct{}
	err  error
}

func newPackages(dir string, blobs blob.Store) (*packages, error) {
	p := &packages{dir: dir, blobs: blobs, ready: map[string]bool{}, running: map[string]*unpacking{}}
	if err := p.afterReboot(); err != nil {
		return nil, err
	}
	if err := errors.Join(os.RemoveAll(p.incoming()), os.MkdirAll(p.incoming(), 0o711)); err != nil {
		return nil, err
	}
	return p, os.Chmod(dir, 0o711) // functions run as other users and enter by name
}

func (p *packages) incoming() string { return filepath.Join(p.dir, "incoming") }

// afterReboot drops all folders if the machine went down since: their files are not synced one by
// one, so a power cut may have left them short. A killed process leaves nothing unfinished.
func (p *packages) afterReboot() error {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		boot = []byte("unknown")
	}
	mark := filepath.Join(p.dir, "boot")
	if old, err := os.ReadFile(mark); err == nil && string(old) == string(boot) {
		return nil
	}
	if err := errors.Join(os.RemoveAll(p.dir), os.MkdirAll(p.dir, 0o711)); err != nil {
		return err
	}
	return os.WriteFile(mark, boot, 0o600)
}

func (p *packages) temporary() (*os.File, error) { return os.CreateTemp(p.incoming(), "download-") }

func (p *packages) path(sha string) string { return filepath.Join(p.dir, sha) }

// folder returns where the package is unpacked, which it does if need be.
func (p *packages) folder(ctx context.Context, sha string) (string, error) {
	p.mu.Lock()
	if p.ready[sha] {
		p.mu.Unlock()
		if _, err := os.Stat(p.path(sha)); err == nil {
			return p.path(sha), nil
		}
		p.mu.Lock()
		delete(p.ready, sha)
	}
	u := p.running[sha]
	if u == nil {
		u = &unpacking{done: make(chan struct{})}
		p.running[sha] = u
		go p.unpack(context.WithoutCancel(ctx), sha, u)
	}
	p.mu.Unlock()
	select {
	case <-u.done:
		return p.path(sha), u.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (p *packages) unpack(ctx context.Context, sha string, u *unpacking) {
	if _, err := os.Stat(p.path(sha)); err != nil {
		u.err = p.unpackNew(ctx, sha)
	}
	p.mu.Lock()
	p.ready[sha] = u.err == nil
	delete(p.running, sha)
	p.mu.Unlock()
	close(u.done)
}

func (p *packages) unpackNew(ctx context.Context, sha string) error {
	r, size, done, err := p.open(ctx, sha)
	if err != nil {
		return fmt.Errorf("package %s: %w", sha, err)
	}
	defer done()
	tmp, err := os.MkdirTemp(p.incoming(), "unpack-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := extract(r, size, tmp); err != nil {
		return fmt.Errorf("package %s: %w", sha, err)
	}
	err = os.Rename(tmp, p.path(sha))
	if _, exists := os.Stat(p.path(sha)); exists == nil {
		return nil // ours, or another process's that was faster
	}
	return err
}

// open gives random access to a blob: at once if it is a file, else through a copy.
func (p *packages) open(ctx context.Context, sha string) (f *os.File, size int64, done func(), err error) {
	r, err := p.blobs.Open(ctx, sha)
	if err != nil {
		return nil, 0, nil, err
	}
	f, ok := r.(*os.File)
	if ok {
		done = func() { f.Close() }
	} else {
		defer r.Close()
		if f, err = p.temporary(); err != nil {
			return nil, 0, nil, err
		}
		done = func() { f.Close(); os.Remove(f.Name()) }
		if _, err = f.ReadFrom(r); err != nil {
			done()
			return nil, 0, nil, err
		}
	}
	st, err := f.Stat()
	if err != nil {
		done()
		return nil, 0, nil, err
	}
	return f, st.Size(), done, nil
}

// unpacked lists the packages that were unpacked longer than age ago.
func (p *packages) unpacked(age time.Duration) (shas []string, err error) {
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && len(e.Name()) == 2*sha256.Size && time.Since(info.ModTime()) >= age {
			shas = append(shas, e.Name())
		}
	}
	return shas, nil
}

// drop removes an unpacked package.
func (p *packages) drop(sha string) error {
	p.mu.Lock()
	delete(p.ready, sha)
	p.mu.Unlock()
	if sha == "" || strings.ContainsAny(sha, "./") {
		return nil
	}
	return os.RemoveAll(p.path(sha))
}

// beingDeleted is used_at while a collector removes the blob.
const beingDeleted = 0

// claimPackage keeps a blob from collection for Limits.PackageGrace; a version's row keeps it longer.
// Call it before the blob is put, so that no collector removes what was just put.
func (s *Service) claimPackage(ctx context.Context, sha string) error {
	for deadline := time.Now().Add(5 * time.Second); ; {
		var busy bool
		err := s.DB.Update(ctx, func(tx *db.Tx) error {
			used, err := db.One(tx, db.Value[int64], `SELECT used_at FROM lambda_package WHERE sha = $1`, sha)
			// A collector that died in the middle is waited for no longer than this.
			if busy = err == nil && used == beingDeleted && time.Now().Before(deadline); busy {
				return nil
			}
			if err != nil && !errors.Is(err, db.ErrNotFound) {
				return err
			}
			_, err = tx.Exec(`INSERT INTO lambda_package (sha, used_at) VALUES ($1, $2)
				ON CONFLICT (sha) DO UPDATE SET used_at = excluded.used_at`, sha, time.Now().UnixMilli())
			return err
		})
		if err != nil || !busy {
			return wrap(err, "claim package")
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// releasePackages restarts the grace of packages that lose a user: running invocations outlive a version.
func releasePackages(tx *db.Tx, versions ...versionRow) error {
	for _, v := range versions {
		shas := append([]string{v.shown.SHA}, v.shown.LayerSHA...)
		if v.serving != nil {
			shas = append(append(shas, v.serving.SHA), v.serving.LayerSHA...)
		}
		for _, sha := range shas {
			if _, err := tx.Exec(`UPDATE lambda_package SET used_at = $1 WHERE sha = $2 AND used_at <> $3`,
				time.Now().UnixMilli(), sha, beingDeleted); err != nil {
				return wrap(err, "release package")
			}
		}
	}
	return nil
}

// collectPackages deletes packages that no version or layer has needed for the grace.
func (s *Service) collectPackages(ctx context.Context) {
	tick := time.NewTicker(max(s.limits.PackageGrace/4, 10*time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := s.collectOnce(ctx, s.limits.PackageGrace); err != nil && ctx.Err() == nil {
			s.log.Error("collect unused packages", "error", err)
		}
	}
}

func (s *Service) collectOnce(ctx context.Context, grace time.Duration) error {
	var doomed []string
	before := time.Now().Add(-grace).UnixMilli()
	err := s.DB.Update(ctx, func(tx *db.Tx) (err error) {
		doomed, err = db.All(tx, db.Value[string], `UPDATE lambda_package SET used_at = $1 WHERE used_at < $2
			AND NOT EXISTS (SELECT 1 FROM lambda_version v WHERE v.sha = lambda_package.sha)
			AND NOT EXISTS (SELECT 1 FROM lambda_version v WHERE v.serving_sha = lambda_package.sha)
			AND NOT EXISTS (SELECT 1 FROM lambda_layer_version l WHERE l.sha = lambda_package.sha) RETURNING sha`, beingDeleted, before)
		return err
	})
	if err != nil {
		return err
	}
	for _, sha := range doomed {
		if err := errors.Join(s.Blobs.Delete(ctx, sha), s.packages.drop(sha)); err != nil {
			return err
		}
		if err := s.DB.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`DELETE FROM lambda_package WHERE sha = $1 AND used_at = $2`, sha, beingDeleted)
			return err
		}); err != nil {
			return err
		}
	}
	return s.dropUnknown(ctx, grace)
}

// dropUnknown removes unpacked packages that another node has collected.
func (s *Service) dropUnknown(ctx context.Context, grace time.Duration) error {
	folders, err := s.packages.unpacked(grace)
	if err != nil || len(folders) == 0 {
		return err
	}
	known := map[string]bool{}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		shas, err := db.All(tx, db.Value[string], `SELECT sha FROM lambda_package`)
		for _, sha := range shas {
			known[sha] = true
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, sha := range folders {
		if !known[sha] {
			err = errors.Join(err, s.packages.drop(sha))
		}
	}
	return err
}
