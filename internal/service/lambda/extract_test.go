package lambda

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

func TestLinksThatLeadOutOfThePackageByWayOfOthersAreRefused(t *testing.T) {
	const link = 0o777 | fs.ModeSymlink
	for name, entries := range map[string][]entryOf{
		"a link below a link":       {{"s/", "", 0o755 | fs.ModeDir}, {"p/q/r", "../../s", link}, {"p/q/r/out", "../../../etc", link}},
		"a file below a link":       {{"s/", "", 0o755 | fs.ModeDir}, {"l", "s", link}, {"l/file", "x", 0o644}},
		"a target through a link":   {{"a/b/c/up", "../../..", link}, {"a/b/c/out", "up/../../etc", link}},
		"a target that comes later": {{"a/b/c/out", "up/../../etc", link}, {"a/b/c/up", "../../..", link}},
	} {
		if _, err := unpackInto(t, archive(entries...)); !errors.Is(err, errUnsafeEntry) || !badZip(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := unpackInto(t, archive(entryOf{"a/b/in", "../c", link}, entryOf{"a/c", "x", 0o644}, entryOf{"dangling", "nowhere", link})); err != nil {
		t.Error(err)
	}
}

func TestAPackageOfFoldersAloneIsBounded(t *testing.T) {
	var entries []entryOf
	deep := strings.Repeat("d/", 500)
	for i := range maxFiles/500 + 1 {
		entries = append(entries, entryOf{fmt.Sprintf("%d/%s", i, deep), "", 0o755 | fs.ModeDir})
	}
	if _, err := unpackInto(t, archive(entries...)); !errors.Is(err, errTooLarge) || !badZip(err) {
		t.Errorf("%v", err)
	}
}
