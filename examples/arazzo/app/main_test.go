package main

import (
	"encoding/json"
	"testing"
)

func TestGreeting(t *testing.T) {
	for event, want := range map[string]string{
		`{"name":"Ada"}`: `{"greeting":"Salve Ada"}`,
		`{}`:             `{"error":"a name is missing"}`,
	} {
		t.Setenv("GREETING", "Salve {name}")
		out, err := handle(t.Context(), json.RawMessage(event))
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := json.Marshal(out); string(got) != want {
			t.Errorf("%s: %s", event, got)
		}
	}
	if _, err := handle(t.Context(), json.RawMessage(`[`)); err == nil {
		t.Error("no error for no JSON")
	}
}
