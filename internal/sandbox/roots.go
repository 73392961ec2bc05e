package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// roots keeps the skeletons: small folders on which environments mount everything else. One serves
// every environment with the same mount points, read-only, so a start creates no file.
type roots struct {
	dir  string
	mu   sync.Mutex
	made map[string]string // mount points → folder

	refreshed time.Time
}

// hostFiles are copied into the skeleton's /etc where the host has them: names and addresses,
// certificates (a copy of the bundle, not the host's folder, which holds private keys), the
// loader's cache.
var hostFiles = []string{
	"resolv.conf", "hosts", "host.conf", "nsswitch.conf", "gai.conf", "services", "protocols", "mime.types", "ld.so.cache",
	"ssl/openssl.cnf", "ssl/cert.pem", "ssl/certs/ca-certificates.crt", "ssl/certs/ca-bundle.crt", "ssl/ca-bundle.pem",
	"pki/tls/certs/ca-bundle.crt", "pki/tls/cert.pem", "pki/tls/openssl.cnf", "pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
}

// devices are bound from the host one by one.
var devices = []string{"null", "zero", "full", "random", "urandom"}

// system are the host's folders that every environment sees, read-only. Debian's alternatives are
// links: /usr/bin/awk points to /etc/alternatives/awk and from there back into /usr. A copy of those
// hundreds of links would be most of the platform's start.
var system = []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/alternatives"}

func newRoots(dir string) (*roots, error) {
	if err := os.RemoveAll(dir); err != nil { // a predecessor's
		return nil, err
	}
	return &roots{dir: dir, made: map[string]string{}}, os.MkdirAll(dir, 0o755)
}

// get returns the skeleton that has the given mount points, folders (or files, as on the host),
// besides the usual ones. uid is listed in its passwd.
func (r *roots) get(points []string, uid, gid int) (string, error) {
	key := fmt.Sprint(uid, gid, points)
	r.mu.Lock()
	defer r.mu.Unlock()
	if dir, ok := r.made[key]; ok {
		return dir, nil
	}
	sum := sha256.Sum256([]byte(key))
	dir := filepath.Join(r.dir, hex.EncodeToString(sum[:8]))
	if err := build(dir, points, uid, gid); err != nil {
		return "", fmt.Errorf("sandbox: skeleton: %w", err)
	}
	r.made[key] = dir
	return dir, nil
}

func build(dir string, points []string, uid, gid int) error {
	var errs []error
	folder := func(p string) { errs = append(errs, os.MkdirAll(filepath.Join(dir, p), 0o755)) }
	file := func(p, content string) {
		folder(filepath.Dir(p))
		errs = append(errs, os.WriteFile(filepath.Join(dir, p), []byte(content), 0o644))
	}
	link := func(target, p string) { errs = append(errs, os.Symlink(target, filepath.Join(dir, p))) }

	for _, p := range []string{"proc", "dev", "tmp", "opt", "var/task", "var/runtime", "var/tmp", "run", "mnt", "etc"} {
		folder(p)
	}
	for _, d := range devices {
		file("dev/"+d, "")
	}
	link("/proc/self/fd", "dev/fd")
	link("/proc/self/fd/0", "dev/stdin")
	link("/proc/self/fd/1", "dev/stdout")
	link("/proc/self/fd/2", "dev/stderr")
	for _, d := range system {
		fi, err := os.Lstat(d)
		switch {
		case err != nil:
		case fi.Mode()&os.ModeSymlink != 0:
			target, _ := os.Readlink(d)
			link(target, d)
		default:
			folder(d)
		}
	}
	for _, f := range hostFiles {
		if b, err := os.ReadFile(filepath.Join("/etc", f)); err == nil {
			file("etc/"+f, string(b))
		}
	}
	if _, err := os.Stat("/usr/share/zoneinfo/UTC"); err == nil {
		link("/usr/share/zoneinfo/UTC", "etc/localtime") // Lambda's zone
	}
	file("etc/passwd", fmt.Sprintf("root:x:0:0:root:/:/bin/sh\nsbx_user1051:x:%d:%d::/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n", uid, gid))
	file("etc/group", fmt.Sprintf("root:x:0:\nsbx_user1051:x:%d:\nnogroup:x:65534:\n", gid))
	for _, p := range points {
		fi, err := os.Stat(p)
		switch {
		case err != nil:
			errs = append(errs, err)
		case fi.IsDir():
			folder(p)
		default:
			file(p, "")
		}
	}
	return errors.Join(errs...)
}

// refresh brings the skeletons' resolv.conf up to date, a few seconds late at most; a laptop
// changes networks.
func (r *roots) refresh() {
	r.mu.Lock()
	due := time.Since(r.refreshed) > 5*time.Second
	if due {
		r.refreshed = time.Now()
	}
	r.mu.Unlock()
	if !due {
		return
	}
	now, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, dir := range r.made {
		p := filepath.Join(dir, "etc/resolv.conf")
		if was, _ := os.ReadFile(p); string(was) != string(now) && os.WriteFile(p+".new", now, 0o644) == nil {
			os.Rename(p+".new", p)
		}
	}
}

// under reports whether path is dir or lies below it.
func under(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}
