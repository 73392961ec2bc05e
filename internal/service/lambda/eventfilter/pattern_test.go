package eventfilter

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct{ name, pattern, yes, no string }{ // events, one to a line
		{"a text", `{"a":["x","y"]}`, "{\"a\":\"y\"}\n{\"a\":[\"z\",\"x\"]}\n{\"a\":\"x\",\"b\":1}", "{\"a\":\"X\"}\n{}\n{\"a\":{}}\n{\"a\":null}\n{\"b\":\"x\"}"},
		{"an empty text", `{"a":[""]}`, `{"a":""}`, "{\"a\":null}\n{\"a\":\" \"}"},
		{"a number as it is written", `{"a":[300]}`, `{"a":300}`, "{\"a\":300.0}\n{\"a\":3e2}\n{\"a\":\"300\"}"},
		{"null and booleans", `{"a":[null,true]}`, "{\"a\":null}\n{\"a\":true}", "{\"a\":false}\n{}\n{\"a\":\"null\"}"},
		{"below", `{"a":{"b":["x"]}}`, "{\"a\":{\"b\":\"x\"}}\n{\"a\":[{\"b\":\"y\"},{\"b\":\"x\"}]}", "{\"a\":\"x\"}\n{\"b\":\"x\"}\n{\"a\":[]}"},
		{"all fields", `{"a":["x"],"b":["y"]}`, `{"a":"x","b":"y"}`, `{"a":"x"}`},
		{"of one element", `{"a":{"b":["x"],"c":["y"]}}`, `{"a":[{"b":"x","c":"y"}]}`, `{"a":[{"b":"x"},{"c":"y"}]}`},
		{"prefix", `{"a":[{"prefix":"us-"}]}`, `{"a":"us-east-1"}`, "{\"a\":\"eu\"}\n{\"a\":1}\n{\"a\":\"US-\"}"},
		{"suffix", `{"a":[{"suffix":".png"}]}`, `{"a":"x.png"}`, `{"a":"x.PNG"}`},
		{"prefix whatever its case", `{"a":[{"prefix":{"equals-ignore-case":"us-"}}]}`, "{\"a\":\"US-x\"}\n{\"a\":\"us-x\"}", `{"a":"xus-"}`},
		{"suffix whatever its case", `{"a":[{"suffix":{"equals-ignore-case":".PNG"}}]}`, `{"a":"x.png"}`, `{"a":"x.gif"}`},
		{"a text whatever its case", `{"a":[{"equals-ignore-case":"alice"}]}`, `{"a":"AliCE"}`, `{"a":"alic"}`},
		{"anything but a text", `{"a":[{"anything-but":"x"}]}`, "{\"a\":\"y\"}\n{\"a\":[\"x\",\"y\"]}\n{\"a\":1}", "{\"a\":\"x\"}\n{}"},
		{"anything but texts", `{"a":[{"anything-but":["x","y"]}]}`, `{"a":"z"}`, `{"a":"y"}`},
		{"anything but numbers", `{"a":[{"anything-but":[1,2]}]}`, "{\"a\":3}\n{\"a\":\"1\"}", `{"a":2}`},
		{"anything but a prefix", `{"a":[{"anything-but":{"prefix":"x"}}]}`, `{"a":"yx"}`, `{"a":"xy"}`},
		{"anything but suffixes", `{"a":[{"anything-but":{"suffix":["x","y"]}}]}`, `{"a":"xz"}`, "{\"a\":\"zx\"}\n{\"a\":\"y\"}"},
		{"anything but whatever its case", `{"a":[{"anything-but":{"equals-ignore-case":["x"]}}]}`, `{"a":"y"}`, `{"a":"X"}`},
		{"numeric equality", `{"a":[{"numeric":["=",100]}]}`, "{\"a\":100}\n{\"a\":1e2}\n{\"a\":100.0}", "{\"a\":101}\n{\"a\":\"100\"}\n{}"},
		{"a numeric range", `{"a":[{"numeric":[">",10,"<=",20]}]}`, "{\"a\":10.5}\n{\"a\":20}", "{\"a\":10}\n{\"a\":20.1}"},
		{"other numeric operators", `{"a":[{"numeric":["<",0]},{"numeric":[">=",5]}]}`, "{\"a\":-1}\n{\"a\":5}", "{\"a\":0}\n{\"a\":4.9}"},
		{"exists", `{"a":[{"exists":true}]}`, "{\"a\":null}\n{\"a\":[1]}\n{\"a\":\"\"}", "{}\n{\"a\":[]}\n{\"a\":{\"b\":1}}"},
		{"does not exist", `{"a":{"b":[{"exists":false}]}}`, "{}\n{\"a\":{}}\n{\"a\":{\"c\":1}}\n{\"a\":1}", `{"a":{"b":null}}`},
		{"absent or a value", `{"a":[{"exists":false},"x"]}`, "{}\n{\"a\":\"x\"}", `{"a":"y"}`},
		{"alternatives", `{"c":["z"],"$or":[{"a":["x"]},{"b":{"d":["y"]}}]}`, "{\"c\":\"z\",\"a\":\"x\"}\n{\"c\":\"z\",\"b\":{\"d\":\"y\"}}", "{\"a\":\"x\"}\n{\"c\":\"z\"}"},
		{"alternatives below", `{"b":{"$or":[{"x":[1]},{"y":[2]}]}}`, "{\"b\":{\"y\":2}}\n{\"b\":{\"x\":1,\"y\":3}}", "{\"b\":{\"y\":1}}\n{}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Parse(c.pattern)
			if err != nil {
				t.Fatal(err)
			}
			for want, events := range map[bool]string{true: c.yes, false: c.no} {
				for line := range strings.SplitSeq(events, "\n") {
					v, err := Decode([]byte(line))
					if err != nil {
						t.Fatal(err)
					}
					if p.Match(v) != want {
						t.Errorf("%s against %s: not %v", line, c.pattern, want)
					}
				}
			}
		})
	}
}

