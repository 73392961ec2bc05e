package intrinsic

import (
	"regexp"
	"testing"

	"github.com/headgate/headgate/asl/jsonpath"
	"github.com/headgate/headgate/asl/jsonvalue"
)

func env(doc string) *Env {
	data := jsonvalue.MustDecode(doc)
	n := uint64(0x9e3779b97f4a7c15)
	return &Env{
		Resolve: func(path string) (any, error) {
			p, err := jsonpath.Parse(path)
			if err != nil {
				return nil, err
			}
			return p.Get(data)
		},
		Random: func() uint64 { n = n*6364136223846793005 + 1442695040888963407; return n },
	}
}

func TestEval(t *testing.T) {
	e := env(`{"a":[1,2,2,3,1.0],"o":{"x":1},"p":{"x":2,"y":3},"s":"a,b;c,,","n":1.5,"t":"{\"k\":[1]}","q":"it's"}`)
	for src, want := range map[string]string{
		`States.Format('Hi {}, {} \{\}', 'Bob', $.o)`:             `"Hi Bob, {\"x\":1} {}"`,
		`States.Format('it\'s {}', $.n)`:                          `"it's 1.5"`,
		`States.Format('{}', States.Format('{}{}', 1, 'x'))`:      `"1x"`,
		`States.StringToJson($.t)`:                                `{"k":[1]}`,
		`States.JsonToString($.o)`:                                `"{\"x\":1}"`,
		`States.Array(1, 'two', null, true, $.o, States.Array())`: `[1,"two",null,true,{"x":1},[]]`,
		`States.ArrayPartition($.a, 2)`:                           `[[1,2],[2,3],[1.0]]`,
		`States.ArrayContains($.a, 3)`:                            `true`,
		`States.ArrayContains($.a, '3')`:                          `false`,
		`States.ArrayRange(1, 9, 2)`:                              `[1,3,5,7,9]`,
		`States.ArrayRange(5, 1, -2)`:                             `[5,3,1]`,
		`States.ArrayGetItem($.a, 3)`:                             `3`,
		`States.ArrayLength($.a)`:                                 `5`,
		`States.ArrayUnique($.a)`:                                 `[1,2,3]`,
		`States.Base64Encode('Hello')`:                            `"SGVsbG8="`,
		`States.Base64Decode('SGVsbG8=')`:                         `"Hello"`,
		`States.Hash('input', 'MD5')`:                             `"a43c1b0aa53a0c908810c06ab1ff3967"`,
		`States.Hash('input', 'SHA-1')`:                           `"140f86aae51ab9e1cda9b4254fe98a74eb54c1a1"`,
		`States.JsonMerge($.o, $.p, false)`:                       `{"x":2,"y":3}`,
		`States.MathAdd($.n, -1)`:                                 `1`,
		`States.StringSplit($.s, ',;')`:                           `["a","b","c"]`,
		`States.ArrayLength($.a[?(@ > 1)])`:                       `3`,
	} {
		c, err := Parse(src)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		v, err := c.Eval(e)
		if err != nil {
			t.Errorf("%s: %v", src, err)
		} else if got := jsonvalue.Encode(v); got != want {
			t.Errorf("%s: %s, want %s", src, got, want)
		}
	}
}

func TestFailures(t *testing.T) {
	e := env(`{"a":[1]}`)
	for _, src := range []string{
		`States.ArrayGetItem($.a, 1)`, `States.ArrayPartition($.a, 0)`, `States.ArrayRange(1, 2, 0)`, `States.ArrayRange(1, 2000, 1)`,
		`States.Format('{}')`, `States.Format('{}', 1, 2)`, `States.Format('{')`, `States.StringToJson('{')`, `States.Base64Decode('*')`,
		`States.Hash('a', 'CRC')`, `States.JsonMerge($.a, $.a, false)`, `States.MathRandom(2, 1)`, `States.MathAdd('a', 1)`, `States.ArrayLength('a')`,
	} {
		c, err := Parse(src)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if v, err := c.Eval(e); err == nil {
			t.Errorf("%s: %v", src, v)
		}
	}
	for _, src := range []string{`States.Nothing()`, `States.UUID(1)`, `States.Array(`, `States.Array(1 2)`, `States.Format('a)`, `States.Hash('a')`, `States.Array() x`, `States.Array("x")`} {
		if c, err := Parse(src); err == nil {
			t.Errorf("%s is taken as %s", src, c)
		}
	}
}

func TestRandomValues(t *testing.T) {
	e := env(`{}`)
	c, err := Parse(`States.UUID()`)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := c.Eval(e)
	b, _ := c.Eval(e)
	if a == b || !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(a.(string)) {
		t.Errorf("%v, %v", a, b)
	}
	c, err = Parse(`States.MathRandom(-3, 4, 7)`)
	if err != nil {
		t.Fatal(err)
	}
	x, _ := c.Eval(e)
	y, _ := c.Eval(e)
	if n := x.(int64); x != y || n < -3 || n >= 4 {
		t.Errorf("seeded: %v, %v", x, y)
	}
}
