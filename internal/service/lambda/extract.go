package lambda

import (
	"archive/zip"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// badZip tells whether an error of extract is the package's fault.
func badZip(err error) bool {
	var corrupt flate.CorruptInputError
	for _, e := range []error{zip.ErrFormat, zip.ErrChecksum, zip.ErrAlgorithm, io.ErrUnexpectedEOF, errUnsafeEntry, errTooLarge} {
		if errors.Is(err, e) {
			return true
		}
	}
	return errors.As(err, &corrupt)
}

var errTooLarge = errors.New("larger than it declares")

var errUnsafeEntry = errors.New("zip entry leads outside of the package")

// entryName is where an entry goes, relative to the package; "" for the package itself.
func entryName(f *zip.File) (string, error) {
	// Some Windows tools write backslashes; Lambda, on Linux, would make them part of the name.
	name := strings.TrimSuffix(f.Name, "/")
	if name == "" || strings.ContainsRune(name, 0) || path.IsAbs(name) {
		return "", fmt.Errorf("%w: %q", errUnsafeEntry, f.Name)
	}
	name = path.Clean(name)
	if name == ".." || strings.HasPrefix(name, "../") {
		return "", fmt.Errorf("%w: %q", errUnsafeEntry, f.Name)
	}
	if name == "." {
		return "", nil
	}
	return name, nil
}

// extract unpacks a zip into the folder dir. Everything becomes readable for everybody, since
// functions run as other users; other permission bits stay as the zip has them. Nothing is written
// outside of dir, whatever names and links the zip holds (os.Root).
func extract(r io.ReaderAt, size int64, dir string) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // a folder: nothing is buffered
	left := int64(maxUnzipped)
	for _, f := range z.File {
		name, err := entryName(f)
		if err != nil {
			return err
		}
		if name == "" {
			continue
		}
		if err := extractEntry(root, f, name, &left); err != nil {
			return fmt.Errorf("unzip %q: %w", f.Name, err)
		}
	}
	return root.Chmod(".", 0o755)
}

func extractEntry(root *os.Root, f *zip.File, name string, left *int64) error {
	mode := f.Mode()
	if mode.IsDir() || strings.HasSuffix(f.Name, "/") {
		return makeDirs(root, name)
	}
	if err := makeDirs(root, path.Dir(name)); err != nil {
		return err
	}
	switch {
	case mode&fs.ModeSymlink != 0:
		return extractLink(root, f, name)
	case mode&fs.ModeType != 0:
		return fmt.Errorf("%w: not a file", errUnsafeEntry)
	}
	src, err := f.Open()
	if err != nil {
		return err
	}
	defer src.Close()
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) { // the last of a name wins
		return err
	}
	dst, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(dst, io.LimitReader(src, *left+1))
	*left -= n
	if err == nil && *left < 0 {
		err = errTooLarge
	}
	return errors.Join(err, dst.Chmod(mode.Perm()&0o755|0o444), dst.Close())
}

func makeDirs(root *os.Root, name string) error {
	if name == "." || name == "" {
		return nil
	}
	made := ""
	for part := range strings.SplitSeq(name, "/") {
		made = path.Join(made, part)
		if err := root.Mkdir(made, 0o755); err == nil {
			if err := root.Chmod(made, 0o755); err != nil { // whatever the umask
				return err
			}
		} else if !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// extractLink makes a symbolic link whose target stays within the package.
func extractLink(root *os.Root, f *zip.File, name string) error {
	src, err := f.Open()
	if err != nil {
		return err
	}
	defer src.Close()
	b, err := io.ReadAll(io.LimitReader(src, 4096))
	if err != nil {
		return err
	}
	to := string(b)
	inside := path.Join(path.Dir(name), to)
	if path.IsAbs(to) || to == "" || inside == ".." || strings.HasPrefix(inside, "../") {
		return fmt.Errorf("%w: link to %q", errUnsafeEntry, to)
	}
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return root.Symlink(to, name)
}
