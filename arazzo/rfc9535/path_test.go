package rfc9535

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func decode(t testing.TB, text string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("the test's data %s: %v", text, err)
	}
	return v
}

// depot follows the shape of the examples of RFC 9535 §1.5 with data of ours:
// a list of things of which some lack a member, and one thing beside it.
const depot = `{
  "depot": {
    "parts": [
      {"kind": "gear", "maker": "Abel", "label": "Small gear", "cost": 8.95},
      {"kind": "belt", "maker": "Bono", "label": "Drive belt", "cost": 12.99},
      {"kind": "belt", "maker": "Cole", "label": "Fan belt", "code": "0-553", "cost": 8.99},
      {"kind": "belt", "maker": "Dahl", "label": "Long belt", "code": "0-395", "cost": 22.99}
    ],
    "crane": {"colour": "red", "cost": 399}
  }
}`

// Each case is a data set and queries with what they select, in order.
func TestSelectFollowsTheRFC(t *testing.T) {
	groups := []struct {
		name, data string
		cases      [][2]string // query, JSON of the selected values
	}{
		{"overview", depot, [][2]string{
			{`$.depot.parts[*].maker`, `["Abel","Bono","Cole","Dahl"]`},
			{`$..maker`, `["Abel","Bono","Cole","Dahl"]`},
			{`$.depot..cost`, `[399,8.95,12.99,8.99,22.99]`},
			{`$..parts[2].label`, `["Fan belt"]`},
			{`$..parts[2].publisher`, `[]`},
			{`$..parts[-1].label`, `["Long belt"]`},
			{`$..parts[0,1].maker`, `["Abel","Bono"]`},
			{`$..parts[:2].maker`, `["Abel","Bono"]`},
			{`$..parts[?@.code].label`, `["Fan belt","Long belt"]`},
			{`$..parts[?@.cost<10].label`, `["Small gear","Fan belt"]`},
			{`$.depot['crane']["colour"]`, `["red"]`},
		}},
		{"names", `{"o": {"j j": {"k.k": 3}}, "'": {"@": 2}, "": 1, "ä": 4}`, [][2]string{
			{`$.o['j j']`, `[{"k.k":3}]`},
			{`$.o["j j"]["k.k"]`, `[3]`},
			{`$["'"]["@"]`, `[2]`},
			{`$['\'']['@']`, `[2]`},
			{`$['']`, `[1]`},
			{`$.ä`, `[4]`},
			{`$['\u00e4']`, `[4]`},
		}},
		{"wildcard", `{"o": {"j": 1, "k": 2}, "a": [5, 3]}`, [][2]string{
			{`$.o[*]`, `[1,2]`},
			{`$.o[*, *]`, `[1,2,1,2]`},
			{`$.a[*]`, `[5,3]`},
			{`$[*]`, `[[5,3],{"j":1,"k":2}]`},
		}},
		{"indexes and slices", `["a","b","c","d","e","f","g"]`, [][2]string{
			{`$[1]`, `["b"]`},
			{`$[-2]`, `["f"]`},
			{`$[7]`, `[]`},
			{`$[-8]`, `[]`},
			{`$[1:3]`, `["b","c"]`},
			{`$[5:]`, `["f","g"]`},
			{`$[1:5:2]`, `["b","d"]`},
			{`$[5:1:-2]`, `["f","d"]`},
			{`$[::-1]`, `["g","f","e","d","c","b","a"]`},
			{`$[::0]`, `[]`},
			{`$[-3:-1]`, `["e","f"]`},
			{`$[100:-100:-3]`, `["g","d","a"]`},
			{`$[ 1 : 5 : 2 ]`, `["b","d"]`},
			{`$[0, 3]`, `["a","d"]`},
			{`$[0:2, 5]`, `["a","b","f"]`},
			{`$[0, 0]`, `["a","a"]`},
			{`$[0:9007199254740991:9007199254740991]`, `["a"]`},
		}},
		{"filters", `{"a": [3, 5, 1, 2, 4, 6, {"b": "j"}, {"b": "k"}, {"b": {}}, {"b": "kilo"}],
		              "o": {"p": 1, "q": 2, "r": 3, "s": 5, "t": {"u": 6}}, "e": "f"}`, [][2]string{
			{`$.a[?@.b == 'kilo']`, `[{"b":"kilo"}]`},
			{`$.a[?(@.b == 'kilo')]`, `[{"b":"kilo"}]`},
			{`$.a[?@>3.5]`, `[5,4,6]`},
			{`$.a[?@.b]`, `[{"b":"j"},{"b":"k"},{"b":{}},{"b":"kilo"}]`},
			{`$[?@.*]`, `[[3,5,1,2,4,6,{"b":"j"},{"b":"k"},{"b":{}},{"b":"kilo"}],{"p":1,"q":2,"r":3,"s":5,"t":{"u":6}}]`},
			{`$[?@[?@.b]]`, `[[3,5,1,2,4,6,{"b":"j"},{"b":"k"},{"b":{}},{"b":"kilo"}]]`},
			{`$.o[?@<3, ?@<3]`, `[1,2,1,2]`},
			{`$.a[?@<2 || @.b == "k"]`, `[1,{"b":"k"}]`},
			{`$.a[?match(@.b, "[jk]")]`, `[{"b":"j"},{"b":"k"}]`},
			{`$.a[?search(@.b, "[jk]")]`, `[{"b":"j"},{"b":"k"},{"b":"kilo"}]`},
			{`$.o[?@>1 && @<4]`, `[2,3]`},
			{`$.o[?@.u || @.x]`, `[{"u":6}]`},
			{`$.a[?@.b == $.x]`, `[3,5,1,2,4,6]`},
			{`$.a[?@ == @]`, `[3,5,1,2,4,6,{"b":"j"},{"b":"k"},{"b":{}},{"b":"kilo"}]`},
			{`$.a[?!(@.b)][0]`, `[]`},
			{`$.a[?!@.b]`, `[3,5,1,2,4,6]`},
			{`$.a[?@.b == $.o.none || @ == 6]`, `[3,5,1,2,4,6]`},
		}},
		{"functions", `[{"t": "äöü", "l": [1,2], "m": {"x": 1}, "n": 5}, {"t": "", "l": []}]`, [][2]string{
			{`$[?length(@.t) == 3].n`, `[5]`},
			{`$[?length(@.l) == 2].n`, `[5]`},
			{`$[?length(@.m) == 1].n`, `[5]`},
			{`$[?length(@.n) == 1]`, `[]`},
			{`$[?count(@.*) == 4].n`, `[5]`},
			{`$[?count(@..*) > 4].n`, `[5]`},
			{`$[?value(@..x) == 1].n`, `[5]`},
			{`$[?value(@.*) == 1]`, `[]`},
			{`$[?length(value(@.l)) == 0].t`, `[""]`},
		}},
		{"patterns", `["abc", "axc", "a.c", "ab", "a\nc", "Ж", "ж", "5", "x\u2028y"]`, [][2]string{
			{`$[?match(@, 'a.c')]`, `["abc","axc","a.c"]`},
			{`$[?match(@, 'a[.b]c')]`, `["abc","a.c"]`},
			{`$[?match(@, 'a\\.c')]`, `["a.c"]`},
			{`$[?match(@, '\\p{Lu}')]`, `["Ж"]`},
			{`$[?match(@, '\\P{Lu}')]`, `["ж","5"]`},
			{`$[?match(@, '^ab.*')]`, `["abc","ab"]`},
			{`$[?match(@, 'x.y')]`, "[\"x\u2028y\"]"},
			{`$[?search(@, 'x(?=c)')]`, `[]`},
			{`$[?match(@, '[0-9]{1,2}')]`, `["5"]`},
			{`$[?match(@, 5)]`, `[]`},
		}},
		{"descendants", `{"o": {"j": 1, "k": 2}, "a": [5, 3, [{"j": 4}, {"k": 6}]]}`, [][2]string{
			{`$..j`, `[4,1]`},
			{`$..[0]`, `[5,{"j":4}]`},
			{`$..*`, `[[5,3,[{"j":4},{"k":6}]],{"j":1,"k":2},5,3,[{"j":4},{"k":6}],{"j":4},{"k":6},4,6,1,2]`},
			{`$.o..[*, *]`, `[1,2,1,2]`},
			{`$.a..[0, 1]`, `[5,3,{"j":4},{"k":6}]`},
			{`$..[?@.j].j`, `[1,4]`},
		}},
		{"null", `{"a": null, "b": [null], "c": [{}], "null": 1}`, [][2]string{
			{`$.a`, `[null]`},
			{`$.a[0]`, `[]`},
			{`$.a.d`, `[]`},
			{`$.b[0]`, `[null]`},
			{`$.b[?@]`, `[null]`},
			{`$.b[?@==null]`, `[null]`},
			{`$.c[?@.d==null]`, `[]`},
			{`$.null`, `[1]`},
		}},
		{"white space", `{"a": {"b": [1, 2]}}`, [][2]string{
			{"$ .a\t['b']\n[ ? @ > 1 ]", `[2]`},
			{`$.a.b[?( @ == 1 ) || ( @ == 2 )]`, `[1,2]`},
			{`$ ["a"] ["b"] [ 0 , 1 ]`, `[1,2]`},
		}},
	}
	for _, group := range groups {
		t.Run(group.name, func(t *testing.T) {
			data := decode(t, group.data)
			for _, c := range group.cases {
				path, err := Parse(c[0])
				if err != nil {
					t.Errorf("%s: %v", c[0], err)
					continue
				}
				got, err := path.Select(data)
				if err != nil {
					t.Errorf("%s: %v", c[0], err)
				}
				if got == nil {
					got = []any{}
				}
				if diff := cmp.Diff(decode(t, c[1]), any(got)); diff != "" {
					t.Errorf("%s (-want +got)\n%s", c[0], diff)
				}
				agree(t, path, data, len(got))
			}
		})
	}
}

