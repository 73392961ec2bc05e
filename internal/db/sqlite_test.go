package db

import "testing"

func TestPlaceholdersInOrderLoseTheirNumbersAndNoOthersDo(t *testing.T) {
	for q, want := range map[string]string{
		"SELECT 1":                       "SELECT 1",
		"a = $1":                         "a = ?",
		"($1, $2), ($3, $4)":             "(?, ?), (?, ?)",
		"$1 $2 $3 $4 $5 $6 $7 $8 $9 $10": "? ? ? ? ? ? ? ? ? ?",
		"a = $2 AND b = $1":              "a = $2 AND b = $1",
		"a = $1 OR b = $1":               "a = $1 OR b = $1",
		"a = $10":                        "a = $10",
		"a = $1 AND b = '$2'":            "a = $1 AND b = '$2'",
	} {
		if got := unnumbered(q); got != want {
			t.Errorf("%q became %q, want %q", q, got, want)
		}
	}
}
