package lint

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/headgate/headgate/arazzo"
)

var update = flag.Bool("update", false, "write the golden files")

func TestFixWritesSafeEditsOnly(t *testing.T) {
	for _, name := range []string{"update", "flow", "descriptions", "secrets"} {
		t.Run(name, func(t *testing.T) {
			path := "testdata/" + name + ".arazzo.yaml"
			_, o := open(t, path)
			text := o.Text
			fixed, err := Fix(text, path, o)
			if err != nil {
				t.Fatal(err)
			}
			golden := "testdata/" + name + ".fixed.yaml"
			if *update {
				if err := os.WriteFile(golden, fixed.Text, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := gocmp.Diff(string(want), string(fixed.Text)); d != "" {
				t.Error(d)
			}
			if before, after := bytes.Count(text, []byte("#")), bytes.Count(fixed.Text, []byte("#")); after < before {
				t.Errorf("comments are gone: %d, then %d", before, after)
			}
			again, err := Fix(fixed.Text, path, o)
			if err != nil || len(again.Applied) > 0 || !bytes.Equal(again.Text, fixed.Text) {
				t.Errorf("not done after once: %v, %v", again.Applied, err)
			}
		})
	}
}

// Every edit of every finding, alone, leaves a document that can be read.
func TestEachEditIsSound(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.arazzo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	edits := 0
	for _, path := range paths {
		doc, o := open(t, path)
		for _, f := range Run(doc, o) {
			if len(f.Edits) == 0 {
				continue
			}
			edits++
			edited, ok := apply(o.Text, f.Edits)
			if !ok {
				t.Fatalf("%s: %v cannot be applied", path, f.Edits)
			}
			again, findings := arazzo.Parse(edited, path)
			if arazzo.HasErrors(findings) {
				t.Errorf("%s: after %v: %v", path, f, findings)
				continue
			}
			for _, g := range Run(again, Options{Sources: o.Sources, Unreadable: o.Unreadable, Text: edited}) {
				if g.Rule == f.Rule && g.Line == f.Line && g.Message == f.Message {
					t.Errorf("%s: still there after its edit: %v", path, g)
				}
			}
			if !Rules()[indexOf(f.Rule)].Fixes {
				t.Errorf("rule %s does not say that it fixes", f.Rule)
			}
		}
	}
	if edits < 10 {
		t.Errorf("only %d edits seen", edits)
	}
}

func indexOf(rule string) int {
	for i, r := range Rules() {
		if r.ID == rule {
			return i
		}
	}
	return -1
}

// The mark ^ stands before the scalar.
func TestEditsKeepTheStyle(t *testing.T) {
	for name, tt := range map[string]struct{ before, old, value, after string }{
		"plain":                 {"a: ^old # why", "old", "new", "a: new # why"},
		"single quotes":         {"a: ^'it''s' # why", "it's", "that's", "a: 'that''s' # why"},
		"double quotes":         {`a: ^"o\"ld"`, `o"ld`, `n"ew`, `a: "n\"ew"`},
		"needs quotes":          {"a: ^old", "old", "x: y", "a: 'x: y'"},
		"a comment sign":        {"a: ^old", "old", "x #y", "a: 'x #y'"},
		"in a mapping":          {"a: {b: ^old, c: 1}", "old", "x, y", "a: {b: 'x, y', c: 1}"},
		"in a mapping, brief":   {"a: {b: ^old}", "old", "new", "a: {b: new}"},
		"in a mapping, quoted":  {"a: {b: ^'old'}", "old", "new", "a: {b: 'new'}"},
		"brackets in a block":   {"a: ^old", "old", `$[?$.x == "y"]`, `a: $[?$.x == "y"]`},
		"brackets in a mapping": {"a: {b: ^old}", "old", `$[?$.x == "y"]`, `a: {b: '$[?$.x == "y"]'}`},
		"JSON":                  {`{"a": ^"old"}`, "old", `n"<w`, `{"a": "n\"<w"}`},
		"beyond ASCII":          {"ä: ^öld", "öld", "nü", "ä: nü"},
		"something else":        {"a: ^other", "old", "new", "a: other"},
		"a block":               {"a: ^|\n  old", "old", "new", "a: |\n  old"},
		"a carriage return":     {"a: ^old\r\nb: 1\r\n", "old", "new", "a: new\r\nb: 1\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			before, after, _ := strings.Cut(tt.before, "^")
			edits := newText([]byte(before+after)).replace(arazzo.Pos{Line: 1, Column: len([]rune(before)) + 1}, tt.old, tt.value)
			if got, ok := apply([]byte(before+after), edits); !ok || string(got) != tt.after {
				t.Errorf("%q after %v", got, edits)
			}
		})
	}
}

func TestKeysAreRemovedWithTheirLine(t *testing.T) {
	for _, tt := range []struct{ before, after string }{
		{"a:\n  stepId: poll\n  b: 1\n", "a:\n  b: 1\n"},
		{"a:\n  stepId: poll # why\n  b: 1\n", "a:\n  # why\n  b: 1\n"},
		{"- a: 1\n  stepId: 'poll'\n  b: 1\n", "- a: 1\n  b: 1\n"},
		{"a:\n- stepId: poll\n  b: 1\n", ""},
		{"a:\n  {stepId: poll}\n", ""},
		{"a:\n  stepId: poll", ""}, // the last line has no end
	} {
		text := newText([]byte(tt.before))
		edits := text.removeKey(arazzo.Pos{Line: 2, Column: strings.Index(strings.Split(tt.before, "\n")[1], "stepId") + 1}, "stepId", "poll")
		if tt.after == "" {
			if edits != nil {
				t.Errorf("%q: %v", tt.before, edits)
			}
			continue
		}
		if got, ok := apply([]byte(tt.before), edits); !ok || string(got) != tt.after {
			t.Errorf("%q: %q", tt.before, got)
		}
	}
}
