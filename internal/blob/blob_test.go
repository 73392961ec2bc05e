package blob_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/headgate/headgate/internal/blob"
)

func TestWhatWasPutIsReadBackUnderItsHash(t *testing.T) {
	f, err := blob.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	name, size, err := f.Put(t.Context(), strings.NewReader("abc"))
	if err != nil || size != 3 || name != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Fatalf("%s, %d, %v", name, size, err)
	}
	r, err := f.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if b, _ := io.ReadAll(r); string(b) != "abc" {
		t.Errorf("read %q", b)
	}
	if err := errors.Join(f.Delete(t.Context(), name), f.Delete(t.Context(), name)); err != nil {
		t.Error(err)
	}
	if _, err := f.Open(t.Context(), name); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("after deletion: %v", err)
	}
}

func TestAReaderThatFailsLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	f, err := blob.NewFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.Put(t.Context(), iotest.ErrReader(errors.New("broken"))); err == nil {
		t.Error("no error")
	}
	left, err := filepath.Glob(dir + "/*/*")
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestANameThatIsNoHashReachesNoFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := blob.NewFolder(filepath.Join(dir, "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Open(t.Context(), "../secret"); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}
