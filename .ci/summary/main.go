// Command summary reads go test's JSON, prints what failed, what was skipped and the counts, and fails if a test was skipped
// that this machine should have run.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

type event struct {
	Action, Package, Test, Output string
}

// maySkip are the tests that need more than .ci/run can install: other kernels, data that lies beside the project, Terraform's
// provider, a boto3 of this decade.
var maySkip = []string{"/shared/", "needs to run as root", "needs an ordinary user", "HEADGATE_SAM_SUITE", "HEADGATE_JSONATA_SUITE", "HEADGATE_SFN_SUITE", "HEADGATE_SEEDS", "the oracle's modules cannot be had", "HEADGATE_BOTOCORE", "Terraform is not installed here", "terraform is not installed here", "boto3 is not installed here", "public API models"}

func main() {
	file, err := os.Open(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	defer file.Close()
	output := map[string]*strings.Builder{}
	passed, failed, skipped, wrong := 0, 0, 0, 0
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text()) // a build's own words
			continue
		}
		key := e.Package + " " + e.Test
		if output[key] == nil {
			output[key] = &strings.Builder{}
		}
		switch e.Action {
		case "output":
			output[key].WriteString(e.Output)
		case "pass":
			if e.Test != "" {
				passed++
			}
		case "fail":
			if e.Test != "" {
				failed++
			}
			fmt.Printf("FAILED %s\n%s", key, output[key])
		case "skip":
			if e.Test == "" { // a package without tests
				continue
			}
			skipped++
			text := output[key].String()
			if !slices.ContainsFunc(maySkip, func(s string) bool { return strings.Contains(text, s) }) {
				wrong++
				fmt.Printf("SKIPPED, though all it needs should be here: %s\n%s", key, text)
			}
		}
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	if failed > 0 || wrong > 0 || passed == 0 {
		os.Exit(1)
	}
}
