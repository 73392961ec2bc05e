package auth

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMaskerHidesEncodings(t *testing.T) {
	var m Masker
	if got := m.Text("nothing known"); got != "nothing known" {
		t.Error(got)
	}
	m.AddSecret("s&c/r\"t", "s&c/r\"t-longer", "abc", "")
	m.AddHeader("x-mine")
	m.AddName("Pin")
	for in, want := range map[string]string{
		`plain s&c/r"t.`: "plain ***.", `s&c/r"t-longer`: "***", "s%26c%2Fr%22t": "***", `{"a":"s\u0026c/r\"t"}`: `{"a":"***"}`, "cyZjL3IidA==": "***", "abc": "abc",
	} {
		if got := m.Text(in); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
	header := m.Header(http.Header{"Authorization": {"Bearer x", "raw"}, "X-Mine": {"v"}, "Set-Cookie": {"a=b"}, "X-Other": {`a s&c/r"t b`}, "Content-Type": {"text/plain"}})
	want := http.Header{"Authorization": {"Bearer ***", "***"}, "X-Mine": {"***"}, "Set-Cookie": {"***"}, "X-Other": {"a *** b"}, "Content-Type": {"text/plain"}}
	if diff := cmp.Diff(want, header); diff != "" {
		t.Error(diff)
	}
	for in, want := range map[string]string{
		"https://u:p@h.example/s%26c%2Fr%22t?pin=1&a=b&X-Amz-Signature=f": "https://u:***@h.example/***?pin=***&a=b&X-Amz-Signature=***",
		"https://h.example/x?q=1": "https://h.example/x?q=1",
		"::not a url::":           "::not a url::",
	} {
		if got := m.URL(in); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
	if got := m.Form("grant_type=password&password=hunter2&user=x"); got != "grant_type=password&password=***&user=x" {
		t.Error(got)
	}
	data := m.Data(map[string]any{"pin": "1234", "list": []any{"x", `s&c/r"t`}, "n": 1.0, "password": map[string]any{"deep": "v"}})
	if diff := cmp.Diff(map[string]any{"pin": "***", "list": []any{"x", "***"}, "n": 1.0, "password": map[string]any{"deep": "v"}}, data); diff != "" {
		t.Error(diff)
	}
}

func TestMaskerLearnsWhileOthersRead(t *testing.T) {
	var m Masker
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 200 {
			_ = m.Text("secret-1 secret-2")
		}
	}()
	for _, s := range []string{"secret-1", "secret-2"} {
		m.AddSecret(s)
	}
	<-done
	if got := m.Text("secret-1 secret-2"); strings.Contains(got, "secret") {
		t.Error(got)
	}
}
