package app

import (
	"os"
	"path/filepath"
	"testing"
)

func TestANodeKeepsItsName(t *testing.T) {
	dir := t.TempDir()
	// A first start that a full disk or a kill cut short; two nodes without a name would take each other for themselves.
	if err := os.WriteFile(filepath.Join(dir, "node"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var names []string
	for range 2 {
		f, err := openFolder(dir)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, f.node)
		if _, err := openFolder(dir); err == nil {
			t.Error("a second process took the folder")
		}
		if err := f.close(); err != nil {
			t.Fatal(err)
		}
	}
	if names[0] == "" || names[1] != names[0] {
		t.Errorf("names %q", names)
	}
}
