package headgate_test

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/headgate/headgate/"

// TestNoServiceImportsAnotherService is the rule of the house that import lists alone cannot say.
func TestNoServiceImportsAnotherService(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./internal/service/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	service := func(path string) string {
		name, _, _ := strings.Cut(strings.TrimPrefix(path, module+"internal/service/"), "/")
		return name
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		seen++
		for _, imported := range fields[1:] {
			if strings.HasPrefix(imported, module+"internal/service/") && service(imported) != service(fields[0]) {
				t.Errorf("%s imports %s", fields[0], imported)
			}
		}
	}
	if seen < 8 {
		t.Errorf("only %d packages seen", seen)
	}
}