// agree checks that the ways to evaluate agree, and that each normalized path
// selects its node alone.
func agree(t *testing.T, path *Path, data any, n int) {
	t.Helper()
	nodes, err := path.Nodes(data)
	if err != nil || len(nodes) != n {
		t.Errorf("%s: Nodes gives %d nodes and %v, Select %d", path, len(nodes), err, n)
	}
	if found, err := path.Test(data); err != nil || found != (n > 0) {
		t.Errorf("%s: Test gives %v and %v for %d nodes", path, found, err, n)
	}
	for _, node := range nodes {
		again, err := Parse(node.Path())
		if err != nil {
			t.Errorf("%s: the normalized path %s: %v", path, node.Path(), err)
			continue
		}
		got, _ := again.Select(data)
		if len(got) != 1 || !cmp.Equal(got[0], node.Value) {
			t.Errorf("%s: the normalized path %s selects %v, not %v", path, node.Path(), got, node.Value)
		}
	}
}

// TestComparisons is the table of RFC 9535 §2.3.5.3 with names of ours.
func TestComparisons(t *testing.T) {
	data := decode(t, `{"obj": {"x": "y"}, "arr": [2, 3]}`)
	cases := map[string]bool{
		`$.no1 == $.no2`:                        true,
		`$.no1 <= $.no2`:                        true,
		`$.no1 < $.no2`:                         false,
		`$.no == 'g'`:                           false,
		`$.no1 != $.no2`:                        false,
		`$.no != 'g'`:                           true,
		`1 <= 2`:                                true,
		`1 > 2`:                                 false,
		`13 == '13'`:                            false,
		`'a' <= 'b'`:                            true,
		`'a' > 'b'`:                             false,
		`$.obj == $.arr`:                        false,
		`$.obj != $.arr`:                        true,
		`$.obj == $.obj`:                        true,
		`$.obj != $.obj`:                        false,
		`$.arr == $.arr`:                        true,
		`$.obj == 17`:                           false,
		`$.obj <= $.arr`:                        false,
		`$.obj < $.arr`:                         false,
		`$.obj <= $.obj`:                        true,
		`$.arr <= $.arr`:                        true,
		`1 <= $.arr`:                            false,
		`1 >= $.arr`:                            false,
		`true <= true`:                          true,
		`true > true`:                           false,
		`1.0 == 1`:                              true,
		`1e2 == 100`:                            true,
		`-0 == 0`:                               true,
		`'ä' > 'z'`:                             true,
		`9007199254740993 > 9007199254740992.0`: true,
		`0.1 == 0.10`:                           true,
		`1e400 > 1e399`:                         true,
	}
	for text, want := range cases {
		path, err := Parse("$[?" + text + "]")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := path.Select(map[string]any{"one": "child", "obj": data.(map[string]any)["obj"], "arr": data.(map[string]any)["arr"]})
		if err != nil || len(got) != map[bool]int{true: 3}[want] {
			t.Errorf("%s selects %v (%v), want it to be %v", text, got, err, want)
		}
	}
}

