package lambda

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"testing"
)

func TestLinksThatLeadOutOfThePackageByWayOfOthersAreRefused(t *testing.T) {
	const link = 0o777 | fs.ModeSymlink
	for name, entries := range map[string][]entryOf{
		"a link below a link":        {{"s/", "", 0o755 | fs.ModeDir}, {"p/q/r", "../../s", link}, {"p/q/r/out", "../../../etc", link}},
		"a file below a link":        {{"s/", "", 0o755 | fs.ModeDir}, {"l", "s", link}, {"l/file", "x", 0o644}},
		"a target through a link":    {{"a/b/c/up", "../../..", link}, {"a/b/c/out", "up/../../etc", link}},
		"a link in a folder's place": {{"l/", "", 0o755 | fs.ModeDir}, {"s/", "", 0o755 | fs.ModeDir}, {"l", "s", link}, {"l/file", "x", 0o644}},
		"a target that comes later":  {{"a/b/c/out", "up/../../etc", link}, {"a/b/c/up", "../../..", link}},
	} {
		if _, err := unpackInto(t, archive(entries...)); !errors.Is(err, errUnsafeEntry) || !badZip(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := unpackInto(t, archive(entryOf{"a/b/in", "../c", link}, entryOf{"a/c", "x", 0o644}, entryOf{"dangling", "nowhere", link})); err != nil {
		t.Error(err)
	}
}

func TestTheNumberOfFilesAndFoldersIsBounded(t *testing.T) {
	b := archive(entryOf{"a/b/c/", "", 0o755 | fs.ModeDir}, entryOf{"a/b/f", "", 0o644}, entryOf{"a/b/c/", "", 0o755 | fs.ModeDir})
	if err := extractWithin(bytes.NewReader(b), int64(len(b)), t.TempDir(), 4); err != nil {
		t.Errorf("four: %v", err)
	}
	if err := extractWithin(bytes.NewReader(b), int64(len(b)), t.TempDir(), 3); !errors.Is(err, errTooLarge) || !badZip(err) {
		t.Errorf("four of three: %v", err)
	}
	if _, err := unpackInto(t, archive(entryOf{strings.Repeat("d/", 1000), "", 0o755 | fs.ModeDir})); !errors.Is(err, errUnsafeEntry) {
		t.Errorf("a thousand deep: %v", err)
	}
}
