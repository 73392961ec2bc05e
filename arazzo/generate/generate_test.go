package generate_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/generate"
	"github.com/headgate/headgate/arazzo/lint"
	"github.com/headgate/headgate/arazzo/source"
)

var update = flag.Bool("update", false, "write the golden files")

func load(t *testing.T, path string) *source.Description {
	t.Helper()
	api, err := source.Loader{}.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// sound tells what is wrong with a document: it must be valid to the letter, and lint must find nothing.
func sound(t *testing.T, text []byte, path string, but ...string) {
	t.Helper()
	doc, findings := arazzo.Parse(text, path)
	if len(findings) == 0 {
		findings = arazzo.Validate(doc, arazzo.Strict)
	}
	sources, unreadable := lint.Load(context.Background(), source.Loader{}, doc, nil)
	if len(findings) == 0 {
		findings = lint.Run(doc, lint.Options{Sources: sources, Unreadable: unreadable})
	}
	for _, f := range findings {
		if !slices.Contains(but, f.Rule) {
			t.Errorf("%s: %v", path, f)
		}
	}
}

func TestSkeleton(t *testing.T) {
	const openapi = "testdata/shop.openapi.yaml"
	text, err := generate.Document(load(t, openapi), generate.Options{Operations: []string{"CreateOrder", "get-order", "get-order", "deleteOrder", "putPicture"},
		URL: openapi, File: "testdata/shop.arazzo.yaml", WorkflowID: "order", Title: "Order, and: forget"})
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("testdata/shop.arazzo.yaml", text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/shop.arazzo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(text)); d != "" {
		t.Error(d)
	}
	sound(t, text, "testdata/shop.arazzo.yaml")
}

// Each of Lambda's operations alone, and all of them in a row.
func TestEveryOperationOfLambda(t *testing.T) {
	openapi, err := filepath.Abs("../lint/lambda.openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	api := load(t, openapi)
	var all []string
	for _, op := range api.Operations() {
		all = append(all, op.ID)
		text, err := generate.Document(api, generate.Options{Operations: []string{op.ID}, URL: openapi})
		if err != nil {
			t.Fatal(err)
		}
		sound(t, text, op.ID+".arazzo.yaml")
	}
	text, err := generate.Document(api, generate.Options{Operations: all, URL: openapi})
	if err != nil {
		t.Fatal(err)
	}
	sound(t, text, "x.arazzo.yaml", "lambda-update-not-awaited") // which is right: in this row nothing waits
}

func TestRefusals(t *testing.T) {
	api := load(t, "testdata/shop.openapi.yaml")
	for _, tt := range []struct {
		operations []string
		want       string
	}{
		{nil, "no operations"},
		{[]string{"createOrder"}, "CreateOrder"},
		{[]string{"nothing"}, "nothing"},
	} {
		if _, err := generate.Document(api, generate.Options{Operations: tt.operations}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v", tt.operations, err)
		}
	}
	messages := load(t, "../lint/testdata/messages.asyncapi.yaml")
	if _, err := generate.Document(messages, generate.Options{Operations: []string{"orderPlaced"}}); err == nil || !strings.Contains(err.Error(), "AsyncAPI") {
		t.Error(err)
	}
}