func TestInvalidPatterns(t *testing.T) {
	for pattern, why := range map[string]string{
		``: "not a JSON", `{"a":["x"]} x`: "not a JSON", `[]`: "is not an object", `{}`: "the pattern is empty", `{"a":{}}`: "a is empty",
		`{"a":[]}`: "a is empty", `{"a":"x"}`: "neither an object nor a list", `{"a":{"b":5}}`: "a.b is neither", `{"a":[["x"]]}`: "a list cannot stand",
		`{"a":[{"prefix":"x","suffix":"y"}]}`: "exactly one", `{"a":[{}]}`: "exactly one", `{"a":[{"prefix":1}]}`: "prefix must be a text",
		`{"a":[{"prefix":{"suffix":"x"}}]}`: "prefix must be a text", `{"a":[{"like":"x"}]}`: `unrecognized operator "like"`,
		`{"a":[{"wildcard":"x*"}]}`: "unrecognized", `{"a":[{"cidr":"10.0.0.0/8"}]}`: "unrecognized", `{"a":[{"exists":"true"}]}`: "true or false",
		`{"a":[{"anything-but":[]}]}`: "is empty", `{"a":[{"anything-but":[1,"x"]}]}`: "either texts or numbers", `{"a":[{"anything-but":true}]}`: "texts and numbers",
		`{"a":[{"anything-but":{"numeric":["=",1]}}]}`: "unrecognized", `{"a":[{"anything-but":{}}]}`: "exactly one", `{"a":[{"anything-but":{"prefix":[]}}]}`: "is empty",
		`{"a":[{"numeric":["=",1,"<",2]}]}`: "lower bound", `{"a":[{"numeric":[">",2,"<",1]}]}`: "lower bound", `{"a":[{"numeric":["~",1]}]}`: "operator ~",
		`{"a":[{"numeric":["=","1"]}]}`: "numbers between", `{"a":[{"numeric":["=",1e10]}]}`: "numbers between", `{"a":[{"numeric":["="]}]}`: "once or twice",
		`{"a":[{"numeric":5}]}`: "once or twice", `{"$or":[{"a":["x"]}]}`: "two alternatives", `{"$or":[{"a":["x"]},{}]}`: "$or[1] is empty",
		`{"a":["` + strings.Repeat("x", MaxLength) + `"]}`: "longer than 4096",
	} {
		if _, err := Parse(pattern); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%.80s: %v, want %q", pattern, err, why)
		}
	}
}

func TestNested(t *testing.T) {
	for pattern, want := range map[string]bool{`{"body":{"a":[1]}}`: true, `{"body":["x"]}`: false, `{"a":{"body":{"b":[1]}}}`: false,
		`{"$or":[{"body":{"a":[1]}},{"body":{"b":[1]}}]}`: true, `{"$or":[{"body":{"a":[1]}},{"c":[1]}]}`: false} {
		p, err := Parse(pattern)
		if err != nil || p.Nested("body") != want {
			t.Errorf("%s: %v, not %v", pattern, err, want)
		}
	}
}

// FuzzPattern: no pattern and no event may crash it; of "exists" and its opposite exactly one holds for an event.
func FuzzPattern(f *testing.F) {
	f.Add(`{"a":["x",{"numeric":[">",1]}],"$or":[{"b":[1]},{"c":{"d":[null]}}]}`, `{"a":["x"],"c":[{"d":null}]}`)
	f.Add(`{"a":[{"anything-but":{"prefix":["x"]}}]}`, `{"a":{"b":[[1,[]]]}}`)
	f.Add(`{"a":[{"exists":false}]}`, `[1e999]`)
	f.Fuzz(func(t *testing.T, pattern, event string) {
		v, err := Decode([]byte(event))
		if err != nil {
			return
		}
		if p, err := Parse(pattern); err == nil {
			p.Match(v)
			p.Nested("a")
		}
		yes, _ := Parse(`{"a":[{"exists":true}]}`)
		no, _ := Parse(`{"a":[{"exists":false}]}`)
		if _, list := v.([]any); !list && yes.Match(v) == no.Match(v) {
			t.Errorf("%s: there and not there", event)
		}
	})
}