func TestParseRefusesWhatIsNoQuery(t *testing.T) {
	for _, text := range []string{
		``, `a`, `.a`, ` $`, `$ `, `$.`, `$..`, `$.a.`, `$.a-b`, `$.1`, `$. a`, `$.. a`, `$a`, `$[`, `$[]`, `$[a]`, `$[01]`, `$[-0]`, `$[1.0]`,
		`$[1:2:3:4]`, `$[:-0]`, `$['a]`, `$["\x"]`, `$['\"']`, `$["\'"]`, "$['\n']", `$['\ud800']`, `$['\udc00\ud800']`, `$['a'`, `$[0,]`, `$[,0]`,
		`$[9007199254740992]`, `$[?]`, `$[?@.a==]`, `$[?==1]`, `$[?@.a=1]`, `$[?@.a===1]`, `$[?@.a=~'x']`, `$[?true]`, `$[?'a']`, `$[?1]`, `$[?@.a && true]`,
		`$[?!@.a==1]`, `$[?(@.a)==1]`, `$[?@.*==1]`, `$[?@..a==1]`, `$[?@[0:1]==1]`, `$[?@.a==1.]`, `$[?@.a==.1]`, `$[?@.a==01]`, `$[?@.a==1e]`, `$[?@.a==+1]`,
		`$[?length(@.a)]`, `$[?count(@.a)]`, `$[?count(1)==1]`, `$[?length(@.*)==1]`, `$[?match(@.a,'x')==true]`, `$[?match(@.a)]`, `$[?match(@.a,'a','b')]`,
		`$[?length (@)==1]`, `$[?nope(@)]`, `$[?value(1)==1]`, `$[?@.a==True]`, `$[(@.length-1)]`, `$[@.a]`, `$.length()`, `$.State == "Active"`, `@.a`, `$[?@.a,]`,
		`$[?((@.a)]`, `$[?@.a||]`, `$[?length(match(@.a,'x'))==1]`, "$[\"\x01\"]", `$[?@.a == {"b":1}]`, `$[?@.a == [1]]`,
		"$" + strings.Repeat("[?@", 200), "$" + strings.Repeat("[?(", 200), "$" + strings.Repeat(".a", MaxText),
	} {
		_, err := Parse(text)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%.60q gives %v, want a SyntaxError", text, err)
		}
	}
}

