package jsonvalue

import (
	"encoding/json"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	for in, want := range map[string]string{
		`{"b":1,"a":{"z":[],"y":{}}}`:  `{"b":1,"a":{"z":[],"y":{}}}`,
		`[1, 1.0, 1e3, -0, 1E10, 0.1]`: `[1,1.0,1000.0,-0,1.0E10,0.1]`,
		`12345678901234567890123`:      `12345678901234567890123`,
		`0.0001`:                       `1.0E-4`,
		`"\u00e9\n\u0001</é"`:          `"é\n\u0001</é"`,
		` null `:                       `null`,
	} {
		v, err := Decode([]byte(in))
		if err != nil {
			t.Errorf("%s: %v", in, err)
		} else if got := Encode(v); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	for _, in := range []string{``, `{`, `[1,]`, `{"a"}`, `1 2`, `nul`} {
		if v, err := Decode([]byte(in)); err == nil {
			t.Errorf("%q: %v", in, v)
		}
	}
}

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{`1`, `1.0`, true}, {`{"a":1,"b":2}`, `{"b":2,"a":1}`, true}, {`[1,2]`, `[2,1]`, false}, {`null`, `false`, false},
		{`12345678901234567890`, `12345678901234567891`, false}, {`"1"`, `1`, false}, {`{}`, `{"a":null}`, false},
	} {
		if got := Equal(MustDecode(c.a), MustDecode(c.b)); got != c.want {
			t.Errorf("%s == %s: %v", c.a, c.b, got)
		}
	}
}

func TestTextKeepsItsSpelling(t *testing.T) {
	in, err := FromText(`{ "a" : 1 }`)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(struct{ T, Zero Text }{T: in})
	if err != nil {
		t.Fatal(err)
	}
	var out struct{ T, Zero Text }
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	if out.T.String() != `{ "a" : 1 }` || !Equal(out.T.Value(), in.Value()) || out.Zero.Value() != nil {
		t.Errorf("%s reads %q", data, out.T.String())
	}
}
