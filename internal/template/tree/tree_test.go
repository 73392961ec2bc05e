package tree

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func parse(t *testing.T, s string) *Node {
	t.Helper()
	d, err := Parse([]byte(s))
	if err != nil {
		t.Fatalf("%s: %v", s, err.(*Error).Detail())
	}
	return d.Root
}

func compact(t *testing.T, n *Node) string {
	t.Helper()
	b, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestReadsAsPyYAML(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"booleans of YAML 1.1", "[yes, No, ON, off, true, FALSE, y, n]", `[true,false,true,false,true,false,"y","n"]`},
		{"nulls", "[~, null, Null, '', ]", `[null,null,null,""]`},
		{"integers", "[12, 0777, 0x1F, 0b101, 1_000, -5, +3, 1:30, 08, 012345678901]", `[12,511,31,5,1000,-5,3,90,"08","012345678901"]`},
		{"floats", "[1.0, 1e3, 1.5e+3, .5, 6.02e+23, -1_0.5]", `[1.0,"1e3",1500.0,0.5,6.02e+23,-10.5]`},
		{"dates stay text", "[2010-09-09, 2012-10-17]", `["2010-09-09","2012-10-17"]`},
		{"quoted scalars are text", `["1", 'yes', "0x1F"]`, `["1","yes","0x1F"]`},
		{"keys become text", "{200: a, true: b, on: c, ~: d, 1.5: e}", `{"200":"a","true":"c","null":"d","1.5":"e"}`},
		{"standard tags", "[!!str 1, !!int '7']", `["1",7]`},
		{"order is kept", "{z: 1, a: 2, m: 3}", `{"z":1,"a":2,"m":3}`},
		{"short tags", "[!Ref A, !Sub 'x', !GetAtt A.B.C, !GetAtt [A, B], !If [c, 1, 2], !Condition C, !GetAZs '', !Base64 yes]",
			`[{"Ref":"A"},{"Fn::Sub":"x"},{"Fn::GetAtt":["A","B.C"]},{"Fn::GetAtt":["A","B"]},{"Fn::If":["c",1,2]},{"Condition":"C"},{"Fn::GetAZs":""},{"Fn::Base64":"yes"}]`},
		{"nested short tags", "!Join [',', !Split ['|', !Ref X]]", `{"Fn::Join":[",",{"Fn::Split":["|",{"Ref":"X"}]}]}`},
		{"anchors and aliases", "{a: &x {k: 1}, b: *x}", `{"a":{"k":1},"b":{"k":1}}`},
		{"merge keys", "{base: &b {k: 1, l: 2}, c: {l: 3, <<: *b}}", `{"base":{"k":1,"l":2},"c":{"k":1,"l":3}}`},
		{"merging a list: the first wins", "{c: {<<: [{k: 1}, {k: 2, m: 4}]}}", `{"c":{"k":1,"m":4}}`},
		{"the last duplicate counts", "{a: 1, b: 2, a: 3}", `{"a":3,"b":2}`},
		{"JSON", "{\"a\": [1, 2.50, true, null, \"\\u00e9\\/\"],\t\"b\": {}}", `{"a":[1,2.5,true,null,"é/"],"b":{}}`},
		{"an empty text", "", `null`},
		{"block scalars", "a: |\n  x\n  y\nb: >-\n  x\n  y\n", `{"a":"x\ny\n","b":"x y"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := compact(t, parse(t, c.in)); got != c.want {
				t.Errorf("\ngot  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestPlaces(t *testing.T) {
	for name, text := range map[string]string{"yaml": "a:\n  b: [1,\n   x]\n", "json": "{\n \"a\": {\"b\": [1,\n  \"x\"]}}"} {
		root := parse(t, text)
		x := root.Path("a", "b").Items[1]
		want := map[string][2]int{"yaml": {3, 4}, "json": {3, 3}}[name]
		if x.Line != want[0] || x.Column != want[1] {
			t.Errorf("%s: x at %d:%d, want %v", name, x.Line, x.Column, want)
		}
		if a := root.Pairs[0]; a.Line == 0 || a.Column == 0 {
			t.Errorf("%s: the key has no place", name)
		}
	}
}

func TestWarnsOfDuplicateKeys(t *testing.T) {
	for _, text := range []string{"a: 1\nb: 2\na: 3\n", "{\"a\": 1, \"b\": 2,\n\"a\": 3}"} {
		d, err := Parse([]byte(text))
		if err != nil || len(d.Warnings) != 1 || d.Warnings[0].Line < 2 || !strings.Contains(d.Warnings[0].Message, `"a"`) {
			t.Errorf("%q: %v %v", text, d, err)
		}
	}
}

func TestRefuses(t *testing.T) {
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 9 {
		p := string(rune('0' + i))
		n := string(rune('1' + i))
		bomb += "a" + n + ": &a" + n + " [" + strings.Repeat("*a"+p+", ", 9) + "*a" + p + "]\n"
	}
	for _, c := range []struct{ name, in, want string }{
		{"aliases that blow up", bomb, "more than"},
		{"a long text that is meant many times", "a: &a " + strings.Repeat("x", 100_000) + "\nb: [" + strings.Repeat("*a, ", 1000) + "]", "longer than"},
		{"an alias of itself", "a: &a [*a]", "alias"},
		{"depth", strings.Repeat("[", 500) + strings.Repeat("]", 500), "deep"},
		{"size", strings.Repeat("#", MaxBytes+1), "may not exceed"},
		{"what is not text", "a: \xff\xfe", "UTF-8"},
		{"bad indentation", "a:\n  - x\n b: y\n", "not well-formed"},
		{"an unknown standard tag", "a: !!python/object x", "unsupported tag"},
		{"a map as key", "{[a]: 1}", "key"},
		{"an undefined alias", "a: *nope", "not well-formed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.in))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestSyntaxErrorsSayWhere(t *testing.T) {
	_, err := Parse([]byte("a: 1\nb: [1, 2\nc: 3\n"))
	e, ok := err.(*Error)
	if !ok || e.Line < 2 || !strings.Contains(e.Message, "line ") {
		t.Errorf("%+v", err)
	}
}

func TestCanonicalIsPythons(t *testing.T) {
	n := parse(t, `{"b": ["é", "😀", "\u007f", "a\"\\\n\t"], "a": {"z": 1.0, "y": true}}`)
	want := `{"a":{"y":true,"z":1.0},"b":["\u00e9","\ud83d\ude00","` + "\x7f" + `","a\"\\\n\t"]}`
	if got := string(n.Canonical()); got != want {
		t.Errorf("\ngot  %s\nwant %s", got, want)
	}
	if got := string(parse(t, "{b: [], a: {}, c: [1, {d: 2}]}").Python("    ", true)); got != "{\n    \"a\": {},\n    \"b\": [],\n    \"c\": [\n        1,\n        {\n            \"d\": 2\n        }\n    ]\n}" {
		t.Errorf("%s", got)
	}
}

func TestCloneIsDeep(t *testing.T) {
	n := parse(t, "{a: [1, {b: 2}]}")
	c := n.Clone()
	c.Get("a").Items[1].Set("b", NewString("x"))
	if n.Equal(c) || compact(t, n) != `{"a":[1,{"b":2}]}` {
		t.Error("the clone shares values")
	}
}

// Whatever the text, reading it neither panics nor runs away, and what was read writes JSON that
// reads back as the same.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"a: 1", "{\"a\": [1, 2]}", "!Ref x", "- &a x\n- *a", "a: {<<: {b: 1}}", "0x: 0b1", "a: !GetAtt b.c"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data)
		if err != nil {
			if _, ok := err.(*Error); !ok {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		text := d.Root.Indent(" ")
		back, err := Parse(text)
		if err != nil {
			if len(text) > MaxBytes {
				return
			}
			t.Fatalf("%v\n%s", err, text)
		}
		if !back.Root.Equal(d.Root) && !bytes.Equal(back.Root.Indent(" "), text) {
			t.Fatalf("reads back as %s, was %s", back.Root.Indent(" "), text)
		}
	})
}

// A text of the largest size is read in a time that grows with its length alone.
func TestLargeTexts(t *testing.T) {
	var keys, merges strings.Builder
	keys.WriteString("b: &b\n")
	for i := range 60_000 {
		keys.WriteString("  k" + itoa(i) + ": 1\n")
	}
	keys.WriteString("c:\n  <<: *b\n  own: 2\n")
	merges.WriteString("b: &b {k: 1}\nc:\n")
	for range 60_000 {
		merges.WriteString("- *b\n")
	}
	for name, text := range map[string]string{"keys": keys.String(), "aliases": merges.String()} {
		if _, err := Parse([]byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func itoa(i int) string { return NewInt(i).Text }