func TestSyntaxErrorsHint(t *testing.T) {
	for text, want := range map[string]string{
		`$.State == "Active"`:   "compare within a filter",
		`$[?@.a =~ 'x']`:        "match(",
		`$.items[(@.length-1)]`: "a filter starts with ?",
		`items[0]`:              "$.items[0].id",
		`$.a-b`:                 "",
		`$[?count(@.a)]`:        "count(…) > 0",
	} {
		_, err := Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v, want a hint with %q", text, err, want)
		}
	}
}

func TestNormalizedPathsEscape(t *testing.T) {
	data := map[string]any{"a'b\\c\n\x0b\"ü": []any{json.Number("1")}}
	path, err := Parse("$[*][0]")
	if err != nil {
		t.Fatal(err)
	}
	nodes, err := path.Nodes(data)
	if err != nil || len(nodes) != 1 {
		t.Fatalf("%v, %v", nodes, err)
	}
	if got, want := nodes[0].Path(), `$['a\'b\\c\n\u000b"ü'][0]`; got != want {
		t.Errorf("the path is %s, want %s", got, want)
	}
}

func TestSingularAndFixed(t *testing.T) {
	for text, want := range map[string]struct {
		singular bool
		fixed    []any
	}{
		`$`:            {true, []any{}},
		`$.a[0]['b']`:  {true, []any{"a", 0, "b"}},
		`$.a[-1]`:      {true, nil},
		`$.a[*]`:       {false, nil},
		`$..a`:         {false, nil},
		`$.a[0,1]`:     {false, nil},
		`$.a[?@.b].c`:  {false, nil},
		`$['a','b'].c`: {false, nil},
	} {
		path, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		fixed, ok := path.Fixed()
		if path.Singular() != want.singular || ok != (want.fixed != nil) || ok && !cmp.Equal(fixed, want.fixed) {
			t.Errorf("%s: singular %v, fixed %v %v", text, path.Singular(), fixed, ok)
		}
	}
}

