package jsonata

import (
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

func TestObjectKeepsOrder(t *testing.T) {
	var o Object
	if err := json.Unmarshal([]byte(`{"b":1,"a":{"z":1,"y":2},"c":[{"k":0}]}`), &o); err != nil {
		t.Fatal(err)
	}
	o.Set("b", 2.0)
	o.Delete("c")
	o.Set("aa", nil)
	text, err := json.Marshal(&o)
	if want := `{"b":2,"a":{"z":1,"y":2},"aa":null}`; err != nil || string(text) != want {
		t.Fatalf("got %s, %v; want %s", text, err, want)
	}
}

func TestDecodeRefusesInvalidJSON(t *testing.T) {
	for _, text := range []string{``, `{`, `[1,]`, `{"a" 1}`, `01`, `-`, `"\x"`, "\"\n\"", `nul`, `1 2`, `{"a":1,}`, `"\u12"`, `+1`} {
		if v, err := Decode([]byte(text)); err == nil {
			t.Errorf("%q gave %v", text, v)
		}
	}
}

// An Object behaves like a map with its keys in the order of first insertion.
func TestObjectAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := &Object{}
		model := map[string]any{}
		var order []string
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			key := fmt.Sprint(rapid.IntRange(0, 20).Draw(t, "key"))
			if rapid.Bool().Draw(t, "delete") && rapid.Bool().Draw(t, "really") {
				o.Delete(key)
				if _, ok := model[key]; ok {
					delete(model, key)
					for i, k := range order {
						if k == key {
							order = append(order[:i:i], order[i+1:]...)
							break
						}
					}
				}
				continue
			}
			if _, ok := model[key]; !ok {
				order = append(order, key)
			}
			model[key] = float64(len(order))
			o.Set(key, model[key])
		}
		if fmt.Sprint(o.Keys()) != fmt.Sprint(order) {
			t.Fatalf("keys %v, want %v", o.Keys(), order)
		}
		for k, v := range model {
			if got, ok := o.Get(k); !ok || got != v {
				t.Fatalf("%s is %v, want %v", k, got, v)
			}
		}
	})
}

// What Marshal writes, Decode reads back, and encoding/json agrees.
func TestMarshalAndDecodeAreInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		f := rapid.Float64().Draw(t, "f")
		text, err := Marshal([]any{s, f})
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode(text)
		if err != nil || !equal(back, []any{s, f}) {
			t.Fatalf("%s reads back as %v, %v", text, back, err)
		}
		var std []any
		if err := json.Unmarshal(text, &std); err != nil || std[0] != s || std[1] != f {
			t.Fatalf("encoding/json reads %s as %v, %v", text, std, err)
		}
	})
}
