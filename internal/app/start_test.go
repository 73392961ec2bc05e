package app

import (
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestAFailedStartIsAnErrorWithoutThePassword(t *testing.T) {
	for _, url := range []string{"postgres://u:hunter2@127.0.0.1:1/x?connect_timeout=2", "postgres://u:hunter2@127.0.0.1:port/x"} {
		a, err := Start(t.Context(), Config{Listen: "127.0.0.1:0", Data: filepath.Join(t.TempDir(), "data"), DB: url})
		if err == nil || a != nil {
			t.Fatalf("started on %s", url)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the password is told: %v", err)
		}
	}
}

func TestALinkToAPackageHoldsForThatPackageAndTimeAlone(t *testing.T) {
	n := startNode(t, "", 0)
	name := strings.Repeat("ab", 31) + "a1"
	link := n.codeLink(t.Context(), name)
	digit := regexp.MustCompile(`(.)\?expires=`)
	for what, url := range map[string]string{
		"as it is":            link,
		"another package":     strings.Replace(link, "/ab", "/cd", 1),
		"a later end":         strings.Replace(link, "?expires=", "?expires=9", 1),
		"a digit of the name": digit.ReplaceAllString(link, "?expires=$1"),
		"without a seal":      strings.Split(link, "&")[0],
	} {
		res, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		want := http.StatusForbidden
		if what == "as it is" {
			want = http.StatusNotFound // the seal is good, and there is no such package
		}
		if res.StatusCode != want {
			t.Errorf("%s: %d", what, res.StatusCode)
		}
	}
}
