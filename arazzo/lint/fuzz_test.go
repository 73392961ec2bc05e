package lint

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/diagram"
)

// FuzzDocument lints, repairs and draws whatever can be parsed: none of it may panic, every edit must leave a document, and repairing
// twice is repairing once.
func FuzzDocument(f *testing.F) {
	for _, pattern := range []string{"testdata/*.arazzo.yaml", "../../examples/arazzo/*.arazzo.yaml", "../diagram/testdata/*.arazzo.yaml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			f.Fatal(pattern, err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, findings := arazzo.Parse(data, "x.arazzo.yaml")
		var text bytes.Buffer
		if err := diagram.Text(&text, doc, diagram.Options{}); err != nil { // what could be read of any document
			t.Fatal(err)
		}
		diagram.SVG(doc, diagram.Options{})
		Run(doc, Options{Text: data})
		if arazzo.HasErrors(findings) {
			return
		}
		fixed, err := Fix(data, "x.arazzo.yaml", Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, findings := arazzo.Parse(fixed.Text, "x.arazzo.yaml"); arazzo.HasErrors(findings) {
			t.Fatalf("repaired to %s: %v", fixed.Text, findings)
		}
		again, err := Fix(fixed.Text, "x.arazzo.yaml", Options{})
		if err != nil || len(fixed.Applied) < passes && !bytes.Equal(again.Text, fixed.Text) {
			t.Fatalf("%v: %s, then %s", err, fixed.Text, again.Text)
		}
	})
}
