package blob_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/headgate/headgate/internal/blob"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

// each runs test on every kind of store.
func each(t *testing.T, test func(t *testing.T, s blob.Sweeper)) {
	t.Run("folder", func(t *testing.T) {
		f, err := blob.NewFolder(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		test(t, f)
	})
	t.Run("table", func(t *testing.T) {
		dbtest.Run(t, func(t *testing.T, d *db.DB) { test(t, blob.NewTable(d, "test")) })
	})
}

func read(t *testing.T, s blob.Store, name string) string {
	t.Helper()
	r, err := s.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWhatWasPutIsReadBackUnderItsHash(t *testing.T) {
	each(t, func(t *testing.T, s blob.Sweeper) {
		for range 2 { // the same again is the same
			name, size, err := s.Put(t.Context(), strings.NewReader("abc"))
			if err != nil || size != 3 || name != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
				t.Fatalf("%s, %d, %v", name, size, err)
			}
			if got := read(t, s, name); got != "abc" {
				t.Errorf("read %q", got)
			}
		}
		for _, length := range []int{0, 1 << 20, 5<<20 + 7} { // around the parts of a table
			want := strings.Repeat("0123456789abcdef", length/16+1)[:length]
			name, size, err := s.Put(t.Context(), strings.NewReader(want))
			if err != nil || size != int64(length) || read(t, s, name) != want {
				t.Errorf("%d bytes: %d, %v", length, size, err)
			}
			r, err := s.Open(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.(io.Seeker).Seek(int64(length/2), io.SeekStart); err != nil {
				t.Error(err)
			}
			if rest, err := io.ReadAll(r); err != nil || string(rest) != want[length/2:] {
				t.Errorf("after a seek: %d bytes, %v", len(rest), err)
			}
			r.Close()
		}
	})
}

func TestADeletedBlobIsGone(t *testing.T) {
	each(t, func(t *testing.T, s blob.Sweeper) {
		name, _, err := s.Put(t.Context(), strings.NewReader("abc"))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(s.Delete(t.Context(), name), s.Delete(t.Context(), name)); err != nil {
			t.Error(err)
		}
		if _, err := s.Open(t.Context(), name); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("after deletion: %v", err)
		}
	})
}

func TestASweepRemovesWhatIsOldAndUnusedAlone(t *testing.T) {
	each(t, func(t *testing.T, s blob.Sweeper) {
		var names []string
		for _, text := range []string{"used", "unused"} {
			name, _, err := s.Put(t.Context(), strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
		}
		used := func(_ context.Context, name string) (bool, error) { return name == names[0], nil }
		if err := s.Sweep(t.Context(), time.Hour, used); err != nil {
			t.Fatal(err)
		}
		if read(t, s, names[1]) != "unused" {
			t.Error("swept within the grace period")
		}
		if err := s.Sweep(t.Context(), -time.Hour, used); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Open(t.Context(), names[1]); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("unused: %v", err)
		}
		if read(t, s, names[0]) != "used" {
			t.Error("a used blob was swept")
		}
	})
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

func TestABlobThatIsPutAgainDuringASweepStays(t *testing.T) {
	dir := t.TempDir()
	f, err := blob.NewFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	put := func() string {
		name, _, err := f.Put(t.Context(), strings.NewReader("abc"))
		if err != nil {
			t.Error(err)
		}
		return name
	}
	name, old := put(), time.Now().Add(-2*time.Hour)
	if err := os.Chtimes(filepath.Join(dir, name[:2], name), old, old); err != nil {
		t.Fatal(err)
	}
	err = f.Sweep(t.Context(), time.Hour, func(context.Context, string) (bool, error) { put(); return false, nil })
	if err != nil || read(t, f, name) != "abc" {
		t.Error(err)
	}
}

func TestWhatAKilledProcessLeftIsRemovedInTime(t *testing.T) {
	dir := t.TempDir()
	if _, err := blob.NewFolder(dir); err != nil {
		t.Fatal(err)
	}
	left, recent := filepath.Join(dir, "incoming", "blob-1"), filepath.Join(dir, "incoming", "blob-2")
	old := time.Now().Add(-25 * time.Hour)
	if err := errors.Join(os.WriteFile(left, nil, 0o600), os.WriteFile(recent, nil, 0o600), os.Chtimes(left, old, old)); err != nil {
		t.Fatal(err)
	}
	if _, err := blob.NewFolder(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
	if _, err := os.Stat(recent); err != nil {
		t.Error("another process may still write it")
	}
}
