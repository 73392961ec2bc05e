package jsonvalue

import "testing"

// FuzzDecode: no text makes Decode panic, and what was read is written so that it reads back equal.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"b":1,"a":[1.0,-0,1e400,123456789012345678901234567890,"\ud83d\ude00\u0000",null]}`, `{"a":1,"a":2}`, "\"\xff\"", `[[[[]]]]`, `1 2`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Decode(data)
		if err != nil {
			return
		}
		text := Encode(v)
		back, err := Decode([]byte(text))
		if err != nil {
			t.Fatalf("%q was written as %q: %v", data, text, err)
		}
		if again := Encode(back); again != text {
			t.Errorf("%q was written as %q and then as %q", data, text, again)
		}
	})
}
