package jsonata

import (
	"errors"
	"testing"
)

// evalCase is an expression on a JSON input with the JSON it must give, "" for undefined, or an error's code.
type evalCase struct {
	expr, input, want, code string
}

func runCases(t *testing.T, cases []evalCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.expr, func(t *testing.T) {
			var in any = Undefined{}
			if c.input != "" {
				in = mustDecode(t, c.input)
			}
			got, err := evalText(c.expr, in)
			if c.code != "" {
				var e *Error
				if !errors.As(err, &e) || e.Code != c.code {
					t.Fatalf("got %s, %v; want error %s", show(got), err, c.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" {
				if !IsUndefined(got) {
					t.Fatalf("got %s, want undefined", show(got))
				}
				return
			}
			text, err := Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			if string(text) != c.want {
				t.Fatalf("got %s, want %s", text, c.want)
			}
		})
	}
}

func TestPaths(t *testing.T) {
	runCases(t, []evalCase{
		{expr: `a.b`, input: `{"a":{"b":1}}`, want: `1`},
		{expr: `a.b`, input: `{"a":[{"b":1},{"b":[2,3]},{}]}`, want: `[1,2,3]`},
		{expr: `a.b`, input: `{"a":[{"b":1}]}`, want: `1`},
		{expr: `a.b[]`, input: `{"a":[{"b":1}]}`, want: `[1]`},
		{expr: `a.b`, input: `{"a":{"b":[[1]]}}`, want: `[[1]]`},
		{expr: `a.b[0]`, input: `{"a":[{"b":[1,2]},{"b":[3]}]}`, want: `[1,3]`},
		{expr: `(a.b)[0]`, input: `{"a":[{"b":[1,2]},{"b":[3]}]}`, want: `1`},
		{expr: `a[-1]`, input: `{"a":[1,2]}`, want: `2`},
		{expr: `a[1.9]`, input: `{"a":[1,2]}`, want: `2`},
		{expr: `a[5]`, input: `{"a":[1,2]}`},
		{expr: `a[[0,2]]`, input: `{"a":["x","y","z"]}`, want: `["x","z"]`},
		{expr: `a[b>1].c`, input: `{"a":[{"b":1,"c":"x"},{"b":2,"c":"y"}]}`, want: `"y"`},
		{expr: `$[0]`, input: `[7,8]`, want: `7`},
		{expr: `$.a`, input: `[{"a":1},{"a":2}]`, want: `[1,2]`},
		{expr: `*.b`, input: `{"x":{"b":1},"y":[{"b":2}]}`, want: `[1,2]`},
		{expr: `**.b`, input: `{"b":1,"y":[{"b":2}]}`, want: `[1,2]`},
		{expr: "`a b`.'c'", input: `{"a b":{"c":1}}`, want: `1`},
		{expr: `a.(b & c)`, input: `{"a":[{"b":"x","c":1},{"b":"y"}]}`, want: `["x1","y"]`},
		{expr: `1.a`, code: "S0213"},
	})
}

func TestTuplesAndParents(t *testing.T) {
	doc := `{"o":[{"id":"x","p":[{"n":1},{"n":2}]},{"id":"y","p":[{"n":3}]}]}`
	runCases(t, []evalCase{
		{expr: `o.p.{"id": %.id, "n": n}`, input: doc, want: `[{"id":"x","n":1},{"id":"x","n":2},{"id":"y","n":3}]`},
		{expr: `o.p[%.id = "y"].n`, input: doc, want: `3`},
		{expr: `o.p.n^(>%.%.id, $)`, input: doc, want: `[3,1,2]`},
		{expr: `o#$i.p.{"i": $i, "n": n}`, input: doc, want: `[{"i":0,"n":1},{"i":0,"n":2},{"i":1,"n":3}]`},
		{expr: `o@$o.p@$p[$p.n > 1].($o.id & $p.n)`, input: `{"o":[{"id":"x"}],"p":[{"n":1},{"n":2}]}`, want: `"x2"`},
		{expr: `o#$i.p{%.id: n}`, input: doc, want: `{}`},
		{expr: `o#$i.p{$string(n): $i}`, input: doc, want: `{"1":0,"2":0,"3":1}`},
		{expr: `%`, input: doc, code: "S0217"},
		{expr: `o.%.%`, input: doc, code: "S0217"},
		{expr: `o[0]@$x`, input: doc, code: "S0215"},
		{expr: `o@x`, input: doc, code: "S0214"},
	})
}