func TestLeniencies(t *testing.T) {
	data := decode(t, `{"State": "Active", "Functions": [{"n": "ab"}, {"n": "c"}], "length": 9, "a-b": 1}`)
	all := Options{Condition: true, Length: true}
	for _, c := range []struct {
		text    string
		options Options
		want    bool
		rules   string
	}{
		{`$.State == "Active"`, all, true, "condition"},
		{`$.State == "active"`, all, false, "condition"},
		{`$.State != null && $.Reason == null`, all, true, "condition"},
		{`$.Reason != null`, all, false, "condition"},
		{`@.State == "Active"`, all, true, "condition"},
		{`$.Functions.length > 1`, all, true, "length condition"},
		{`$.Functions[?@.n.length == 2]`, all, true, "length"},
		{`$.length == 9`, all, true, "length condition"},
		{`$.Functions[?@.n == 'c'].length == 1`, all, true, "length condition"},
		{`$.Functions[?(@.n == 'z')].length > 0`, all, false, "length condition"},
		{`$.Functions[*].length == 2`, all, true, "length condition"},
		{`$[?@[?@.n].length == 2]`, all, true, "length"},
		{`length($.Functions) == 2`, all, true, "condition"},
		{`$.Functions[(@.length-1)].n`, Options{Draft: true}, true, "script"},
		{`$.a-b`, Options{Draft: true}, true, "name"},
		{`$.Functions[?(@.n.length > 5)]`, Options{Draft: true}, false, "length"},
		{`$.State`, all, true, ""},
		{`$[?search(@, '(?=a)')]`, all, false, "regexp"},
	} {
		path, err := ParseOptions(c.text, c.options)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		got, err := path.Test(data)
		var rules []string
		for _, l := range path.Leniencies() {
			rules = append(rules, l.Rule)
		}
		if err != nil || got != c.want || strings.Join(rules, " ") != c.rules {
			t.Errorf("%s is %v (%v) with %v, want %v with %s", c.text, got, err, rules, c.want, c.rules)
		}
	}
}

// TestHostileQueriesAreBounded asks for more nodes than can be counted.
func TestHostileQueriesAreBounded(t *testing.T) {
	var nested any = json.Number("1")
	for range 40 {
		nested = []any{nested, nested, nested}
	}
	for _, text := range []string{`$..*`, `$..*..*..*..*`, `$[?count(@..*) > 1]`, `$[?@..x]`} {
		path, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := path.Select(nested); !errors.Is(err, ErrTooManyNodes) {
			t.Errorf("%s gives %v, want ErrTooManyNodes", text, err)
		}
	}
	path, err := Parse("$" + strings.Repeat("[0]", 40))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := path.Select(nested); err != nil || len(got) != 1 {
		t.Errorf("a singular query gives %v and %v", got, err)
	}
}

func BenchmarkSingularTest(b *testing.B) {
	data := decode(b, depot)
	path, err := ParseOptions(`$.depot.crane.cost == 399`, Options{Condition: true})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := path.Test(data); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
