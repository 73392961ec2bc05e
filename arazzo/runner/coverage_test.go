package runner_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/expression"
)

const coverageFile = "../../docs/arazzo-coverage.md"

// TestCoverageTable keeps docs/arazzo-coverage.md honest: what it names is there, and what is there it names.
func TestCoverageTable(t *testing.T) {
	text, err := os.ReadFile(coverageFile)
	if err != nil {
		t.Fatal(err)
	}
	exist := declaredTests(t)
	rows := 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") || strings.HasSuffix(line, "tests |") {
			continue
		}
		rows++
		cells := strings.Split(strings.Trim(strings.ReplaceAll(line, `\|`, ""), "|"), "|")
		named := strings.Split(cells[len(cells)-1], ",")
		for _, name := range named {
			if name = strings.TrimSpace(name); !exist[name] {
				t.Errorf("%q of the row %s is no test", name, line)
			}
		}
	}
	if rows < 90 {
		t.Errorf("only %d rows were read", rows)
	}
	for _, field := range modelFields() {
		if !strings.Contains(string(text), "`"+field+"`") {
			t.Errorf("the model's %s has no row", field)
		}
	}
	for root := expression.RootURL; root <= expression.RootSelf; root++ {
		if !strings.Contains(string(text), "`"+root.String()+"`") {
			t.Errorf("the expression root %s has no row", root)
		}
	}
}

// declaredTests are the tests and fuzz targets beneath arazzo/, as package.Name.
func declaredTests(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("../*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	deeper, err := filepath.Glob("../*/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	declaration := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	out := map[string]bool{}
	for _, file := range append(files, deeper...) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Base(filepath.Dir(file))
		if folder == ".." {
			folder = "arazzo"
		}
		for _, m := range declaration.FindAllSubmatch(text, -1) {
			out[folder+"."+string(m[1])] = true
		}
	}
	return out
}

// modelFields are the exported fields of the specification's objects, found from the document on.
func modelFields() []string {
	var out []string
	seen := map[reflect.Type]bool{}
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || seen[t] || t.PkgPath() != reflect.TypeFor[arazzo.Document]().PkgPath() {
			return
		}
		seen[t] = true
		switch name := t.Name(); {
		case strings.HasPrefix(name, "Map["): // an ordered map: what it holds counts
			get, _ := reflect.PointerTo(t).MethodByName("Get")
			visit(get.Type.Out(0))
			return
		case name == "Value", name == "String", name == "Pos": // any value, not an object of the specification
			return
		}
		for i := range t.NumField() {
			f := t.Field(i)
			if !f.IsExported() {
				continue
			}
			if f.Anonymous && f.Name != "Value" {
				visit(f.Type)
				continue
			}
			out = append(out, t.Name()+"."+f.Name)
			visit(f.Type)
		}
	}
	visit(reflect.TypeFor[arazzo.Document]())
	visit(reflect.TypeFor[arazzo.Selector]()) // it stands within values
	return out
}

func TestModelFieldsAreFound(t *testing.T) {
	found := map[string]bool{}
	for _, f := range modelFields() {
		found[f] = true
	}
	for _, f := range []string{"Document.Self", "Step.CorrelationID", "Action.RetryLimit", "PayloadReplacement.TargetSelectorType", "Selector.Selector", "Reusable.Value", "Object.Extensions"} {
		if !found[f] {
			t.Errorf("%s was not found", f)
		}
	}
	if len(found) < 60 {
		t.Errorf("only %d fields", len(found))
	}
}
