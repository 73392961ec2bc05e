// Package documents checks what lies here and beside the hook.
package documents

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/lint"
	"github.com/headgate/headgate/arazzo/source"
)

// Every document is valid to the letter, and lint has nothing to say, reading the descriptions beside them.
func TestDocumentsAreSound(t *testing.T) {
	here, err := filepath.Glob("*.arazzo.yaml")
	if err != nil || len(here) != 8 {
		t.Fatal(here, err)
	}
	for _, path := range append(here, "hook/workflow.arazzo.yaml", "../../hooks/arazzo/workflow.arazzo.yaml") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		doc, findings := arazzo.Parse(text, path)
		findings = append(findings, arazzo.Validate(doc, arazzo.Strict)...)
		sources, unreadable := lint.Load(context.Background(), source.Loader{}, doc, nil)
		for _, f := range append(findings, lint.Run(doc, lint.Options{Sources: sources, Unreadable: unreadable, Text: text})...) {
			t.Errorf("%s:%v", path, f)
		}
	}
}

// The descriptions are copies, so that each folder can be taken for itself.
func TestCopiesAreTheSame(t *testing.T) {
	for copied, original := range map[string]string{
		"lambda.openapi.yaml":      "../../arazzo/lint/lambda.openapi.yaml",
		"hook/lambda.openapi.yaml": "../../hooks/arazzo/lambda.openapi.yaml",
	} {
		a, err := os.ReadFile(copied)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(original)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s is not %s", copied, original)
		}
	}
}
