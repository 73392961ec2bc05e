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
	return extractWithin(r, size, dir, maxFiles)
}

// extractWithin makes at most the number of files and folders given.
func extractWithin(r io.ReaderAt, size int64, dir string, files int) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // a folder: nothing is buffered
	x := &extraction{root: root, bytes: maxUnzipped, files: files, known: map[string]bool{}}
	for _, f := range z.File {
		name, err := entryName(f)
		if err != nil {
			return err
		}
		if name == "" {
			continue
		}
		if err := x.entry(f, name); err != nil {
			return fmt.Errorf("unzip %q: %w", f.Name, err)
		}
	}
	if err := x.follow(); err != nil {
		return err
	}
	return root.Chmod(".", 0o755)
}

// maxFiles bounds the files and folders of a package: folders cost a zip next to nothing, and the host
// an inode each.
const maxFiles = 100_000

// maxDepth bounds the folders above a file; reaching it takes a look at each of them.
const maxDepth = 100

// extraction is an unpacking under way.
type extraction struct {
	root  *os.Root
	bytes int64 // that may still be written
	files int   // that may still be made
	links []string
	known map[string]bool // folders, so that each is made and looked at once
}

// made counts a file or folder.
func (x *extraction) made() error {
	if x.files--; x.files < 0 {
		return fmt.Errorf("%w: too many files and folders", errTooLarge)
	}
	return nil
}

// follow refuses links that lead out of the package by way of other links: the platform itself looks
// for files in packages, from outside of every sandbox.
func (x *extraction) follow() error {
	for _, name := range x.links {
		if _, err := x.root.Stat(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: link %q", errUnsafeEntry, name)
		}
	}
	return nil
}

func (x *extraction) entry(f *zip.File, name string) error {
	root := x.root
	mode := f.Mode()
	if mode.IsDir() || strings.HasSuffix(f.Name, "/") {
		return x.folders(name)
	}
	if err := x.folders(path.Dir(name)); err != nil {
		return err
	}
	switch {
	case mode&fs.ModeSymlink != 0:
		return x.link(f, name)
	case mode&fs.ModeType != 0:
		return fmt.Errorf("%w: not a file", errUnsafeEntry)
	}
	if err := x.made(); err != nil {
		return err
	}
	src, err := f.Open()
	if err != nil {
		return err
	}
	defer src.Close()
	delete(x.known, name)                                                        // an empty folder makes place
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) { // the last of a name wins
		return err
	}
	dst, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(dst, io.LimitReader(src, x.bytes+1))
	x.bytes -= n
	if err == nil && x.bytes < 0 {
		err = errTooLarge
	}
	return errors.Join(err, dst.Chmod(mode.Perm()&0o755|0o444), dst.Close())
}

// folders makes the folder name and those above it. None of them may be a link: the target of a link
// below it would count from elsewhere.
func (x *extraction) folders(name string) error {
	if name == "." || name == "" {
		return nil
	}
	if strings.Count(name, "/") > maxDepth {
		return fmt.Errorf("%w: too many folders in each other", errUnsafeEntry)
	}
	made := ""
	for part := range strings.SplitSeq(name, "/") {
		if made = path.Join(made, part); x.known[made] {
			continue
		}
		err := x.root.Mkdir(made, 0o755)
		switch {
		case err == nil:
			if err := errors.Join(x.made(), x.root.Chmod(made, 0o755)); err != nil { // whatever the umask
				return err
			}
		case !errors.Is(err, fs.ErrExist):
			return err
		default:
			if st, err := x.root.Lstat(made); err != nil || !st.IsDir() {
				return fmt.Errorf("%w: %q is no folder", errUnsafeEntry, made)
			}
		}
		x.known[made] = true
	}
	return nil
}

// link makes a symbolic link whose target stays within the package.
func (x *extraction) link(f *zip.File, name string) error {
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
	if err := x.made(); err != nil {
		return err
	}
	delete(x.known, name)
	if err := x.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	x.links = append(x.links, name)
	return x.root.Symlink(to, name)
}
