package boot

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestItImportsSyscallAlone guards the order of initialization that doc comment speaks of: one
// more import, and pid 1 waits for the packages below it.
func TestItImportsSyscallAlone(t *testing.T) {
	files, _ := filepath.Glob("*.go")
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range parsed.Imports {
			if !slices.Contains([]string{`"syscall"`, `"unsafe"`}, i.Path.Value) {
				t.Errorf("%s imports %s", f, i.Path.Value)
			}
		}
	}
}

func TestMessages(t *testing.T) {
	orders := [][]string{{"a"}, {"exec", "", "x=1\n2", "12"}, {"ready"}}
	var m []byte
	for _, o := range orders {
		m = Encode(m, o...)
	}
	if got := Decode(m); !reflect.DeepEqual(got, orders) {
		t.Errorf("%q", got)
	}
}

func TestNumbers(t *testing.T) {
	for _, n := range []int{0, 7, -1, 1 << 40, -(1 << 40)} {
		if got, ok := atoi(itoa(n)); !ok || got != n {
			t.Errorf("%d became %q and %d", n, itoa(n), got)
		}
	}
	for _, s := range []string{"", "-", "1x", " 1", "99999999999999999999"} {
		if n, ok := atoi(s); ok {
			t.Errorf("%q is %d", s, n)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("1\x00a\x002\x00b\x00c\x00"))
	f.Add([]byte("99999\x00a\x00"))
	f.Add([]byte("0\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m []byte
		orders := Decode(b)
		for _, o := range orders {
			if len(o) == 0 {
				t.Fatal("an order without words")
			}
			m = Encode(m, o...)
		}
		if again := Decode(m); len(orders) > 0 && !reflect.DeepEqual(again, orders) {
			t.Errorf("%q became %q", orders, again)
		}
	})
}
