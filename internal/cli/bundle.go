package cli

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// bundle is a function's package: the zip and the name that its content gives it.
type bundle struct {
	zip []byte
	key string // hexadecimal SHA-256 of the zip
}

// pack makes a function's package of a folder, a zip or a single file. The same content gives the same
// bytes, so that an unchanged function is not shipped as a new version.
func pack(ctx context.Context, path, runtimeName string, build goBuild) (*bundle, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() && filepath.Ext(path) == ".zip" {
		b, err := os.ReadFile(path)
		return named(b), err
	}
	files := map[string]string{} // name in the zip → file
	switch {
	case !info.IsDir():
		files[filepath.Base(path)] = path
	case strings.HasPrefix(runtimeName, "provided") && isGo(path):
		return packGo(ctx, path, build)
	default:
		if err := collect(path, files, func(string) bool { return true }); err != nil {
			return nil, err
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s is empty", path)
	}
	return zipped(files)
}

// goBuild says how Go functions are built.
type goBuild struct {
	arch string // GOARCH
	// local builds with the settings of this machine, so that what its cache holds is used. What comes out
	// runs here; elsewhere only where the C library is the same.
	local bool
}

// command is the build of dir's main package into out.
func (b goBuild) command(ctx context.Context, dir, out string) *exec.Cmd {
	args := []string{"build", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", out}
	env := []string{"GOOS=linux", "GOARCH=" + b.arch}
	if !b.local {
		args, env = append(args, "-trimpath"), append(env, "CGO_ENABLED=0")
	}
	cmd := exec.CommandContext(ctx, "go", append(args, ".")...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	return cmd
}

// packGo builds the main package in dir as bootstrap; files beside it that are not Go travel along.
func packGo(ctx context.Context, dir string, build goBuild) (*bundle, error) {
	out, err := os.MkdirTemp("", "headgate-build-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(out)
	bootstrap := filepath.Join(out, "bootstrap")
	cmd := build.command(ctx, dir, bootstrap)
	if text, err := cmd.CombinedOutput(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return nil, fmt.Errorf("%s is a Go function and no go command was found: install Go from https://go.dev/dl", dir)
		}
		return nil, fmt.Errorf("go build in %s: %w\n%s", dir, err, text)
	}
	files := map[string]string{"bootstrap": bootstrap}
	err = collect(dir, files, func(name string) bool {
		switch filepath.Ext(name) {
		case ".go", ".mod", ".sum", ".md":
			return false
		}
		return name != "bootstrap" && !strings.HasPrefix(name, "template.")
	})
	if err != nil {
		return nil, err
	}
	return zipped(files)
}

func isGo(dir string) bool {
	found, err := filepath.Glob(filepath.Join(dir, "*.go"))
	return err == nil && len(found) > 0
}

// collect adds the regular files below dir for which want says yes; hidden ones and node_modules' caches
// stay out.
func collect(dir string, files map[string]string, want func(name string) bool) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if strings.HasPrefix(d.Name(), ".") && name != "." || d.Name() == "__pycache__" {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !d.IsDir() && want(name) {
			files[filepath.ToSlash(name)] = path
		}
		return nil
	})
}

// zipped writes the files by name, without times, so that the bytes follow from the content alone.
func zipped(files map[string]string) (*bundle, error) {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	names := make([]string, 0, len(files))
	for n := range files {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		if err := addFile(w, n, files[n]); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return named(buf.Bytes()), nil
}

func addFile(w *zip.Writer, name, path string) error {
	f, err := os.Open(path) // follows links: a package holds what they lead to
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.IsDir() {
		return fmt.Errorf("%s is a link to a folder, which a package cannot hold", path)
	}
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	mode := fs.FileMode(0o644)
	if info.Mode()&0o111 != 0 {
		mode = 0o755
	}
	h.SetMode(mode)
	out, err := w.CreateHeader(h)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, f)
	return err
}

func named(b []byte) *bundle {
	sum := sha256.Sum256(b)
	return &bundle{zip: b, key: hex.EncodeToString(sum[:])}
}

// goArch is the architecture to build for: the function's own, else this machine's on a local platform and
// Lambda's default elsewhere.
func goArch(declared string, local bool) string {
	switch {
	case declared == "arm64":
		return "arm64"
	case declared == "" && local:
		return runtime.GOARCH
	default:
		return "amd64"
	}
}
