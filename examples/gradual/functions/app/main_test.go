package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const healthCheck = `{"httpMethod":"GET","path":"/healthcheck"}`

func TestEveryReleaseIsValid(t *testing.T) {
	for _, v := range []string{"1", "2", "3"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "versions", v+".json"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := readRelease(t.TempDir(), text)
		if err != nil || r.Version != v || (r.FailEvery > 0) != (v == "3") {
			t.Errorf("version %s: %+v, %v", v, r, err)
		}
	}
	if r, err := readRelease(t.TempDir(), builtIn); err != nil || r.Version == "" {
		t.Errorf("built in: %+v, %v", r, err)
	}
}

func TestFileBesideTheProgramWins(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "version.json"), []byte(`{"version":"9"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := readRelease(dir, builtIn); err != nil || r.Version != "9" {
		t.Errorf("%+v, %v", r, err)
	}
	for _, bad := range []string{`{`, `{"version":""}`, `{"version":"1","fail_every":-1}`, `{"version":"1","failEvery":3}`} {
		if r, err := readRelease(t.TempDir(), []byte(bad)); err == nil {
			t.Errorf("%s: accepted as %+v", bad, r)
		}
	}
}

func TestThirdRequestsFailButHealthChecksPass(t *testing.T) {
	a := &app{release: release{Version: "3", FailEvery: 3}, functionVersion: "7"}
	failed := 0
	for range 30 {
		out, err := a.handle(t.Context(), json.RawMessage(healthCheck))
		if err != nil || out.(map[string]any)["statusCode"] != 200 {
			t.Fatalf("health check: %v, %v", out, err)
		}
		if _, err := a.handle(t.Context(), json.RawMessage(`{}`)); err != nil {
			failed++
		}
	}
	if failed != 10 {
		t.Errorf("%d of 30 requests failed, want 10", failed)
	}
}

func TestAnswers(t *testing.T) {
	a := &app{release: release{Version: "2"}, functionVersion: "5"}
	out, err := a.handle(t.Context(), json.RawMessage(`{"any":"thing"}`))
	if r, ok := out.(reply); err != nil || !ok || r.Version != "2" || r.FunctionVersion != "5" || r.Requests != 1 {
		t.Errorf("plain event: %v, %v", out, err)
	}
	out, err = a.handle(t.Context(), json.RawMessage(`{"httpMethod":"GET","path":"/"}`))
	if err != nil || !strings.Contains(out.(map[string]any)["body"].(string), `"version":"2","function_version":"5"`) {
		t.Errorf("request: %v, %v", out, err)
	}
}