func TestConstructorsGroupsAndSorts(t *testing.T) {
	runCases(t, []evalCase{
		{expr: `{"b": 1, "a": 2, "c": $x}`, want: `{"b":1,"a":2}`},
		{expr: `a{k: v}`, input: `{"a":[{"k":"x","v":1},{"k":"y","v":2},{"k":"x","v":3}]}`, want: `{"x":[1,3],"y":2}`},
		{expr: `a{k: $sum(v)}`, input: `{"a":[{"k":"x","v":1},{"k":"x","v":3}]}`, want: `{"x":4}`},
		{expr: `{1: 2}`, code: "T1003"},
		{expr: `{"a": 1, "a": 2}`, code: "D1009"},
		{expr: `[1..3, 7]`, want: `[1,2,3,7]`},
		{expr: `[1..10000001]`, code: "D2014"},
		{expr: `a^(>b, c).c`, input: `{"a":[{"b":1,"c":"z"},{"b":2,"c":"y"},{"b":1,"c":"x"}]}`, want: `["y","x","z"]`},
		{expr: `a^(b)`, input: `{"a":[{"b":1},{"b":"x"}]}`, code: "T2007"},
		{expr: `a^(b)`, input: `{"a":[{"b":{}},{"b":{}}]}`, code: "T2008"},
		{expr: `$ ~> |a|{"n": n + 1}, "x"|`, input: `{"a":[{"n":1,"x":0},{"n":2}]}`, want: `{"a":[{"n":2},{"n":3}]}`},
	})
}

func TestOperators(t *testing.T) {
	runCases(t, []evalCase{
		{expr: `1 + 2 * 3 - 4 / 2 % 3`, want: `5`},
		{expr: `a + 1`, input: `{}`},
		{expr: `"x" + 1`, code: "T2001"},
		{expr: `1 + "x"`, code: "T2002"},
		{expr: `"a" & 1 & true & null & [1]`, want: `"a1truenull[1]"`},
		{expr: `1 < "2"`, code: "T2009"},
		{expr: `true < 2`, code: "T2010"},
		{expr: `null = null and {"a":[1]} = {"a":[1]}`, want: `true`},
		{expr: `a = a`, input: `{}`, want: `false`},
		{expr: `2 in [1,2] or $error("not reached")`, want: `true`},
		{expr: `a ?? "d"`, input: `{"a":null}`, want: `null`},
		{expr: `a ?: "d"`, input: `{"a":null}`, want: `"d"`},
		{expr: `a ? "y"`, input: `{}`},
		{expr: `($x := 1; ($x := 2; $x) & $x)`, want: `"21"`},
		{expr: `-"s"`, code: "D1002"},
		{expr: `x := 1`, code: "S0212"},
		{expr: `[1,2`, code: "S0203"},
		{expr: `1 2`, code: "S0201"},
		{expr: `"abc`, code: "S0101"},
		{expr: `/ab`, code: "S0302"},
	})
}

func TestFunctionsAsValues(t *testing.T) {
	runCases(t, []evalCase{
		{expr: `($f := function($n){$n = 0 ? "done" : $f($n - 1)}; $f(100000))`, want: `"done"`},
		{expr: `($f := function($n){1 + $f($n)}; $f(1))`, code: "U1001"},
		{expr: `($add := function($a, $b){$a + $b}; $inc := $add(?, 1); [1,2].$inc($))`, want: `[2,3]`},
		{expr: `($f := $trim ~> $uppercase; $f(" a  b "))`, want: `"A B"`},
		{expr: `[1..3] ~> $map(λ($v, $i){$v * $i}) ~> $sum`, want: `8`},
		{expr: `$reduce([1..4], function($a, $b){$a * $b}, 2)`, want: `48`},
		{expr: `$sift({"a":1,"b":2}, λ($v){$v > 1})`, want: `{"b":2}`},
		{expr: `λ($n)<n:n>{$n}("x")`, code: "T0410"},
		{expr: `λ($n)<s<n>>{$n}("x")`, code: "S0401"},
		{expr: `"x" ~> 5`, code: "T2006"},
		{expr: `nope(1)`, code: "T1006"},
		{expr: `sum(1)`, code: "T1005"},
		{expr: `sum(?)`, code: "T1007"},
		{expr: `$eval("$x + 1")`},
		{expr: `($x := 1; $eval("$x + 1"))`, want: `2`},
		{expr: `$eval("1 +")`, code: "D3120"},
		{expr: `$not(nothing)`},
	})
}
