package runner

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func slowJSON(b []byte) (any, bool) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return nil, false
	}
	_, err := dec.Token()
	return v, err == io.EOF
}

// FuzzDecodeJSON compares the reader with encoding/json.
func FuzzDecodeJSON(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,-2.5e+10,true,false,null,"x"],"b":{}}`, ` [ ] `, `"\u00e9\ud83d\ude00\ud83d\n\/"`, `01`, `1.`, `-`, `{"a":1,}`, `{"a":1,"a":2}`, "\"\xff\"", `"\ud800\u0041"`,
		`1 2`, `nul`, `"a`, "\"\x01\"", `[[[[[[]]]]]]`, `12345678901234567890`, `{"é":"ü"}`, `"\ug000"`, `{"a" 1}`, `"\ud800\ud83d\ude00"`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := decodeJSON(b)
		want, wantOK := slowJSON(b)
		if ok != wantOK || ok && !cmp.Equal(got, want) {
			t.Errorf("%q: %#v %t, want %#v %t", b, got, ok, want, wantOK)
		}
		r := reader{b: b}
		if v, ok := r.value(0); ok && r.space() == len(b) && !wantOK {
			t.Errorf("%q: the reader takes %#v, encoding/json refuses it", b, v)
		}
	})
}
