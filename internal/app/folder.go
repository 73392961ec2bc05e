package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/headgate/headgate/internal/id"
)

// folder is the data folder:
//
//	headgate.db    the store (SQLite)
//	packages/      function packages, by hash      objects/   S3 content, by hash
//	lambda/        packages unpacked               sandbox/   what running environments need
//	node           this node's name                credentials   the root access key, beyond loopback
//
// Others may pass through it, as functions run under users of their own, but not look around.
type folder struct {
	dir  string
	node string
	lock *os.File
}

// openFolder takes the folder for this process alone.
func openFolder(dir string) (*folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	f := &folder{dir: dir}
	if f.lock, err = os.OpenFile(f.path("lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := syscall.Flock(int(f.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s is in use by another headgate: stop it, or choose another --data", dir)
		}
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	if f.node, err = f.name(); err != nil {
		f.lock.Close()
		return nil, err
	}
	return f, nil
}

// name is the node's: made once, so that a restarted node has its instances back at once.
func (f *folder) name() (string, error) {
	b, err := os.ReadFile(f.path("node"))
	if name := strings.TrimSpace(string(b)); name != "" { // else a full disk or a kill cut the first start short
		return name, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("data folder: %w", err)
	}
	name, tmp := id.Hex(16), f.path("node.new")
	if err := errors.Join(os.WriteFile(tmp, []byte(name+"\n"), 0o600), os.Rename(tmp, f.path("node"))); err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	return name, nil
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

// writeCredentials keeps the root access key where AWS_SHARED_CREDENTIALS_FILE can point to.
func (f *folder) writeCredentials(keyID, secret string) (string, error) {
	text := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", keyID, secret)
	if err := os.WriteFile(f.path("credentials"), []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("write credentials: %w", err)
	}
	return f.path("credentials"), nil
}

func (f *folder) close() error { return f.lock.Close() }
