package sam_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/headgate/headgate/internal/template/tree"
	"github.com/headgate/headgate/sam"
)

// Counts that must not fall. They are of HEADGATE_SAM_SUITE's open part; raise them with the code.
const (
	wantStrict = 822
	wantErrors = 164
)

// TestConformance runs the recorded pairs of AWS's own translator that lie in the folder which
// HEADGATE_SAM_SUITE names (input/*.yaml, output/[partition/]*.json). Templates with types or
// events that are refused by name count as not covered.
func TestConformance(t *testing.T) {
	dir := os.Getenv("HEADGATE_SAM_SUITE")
	if dir == "" {
		t.Skip("HEADGATE_SAM_SUITE is not set")
	}
	inputs, _ := filepath.Glob(filepath.Join(dir, "input", "*.yaml"))
	if len(inputs) == 0 {
		t.Fatalf("no input in %s", dir)
	}
	only := regexp.MustCompile(os.Getenv("HEADGATE_SAM_FILTER"))
	var strict, pairs, covered, refused, loose, failures int
	for _, in := range inputs {
		name := strings.TrimSuffix(filepath.Base(in), ".yaml")
		if !only.MatchString(name) {
			continue
		}
		source, err := os.ReadFile(in)
		if err != nil {
			t.Fatal(err)
		}
		for partition, region := range map[string]string{"aws": "ap-southeast-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"} {
			folder := partition
			if partition == "aws" {
				folder = ""
			}
			want, err := os.ReadFile(filepath.Join(dir, "output", folder, name+".json"))
			if err != nil {
				continue
			}
			res, err := sam.Translate(source, sam.Options{Region: region, Partition: partition,
				Parameters: map[string]string{"param1": "value1", "param2": "value2"}})
			if strings.HasPrefix(name, "error_") {
				if partition != "aws" { // recorded once; the copies for the others are older
					continue
				}
				failures++
				if why := errorMismatch(want, err); why == "" {
					loose++
				} else if err == nil || !strings.Contains(err.Error(), "not supported yet") {
					t.Logf("ERR %s: %s", name, why)
				}
				continue
			}
			pairs++
			if err != nil {
				if strings.Contains(err.Error(), "not supported yet") {
					refused++
				} else if partition == "aws" {
					t.Logf("FAIL %s: %v", name, err)
				}
				continue
			}
			covered++
			if why := difference(want, res.JSON()); why == "" {
				strict++
			} else if partition == "aws" || testing.Verbose() && os.Getenv("HEADGATE_SAM_FILTER") != "" {
				t.Logf("DIFF %s/%s: %s", name, partition, why)
			}
		}
	}
	t.Logf("strict %d of %d pairs (%d expanded, %d refused as not supported yet); errors %d of %d", strict, pairs, covered, refused, loose, failures)
	if os.Getenv("HEADGATE_SAM_FILTER") == "" && (strict < wantStrict || loose < wantErrors) {
		t.Errorf("strict %d, errors %d: want at least %d and %d", strict, loose, wantStrict, wantErrors)
	}
}

// errorMismatch compares loosely, as the suite does: every id, and most of the words.
func errorMismatch(want []byte, err error) string {
	var doc struct{ ErrorMessage string }
	if json.Unmarshal(want, &doc) != nil {
		return "unreadable expectation"
	}
	if err == nil {
		return "accepted, want " + doc.ErrorMessage
	}
	got := err.Error()
	for _, id := range regexp.MustCompile(`with id \[([^\]]+)\]`).FindAllStringSubmatch(doc.ErrorMessage, -1) {
		if !strings.Contains(got, "["+id[1]+"]") {
			return fmt.Sprintf("lacks [%s]\n\twant %s\n\tgot  %s", id[1], doc.ErrorMessage, got)
		}
	}
	word := regexp.MustCompile(`[A-Za-z0-9_:.]{3,}`)
	have, all, hit := map[string]bool{}, map[string]bool{}, 0
	for _, w := range word.FindAllString(strings.ToLower(got), -1) {
		have[w] = true
	}
	for _, w := range word.FindAllString(strings.ToLower(doc.ErrorMessage), -1) {
		all[w] = true
	}
	for w := range all {
		if have[w] {
			hit++
		}
	}
	if 10*hit < 8*len(all) {
		return fmt.Sprintf("\n\twant %s\n\tgot  %s", doc.ErrorMessage, got)
	}
	return ""
}

// difference compares two JSON texts after sorting every list; "" when they are equal.
func difference(want, got []byte) string {
	var w, g any
	if err := json.Unmarshal(want, &w); err != nil {
		return err.Error()
	}
	if err := json.Unmarshal(got, &g); err != nil {
		return err.Error()
	}
	return firstDifference("$", sorted(w), sorted(g))
}

func sorted(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k := range x {
			x[k] = sorted(x[k])
		}
	case []any:
		for i := range x {
			x[i] = sorted(x[i])
		}
		sort.SliceStable(x, func(i, j int) bool { return text(x[i]) < text(x[j]) })
	}
	return v
}

func text(v any) string { b, _ := json.Marshal(v); return string(b) }

func firstDifference(path string, w, g any) string {
	if reflect.DeepEqual(w, g) {
		return ""
	}
	if a, ok := w.(map[string]any); ok {
		if b, ok := g.(map[string]any); ok {
			var keys []string
			for k := range a {
				keys = append(keys, k)
			}
			for k := range b {
				if _, ok := a[k]; !ok {
					keys = append(keys, k)
				}
			}
			slices.Sort(keys)
			for _, k := range keys {
				x, inWant := a[k]
				y, inGot := b[k]
				switch {
				case !inWant:
					return fmt.Sprintf("%s.%s: not expected: %.200s", path, k, text(y))
				case !inGot:
					return fmt.Sprintf("%s.%s: missing: %.200s", path, k, text(x))
				}
				if d := firstDifference(path+"."+k, x, y); d != "" {
					return d
				}
			}
		}
	}
	if a, ok := w.([]any); ok {
		if b, ok := g.([]any); ok && len(a) == len(b) {
			for i := range a {
				if d := firstDifference(fmt.Sprintf("%s[%d]", path, i), a[i], b[i]); d != "" {
					return d
				}
			}
		}
	}
	return fmt.Sprintf("%s: want %.300s got %.300s", path, text(w), text(g))
}

// The suite's results are JSON of our tree: that it reads itself back is a cheap invariant.
func TestResultReadsBack(t *testing.T) {
	res, err := sam.Translate([]byte("Resources: {T: {Type: AWS::Serverless::SimpleTable}}"), sam.Options{})
	if err != nil {
		t.Fatal(err)
	}
	back, err := tree.Parse(res.JSON())
	if err != nil || !back.Root.Equal(res.Tree()) {
		t.Fatalf("%v\n%s", err, res.JSON())
	}
}
