package arazzo

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The heads that testdata/findings.txtar stands below, so that its lines count
// from the case's own first line. "1.1 " before a name chooses the second.
const (
	head10 = "arazzo: 1.0.1\ninfo: {title: t, version: '1'}\nsourceDescriptions: [{name: api, url: api.yaml, type: openapi}]\n"
	head11 = "arazzo: 1.1.0\ninfo: {title: t, version: '1'}\nsourceDescriptions: [{name: api, url: api.yaml, type: openapi}, {name: events, url: e.yaml, type: asyncapi}, {name: flows, url: f.yaml, type: arazzo}]\n"
)

// TestFindings reads each case of testdata/findings.txtar and compares what is
// found with the golden text: by default, and what is other in strict.
func TestFindings(t *testing.T) {
	const file = "testdata/findings.txtar"
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(archive.Files); i += 2 {
		document, want := archive.Files[i], &archive.Files[i+1]
		name := strings.TrimSuffix(document.Name, "/document")
		t.Run(name, func(t *testing.T) {
			head := head10
			if strings.HasPrefix(name, "1.1 ") {
				head = head11
			}
			if strings.HasPrefix(name, "whole ") {
				head = ""
			}
			got := told(head, string(document.Data))
			if *update {
				want.Data = []byte(got)
				return
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// told writes the findings of a document, those of strict after them.
func told(head, text string) string {
	lines := strings.Count(head, "\n")
	d, findings := Parse([]byte(head+text), "test.yaml")
	lenient := append(findings[:len(findings):len(findings)], Validate(d, Lenient)...)
	strict := append(findings[:len(findings):len(findings)], Validate(d, Strict)...)
	var b strings.Builder
	for i, f := range lenient {
		marker := ""
		if i < len(strict) && strict[i].Severity != f.Severity {
			marker = " strict:" + string(strict[i].Severity)
		}
		fmt.Fprintf(&b, "%d:%d %s%s %s: %s", f.Line-lines, f.Column, f.Severity, marker, f.Rule, f.Message)
		if f.Hint != "" {
			fmt.Fprintf(&b, " (%s)", f.Hint)
		}
		b.WriteByte('\n')
	}
	if len(strict) != len(lenient) {
		fmt.Fprintf(&b, "strict finds %d, lenient %d\n", len(strict), len(lenient))
	}
	if len(lenient) == 0 {
		b.WriteString("nothing\n")
	}
	return b.String()
}

// TestLenienciesAreListed checks that the package's documentation names every
// rule that strict turns into an error.
func TestLenienciesAreListed(t *testing.T) {
	golden, err := os.ReadFile("testdata/findings.txtar")
	if err != nil {
		t.Fatal(err)
	}
	listed, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`strict:error ([a-z0-9.-]+):`).FindAllSubmatch(golden, -1)
	if len(found) < 20 {
		t.Errorf("only %d leniencies are tested", len(found))
	}
	for _, rule := range found {
		if !regexp.MustCompile(`\s` + regexp.QuoteMeta(string(rule[1])) + `[\s,]`).Match(listed) {
			t.Errorf("doc.go does not list %s", rule[1])
		}
	}
}
